"""What becomes of a delivery after each exchange, in one transaction each: receipt, state, journal, noun, line, alarm.

Every one of them names the run that has the delivery (hub.delivery.claims). What a run hears that has lost it is not
lost: see `heard`.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hub.alerts import service as alerts
from hub.delivery import offices, queries
from hub.delivery.claims import passed
from hub.delivery.endings import IN_DOUBT, REFUSED, seen_to
from hub.delivery.model import Event, State, allow
from hub.delivery.steps import Doubt, Held, NotReached, Refused, Unclear
from hub.delivery.taken import Taken
from hub.delivery.wake import call_sweep
from hub.delivery.written import Written
from hub.jobs.handler import Backoff
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

BACKOFF = Backoff(first=timedelta(seconds=2), longest=timedelta(minutes=15))
WORKER_DIED = "worker_died"


class Outcomes(Written):
    """Writes down what happened to a delivery that is taken."""

    async def intend(self, one: Taken, step: str) -> float | None:
        """Before anything is sent: from now on, and until its end is written, this step may have happened.

        Returns when this run was sure of its claim (see Claims.sending); None where a worker believed dead has told
        meanwhile that the step has happened, so that it is not to be sent.
        """
        sure_at = passed()
        async with self._claims.mine(one) as (connection, _, now):
            status = await connection.execute(
                """update deliveries set step = $3, sent_at = $4, over_at = null, attempts = attempts + 1
                   where city_id = $1 and delivery_id = $2 and not exists (
                       select from delivery_receipts r where r.city_id = $1 and r.delivery_id = $2 and r.step = $3)""",
                one.city_id,
                one.delivery_id,
                step,
                now,
            )
            if status.endswith(" 0"):
                target = allow(Event.RECEIPT, State.SENDING, State.WAITING)
                await self._journal(connection, one, Event.RECEIPT, target, now, step=step)
                await self._move(connection, one, State.WAITING, now=now, told=False)
                await call_sweep(connection, one.city_id)
                return None
            await self._journal(connection, one, Event.SENT, State.SENDING, now, step=step)
        one.step, one.sent_at, one.over_at, one.attempts = step, now, None, one.attempts + 1
        return sure_at

    async def happened(self, one: Taken, step: str, receipts: dict[str, str], *, asked: bool, last: bool) -> bool:
        """The receipt of a step; with the last one the delivery is done. Whether the run goes on with the next step."""

        async def write(connection: Connection, keys: TownKeys, now: datetime) -> bool:
            event, source = (Event.FOUND, "asked") if asked else (Event.RECEIPT, "reply")
            await self._store(connection, one, step, receipts, source=source, now=now)
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

        goes_on: bool = await self._claims.persist(one, write)
        one.receipts[step] = receipts
        one.step, one.sent_at, one.over_at, one.attempts, one.crashes = None, None, None, 0, 0
        return goes_on

    async def heard(self, one: Taken, step: str, receipts: dict[str, str]) -> None:
        """A run that has lost the delivery got an answer: the step happened, whoever has the delivery by now.

        Where nobody is sending it, it goes on from there, and a doubt about it is over; where another run is, that run
        finds the receipt before it sends the step. Where the step has another receipt, it happened twice, and somebody
        is told.
        """

        async def write(connection: Connection, _: TownKeys, now: datetime) -> None:
            row = await queries.find(connection, one.city_id, one.delivery_id, lock=True)
            if row is None or not await self._store(connection, one, step, receipts, source="reply", now=now):
                return
            target = row.state
            if row.state in {State.WAITING, State.IN_DOUBT, State.REFUSED}:
                target = State.WAITING
                await connection.execute(
                    """update deliveries set state = 'waiting', next_at = $3, attempts = 0, untold = true, step = null,
                              sent_at = null, over_at = null, reason = null, field = null, detail = null
                       where city_id = $1 and delivery_id = $2""",
                    one.city_id,
                    one.delivery_id,
                    now,
                )
                await seen_to(connection, one.city_id, one.delivery_id, one.back_office, now)
                await call_sweep(connection, one.city_id)
            target = allow(Event.HEARD, row.state, target)
            await self._journal(connection, one, Event.HEARD, target, now, step=step)

        await self._claims.persist_anyway(one, write)

    async def finished(self, one: Taken) -> None:
        """Every step has its receipt already."""

        async def write(connection: Connection, keys: TownKeys, now: datetime) -> None:
            told = await self._tell(connection, keys, one, State.DELIVERED, None, one.receipts)
            await self._move(connection, one, State.DELIVERED if told else State.WAITING, now=now, told=told)
            if told:
                await self._leave(connection, one, now)
                await offices.forget(connection, one.city_id, now)

        await self._claims.persist(one, write)

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

        await self._claims.persist(one, write)

    async def held(self, one: Taken, failure: Held, *, asking: bool) -> None:
        """Somebody has to correct something of ours. It is told, and tried again by itself."""

        async def write(connection: Connection, _: TownKeys, now: datetime) -> None:
            later = now + BACKOFF.after(max(one.attempts, 1))
            await self._again(connection, one, Event.HELD, failure, now, later, one.attempts, keep=asking)
            office = one.back_office
            detail = {"back_office": office, "delivery": one.name, "says": failure.detail[:300]}
            await alerts.raise_alert(connection, one.city_id, kind=offices.HELD, about=office, detail=detail, now=now)
            await offices.failed(connection, one.city_id, office, said=failure.detail, now=now)

        await self._claims.persist(one, write)

    async def doubted(self, one: Taken, doubt: Doubt, *, can_ask: bool) -> None:
        """It may have happened: asked soon, or where nobody can be asked, somebody has to look."""
        if not can_ask:
            await self.stopped(one, Event.DOUBT, State.IN_DOUBT, doubt)
            return

        async def write(connection: Connection, _: TownKeys, now: datetime) -> None:
            later = now + BACKOFF.after(max(one.attempts, 1))
            await self._again(connection, one, Event.DOUBT, doubt, now, later, one.attempts, keep=True, over_at=now)
            await offices.failed(connection, one.city_id, one.back_office, said=doubt.detail, now=now)

        await self._claims.persist(one, write)

    async def absent(self, one: Taken, settle: timedelta) -> bool:
        """It surely has nothing under our key; whether it had its time, so that the step is sent again now.

        Its time begins when nothing of what was sent is under way any more.
        """

        async def write(connection: Connection, _: TownKeys, now: datetime) -> bool:
            settled_at = (one.over_at or one.sent_at or now) + settle
            if now >= settled_at:
                await self._journal(
                    connection, one, Event.NOT_FOUND, allow(Event.NOT_FOUND, State.SENDING, State.SENDING), now
                )
                await self._move(connection, one, State.SENDING, now=now, told=True)
                return True
            later = settled_at + timedelta(seconds=random.uniform(0, 2))  # noqa: S311 - spreads load, guards nothing
            unsettled = Doubt(offices.NOT_FOUND_YET, "It may still be working on it.")
            await self._again(connection, one, Event.NOT_FOUND, unsettled, now, later, one.attempts, keep=True)
            return False

        goes_on: bool = await self._claims.persist(one, write)
        if goes_on:
            one.step, one.sent_at, one.over_at = None, None, None
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
                over_at=now if event is Event.DOUBT else None,
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
            if why.reason == WORKER_DIED:
                return  # Which says nothing of the back office.
            if isinstance(why, Refused):
                await offices.answered(connection, one.city_id, one.back_office, now)
            else:
                await offices.failed(connection, one.city_id, one.back_office, said=why.detail, now=now)

        await self._claims.persist(one, write)
