"""SQL of feed states and drift. Every function runs within the caller's transaction and walls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.intake.model import discreet
from hub.mapping.model import Drift
from hub.storage.database import Connection

_BEGIN = """
    insert into feed_states as old (city_id, back_office, feed, identifier_id, attempted_at)
    values ($1, $2, $3, $4, $5)
    on conflict (city_id, back_office, feed, identifier_id) do update set attempted_at = excluded.attempted_at
    returning cursor"""

# A read that was overtaken by a later one must not take its success back.
_SUCCEED = """
    update feed_states set read_at = $5, complete_at = case when $6 then $5 else complete_at end,
           failing_since = case when $9::text is null then null else coalesce(failing_since, $10) end,
           failure = $9, failure_detail = $11,
           failures = case when $9::text is null then 0 else failures + 1 end,
           caught_up_to = coalesce($7, caught_up_to), cursor = coalesce($8, cursor), records = $12, rejected = $13
    where city_id = $1 and back_office = $2 and feed = $3 and identifier_id = $4
      and (read_at is null or read_at <= $5) returning true"""

_FAIL = """
    update feed_states set failing_since = coalesce(failing_since, $6), failure = $7, failure_detail = $8,
           failures = failures + 1
    where city_id = $1 and back_office = $2 and feed = $3 and identifier_id = $4
      and (read_at is null or read_at <= $5)"""

# What was refused and is still a letter is missing here, whatever the source has sent. A failure that came after
# the moment the source speaks of is not healed by it.
_COMPLETE = """
    insert into feed_states as old (city_id, back_office, feed, identifier_id, attempted_at, read_at, complete_at)
    select $1, $2, $3, '00000000-0000-0000-0000-000000000000'::uuid, $4::timestamptz, $4,
           case when not $5 and not exists (
               select from dead_letters d
               where d.city_id = $1 and d.back_office = $2 and d.feed = $3 and d.settled_at is null) then $4 end
    on conflict (city_id, back_office, feed, identifier_id) do update
    set attempted_at = greatest(old.attempted_at, excluded.attempted_at),
        read_at = greatest(old.read_at, excluded.read_at),
        complete_at = greatest(old.complete_at, excluded.complete_at),
        failing_since = case when old.failing_since > excluded.read_at then old.failing_since end,
        failure = case when old.failing_since > excluded.read_at then old.failure end,
        failures = case when old.failing_since > excluded.read_at then old.failures else 0 end,
        failure_detail = case when old.failing_since > excluded.read_at then old.failure_detail end"""

_DRIFT = """
    insert into drift as old (city_id, back_office, feed, what, path, sample, first_seen, last_seen)
    select $1, $2, $3, what, path, sample, $4, $4
    from unnest($5::text[], $6::text[], $7::text[]) as d(what, path, sample)
    on conflict (city_id, back_office, feed, what, path) do update
    set last_seen = greatest(old.last_seen, excluded.last_seen), times = old.times + 1, sample = excluded.sample"""


async def begin_read(
    connection: Connection, city_id: int, back_office: str, feed: str, identifier_id: UUID, at: datetime
) -> str | None:
    """Note the attempt; returns the stored cursor."""
    value = await connection.fetchval(_BEGIN, city_id, back_office, feed, identifier_id, at)
    return None if value is None else str(value)


async def succeed(
    connection: Connection,
    city_id: int,
    back_office: str,
    feed: str,
    identifier_id: UUID,
    *,
    began: datetime,
    now: datetime,
    complete: bool,
    caught_up_to: datetime | None,
    cursor: str | None,
    failure: tuple[str, str] | None,
    records: int,
    rejected: int,
) -> bool:
    """The source answered; `failure` says what of the answer could not be used, if anything.

    Returns whether this is the latest word: False where a read that began later has been noted already.
    """
    latest = await connection.fetchval(
        _SUCCEED,
        city_id,
        back_office,
        feed,
        identifier_id,
        began,
        complete,
        caught_up_to,
        cursor,
        failure[0] if failure else None,
        now,
        failure[1] if failure else None,
        records,
        rejected,
    )
    return latest is not None


async def fail(
    connection: Connection,
    city_id: int,
    back_office: str,
    feed: str,
    identifier_id: UUID,
    *,
    began: datetime,
    now: datetime,
    code: str,
    detail: str,
) -> None:
    await connection.execute(_FAIL, city_id, back_office, feed, identifier_id, began, now, code, detail[:2000])


async def declare_complete(
    connection: Connection, city_id: int, back_office: str, feed: str, at: datetime, *, refused: bool
) -> None:
    """The source says that everything up to `at` has been pushed; `refused`: some of it is about to become a letter."""
    await connection.execute(_COMPLETE, city_id, back_office, feed, at, refused)


async def note_drift(
    connection: Connection, city_id: int, back_office: str, feed: str, drift: Iterable[Drift], at: datetime
) -> None:
    """Names and samples are for operators: a code, or the name of a field, that is somebody's number is not shown."""
    unique = {
        (one.what, discreet(one.path)): discreet(one.sample) if one.what == "unknown_code" else one.sample
        for one in drift
    }
    if unique:
        # Sorted, so that two reads that meet the same drift lock its rows in the same order.
        order = sorted(unique)
        await connection.execute(
            _DRIFT,
            city_id,
            back_office,
            feed,
            at,
            [what for what, _ in order],
            [path for _, path in order],
            [unique[one] for one in order],
        )


async def states(connection: Connection, city_id: int) -> list[asyncpg.Record]:
    """The feed states within the caller's walls."""
    return await connection.fetch(
        """select back_office, feed, identifier_id, attempted_at, read_at, complete_at, failing_since, failure,
                  caught_up_to, cursor from feed_states where city_id = $1""",
        city_id,
    )


async def drift(connection: Connection, city_id: int) -> list[asyncpg.Record]:
    """What the live interfaces say that no mapping knows, last seen first."""
    return await connection.fetch(
        """select back_office, feed, what, path, sample, first_seen, last_seen, times from drift
           where city_id = $1 order by last_seen desc, path limit 500""",
        city_id,
    )
