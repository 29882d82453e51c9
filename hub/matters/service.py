"""Matters from being sent to being in the offices: opened with their deliveries, moved by what becomes of these.

async with database.citizen(city_id, subject_id) as connection:
    await matters.begin(connection, city_id, OPEN_CASE, …)        its row, its number, its first event
    …                                                             what is peculiar to the kind
    await matters.deliver(connection, keys, town, OPEN_CASE, …)   in the same transaction
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.back_offices.model import Town
from hub.cases.model import PublicStatus
from hub.changes import service as changes
from hub.delivery.model import Progress
from hub.delivery.model import State as Delivered
from hub.delivery.service import DeliveryService
from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid
from hub.matters import queries
from hub.matters.model import OPEN, Event, Kind, Matter, Office, Page, State, Told, event_of, moved, together
from hub.matters.numbers import new_number
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

NUMBER, SOURCE_KEY = "number", "key"
"""Names of receipts with a meaning here: under which number an office has it, and by which key its feed calls it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends something: `actor_id` for `subject_id`, by a mandate where they differ. `key` is the request's own."""

    subject_id: UUID
    actor_id: UUID
    language: str
    key: str


def offices_for(town: Town, kind: str) -> list[str]:
    """The back offices of the town that take this kind."""
    return [name for name, office in town.back_offices.items() if kind in office.configuration.deliveries]


class MatterService:
    """Matters of all towns. `kinds` are those there are, by name."""

    def __init__(self, deliveries: DeliveryService, clock: Clock, kinds: Sequence[Kind]) -> None:
        self._deliveries, self._clock = deliveries, clock
        self._kinds = {kind.name: kind for kind in kinds}
        for noun in {kind.noun for kind in kinds}:
            deliveries.on(noun, self.progressed)

    async def begin(
        self,
        connection: Connection,
        town: Town,
        kind: Kind,
        matter_id: UUID,
        sender: Sender,
        *,
        title: str | None = None,
        category: str | None = None,
        case_id: UUID | None = None,
    ) -> str:
        """Its row and first event; returns its number. The row has to be there before what refers to it.

        Of what no back office takes there is nothing to wait for: the hub itself keeps it.
        """
        city_id, now, number = town.city.id, self._clock.now(), new_number()
        state = State.WAITING if offices_for(town, kind.name) else State.REGISTERED
        row = await connection.fetchrow(
            """insert into matters (city_id, matter_id, noun, kind, subject_id, actor_id, number, title, category,
                                    case_id, language, state, status, opened_at, state_at, settled_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15) returning *""",
            city_id,
            matter_id,
            kind.noun,
            kind.name,
            sender.subject_id,
            sender.actor_id if sender.actor_id != sender.subject_id else None,
            number,
            title,
            category,
            case_id,
            sender.language,
            state,
            kind.status(state),
            now,
            None if state in OPEN else now,
        )
        assert row is not None
        first = (new_uuid(), now, "citizen", Event.SENT, None, None, state, None)
        await queries.insert_event(connection, city_id, row, first)
        return number

    async def deliver(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        kind: Kind,
        matter_id: UUID,
        values: Mapping[str, Any],
        *,
        order: str | None = None,
    ) -> None:
        """Queue it for every back office of the town that takes it; where none does, there is nothing to wait for."""
        city_id, now = keys.city_id, self._clock.now()
        row = await queries.one(connection, city_id, matter_id)
        assert row is not None
        if not offices_for(town, kind.name):
            return
        await self._deliveries.enqueue(
            connection,
            keys,
            town=town,
            kind=kind.name,
            noun=kind.noun,
            record_id=matter_id,
            values=values,
            order=order,
        )
        for queued in await self._deliveries.progress(connection, city_id, kind.noun, matter_id):
            office = Office(queued.back_office, queued.state, now)
            await queries.add_office(connection, city_id, row, queued.delivery_id, office)

    async def progressed(self, connection: Connection, keys: TownKeys, progress: Progress) -> None:
        """Delivery tells that a receipt or a state has changed; runs in its transaction.

        What is not there any more has been erased, and nobody waits for it.
        """
        city_id, now = keys.city_id, self._clock.now()
        matter = await queries.locked(connection, city_id, progress.record_id)
        if matter is None:
            return
        rows = await queries.offices(connection, city_id, [matter["matter_id"]])
        offices = {row["back_office"]: _office(dict(row)) for row in rows}
        before = offices.get(progress.back_office)
        after = _moved(before, progress, now)
        if progress.state is Delivered.REFUSED:
            delivery, _ = await self._deliveries.inspect(connection, city_id, progress.delivery_id)
            after = replace(after, field=delivery.field)
        await queries.put_office(connection, city_id, matter, progress.delivery_id, after)
        offices[progress.back_office] = after
        old = State(matter["state"])
        new = together(one.state for one in offices.values())
        if after.number and not (before and before.number):
            await self._tell(connection, city_id, matter, Event.RECEIVED, after, old, now)
        if event := event_of(before.state if before else Delivered.WAITING, after.state):
            await self._tell(connection, city_id, matter, event, after, new, now)
        if moved(old, new):
            if new is State.REGISTERED:
                await self._tell(connection, city_id, matter, Event.REGISTERED, after, new, now)
            await connection.execute(
                """update matters set state = $3, status = $4, state_at = $5, settled_at = $6
                   where city_id = $1 and matter_id = $2""",
                city_id,
                matter["matter_id"],
                new,
                self._kinds[matter["kind"]].status(new),
                now,
                None if new in OPEN else now,
            )
            told = (matter["noun"], matter["matter_id"], matter["subject_id"], new)
            await changes.of_matter(connection, city_id, *told, now)

    @staticmethod
    async def _tell(
        connection: Connection,
        city_id: int,
        matter: asyncpg.Record,
        event: Event,
        office: Office,
        state: State,
        now: datetime,
    ) -> None:
        who = "staff" if event in {Event.GOES_ON, Event.DISCARDED} else "back_office"
        row = (new_uuid(), now, who, event, office.back_office, matter["state"], state, office.number)
        await queries.insert_event(connection, city_id, matter, row)


