"""NETOPIA's words in ours: every status, action and error code it publishes.

Sources: netopiapayments/sdk-php lib/ipn.php and go-sdk ipn.go (statuses 1 to 23 with their comments);
doc.netopia-payments.com "Version 1.x" (actions, error codes) and "Errors & Statuses" of version 2.
"""

from __future__ import annotations

from hub.ports.payment_gateway import Outcome

STATUSES: dict[int, Outcome] = {
    1: Outcome.OPEN,  # new; also after an expired card, and the page takes another one
    2: Outcome.PENDING,  # opened: reserved (“after preauthorization”)
    3: Outcome.CAPTURED,  # paid (“capturate”)
    4: Outcome.CANCELLED,  # but see `outcome_of`
    5: Outcome.CAPTURED,  # confirmed
    6: Outcome.PENDING,
    7: Outcome.UNKNOWN,  # scheduled: of SMS, never of a card
    8: Outcome.REFUNDED,  # credit
    9: Outcome.UNKNOWN,  # chargeback begun: nothing is taken back yet, and it has to be answered in time
    10: Outcome.CHARGED_BACK,  # chargeback accepted
    11: Outcome.DECLINED,  # error
    12: Outcome.DECLINED,
    13: Outcome.PENDING,  # fraud: in review
    14: Outcome.PENDING,  # waits for authorisation
    15: Outcome.PENDING,  # 3-D Secure is asked for
    16: Outcome.UNKNOWN,  # the chargeback was contested: its end is told by another status
    17: Outcome.REVERSED,
    18: Outcome.PENDING,  # “dummy”
    19: Outcome.UNKNOWN,  # 19 to 22: recurring payments and trials, which nobody orders here
    20: Outcome.UNKNOWN,
    21: Outcome.UNKNOWN,
    22: Outcome.UNKNOWN,
    23: Outcome.EXPIRED,  # a purchase that was not paid
}
"""`payment.status` of version 2."""

NAMES: dict[int, str] = {
    1: "new", 2: "opened", 3: "paid", 4: "canceled", 5: "confirmed", 6: "pending", 7: "scheduled", 8: "credit",
    9: "chargeback_init", 10: "chargeback_accept", 11: "error", 12: "declined", 13: "fraud", 14: "pending_auth",
    15: "3d_auth", 16: "chargeback_representment", 17: "reversed", 18: "pending_any", 19: "programmed_recurrent",
    20: "canceled_programmed_recurrent", 21: "trial_pending", 22: "trial", 23: "expired",
}  # fmt: skip

ACTIONS: dict[str, tuple[Outcome, Outcome]] = {
    "paid_pending": (Outcome.PENDING, Outcome.DECLINED),
    "confirmed_pending": (Outcome.PENDING, Outcome.DECLINED),
    "paid": (Outcome.PENDING, Outcome.DECLINED),  # reserved: in version 1 only `confirmed` is money
    "confirmed": (Outcome.CAPTURED, Outcome.DECLINED),
    "canceled": (Outcome.REVERSED, Outcome.UNKNOWN),
    "credit": (Outcome.REFUNDED, Outcome.UNKNOWN),
}
"""`action` of version 1: what it means when it succeeded (error code 0), and when it failed."""

AUTHORISED_FIRST: dict[int, Outcome] = {4: Outcome.REVERSED}
"""Where the bank had authorised the payment before, `canceled` is a void."""

DONE = frozenset({"0", "00"})
REDIRECT = "101"
UNKNOWN_ORDER = "404"

REASONS: dict[str, str | None] = {
    "0": None,
    "00": None,
    "16": "suspected_fraud",  # the card has a risk
    "17": "card_not_accepted",  # wrong number
    "18": "card_not_accepted",  # closed
    "19": "expired_card",
    "20": "insufficient_funds",
    "21": "card_not_accepted",  # wrong CVV2
    "22": "technical",  # the issuer is unavailable
    "32": "technical",  # amount, currency
    "33": "technical",
    "34": "card_not_accepted",  # not permitted to the holder
    "35": "declined_by_bank",
    "36": "suspected_fraud",
    "37": "declined_by_bank",
    "38": "authentication_failed",
    "48": "technical",  # 48 to 56: the request, not the card
    "49": "technical",
    "50": "technical",
    "51": "technical",
    "52": "technical",
    "53": "technical",
    "54": "technical",
    "55": "technical",
    "56": "technical",  # duplicate
    "99": "technical",
    "100": None,  # 3-D Secure is asked for
    "101": None,  # the payment page
}
"""By error code, both versions."""


def outcome_of(status: int, *, authorised: bool) -> Outcome:
    """`authorised`: the payment has the bank's authorisation code."""
    published = STATUSES.get(status, Outcome.UNKNOWN)
    return AUTHORISED_FIRST.get(status, published) if authorised else published


def status_word(status: int, code: str) -> str:
    """`12 declined 35`, for staff and logs."""
    return " ".join(part for part in (str(status), NAMES.get(status, ""), "" if code in DONE else code) if part)


def reason_of(outcome: Outcome, code: str) -> str | None:
    """Only where no money came: an error of a refund is no reason to tell the payer."""
    return REASONS.get(code) if outcome in (Outcome.DECLINED, Outcome.OPEN, Outcome.PENDING) else None
