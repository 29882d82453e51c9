"""The payments of the simulated gateway: ten states, and what may be done in which.

Where the published texts and the bank's own answers differ, the answers are played: an expired payment is rejected (6)
and not cancelled, only a settled one (8) can be refunded, and one refunded in part is 10 as the whole one is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

CREATED, IN_PROGRESS, CANCELLED, CONFIRMED, REVERSED, REJECTED, AWAITING, CHARGED, REFUNDING, REFUNDED = range(1, 11)

MESSAGES: Mapping[int, str] = {
    0: "OK",
    100: "Missing parameter",
    110: "Invalid parameter",
    130: "Session expired",
    140: "Payment not found",
    150: "Payment not in valid state",
    900: "Internal error",
}
_CURRENCIES = frozenset({"CZK", "EUR", "USD", "GBP", "HUF", "PLN", "RON", "NOK", "SEK"})
_LANGUAGES = frozenset(
    {*("cs", "en", "de", "fr", "hu", "it", "ja", "pl", "pt", "ro", "ru", "sk", "es", "tr", "vi", "hr", "sl", "sv")}
)
_NEEDED = ("merchantId", "orderNo", "dttm", "totalAmount", "currency", "returnUrl", "returnMethod", "cart", "language")


class Refused(Exception):
    """Answered with this resultCode; `field` is the parameter that is missing or invalid."""

    def __init__(self, code: int, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = f"{MESSAGES[code]} {field}".strip()


@dataclass(slots=True)
class Payment:
    pay_id: str
    order: Mapping[str, Any]
    ends: datetime
    total: int
    status: int = CREATED
    auth_code: str | None = None
    detail: str | None = None
    refunded: int = 0
    refunding: bool = False

    @property
    def over(self) -> bool:
        return self.status not in {CREATED, IN_PROGRESS}

    @property
    def closes(self) -> bool:
        return bool(self.order.get("closePayment", True))

    def approve(self) -> None:
        self.status = AWAITING if self.closes else CONFIRMED
        self.auth_code = f"{secrets.randbelow(10**6):06}"


class Payments:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._by_id: dict[str, Payment] = {}

    def init(self, order: Mapping[str, Any]) -> Payment:
        _look_at(order)
        pay_id = f"{secrets.token_hex(6)}@SM"
        ends = self._clock() + timedelta(seconds=int(order.get("ttlSec", 1800)))
        payment = self._by_id[pay_id] = Payment(pay_id, order, ends, int(order["totalAmount"]))
        return payment

    def find(self, pay_id: Any) -> Payment:
        """As it is now: what nobody paid in time is rejected."""
        payment = self._by_id.get(str(pay_id))
        if payment is None:
            raise Refused(140)
        if not payment.over and self._clock() >= payment.ends:
            payment.status = REJECTED
        return payment

    def status(self, pay_id: Any) -> Payment:
        """A refund goes on a step each time it is looked at: 8, 9, 10."""
        payment = self.find(pay_id)
        if payment.refunding:
            payment.status = REFUNDING if payment.status == CHARGED else REFUNDED
            payment.refunding = payment.status == REFUNDING
        return payment

    def close(self, pay_id: Any, total: Any) -> Payment:
        payment = self.find(pay_id)
        if payment.status != CONFIRMED:
            raise Refused(150)
        if total is not None:
            if not isinstance(total, int) or not 0 < total <= payment.total:
                raise Refused(110, "totalAmount")
            payment.total = total
        payment.status = AWAITING
        return payment

    def reverse(self, pay_id: Any) -> Payment:
        payment = self.find(pay_id)
        if payment.status not in {CONFIRMED, AWAITING}:
            raise Refused(150)
        payment.status = REVERSED
        return payment

    def refund(self, pay_id: Any, amount: Any) -> Payment:
        payment = self.find(pay_id)
        if payment.status not in {CHARGED, REFUNDED}:
            raise Refused(150)
        left = payment.total - payment.refunded
        wanted = left if amount is None else amount
        if not isinstance(wanted, int) or not 0 < wanted <= left:
            raise Refused(110, "amount")
        payment.refunded += wanted
        payment.refunding = payment.status == CHARGED
        return payment

    def end_day(self) -> int:
        """Settles what waits for it; says how many payments that were."""
        waiting = [one for one in self._by_id.values() if one.status == AWAITING]
        for payment in waiting:
            payment.status = CHARGED
        return len(waiting)

    def listed(self) -> list[dict[str, Any]]:
        return [
            {
                "payId": one.pay_id,
                "orderNo": one.order["orderNo"],
                "totalAmount": one.total,
                "currency": one.order["currency"],
                "paymentStatus": one.status,
                "refunded": one.refunded,
            }
            for one in self._by_id.values()
        ]


def _look_at(order: Mapping[str, Any]) -> None:
    for name in _NEEDED:
        if order.get(name) in {None, ""} if not isinstance(order.get(name), list) else not order[name]:
            raise Refused(100, name)
    number, cart, url = order["orderNo"], order["cart"], order["returnUrl"]
    ttl, total = order.get("ttlSec", 1800), order["totalAmount"]
    wrong = {
        "orderNo": not (isinstance(number, str) and number.isascii() and number.isdigit() and len(number) <= 10),
        "totalAmount": not (isinstance(total, int) and total > 0),
        "currency": order["currency"] not in _CURRENCIES,
        "payOperation": order.get("payOperation", "payment") not in {"payment", "oneclickPayment", "customPayment"},
        "payMethod": order.get("payMethod", "card") not in {"card", "card#LVP"},
        "closePayment": not isinstance(order.get("closePayment", True), bool),
        "returnUrl": len(url) > 300 or not url.startswith(("http://", "https://")),
        "returnMethod": order["returnMethod"] not in {"POST", "GET"},
        "cart": not (isinstance(cart, list) and 1 <= len(cart) <= 2 and all(_is_item(item) for item in cart)),
        "merchantData": len(order.get("merchantData", "")) > 255,
        "language": order["language"] not in _LANGUAGES,
        "ttlSec": not (isinstance(ttl, int) and 300 <= ttl <= 1800),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise Refused(110, name)


def _is_item(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("name"), str)
        and 1 <= len(item["name"]) <= 20
        and len(item.get("description", "")) <= 40
        and isinstance(item.get("quantity"), int)
        and isinstance(item.get("amount"), int)
    )