def _moved(before: Office | None, progress: Progress, now: datetime) -> Office:
    """What the office has made of it by now."""
    receipts = progress.receipts.values()
    number = next((one[NUMBER] for one in receipts if NUMBER in one), None)
    source_key = next((one[SOURCE_KEY] for one in receipts if SOURCE_KEY in one), None)
    base = before or Office(progress.back_office, progress.state, now)
    return replace(
        base,
        state=progress.state,
        since=now if before is None or before.state is not progress.state else before.since,
        number=number or base.number,
        source_key=source_key or base.source_key,
    )


async def listed(
    connection: Connection,
    city_id: int,
    kinds: Sequence[Kind],
    statuses: Sequence[PublicStatus],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Page:
    """Latest first, within the citizen's walls."""
    names = [kind.name for kind in kinds]
    rows = await queries.page(connection, city_id, names, statuses, after, limit + 1)
    shown = await _matters(connection, city_id, rows[:limit])
    more = len(rows) > limit
    return Page(shown, (shown[-1].opened_at, shown[-1].matter_id) if more else None)


async def opened(connection: Connection, city_id: int, kinds: Sequence[Kind], matter_id: UUID) -> Matter:
    """One matter. Raises NotFound, also for another person's and for one of another kind."""
    row = await queries.one(connection, city_id, matter_id)
    if row is None or row["kind"] not in {kind.name for kind in kinds}:
        raise NotFound("There is no such thing in this account.")
    return (await _matters(connection, city_id, [row]))[0]


async def told(connection: Connection, city_id: int, matter_id: UUID) -> list[Told]:
    """What has happened, oldest first."""
    rows = await queries.events(connection, city_id, matter_id)
    return [Told(row["at"], Event(row["event"]), row["back_office"], row["number"]) for row in rows]


async def sent_for_case(connection: Connection, city_id: int, case_id: UUID) -> list[tuple[UUID, str]]:
    """Id and kind of what became this case, and of the answers sent to it; oldest first."""
    return [(row["matter_id"], row["kind"]) for row in await queries.of_case(connection, city_id, case_id)]


async def _matters(connection: Connection, city_id: int, rows: Sequence[asyncpg.Record]) -> list[Matter]:
    by_matter: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for office in await queries.offices(connection, city_id, [row["matter_id"] for row in rows]):
        by_matter[office["matter_id"]].append(dict(office))
    return [matter_of(dict(row), by_matter[row["matter_id"]]) for row in rows]


def matter_of(row: Mapping[str, Any], offices: Sequence[Mapping[str, Any]]) -> Matter:
    """A matter from its row and those of its offices."""
    return Matter(
        matter_id=row["matter_id"],
        kind=row["kind"],
        number=row["number"],
        title=row["title"],
        category=row["category"],
        case_id=row["case_id"],
        state=State(row["state"]),
        status=PublicStatus(row["status"]),
        opened_at=row["opened_at"],
        state_at=row["state_at"],
        offices=tuple(_office(one) for one in offices),
    )


def _office(row: Mapping[str, Any]) -> Office:
    return Office(
        back_office=row["back_office"],
        state=Delivered(row["state"]),
        since=row["since"],
        failing_since=row["failing_since"],
        number=row["number"],
        source_key=row.get("source_key"),
        field=row["field"],
    )
