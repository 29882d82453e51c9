"""The orders of the simulated Monri and what may be done with them.

An order is known from its first transaction on. Authorisations are captured or voided, purchases voided or refunded;
what was refunded is not voided any more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_MESSAGES = {
    "0000": "approved",
    "1001": "card expired",
    "1016": "not sufficient funds",
    "1019": "further activity prevents reversal",
    "1020": "further activity prevents void",
    "1050": "transaction declined",
    "1817": "usage limit reached",
    "4003": "3D secure error - not authenticated",
    "5000": "request in progress",
    "5016": "RISK: Total sum on amount",
}
CODES = {"": "1050", "funds": "1016", "expired": "1001", "limit": "1817", "fraud": "5016", "authentication": "4003"}
"""Why a card is declined → response code."""

_ORDERED = frozenset({"purchase", "authorize"})
_CAPTURE_WITHIN = timedelta(days=28)


@dataclass(slots=True)
class Order:
    """`form` is what the merchant's page posted."""

    number: str
    amount: int
    currency: str
    key: str
    form: Mapping[str, str]
    transactions: list[dict[str, Any]] = field(default_factory=list)

    def approved(self, *kinds: str) -> list[dict[str, Any]]:
        return [one for one in self.transactions if one["status"] == "approved" and one["transaction_type"] in kinds]

    @property
    def reserved(self) -> bool:
        return bool(self.approved("authorize")) and not self.approved("capture", "void")

    @property
    def left(self) -> int:
        """What was taken and not given back."""
        if self.approved("void"):
            return 0
        taken = sum(one["amount"] for one in self.approved("purchase", "capture"))
        return int(taken - sum(one["amount"] for one in self.approved("refund")))

    @property
    def shown(self) -> dict[str, Any]:
        """What `/orders/show` tells: a change that was declined is none."""
        told = [one for one in self.transactions if one["status"] == "approved" or one["transaction_type"] in _ORDERED]
        return told[-1]

    @property
    def over(self) -> bool:
        return bool(self.approved("purchase", "authorize"))


class Orders:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._ids = itertools.count(186_562)
        self.opened: dict[str, Order] = {}

    def find(self, number: str) -> Order | None:
        """Only those with a transaction: an open form is no order yet."""
        order = self.opened.get(number)
        return order if order is not None and order.transactions else None

    def transact(self, order: Order, kind: str, code: str, amount: int, *, pan: str = "") -> dict[str, Any]:
        """One more transaction of `order`, approved where `code` is 0000."""
        number = next(self._ids)
        approved = code == "0000"
        transaction: dict[str, Any] = {
            "id": number,
            "acquirer": "integration_acq",
            "order_number": order.number,
            "order_info": order.form.get("order_info", ""),
            "amount": amount,
            "currency": order.currency,
            "ch_full_name": order.form.get("ch_full_name", ""),
            "outgoing_amount": amount,
            "outgoing_currency": order.currency,
            "approval_code": f"{number % 1_000_000:06}" if approved else None,
            "response_code": code,
            "response_message": _MESSAGES.get(code, "declined"),
            "reference_number": f"{number:012}",
            "systan": f"{number % 1_000_000:06}",
            "eci": "05",
            "xid": None,
            "acsv": None,
            "cc_type": "visa",
            "status": "approved" if approved else "declined",
            "created_at": self._clock().isoformat(timespec="milliseconds"),
            "transaction_type": kind,
            "enrollment": "Y",
            "authentication": "N" if code == "4003" else "Y",
            "pan_token": None,
            "masked_pan": f"{pan[:6]}-xxx-xxx-{pan[-4:]}" if pan else None,
            "issuer": "simulated",
            "number_of_installments": None,
            "language": order.form.get("language", "en"),
            "custom_params": "{}",
        }
        order.transactions.append(transaction)
        return transaction

    def settle(self, order: Order, *, approve: bool) -> dict[str, Any]:
        """What was in progress comes to an end."""
        waiting = order.transactions.pop()
        code = "0000" if approve else "1050"
        return self.transact(order, waiting["transaction_type"], code, waiting["amount"])

    def change(self, order: Order, verb: str, amount: int) -> dict[str, Any]:
        """capture, refund or void, declined where the order's state does not allow it."""
        code = "0000"
        if verb == "capture":
            reserved = order.approved("authorize")
            late = bool(reserved) and self._age(reserved[-1]) > _CAPTURE_WITHIN
            if not order.reserved or late or amount > reserved[-1]["amount"]:
                code = "1050"
        elif verb == "refund":
            if not 0 < amount <= order.left:
                code = "1019"
        elif order.approved("refund") or not (order.reserved or order.left == amount):
            code = "1020"
        return self.transact(order, verb, code, amount)

    def _age(self, transaction: Mapping[str, Any]) -> timedelta:
        return self._clock() - datetime.fromisoformat(transaction["created_at"])
