"""What is put into the queue every so often, or every day at a time on the town's clock.

    await sync(connection, [Schedule("financije/obligations", job, every=timedelta(minutes=15)), …])

Rules and next times are rows, so that any worker fires what is due and a restart forgets nothing. A run that
was missed while no worker ran is made up for once.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from hub.jobs.failures import describe
from hub.jobs.queue import NewJob, enqueue_many
from hub.kernel.clock import Clock
from hub.storage.database import Connection

log = structlog.get_logger(__name__)

_FIRST_WITHIN = timedelta(minutes=5)
_SPREAD = 0.05
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job to be enqueued again and again.

    `name` is unique in its town. Either `every` (at least a second, give or take 5 %, so that towns do not move in
    step) or `daily` (a wall-clock time in `timezone`). Where `job` has no `dedupe` the schedule's name is it: a run
    that has not begun is not asked for twice. `run_at` of the job is not used.
    """

    name: str
    job: NewJob
    every: timedelta | None = None
    daily: time | None = None
    timezone: ZoneInfo | None = None

    def __post_init__(self) -> None:
        if (self.every is None) == (self.daily is None) or (self.daily is None) != (self.timezone is None):
            raise ValueError(f"schedule {self.name!r}: give either `every` or `daily` with `timezone`")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError(f"schedule {self.name!r}: `every` is less than a second")
        if self.daily is not None and self.daily.tzinfo is not None:
            raise ValueError(f"schedule {self.name!r}: `daily` is a time on the wall, without a zone of its own")


def next_daily(after: datetime, daily: time, timezone: ZoneInfo) -> datetime:
    """The first moment later than `after` at which a clock in `timezone` shows `daily`, in UTC.

    Once a day, also when the clock is changed (RFC 5545, 3.3.5): a time that the clock jumps over is read with the
    offset before the jump (02:30 becomes 03:30), of a time that it shows twice the first is meant.
    """
    day: date = after.astimezone(timezone).date() - timedelta(days=1)
    while True:
        moment = datetime.combine(day, daily, timezone).replace(fold=0).astimezone(UTC)
        if moment > after:
            return moment
        day += timedelta(days=1)


async def sync(connection: Connection, schedules: Iterable[Schedule], now: datetime) -> None:
    """Make `schedules` the only ones, for all towns, in one transaction.

    Those whose rule has not changed keep their next time. A new `every` runs for the first time within five minutes
    (or within its period, if that is shorter), so that a town is soon filled and many towns do not start at once.
    """
    wanted = list(schedules)
    async with connection.transaction():
        await connection.execute(
            """delete from schedules where (city_id, name) not in
               (select * from unnest($1::integer[], $2::text[]))""",
            [one.job["city_id"] for one in wanted],
            [one.name for one in wanted],
        )
        await connection.executemany(_UPSERT, [_row(one, now) for one in wanted])


async def fire_due(connection: Connection, now: datetime) -> int:
    """Enqueue the jobs of due schedules and set their next times, in one transaction; returns how many were due."""
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '5s'")
        rows = await connection.fetch(_DUE, now, _AT_ONCE)
        if not rows:
            return 0
        await connection.executemany(
            "update schedules set next_at = $3, last_run_at = $4 where city_id = $1 and name = $2",
            [
                (row["city_id"], row["name"], _next(row["every"], row["daily"], row["timezone"], now), now)
                for row in rows
            ],
        )
        await enqueue_many(
            connection,
            [
                NewJob(
                    city_id=row["city_id"],
                    kind=row["kind"],
                    key=row["key"],
                    dedupe=row["dedupe"],
                    payload=json.loads(row["payload"]),
                    priority=row["priority"],
                )
                for row in rows
            ],
        )
    log.debug("schedules_fired", number=len(rows))
    return len(rows)


async def keep_firing(pool: asyncpg.Pool[asyncpg.Record], clock: Clock, every: float) -> None:
    """Fire what is due, every so many seconds, until cancelled. A lost database is waited for."""
    while True:
        try:
            async with pool.acquire() as connection:
                await fire_due(connection, clock.now())
        except Exception as error:  # noqa: BLE001 - the next time is another chance
            log.warning("schedules_delayed", error=describe(error))
        await asyncio.sleep(every)


_UPSERT = """
    insert into schedules as s (city_id, name, every, daily, timezone, kind, key, dedupe, payload, priority, next_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11)
    on conflict (city_id, name) do update set
        every = excluded.every, daily = excluded.daily, timezone = excluded.timezone, kind = excluded.kind,
        key = excluded.key, dedupe = excluded.dedupe, payload = excluded.payload, priority = excluded.priority,
        next_at = case when (s.every, s.daily, s.timezone) is not distinct from
                            (excluded.every, excluded.daily, excluded.timezone)
                       then s.next_at else excluded.next_at end
"""

# No time is further away than the period, unless a clock was wrong when it was written. Of clocks that are less than
# six hours apart it is believed, or the workers that have them would fire it in turn.
_DUE = """
    select city_id, name, every, daily, timezone, kind, key, dedupe, payload::text, priority from schedules
    where next_at <= $1
       or next_at > $1 + interval '6 hours'
          and next_at > $1 + coalesce(every * 1.05, interval '25 hours') + interval '6 hours'
    order by next_at limit $2 for update skip locked
"""


def _row(one: Schedule, now: datetime) -> tuple[object, ...]:
    zone = one.timezone.key if one.timezone else None
    if one.every is not None:
        first = now + min(one.every, _FIRST_WITHIN) * random.random()  # noqa: S311 - spreads load, guards nothing
    else:
        first = _next(None, one.daily, zone, now)
    job = one.job
    return (
        job["city_id"],
        one.name,
        one.every,
        one.daily,
        zone,
        job["kind"],
        job.get("key"),
        job.get("dedupe") or one.name,
        json.dumps(job["payload"]),
        job.get("priority", 0),
        first,
    )


def _next(every: timedelta | None, daily: time | None, timezone: str | None, now: datetime) -> datetime:
    if every is not None:
        return now + every * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - spreads load, guards nothing
    assert daily is not None
    assert timezone is not None
    return next_daily(now, daily, ZoneInfo(timezone))
