from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.types import ASGIApp

from adapters.payment_gateway.monri.statuses import judge
from hub.kernel.clock import FixedClock
from hub.ports.payment_gateway import Outcome
from simulators import gateway_monri
from simulators.gateway_monri.wire import MERCHANTS
from tests.support.gateways.driver import SECRETS, Driving


class Driver(Driving):
    """A merchant whose page closes at the first refused card; tests/unit/gateways has one whose page stays open."""

    id: ClassVar[str] = "monri"
    starts_by_call: ClassVar[bool] = False
    signed_fields: ClassVar[Sequence[str]] = (
        *("acquirer", "amount", "approval_code", "authentication", "cc_type", "ch_full_name", "currency"),
        *("custom_params", "enrollment", "language", "masked_pan", "order_number", "response_code", "digest"),
    )
    wrong_secrets: ClassVar[Mapping[str, str]] = SECRETS | {"pregrada-monri": "stranger-secret"}
    # transaction type, status, response code
    states: ClassVar[Mapping[str, Outcome]] = {
        "purchase approved 0000": Outcome.CAPTURED,
        "purchase approved 000": Outcome.CAPTURED,
        "purchase declined 1050": Outcome.DECLINED,
        "purchase invalid 1802": Outcome.DECLINED,
        "purchase declined 5000": Outcome.PENDING,
        "authorize approved 0000": Outcome.PENDING,
        "authorize declined 1016": Outcome.DECLINED,
        "authorize invalid 1810": Outcome.DECLINED,
        "capture approved 0000": Outcome.CAPTURED,
        "capture declined 1050": Outcome.DECLINED,
        "capture invalid 1810": Outcome.DECLINED,
        "refund approved 0000": Outcome.REFUNDED,
        "refund declined 1019": Outcome.PENDING,
        "refund invalid 1810": Outcome.PENDING,
        "void approved 0000": Outcome.REVERSED,
        "void declined 1020": Outcome.PENDING,
        "void invalid 1810": Outcome.PENDING,
    }

    def app(self, clock: FixedClock) -> ASGIApp:
        return gateway_monri.app(clock.now, cards=1)

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "base_url": url,
            "authenticity_token": next(iter(MERCHANTS)),
            "merchant_key": {"secret": "pregrada-monri"},
            "retry_window": None,
            "several_refunds": True,
        }

    def outcome_of(self, word: str) -> Outcome:
        kind, status, code = [*word.split(), "", ""][:3]
        return judge(kind, status, code).outcome
