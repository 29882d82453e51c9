"""What could not be processed stays here, with its reason and its bytes, until it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hub.intake.model import Fault
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

Origin = Literal["push", "pull"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter without its bytes: those are opened by `body_of`, one at a time."""

    dead_letter_id: UUID
    back_office: str
    feed: str | None
    origin: str
    external_id: str
    reason: str
    detail: str
    field: str | None
    path: str | None
    media_type: str
    first_at: datetime
    last_at: datetime
    times: int
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_for: str | None = None
    settled_who: str | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; filters add up. `since` and `until` are of the last time it failed, `until` excluded.

    `state`: open, settled (replayed, superseded or discarded), or all of them.
    """

    back_offices: Sequence[str] | None = None
    feed: str | None = None
    origin: Origin | None = None
    reason: str | None = None
    field: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: Literal["open", "settled", "all"] = "open"


async def write(
    connection: Connection,
    keys: TownKeys,
    back_office: str,
    origin: Origin,
    external_id: str,
    fault: Fault,
    body: bytes,
    media_type: str,
    *,
    now: datetime,
    message_id: UUID | None = None,
) -> UUID:
    """Keep it; the same thing failing again is the same letter, counted, with its latest reason and bytes."""
    open_already = await connection.fetchval(
        """select dead_letter_id from dead_letters
           where city_id = $1 and back_office = $2 and external_id = $3 and settled_at is null for update""",
        keys.city_id,
        back_office,
        external_id,
    )
    letter_id = open_already or new_uuid()
    # Bytes are sealed for one letter: where another process opens one at this moment, that one's stay.
    row = await connection.fetchval(
        """insert into dead_letters as old (city_id, dead_letter_id, back_office, feed, origin, message_id,
               external_id, reason, detail, field, path, body, media_type, first_at, last_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
           on conflict (city_id, back_office, external_id) where settled_at is null do update
           set last_at = excluded.last_at, times = old.times + 1, reason = excluded.reason, detail = excluded.detail,
               field = excluded.field, path = excluded.path, feed = excluded.feed,
               body = case when old.dead_letter_id = excluded.dead_letter_id then excluded.body else old.body end,
               media_type = case when old.dead_letter_id = excluded.dead_letter_id then excluded.media_type
                                 else old.media_type end,
               message_id = coalesce(excluded.message_id, old.message_id)
           returning dead_letter_id""",
        keys.city_id,
        letter_id,
        back_office,
        fault.feed,
        origin,
        message_id,
        external_id,
        fault.reason,
        fault.detail,
        fault.field,
        fault.path,
        keys.encrypt("dead_letters", "body", str(letter_id), body),
        media_type,
        now,
    )
    return UUID(str(row))


async def lock(connection: Connection, city_id: int, dead_letter_ids: Sequence[UUID]) -> None:
    """Keep letters from being replayed, corrected, given up or settled by anybody else meanwhile.

    Whoever changes their messages too has those locked before.
    """
    await connection.execute(
        """select from dead_letters where city_id = $1 and dead_letter_id = any ($2)
           order by dead_letter_id for update""",
        city_id,
        list(dead_letter_ids),
    )


async def settle(
    connection: Connection,
    city_id: int,
    back_office: str,
    external_ids: Sequence[str],
    by: str,
    now: datetime,
) -> int:
    """What failed before has come through: close its letters."""
    done = await connection.execute(
        """update dead_letters set settled_at = $5, settled_by = $4
           where city_id = $1 and back_office = $2 and external_id = any($3) and settled_at is null""",
        city_id,
        back_office,
        list(external_ids),
        by,
        now,
    )
    return int(done.rsplit(" ", 1)[1])


async def settle_feed(
    connection: Connection, city_id: int, back_office: str, feed: str, prefix: str, before: datetime, now: datetime
) -> int:
    """A read begun at `before` had nothing to refuse: close what earlier reads of the feed refused under `prefix`."""
    done = await connection.execute(
        """update dead_letters set settled_at = $6, settled_by = 'superseded'
           where city_id = $1 and back_office = $2 and feed = $3 and origin = 'pull' and settled_at is null
             and starts_with(external_id, $4) and last_at < $5""",
        city_id,
        back_office,
        feed,
        prefix,
        before,
        now,
    )
    return int(done.rsplit(" ", 1)[1])


_COLUMNS = """dead_letter_id, back_office, feed, origin, external_id, reason, detail, field, path, media_type, first_at,
    last_at, times, settled_at, settled_by, settled_for, settled_who, message_id"""

_LISTED = f"""
    select {_COLUMNS} from dead_letters
    where city_id = $1 and ($2::text[] is null or back_office = any ($2)) and ($3::text is null or feed = $3)
      and ($4::text is null or origin = $4) and ($5::text is null or reason = $5) and ($6::text is null or field = $6)
      and ($7::timestamptz is null or last_at >= $7) and ($8::timestamptz is null or last_at < $8)
      and case $9 when 'open' then settled_at is null when 'settled' then settled_at is not null else true end
      and ($10::uuid is null or dead_letter_id < $10)
    order by dead_letter_id desc limit $11"""  # noqa: S608 - names of ours


async def listed(
    connection: Connection, city_id: int, filters: Filters, *, before: UUID | None = None, limit: int = 50
) -> list[DeadLetter]:
    """Letters, newest first. `before` is the last id of the page before."""
    rows = await connection.fetch(
        _LISTED,
        city_id,
        None if filters.back_offices is None else list(filters.back_offices),
        filters.feed,
        filters.origin,
        filters.reason,
        filters.field,
        filters.since,
        filters.until,
        filters.state,
        before,
        limit,
    )
    return [DeadLetter(**dict(row)) for row in rows]


async def offices(connection: Connection, city_id: int, dead_letter_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Whose each of these letters is; those that are not there are missing."""
    rows = await connection.fetch(
        "select dead_letter_id, back_office from dead_letters where city_id = $1 and dead_letter_id = any ($2)",
        city_id,
        list(dead_letter_ids),
    )
    return {row["dead_letter_id"]: row["back_office"] for row in rows}


async def find(connection: Connection, city_id: int, dead_letter_id: UUID) -> Any | None:
    """The whole row of one letter, body still sealed; None where there is none."""
    return await connection.fetchrow(
        "select * from dead_letters where city_id = $1 and dead_letter_id = $2", city_id, dead_letter_id
    )


async def body_of(connection: Connection, keys: TownKeys, dead_letter_id: UUID) -> tuple[DeadLetter, bytes]:
    """A letter with its bytes, which are somebody's data: whoever opens them for a person to see records it.

    Raises NotFound.
    """
    row = await find(connection, keys.city_id, dead_letter_id)
    if row is None:
        raise NotFound("There is no such dead letter.")
    letter = DeadLetter(**{name: row[name] for name in DeadLetter.__slots__})
    return letter, keys.decrypt("dead_letters", "body", str(dead_letter_id), row["body"])
