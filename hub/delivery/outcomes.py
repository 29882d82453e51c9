"""What becomes of a delivery after each exchange, in one transaction each: receipt, state, journal, noun, line, alarm.

Every one of them names the run that has the delivery. A worker that was believed dead, and whose delivery another one
has taken, changes nothing any more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog

from hub.alerts import service as alerts
from hub.delivery import journal, offices, queries
from hub.delivery.endings import DATABASE_LOST, IN_DOUBT, REFUSED, leave, tell
from hub.delivery.model import Event, Progress, State, allow
from hub.delivery.service import DeliveryService
from hub.delivery.steps import Doubt, Held, NotReached, Refused, Unclear
from hub.delivery.taken import ClaimLost, Taken
from hub.delivery.wake import lane_for, wake
from hub.jobs.failures import describe
from hub.jobs.handler import Backoff
from hub.kernel.clock import Clock
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

BACKOFF = Backoff(first=timedelta(seconds=2), longest=timedelta(minutes=15))
_WAITS = (0.2, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to write down what is known, while the database is away: what is not written is in doubt."""


class Outcomes:
    """Writes down what happened to a delivery that is taken."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, service: DeliveryService) -> None:
        self._database, self._vault, self._clock, self._service = database, vault, clock, service

    async def intend(self, one: Taken, step: str) -> None:
        """Before anything is sent: from now on, and until its end is written, this step may have happened."""
        now = self._clock.now()
        async with self._mine(one) as (connection, _):
            await connection.execute(
                """update deliveries set step = $3, sent_at = $4, attempts = attempts + 1
                   where city_id = $1 and delivery_id = $2""",
                one.city_id,
                one.delivery_id,
                step,
                now,
            )
            await self._journal(connection, one, Event.SENT, State.SENDING, now, step=step)
        one.step, one.sent_at, one.attempts = step, now, one.attempts + 1

    async def happened(self, one: Taken, step: str, receipts: dict[str, str], *, asked: bool, last: bool) -> bool:
        """The receipt of a step; with the last one the delivery is done. Whether the run goes on with the next step."""

        async def write(connection: Connection, keys: TownKeys, now: datetime) -> bool:
            event, source = (Event.FOUND, "asked") if asked else (Event.RECEIPT, "reply")
            await queries.store_receipt(
                connection, one.city_id, one.delivery_id, step, receipts, source=source, now=now
            )
            every = {**one.receipts, step: receipts}
            target = State.DELIVERED if last else State.SENDING
            told = await self._tell(connection, keys, one, target, step, every)
            target = target if told else State.WAITING
            await self._journal(connection, one, event, allow(event, State.SENDING, State.SENDING), now, step=step)
            await self._move(connection, one, target, now=now, told=told)
            if target is State.DELIVERED:
                await self._leave(connection, one, now)
            await offices.answered(connection, one.city_id, one.back_office, now)
            return target is State.SENDING

        goes_on: bool = await self._persist(one, write)
        one.receipts[step] = receipts
        one.step, one.sent_at, one.attempts, one.crashes = None, None, 0, 0
        return goes_on

    async def finished(self, one: Taken) -> None:
        """Every step has its receipt already."""

        async def write(connection: Connection, keys: TownKeys, now: datetime) -> None:
            told = await self._tell(connection, keys, one, State.DELIVERED, None, one.receipts)
            await self._move(connection, one, State.DELIVERED if told else State.WAITING, now=now, told=told)
            if told:
                await self._leave(connection, one, now)

        await self._persist(one, write)

    async def not_reached(self, one: Taken, failure: NotReached, *, asking: bool) -> None:
        """Surely nothing was done, or the question did not get through: tried again later."""

        async def write(connection: Connection, _: TownKeys, now: datetime) -> None:
            attempts = one.attempts if failure.tried else max(one.attempts - 1, 0)
            later = now + max(BACKOFF.after(max(attempts, 1)), failure.wait or timedelta())
            await self._again(connection, one, Event.NOT_REACHED, failure, now, later, attempts, keep=asking)
            await offices.failed(
                connection,
                one.city_id,
                one.back_office,
                said=failure.detail,
                now=now,
                at_once=not failure.tried or failure.wait is not None,
                wait=failure.wait,
            )

        await self._persist(one, write)

    async def held(self, one: Taken, failure: Held, *, asking: bool) -> None:
        """Somebody has to correct something of ours. It is told, and tried again by itself."""

        async def write(connection: Connection, _: TownKeys, now: datetime) -> None:
            later = now + BACKOFF.after(max(one.attempts, 1))
            await self._again(connection, one, Event.HELD, failure, now, later, one.attempts, keep=asking)
            office = one.back_office
            detail = {"back_office": office, "delivery": one.name, "says": failure.detail[:300]}
            await alerts.raise_alert(connection, one.city_id, kind=offices.HELD, about=office, detail=detail, now=now)
            await offices.failed(connection, one.city_id, office, said=failure.detail, now=now)

        await self._persist(one, write)

    async def doubted(self, one: Taken, doubt: Doubt, *, can_ask: bool) -> None:
        """It may have happened: asked soon, or where nobody can be asked, somebody has to look."""
        if not can_ask:
            await self.stopped(one, Event.DOUBT, State.IN_DOUBT, doubt)
            return

        async def write(connection: Connection, _: TownKeys, now: datetime) -> None:
            later = now + BACKOFF.after(max(one.attempts, 1))
            await self._again(connection, one, Event.DOUBT, doubt, now, later, one.attempts, keep=True)
            await offices.failed(connection, one.city_id, one.back_office, said=doubt.detail, now=now)

        await self._persist(one, write)

    async def absent(self, one: Taken, settled_at: datetime) -> bool:
        """It surely has nothing under our key; whether it had its time, so that the step is sent again now."""

        async def write(connection: Connection, _: TownKeys, now: datetime) -> bool:
            if now >= settled_at:
                await self._journal(
                    connection, one, Event.NOT_FOUND, allow(Event.NOT_FOUND, State.SENDING, State.SENDING), now
                )
                await self._move(connection, one, State.SENDING, now=now, told=True)
                return True
            later = settled_at + timedelta(seconds=random.uniform(0, 2))  # noqa: S311 - spreads load, guards nothing
            unsettled = Doubt("not_found_yet", "It may still be working on it.")
            await self._again(connection, one, Event.NOT_FOUND, unsettled, now, later, one.attempts, keep=True)
            return False

        goes_on: bool = await self._persist(one, write)
        if goes_on:
            one.step, one.sent_at = None, None
        return goes_on

    async def stopped(self, one: Taken, event: Event, target: State, why: Doubt | Unclear | Refused) -> None:
        """It stands, and its line with it, until somebody looks, who is told."""
        target = allow(event, State.SENDING, target)

        async def write(connection: Connection, keys: TownKeys, now: datetime) -> None:
            in_question = one.step
            told = await self._tell(connection, keys, one, target, in_question, one.receipts)
            await self._move(
                connection,
                one,
                target,
                now=now,
                told=told,
                keep=target is State.IN_DOUBT,
                why=(why.reason, getattr(why, "field", None), why.detail),
            )
            await self._journal(connection, one, event, target, now, step=in_question, reason=why.reason)
            detail = {
                "back_office": one.back_office,
                "delivery": one.name,
                "kind": one.kind,
                "step": in_question,
                "reason": why.reason,
                "says": why.detail[:300],
            }
            kind, about = (IN_DOUBT, one.name) if target is State.IN_DOUBT else (REFUSED, one.back_office)
            await alerts.raise_alert(connection, one.city_id, kind=kind, about=about, detail=detail, now=now)
            if isinstance(why, Refused):
                await offices.answered(connection, one.city_id, one.back_office, now)
            else:
                await offices.failed(connection, one.city_id, one.back_office, said=why.detail, now=now)

        await self._persist(one, write)

    # ── Parts of the above ──

    async def _again(
        self,
        connection: Connection,
        one: Taken,
        event: Event,
        why: Any,
        now: datetime,
        later: datetime,
        attempts: int,
        *,
        keep: bool,
    ) -> None:
        target = allow(event, State.SENDING, State.WAITING)
        await self._move(
            connection,
            one,
            target,
            now=now,
            told=True,
            keep=keep,
            later=later,
            attempts=attempts,
            why=(why.reason, None, why.detail),
        )
        await self._journal(connection, one, event, target, now, step=one.step, reason=why.reason)

    async def _move(
        self,
        connection: Connection,
        one: Taken,
        target: State,
        *,
        now: datetime,
        told: bool,
        keep: bool = False,
        later: datetime | None = None,
        attempts: int = 0,
        why: tuple[str | None, str | None, str | None] = (None, None, None),
    ) -> None:
        """`keep`: what was intended stays in question."""
        await connection.execute(
            """update deliveries set state = $3, untold = $4, next_at = $5, attempts = $6, crashes = 0,
                      step = case when $7 then step end, sent_at = case when $7 then sent_at end,
                      claim = case when $3 = 'sending' then claim end, lane = case when $3 = 'sending' then lane end,
                      settled_at = case when $3 = 'delivered' then $8::timestamptz end,
                      reason = $9, field = $10, detail = left($11, 500)
               where city_id = $1 and delivery_id = $2""",
            one.city_id,
            one.delivery_id,
            target,
            not told,
            later or now,
            attempts,
            keep,
            now,
            *why,
        )
        if target is State.WAITING:
            await wake(
                connection, one.city_id, [(one.back_office, lane_for(one.delivery_id))], after=(later or now) - now
            )

    async def _leave(self, connection: Connection, one: Taken, now: datetime) -> None:
        """It is done: its values' time begins, and the next one of its line goes."""
        await self._journal(connection, one, Event.DELIVERED, State.DELIVERED, now)
        await leave(connection, one.city_id, one.delivery_id, one.back_office, one.order_key, now)

    async def _tell(
        self,
        connection: Connection,
        keys: TownKeys,
        one: Taken,
        state: State,
        step: str | None,
        receipts: dict[str, dict[str, str]],
    ) -> bool:
        """Whether the noun took it. Where it could not, what is known is kept all the same, and told again later."""
        progress = Progress(
            one.delivery_id, one.back_office, one.kind, one.noun, one.record_id, state, step, dict(receipts)
        )
        return await tell(self._service, connection, keys, progress)

    async def _journal(
        self,
        connection: Connection,
        one: Taken,
        event: Event,
        state: State,
        now: datetime,
        *,
        step: str | None = None,
        reason: str | None = None,
    ) -> None:
        await journal.write(
            connection, one.city_id, one.delivery_id, event, state, at=now, step=step or one.step, reason=reason
        )

    async def _persist(self, one: Taken, write: Callable[[Connection, TownKeys, datetime], Awaitable[Any]]) -> Any:
        """Write what is known, also where the database is away for some seconds."""
        for wait in (*_WAITS, None):
            try:
                async with self._mine(one) as (connection, keys):
                    return await write(connection, keys, self._clock.now())
            except DATABASE_LOST as error:
                if wait is None:
                    raise
                log.warning("delivery_not_written", delivery=one.name, error=describe(error), waiting=wait)
                await asyncio.sleep(wait)
        raise AssertionError

    @asynccontextmanager
    async def _mine(self, one: Taken) -> AsyncIterator[tuple[Connection, TownKeys]]:
        async with self._database.town(one.city_id) as connection:
            mine = await connection.fetchval(
                "select true from deliveries where city_id = $1 and delivery_id = $2 and claim = $3 for update",
                one.city_id,
                one.delivery_id,
                one.claim,
            )
            if not mine:
                raise ClaimLost
            yield connection, await self._vault.keys(connection, one.city_id)
