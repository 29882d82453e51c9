"""From an HTTP reply to the element in its Body, or to the error it stands for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from lxml import etree

from hub.kernel.errors import RemoteError, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit import xml
from hub.kit.redaction import redact, snippet
from hub.kit.reply import Reply, raise_for
from hub.kit.soap import encoding, multipart
from hub.kit.soap.addressing import check_relates_to
from hub.kit.soap.attachments import Attachments
from hub.kit.soap.envelope import Fault, body_of, fault_in, is_envelope, open_body
from hub.kit.soap.lenient import judge
from hub.kit.soap.schema import BodySchema
from hub.kit.soap.verifying import Guard
from hub.kit.soap.violations import Violation
from hub.kit.xml_signature import NotAccepted

# WS-Security 1.1.1 section 12 and, for its timestamp, section 10: what a service says when it does not believe who we
# are, or that we say it now.
_REFUSALS = frozenset({
    "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "MessageExpired", "SecurityTokenUnavailable",
    "UnsupportedSecurityToken",
})  # fmt: skip
_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """How the reply to one request is read.

    `guard` says what it must be signed with; `message_id` is that of the request, where it had one; `encoded` is the
    name of the reply where the operation uses the SOAP encoding; `may_be_empty` where it declares none.
    """

    max_bytes: int
    guard: Guard | None = None
    message_id: str | None = None
    encoded: etree.QName | None = None
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """`found` is the one element in the Body, the fault, or None where nothing is in it and need not be.

    `attachments` are the parts that came beside it; `size` is the envelope's in bytes, without them.
    """

    found: etree._Element | Fault | None
    attachments: Attachments | None
    size: int


def read_reply(reply: Reply, *, max_bytes: int) -> etree._Element | Fault:
    """The one element in the Body, or the fault, whatever HTTP status it came with.

    Services send faults with 500 (SOAP 1.1 section 6.2), with 400 (SOAP 1.2 part 2 section 7.5.2.2) and,
    against both, with 200. Encodings are those of `hub.kit.xml`: byte order mark, then the charset of the
    Content-Type, then the XML declaration (RFC 7303 section 3), and what is valid UTF-8 is UTF-8 where one
    of the latter two says so.

    Raises the error of the HTTP status where there is no SOAP in an unsuccessful reply, else RemoteGarbage.
    """
    found = open_reply(reply, Reading(max_bytes)).found
    assert found is not None, "an empty Body is refused"
    return found


def open_reply(reply: Reply, reading: Reading) -> Opened:
    """As `read_reply`, for whatever else `reading` expects. Where a signature is expected, what is returned is
    exactly what it covers, and a fault without one raises its error instead of being returned.
    """
    if reply.status in {401, 403, 407} or 300 <= reply.status < 400:
        _raise_for(reply)
    if reading.may_be_empty and not reply.content and 200 <= reply.status < 300:
        return Opened(None, None, 0)
    attachments = None
    try:
        if reply.media_type == "multipart/related":
            root, attachments, size = _of_parts(reply, reading.max_bytes)
        else:
            root, size = _parsed(reply, reading.max_bytes), len(reply.content)
    except RemoteGarbage:
        _raise_for(reply)
        raise
    if not is_envelope(root):
        _raise_for(reply)
    if reading.message_id is not None:
        check_relates_to(root, reading.message_id)
    if reading.guard is not None:
        root = _guarded(root, reading.guard, reply)
        if reading.message_id is not None:
            # A signature alone does not say which question it answers: yesterday's answer about somebody else has one.
            check_relates_to(root, reading.message_id, required=reading.guard.settings.relates_to)
    found = _found(root, reading)
    if not isinstance(found, Fault):
        _raise_for(reply)
    return Opened(found, attachments, size)


def _found(root: etree._Element, reading: Reading) -> etree._Element | Fault | None:
    body = body_of(root)
    if reading.encoded is not None:
        return fault_in(body) or encoding.decode(body, reading.encoded, max_bytes=reading.max_bytes)
    if reading.may_be_empty and next(body.iterchildren(etree.Element), None) is None:
        return None
    return open_body(body)


def _guarded(root: etree._Element, guard: Guard, reply: Reply) -> etree._Element:
    try:
        return guard.open(root, reply.received_at)
    except NotAccepted as error:
        fault = fault_in(body_of(root))
        if fault is not None:
            # Most services do not sign faults. Such a one may be anybody's: it is an error and never an answer.
            detail = f"It answered with the fault {_code(fault)}, which is not signed: {error.detail}"
            raise RemoteFault(detail, evidence=fault.evidence()) from None
        raise RemoteGarbage(error.detail) from None


def _of_parts(reply: Reply, max_bytes: int) -> tuple[etree._Element, Attachments, int]:
    what = f"{reply.method} {reply.url} answered what"
    message = multipart.parse(reply.content, reply.headers.get("content-type", ""), max_bytes=max_bytes, what=what)
    charset, content = message.root.charset, message.root.content
    root = xml.parse(content, max_bytes=max_bytes, charset=charset, what=f"reply of {reply.method} {reply.url}")
    attachments = Attachments(message.parts, max_bytes=max_bytes, what=what)
    attachments.put_back(root)
    return root, attachments, len(content)


def _parsed(reply: Reply, max_bytes: int) -> etree._Element:
    what = f"{reply.method} {reply.url}"
    if not reply.content:
        raise RemoteGarbage(f"{what} answered {reply.status} without content.")
    if reply.media_type == "text/html":
        raise RemoteGarbage(f"{what} answered a web page instead of SOAP.", evidence=snippet(reply.content))
    return xml.parse(reply.content, max_bytes=max_bytes, charset=reply.charset, what=f"reply of {what}")


def _raise_for(reply: Reply) -> None:
    """As `raise_for`; the operator is also told what came instead of SOAP, shortened to its shape."""
    try:
        raise_for(reply)
    except RemoteError as error:
        _tell_more(error)


def _tell_more(error: RemoteError) -> NoReturn:
    if error.evidence:
        shown = error.evidence if len(error.evidence) <= _LONGEST_SHOWN else f"{error.evidence[:_LONGEST_SHOWN]}…"
        error.detail = f"{error.detail.removesuffix('.')}; it said: {shown}"
        error.args = (error.detail,)
    raise error


def error_of(fault: Fault, operation: str, *, refusals: Collection[str] = ()) -> RemoteError:
    """The error a fault stands for. Its text names the code only: reasons and details may be about citizens.

    Its `reached` is True where nothing was done: the fault blames the request or our credentials, or says one of the
    words of `refusals`; otherwise nobody knows.
    """
    credentials = bool(_REFUSALS.intersection(fault.codes))
    refused = credentials or fault.blames_us or any(fault.says(word) for word in refusals)
    kind = RemoteRefused if credentials else RemoteFault
    text = f"{operation} answered with the fault {_code(fault)}."
    return kind(text, evidence=fault.evidence(), reached=True if refused else None)


def _code(fault: Fault) -> str:
    return redact(fault.code)[:120]


def check_body(
    body: etree._Element,
    expected: etree.QName,
    schema: BodySchema | None,
    *,
    size: int,
    lenient: Collection[str] = (),
) -> list[Violation]:
    """Raises RemoteGarbage unless `body` is the expected element and valid; `size` is the reply's in bytes.

    Returns the violations at paths of `lenient`, one for each, which do not stop it.
    """
    if body.tag != expected.text:
        raise RemoteGarbage(f"The reply must be {expected.text} but is {str(body.tag)[:150]}.")
    violations = schema.violations(body, size=size) if schema else []
    if not violations or schema is None:
        return []
    forgiven: list[Violation] = []
    if lenient:
        violations, forgiven = judge(body, schema, lenient)
    if violations:
        reasons = "; ".join(str(violation) for violation in violations)
        values = [f"{one.path} = {one.value!r}" for one in violations if one.value is not None]
        raise RemoteGarbage(
            f"The reply {expected.localname} breaks the WSDL's schema at {reasons}.",
            evidence=redact("; ".join(values)) or None,
        )
    return forgiven
