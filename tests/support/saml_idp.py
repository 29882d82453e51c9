"""A SAML identity provider of our own making: whatever a test wants said, signed and encrypted by xmlsec."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier
from lxml import etree
from pydantic import SecretStr

from hub.kernel.errors import ConfigurationError
from hub.kit.certificates import Certificate, Key, private_pem
from hub.ports.eid import Answer, EidSurroundings

NS = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
}
SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
IDP = "https://idp.example/metadata"
ADDRESS = "http://127.0.0.1:8000/pregrada/login/eid"
SP = f"{ADDRESS}/metadata"
ACS = f"{ADDRESS}/acs"
REQUEST = "_request-1"
SSO = "https://idp.example/sso"
SLO = "https://idp.example/slo"
PERSON = "http://eidas.europa.eu/attributes/naturalperson/"


@cache
def key(name: str, *, bits: int = 2048) -> Key:
    """The key called so, with a certificate for it: the same within one run."""
    private = rsa.generate_private_key(65537, bits)
    return Key(Certificate.of(certificate(private, name)), private)


def certificate(
    private: rsa.RSAPrivateKey,
    name: str,
    *,
    begin: datetime = NOW - timedelta(days=100),
    end: datetime = NOW + timedelta(days=265),
) -> x509.Certificate:
    """Its subject is written in the order of FINA's application certificates."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "HR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Grad Pregrada"),
            x509.NameAttribute(ObjectIdentifier("2.5.4.97"), "HR11111111119"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "PREGRADA"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
    return builder.sign(private, hashes.SHA256())


@cache
def ec_key(name: str) -> Key:
    private = ec.generate_private_key(ec.SECP256R1())
    return Key(Certificate.of(certificate(private, name)), private)  # type: ignore[arg-type]


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Said:
    """What a response says. `attributes` by name; a value may be XML, written as it is."""

    issuer: str = IDP
    audience: str | None = SP
    recipient: str = ACS
    destination: str | None = ACS
    in_response_to: str | None = REQUEST
    at: datetime = NOW
    begin: datetime | None = None
    end: datetime | None = None
    name_id: str = "ES/CZ/4711"
    name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    context: str = "http://eidas.europa.eu/LoA/substantial"
    authn_instant: datetime | None = None
    attributes: Mapping[str, str] = field(
        default_factory=lambda: {
            f"{PERSON}PersonIdentifier": "ES/CZ/4711",
            f"{PERSON}CurrentFamilyName": "Nováková",
            f"{PERSON}CurrentGivenName": "Jana",
            f"{PERSON}DateOfBirth": "1980-02-29",
        }
    )
    assertion_id: str = "_assertion-1"
    response_id: str = "_response-1"
    more: str = ""
    """Elements at the end of the assertion's Conditions."""
    advice: str = ""


def assertion(said: Said) -> str:
    begin, end = said.begin or said.at, said.end or said.at + timedelta(minutes=5)
    reply = f' InResponseTo="{said.in_response_to}"' if said.in_response_to else ""
    audience = (
        f"<saml:AudienceRestriction><saml:Audience>{said.audience}</saml:Audience></saml:AudienceRestriction>"
        if said.audience
        else ""
    )
    attributes = "".join(
        f'<saml:Attribute Name="{name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">'
        f"<saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        for name, value in said.attributes.items()
    )
    return (
        f'<saml:Assertion xmlns:saml="{NS["saml"]}" ID="{said.assertion_id}" Version="2.0" '
        f'IssueInstant="{stamp(said.at)}">'
        f"<saml:Issuer>{said.issuer}</saml:Issuer>"
        f'<saml:Subject><saml:NameID Format="{said.name_format}">{said.name_id}</saml:NameID>'
        f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
        f'Recipient="{said.recipient}" NotOnOrAfter="{stamp(end)}"{reply}/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{stamp(begin)}" NotOnOrAfter="{stamp(end)}">{audience}{said.more}'
        f"</saml:Conditions>{said.advice}"
        f'<saml:AuthnStatement AuthnInstant="{stamp(said.authn_instant or said.at)}" SessionIndex="session-1">'
        f"<saml:AuthnContext><saml:AuthnContextClassRef>{said.context}</saml:AuthnContextClassRef>"
        f"</saml:AuthnContext></saml:AuthnStatement>"
        f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
    )


def response(said: Said, inside: str, status: str = "") -> str:
    reply = f' InResponseTo="{said.in_response_to}"' if said.in_response_to else ""
    destination = "" if said.destination is None else f' Destination="{said.destination}"'
    status = status or '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
    return (
        f'<samlp:Response xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="{said.response_id}" Version="2.0" '
        f'IssueInstant="{stamp(said.at)}"{destination}{reply}><saml:Issuer>{said.issuer}</saml:Issuer>'
        f"<samlp:Status>{status}</samlp:Status>{inside}</samlp:Response>"
    )


def sign(
    xml: str | bytes,
    path: str = ".",
    *,
    by: Key | None = None,
    method: str = "RSA_SHA256",
    digest: str = "SHA256",
    c14n: str = "EXCL_C14N",
    uri: str | None = None,
    id_attribute: str = "ID",
    inside: str | None = None,
    secret: bytes | None = None,
    canonical: str = "EXCL_C14N",
    also: str | None = None,
) -> bytes:
    """Signs the element at `path` after its Issuer (or within `inside`), with everything a test may want otherwise."""
    root = etree.fromstring(xml)
    element = root.xpath(path, namespaces=NS)[0]
    known = getattr(xmlsec.Transform, method, xmlsec.Transform.RSA_SHA256)
    signature = xmlsec.template.create(element, getattr(xmlsec.Transform, canonical), known, ns="ds")
    if method.startswith("http"):  # a method that xmlsec knows and its Python module has no name for
        signature.find(".//ds:SignatureMethod", NS).set("Algorithm", method)
    issuer = element.find("saml:Issuer", NS)
    if inside is not None:
        element.find(inside).append(signature)
    elif issuer is not None:
        issuer.addnext(signature)
    else:
        element.insert(0, signature)
    target = f"#{element.get(id_attribute)}" if uri is None else uri
    reference = xmlsec.template.add_reference(signature, getattr(xmlsec.Transform, digest), uri=target)
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, getattr(xmlsec.Transform, c14n))
    if also is not None:
        second = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri=also)
        xmlsec.template.add_transform(second, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(second, xmlsec.Transform.EXCL_C14N)
    xmlsec.tree.add_ids(root, [id_attribute])
    context = xmlsec.SignatureContext()
    if secret is not None:
        context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, secret)
    else:
        by = by or key("idp")
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        context.key = xmlsec.Key.from_memory(by.pem, xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_memory(by.certificate.pem, xmlsec.KeyFormat.CERT_PEM)
    context.sign(signature)
    return etree.tostring(root)


def signed_assertion(said: Said | None = None, **how: object) -> bytes:
    """A response whose assertion is signed and whose envelope is not."""
    said = said or Said()
    return sign(response(said, assertion(said)), "saml:Assertion", **how)  # type: ignore[arg-type]


def signed_response(said: Said | None = None, **how: object) -> bytes:
    said = said or Said()
    return sign(response(said, assertion(said)), **how)  # type: ignore[arg-type]


def encrypt(
    xml: bytes, to: Key, *, block: str = "AES256_GCM", wrap: str = "RSA_OAEP", whole: bool = True, sibling: bool = False
) -> bytes:
    """Puts the assertion of a response into an EncryptedAssertion. `whole` keeps its namespaces in it."""
    root = etree.fromstring(xml)
    plain = root.find("saml:Assertion", NS)
    holder = etree.Element(f"{{{NS['saml']}}}EncryptedAssertion", nsmap={"saml": NS["saml"]})
    root.replace(plain, holder)
    template = xmlsec.template.encrypted_data_create(
        holder, getattr(xmlsec.Transform, block), type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    wrapped = xmlsec.template.add_encrypted_key(info, getattr(xmlsec.Transform, wrap))
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(to.certificate.pem, xmlsec.KeyFormat.CERT_PEM))
    context = xmlsec.EncryptionContext(manager)
    kind, bits = (xmlsec.KeyData.DES, 192) if block == "DES3" else (xmlsec.KeyData.AES, int(block[3:6]))
    context.key = xmlsec.Key.generate(kind, bits, xmlsec.KeyDataType.SESSION)
    text = etree.tostring(plain, with_tail=False)
    if not whole:
        text = text.replace(f' xmlns:saml="{NS["saml"]}"'.encode(), b"", 1)
    data = context.encrypt_binary(template, text)
    holder.append(data)
    if not sibling:
        return etree.tostring(root)
    root = etree.fromstring(etree.tostring(root))
    info = root.find(".//xenc:EncryptedData/ds:KeyInfo", NS)
    root.find("saml:EncryptedAssertion", NS).append(info.find("xenc:EncryptedKey", NS))
    info.getparent().remove(info)
    return etree.tostring(root)


def metadata(
    *keys: Key,
    entity_id: str = IDP,
    valid_until: datetime | None = None,
    sso: str = SSO,
    slo: str | None = SLO,
    soap: bool = False,
    bindings: tuple[str, ...] = ("HTTP-Redirect", "HTTP-POST"),
) -> bytes:
    certificates = "".join(
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{one.certificate.base64}'
        f"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for one in keys or (key("idp"),)
    )
    ends = f' validUntil="{stamp(valid_until)}"' if valid_until else ""
    prefix = "urn:oasis:names:tc:SAML:2.0:bindings:"
    logout = [*bindings, "SOAP"] if soap else list(bindings)
    services = "".join(f'<md:SingleLogoutService Binding="{prefix}{one}" Location="{slo}"/>' for one in logout if slo)
    services += "".join(f'<md:SingleSignOnService Binding="{prefix}{one}" Location="{sso}"/>' for one in bindings)
    return (
        f'<md:EntityDescriptor xmlns:md="{NS["md"]}" xmlns:ds="{NS["ds"]}" entityID="{entity_id}"{ends}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{NS["samlp"]}">{certificates}{services}'
        f"</md:IDPSSODescriptor></md:EntityDescriptor>"
    ).encode()


def surroundings(folder: Path, *ours: Key, live: bool = False, address: str = ADDRESS) -> EidSurroundings:
    """A town's folder with `ours` as own-0.pem, own-1.pem and the secrets own-0, own-1."""
    secrets = {}
    for number, one in enumerate(ours or (key("sp"),)):
        (folder / f"own-{number}.pem").write_text(one.certificate.pem)
        secrets[f"own-{number}"] = SecretStr(private_pem(one.private))

    def secret(name: str) -> SecretStr:
        try:
            return secrets[name]
        except KeyError:
            raise ConfigurationError(f"the secret {name!r} is nowhere") from None

    return EidSurroundings("pregrada", "eid", address, folder, ZoneInfo("Europe/Zagreb"), live, secret)


def settings(folder: Path, *, ours: int = 1, idp: bytes | None = None, **more: object) -> dict[str, object]:
    (folder / "idp.xml").write_bytes(idp if idp is not None else metadata())
    keys = [{"certificate": f"own-{number}.pem", "key": {"secret": f"own-{number}"}} for number in range(ours)]
    return {"metadata": "idp.xml", "keys": keys, **more}


def posted(xml: bytes, *, endpoint: str = "acs", field: str = "SAMLResponse", relay: str | None = None) -> Answer:
    form = {field: base64.b64encode(xml).decode()} | ({"RelayState": relay} if relay else {})
    return Answer(endpoint, "POST", f"{ADDRESS}/{endpoint}", {}, form)


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def redirected(
    xml: bytes,
    field: str,
    *,
    relay: str | None = None,
    by: Key | None = None,
    algorithm: str = SHA256,
    digest: Callable[[], hashes.HashAlgorithm] = hashes.SHA256,
    escape: Callable[[str], str] = lambda text: quote(text, safe=""),
    packed: bytes | None = None,
) -> Answer:
    """A message in a signed query. `packed` takes the place of its DEFLATE."""
    packed = base64.b64encode(deflate(xml) if packed is None else packed).decode()
    pairs = [(field, packed), *([("RelayState", relay)] if relay else []), ("SigAlg", algorithm)]
    query = "&".join(f"{name}={escape(value)}" for name, value in pairs)
    signature = (by or key("idp")).private.sign(query.encode(), padding.PKCS1v15(), digest())
    value = base64.b64encode(signature).decode()
    decoded = dict(pairs) | {"Signature": value}
    return Answer("slo", "GET", f"{ADDRESS}/slo?{query}&Signature={escape(value)}", decoded, {})


def logout_request(
    *,
    message_id: str = "_logout-1",
    at: datetime = NOW,
    end: datetime | None = None,
    issuer: str = IDP,
    destination: str | None = f"{ADDRESS}/slo",
    name_id: str = "ES/CZ/4711",
    sessions: tuple[str, ...] = ("session-1",),
) -> bytes:
    ends = f' NotOnOrAfter="{stamp(end)}"' if end else ""
    where = f' Destination="{destination}"' if destination else ""
    return (
        f'<samlp:LogoutRequest xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="{message_id}" Version="2.0" '
        f'IssueInstant="{stamp(at)}"{ends}{where}><saml:Issuer>{issuer}</saml:Issuer>'
        f"<saml:NameID>{name_id}</saml:NameID>"
        + "".join(f"<samlp:SessionIndex>{one}</samlp:SessionIndex>" for one in sessions)
        + "</samlp:LogoutRequest>"
    ).encode()


def logout_response(
    in_response_to: str, *, at: datetime = NOW, code: str = "Success", inner: str = "", issuer: str = IDP
) -> bytes:
    prefix = "urn:oasis:names:tc:SAML:2.0:status:"
    nested = f'<samlp:StatusCode Value="{prefix}{inner}"/>' if inner else ""
    return (
        f'<samlp:LogoutResponse xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="_done-1" Version="2.0" '
        f'IssueInstant="{stamp(at)}" InResponseTo="{in_response_to}" Destination="{ADDRESS}/slo">'
        f"<saml:Issuer>{issuer}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{prefix}{code}">{nested}</samlp:StatusCode></samlp:Status>'
        f"</samlp:LogoutResponse>"
    ).encode()


def pem(private: rsa.RSAPrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def changed(said: Said | None = None, **how: object) -> Said:
    return replace(said or Said(), **how)  # type: ignore[arg-type]


def encrypt_text(before: bytes, inside: bytes, after: bytes, to: Key) -> bytes:
    """`inside` as the plain text of an EncryptedAssertion, whatever it is: AES-256-GCM and RSA-OAEP."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    session, nonce = b"k" * 32, b"n" * 12
    data = base64.b64encode(nonce + AESGCM(session).encrypt(nonce, inside, None)).decode()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    wrapped = base64.b64encode(to.private.public_key().encrypt(session, oaep)).decode()
    holder = (
        f'<saml:EncryptedAssertion xmlns:saml="{NS["saml"]}"><xenc:EncryptedData xmlns:xenc="{NS["xenc"]}" '
        'Type="http://www.w3.org/2001/04/xmlenc#Element">'
        '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>'
        f'<ds:KeyInfo xmlns:ds="{NS["ds"]}"><xenc:EncryptedKey>'
        '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>'
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
        f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData></saml:EncryptedAssertion>"
    )
    return before + holder.encode() + after
