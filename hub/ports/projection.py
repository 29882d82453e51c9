"""What a noun implements to receive the records of back offices; bootstrap registers each by its target's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hub.mapping.model import Record, Target
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from, and the town's defaults for what they leave out.

    `asked` is True for the answer to our own question, False for a push.
    `caught_up_to` is the moment at the source the records are true for.
    """

    city_id: int
    back_office: str
    feed: str
    as_of: datetime
    caught_up_to: datetime
    asked: bool
    language: str
    payee: str | None
    department: str | None
    payees: frozenset[str]
    departments: frozenset[str]


class Projection(Protocol):
    """A noun whose rows are projected from back offices."""

    target: Target

    def refusal(self, record: Record, source: Source) -> tuple[str, str] | None:
        """`(field, reason)` where the record contradicts the town's configuration; None where it is fine."""

    async def apply(
        self, connection: Connection, keys: TownKeys, source: Source, records: Sequence[Record]
    ) -> set[str]:
        """Store records within the caller's transaction; returns the source keys that changed a row.

        Idempotent and safe in any order: newer wins, twice is once.
        """

    async def bury_absent(
        self, connection: Connection, source: Source, identifier_id: UUID, present: Sequence[str]
    ) -> int:
        """After a complete read: tombstones for rows of this feed (and identifier, unless NIL) that are not in
        `present` and were not told of since the read began. Returns how many.
        """

    async def caught_up(self, connection: Connection, source: Source) -> set[str]:
        """After an answer of changes since the last read: what it did not name is as it was, at `source.caught_up_to`.

        Returns the source keys of which something has changed by it.
        """
