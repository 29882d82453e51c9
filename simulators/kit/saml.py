"""SAML 2.0 as an identity provider speaks it: names, times, and reading what a service provider sends.

OASIS SAML V2.0 Core (messages) and Bindings (§3.4 HTTP-Redirect, §3.5 HTTP-POST, §3.2 SOAP).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import xmlsec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from xmlsec import constants

from simulators.kit.keys import pem_of, public_key
from simulators.kit.pages import NotAccepted
from simulators.kit.soap import parse

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
EIDAS = "http://eidas.europa.eu/saml-extensions"

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
SOAP = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
URI_NAME = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BASIC_NAME = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

RSA_SHA1 = f"{XMLDSIG}rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    RSA_SHA256: hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": hashes.SHA384(),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": hashes.SHA512(),
}
_DIGESTS = {f"http://www.w3.org/2001/04/xmlenc#sha{bits}" for bits in (256, 512)}
_LARGEST = 200_000


def samlp(name: str) -> str:
    return f"{{{PROTOCOL}}}{name}"


def saml(name: str) -> str:
    return f"{{{ASSERTION}}}{name}"


def ds(name: str) -> str:
    return f"{{{XMLDSIG}}}{name}"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """Raises NotAccepted for what is not a time in UTC (SAML Core §1.3.3)."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotAccepted(f"{text!r} is not a time.") from error
    if at.utcoffset() is None or at.utcoffset() != UTC.utcoffset(at):
        raise NotAccepted(f"{text!r} is not a time in UTC.")
    return at


@dataclass(frozen=True, slots=True)
class Service:
    """A service provider as it is registered. `logout` and `logout_soap` may be empty: it has none."""

    entity_id: str
    certificates: tuple[bytes, ...]
    acs: tuple[str, ...]
    logout: str
    logout_soap: str

    FIELDS = ("entity_id", "certificates", "acs", "logout", "logout_soap")

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Service:
        """`certificates` as PEM or base64 of DER; the first is encrypted to. Raises NotAccepted."""
        try:
            certificates = tuple(pem_of(text) for text in item.get("certificates") or ())
        except ValueError as error:
            raise NotAccepted(f"A registered certificate cannot be read: {error}") from error
        return cls(
            item["entity_id"],
            certificates,
            tuple(item.get("acs") or ()),
            item.get("logout") or "",
            item.get("logout_soap") or "",
        )


@dataclass(frozen=True, slots=True)
class Message:
    """What came, by whatever binding. `raw_query` is the query as it stood in the address; empty otherwise."""

    root: etree._Element
    binding: str
    relay: str
    raw_query: str = ""

    @property
    def issuer(self) -> str:
        return (self.root.findtext(saml("Issuer")) or "").strip()


def by_redirect(raw_query: str) -> Message:
    """Raises NotAccepted for what is no message; its signature is not looked at yet."""
    fields = dict(parse_qsl(raw_query, keep_blank_values=True))
    text = fields.get("SAMLRequest") or fields.get("SAMLResponse")
    if not text:
        raise NotAccepted("There is no SAMLRequest in the address.")
    try:
        packed = base64.b64decode(text, validate=True)
        unpacked = zlib.decompressobj(-15).decompress(packed, _LARGEST)
    except (binascii.Error, zlib.error) as error:
        raise NotAccepted("The message is not deflated and written in base64.") from error
    return Message(_parsed(unpacked), REDIRECT, fields.get("RelayState", ""), raw_query)


def by_post(form: Mapping[str, str]) -> Message:
    """Raises NotAccepted."""
    text = form.get("SAMLRequest") or form.get("SAMLResponse")
    if not text:
        raise NotAccepted("There is no SAMLRequest in the form.")
    try:
        return Message(_parsed(base64.b64decode(text)), POST, form.get("RelayState", ""))
    except binascii.Error as error:
        raise NotAccepted("The message is not written in base64.") from error


def _parsed(text: bytes) -> etree._Element:
    if len(text) >= _LARGEST:
        raise NotAccepted("The message is too large.")
    try:
        return parse(text)
    except ValueError as error:
        raise NotAccepted(f"The message is not XML: {error}") from error


def check_signature(message: Message, certificates: Iterable[bytes]) -> None:
    """Raises NotAccepted unless the message is signed by one of the keys, with SHA-256 or stronger.

    HTTP-Redirect is signed over the query as it stood (Bindings §3.4.4.1); everything else by one enveloped
    signature over the whole message (Core §5.4.2).
    """
    check = _check_query if message.binding == REDIRECT else _check_enveloped
    reasons = []
    for certificate in certificates:
        try:
            return check(message, certificate)
        except NotAccepted as error:
            reasons.append(str(error))
    raise NotAccepted(reasons[0] if reasons else "No certificate is registered.")


def _check_query(message: Message, certificate: bytes) -> None:
    raw = dict(part.partition("=")[::2] for part in message.raw_query.split("&"))
    name = "SAMLRequest" if "SAMLRequest" in raw else "SAMLResponse"
    algorithm = unquote_plus(raw.get("SigAlg", ""))
    if not raw.get("Signature"):
        raise NotAccepted("The message is not signed.")
    if algorithm not in _HASHES:
        raise NotAccepted(f"The signature algorithm {algorithm!r} is not accepted.")
    signed = "&".join(f"{key}={raw[key]}" for key in (name, "RelayState", "SigAlg") if key in raw)
    try:
        signature = base64.b64decode(unquote_plus(raw["Signature"]), validate=True)
        public_key(certificate).verify(signature, signed.encode(), PKCS1v15(), _HASHES[algorithm])
    except (binascii.Error, InvalidSignature) as error:
        raise NotAccepted("The signature of the address does not match.") from error


def _check_enveloped(message: Message, certificate: bytes) -> None:
    root = message.root
    signatures = root.findall(ds("Signature"))
    if len(signatures) != 1:
        raise NotAccepted("The message is not signed.")
    (signature,) = signatures
    references = signature.findall(f"{ds('SignedInfo')}/{ds('Reference')}")
    if len(references) != 1 or references[0].get("URI") != f"#{root.get('ID')}":
        raise NotAccepted("The signature is not over the whole message.")
    methods = [signature.find(f".//{ds(name)}") for name in ("SignatureMethod", "DigestMethod")]
    used = ["" if method is None else method.get("Algorithm", "") for method in methods]
    if used[0] not in _HASHES or used[1] not in _DIGESTS:
        raise NotAccepted(f"The signature algorithms {used} are not accepted.")
    try:
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(certificate, constants.KeyDataFormatCertPem, None)
        context.verify(signature)
    except xmlsec.Error as error:
        raise NotAccepted("The signature of the message does not match.") from error
