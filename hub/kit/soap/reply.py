"""From an HTTP reply to the element in its Body, or to the error it stands for."""

from __future__ import annotations

from lxml import etree

from hub.kernel.errors import RemoteError, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit import xml
from hub.kit.redaction import redact, snippet
from hub.kit.reply import Reply, raise_for
from hub.kit.soap.envelope import Fault, is_envelope, open_envelope
from hub.kit.soap.schema import BodySchema

# WS-Security 1.1.1 section 12: what a service says when it does not believe who we are.
_REFUSALS = frozenset({
    "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "SecurityTokenUnavailable",
    "UnsupportedSecurityToken",
})  # fmt: skip


def read_reply(reply: Reply, *, max_bytes: int) -> etree._Element | Fault:
    """The one element in the Body, or the fault, whatever HTTP status it came with.

    Services send faults with 500 (SOAP 1.1 section 6.2), with 400 (SOAP 1.2 part 2 section 7.5.2.2) and,
    against both, with 200. Encodings are those of `hub.kit.xml`: byte order mark, then the charset of the
    Content-Type, then the XML declaration (RFC 7303 section 3), and what is valid UTF-8 is UTF-8 where one
    of the latter two says so.

    Raises the error of the HTTP status where there is no SOAP in an unsuccessful reply, else RemoteGarbage.
    """
    if reply.status in {401, 403, 407} or 300 <= reply.status < 400:
        raise_for(reply)
    try:
        root = _parsed(reply, max_bytes)
    except RemoteGarbage:
        raise_for(reply)
        raise
    if not is_envelope(root):
        raise_for(reply)
    found = open_envelope(root)
    if not isinstance(found, Fault):
        raise_for(reply)
    return found


def _parsed(reply: Reply, max_bytes: int) -> etree._Element:
    what = f"{reply.method} {reply.url}"
    if not reply.content:
        raise RemoteGarbage(f"{what} answered {reply.status} without content.")
    if reply.media_type == "multipart/related":
        raise RemoteGarbage(f"{what} answered with attachments (multipart/related), which are not read.")
    if reply.media_type == "text/html":
        raise RemoteGarbage(f"{what} answered a web page instead of SOAP.", evidence=snippet(reply.content))
    return xml.parse(reply.content, max_bytes=max_bytes, charset=reply.charset, what=f"reply of {what}")


def error_of(fault: Fault, operation: str) -> RemoteError:
    """The error a fault stands for. Its text names the code only: reasons and details may be about citizens."""
    kind = RemoteRefused if _REFUSALS.intersection(fault.codes) else RemoteFault
    return kind(f"{operation} answered with the fault {redact(fault.code)[:120]}.", evidence=fault.evidence())


def check_body(body: etree._Element, expected: etree.QName, schema: BodySchema | None, *, size: int) -> None:
    """Raises RemoteGarbage unless `body` is the expected element and valid; `size` is the reply's in bytes."""
    if body.tag != expected.text:
        raise RemoteGarbage(f"The reply must be {expected.text} but is {str(body.tag)[:150]}.")
    violations = schema.violations(body, size=size) if schema else []
    if violations:
        reasons = "; ".join(str(violation) for violation in violations)
        values = [f"{one.path} = {one.value!r}" for one in violations if one.value is not None]
        raise RemoteGarbage(
            f"The reply {expected.localname} breaks the WSDL's schema at {reasons}.",
            evidence=redact("; ".join(values)) or None,
        )
