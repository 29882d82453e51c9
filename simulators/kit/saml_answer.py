"""The Response of a simulated SAML identity provider (SAML V2.0 Core §3.3.3; Profiles §4.1.4.2)."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from lxml import etree

from simulators.kit.keys import Credential
from simulators.kit.saml import ASSERTION as ASSERTION_NS
from simulators.kit.saml import PROTOCOL, STATUS, XSI, Service, moment, saml, samlp
from simulators.kit.saml_sign import encrypted, sign

_LIFE = timedelta(hours=1)
_AMISS = timedelta(hours=2)
# The stubs of lxml know no default namespace.
_DEFAULT: Any = {None: ASSERTION_NS}
# As the Response has it: libraries that put an opened assertion back into it would change another prefix, and with it
# what the assertion's signature is over.
_PREFIXED: Any = {"saml": ASSERTION_NS}
_ELSEWHERE = "https://elsewhere.example"


@dataclass(frozen=True, slots=True)
class Attribute:
    """`kind` is the value's `xsi:type` as `{namespace}local`, where the scheme writes one. `identifying`: who it is."""

    name: str
    value: str
    name_format: str
    friendly: str = ""
    kind: str = ""
    identifying: bool = False


@dataclass(frozen=True, slots=True)
class Issuing:
    """Everything a good answer is made of. `in_response_to` is empty for the answer to no request."""

    issuer: str
    own: Credential
    service: Service
    acs: str
    in_response_to: str
    name_id: str
    name_id_format: str
    attributes: Sequence[Attribute]
    context: str
    session_index: str
    at: datetime
    signs_assertion: bool = False


def fresh_id() -> str:
    return f"_{uuid4()}"


def good_or_wrong(issuing: Issuing, wrong: Collection[str]) -> bytes:
    """The whole answer, signed and encrypted, with whatever is to be wrong with it."""
    issuing = _bent(issuing, wrong)
    response = status_response("Response", issuing, "Success")
    assertions = [_assertion(issuing, wrong)]
    if "two_assertions" in wrong:
        other = replace(issuing, name_id=f"{issuing.name_id}-2", session_index=fresh_id())
        assertions.append(_assertion(other, wrong))
    for assertion in assertions:
        if issuing.signs_assertion:
            sign(assertion, issuing.own, wrong)
        if "not_encrypted" in wrong:
            response.append(assertion)
        else:
            response.append(encrypted(assertion, issuing.service.certificates[0], wrong))
    return finished(response, issuing.own, wrong)


def failure(issuing: Issuing, wrong: Collection[str], *codes: str, text: str = "") -> bytes:
    """An answer without an assertion: a status code and those inside it."""
    return finished(status_response("Response", _bent(issuing, wrong), *codes, text=text), issuing.own, wrong)


def status_response(kind: str, issuing: Issuing, *codes: str, text: str = "") -> etree._Element:
    """`samlp:Response` or `samlp:LogoutResponse` with its status; `codes` from the outside in."""
    response = etree.Element(samlp(kind), nsmap={"samlp": PROTOCOL, "saml": ASSERTION_NS})
    response.set("ID", fresh_id())
    response.set("Version", "2.0")
    response.set("IssueInstant", moment(issuing.at))
    response.set("Destination", issuing.acs)
    if issuing.in_response_to:
        response.set("InResponseTo", issuing.in_response_to)
    etree.SubElement(response, saml("Issuer")).text = issuing.issuer
    parent = status = etree.SubElement(response, samlp("Status"))
    for code in codes:
        parent = etree.SubElement(parent, samlp("StatusCode"), Value=STATUS + code)
    if text:
        etree.SubElement(status, samlp("StatusMessage")).text = text
    return response


def finished(message: etree._Element, own: Credential, wrong: Collection[str]) -> bytes:
    """Signed and written."""
    sign(message, own, wrong)
    if "tampered" in wrong:
        message.set("IssueInstant", "2026-01-01T00:00:00Z")
    text = etree.tostring(message)
    return b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + text if "doctype" in wrong else text


def bent_time(at: datetime, wrong: Collection[str]) -> datetime:
    if "expired" in wrong:
        return at - _AMISS
    return at + _AMISS if "not_yet_valid" in wrong else at


