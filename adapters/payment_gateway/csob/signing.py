"""What is signed in eAPI 1.9, and how.

A signature is base64 of RSA PKCS #1 v1.5 with SHA-256 over a text: the values in their documented order, joined by `|`.
An absent value leaves no slot, what is nested stands in its place in an order of its own, the items of a list in the
order of the message, booleans are `true` and `false`.
Source: csob/paymentgateway, wiki "Request Signing and Response Signature Validation" and the order of fields in
examples/eApi v1.9 (toSign of each entity).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

Fields = Sequence["str | tuple[str, Fields]"]
"""Names in the order of the signed text; a pair is something nested, or a list of such, with its own order."""

_ALL: Fields = ("*",)
"""Every value of an object whose names nobody knows beforehand, in the order of the message."""

_ADDRESS: Fields = ("address1", "address2", "address3", "city", "zip", "state", "country")
_ACCOUNT: Fields = (
    *("createdAt", "changedAt", "changedPwdAt", "orderHistory", "paymentsDay"),
    *("paymentsYear", "oneclickAdds", "suspicious"),
)
_CUSTOMER: Fields = (
    *("name", "email", "homePhone", "workPhone", "mobilePhone"),
    ("account", _ACCOUNT),
    ("login", ("auth", "authAt", "authData")),
)
_ORDER: Fields = (
    *("type", "availability", "delivery", "deliveryMode", "deliveryEmail", "nameMatch", "addressMatch"),
    ("billing", _ADDRESS),
    ("shipping", _ADDRESS),
    *("shippingAddedAt", "reorder"),
    ("giftcards", ("totalAmount", "currency", "quantity")),
)
_ENDPOINT: Fields = ("url", "method", ("vars", _ALL))
_ACTIONS: Fields = (
    (
        "fingerprint",
        (("browserInit", _ENDPOINT), ("sdkInit", ("directoryServerID", "schemeId", "messageVersion"))),
    ),
    (
        "authenticate",
        (
            ("browserChallenge", _ENDPOINT),
            ("sdkChallenge", ("threeDSServerTransID", "acsReferenceNumber", "acsTransID", "acsSignedContent")),
        ),
    ),
)

ECHO: Fields = ("merchantId", "dttm")
INIT: Fields = (
    *("merchantId", "orderNo", "dttm", "payOperation", "payMethod", "totalAmount", "currency", "closePayment"),
    *("returnUrl", "returnMethod"),
    ("cart", ("name", "quantity", "amount", "description")),
    ("customer", _CUSTOMER),
    ("order", _ORDER),
    *("merchantData", "customerId", "language", "ttlSec", "logoVersion", "colorSchemeVersion", "customExpiry"),
)
PAYMENT: Fields = ("merchantId", "payId", "dttm")
"""payment/process, payment/status and payment/reverse."""
CLOSE: Fields = (*PAYMENT, "totalAmount")
REFUND: Fields = (*PAYMENT, "amount")

_RESULT: Fields = ("dttm", "resultCode", "resultMessage")
ECHO_ANSWER: Fields = _RESULT
INIT_ANSWER: Fields = ("payId", *_RESULT, "paymentStatus", "authCode", "customerCode", "statusDetail")
ANSWER: Fields = ("payId", *_RESULT, "paymentStatus", "authCode", "statusDetail", ("actions", _ACTIONS))
"""payment/status, /close, /reverse, /refund."""
RETURN: Fields = ("payId", *_RESULT, "paymentStatus", "authCode", "merchantData", "statusDetail")
"""What the browser brings to returnUrl."""

_SLOTS = frozenset({"description", "merchantData"})
"""Where `empty_slots` leaves a slot: so ondrakoupil/csob signs, contrary to the specification."""


def signed_text(message: Mapping[str, Any], fields: Fields, *, empty_slots: bool = False) -> str:
    """The text a signature of `message` is over. `empty_slots`: see the setting of that name."""
    return "|".join(_values(message, fields, empty_slots=empty_slots))


def sign(text: str, key: RSAPrivateKey) -> str:
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def made_by(signature: str, text: str, keys: Sequence[RSAPublicKey]) -> bool:
    """Whether one of `keys` made `signature` over `text`."""
    try:
        decoded = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    for key in keys:
        try:
            key.verify(decoded, text.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def signed_by(message: Mapping[str, Any], fields: Fields, keys: Sequence[RSAPublicKey]) -> bool:
    """Whether `message`, as it was received, is signed by one of `keys`.

    The specification does not say whether a value that is there and empty, such as the authCode of a payment that was
    not authorised, is a slot: both readings are accepted, and both are over every value that says something.
    """
    signature = message.get("signature")
    if not isinstance(signature, str) or not signature:
        return False
    said = {name: value for name, value in message.items() if value != ""}
    return any(made_by(signature, text, keys) for text in {signed_text(one, fields) for one in (message, said)})


def _values(message: Mapping[str, Any], fields: Fields, *, empty_slots: bool) -> Iterator[str]:
    if fields is _ALL:
        yield from (_written(value) for value in message.values() if value is not None)
        return
    for field in fields:
        name, nested = (field, None) if isinstance(field, str) else field
        value = message.get(name)
        if value is None:
            if empty_slots and name in _SLOTS:
                yield ""
        elif nested is None:
            yield _written(value)
        else:
            for one in value if isinstance(value, list) else [value]:
                # What should be an object and is none cannot be part of what was signed.
                yield from _values(one if isinstance(one, Mapping) else {}, nested, empty_slots=empty_slots)


def _written(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
