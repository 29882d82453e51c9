"""The messages of eAPI 1.9 as the gateway reads, signs and writes them.

The order of signed values is that of csob/paymentgateway, wiki "Basic methods".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.kit.keys import certificate, credential, public_key

ZONE = ZoneInfo("Europe/Prague")

MERCHANTS: Mapping[str, str] = {"M1VZOROV01": "vzorov-csob"}
"""merchantId → the certificate in simulators/keys whose key the merchant signs with."""


def _names(text: str) -> list[str]:
    return text.split()


_ADDRESS = _names("address1 address2 address3 city zip state country")
_ORDERS: Mapping[str, Sequence[str]] = {
    "init": _names(
        "merchantId orderNo dttm payOperation payMethod totalAmount currency closePayment returnUrl returnMethod cart "
        "customer order merchantData customerId language ttlSec logoVersion colorSchemeVersion customExpiry"
    ),
    "cart": _names("name quantity amount description"),
    "customer": _names("name email homePhone workPhone mobilePhone account login"),
    "account": _names("createdAt changedAt changedPwdAt orderHistory paymentsDay paymentsYear oneclickAdds suspicious"),
    "login": _names("auth authAt authData"),
    "order": _names(
        "type availability delivery deliveryMode deliveryEmail nameMatch addressMatch billing shipping "
        "shippingAddedAt reorder giftcards"
    ),
    "billing": _ADDRESS,
    "shipping": _ADDRESS,
    "giftcards": _names("totalAmount currency quantity"),
    "echo": _names("merchantId dttm"),
    "payment": _names("merchantId payId dttm"),
    "close": _names("merchantId payId dttm totalAmount"),
    "refund": _names("merchantId payId dttm amount"),
    "answer": _names(
        "payId dttm resultCode resultMessage paymentStatus authCode merchantData customerCode statusDetail"
    ),
}


def text_of(what: str, message: Mapping[str, Any]) -> str:
    return "|".join(_values(what, message))


def _values(what: str, message: Mapping[str, Any]) -> Iterator[str]:
    for name in _ORDERS[what]:
        value = message.get(name)
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, Mapping):
            yield from _values(name, value)
        elif isinstance(value, list):
            for item in value:
                yield from _values(name, item)
        elif value is not None:
            yield str(value)


def is_from_merchant(what: str, message: Mapping[str, Any]) -> bool:
    """Whether a merchant known here signed it."""
    name = MERCHANTS.get(str(message.get("merchantId")))
    if name is None:
        return False
    try:
        signature = base64.b64decode(str(message.get("signature")), validate=True)
        public_key(certificate(name)).verify(signature, text_of(what, message).encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, AttributeError, TypeError):
        return False
    return True


def signed(message: Mapping[str, Any], *, by: str = "csob") -> dict[str, Any]:
    """`message` without what it does not say, signed by the key of that name."""
    said = {name: value for name, value in message.items() if value is not None}
    signature = _private(by).sign(text_of("answer", said).encode(), PKCS1v15(), SHA256())
    return said | {"signature": base64.b64encode(signature).decode()}


@cache
def _private(name: str) -> RSAPrivateKey:
    """Reading one takes longer than a thousand signatures."""
    return credential(name).private


def stamp(now: datetime) -> str:
    return f"{now.astimezone(ZONE):%Y%m%d%H%M%S}"
