"""The orders a sandbox has, and what may happen to each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_OVER = frozenset({"captured", "declined", "cancelled", "expired", "reversed", "refunded", "charged_back"})


class Refused(Exception):
    """What was asked is not done; `code` says why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(slots=True)
class Order:
    merchant: str
    id: str
    number: str
    amount: int
    currency: str
    title: str
    language: str
    return_url: str
    notify_url: str
    expires_at: datetime
    at: datetime
    state: str = "open"
    refunded: int = 0
    reason: str = ""
    approval: str = ""
    card: str = ""
    refunds: dict[str, int] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.state in _OVER

    @property
    def price(self) -> str:
        return f"{self.amount // 100},{self.amount % 100:02} {self.currency}"

    def said(self) -> dict[str, Any]:
        names = ("merchant", "id", "number", "state", "amount", "currency", "refunded", "reason", "approval", "card")
        return {name: getattr(self, name) for name in names} | {"at": self.at.isoformat()}


class Orders:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._orders: dict[tuple[str, str], Order] = {}
        self.messages = 0

    @property
    def all(self) -> Iterator[Order]:
        yield from self._orders.values()

    def create(self, merchant: str, asked: dict[str, Any]) -> Order:
        key = (merchant, str(asked["number"]))
        if key in self._orders:
            raise Refused(409, "number_used")
        if not isinstance(asked["amount"], int) or asked["amount"] <= 0:
            raise Refused(422, "amount")
        order = Order(
            merchant=merchant,
            id=secrets.token_hex(8),
            number=key[1],
            amount=asked["amount"],
            currency=str(asked["currency"]),
            title=str(asked["title"]),
            language=str(asked["language"]),
            return_url=str(asked["return_url"]),
            notify_url=str(asked["notify_url"]),
            expires_at=datetime.fromisoformat(asked["expires_at"]),
            at=self._clock(),
        )
        self._orders[key] = order
        return order

    def by_number(self, merchant: str, number: str) -> Order:
        order = self._orders.get((merchant, number))
        if order is None:
            raise Refused(404, "not_found")
        self._expire(order)
        return order

    def by_id(self, id_: str) -> Order | None:
        order = next((one for one in self._orders.values() if one.id == id_), None)
        if order is not None:
            self._expire(order)
        return order

    def changed(self, merchant: str, since: datetime, until: datetime) -> list[Order]:
        return [one for one in self._orders.values() if one.merchant == merchant and since <= one.at < until]

    def move(self, order: Order, state: str, *, card: str = "", reason: str = "", refunded: int | None = None) -> None:
        order.state, order.at = state, self._clock()
        order.card, order.reason = card or order.card, reason
        if state == "captured" and not order.approval:
            order.approval = secrets.token_hex(3).upper()
        if refunded is not None:
            order.refunded = refunded

    def refund(self, merchant: str, number: str, key: str, amount: int) -> tuple[str, str]:
        """State and why. What was done under a key is done once."""
        order = self.by_number(merchant, number)
        if key in order.refunds:
            return "done", "done before"
        if order.state not in {"captured", "refunded"}:
            return "refused", f"the order is {order.state}"
        if amount <= 0 or order.refunded + amount > order.amount:
            return "refused", "more than was captured"
        order.refunds[key] = amount
        self.move(order, "refunded", refunded=order.refunded + amount)
        return "done", ""

    def _expire(self, order: Order) -> None:
        if order.state == "open" and self._clock() >= order.expires_at:
            self.move(order, "expired")
