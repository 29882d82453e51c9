"""Decrypts an assertion (SAML 2.0 Core §6)."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from hub.kernel.errors import LoginRefused
from hub.kit import xml_encryption
from hub.kit.xml_signature import NotAccepted
from identity.saml.names import SAML
from identity.saml.reading import children, only, parse


def decrypt(encrypted: etree._Element, keys: Sequence[rsa.RSAPrivateKey]) -> etree._Element:
    """The one Assertion within an EncryptedAssertion, as a document of its own. Raises LoginRefused."""
    data = only(encrypted, "xenc:EncryptedData")
    # The key stands within the data or beside it (Core §2.3.4); a pointer to another place is not followed.
    wrapped = [*children(data, "ds:KeyInfo/xenc:EncryptedKey"), *children(encrypted, "xenc:EncryptedKey")]
    try:
        plain = xml_encryption.decrypt(data, wrapped, keys, what="assertion")
        return _assertion(xml_encryption.within(plain, encrypted))
    except NotAccepted as error:
        raise LoginRefused(error.detail, reason=error.reason) from None


def _assertion(document: bytes) -> etree._Element:
    try:
        around = parse(document, "decrypted assertion")
    except LoginRefused:
        raise xml_encryption.failed("assertion") from None
    inside = list(around)
    if len(inside) != 1 or inside[0].tag != f"{{{SAML}}}Assertion" or (around.text or "").strip():
        raise xml_encryption.failed("assertion")
    return parse(etree.tostring(inside[0], with_tail=False), "decrypted assertion")
