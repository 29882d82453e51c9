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


def _charge_back_again() -> None:
    from hub.gateways.applying import Applier
    from hub.kernel.ids import new_uuid
    from hub.payments.charges import locked
    from hub.payments.model import Source
    from hub.payments.reversals import Reversals

    original, by_letter = Applier.apply, Reversals.charged_back_by_letter

    async def apply(
        self: Any, connection: Any, keys: Any, town: Any, attempt: Any, report: Any, *more: Any, now: Any, **named: Any
    ) -> Any:
        """Each time that the gateway says it."""
        if attempt.state == report.outcome == "charged_back":
            charge = await locked(connection, town.city.id, attempt.charge_id)
            told = (attempt.amount.minor - attempt.refunded, Source("attempt", attempt.attempt_id), new_uuid())
            await self._payments._charge_back(connection, keys, town, charge, *told, by="gateway", now=now)
        return await original(self, connection, keys, town, attempt, report, *more, now=now, **named)

    async def charged_back_by_letter(
        self: Any, connection: Any, keys: Any, town: Any, charge_id: Any, amount: Any, _: Any, **named: Any
    ) -> Any:
        """Each time that somebody presses the button."""
        return await by_letter(self, connection, keys, town, charge_id, amount, new_uuid(), **named)

    Applier.apply = apply
    Reversals.charged_back_by_letter = charged_back_by_letter


def _any_token() -> None:
    import base64
    import json

    from adapters.payment_gateway.netopia import verification

    def signed(token: str, _: Any) -> Any:
        """Whoever has signed it, if anybody."""
        return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    verification._signed = signed


def _give_up() -> None:
    from hub.gateways import queries
    from hub.gateways.applying import _NOT_THERE
    from hub.gateways.asking import Asking
    from hub.gateways.model import Event

    async def failed(self: Any, town: Any, attempt_id: Any, why: str, _: Any = None) -> None:
        """A gateway that does not answer has nothing."""
        async with self._database.town(town.city.id) as connection:
            one = await queries.find(connection, town.city.id, attempt_id, lock=True)
            target, now = _NOT_THERE.get(one.state, one.state), self._clock.now()
            if target is not one.state:
                over = (Event.NOT_THERE, target, now)
                await self._applier._move(connection, town.city.id, one, *over, by="worker", why=why)

    Asking._failed = failed


MONEY_PLANTS = {
    "no-amount": ("amount and currency of a gateway's message are not compared", "MONEY", _no_amount),
    "count-again": ("money at the counter counts as often as it is told", "DOUBLED at the counter", _count_again),
    "post-without-key": ("a posting has another key each time", "POSTING", _post_without_key),
    "refund-again": ("a refund in doubt is sent again", "REFUND", _refund_again),
    "never-ask": ("what no gateway tells is never asked for", "STUCK", _never_ask),
    "believe-browsers": ("whoever comes back from a gateway has paid", "MONEY", _believe_browsers),
    "charge-back-again": ("a chargeback counts as often as it is told", "CHARGEBACK", _charge_back_again),
    "any-token": ("Netopia's messages count whoever has signed them", "ATTACK at netopia", _any_token),
    "give-up": ("a try whose gateway does not answer counts as over", "GIVEN UP", _give_up),
}
