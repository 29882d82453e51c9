"""Monri's words in ours: every transaction type, status and response code it publishes.

Sources: docs.monri.com "List of response codes", "Transaction management" (API v1: a transaction is approved if and
only if its status is), "Responses and notifications"; the code list of Monri's Magento module.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.ports.payment_gateway import Outcome

APPROVED = frozenset({"0000", "000"})
"""`0000` in the list of codes and in callbacks, `000` in the examples of the XML API."""

IN_PROGRESS = "5000"

OUTCOMES: dict[tuple[str, str], Outcome] = {
    ("purchase", "approved"): Outcome.CAPTURED,
    ("purchase", "declined"): Outcome.DECLINED,
    ("purchase", "invalid"): Outcome.DECLINED,
    ("authorize", "approved"): Outcome.PENDING,  # reserved for 28 days at most; it is money once it is captured
    ("authorize", "declined"): Outcome.DECLINED,
    ("authorize", "invalid"): Outcome.DECLINED,
    ("capture", "approved"): Outcome.CAPTURED,
    ("capture", "declined"): Outcome.DECLINED,  # what was reserved is not given, and lapses
    ("capture", "invalid"): Outcome.DECLINED,
    ("refund", "approved"): Outcome.REFUNDED,
    ("refund", "declined"): Outcome.PENDING,  # nothing was given back; whether there was anything, it does not say
    ("refund", "invalid"): Outcome.PENDING,
    ("void", "approved"): Outcome.REVERSED,
    ("void", "declined"): Outcome.PENDING,
    ("void", "invalid"): Outcome.PENDING,
}
"""By transaction type and status."""

ORDERED = frozenset({"purchase", "authorize", "capture"})
"""The types whose amount is the order's; that of a refund or void may be a part of it."""

_BANK = "declined_by_bank"
_CARD = "card_not_accepted"
_LIMIT = "limit_exceeded"
_FRAUD = "suspected_fraud"
_TECHNICAL = "technical"
_AUTHENTICATION = "authentication_failed"

REASONS: dict[str, str | None] = {
    "0000": None,
    "000": None,
    "1001": "expired_card",
    "1002": _FRAUD,  # card suspicious
    "1003": _BANK,  # suspended
    "1004": _BANK,  # stolen: the payer at the screen is not told so
    "1005": _BANK,  # lost
    "1011": _CARD,  # card not found
    "1012": _CARD,  # cardholder not found
    "1014": _CARD,  # account not found
    "1015": _TECHNICAL,  # invalid request
    "1016": "insufficient_funds",
    "1017": _TECHNICAL,  # previously reversed
    "1018": _TECHNICAL,
    "1019": _TECHNICAL,  # further activity prevents reversal
    "1020": _TECHNICAL,  # further activity prevents void
    "1021": _TECHNICAL,  # original transaction has been voided
    "1022": _CARD,  # preauthorisation is not allowed for this card
    "1023": _CARD,  # only full 3-D authentication is allowed for this card
    "1024": _CARD,  # instalments are not allowed for this card
    "1025": _TECHNICAL,  # instalments cannot be sent as preauthorisation
    "1026": _CARD,  # instalments are not allowed for cards of another bank
    "1050": _BANK,
    "1802": _TECHNICAL,  # missing fields
    "1803": _TECHNICAL,  # extra fields
    "1804": _CARD,  # invalid card number
    "1806": _CARD,  # card not active
    "1808": _CARD,  # card not configured
    "1810": _TECHNICAL,  # invalid amount
    "1811": _TECHNICAL,
    "1812": _TECHNICAL,
    "1813": _CARD,  # cardholder not active
    "1814": _CARD,
    "1815": "expired_card",  # cardholder expired
    "1816": _TECHNICAL,  # original not found
    "1817": _LIMIT,  # usage limit reached
    "1818": _TECHNICAL,  # configuration, terminal, merchant, duplicate, acquirer
    "1819": _TECHNICAL,
    "1820": _TECHNICAL,
    "1821": _TECHNICAL,
    "1822": _TECHNICAL,
    "1823": _TECHNICAL,
    "2000": _TECHNICAL,
    "2001": _TECHNICAL,
    "2002": _TECHNICAL,
    "2003": _TECHNICAL,
    "2013": _AUTHENTICATION,
    "3000": "timed_out",
    "3100": _TECHNICAL,
    "3200": "timed_out",
    "3201": _TECHNICAL,
    "3202": _TECHNICAL,
    "4001": _AUTHENTICATION,
    "4002": _AUTHENTICATION,
    "4003": _AUTHENTICATION,
    "5000": None,  # request in progress
    "5001": _FRAUD,  # 5001 to 5052: rules of risk on cards, amounts, addresses
    "5003": _FRAUD,
    "5005": _FRAUD,
    "5006": _FRAUD,
    "5007": _FRAUD,
    "5009": _FRAUD,
    "5010": _FRAUD,
    "5011": _FRAUD,
    "5012": _FRAUD,
    "5013": _FRAUD,
    "5014": _FRAUD,
    "5015": _FRAUD,
    "5016": _LIMIT,  # total sum on amount
    "5017": _FRAUD,
    "5018": _LIMIT,  # least and largest amount per transaction
    "5019": _LIMIT,
    "5020": _LIMIT,  # transactions, sum per card
    "5021": _LIMIT,
    "5022": _FRAUD,
    "5023": _LIMIT,
    "5050": _FRAUD,
    "5051": _FRAUD,
    "5052": _FRAUD,
    "6000": _TECHNICAL,  # systan mismatch
}
"""By response code."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`word` is Monri's own state in one line, `reason` one of hub.ports.payment_gateway.REASONS."""

    outcome: Outcome
    word: str
    reason: str | None


def judge(kind: str, status: str, code: str) -> Judged:
    """What transaction type, status and response code say together.

    UNKNOWN for a pair nobody published, and for one that contradicts itself: approved with the code of a refusal, or
    the reverse. A code nobody published only has no reason.
    """
    word = f"{kind} {status} {code}".strip()
    outcome = OUTCOMES.get((kind, status), Outcome.UNKNOWN)
    if code == IN_PROGRESS:
        return Judged(Outcome.PENDING, word, None)
    if (status == "approved") != (code in APPROVED):
        return Judged(Outcome.UNKNOWN, word, None)
    reason = None if status == "approved" else REASONS.get(code)
    return Judged(outcome, word, reason)
