from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.types import ASGIApp

from adapters.payment_gateway.netopia.statuses import outcome_of
from hub.kernel.clock import FixedClock
from hub.ports.payment_gateway import Outcome
from simulators import gateway_netopia
from simulators.gateway_netopia.telling import POS
from tests.support.gateways.driver import SECRETS, Driving


class Driver(Driving):
    """Version 2; tests/unit/gateways/test_netopia_v1.py drives version 1.

    Not among `states`: those of which somebody must be told, as nothing here can act on them (chargebacks begun and
    contested, and what is never said of a card). test_netopia.py names them one by one.
    """

    id: ClassVar[str] = "netopia"
    currency: ClassVar[str] = "RON"
    signed_return: ClassVar[bool] = False
    unknown_reference: ClassVar[str | None] = "1309088"
    wrong_secrets: ClassVar[Mapping[str, str]] = SECRETS | {"netopia-api": "stranger-secret"}
    states: ClassVar[Mapping[str, Outcome]] = {
        "1": Outcome.OPEN,
        "2": Outcome.PENDING,
        "3": Outcome.CAPTURED,
        "4": Outcome.CANCELLED,
        "5": Outcome.CAPTURED,
        "6": Outcome.PENDING,
        "8": Outcome.REFUNDED,
        "10": Outcome.CHARGED_BACK,
        "11": Outcome.DECLINED,
        "12": Outcome.DECLINED,
        "13": Outcome.PENDING,
        "14": Outcome.PENDING,
        "15": Outcome.PENDING,
        "17": Outcome.REVERSED,
        "18": Outcome.PENDING,
        "23": Outcome.EXPIRED,
    }

    def app(self, clock: FixedClock) -> ASGIApp:
        return gateway_netopia.app(clock.now)

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "base_url": url,
            "pos_signature": POS,
            "api_key": {"secret": "netopia-api"},
            "public_keys": ["netopia.crt"],
        }

    def outcome_of(self, word: str) -> Outcome:
        return outcome_of(int(word) if word.isdigit() else 0, authorised=False)
