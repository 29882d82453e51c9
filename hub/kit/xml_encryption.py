"""Decrypts XML Encryption 1.1: AES in CBC or GCM, its key by RSA-OAEP.

RSA with PKCS#1 1.5 padding and Triple DES are refused (Jager, Schinzel, Somorovsky, “Bleichenbacher's Attack Strikes
Again”, 2012). Every failure after that has the same words, and nothing of what was decrypted may be shown before a
signature over it is verified, so that an answer of ours says nothing about a padding.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from xml.sax.saxutils import quoteattr

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree

from hub.kit.xml_algorithms import DS, SHA1, XENC, XENC11
from hub.kit.xml_signature import NotAccepted

_CBC = {f"{XENC}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
_GCM = {f"{XENC11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_OAEP = (f"{XENC}rsa-oaep-mgf1p", f"{XENC11}rsa-oaep")
# SHA-1 within OAEP hides nothing by its resistance to collisions, so it is no weakness here (RFC 8017 §B.1).
_DIGESTS: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    SHA1: hashes.SHA1,
    f"{XENC}sha256": hashes.SHA256,
    f"{DS.replace('2000/09/xmldsig', '2001/04/xmldsig-more')}sha384": hashes.SHA384,
    f"{XENC}sha512": hashes.SHA512,
}
_MGF: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    f"{XENC11}mgf1sha1": hashes.SHA1,
    f"{XENC11}mgf1sha256": hashes.SHA256,
    f"{XENC11}mgf1sha384": hashes.SHA384,
    f"{XENC11}mgf1sha512": hashes.SHA512,
}
_MOST_KEYS = 8
_XML_DECLARATION = re.compile(rb"\A\s*<\?xml[^>]{0,200}\?>")


def decrypt(
    data: etree._Element, wrapped: Sequence[etree._Element], keys: Sequence[rsa.RSAPrivateKey], *, what: str
) -> bytes:
    """What the EncryptedData `data` holds; its key is in one of the EncryptedKeys `wrapped`, for one of `keys`.

    `what` names it in errors. Raises NotAccepted.
    """
    block = _only(data, f"{{{XENC}}}EncryptionMethod", what).get("Algorithm", "")
    size = _CBC.get(block) or _GCM.get(block)
    if size is None:
        raise _weak(f"The {what} is encrypted with {_short(block)}; accepted are AES in CBC and GCM.")
    if not wrapped or len(wrapped) > _MOST_KEYS:
        raise NotAccepted(f"The encrypted {what} has {len(wrapped)} encrypted keys.", "malformed")
    if not keys:
        raise NotAccepted(f"The {what} is encrypted, and there is no key to decrypt it with.", "malformed")
    schemes = [(_padding(one, what), _cipher_value(one, what)) for one in wrapped]
    content = _cipher_value(data, what)
    for scheme, secret in schemes:
        for key in keys:
            plain = _attempt(key, scheme, secret, block, size, content)
            if plain is not None:
                return plain
    raise failed(what)


def failed(what: str) -> NotAccepted:
    return NotAccepted(f"The {what} cannot be decrypted with any of our keys.", "bad_signature")


def within(plain: bytes, place: etree._Element) -> bytes:
    """A document whose root holds the decrypted `plain`, in the namespaces of the `place` it was taken from.

    Some encryptors write an element without the namespaces of its ancestors (XML Encryption 1.1 §4.3.3). A DOCTYPE
    within an element is not well-formed.
    """
    body = _XML_DECLARATION.sub(b"", plain.removeprefix(b"\xef\xbb\xbf"))
    names = " ".join(f"xmlns{f':{prefix}' if prefix else ''}={quoteattr(uri)}" for prefix, uri in place.nsmap.items())
    return f"<munihub {names}>".encode() + body + b"</munihub>"


def _padding(wrapped: etree._Element, what: str) -> padding.OAEP:
    method = _only(wrapped, f"{{{XENC}}}EncryptionMethod", what)
    algorithm = method.get("Algorithm", "")
    if algorithm not in _OAEP:
        raise _weak(f"The {what}'s key is encrypted with {_short(algorithm)}; accepted is RSA-OAEP.")
    if method.find(f"{{{XENC}}}OAEPparams") is not None:
        raise _weak(f"The {what}'s key is encrypted with OAEP parameters, which are not accepted.")
    digests = [one.get("Algorithm") for one in method.iterfind(f"{{{DS}}}DigestMethod")] or [SHA1]
    # With rsa-oaep-mgf1p the mask is always of SHA-1 (XML Encryption 1.1 §5.5.2).
    masks = [one.get("Algorithm") for one in method.iterfind(f"{{{XENC11}}}MGF")] or [f"{XENC11}mgf1sha1"]
    digest, mask = _DIGESTS.get(digests[0] or ""), _MGF.get(masks[0] or "")
    if digest is None or mask is None:
        raise _weak(f"The {what}'s key is encrypted with a digest that is not accepted.")
    return padding.OAEP(mgf=padding.MGF1(mask()), algorithm=digest(), label=None)


def _cipher_value(element: etree._Element, what: str) -> bytes:
    value = _only(element, f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue", what)
    try:
        if len(value):
            raise ValueError
        return base64.b64decode("".join((value.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotAccepted("A CipherValue is not base64.", "malformed") from None


def _only(element: etree._Element, path: str, what: str) -> etree._Element:
    found = list(element.iterfind(path))
    if len(found) != 1:
        name = path.rpartition("}")[2]
        raise NotAccepted(f"The encrypted {what} has {len(found)} elements {name} in a place for one.", "malformed")
    return found[0]


def _attempt(
    key: rsa.RSAPrivateKey, scheme: padding.OAEP, secret: bytes, block: str, size: int, content: bytes
) -> bytes | None:
    try:
        session = key.decrypt(secret, scheme)
        if len(session) != size:
            return None
        return _gcm(session, content) if block in _GCM else _cbc(session, content)
    except (ValueError, InvalidTag):
        return None


def _gcm(key: bytes, content: bytes) -> bytes:
    """96 bits of nonce, ciphertext, 128 bits of tag (XML Encryption 1.1 §5.2.4)."""
    return AESGCM(key).decrypt(content[:12], content[12:], None)


def _cbc(key: bytes, content: bytes) -> bytes | None:
    """The last octet says how many to take away; the others of the padding are arbitrary (XML Encryption 1.1 §5.2)."""
    decryptor = Cipher(AES(key), CBC(content[:16])).decryptor()
    plain = decryptor.update(content[16:]) + decryptor.finalize()
    if not plain or not 1 <= plain[-1] <= 16:
        return None
    return plain[: -plain[-1]]


def _short(algorithm: str) -> str:
    return repr(algorithm.rpartition("#")[2][:40])


def _weak(detail: str) -> NotAccepted:
    return NotAccepted(detail, "weak_algorithm")
