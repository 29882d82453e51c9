"""The envelope of version 1, as OpenSSL's EVP_Seal and PHP's openssl_seal make it.

A random key, encrypted by RSA with PKCS #1 v1.5 padding, and the text encrypted by that key: AES-256 in CBC, or RC4
with 16 bytes. It hides, and it proves nothing: whoever has the certificate can make one. Both algorithms are NETOPIA's
choice. What cannot be opened is refused in the same words whatever the cause, so that an answer of ours tells nothing
about a padding (RFC 8017 §7.2).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.payment_gateway.netopia.settings import Cipher as CipherName
from hub.ports.payment_gateway import Forged, Unreadable

_AES_KEY, _RC4_KEY, _BLOCK = 32, 16, 16
_LONGEST = 1_000_000


def seal(text: bytes, *, cipher: CipherName, to: rsa.RSAPublicKey) -> dict[str, str]:
    """The form fields `env_key`, `data`, `cipher`, `iv`; `iv` is empty for RC4."""
    if cipher == "rc4":
        key, iv = secrets.token_bytes(_RC4_KEY), b""
        data = _rc4(key, text)
    else:
        key, iv = secrets.token_bytes(_AES_KEY), secrets.token_bytes(_BLOCK)
        padder = PKCS7(_BLOCK * 8).padder()
        encryptor = Cipher(AES(key), CBC(iv)).encryptor()
        data = encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()
    sealed = to.encrypt(key, padding.PKCS1v15())
    fields = {"env_key": sealed, "data": data, "iv": iv}
    written = {name: base64.b64encode(value).decode() for name, value in fields.items()}
    return {"env_key": written["env_key"], "data": written["data"], "cipher": cipher, "iv": written["iv"]}


def unseal(form: Mapping[str, str], *, cipher: CipherName, key: rsa.RSAPrivateKey) -> bytes:
    """What the form fields hold. A form without `cipher` is RC4, as before the field was introduced.

    Raises Unreadable for what is no envelope, Forged for one that is not sealed to `key` or by another cipher.
    """
    if not form.get("env_key") or not form.get("data"):
        raise Unreadable("The message has no env_key and data.")
    if len(form["data"]) > _LONGEST:
        raise Unreadable("data is too long.")
    if (form.get("cipher") or "rc4").lower() != cipher:
        raise Forged(f"The message is not sealed by {cipher}, which the settings name.")
    try:
        sealed, data, iv = (base64.b64decode(form.get(name, ""), validate=True) for name in ("env_key", "data", "iv"))
    except (binascii.Error, ValueError):
        raise Unreadable("env_key, data or iv is not base64.") from None
    try:
        session = key.decrypt(sealed, padding.PKCS1v15())
        if cipher == "rc4":
            return _rc4(session, data)
        if len(session) != _AES_KEY:
            raise ValueError
        decryptor = Cipher(AES(session), CBC(iv)).decryptor()
        unpadder = PKCS7(_BLOCK * 8).unpadder()
        return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise Forged("The message is not sealed to our key.") from None


def _rc4(key: bytes, text: bytes) -> bytes:
    """The same both ways."""
    context = Cipher(ARC4(key), mode=None).encryptor()
    return context.update(text) + context.finalize()
