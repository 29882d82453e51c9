"""A SOAP service that signs and encrypts: by hand, from the standards, without any of our code.

signed(envelope("<d:Pong>yes</d:Pong>"), key("registry"))
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree

from tests.support.saml_idp import Key

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENV = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = f"{DS}rsa-sha1"
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
SHA256, SHA1 = f"{XENC}sha256", f"{DS}sha1"
AES_GCM, AES_CBC = "http://www.w3.org/2009/xmlenc11#aes128-gcm", f"{XENC}aes128-cbc"


def stamp(created: datetime = NOW, lifetime: timedelta = timedelta(minutes=5)) -> str:
    begin, end = (moment.isoformat().replace("+00:00", "Z") for moment in (created, created + lifetime))
    return (
        f'<wsu:Timestamp wsu:Id="ts"><wsu:Created>{begin}</wsu:Created><wsu:Expires>{end}</wsu:Expires></wsu:Timestamp>'
    )


def envelope(body: str, *, header: str = "", timestamp: str | None = None, body_id: str = "body") -> bytes:
    timestamp = stamp() if timestamp is None else timestamp
    return (
        f'<s:Envelope xmlns:s="{ENV}" xmlns:d="urn:example:dogs:1" xmlns:wsu="{WSU}" xmlns:wsse="{WSSE}">'
        f'<s:Header>{header}<wsse:Security s:mustUnderstand="1">{timestamp}</wsse:Security></s:Header>'
        f'<s:Body wsu:Id="{body_id}">{body}</s:Body></s:Envelope>'
    ).encode()


def signed(
    message: bytes,
    key: Key,
    *,
    ids: Sequence[str] = ("ts", "body"),
    method: str = RSA_SHA256,
    digest: str = SHA256,
    transform: str = EXC,
    canonical: str = EXC,
    prefixes: str = "",
    key_info: str = "",
    inside: str = "",
    spoil: bytes = b"",
) -> bytes:
    """`message` with a signature over the elements whose wsu:Id is in `ids`."""
    root = etree.fromstring(message)
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>' if prefixes else ""
    references = ""
    for name in ids:
        (element,) = [one for one in root.iter() if one.get(f"{{{WSU}}}Id") == name]
        value = hashlib.new("sha1" if digest == SHA1 else "sha256", canonicalised(element, transform, prefixes) + spoil)
        references += (
            f'<ds:Reference URI="#{name}"><ds:Transforms><ds:Transform Algorithm="{transform}">{listed}</ds:Transform>'
            f'</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/>'
            f"<ds:DigestValue>{base64.b64encode(value.digest()).decode()}</ds:DigestValue></ds:Reference>"
        )
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/>{references}</ds:SignedInfo>'
        f"<ds:SignatureValue/>{key_info}{inside}</ds:Signature>"
    )
    security = root.find(f".//{{{WSSE}}}Security")
    security.append(signature)
    octets = canonicalised(signature[0], canonical)
    signature[1].text = base64.b64encode(_value(octets, key, method)).decode()
    return etree.tostring(root)


def _value(octets: bytes, key: Key, method: str) -> bytes:
    if method == HMAC_SHA256:  # keyed with what everybody knows: the public certificate
        return hmac.digest(key.certificate.pem.encode(), octets, "sha256")
    algorithm = hashes.SHA1() if method == RSA_SHA1 else hashes.SHA256()
    return key.private.sign(octets, padding.PKCS1v15(), algorithm)


def canonicalised(element: etree._Element, algorithm: str, prefixes: str = "") -> bytes:
    return etree.tostring(
        element,
        method="c14n",
        exclusive=algorithm != INCLUSIVE,
        with_comments=False,
        inclusive_ns_prefixes=prefixes.split() or None,
        with_tail=False,
    )


def sealed(
    content: bytes, to: Key, *, cipher: str = AES_GCM, rsa_1_5: bool = False, name: str = "ed-1"
) -> tuple[str, str]:
    """EncryptedData for the Body, and EncryptedKey for the Security header."""
    session, nonce = os.urandom(16), os.urandom(12 if cipher == AES_GCM else 16)
    if cipher == AES_GCM:
        sealed_ = nonce + AESGCM(session).encrypt(nonce, content, None)
    else:
        pad = 16 - len(content) % 16
        encryptor = Cipher(AES(session), CBC(nonce)).encryptor()
        sealed_ = nonce + encryptor.update(content + bytes(pad - 1) + bytes([pad])) + encryptor.finalize()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    wrapped = to.private.public_key().encrypt(session, padding.PKCS1v15() if rsa_1_5 else oaep)
    how = f"{XENC}{'rsa-1_5' if rsa_1_5 else 'rsa-oaep-mgf1p'}"
    data = (
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="{name}" Type="{XENC}Content">'
        f'<xenc:EncryptionMethod Algorithm="{cipher}"/><xenc:CipherData><xenc:CipherValue>'
        f"{base64.b64encode(sealed_).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
    )
    key = (
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}"><xenc:EncryptionMethod Algorithm="{how}"/><xenc:CipherData>'
        f"<xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData>"
        f'<xenc:ReferenceList><xenc:DataReference URI="#{name}"/></xenc:ReferenceList></xenc:EncryptedKey>'
    )
    return data, key
