"""What staff do with a delivery that needs somebody: each is journalled with who and why, in one transaction.

The noun is told by the worker, whose rights are those of its handlers; until it has been, nothing is sent.

`by` is who does it (`stf_…`, or an operator's account), `reason` why; neither may name a citizen, for the journal stays
when everything else of the delivery is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.delivery import content, journal, queries
from hub.delivery.blobs import named
from hub.delivery.definition import SETTLE, Definition, Step
from hub.delivery.endings import leave, seen_to
from hub.delivery.model import EDGES, Delivery, Event, State, Town, targets
from hub.delivery.moments import moment
from hub.delivery.wake import call_sweep
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, Gone, InvalidRequest, NotFound
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Desk:
    """What one of the staff does to one town's deliveries, within one transaction of the town."""

    connection: Connection
    keys: TownKeys
    town: Town
    clock: Clock
    by: str

    async def happened(self, delivery_id: UUID, receipts: Mapping[str, str], reason: str) -> Delivery:
        """Somebody looked: the step in doubt is done there. `receipts` are what its reply would have told.

        Raises InvalidRequest where a name is missing that the steps after it may need.
        """
        one = await self._open(delivery_id, Event.HAPPENED)
        assert one.step is not None
        missing = [name for name in self._names(one) if not receipts.get(name)]
        if missing:
            needed = f"The step {one.step} has a receipt: look up there its {', '.join(missing)}, and say it."
            raise InvalidRequest(needed, field=f"receipts.{missing[0]}")
        now = await moment(self.connection, self.clock)
        told = {str(name): str(value) for name, value in receipts.items()}
        await queries.store_receipt(
            self.connection, self.keys.city_id, delivery_id, one.step, told, source="staff", now=now
        )
        return await self._again(one, Event.HAPPENED, reason, now)

    async def did_not_happen(self, delivery_id: UUID, reason: str) -> Delivery:
        """Somebody looked: the step in doubt is not done there. It is sent again.

        Raises Conflict while it may still arrive or be worked on there: who looks now sees nothing yet.
        """
        one = await self._open(delivery_id, Event.DID_NOT_HAPPEN)
        now, settled_at = await moment(self.connection, self.clock), self._settled_at(one)
        if now < settled_at:
            raise Conflict(
                "It may still be on its way, or be worked on there: look again after "
                f"{settled_at.astimezone(self.town.city.timezone):%H:%M:%S}."
            )
        return await self._again(one, Event.DID_NOT_HAPPEN, reason, now)

    async def retry(self, delivery_id: UUID, reason: str) -> Delivery:
        """Try now: what was refused is sent as it is, what is in doubt is asked about.

        Raises Conflict for a doubt where the back office cannot be asked: then somebody has to look.
        """
        one = await self._open(delivery_id, Event.RETRY)
        if one.state is State.IN_DOUBT and not self._can_ask(one):
            raise Conflict(
                f"{one.back_office} cannot be asked: look there, and say that it happened or that it did not."
            )
        now = await moment(self.connection, self.clock)
        return await self._again(one, Event.RETRY, reason, now, keep=one.step is not None)

    async def edit(self, delivery_id: UUID, values: Mapping[str, Any], reason: str) -> Delivery:
        """Put `values`, all of them, in the place of what was refused, and send that; done steps stay done.

        Raises InvalidRequest where something that is there already is not in its place any more, so that another thing
        would be taken for it, and for a stored file that is not this record's.
        """
        one = await self._open(delivery_id, Event.EDIT)
        await self._comparable(one, values)
        status = await self.connection.execute(
            "update delivery_values set content = $3 where city_id = $1 and delivery_id = $2",
            self.keys.city_id,
            delivery_id,
            content.seal(self.keys, delivery_id, values),
        )
        if status.endswith(" 0"):
            raise Gone("What it held is gone.")
        return await self._again(one, Event.EDIT, reason, await moment(self.connection, self.clock))

    async def discard(self, delivery_id: UUID, reason: str) -> Delivery:
        """Give it up; those behind it go on. Steps that are done stay done there."""
        # The line before the row, as everybody who has both.
        await self._lock_line(delivery_id)
        one = await self._open(delivery_id, Event.DISCARD)
        now = await moment(self.connection, self.clock)
        line = await self.connection.fetchval(
            """update deliveries set state = 'discarded', behind = false, settled_at = $3, untold = true, late_at = null
               where city_id = $1 and delivery_id = $2 returning order_key""",
            self.keys.city_id,
            delivery_id,
            now,
        )
        done = await self._told(one, Event.DISCARD, State.DISCARDED, reason, now)
        await leave(self.connection, self.keys.city_id, delivery_id, one.back_office, line, now)
        return done

    async def _open(self, delivery_id: UUID, event: Event) -> Delivery:
        one = await queries.find(self.connection, self.keys.city_id, delivery_id, lock=True)
        if one is None:
            raise NotFound("There is no such delivery.")
        if not targets(event, one.state):
            takes = dict.fromkeys(str(edge.event) for edge in EDGES if edge.source is one.state and edge.by == "staff")
            raise Conflict(f"This delivery is {one.state}. What it takes then: {', '.join(takes) or 'nothing'}.")
        return one

    async def _lock_line(self, delivery_id: UUID) -> None:
        row = await self.connection.fetchrow(
            "select back_office, order_key from deliveries where city_id = $1 and delivery_id = $2",
            self.keys.city_id,
            delivery_id,
        )
        if row is not None:
            await queries.lock_line(self.connection, row["back_office"], row["order_key"])

    async def _comparable(self, one: Delivery, values: Mapping[str, Any]) -> None:
        stored = await self.connection.fetchval(
            "select content from delivery_values where city_id = $1 and delivery_id = $2",
            self.keys.city_id,
            one.delivery_id,
        )
        if stored is None:
            raise Gone("What it held is gone.")
        before = content.unseal(self.keys, one.delivery_id, stored)
        if named(values) - named(before):
            raise InvalidRequest("A stored file can be left out here; another one cannot be put in.", field="values")
        definition = self._definition(one)
        if definition is None:
            return
        done = await queries.receipts_of(self.connection, self.keys.city_id, one.delivery_id)
        now = {turn.name: turn.item for turn in definition.turns(values)}
        for turn in definition.turns(before):
            if turn.name in done and turn.step.each is not None and now.get(turn.name) != turn.item:
                told = f"{turn.name} is there already: leave it in its place among {turn.step.each.text}, as it is."
                raise InvalidRequest(told, field="values")

    def _settled_at(self, one: Delivery) -> datetime:
        """When "it is not there" can be said of the step in doubt."""
        step = self._step(one)
        settle: timedelta = step.ask.settle if step is not None and step.ask is not None else SETTLE
        return (one.over_at or one.sent_at or one.created_at) + settle

    async def _again(self, one: Delivery, event: Event, reason: str, now: datetime, *, keep: bool = False) -> Delivery:
        await self.connection.execute(
            """update deliveries set state = 'waiting', next_at = $3, attempts = 0, crashes = 0, untold = true,
                      step = case when $4 then step end, sent_at = case when $4 then sent_at end,
                      over_at = case when $4 then over_at end, late_at = null,
                      reason = null, field = null, detail = null
               where city_id = $1 and delivery_id = $2""",
            self.keys.city_id,
            one.delivery_id,
            now,
            keep,
        )
        done = await self._told(one, event, State.WAITING, reason, now)
        await seen_to(self.connection, self.keys.city_id, one.delivery_id, one.back_office, now)
        return done

    async def _told(self, one: Delivery, event: Event, state: State, reason: str, now: datetime) -> Delivery:
        """Journal it, have the noun told, and return the delivery as it stands now."""
        city_id, delivery_id = self.keys.city_id, one.delivery_id
        await journal.write(
            self.connection, city_id, delivery_id, event, state, at=now, step=one.step, by=self.by, reason=reason
        )
        await call_sweep(self.connection, city_id, resumed=one.back_office)
        found = await queries.find(self.connection, city_id, delivery_id)
        assert found is not None
        return found

    def _names(self, one: Delivery) -> tuple[str, ...]:
        step = self._step(one)
        return step.names if step else ()

    def _can_ask(self, one: Delivery) -> bool:
        step = self._step(one)
        return step is not None and step.ask is not None

    def _step(self, one: Delivery) -> Step | None:
        definition = self._definition(one)
        return definition.step(one.step) if definition and one.step else None

    def _definition(self, one: Delivery) -> Definition | None:
        office = self.town.back_offices.get(one.back_office)
        return None if office is None else office.deliveries.get(one.kind)
