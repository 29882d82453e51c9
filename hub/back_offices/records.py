"""From a mapped document to rows: the step that a pull and a push share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from hub.back_offices import queries
from hub.back_offices.model import Feed
from hub.changes import service as changes
from hub.intake.model import Fault
from hub.mapping.model import Drift, Record
from hub.ports.projection import Source
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Stored:
    """`changed` are the source keys whose row changed.

    `refused` are the records that the town's configuration contradicts or the database cannot hold.
    """

    changed: frozenset[str]
    refused: tuple[tuple[Record, Fault], ...]


async def store(
    connection: Connection,
    keys: TownKeys,
    feed: Feed,
    source: Source,
    records: Sequence[Record],
    drift: Sequence[Drift],
) -> Stored:
    """Hand good records to the noun, note drift, and return what was refused."""
    good: list[Record] = []
    refused: list[tuple[Record, Fault]] = []
    for record in records:
        refusal = feed.projection.refusal(record, source)
        if refusal is None:
            good.append(record)
        else:
            refused.append((record, Fault("contradicts_configuration", refusal[1], feed.feed, refusal[0])))
    changed, unstorable = await _apply(connection, keys, feed, source, good)
    noted = (feed.noun, source.back_office, source.feed, source.as_of)
    await changes.of_records(connection, feed.city, *noted, keys=changed)
    await queries.note_drift(connection, source.city_id, source.back_office, source.feed, drift, source.as_of)
    return Stored(frozenset(changed), (*refused, *unstorable))


async def _apply(
    connection: Connection, keys: TownKeys, feed: Feed, source: Source, records: Sequence[Record]
) -> tuple[set[str], list[tuple[Record, Fault]]]:
    """The keys that changed a row, and what PostgreSQL cannot hold: it is looked for by halves and stops no other."""
    if not records:
        return set(), []
    try:
        async with connection.transaction():
            return await feed.projection.apply(connection, keys, source, records), []
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError) as error:
        if len(records) == 1:
            because = f"the database refuses it: {type(error).__name__}"
            return set(), [(records[0], Fault("cannot_be_stored", because, feed.feed))]
    half = len(records) // 2
    changed, refused = await _apply(connection, keys, feed, source, records[:half])
    more, others = await _apply(connection, keys, feed, source, records[half:])
    return changed | more, refused + others
