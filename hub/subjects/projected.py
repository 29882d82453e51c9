"""What nouns with parties share when records become rows: newer wins, and the parties follow the newest word."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal
from uuid import UUID

from hub.mapping.model import Record
from hub.ports.projection import Source
from hub.storage.database import Connection
from hub.storage.projected import Origin, ProjectedTable, Row, newest_of_each
from hub.storage.vault import TownKeys
from hub.subjects import parties


class RecordProjection(ABC):
    """The storing half of hub.ports.projection.Projection. A noun says its table and how a record becomes a row."""

    noun: ClassVar[Literal["obligation", "case"]]
    table: ClassVar[ProjectedTable]

    @abstractmethod
    def row(self, record: Record, source: Source) -> Row:
        """The record as columns."""

    async def stored(  # noqa: B027 - a noun that has nothing else to store says nothing
        self, connection: Connection, city_id: int, won: Mapping[UUID, Record]
    ) -> None:
        """What else follows the newest word, by record id; nothing, unless a noun says so."""

    async def before(self, connection: Connection, source: Source, keys: Sequence[str]) -> Any:
        """What a noun has to know of the rows of these source keys before they change; given back to `after`."""
        return None

    async def after(self, connection: Connection, source: Source, known: Any, told: Sequence[Record]) -> set[str]:
        """What a noun concludes from records that are its rows' newest word, be it the same as before.

        Returns the source keys of which something else has changed by it.
        """
        return set()

    async def caught_up(self, connection: Connection, source: Source) -> set[str]:
        """As hub.ports.projection says; a noun whose rows have no moment of their own concludes nothing."""
        return set()

    async def apply(
        self, connection: Connection, keys: TownKeys, source: Source, records: Sequence[Record]
    ) -> set[str]:
        origin = _origin(source)
        # By key, so that two answers that name the same records wait for each other in the same order.
        ordered = sorted(records, key=lambda one: one.key)
        present = {one.key: one for one in newest_of_each([one for one in ordered if not one.removed])}
        gone = newest_of_each([one for one in ordered if one.removed])
        changed = await self.table.bury(connection, origin, gone) if gone else set()
        if not present:
            return changed
        rows = [self.row(record, source) for record in present.values()]
        known = await self.before(connection, source, list(present))
        stored = await self.table.upsert(connection, origin, rows)
        renewed = await self.table.renew(connection, origin, [row for row in rows if row.record.key not in stored])
        won = {record_id: present[key] for key, (record_id, _) in stored.items()}
        if won:
            await self.stored(connection, keys.city_id, won)
            await parties.replace(connection, keys, self.noun, {one: record.parties for one, record in won.items()})
        changed |= {key for key, (_, different) in stored.items() if different}
        return changed | await self.after(connection, source, known, [present[key] for key in {*stored, *renewed}])

    async def bury_absent(
        self, connection: Connection, source: Source, identifier_id: UUID, present: Sequence[str]
    ) -> int:
        return len(await self.table.bury_absent(connection, _origin(source), identifier_id, present))


def _origin(source: Source) -> Origin:
    return Origin(source.city_id, source.back_office, source.feed, source.as_of, source.asked)
