"""What ČSOB says of a payment, in our words: `paymentStatus` 1 to 10 and `resultCode`.

Source: csob/paymentgateway, wiki "Payment lifecycle" and "Basic methods", CHANGELOG (codes 200 and 750 are of 1.9).
What becomes of an expired payment (6, not 3) is the bank's answer of 2026-02-20 in csob/platebnibrana issue 89; that a
payment refunded in part is 10 as well is its answer in csob/paymentgateway issue 127.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.ports.payment_gateway import Outcome

CREATED, IN_PROGRESS, CANCELLED, CONFIRMED, REVOKED = 1, 2, 3, 4, 5
REJECTED, AWAITING_SETTLEMENT, CHARGED, REFUND_PROCESSING, REFUNDED = 6, 7, 8, 9, 10

STATUSES: Mapping[int, tuple[str, Outcome]] = {
    CREATED: ("created", Outcome.OPEN),
    IN_PROGRESS: ("in progress", Outcome.PENDING),
    CANCELLED: ("cancelled", Outcome.CANCELLED),
    CONFIRMED: ("confirmed", Outcome.CAPTURED),
    REVOKED: ("revoked", Outcome.REVERSED),
    REJECTED: ("rejected", Outcome.DECLINED),
    AWAITING_SETTLEMENT: ("awaiting settlement", Outcome.CAPTURED),
    CHARGED: ("charged", Outcome.CAPTURED),
    # The money is still the merchant's; it takes seconds until it is not.
    REFUND_PROCESSING: ("refund processing", Outcome.CAPTURED),
    REFUNDED: ("refunded", Outcome.REFUNDED),
}
"""Name and outcome of each paymentStatus. Which of 4, 7 and 8 already are money says `captured_from`."""


class Meaning(StrEnum):
    """What a resultCode says of the call. `BROKEN`: a failure over there, after which nothing is known."""

    DONE = "done"
    EXPIRED = "expired"
    NO_SUCH_PAYMENT = "no such payment"
    WRONG_STATE = "wrong state"
    REFUSED = "refused"
    BROKEN = "broken"


RESULTS: Mapping[int, tuple[str, Meaning]] = {
    0: ("OK", Meaning.DONE),
    100: ("missing parameter", Meaning.REFUSED),
    110: ("invalid parameter", Meaning.REFUSED),
    120: ("merchant blocked", Meaning.REFUSED),
    130: ("session expired", Meaning.EXPIRED),
    140: ("payment not found", Meaning.NO_SUCH_PAYMENT),
    150: ("payment not in valid state", Meaning.WRONG_STATE),
    160: ("payment method disabled", Meaning.REFUSED),
    170: ("payment method unavailable", Meaning.REFUSED),
    180: ("operation not allowed", Meaning.REFUSED),
    190: ("payment method error", Meaning.REFUSED),
    200: ("duplicate purchaseId", Meaning.REFUSED),
    500: ("EET rejected", Meaning.REFUSED),
    600: ("mallpay payment declined in precheck", Meaning.REFUSED),
    700: ("oneclick template not found", Meaning.REFUSED),
    710: ("oneclick template expired", Meaning.REFUSED),
    720: ("oneclick template card expired", Meaning.REFUSED),
    730: ("oneclick template customer rejected", Meaning.REFUSED),
    740: ("oneclick template payment reversed", Meaning.REFUSED),
    750: ("cardholder account closed", Meaning.REFUSED),
    800: ("customer not found", Meaning.REFUSED),
    810: ("customer found, no saved card", Meaning.REFUSED),
    820: ("customer found, saved cards", Meaning.REFUSED),
    900: ("internal error", Meaning.BROKEN),
    999: ("general error", Meaning.BROKEN),
}


@dataclass(frozen=True, slots=True)
class Said:
    """`status` None: not told."""

    result: int
    status: int | None

    @property
    def meaning(self) -> Meaning:
        """An unknown code is no reason to believe that nothing happened."""
        return RESULTS.get(self.result, ("", Meaning.BROKEN))[1]

    @property
    def word(self) -> str:
        """`7 awaiting settlement`; with a resultCode other than 0 `130 session expired, 6 rejected`."""
        parts = []
        if self.result:
            parts.append(f"{self.result} {RESULTS.get(self.result, ('unpublished code',))[0]}")
        if self.status is not None:
            parts.append(f"{self.status} {STATUSES.get(self.status, ('unpublished state',))[0]}")
        return ", ".join(parts) or "no state"

    def outcome(self, captured_from: int) -> Outcome:
        """Of a payment the gateway speaks about; `captured_from` is 4, 7 or 8.

        A session that expired brings no money whatever the state beside it, but for those that already are money.
        """
        if self.meaning is Meaning.NO_SUCH_PAYMENT:
            return Outcome.NOT_FOUND
        if self.meaning in {Meaning.REFUSED, Meaning.BROKEN}:
            return Outcome.UNKNOWN
        known = STATUSES.get(self.status) if self.status is not None else None
        if self.meaning is Meaning.EXPIRED and self.status in {None, CREATED, IN_PROGRESS, CANCELLED, REJECTED}:
            return Outcome.EXPIRED
        if known is None:
            return Outcome.UNKNOWN
        if self.status in {CONFIRMED, AWAITING_SETTLEMENT} and self.status < captured_from:
            return Outcome.PENDING
        return known[1]


def said(message: Mapping[str, Any]) -> Said:
    """Raises ValueError where resultCode or paymentStatus is no number."""
    return Said(
        _number(message, "resultCode"), _number(message, "paymentStatus") if message.get("paymentStatus") else None
    )


def _number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"its {name} is not a number")
    return int(text)
