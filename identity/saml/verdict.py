"""What the hub makes of one stored message: the judgement behind `munihub saml verify`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.kit.certificates import Certificate, read_certificates
from identity.saml.metadata import read_metadata
from identity.saml.names import MD
from identity.saml.reading import check_schema, children, identifier, parse, time_of, unpack_post
from identity.saml.response import Statement, judge
from identity.saml.signatures import Policy, refused, verify_with
from identity.saml.validity import Expected

_BLANK = b"\xef\xbb\xbf \t\r\n"


@dataclass(slots=True)
class Verdict:
    """`facts` in the order printed."""

    accepted: bool
    reason: str | None = None
    detail: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe. `issuer` is None where only a certificate was given, which names none."""

    issuer: str | None
    certificates: tuple[Certificate, ...]
    valid_until: datetime | None


def read_trust(data: bytes) -> Trust:
    """Metadata in XML, or certificates in PEM, DER or bare base64. Raises ValueError."""
    if data.lstrip(_BLANK).startswith(b"<"):
        provider = read_metadata(data)
        return Trust(provider.entity_id, provider.certificates, provider.valid_until)
    return Trust(None, tuple(read_certificates(data)), None)


def judge_stored(
    data: bytes,
    trust: Trust,
    *,
    audience: str,
    acs: str,
    request_id: str | None,
    keys: list[rsa.RSAPrivateKey],
    now: datetime,
    skew: timedelta,
    sha1_until: date,
) -> Verdict:
    """`data` is XML or base64 of it: a Response, or metadata, of which the signature and the end are judged."""
    expected = Expected(
        issuer=trust.issuer,
        audience=audience,
        acs=acs,
        request_id=request_id,
        policy=Policy(trust.certificates, now.date(), {"response": sha1_until, "assertion": sha1_until}),
        keys=keys,
        now=now,
        skew=skew,
        audience_required=False,
    )
    return _judge(data, expected, trust)


def _judge(data: bytes, expected: Expected, trust: Trust) -> Verdict:
    try:
        if trust.valid_until and trust.valid_until <= expected.now:
            ended = f"{trust.valid_until:%Y-%m-%d}"
            raise LoginRefused(f"The metadata given as --idp ended on {ended}.", reason="unavailable")
        message = _xml(data)
        root = parse(message, "message")
        if root.tag == f"{{{MD}}}EntityDescriptor":
            return _metadata(root, expected)
        return _accepted(judge(message, expected), expected)
    except LoginRefused as error:
        return Verdict(accepted=False, reason=error.reason, detail=str(error))


def _accepted(statement: Statement, expected: Expected) -> Verdict:
    assurance = Assurance.from_acr(statement.authn_context or "")
    facts = {
        "subject": statement.name_id,
        "subject_format": statement.name_id_format,
        "issuer": statement.issuer,
        "assurance": None if assurance is None else str(assurance),
        "authn_context": statement.authn_context,
        "authenticated_at": _written(statement.authenticated_at),
        "session_index": statement.session_index,
        "audiences": list(statement.audiences),
        "in_response_to": statement.in_response_to,
        "valid_until": _written(statement.not_on_or_after),
        "encrypted": statement.encrypted,
        "signed": {what: list(algorithms) for what, algorithms in statement.signed.items()},
        "attributes": {name: list(values) for name, values in statement.attributes.items()},
    }
    return Verdict(accepted=True, facts=facts, notes=list(_notes(statement, expected)))


def _notes(statement: Statement, expected: Expected) -> list[str]:
    """What a login would look at besides."""
    notes = [
        f"the {what} is signed with SHA-1: a login is refused unless city.yaml has an exception for it"
        for what, algorithms in statement.signed.items()
        if any("sha1" in one for one in algorithms)
    ]
    if not statement.audiences:
        notes.append("the assertion does not say whom it is for: a login is refused")
    if expected.issuer is None:
        notes.append("a certificate names no issuer: anybody with its key is believed, a login compares the entityID")
    if expected.request_id is None:
        notes.append("no request ID was given: a login is refused unless it answers its own request")
    if Assurance.from_acr(statement.authn_context or "") is None:
        notes.append("the level of assurance is none of eIDAS: a login is refused unless the provider knows it")
    return notes


def _metadata(root: etree._Element, expected: Expected) -> Verdict:
    """Metadata is judged by its signature and its end. It may be signed as the whole document, without an ID."""
    signatures = children(root, "ds:Signature")
    if len(signatures) != 1:
        raise refused(f"The metadata must carry exactly one signature; it carries {len(signatures)}.")
    uri = f"#{identifier(root)}" if root.get("ID") else ""
    verified = verify_with(root, signatures[0], uri, "ID", expected.policy, "response")
    check_schema(verified.element, "metadata")
    until = time_of(verified.element, "validUntil")
    if until and until <= expected.now:
        raise LoginRefused(f"The metadata ended on {until:%Y-%m-%d}.", reason="expired")
    facts = {
        "metadata_of": verified.element.get("entityID"),
        "valid_until": until and _written(until),
        "signed": {"metadata": list(verified.algorithms)},
    }
    return Verdict(accepted=True, facts=facts)


def _xml(data: bytes) -> bytes:
    """XML as it is, otherwise what its base64 holds."""
    if data.lstrip(_BLANK).startswith(b"<"):
        return data
    try:
        return unpack_post(data.decode("ascii"), "message")
    except UnicodeDecodeError:
        raise LoginRefused("The message is neither XML nor base64.", reason="malformed") from None


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_json(verdict: Verdict) -> dict[str, Any]:
    said = {"verdict": "accepted" if verdict.accepted else "refused"}
    if not verdict.accepted:
        return said | {"reason": verdict.reason, "detail": verdict.detail}
    return said | verdict.facts | {"notes": verdict.notes}
