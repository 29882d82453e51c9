"""Writes our messages: AuthnRequest, LogoutRequest, LogoutResponse, metadata."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from hub.kernel.assurance import Assurance
from hub.kit.certificates import Certificate
from hub.kit.xml_algorithms import DS, XENC, XENC11
from identity.saml.building import Maker
from identity.saml.names import (
    EIDAS,
    MD,
    PERSISTENT,
    POST,
    REDIRECT,
    SAML,
    SAMLP,
    STATUS,
    SUCCESS,
    URI_NAME,
)

_SAML = Maker(SAML, {"saml": SAML})
_SAMLP = Maker(SAMLP, {"samlp": SAMLP, "saml": SAML})
_EIDAS = Maker(EIDAS, {"eidas": EIDAS})
_MD = Maker(MD, {"md": MD, "ds": DS})
_DS = Maker(DS, {"ds": DS})


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """One attribute of `eidas:RequestedAttributes`; `value` for a question such as `isAgeOver`."""

    name: str
    friendly: str | None = None
    required: bool = False
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What providers vary in an AuthnRequest.

    `classes`   authentication contexts by level, asked for as the least (`Comparison="minimum"`); empty: not asked
    `sp_type`   eIDAS: public or private; None: no extensions
    `extra`     elements right after the extensions and policies, in the order of the schema, such as Conditions
    """

    name_id_format: str | None = PERSISTENT
    issuer_format: str | None = None
    classes: Mapping[Assurance, str] | None = None
    sp_type: str | None = None
    attributes: Sequence[RequestedAttribute] = ()
    always_force: bool = False


def new_id() -> str:
    """An xs:ID that cannot be guessed (Core §1.3.4: 128 bits or more; these are 160)."""
    return f"_{secrets.token_hex(20)}"


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authn_request(
    request_id: str,
    *,
    now: datetime,
    destination: str,
    acs: str,
    issuer: str,
    asking: Asking,
    assurance: Assurance,
    force: bool,
    conditions: etree._Element | None = None,
) -> bytes:
    """Core §3.4.1. Its children stand in the order of the schema."""
    request = _SAMLP(
        "AuthnRequest",
        _issuer(issuer, asking.issuer_format),
        ID=request_id,
        Version="2.0",
        IssueInstant=instant(now),
        Destination=destination,
        AssertionConsumerServiceURL=acs,
        ProtocolBinding=POST,
    )
    if force or asking.always_force:
        request.set("ForceAuthn", "true")
        request.set("IsPassive", "false")
    if asking.sp_type:
        request.append(_SAMLP("Extensions", *_extensions(asking)))
    if asking.name_id_format:
        request.append(_SAMLP("NameIDPolicy", Format=asking.name_id_format, AllowCreate="true"))
    if conditions is not None:
        request.append(conditions)
    if asking.classes:
        reference = _SAML("AuthnContextClassRef", asking.classes[assurance])
        request.append(_SAMLP("RequestedAuthnContext", reference, Comparison="minimum"))
    return etree.tostring(request)


def _extensions(asking: Asking) -> Iterable[etree._Element]:
    """As eIDAS Message Format 1.2 §2.3 and §3.1."""
    yield _EIDAS("SPType", str(asking.sp_type))
    if asking.attributes:
        yield _EIDAS("RequestedAttributes", *(_requested(one) for one in asking.attributes))


def _requested(wanted: RequestedAttribute) -> etree._Element:
    element = _EIDAS(
        "RequestedAttribute", Name=wanted.name, NameFormat=URI_NAME, isRequired="true" if wanted.required else "false"
    )
    if wanted.friendly:
        element.set("FriendlyName", wanted.friendly)
    if wanted.value is not None:
        element.append(_EIDAS("AttributeValue", wanted.value))
    return element


def _issuer(issuer: str, issuer_format: str | None) -> etree._Element:
    return _SAML("Issuer", issuer, **({"Format": issuer_format} if issuer_format else {}))


@dataclass(frozen=True, slots=True)
class Name:
    """Whom a logout is about, as the assertion named her."""

    name_id: str
    format: str
    session_index: str | None


def logout_request(
    request_id: str,
    who: Name,
    *,
    now: datetime,
    end: datetime,
    destination: str,
    issuer: str,
    issuer_format: str | None,
) -> bytes:
    """Core §3.7.1."""
    request = _SAMLP(
        "LogoutRequest",
        _issuer(issuer, issuer_format),
        _SAML("NameID", who.name_id, Format=who.format),
        ID=request_id,
        Version="2.0",
        IssueInstant=instant(now),
        NotOnOrAfter=instant(end),
        Destination=destination,
        Reason="urn:oasis:names:tc:SAML:2.0:logout:user",
    )
    if who.session_index:
        request.append(_SAMLP("SessionIndex", who.session_index))
    return etree.tostring(request)


def logout_response(
    in_response_to: str, *, now: datetime, destination: str, issuer: str, issuer_format: str | None, done: bool
) -> bytes:
    """Core §3.7.2: Success, or Responder with PartialLogout where a session of ours did not end."""
    code = _SAMLP("StatusCode", Value=SUCCESS)
    if not done:
        code = _SAMLP("StatusCode", _SAMLP("StatusCode", Value=f"{STATUS}PartialLogout"), Value=f"{STATUS}Responder")
    response = _SAMLP(
        "LogoutResponse",
        _issuer(issuer, issuer_format),
        _SAMLP("Status", code),
        ID=new_id(),
        Version="2.0",
        IssueInstant=instant(now),
        Destination=destination,
        InResponseTo=in_response_to,
    )
    return etree.tostring(response)


def metadata(
    *,
    entity_id: str,
    certificates: Sequence[Certificate],
    valid_until: datetime,
    name_id_format: str | None,
    acs: str,
    slo: str,
    slo_soap: str | None,
) -> bytes:
    """Ours, to be signed. Every key for signing and for encryption: whoever reads it knows the next one in time."""
    role = _MD(
        "SPSSODescriptor",
        *(_key(one, use) for use in ("signing", "encryption") for one in certificates),
        protocolSupportEnumeration=SAMLP,
        AuthnRequestsSigned="true",
        WantAssertionsSigned="true",
    )
    if slo_soap:
        role.append(_MD("SingleLogoutService", Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP", Location=slo_soap))
    role.append(_MD("SingleLogoutService", Binding=REDIRECT, Location=slo))
    role.append(_MD("SingleLogoutService", Binding=POST, Location=slo))
    if name_id_format:
        role.append(_MD("NameIDFormat", name_id_format))
    role.append(_MD("AssertionConsumerService", Binding=POST, Location=acs, index="0", isDefault="true"))
    entity = _MD("EntityDescriptor", role, entityID=entity_id, validUntil=instant(valid_until), ID=new_id())
    return etree.tostring(entity)


def _key(certificate: Certificate, use: str) -> etree._Element:
    holder = _DS("X509Certificate", certificate.base64)
    descriptor = _MD("KeyDescriptor", _DS("KeyInfo", _DS("X509Data", holder)), use=use)
    if use == "encryption":
        for algorithm in (f"{XENC11}aes256-gcm", f"{XENC11}aes128-gcm", f"{XENC}rsa-oaep-mgf1p"):
            descriptor.append(_MD("EncryptionMethod", Algorithm=algorithm))
    return descriptor
