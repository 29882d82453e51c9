"""Carries deliveries out: a lane takes one that is due after the other, until nothing is due or its time is over.

No transaction is open while anything is sent. What was taken and not ended, because the worker died, is put back
by the next run of the same lane, which the queue lets run only when the one before is over, or is believed to be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from hub.delivery import content, journal, offices, queries
from hub.delivery.blobs import opened
from hub.delivery.claims import FENCE, Claims
from hub.delivery.definition import Definition, Turn
from hub.delivery.model import Event, OpenBlob, State, Town, allow, key_of
from hub.delivery.moments import moment
from hub.delivery.outcomes import WORKER_DIED, Outcomes
from hub.delivery.service import DeliveryService
from hub.delivery.steps import (
    Absent,
    Asked,
    Doubt,
    Happened,
    Held,
    NotReached,
    Refused,
    Sent,
    Unclear,
    ask,
    build,
    send,
)
from hub.delivery.taken import ClaimLost, Taken
from hub.delivery.wake import LANES, PROBE, wake
from hub.jobs.failures import describe, places_of
from hub.jobs.queue import Job
from hub.kernel.clock import Clock
from hub.kernel.courtesy import Courtesy
from hub.kernel.errors import ConfigurationError, HubError, NotFound, RequestError
from hub.mapping.our_record import Scope
from hub.mapping.problems import MappingProblem
from hub.storage.database import Connection, Database
from hub.storage.failures import FAILED
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

_SLICE_SECONDS = 10.0
"""After this a lane gives its place to others who wait for one, and stands in line again."""
_MOST_CRASHES = 3
"""Workers in a row that may die with a delivery before somebody has to look at it."""

# What the worker that died had sent may still arrive for as long as a live one would go on sending it.
_PUT_BACK = """
    update deliveries set state = 'waiting', claim = null, lane = null, crashes = crashes + 1, next_at = $4,
                          over_at = case when step is not null then $5::timestamptz end
    where city_id = $1 and back_office = $2 and lane = $3 and state = 'sending'
    returning delivery_id, step"""

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
        courtesy: Courtesy,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._claims = Claims(database, vault, clock)
        self._outcomes = Outcomes(self._claims, service)
        self._open_blob, self._courtesy, self._stopping = open_blob, courtesy, stopping

    async def run(self, job: Job, town: Town) -> None:
        """Send what is due, one after the other."""
        back_office, lane = str(job.payload["back_office"]), int(job.payload["lane"])
        until = time.monotonic() + _SLICE_SECONDS
        first = True
        while True:
            began = time.monotonic()
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
            await asyncio.sleep(self._courtesy.rest(town.city.id, time.monotonic() - began - one.away))

    async def _next(self, town: Town, back_office: str, lane: int, *, first: bool) -> Taken | None:
        """What this lane does next; None where there is nothing for it to do now."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            now = await moment(connection, self._clock)
            if first:
                await self._put_back(connection, city_id, back_office, lane, now)
            paused = await offices.paused_until(connection, city_id, back_office)
            if paused is not None and (now < paused or lane != PROBE):
                await wake(connection, city_id, [(back_office, PROBE)], after=paused - now)
                return None
            row = await connection.fetchrow(_TAKE, city_id, back_office, lane, uuid4(), now)
            if row is None:
                if next_at := await connection.fetchval(_NEXT, city_id, back_office):
                    await wake(connection, city_id, [(back_office, lane)], after=next_at - now)
                return None
            if first and paused is None and await connection.fetchval(_MORE, city_id, back_office, now):
                # One lane calls the next, so that as many come as there is work for.
                await wake(connection, city_id, [(back_office, lane % LANES + 1)])
            return await self._opened(connection, city_id, row)

    @staticmethod
    async def _put_back(connection: Connection, city_id: int, back_office: str, lane: int, now: datetime) -> None:
        """What was in the hands of a run of this lane that died waits again, and any lane may take it."""
        over_at = now + FENCE
        for row in await connection.fetch(_PUT_BACK, city_id, back_office, lane, now, over_at):
            state = allow(Event.TAKEN, State.SENDING, State.WAITING)
            await journal.write(
                connection, city_id, row["delivery_id"], Event.TAKEN, state, at=now, step=row["step"],
                reason=WORKER_DIED,
            )  # fmt: skip

    async def _opened(self, connection: Connection, city_id: int, row: asyncpg.Record) -> Taken:
        delivery_id: UUID = row["delivery_id"]
        sealed = await connection.fetchval(
            "select content from delivery_values where city_id = $1 and delivery_id = $2", city_id, delivery_id
        )
        names = ("city_id", "delivery_id", "back_office", "kind", "noun", "record_id", "order_key", "step", "sent_at")
        return Taken(
            **{name: row[name] for name in (*names, "over_at", "attempts", "crashes", "claim")},
            keys=await self._vault.keys(connection, city_id),
            sealed=sealed,
            receipts=await queries.receipts_of(connection, city_id, delivery_id),
        )

    async def _carry(self, one: Taken, definition: Definition | ConfigurationError) -> None:
        """As far as it goes. A fault of ours, or of the record, must not stop those behind it."""
        try:
            # Here, so that one whose content cannot be opened stops nothing but its own line.
            if one.sealed is None:
                raise NotFound("What it held is gone.")
            one.values = content.unseal(one.keys, one.delivery_id, one.sealed)
            if isinstance(definition, ConfigurationError):
                raise definition
            await self._steps(one, definition)
        except ConfigurationError as error:
            await self._outcomes.held(one, Held(error.code, str(error)), asking=one.step is not None)
        except (RequestError, MappingProblem) as error:
            field = getattr(error, "field", None)
            await self._fault(one, Refused(getattr(error, "code", "unmappable"), str(error), field))
        except (HubError, *FAILED):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this delivery's
            log.error("delivery_raised", delivery=one.name, error=type(error).__name__, places=places_of(error))
            await self._fault(one, Refused("hub_error", describe(error), None))

    async def _steps(self, one: Taken, definition: Definition) -> None:
        """All steps that have no receipt yet, until one does not come through."""
        if one.crashes >= _MOST_CRASHES:
            died = f"Workers died with it {one.crashes} times in a row."
            await self._fault(one, Refused(WORKER_DIED, died, None))
            return
        turns = [turn for turn in definition.turns(one.values) if turn.name not in one.receipts]
        if one.step in one.receipts:
            # A run that was believed dead has told its end while another one was asking about it.
            one.step, one.sent_at, one.over_at = None, None, None
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
                return await self._happened(one, turn.name, asked, asked=True, last=last)
            if asked is not None:
                return False
        values, turn = await self._with_blobs(one, turn, definition)
        request = build(turn, turn.step.request, values, key, one.receipts)
        sure_at = await self._outcomes.intend(one, turn.name)
        if sure_at is None:
            return False
        return await self._ended(
            one, turn, await self._claims.sending(one, sure_at, partial(send, turn.step, request, key)), last=last
        )

    async def _ended(self, one: Taken, turn: Turn, sent: Sent, *, last: bool) -> bool:
        key = key_of(one.delivery_id, turn.name)
        match sent:
            case Happened() as done:
                return await self._happened(one, turn.name, done, asked=False, last=last)
            case NotReached() as failure:
                await self._outcomes.not_reached(one, failure, asking=False)
            case Held() as failure:
                await self._outcomes.held(one, failure, asking=False)
            case Refused() as refusal:
                return await self._refused(one, turn, key, refusal, last=last)
            case Doubt() as doubt:
                await self._outcomes.doubted(one, doubt, can_ask=turn.step.ask is not None)
        return False

    async def _happened(self, one: Taken, step: str, done: Happened, *, asked: bool, last: bool) -> bool:
        try:
            return await self._outcomes.happened(one, step, done.receipts, asked=asked, last=last)
        except ClaimLost:
            await self._outcomes.heard(one, step, done.receipts)
            raise

    async def _refused(self, one: Taken, turn: Turn, key: str, refusal: Refused, *, last: bool) -> bool:
        """Many refuse what they have already: one that can be asked is asked."""
        if turn.step.ask is not None:
            found = await self._question(one, turn, key)
            if isinstance(found, Happened):
                return await self._happened(one, turn.name, found, asked=True, last=last)
        await self._outcomes.stopped(one, Event.REFUSED, State.REFUSED, refusal)
        return False

    @staticmethod
    async def _question(one: Taken, turn: Turn, key: str) -> Asked:
        assert turn.step.ask is not None
        content = build(turn, turn.step.ask.request, one.values, key, one.receipts)
        began = time.monotonic()
        try:
            return await ask(turn.step.ask, content, key)
        finally:
            one.away += time.monotonic() - began

    async def _ask(self, one: Taken, turn: Turn, key: str) -> Happened | Absent | Unclear | None:
        """What became of the step in question. None: surely nothing, send it; anything but Happened is written down."""
        if turn.step.ask is None:
            unasked = Doubt(WORKER_DIED, "A worker died while it was being sent, and the back office cannot be asked.")
            await self._outcomes.doubted(one, unasked, can_ask=False)
            return Unclear(unasked.reason, unasked.detail)
        asked = await self._question(one, turn, key)
        match asked:
            case Happened():
                return asked
            case Absent():
                goes_on = await self._outcomes.absent(one, turn.step.ask.settle)
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
                return await self._open_blob(connection, one.keys, blob_id)

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
