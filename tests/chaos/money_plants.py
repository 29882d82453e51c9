"""Bugs about money that the hub does not have, planted in its running processes; see tests/chaos/plants.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any


def _no_amount() -> None:
    from hub.gateways import judge

    def no_difference(*_: Any) -> None:
        return None

    judge._difference = no_difference


def _count_again() -> None:
    from hub.kernel.ids import new_uuid
    from hub.payments.captures import Captures

    original = Captures.receive

    async def receive(self: Any, *arguments: Any, source: Any, **more: Any) -> Any:
        """Every request is a source of its own."""
        return await original(self, *arguments, source=replace(source, id=new_uuid()), **more)

    Captures.receive = receive


def _post_without_key() -> None:
    from secrets import token_hex

    from hub.delivery import lanes

    original = lanes.send

    async def send(step: Any, content: Any, key: str) -> Any:
        """Another key each time it is sent to the accounting."""
        if not key.endswith(":posted"):
            return await original(step, content, key)
        other = f"{key}:{token_hex(4)}"
        if isinstance(content, dict):
            content = {name: other if value == key else value for name, value in content.items()}
        return await original(step, content, other)

    lanes.send = send


def _refund_again() -> None:
    from secrets import token_hex

    from hub.gateways import refunds
    from hub.gateways.refunding import Refunding

    original_doubt, original_send = Refunding._doubt, Refunding._send

    async def doubt(self: Any, connection: Any, town: Any, one: Any, state: str, *more: Any, **named: Any) -> None:
        if state != "in_doubt":
            await original_doubt(self, connection, town, one, state, *more, **named)
            return
        now = self._clock.now()
        await refunds.change(connection, town.city.id, one.refund_id, state="waiting", next_at=now, sends=one.sends)

    async def send(self: Any, town: Any, one: Any) -> None:
        """As if it were another refund each time."""
        gateways = {name: _Forgetful(gateway) for name, gateway in town.gateways.items()}
        await original_send(self, replace(town, gateways=gateways), one)

    class _Forgetful:
        def __init__(self, gateway: Any) -> None:
            self._gateway = gateway

        def __getattr__(self, name: str) -> Any:
            return getattr(self._gateway, name)

        async def refund(self, order: Any) -> Any:
            return await self._gateway.refund(replace(order, key=f"{order.key}{token_hex(3)}"))

    Refunding._doubt, Refunding._send = doubt, send


def _never_ask() -> None:
    from hub.gateways.asking import Asking

    async def run(*_: Any) -> None:
        """Gateways tell by themselves."""

    Asking.run = run


def _believe_browsers() -> None:
    from hub.gateways import hearing, queries
    from hub.gateways.judge import Judgement, Way
    from hub.gateways.model import UNDER_WAY, Event, Verdict
    from hub.ports.payment_gateway import Outcome, Report

    original = hearing.Hearing.returned

    async def returned(self: Any, town: Any, name: str, message: Any) -> Any:
        """Whoever comes back has paid."""
        found = await original(self, town, name, message)
        if found is None:
            return found
        city_id, now = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            for one in await queries.of_payment(connection, city_id, found):
                if one.state in UNDER_WAY and one.gateway == name:
                    report = Report(one.number, Outcome.CAPTURED, "came back")
                    judgement = Judgement(Verdict.APPLIED, events=(Event.CAPTURED,))
                    await self._applier.apply(
                        connection, keys, town, one, report, judgement, way=Way.NOTIFICATION, now=now
                    )
        return found

    hearing.Hearing.returned = returned


MONEY_PLANTS = {
    "no-amount": ("amount and currency of a gateway's message are not compared", "MONEY", _no_amount),
    "count-again": ("money at the counter counts as often as it is told", "DOUBLED at the counter", _count_again),
    "post-without-key": ("a posting has another key each time", "POSTING", _post_without_key),
    "refund-again": ("a refund in doubt is sent again", "REFUND", _refund_again),
    "never-ask": ("what no gateway tells is never asked for", "STUCK", _never_ask),
    "believe-browsers": ("whoever comes back from a gateway has paid", "MONEY", _believe_browsers),
}
