"""Carries deliveries out: a lane takes one that is due after the other, until nothing is due or its time is over.

No transaction is open while anything is sent. What was taken and not ended, because the worker died, is found by the
next run of the same lane, which the queue lets run only when the one before is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from hub.delivery import content, journal, offices, queries
from hub.delivery.blobs import opened
from hub.delivery.definition import Definition, Turn
from hub.delivery.model import Event, OpenBlob, State, Town, key_of
from hub.delivery.outcomes import Outcomes
from hub.delivery.service import DeliveryService
from hub.delivery.steps import Absent, Doubt, Happened, Held, NotReached, Refused, Unclear, ask, build, send
from hub.delivery.taken import ClaimLost, Taken
from hub.delivery.wake import LANES, PROBE, wake
from hub.jobs.failures import describe, places_of
from hub.jobs.queue import Job
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, HubError, RequestError
from hub.mapping.our_record import Scope
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

_SLICE_SECONDS = 10.0
"""After this a lane gives its place to others who wait for one, and stands in line again."""
_MOST_CRASHES = 3
"""Workers in a row that may die with a delivery before somebody has to look at it."""

_LEFT_BEHIND = """
    update deliveries set claim = $4, crashes = crashes + 1
    where (city_id, delivery_id) in (
        select city_id, delivery_id from deliveries
        where city_id = $1 and back_office = $2 and lane = $3 and state = 'sending' limit 1)
    returning *"""

_TAKE = """
    update deliveries set state = 'sending', claim = $4, lane = $3
    where city_id = $1 and delivery_id = (
        select delivery_id from deliveries
        where city_id = $1 and back_office = $2 and state = 'waiting' and not behind and not untold and next_at <= $5
        order by next_at, sequence limit 1 for update skip locked)
    returning *"""

_NEXT = """
    select next_at from deliveries
    where city_id = $1 and back_office = $2 and state = 'waiting' and not behind and not untold
    order by next_at limit 1"""

_MORE = """
    select exists (
        select from deliveries
        where city_id = $1 and back_office = $2 and state = 'waiting' and not behind and not untold
          and next_at <= $3)"""


class Lanes:
    """The handler of `delivery.carry` jobs. `stopping` says that the process ends: then nothing new is begun."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        service: DeliveryService,
        *,
        open_blob: OpenBlob,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._outcomes = Outcomes(database, vault, clock, service)
        self._open_blob, self._stopping = open_blob, stopping

    async def run(self, job: Job, town: Town) -> None:
        """Send what is due, one after the other."""
        back_office, lane = str(job.payload["back_office"]), int(job.payload["lane"])
        until = time.monotonic() + _SLICE_SECONDS
        first = True
        while True:
            one = await self._next(town, back_office, lane, first=first)
            if one is None:
                return
            try:
                await self._carry(one, _definition(town, one))
            except ClaimLost:
                log.warning("delivery_claim_lost", delivery=one.name)
            if self._stopping() or time.monotonic() > until:
                async with self._database.town(one.city_id) as connection:
                    await wake(connection, one.city_id, [(back_office, lane)])
                return
            first = False

    async def _next(self, town: Town, back_office: str, lane: int, *, first: bool) -> Taken | None:
        """What this lane does next; None where there is nothing for it to do now."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            now = self._clock.now()
            paused = await offices.paused_until(connection, city_id, back_office)
            if paused is not None and (now < paused or lane != PROBE):
                await wake(connection, city_id, [(back_office, PROBE)], after=paused - now)
                return None
            row = None
            if first:
                row = await connection.fetchrow(_LEFT_BEHIND, city_id, back_office, lane, uuid4())
            if row is None:
                row = await connection.fetchrow(_TAKE, city_id, back_office, lane, uuid4(), now)
            if row is None:
                if next_at := await connection.fetchval(_NEXT, city_id, back_office):
                    await wake(connection, city_id, [(back_office, lane)], after=next_at - now)
                return None
            if first and paused is None and await connection.fetchval(_MORE, city_id, back_office, now):
                # One lane calls the next, so that as many come as there is work for.
                await wake(connection, city_id, [(back_office, lane % LANES + 1)])
            return await self._opened(connection, city_id, row, now)

    async def _opened(self, connection: Connection, city_id: int, row: asyncpg.Record, now: datetime) -> Taken:
        keys = await self._vault.keys(connection, city_id)
        delivery_id: UUID = row["delivery_id"]
        stored = await connection.fetchval(
            "select content from delivery_values where city_id = $1 and delivery_id = $2", city_id, delivery_id
        )
        if row["crashes"]:
            await journal.write(
                connection, city_id, delivery_id, Event.TAKEN, State.SENDING, at=now, step=row["step"],
                reason="worker_died",
            )  # fmt: skip
        names = ("city_id", "delivery_id", "back_office", "kind", "noun", "record_id", "order_key", "step", "sent_at")
        return Taken(
            **{name: row[name] for name in (*names, "attempts", "crashes", "claim")},
            values=content.unseal(keys, delivery_id, stored),
            receipts=await queries.receipts_of(connection, city_id, delivery_id),
        )

    async def _carry(self, one: Taken, definition: Definition | ConfigurationError) -> None:
        """As far as it goes. A fault of ours, or of the record, must not stop those behind it."""
        try:
            if isinstance(definition, ConfigurationError):
                raise definition
            await self._steps(one, definition)
        except ConfigurationError as error:
            await self._outcomes.held(one, Held(error.code, str(error)), asking=one.step is not None)
        except (RequestError, ValueError) as error:
            field = getattr(error, "field", None)
            await self._fault(one, Refused(getattr(error, "code", "unmappable"), str(error), field))
        except (HubError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this delivery's
            log.error("delivery_raised", delivery=one.name, error=type(error).__name__, places=places_of(error))
            await self._fault(one, Refused("hub_error", describe(error), None))

    async def _steps(self, one: Taken, definition: Definition) -> None:
        """All steps that have no receipt yet, until one does not come through."""
        if one.crashes >= _MOST_CRASHES:
            died = f"Workers died with it {one.crashes} times in a row."
            await self._fault(one, Refused("worker_died", died, None))
            return
        turns = [turn for turn in definition.turns(one.values) if turn.name not in one.receipts]
        if one.step is not None and one.step not in [turn.name for turn in turns]:
            gone = Unclear("unknown_step", f"The delivery file has no step {one.step!r} for this record any more.")
            await self._outcomes.stopped(one, Event.UNCLEAR, State.IN_DOUBT, gone)
            return
        # What is in question comes first, wherever it stands now.
        turns.sort(key=lambda turn: turn.name != one.step)
        for turn in turns:
            if not await self._step(one, turn, definition, last=turn is turns[-1]):
                return
        if not turns:
            await self._outcomes.finished(one)

    async def _step(self, one: Taken, turn: Turn, definition: Definition, *, last: bool) -> bool:
        """Whether the run goes on with the next step."""
        key = key_of(one.delivery_id, turn.name)
        if one.step is not None:
            asked = await self._ask(one, turn, key)
            if isinstance(asked, Happened):
                return await self._outcomes.happened(one, turn.name, asked.receipts, asked=True, last=last)
            if asked is not None:
                return False
        values, turn = await self._with_blobs(one, turn, definition)
        request = build(turn, turn.step.request, values, key, one.receipts)
        await self._outcomes.intend(one, turn.name)
        match await send(turn.step, request, key):
            case Happened(receipts):
                return await self._outcomes.happened(one, turn.name, receipts, asked=False, last=last)
            case NotReached() as failure:
                await self._outcomes.not_reached(one, failure, asking=False)
            case Held() as failure:
                await self._outcomes.held(one, failure, asking=False)
            case Refused() as refusal:
                await self._outcomes.stopped(one, Event.REFUSED, State.REFUSED, refusal)
            case Doubt() as doubt:
                await self._outcomes.doubted(one, doubt, can_ask=turn.step.ask is not None)
        return False

    async def _ask(self, one: Taken, turn: Turn, key: str) -> Happened | Absent | Unclear | None:
        """What became of the step in question. None: surely nothing, send it; anything but Happened is written down."""
        if turn.step.ask is None:
            unasked = Doubt(
                "worker_died", "A worker died while it was being sent, and the back office cannot be asked."
            )
            await self._outcomes.doubted(one, unasked, can_ask=False)
            return Unclear(unasked.reason, unasked.detail)
        asked = await ask(turn.step.ask, build(turn, turn.step.ask.request, one.values, key, one.receipts), key)
        match asked:
            case Happened():
                return asked
            case Absent():
                assert one.sent_at is not None
                goes_on = await self._outcomes.absent(one, one.sent_at + turn.step.ask.settle)
                return None if goes_on else asked
            case Unclear():
                await self._outcomes.stopped(one, Event.UNCLEAR, State.IN_DOUBT, asked)
                return asked
            case NotReached():
                await self._outcomes.not_reached(one, asked, asking=True)
            case Held():
                await self._outcomes.held(one, asked, asking=True)
        return Unclear("asked_later", "")

    async def _with_blobs(self, one: Taken, turn: Turn, definition: Definition) -> tuple[Mapping[str, Any], Turn]:
        """The record with the content of blobs; of lists that steps go through, only what this step is about."""

        async def fetch(blob_id: UUID) -> bytes:
            async with self._database.town(one.city_id) as connection:
                return await self._open_blob(connection, await self._vault.keys(connection, one.city_id), blob_id)

        scope = Scope(one.values, one.values)
        closed = frozenset(id(step.each.read(scope)) for step in definition.steps if step.each)
        values = await opened(one.values, fetch, except_lists=closed)
        return values, replace(turn, item=await opened(turn.item, fetch))

    async def _fault(self, one: Taken, refusal: Refused) -> None:
        """It cannot be made as it is: a dead letter, or where something of it was sent, a doubt."""
        if one.step is None:
            await self._outcomes.stopped(one, Event.REFUSED, State.REFUSED, refusal)
        else:
            await self._outcomes.stopped(one, Event.UNCLEAR, State.IN_DOUBT, Unclear(refusal.reason, refusal.detail))


def _definition(town: Town, one: Taken) -> Definition | ConfigurationError:
    office = town.back_offices.get(one.back_office)
    definition = None if office is None else office.deliveries.get(one.kind)
    if definition is None:
        problem = f"{town.city.slug} has no back office {one.back_office!r} that takes {one.kind} any more"
        return ConfigurationError(problem, remedy=f"Configure it again, or discard {one.name}.")
    found: Definition = definition
    return found
