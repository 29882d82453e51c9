"""Puts deliveries in line, and tells what became of them.

    async with database.citizen(city_id, subject_id) as connection:
        …                                                                      the noun's own rows
        await hub.deliveries.enqueue(connection, keys, town=town, kind="open_case", noun="submission",
                                     record_id=…, values={…})

Row and job are written in the caller's transaction; nothing is sent in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.delivery import content, journal, queries
from hub.delivery.definition import Definition
from hub.delivery.model import Delivery, Entry, Event, Handler, Progress, Receipts, State, Town
from hub.delivery.moments import moment
from hub.delivery.wake import lane_for, wake
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

DEADLINE = timedelta(days=1)
"""After this somebody is told of a delivery that has not arrived, unless its noun says otherwise."""

_TO_ALL = frozenset({"contact_change"})
"""Kinds that go to every back office that takes them, which may be none."""


class DeliveryService:
    """One for a process. Nouns register their handlers in bootstrap."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handlers: dict[str, Handler] = {}

    def on(self, noun: str, handler: Handler) -> None:
        """Have `handler` told of every receipt and state of deliveries of `noun`.

        It runs in the transaction that stores the receipt or the state, in the town's walls. Where it raises, that is
        stored without it and it is told again later; the delivery goes no further before it has been.
        """
        self._handlers[noun] = handler

    async def tell(self, connection: Connection, keys: TownKeys, progress: Progress) -> None:
        """Tell the noun, where it wants to know."""
        if handler := self._handlers.get(progress.noun):
            await handler(connection, keys, progress)

    async def enqueue(
        self,
        connection: Connection,
        keys: TownKeys,
        *,
        town: Town,
        kind: str,
        noun: str,
        record_id: UUID,
        values: Mapping[str, Any],
        order: str | None = None,
        deadline: timedelta | None = None,
        subject_id: UUID | None = None,
        back_office: str | None = None,
    ) -> list[UUID]:
        """Put `values` in line for every back office that takes this kind; returns the deliveries' ids.

        `values` is what the delivery files' `request:` reads; bytes stand in a blob, `{"blob": id}` in their place.
        `order`: deliveries to one back office with the same text stay in order; absent, those of one record do. It
        must not tell who somebody is. A file's own `order:` comes before it.
        `subject_id`: whose it is, where the transaction is not on a citizen's path.
        `back_office`: only for this one, of several that take the kind.

        Raises ConfigurationError where no back office takes this kind, InvalidRequest for values that cannot be kept
        or lack what the order is kept by. Best done last in a transaction: others of the same order wait for its end.
        """
        offices = [
            office
            for name, office in sorted(town.back_offices.items())
            if kind in office.deliveries and back_office in {None, name}
        ]
        if not offices and kind not in _TO_ALL:
            raise ConfigurationError(
                f"no back office of {town.city.slug} takes {kind}",
                key="back_offices",
                remedy=f"Add deliveries: {{ {kind}: file }} to the one that does.",
            )
        now = await moment(connection, self._clock)
        put: list[UUID] = []
        lanes: list[tuple[str, int]] = []
        for office in offices:
            delivery_id = new_uuid()
            line = _line(office.deliveries[kind], keys, values) or order or f"{noun}/{record_id}"
            await queries.lock_line(connection, office.back_office, line)
            await queries.put(
                connection,
                keys.city_id,
                delivery_id,
                back_office=office.back_office,
                kind=kind,
                noun=noun,
                record_id=record_id,
                subject_id=subject_id,
                line=line,
                content=content.seal(keys, delivery_id, values),
                now=now,
                deadline_at=now + (deadline or DEADLINE),
            )
            await journal.write(connection, keys.city_id, delivery_id, Event.QUEUED, State.WAITING, at=now, by=noun)
            put.append(delivery_id)
            lanes.append((office.back_office, lane_for(delivery_id)))
        await wake(connection, keys.city_id, lanes)
        return put

    async def progress(self, connection: Connection, city_id: int, noun: str, record_id: UUID) -> list[Progress]:
        """Of every delivery of a record, in the order they were put in line; for the citizen's view."""
        return await queries.of_record(connection, city_id, noun, record_id)

    async def listed(
        self,
        connection: Connection,
        city_id: int,
        *,
        state: State | None = None,
        back_offices: Sequence[str] | None = None,
        kind: str | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[Delivery]:
        """The newest first. `back_offices`: only of these. `before`: the sequence of the last one seen."""
        return await queries.listed(
            connection, city_id, state=state, back_offices=back_offices, kind=kind, before=before, limit=limit
        )

    async def inspect(self, connection: Connection, city_id: int, delivery_id: UUID) -> tuple[Delivery, list[Entry]]:
        """A delivery and its journal, without personal data. Raises NotFound."""
        found = await queries.find(connection, city_id, delivery_id)
        if found is None:
            raise NotFound("There is no such delivery.")
        return found, await journal.read(connection, city_id, delivery_id)

    async def receipts(self, connection: Connection, city_id: int, delivery_id: UUID) -> Receipts:
        return await queries.receipts_of(connection, city_id, delivery_id)

    async def open_values(self, connection: Connection, keys: TownKeys, delivery_id: UUID) -> dict[str, Any] | None:
        """What is sent: somebody's data, so whoever opens them for a person to see records it.

        None where their time is over.
        """
        stored = await connection.fetchval(
            "select content from delivery_values where city_id = $1 and delivery_id = $2", keys.city_id, delivery_id
        )
        return None if stored is None else content.unseal(keys, delivery_id, stored)


def _line(definition: Definition, keys: TownKeys, values: Mapping[str, Any]) -> str | None:
    """What the file keeps in order, as a keyed hash: its texts may be identifiers.

    By the oldest key in force, so that those put in line while keys rotate stand in the same line.
    """
    try:
        texts = definition.order_of(values)
    except ValueError as error:
        raise InvalidRequest(f"{error}.", field=definition.order[0].text) from None
    return None if texts is None else f"order/{keys.blind_indexes('delivery.order', texts)[-1][1].hex()}"
