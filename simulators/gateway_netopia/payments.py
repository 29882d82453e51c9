"""The payments of the simulated NETOPIA, one for each order of a point of sale, whichever version it came by."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from lxml import etree

NEW, OPENED, PAID, CANCELED, CONFIRMED = 1, 2, 3, 4, 5
CREDIT, CHARGEBACK_INIT, CHARGEBACK_ACCEPT, DECLINED, PENDING_AUTH, THREE_D, REPRESENTED, EXPIRED = (
    8, 9, 10, 12, 14, 15, 16, 23,
)  # fmt: skip

ERRORS: Mapping[str, tuple[str, str]] = {
    "": ("35", "Transaction declined"),
    "funds": ("20", "Insufficient funds"),
    "expired": ("19", "Expired card"),
    "limit": ("34", "Transaction not permitted to cardholder"),
    "fraud": ("36", "Transaction rejected by antifraud filters"),
    "authentication": ("38", "Requires 3D Authentication"),
    "unknown card": ("17", "Invalid card number"),
}
"""Why a card is declined → error code and message."""


@dataclass(slots=True)
class Payment:
    """`ordered` is the `order` of version 2, `document` that of version 1."""

    ntp_id: str
    pos: str
    order_id: str
    amount: Decimal
    currency: str
    description: str
    notify_url: str
    redirect_url: str
    cipher: str = ""
    ordered: Mapping[str, Any] = field(default_factory=dict)
    document: etree._Element | None = None
    status: int = NEW
    error: tuple[str, str] = ("00", "Approved")
    credited: Decimal = Decimal(0)
    last_credit: Decimal = Decimal(0)
    pan: str = ""
    auth: str = ""

    @property
    def taken(self) -> bool:
        return self.status in {PAID, CONFIRMED, CREDIT}

    @property
    def open(self) -> bool:
        return self.status in {NEW, THREE_D}

    def approve(self, pan: str) -> None:
        self.status, self.error, self.pan, self.auth = PAID, ("00", "Approved"), pan, secrets.token_hex(2)

    def decline(self, why: str, pan: str) -> None:
        self.status, self.error, self.pan = DECLINED, ERRORS.get(why, ERRORS[""]), pan

    def credit(self, amount: Decimal) -> tuple[str, str]:
        """Error code and message; nothing is credited but with 00."""
        if not self.taken:
            return "53", "You can only CREDIT a confirmed order"
        if not 0 < amount <= self.amount - self.credited:
            return "54", "Credit amount is higher than auth amount"
        self.credited += amount
        self.last_credit = amount
        self.status = CREDIT
        return "00", "Approved"


class Payments:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._ids = itertools.count(3_022_507)
        self.by_order: dict[str, Payment] = {}

    def add(self, payment: Payment) -> Payment:
        self.by_order[payment.order_id] = payment
        return payment

    def next_id(self) -> str:
        return str(next(self._ids))

    def find(self, *, ntp_id: str = "", order_id: str = "") -> Payment | None:
        if ntp_id:
            return next((one for one in self.by_order.values() if one.ntp_id == ntp_id), None)
        return self.by_order.get(order_id)
