"""Asks gateways about attempts until they say how each ended, and later what became of its money.

A notification may be lost, late or never sent; what a gateway answers to a question is its own word. So every attempt
is asked about, and money at a gateway that nobody told us of is found.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import queries
from hub.gateways.applying import UNKNOWN, Applier, tell_late
from hub.gateways.judge import Way, judge
from hub.gateways.model import UNDER_WAY, Attempt, Event, allow
from hub.gateways.moments import next_ask
from hub.gateways.wake import ASK, call, call_for
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError
from hub.ports.payment_gateway import Asked, Report
from hub.storage.database import Connection, Database
from hub.storage.failures import PASSING
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

_AT_ONCE = 50
_BESIDE = 6
"""Questions on their way at a time: a gateway that hangs holds up no more than so many."""
_NOT_CONFIGURED = timedelta(hours=1)
_NOT_ASKED = timedelta(hours=2)
_AGAIN = timedelta(minutes=1)
_IMPATIENT = timedelta(seconds=5)
"""The page of a payment has its gateway asked no oftener."""


class Asking:
    """The handler of `gateways.ask` jobs of all towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, applier: Applier) -> None:
        self._database, self._vault, self._clock, self._applier = database, vault, clock, applier

    async def run(self, town: Town) -> None:
        """Ask about what is due."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            due = await queries.claim_due(connection, city_id, self._clock.now(), _AT_ONCE)
        beside = asyncio.Semaphore(_BESIDE)

        async def ask(attempt: Attempt) -> None:
            async with beside:
                try:
                    await self.ask(town, attempt)
                except PASSING:
                    raise  # says nothing about the attempt: the job is tried again
                except Exception as error:  # noqa: BLE001 - whatever a gateway said, the others are asked about
                    why = getattr(error, "code", type(error).__name__)
                    log.error("attempt_not_judged", city=town.city.slug, attempt=attempt.id, because=str(error))
                    await self._not_judged(town, attempt, why)

        await asyncio.gather(*(ask(attempt) for attempt in due))
        async with self._database.town(city_id) as connection:
            if len(due) == _AT_ONCE:
                await call(connection, city_id, ASK)
            else:
                await call_for(connection, city_id, await queries.next_due(connection, city_id), self._clock.now())

    async def ask(self, town: Town, attempt: Attempt) -> None:
        """Ask about one, and write down what follows."""
        gateway = town.gateways.get(attempt.gateway)
        if gateway is None:
            log.error("gateway_not_configured", city=town.city.slug, gateway=attempt.gateway, attempt=attempt.id)
            await self._failed(town, attempt.attempt_id, "not_configured", _NOT_CONFIGURED)
            return
        try:
            report = await gateway.query(Asked(attempt.number, attempt.reference, attempt.amount))
        except Exception as error:
            known = isinstance(error, HubError)
            about = {"city": town.city.slug, "gateway": attempt.gateway, "attempt": attempt.id}
            log.warning("gateway_not_asked", **about, because=str(error) if known else type(error).__name__,
                        exc_info=None if known else error)  # fmt: skip
            await self._failed(town, attempt.attempt_id, getattr(error, "code", "adapter_failed"))
            return
        await self.heard(town, attempt, report)

    async def heard(self, town: Town, asked: Attempt, report: Report) -> Attempt | None:
        """What a gateway answered to a question of ours. `asked`: the attempt as it stood before the question."""
        city_id, attempt_id = town.city.id, asked.attempt_id
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            attempt = await queries.find(connection, city_id, attempt_id, lock=True)
            if attempt is None:
                return None
            now = self._clock.now()
            judgement = judge(attempt, report, Way.QUERY, now)
            if judgement.contradiction and (asked.state, asked.changed_at) != (attempt.state, attempt.changed_at):
                # A message was faster than this answer, which may be older than what is known by now.
                await queries.change(connection, city_id, attempt_id, ask_at=now)
                await call(connection, city_id, ASK)
                return attempt
            attempt = await self._applier.apply(
                connection, keys, town, attempt, report, judgement, way=Way.QUERY, now=now
            )
            await queries.change(connection, city_id, attempt_id, ask_at=next_ask(attempt, now), failures=0)
            return attempt

    async def _not_judged(self, town: Town, attempt: Attempt, why: str) -> None:
        detail = {"gateway": attempt.gateway, "payee": attempt.payee, "state": attempt.state, "why": why}
        async with self._database.town(town.city.id) as connection:
            await alerts.raise_alert(
                connection, town.city.id, kind=UNKNOWN, about=attempt.id, detail=detail, now=self._clock.now()
            )

    async def _failed(self, town: Town, attempt_id: UUID, why: str, wait: timedelta | None = None) -> None:
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            attempt = await queries.find(connection, city_id, attempt_id, lock=True)
            if attempt is None:
                return
            now = self._clock.now()
            failures = await connection.fetchval(
                "select failures from gateway_attempts where city_id = $1 and attempt_id = $2", city_id, attempt_id
            )
            following = now + wait if wait else _again(attempt, failures, now)
            if attempt.state not in UNDER_WAY:
                # What is asked about once in a while is asked again the same day, where it could not be.
                following = now + (_NOT_ASKED if failures < 12 else timedelta(days=1))
            await queries.change(connection, city_id, attempt_id, ask_at=following, failures=failures + 1)
            if not failures:
                state = allow(Event.ASK_FAILED, attempt.state, attempt.state)
                await queries.note(
                    connection, city_id, attempt_id, Event.ASK_FAILED, state, by="worker", now=now, why=why
                )
            await tell_late(connection, city_id, attempt, now)


def _again(attempt: Attempt, failures: int, now: datetime) -> datetime:
    """A question that was not answered is no answer: it is asked again soon, and slower each time."""
    after = now + _AGAIN * (1 << min(failures, 6))
    return min(next_ask(attempt, now) or after, after)


async def ask_now(connection: Connection, city_id: int, attempt: Attempt, *, by: str, now: datetime) -> None:
    """Somebody of the staff wants an attempt asked about."""
    state = allow(Event.ASK_NOW, attempt.state, attempt.state)
    await queries.change(connection, city_id, attempt.attempt_id, ask_at=now)
    await queries.note(connection, city_id, attempt.attempt_id, Event.ASK_NOW, state, by=by, now=now)
    await call(connection, city_id, ASK)


async def ask_for_page(connection: Connection, city_id: int, attempt: Attempt, now: datetime) -> None:
    """The payer looks at her payment: its gateway is asked, unless it was in the last seconds."""
    asked = await connection.fetchval(
        """update gateway_attempts set ask_at = $3
           where city_id = $1 and attempt_id = $2 and ask_at > $3 and coalesce(asked_at, created_at) <= $4
           returning true""",
        city_id,
        attempt.attempt_id,
        now,
        now - _IMPATIENT,
    )
    if asked:
        await call(connection, city_id, ASK)
