from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.types import ASGIApp

from adapters.payment_gateway.csob.states import Said
from hub.kernel.clock import FixedClock
from hub.ports.payment_gateway import Outcome
from simulators import gateway_csob
from simulators.kit.keys import credential
from tests.support.gateways.driver import SECRETS, Driving, Stage


class Driver(Driving):
    id: ClassVar[str] = "csob"
    currency: ClassVar[str] = "CZK"
    notifies: ClassVar[bool] = False
    refund_asks_first: ClassVar[bool] = True
    query_tells_amount: ClassVar[bool] = False
    unknown_reference: ClassVar[str | None] = "29068865300f@GE"
    signed_fields: ClassVar[Sequence[str]] = (
        *("payId", "dttm", "resultCode", "resultMessage", "paymentStatus", "authCode", "merchantData", "statusDetail"),
        "signature",
    )
    wrong_secrets: ClassVar[Mapping[str, str]] = SECRETS | {"vzorov-csob-key": credential("stranger").key.decode()}
    # paymentStatus, or "resultCode/paymentStatus" as the browser brings both.
    states: ClassVar[Mapping[str, Outcome]] = {
        "1": Outcome.OPEN,
        "2": Outcome.PENDING,
        "3": Outcome.CANCELLED,
        "4": Outcome.PENDING,
        "5": Outcome.REVERSED,
        "6": Outcome.DECLINED,
        "7": Outcome.CAPTURED,
        "8": Outcome.CAPTURED,
        "9": Outcome.CAPTURED,
        "10": Outcome.REFUNDED,
        "130/6": Outcome.EXPIRED,
        "130/3": Outcome.EXPIRED,
        "130/7": Outcome.CAPTURED,
        "140/0": Outcome.NOT_FOUND,
        "150/7": Outcome.CAPTURED,
    }

    def app(self, clock: FixedClock) -> ASGIApp:
        return gateway_csob.app(clock.now)

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "base_url": f"{url}/api/v1.9",
            "merchant": "M1VZOROV01",
            "key": {"secret": "vzorov-csob-key"},
            "bank_keys": ["csob.crt"],
        }

    def outcome_of(self, word: str) -> Outcome:
        result, _, status = word.rpartition("/")
        return Said(int(result or 0), int(status) if status.isdigit() else 99).outcome(captured_from=7)

    async def settle(self, stage: Stage) -> None:
        await stage.control("day-end")
