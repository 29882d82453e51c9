"""From a mapped document to rows: the step that a pull and a push share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.back_offices import queries
from hub.back_offices.model import Feed
from hub.intake.model import Fault
from hub.mapping.model import Drift, Record
from hub.ports.projection import Source
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Stored:
    """`changed` are the source keys whose row changed; `refused` the records the town's configuration contradicts."""

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
    changed = await feed.projection.apply(connection, keys, source, good) if good else set()
    await queries.note_drift(connection, source.city_id, source.back_office, source.feed, drift, source.as_of)
    return Stored(frozenset(changed), tuple(refused))
