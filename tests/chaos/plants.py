"""Bugs that the hub does not have, planted in its running processes to see that each check can fail.

`python -m tests.chaos --plants` starts a world with each of them in turn. Nothing of this is known to the hub.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.chaos.money_plants import MONEY_PLANTS


@dataclass(frozen=True)
class Plant:
    """`seen`: what stands in the finding of the check that is there for it."""

    does: str
    seen: str
    plant: Callable[[], None]


def _skip_ask() -> None:
    from hub.delivery.lanes import Lanes

    async def send_again(*_: Any) -> None:
        return None

    Lanes._ask = send_again


def _believe() -> None:
    from hub.delivery import steps

    def happened(*_: Any) -> Any:
        return steps.Happened({"number": "1", "urbroj": "1", "key": "40001", "document": "1", "version": "1"})

    steps._of_failure = happened


def _repeat_blindly() -> None:
    from hub.delivery import steps

    def not_reached(error: Any) -> Any:
        return steps.NotReached(error.code, error.detail)

    steps._of_failure = not_reached


def _no_line() -> None:
    from hub.delivery import queries

    original = queries.put

    class NobodyBefore:
        """The connection, which says of every line that it is empty."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        async def fetchval(self, *_: Any) -> bool:
            return False

    async def put(connection: Any, *arguments: Any, **more: Any) -> None:
        await original(NobodyBefore(connection), *arguments, **more)

    queries.put = put


def _silent() -> None:
    from hub.alerts import service

    async def raise_alert(*_: Any, **__: Any) -> None:
        return None

    service.raise_alert = raise_alert


def _boast() -> None:
    from hub.delivery.model import State
    from portal_api.citizen import matters

    original = matters._office

    def office(reader: Any, one: Any) -> Any:
        shown = original(reader, one)
        return shown | {"state": str(State.DELIVERED)} if one.state in {State.WAITING, State.SENDING} else shown

    matters._office = office


def _hide() -> None:
    from hub.matters import queries

    original = queries.page

    async def page(*arguments: Any) -> Any:
        return [row for row in await original(*arguments) if row["state"] != "sending"]

    queries.page = page


def _forget_pushes() -> None:
    from hub.intake.service import Intake

    original = Intake.apply_waiting

    async def apply_waiting(self: Any, city_id: int, back_office: str, interpreter: Any) -> int:
        async with self._database.town(city_id) as connection:
            await connection.execute(
                """update messages set state = 'applied', outcome = 'applied', settled_at = now()
                   where city_id = $1 and state = 'received' and external_id like '%C-_@%'""",  # not the bills
                city_id,
            )
        return await original(self, city_id, back_office, interpreter)

    Intake.apply_waiting = apply_waiting


def _never_resume() -> None:
    from hub.delivery import lanes, offices

    original = offices.paused_until

    async def paused_until(*arguments: Any) -> Any:
        return datetime(2999, 1, 1, tzinfo=UTC) if await original(*arguments) else None

    lanes.offices.paused_until = paused_until


def _no_key() -> None:
    from hub.matters import repeated

    async def begin(*_: Any, **__: Any) -> None:
        return None

    repeated.begin = begin


def _leak() -> None:
    import asyncio

    from hub.delivery.lanes import Lanes

    original = Lanes.run
    kept: list[Any] = []

    async def run(self: Any, job: Any, town: Any) -> None:
        if not kept:
            connection = await self._database.pool.acquire()
            await connection.execute("begin; select 1 from deliveries limit 1")
            kept.append((connection, asyncio.current_task()))
        await original(self, job, town)

    Lanes.run = run


def _human_for_all() -> None:
    from hub.delivery.outcomes import Outcomes

    original = Outcomes.doubted

    async def doubted(self: Any, one: Any, doubt: Any, *, can_ask: bool) -> None:
        await original(self, one, doubt, can_ask=False)

    Outcomes.doubted = doubted


PLANTS = {
    "skip-ask": Plant("after a doubt the step is sent again, unasked", "DOUBLED", _skip_ask),
    "repeat-blindly": Plant("every failure counts as never arrived", "DOUBLED", _repeat_blindly),
    "believe": Plant("every failure counts as done", "LOST", _believe),
    "no-line": Plant("nothing waits for what is before it", "ORDER", _no_line),
    "silent": Plant("nobody is told", "nobody was told", _silent),
    "human-for-all": Plant("every doubt goes to a human", "can be asked", _human_for_all),
    "boast": Plant("what waits is shown as delivered", "shown as delivered", _boast),
    "hide": Plant("what is being sent is not listed", "vanished", _hide),
    "never-resume": Plant("a back office that was paused stays so", "STUCK", _never_resume),
    "no-key": Plant("the request's own key is not looked at", "DOUBLED at the door", _no_key),
    "forget-pushes": Plant("some messages are only marked as applied", "INTAKE", _forget_pushes),
    "leak": Plant("a transaction is never ended", "stays open", _leak),
    **{name: Plant(*parts) for name, parts in MONEY_PLANTS.items()},
}
