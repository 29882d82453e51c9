"""WS-Security of what we send: Timestamp, UsernameToken, X.509 signature, encrypted body.

Signed first, then encrypted, so that the signature is over what was meant (WS-Security 1.1.1 §8, §9).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import xmlsec
from lxml import etree
from xmlsec import constants

from hub.kit.certificates import Certificate, Key
from hub.kit.soap.addressing import NAMESPACES
from hub.kit.soap.wss import (
    BASE64,
    SECURITY,
    TIMESTAMP,
    WSSE,
    WSU,
    WSU_ID,
    X509_V3,
    Material,
    SecuritySettings,
    security_header,
)
from hub.kit.xml_algorithms import DS, XENC

_CIPHERS = {
    "aes256-gcm": (constants.TransformAes256Gcm, 256),
    "aes128-gcm": (constants.TransformAes128Gcm, 128),
    "aes256-cbc": (constants.TransformAes256Cbc, 256),
    "aes128-cbc": (constants.TransformAes128Cbc, 128),
}
_TOKEN = f"{{{WSSE}}}UsernameToken"


def secure(envelope: etree._Element, settings: SecuritySettings, material: Material, *, now: datetime) -> None:
    """Adds to `envelope`, in place, what `settings` ask for; a UsernameToken already stands in it."""
    if settings.lifetime is not None:
        _add_timestamp(envelope, now, settings.lifetime)
    if settings.sign is not None and material.signing is not None:
        _sign(envelope, material.signing, token=settings.sign.token)
    if settings.encrypt is not None and material.recipient is not None:
        _encrypt(envelope, material.recipient, settings.encrypt.cipher)


def _add_timestamp(envelope: etree._Element, now: datetime, lifetime: timedelta) -> None:
    stamp = etree.Element(TIMESTAMP, nsmap={"wsu": WSU})
    for name, moment in (("Created", now), ("Expires", now + lifetime)):
        written = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        etree.SubElement(stamp, f"{{{WSU}}}{name}").text = written
    security_header(envelope).insert(0, stamp)


def _sign(envelope: etree._Element, key: Key, *, token: str) -> None:
    security = security_header(envelope)
    signed = [(element, _named(element)) for element in _to_be_signed(envelope)]
    signature = xmlsec.template.create(envelope, constants.TransformExclC14N, constants.TransformRsaSha256, ns="ds")
    for _, name in signed:
        reference = xmlsec.template.add_reference(signature, constants.TransformSha256, uri=f"#{name}")
        xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    # Tokens stand before what uses them, so that a reader needs to go through the header once only (§5).
    _name_certificate(xmlsec.template.ensure_key_info(signature), security, key, token)
    security.append(signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.pem, constants.KeyDataFormatPem)
    for element, _ in signed:
        context.register_id(element, "Id", WSU)
    context.sign(signature)


def _to_be_signed(envelope: etree._Element) -> list[etree._Element]:
    """Body, timestamp, UsernameToken, addressing."""
    env = f"{{{etree.QName(envelope).namespace}}}"
    addressing = tuple(f"{{{namespace}}}*" for namespace in NAMESPACES.values())
    header = envelope.find(f"{env}Header")
    found = [envelope.find(f"{env}Body")]
    if header is not None:
        found += header.iterchildren(*addressing)
        found += [header.find(f"{SECURITY}/{name}") for name in (TIMESTAMP, _TOKEN)]
    return [one for one in found if one is not None]


def _named(element: etree._Element) -> str:
    name = element.get(WSU_ID)
    if name is None:
        name = f"id-{uuid4().hex}"
        element.set(WSU_ID, name)
    return name


def _name_certificate(info: etree._Element, security: etree._Element, key: Key, token: str) -> None:
    """X.509 Token Profile 1.1.1 §3.2."""
    reference = etree.SubElement(info, f"{{{WSSE}}}SecurityTokenReference")
    if token == "issuer_serial":  # noqa: S105 — no password but a way of naming a certificate
        _write_issuer_serial(reference, key.certificate)
        return
    binary = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", EncodingType=BASE64, ValueType=X509_V3)
    binary.text = key.certificate.base64
    etree.SubElement(reference, f"{{{WSSE}}}Reference", URI=f"#{_named(binary)}", ValueType=X509_V3)


def _write_issuer_serial(reference: etree._Element, certificate: Certificate) -> None:
    data = etree.SubElement(reference, f"{{{DS}}}X509Data")
    serial = etree.SubElement(data, f"{{{DS}}}X509IssuerSerial")
    etree.SubElement(serial, f"{{{DS}}}X509IssuerName").text = certificate.parsed.issuer.rfc4514_string()
    etree.SubElement(serial, f"{{{DS}}}X509SerialNumber").text = str(certificate.parsed.serial_number)


def _encrypt(envelope: etree._Element, recipient: Certificate, cipher: str) -> None:
    """The content of the Body; the EncryptedKey with its list of references stands first in the Security header."""
    body = envelope.find(f"{{{etree.QName(envelope).namespace}}}Body")
    if body is None or not len(body):
        return
    transform, bits = _CIPHERS[cipher]
    data = xmlsec.template.encrypted_data_create(envelope, transform, type=constants.TypeEncContent, ns="xenc")
    data.set("Id", f"ed-{uuid4().hex}")
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    wrapped = xmlsec.template.add_encrypted_key(info, constants.TransformRsaOaep)
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(recipient.pem, constants.KeyDataFormatCertPem))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(constants.KeyDataAes, bits, constants.KeyDataTypeSession)
    context.encrypt_xml(data, body)
    # lxml finds names only that it has read itself.
    sealed = etree.fromstring(etree.tostring(body[0], with_tail=False))
    body.replace(body[0], sealed)
    within = sealed.find(f"{{{DS}}}KeyInfo")
    assert within is not None, "the template has one"
    key = within[0]
    sealed.remove(within)
    about = etree.Element(f"{{{DS}}}KeyInfo", nsmap={"ds": DS})
    reference = etree.SubElement(about, f"{{{WSSE}}}SecurityTokenReference", nsmap={"wsse": WSSE})
    _write_issuer_serial(reference, recipient)
    key.insert(1, about)
    listed = etree.SubElement(key, f"{{{XENC}}}ReferenceList")
    etree.SubElement(listed, f"{{{XENC}}}DataReference", URI=f"#{sealed.get('Id')}")
    security_header(envelope).insert(0, key)
