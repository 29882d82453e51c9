"""The sandbox's words, all of them, in ours."""

from __future__ import annotations

from collections.abc import Mapping

from hub.ports.payment_gateway import Outcome

STATES: Mapping[str, Outcome] = {
    "open": Outcome.OPEN,
    "pending": Outcome.PENDING,
    "captured": Outcome.CAPTURED,
    "declined": Outcome.DECLINED,
    "cancelled": Outcome.CANCELLED,
    "expired": Outcome.EXPIRED,
    "reversed": Outcome.REVERSED,
    "refunded": Outcome.REFUNDED,
    "charged_back": Outcome.CHARGED_BACK,
}

REASONS: Mapping[str, str] = {
    "": "declined_by_bank",
    "funds": "insufficient_funds",
    "expired": "expired_card",
    "limit": "limit_exceeded",
    "fraud": "suspected_fraud",
    "authentication": "authentication_failed",
}
"""Why a card was declined."""
