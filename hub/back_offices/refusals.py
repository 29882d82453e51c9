"""Records of an answer that cannot be used: each becomes a letter with its own bytes, under a name to settle it by."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.back_offices.model import Feed
from hub.intake import dead_letters
from hub.intake.model import Fault
from hub.kit import xml
from hub.mapping.fragments import fragments
from hub.mapping.mapping import Mapping
from hub.mapping.model import Mapped, Record, RecordProblem
from hub.ports.back_office import Page
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Refused:
    """`at` is the record's position in its page, or the key of one that could be read. `key` None: it has none."""

    at: int | str
    key: str | None
    fault: Fault


def of_page(feed: Feed, mapped: Mapped, contradicted: Sequence[tuple[Record, Fault]]) -> list[Refused]:
    """One for each record, whatever is wrong with it."""
    problems: dict[int, list[RecordProblem]] = defaultdict(list)
    for problem in mapped.problems:
        problems[problem.position].append(problem)
    unreadable = [Refused(at, some[0].key, unreadable_record(feed.feed, some)) for at, some in problems.items()]
    return unreadable + [Refused(record.key, record.key, fault) for record, fault in contradicted]


def unreadable_record(feed: str, problems: Sequence[RecordProblem]) -> Fault:
    """The first problem of a record or a message, and how many more there are."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Fault("unreadable_record", first.reason + more, feed, first.field, first.path)


async def keep(
    connection: Connection,
    keys: TownKeys,
    feed: Feed,
    mapping: Mapping,
    page: Page,
    refused: Sequence[Refused],
    *,
    identifier_id: UUID,
    number: int,
    now: datetime,
) -> None:
    """Write a letter for each, on page `number` of a read for `identifier_id`."""
    if not refused:
        return
    wanted = frozenset(one.at for one in refused)
    bytes_of, media_type = await asyncio.to_thread(lambda: fragments(mapping, xml.own(page.document), wanted))
    for one in refused:
        name = key_name(feed, one.key) if one.key is not None else f"{nameless(feed, identifier_id)}{number}.{one.at}"
        await dead_letters.write(
            connection, keys, feed.back_office, "pull", name, one.fault, bytes_of[one.at], media_type, now=now
        )


def key_name(feed: Feed, key: str) -> str:
    """What a letter about a record is called, whoever it was read for."""
    return f"{feed.feed}/{key}"


def nameless(feed: Feed, identifier_id: UUID) -> str:
    """How the names of letters about records without a key begin: the same reader only meets them again."""
    return f"{feed.feed}/{identifier_id}/"
