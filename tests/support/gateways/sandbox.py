from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.types import ASGIApp

from adapters.payment_gateway.sandbox.states import STATES
from hub.kernel.clock import FixedClock
from hub.ports.payment_gateway import Outcome
from simulators import gateway_sandbox
from tests.support.gateways.driver import SECRETS, Driving


class Driver(Driving):
    id: ClassVar[str] = "sandbox"
    signed_fields: ClassVar[Sequence[str]] = ("merchant", "number", "id", "state", "signature")
    wrong_secrets: ClassVar[Mapping[str, str]] = SECRETS | {"pregrada-sandbox": "stranger-secret"}
    states: ClassVar[Mapping[str, Outcome]] = STATES

    def app(self, clock: FixedClock) -> ASGIApp:
        return gateway_sandbox.app(clock.now)

    def settings(self, url: str) -> dict[str, Any]:
        return {"base_url": url, "merchant": "pregrada", "secret": {"secret": "pregrada-sandbox"}}

    def outcome_of(self, word: str) -> Outcome:
        return STATES.get(word, Outcome.UNKNOWN)
