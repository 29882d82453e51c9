"""What staff do with a delivery that needs somebody: each is journalled with who and why, in one transaction.

The noun is told by the worker, whose rights are those of its handlers; until it has been, nothing is sent.

`by` is who does it (`stf_…`, or an operator's account), `reason` why; neither may name a citizen, for the journal stays
when everything else of the delivery is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.delivery import content, journal, queries
from hub.delivery.endings import leave, seen_to
from hub.delivery.model import Delivery, Event, State, Town, targets
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
            needed = f"The step {one.step} has a receipt of {', '.join(missing)}: look it up there and write it down."
            raise InvalidRequest(needed, field=f"receipts.{missing[0]}")
        now = self.clock.now()
        told = {str(name): str(value) for name, value in receipts.items()}
        await queries.store_receipt(
            self.connection, self.keys.city_id, delivery_id, one.step, told, source="staff", now=now
        )
        return await self._again(one, Event.HAPPENED, reason, now)

    async def did_not_happen(self, delivery_id: UUID, reason: str) -> Delivery:
        """Somebody looked: the step in doubt is not done there. It is sent again."""
        one = await self._open(delivery_id, Event.DID_NOT_HAPPEN)
        return await self._again(one, Event.DID_NOT_HAPPEN, reason, self.clock.now())

    async def retry(self, delivery_id: UUID, reason: str) -> Delivery:
        """Try now: what was refused is sent as it is, what is in doubt is asked about.

        Raises Conflict for a doubt where the back office cannot be asked: then somebody has to look.
        """
        one = await self._open(delivery_id, Event.RETRY)
        if one.state is State.IN_DOUBT and not self._can_ask(one):
            raise Conflict(
                f"{one.back_office} cannot be asked: look there, and say that it happened or that it did not."
            )
        return await self._again(one, Event.RETRY, reason, self.clock.now(), keep=one.step is not None)

    async def edit(self, delivery_id: UUID, values: Mapping[str, Any], reason: str) -> Delivery:
        """Put `values`, all of them, in the place of what was refused, and send that; done steps stay done."""
        one = await self._open(delivery_id, Event.EDIT)
        status = await self.connection.execute(
            "update delivery_values set content = $3 where city_id = $1 and delivery_id = $2",
            self.keys.city_id,
            delivery_id,
            content.seal(self.keys, delivery_id, values),
        )
        if status.endswith(" 0"):
            raise Gone("What it held is gone.")
        return await self._again(one, Event.EDIT, reason, self.clock.now())

    async def discard(self, delivery_id: UUID, reason: str) -> Delivery:
        """Give it up; those behind it go on. Steps that are done stay done there."""
        one = await self._open(delivery_id, Event.DISCARD)
        now = self.clock.now()
        line = await self.connection.fetchval(
            """update deliveries set state = 'discarded', behind = false, settled_at = $3, untold = true
               where city_id = $1 and delivery_id = $2 returning order_key""",
            self.keys.city_id,
            delivery_id,
            now,
        )
        done = await self._told(one, Event.DISCARD, State.DISCARDED, reason, now)
        await seen_to(self.connection, self.keys.city_id, delivery_id, one.back_office, now)
        await leave(self.connection, self.keys.city_id, delivery_id, one.back_office, line, now)
        return done

    async def _open(self, delivery_id: UUID, event: Event) -> Delivery:
        one = await queries.find(self.connection, self.keys.city_id, delivery_id, lock=True)
        if one is None:
            raise NotFound("There is no such delivery.")
        if not targets(event, one.state):
            raise Conflict(f"A delivery that is {one.state} has no {event}.")
        return one

    async def _again(self, one: Delivery, event: Event, reason: str, now: datetime, *, keep: bool = False) -> Delivery:
        await self.connection.execute(
            """update deliveries set state = 'waiting', next_at = $3, attempts = 0, crashes = 0, untold = true,
                      step = case when $4 then step end, sent_at = case when $4 then sent_at end,
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
        await call_sweep(self.connection, city_id)
        found = await queries.find(self.connection, city_id, delivery_id)
        assert found is not None
        return found

    def _names(self, one: Delivery) -> tuple[str, ...]:
        definition = self._definition(one)
        step = definition.step(one.step) if definition and one.step else None
        return step.names if step else ()

    def _can_ask(self, one: Delivery) -> bool:
        definition = self._definition(one)
        step = definition.step(one.step) if definition and one.step else None
        return step is not None and step.ask is not None

    def _definition(self, one: Delivery) -> Any:
        office = self.town.back_offices.get(one.back_office)
        return None if office is None else office.deliveries.get(one.kind)
