"""What ČSOB is told of an order, and how our order is found again in what comes back.

Lengths and values: csob/paymentgateway, wiki "Basic methods" (payment/init) and "Purchase metadata".
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from hub.kernel.money import Money
from hub.ports.payment_gateway import Order, Payer

CURRENCIES = frozenset({"CZK", "EUR", "USD", "GBP", "HUF", "PLN", "RON", "NOK", "SEK"})
"""All of them have two decimals, and amounts are hundredths."""

_LANGUAGES = frozenset(
    {*("cs", "en", "de", "fr", "hu", "it", "ja", "pl", "pt", "ro", "ru", "sk", "es", "tr", "vi", "hr", "sl", "sv")}
)
_SHORTEST, _LONGEST = 300, 1800
"""Seconds a page lives (ttlSec): the bank takes no other."""

_OURS = re.compile(r"([1-9][0-9]{9})\|([0-9]{1,15})\|([A-Z]{3})\Z")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_TWO_DIGITS = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
"""Country codes of two digits (ITU-T E.164 Annex D); 1 and 7 have one, all others three."""


@dataclass(frozen=True, slots=True)
class OurOrder:
    """What we wrote into merchantData; the bank signs it when the browser comes back."""

    number: str
    amount: Money


def merchant_data(order: Order) -> str:
    return base64.b64encode(f"{order.number}|{order.amount.minor}|{order.amount.currency}".encode()).decode()


def our_order(data: str) -> OurOrder | None:
    """What `merchant_data` wrote; None for anything else."""
    try:
        found = _OURS.match(base64.b64decode(data, validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        return None
    return OurOrder(found[1], Money(int(found[2]), found[3])) if found else None


def init(
    order: Order, *, return_url: str, return_method: str, close_at_once: bool, with_customer: bool
) -> dict[str, Any]:
    """The body of payment/init but for merchantId, dttm and signature."""
    title = " ".join(order.title.replace("|", " ").split()) or order.number
    item: dict[str, Any] = {"name": title[:20].strip(), "quantity": 1, "amount": order.amount.minor}
    if len(title) > 20:
        item["description"] = title[:40].strip()
    lives = round((order.expires_at - order.now).total_seconds())
    body: dict[str, Any] = {
        "orderNo": order.number,
        "payOperation": "payment",
        "payMethod": "card",
        "totalAmount": order.amount.minor,
        "currency": order.amount.currency,
        "closePayment": close_at_once,
        "returnUrl": return_url,
        "returnMethod": return_method,
        "cart": [item],
    }
    if with_customer and (customer := _customer(order.payer)):
        body["customer"] = customer
    body["merchantData"] = merchant_data(order)
    body["language"] = order.language if order.language in _LANGUAGES else "en"
    body["ttlSec"] = min(max(lives, _SHORTEST), _LONGEST)
    return body


def _customer(payer: Payer) -> dict[str, Any]:
    """Only what is known; name 45 characters, e-mail 100, a phone as `+420.800300300`."""
    said = {"name": payer.name.strip()[:45].strip()}
    if len(payer.email) <= 100 and "@" in payer.email:
        said["email"] = payer.email
    said["mobilePhone"] = _phone(payer.phone)
    return {name: value for name, value in said.items() if value}


def _phone(phone: str) -> str:
    digits = re.sub(r"[ ()/.-]", "", phone)
    if not _E164.match(digits):
        return ""
    country = 1 if digits[1] in "17" else 2 if _TWO_DIGITS.match(digits, 1) else 3
    return f"{digits[: country + 1]}.{digits[country + 1 :]}"
