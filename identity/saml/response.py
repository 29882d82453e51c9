"""Judges a response to a login: is it theirs, for us, an answer to our request, now, and said once.

The order matters: nothing is believed before a signature over it is verified, and what is read afterwards is read from
the verified octets only. The rules are those of the Web Browser SSO Profile (Profiles §4.1.4.2, §4.1.4.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from hub.kernel.errors import LoginRefused
from identity.saml.encryption import decrypt
from identity.saml.names import NATURAL_PERSON, SAML, SAMLP, STATUS, SUCCESS, UNSPECIFIED
from identity.saml.reading import (
    NS,
    at_most_one,
    attribute,
    check_schema,
    children,
    identifier,
    malformed,
    only,
    parse,
    text,
    time_of,
)
from identity.saml.signatures import has_signature, verify
from identity.saml.validity import Expected, check_conditions, check_confirmation, check_in_response_to

_CANCELLED = frozenset({"RequestDenied", "AuthnFailed"})


@dataclass(frozen=True, slots=True)
class Statement:
    """What a verified assertion says. `attributes` holds every value of each name, in order, as text.

    `structured` are names whose value is XML and not text.
    """

    issuer: str
    name_id: str
    name_id_format: str
    session_index: str | None
    authn_context: str | None
    authenticated_at: datetime
    attributes: dict[str, tuple[str, ...]]
    structured: tuple[str, ...]
    assertion_id: str
    response_id: str
    in_response_to: str | None
    not_on_or_after: datetime
    audiences: tuple[str, ...]
    signed: dict[str, tuple[str, str]] = field(default_factory=dict)
    encrypted: bool = False


def judge(data: bytes, expected: Expected) -> Statement:
    """Raises LoginRefused; see its reasons. `data` is the XML of the message."""
    root = parse(data, "response")
    if root.tag != f"{{{SAMLP}}}Response":
        raise malformed(f"The message is {etree.QName(root).localname}, and not Response of SAML 2.0.")
    if root.get("Version") != "2.0":
        raise malformed("The response is not of SAML version 2.0.")
    signed: dict[str, tuple[str, str]] = {}
    whole = has_signature(root)
    if whole:
        found = verify(root, expected.policy, "response")
        root, signed["response"] = found.element, found.algorithms
    _check_status(root)
    assertion, encrypted = _assertion(root, expected, whole=whole, signed=signed)
    check_schema(root, "response")
    if encrypted:
        check_schema(assertion, "assertion")
    _check_response(root, expected)
    return _read(root, assertion, expected, signed, encrypted=encrypted)


def _check_status(root: etree._Element) -> None:
    """An error answer is a refusal, and never more, whoever signed it."""
    code = only(root, "samlp:Status/samlp:StatusCode")
    value = code.get("Value")
    if value == SUCCESS:
        return
    inner = at_most_one(code, "samlp:StatusCode")
    names = [one.removeprefix(STATUS)[:60] for one in (value, inner.get("Value") if inner is not None else None) if one]
    raise failure(names)


def failure(names: Sequence[str]) -> LoginRefused:
    """For status codes without their prefix, such as `("Responder", "AuthnFailed")`."""
    said = " / ".join(one if one.isalnum() else "a code of its own" for one in names) or "nothing"
    if "NoAuthnContext" in names:
        return LoginRefused(f"The identity provider says {said}.", reason="too_little_assurance")
    reason = "cancelled" if _CANCELLED & set(names) else "failed"
    return LoginRefused(f"The identity provider says {said}.", reason=reason)


def _assertion(
    root: etree._Element, expected: Expected, *, whole: bool, signed: dict[str, tuple[str, str]]
) -> tuple[etree._Element, bool]:
    """The one assertion, covered by a signature: its own, or that of the response."""
    plain, sealed = children(root, "saml:Assertion"), children(root, "saml:EncryptedAssertion")
    if len(plain) + len(sealed) != 1:
        raise malformed(f"The response must hold exactly one assertion; it holds {len(plain) + len(sealed)}.")
    if sealed:
        return _opened(sealed[0], expected, whole=whole, signed=signed), True
    _refuse_others(root, plain[0])
    if has_signature(plain[0]):
        found = verify(plain[0], expected.policy, "assertion")
        signed["assertion"] = found.algorithms
        return found.element, False
    if not whole:
        raise LoginRefused("Neither the response nor its assertion is signed.", reason="bad_signature")
    return plain[0], False


def _opened(
    sealed: etree._Element, expected: Expected, *, whole: bool, signed: dict[str, tuple[str, str]]
) -> etree._Element:
    root = sealed.getroottree().getroot()
    try:
        assertion = decrypt(sealed, expected.keys)
        _refuse_others(root, None)
        _refuse_others(assertion, assertion)
        if has_signature(assertion):
            found = verify(assertion, expected.policy, "assertion")
            signed["assertion"] = found.algorithms
            return found.element
        if not whole:
            raise LoginRefused("Neither the response nor its encrypted assertion is signed.", reason="bad_signature")
    except LoginRefused as error:
        if whole:
            raise
        # Who may have made up the ciphertext learns nothing from how far it was understood.
        raise LoginRefused(str(error), reason="bad_signature") from None
    return assertion


def _refuse_others(root: etree._Element, assertion: etree._Element | None) -> None:
    """Assertions elsewhere are what wrapping needs. Only Advice may hold some, which nobody reads (Core §2.6.1)."""
    for one in root.iter(f"{{{SAML}}}Assertion", f"{{{SAML}}}EncryptedAssertion", f"{{{SAMLP}}}Response"):
        if one is root or one is assertion:
            continue
        above = list(one.iterancestors())
        advice = next((up for up in above if up.tag == f"{{{SAML}}}Advice"), None)
        if advice is not None and assertion is not None and advice.getparent() is assertion:
            continue
        if one.tag == f"{{{SAML}}}EncryptedAssertion" and assertion is None and one.getparent() is root:
            continue
        raise malformed("The response holds an assertion or a response at a place where there may be none.")


def _check_response(root: etree._Element, expected: Expected) -> None:
    """The envelope: where it says anything, it must be right. It may be unsigned, so nothing is taken from it."""
    destination = root.get("Destination")
    if destination is not None and destination != expected.acs:
        raise LoginRefused(
            f"The response is for {destination[:200] or 'no address'}, and came to {expected.acs}.",
            reason="wrong_recipient",
        )
    check_in_response_to(root.get("InResponseTo"), expected, "response")
    issued = time_of(root, "IssueInstant")
    if issued and issued > expected.now + expected.skew:
        raise LoginRefused("The response was issued in the future.", reason="not_yet_valid")


def _check_issuer(root: etree._Element, assertion: etree._Element, expected: Expected) -> str:
    issuer = text(only(assertion, "saml:Issuer"))
    above = at_most_one(root, "saml:Issuer")
    named = [issuer] if above is None else [issuer, text(above)]
    wanted = expected.issuer or issuer
    for one in named:
        if one != wanted or not one:
            raise LoginRefused(f"The issuer is {one[:200]!r}, expected is {wanted!r}.", reason="wrong_issuer")
    return issuer


def _read(
    root: etree._Element,
    assertion: etree._Element,
    expected: Expected,
    signed: dict[str, tuple[str, str]],
    *,
    encrypted: bool,
) -> Statement:
    if assertion.get("Version") != "2.0":
        raise malformed("The assertion is not of SAML version 2.0.")
    issuer = _check_issuer(root, assertion, expected)
    audiences, end = check_conditions(assertion, expected)
    subject = only(assertion, "saml:Subject")
    if children(subject, "saml:EncryptedID") or assertion.find(".//saml:EncryptedAttribute", NS) is not None:
        raise malformed(
            "The NameID or an attribute is encrypted by itself; ask for the whole assertion to be encrypted."
        )
    name = only(subject, "saml:NameID")
    name_id = text(name)
    if not name_id:
        raise LoginRefused("The NameID is empty.", reason="missing_attribute")
    end = min(end, check_confirmation(subject, expected))
    authn = only(assertion, "saml:AuthnStatement")
    authenticated_at = time_of(authn, "AuthnInstant")
    assert authenticated_at is not None, "the schema demands it"
    if authenticated_at > expected.now + expected.skew:
        raise LoginRefused("The person was authenticated in the future.", reason="not_yet_valid")
    over = time_of(authn, "SessionNotOnOrAfter")
    if over and over <= expected.now - expected.skew:
        raise LoginRefused("The session at the identity provider is over.", reason="expired")
    context = at_most_one(authn, "saml:AuthnContext/saml:AuthnContextClassRef")
    attributes, structured = _attributes(assertion)
    return Statement(
        issuer=issuer,
        name_id=name_id,
        name_id_format=name.get("Format") or UNSPECIFIED,
        session_index=authn.get("SessionIndex"),
        authn_context=None if context is None else text(context),
        authenticated_at=authenticated_at,
        attributes=attributes,
        structured=structured,
        assertion_id=identifier(assertion),
        response_id=identifier(root),
        in_response_to=root.get("InResponseTo"),
        not_on_or_after=end,
        audiences=audiences,
        signed=signed,
        encrypted=encrypted,
    )


def _attributes(assertion: etree._Element) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    statements = children(assertion, "saml:AttributeStatement")
    if not statements:
        raise LoginRefused("The assertion has no attributes.", reason="missing_attribute")
    found: dict[str, tuple[str, ...]] = {}
    structured: dict[str, None] = {}
    for statement in statements:
        for one in children(statement, "saml:Attribute"):
            name = attribute(one, "Name")
            values = children(one, "saml:AttributeValue")
            if any(isinstance(child.tag, str) for value in values for child in value):
                structured[name] = None
                continue
            # Of a name in two scripts the one in Latin letters is taken (eIDAS SAML Attribute Profile 1.2 §2.4).
            latin = [value for value in values if value.get(f"{{{NATURAL_PERSON[:-1]}}}LatinScript") != "false"]
            found[name] = found.get(name, ()) + tuple(text(value) for value in latin or values)
    return found, tuple(structured)
