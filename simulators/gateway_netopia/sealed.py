"""The envelope and the XML of version 1 as mobilPay reads and writes them (openssl_open, openssl_seal)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from lxml import etree

from simulators.kit.keys import certificate, credential, public_key

ZONE = ZoneInfo("Europe/Bucharest")


def opened(form: Mapping[str, str]) -> etree._Element:
    """The order in the three or four fields of a browser's form. Raises ValueError."""
    try:
        sealed, data, iv = (base64.b64decode(form.get(name, ""), validate=True) for name in ("env_key", "data", "iv"))
        key = _own_key().decrypt(sealed, PKCS1v15())
        text = _rc4(key, data) if form.get("cipher", "rc4") == "rc4" else _unpadded(key, iv, data)
        return etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from None


def sealed(document: bytes, cipher: str, *, to: str = "netopia-pos") -> dict[str, str]:
    """The fields of a notification; `to` names the certificate in simulators/keys."""
    iv = b""
    if cipher == "rc4":
        key = secrets.token_bytes(16)
        data = _rc4(key, document)
    else:
        key, iv = secrets.token_bytes(32), secrets.token_bytes(16)
        padder, encryptor = PKCS7(128).padder(), Cipher(AES(key), CBC(iv)).encryptor()
        data = encryptor.update(padder.update(document) + padder.finalize()) + encryptor.finalize()
    env_key = public_key(certificate(to)).encrypt(key, PKCS1v15())
    written = [base64.b64encode(value).decode() for value in (env_key, data, iv)]
    return {"env_key": written[0], "data": written[1], "cipher": cipher, "iv": written[2]}


def text(order: etree._Element, path: str) -> str:
    """A text as the merchant meant it: mobilPay's library URL-encodes."""
    return unquote_plus((order.findtext(path) or "").strip())


def notification(
    order: etree._Element,
    *,
    action: str,
    code: str,
    message: str,
    processed: str,
    purchase: str,
    pan: str,
    at: datetime,
) -> tuple[bytes, str]:
    """The order as it came with `mobilpay` added, and its crc."""
    root = etree.fromstring(etree.tostring(order))
    for old in root.findall("mobilpay"):
        root.remove(old)
    crc = secrets.token_hex(16)
    told = etree.SubElement(root, "mobilpay", timestamp=at.astimezone(ZONE).strftime("%Y%m%d%H%M%S"), crc=crc)
    invoice = order.find("invoice")
    amount = invoice.get("amount", "") if invoice is not None else ""
    fields = {
        "action": action,
        "purchase": purchase,
        "original_amount": amount,
        "processed_amount": processed,
        "pan_masked": pan,
        "rrn": purchase.zfill(12),
    }
    for name, value in fields.items():
        etree.SubElement(told, name).text = value
    error = etree.SubElement(told, "error", code=code)
    error.text = etree.CDATA(message)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8"), crc


@cache
def _own_key() -> RSAPrivateKey:
    """To read a key takes longer than to use it."""
    return credential("netopia").private


def _rc4(key: bytes, data: bytes) -> bytes:
    context = Cipher(ARC4(key), mode=None).encryptor()
    return context.update(data) + context.finalize()


def _unpadded(key: bytes, iv: bytes, data: bytes) -> bytes:
    decryptor, unpadder = Cipher(AES(key), CBC(iv)).decryptor(), PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