def _bent(issuing: Issuing, wrong: Collection[str]) -> Issuing:
    issuing = replace(issuing, at=bent_time(issuing.at, wrong))
    if "wrong_issuer" in wrong:
        issuing = replace(issuing, issuer=_ELSEWHERE)
    if "wrong_destination" in wrong:
        issuing = replace(issuing, acs=f"{_ELSEWHERE}/acs")
    if "wrong_in_response_to" in wrong:
        issuing = replace(issuing, in_response_to=fresh_id())
    if "unsolicited" in wrong:
        issuing = replace(issuing, in_response_to="")
    if "low_assurance" in wrong:
        issuing = replace(issuing, context="http://eidas.europa.eu/LoA/low")
    if "unknown_assurance" in wrong:
        issuing = replace(issuing, context="urn:munihub:simulator:level")
    return issuing


def _assertion(issuing: Issuing, wrong: Collection[str]) -> etree._Element:
    until = moment(issuing.at + _LIFE)
    assertion = etree.Element(saml("Assertion"), nsmap=_PREFIXED if issuing.signs_assertion else _DEFAULT)
    assertion.set("ID", fresh_id())
    assertion.set("IssueInstant", moment(issuing.at))
    assertion.set("Version", "2.0")
    etree.SubElement(assertion, saml("Issuer")).text = issuing.issuer
    subject = etree.SubElement(assertion, saml("Subject"))
    name_id = etree.SubElement(subject, saml("NameID"), Format=issuing.name_id_format)
    _write(name_id, issuing.name_id, comment="comment" in wrong)
    confirmation = etree.SubElement(
        subject, saml("SubjectConfirmation"), Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"
    )
    data = etree.SubElement(confirmation, saml("SubjectConfirmationData"))
    if issuing.in_response_to:
        data.set("InResponseTo", issuing.in_response_to)
    data.set("NotOnOrAfter", until)
    data.set("Recipient", f"{_ELSEWHERE}/acs" if "wrong_recipient" in wrong else issuing.acs)
    conditions = etree.SubElement(assertion, saml("Conditions"), NotBefore=moment(issuing.at), NotOnOrAfter=until)
    audience = etree.SubElement(etree.SubElement(conditions, saml("AudienceRestriction")), saml("Audience"))
    audience.text = _ELSEWHERE if "wrong_audience" in wrong else issuing.service.entity_id
    statement = etree.SubElement(assertion, saml("AttributeStatement"))
    for attribute in issuing.attributes:
        if not (attribute.identifying and "missing_attribute" in wrong):
            _attribute(statement, attribute, comment=attribute.identifying and "comment" in wrong)
    if "unknown_attribute" in wrong:
        form = issuing.attributes[0].name_format
        _attribute(statement, Attribute("urn:munihub:simulator:new", "42", form), comment=False)
    authentication = etree.SubElement(
        assertion, saml("AuthnStatement"), AuthnInstant=moment(issuing.at), SessionIndex=issuing.session_index
    )
    context = etree.SubElement(authentication, saml("AuthnContext"))
    etree.SubElement(context, saml("AuthnContextClassRef")).text = issuing.context
    return assertion


def _attribute(statement: etree._Element, attribute: Attribute, *, comment: bool) -> None:
    element = etree.SubElement(statement, saml("Attribute"), Name=attribute.name, NameFormat=attribute.name_format)
    if attribute.friendly:
        element.set("FriendlyName", attribute.friendly)
    kind = etree.QName(attribute.kind) if attribute.kind else None
    names = {"xsi": XSI, "tn": str(kind.namespace)} if kind is not None else None
    value = etree.SubElement(element, saml("AttributeValue"), nsmap=names)
    if kind is not None:
        value.set(f"{{{XSI}}}type", f"tn:{kind.localname}")
    _write(value, attribute.value, comment=comment)


def _write(element: etree._Element, text: str, *, comment: bool) -> None:
    """A comment cuts the text for whoever reads only the first text node of an element."""
    if not comment:
        element.text = text
        return
    middle = len(text) // 2
    element.text = text[:middle]
    inside = etree.Comment("")
    inside.tail = text[middle:]
    element.append(inside)


def form_value(message: bytes) -> str:
    return base64.b64encode(message).decode()
