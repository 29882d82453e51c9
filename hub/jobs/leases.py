"""The worker's side of the queue: take jobs, hold them, give them back.

A job is taken with a lease of its own. Whoever changes a running job names the lease, so that a worker
that was believed dead cannot finish what another one has begun again. Times are the database's, so that
the clocks of several machines need not agree. Rows that somebody else holds are passed over; for the rest
`prepare` bounds the wait, because one transaction left open elsewhere must not stop a worker of all towns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg

from hub.jobs.queue import RELEASE, Job
from hub.storage.database import Connection

_SPARE = 50
"""Jobs looked at beyond those wanted: some may be held by an enqueue that has not ended."""


class Rule(NamedTuple):
    """What a handler asks for: how long a lease lasts unless renewed, how often a job is tried."""

    lease: timedelta
    max_attempts: int


class Share(NamedTuple):
    """What this worker does for a town: jobs that run now, and when it last took one (counted in jobs taken)."""

    running: int
    turn: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim brought. `again`: there may be more at once. `contended`: somebody holds what we looked at."""

    jobs: list[Job]
    again: bool
    contended: bool


class Verdict(StrEnum):
    """How a run of a job ended."""

    DONE = "done"
    RETRY = "retry"  # back into the queue, after `delay`
    FAILED = "failed"  # given up
    RELEASED = "released"  # back into the queue at once, not counted as an attempt


class Outcome(NamedTuple):
    """The end of one run. `error` is `code: operator's text`."""

    city_id: int
    id: int
    lease: UUID
    verdict: Verdict
    delay: timedelta = timedelta()
    error: str | None = None


# `lanes` are the pairs of town and priority with queued jobs, found by leaping through the index `jobs_ready`; of each,
# the first due jobs are looked at. Of those that no earlier job of their key holds up, the towns get one each, then
# two each, counting what already runs here; among equals the town goes first that was served longest ago. A town gets
# no more than three times as many places as it leaves free: one that floods the queue finds three quarters of the
# places, and there is always one for a town that has just come.
_CLAIM = """
    with recursive lanes as (
        (select city_id, priority from jobs where state = 'queued' and not behind
         order by city_id desc, priority desc limit 1)
        union all
        select next.city_id, next.priority from lanes cross join lateral (
            select city_id, priority from jobs
            where state = 'queued' and not behind and (city_id, priority) < (lanes.city_id, lanes.priority)
            order by city_id desc, priority desc limit 1
        ) next
    ),
    due as (
        select job.*, job.key is not null and (
            exists (select from jobs o where o.city_id = job.city_id and o.key = job.key and o.state = 'running')
            or exists (
                select from jobs o
                where o.city_id = job.city_id and o.key = job.key and o.state in ('queued', 'running')
                  and o.state = 'queued' and o.id < job.id and (o.attempts > 0 or o.run_at <= now()))
        ) as held_up
        from lanes cross join lateral (
            select city_id, id, key, priority, run_at from jobs
            where city_id = lanes.city_id and priority = lanes.priority and state = 'queued' and not behind
              and run_at <= now()
            order by run_at, id limit 2 + ($1::integer + $2::integer) / (select count(*) from lanes)
        ) job
    ),
    placed as (
        select due.*, coalesce(town.running, 0) as running, coalesce(town.turn, 0) as turn,
               row_number() over (partition by due.city_id order by priority desc, run_at, id) as place
        from due left join unnest($3::integer[], $4::integer[], $5::bigint[]) as town(city_id, running, turn)
            using (city_id)
        where not held_up
    ),
    wanted as (
        select * from placed order by running + place, turn, run_at, id limit $1::integer + $2::integer
    ),
    held as materialized (
        select jobs.city_id, jobs.id, jobs.kind, wanted.running, wanted.turn, wanted.place, wanted.run_at
        from wanted join jobs on jobs.city_id = wanted.city_id and jobs.id = wanted.id
        where jobs.state = 'queued' and not jobs.behind
        for update of jobs skip locked
    ),
    shared as (
        select *, running + row_number() over (partition by city_id order by place) as share from held
    ),
    ordered as (
        select *, row_number() over (order by share, turn, run_at, id) as position from shared
    ),
    taken as (
        update jobs set state = 'running', attempts = attempts + 1, lease = gen_random_uuid(),
            lease_until = clock_timestamp() + coalesce(rule.lease, interval '1 minute'),
            max_attempts = coalesce(jobs.max_attempts, rule.max_attempts, 1)
        from ordered left join unnest($6::text[], $7::interval[], $8::smallint[]) as rule(kind, lease, max_attempts)
            on rule.kind = ordered.kind
        where jobs.city_id = ordered.city_id and jobs.id = ordered.id
          and position <= $1 and share <= 3 * ($1 - position + 1)
        returning jobs.*, position
    )
    select position, city_id, id, kind, key, payload::text, attempts, max_attempts, lease from taken
    union all
    select null, city_id, id, null, null, null, null, null, null from due where held_up
    union all
    select -1, 0, 0, null, null, null, null, null, null
        where (select count(*) from wanted) > (select count(*) from held)
    order by 1
"""

# Marks jobs as `behind`, so that a long line of one key is looked at once and not at every claim. The job they wait
# for is held meanwhile: its end comes after this and lets them forward. Where it is just ending, nothing is marked.
_PARK = """
    with job as (
        select jobs.city_id, jobs.id, jobs.key from jobs
        join unnest($1::integer[], $2::bigint[]) as held_up(city_id, id) using (city_id, id)
        where jobs.state = 'queued' and not jobs.behind
        order by jobs.id for update of jobs skip locked
    ),
    waiting as materialized (
        select job.city_id, job.id from job cross join lateral (
            select from jobs o
            where o.city_id = job.city_id and o.key = job.key and o.state in ('queued', 'running') and not o.behind
              and (o.state = 'running' or o.id < job.id and (o.attempts > 0 or o.run_at <= now()))
            order by o.id limit 1 for share skip locked
        ) ahead
    )
    update jobs set behind = true from waiting where jobs.city_id = waiting.city_id and jobs.id = waiting.id
"""

_FINISH = """
    delete from jobs using unnest($1::integer[], $2::bigint[], $3::uuid[]) as run(city_id, id, lease)
    where jobs.city_id = run.city_id and jobs.id = run.id and jobs.lease = run.lease
    returning jobs.city_id, jobs.id, jobs.key
"""

_GIVE_UP = """
    update jobs set state = 'failed', failed_at = clock_timestamp(), last_error = run.error, lease = null,
                    lease_until = null
    from unnest($1::integer[], $2::bigint[], $3::uuid[], $4::text[]) as run(city_id, id, lease, error)
    where jobs.city_id = run.city_id and jobs.id = run.id and jobs.lease = run.lease
    returning jobs.city_id, jobs.id, jobs.key
"""

# Where the same thing was queued anew while this job ran, this one goes on without its claim to be the only one.
_REQUEUE = """
    with run as (
        select jobs.city_id, jobs.id, delay, uncounted, error,
               $7 or row_number() over (partition by jobs.city_id, kind, dedupe order by jobs.id) > 1 or exists (
                   select from jobs o where o.city_id = jobs.city_id and o.kind = jobs.kind
                                        and o.dedupe = jobs.dedupe and o.state = 'queued') as again
        from jobs join unnest($1::integer[], $2::bigint[], $3::uuid[], $4::interval[], $5::smallint[], $6::text[])
            as run(city_id, id, lease, delay, uncounted, error)
            on jobs.city_id = run.city_id and jobs.id = run.id and jobs.lease = run.lease
    )
    update jobs set state = 'queued', run_at = clock_timestamp() + run.delay, attempts = attempts - run.uncounted,
                    last_error = coalesce(run.error, last_error), lease = null, lease_until = null,
                    dedupe = case when again then null else dedupe end
    from run where jobs.city_id = run.city_id and jobs.id = run.id
    returning jobs.city_id, jobs.id
"""

# A job that its handler is completing is held by the handler's transaction: it is ours, and needs no more time.
_RENEW = """
    with mine as (
        select run.city_id, run.id, run.lease, run.more
        from jobs join unnest($1::integer[], $2::bigint[], $3::uuid[], $4::interval[]) as run(city_id, id, lease, more)
            on jobs.city_id = run.city_id and jobs.id = run.id and jobs.lease = run.lease
    ),
    held as materialized (
        select jobs.city_id, jobs.id, mine.more
        from mine join jobs on jobs.city_id = mine.city_id and jobs.id = mine.id and jobs.lease = mine.lease
        for update of jobs skip locked
    ),
    renewed as (
        update jobs set lease_until = clock_timestamp() + held.more from held
        where jobs.city_id = held.city_id and jobs.id = held.id
    )
    select lease from mine
"""

_EXPIRED = """
    select city_id, id, kind, lease, attempts, max_attempts from jobs
    where state = 'running' and lease_until < clock_timestamp()
    order by lease_until limit 500 for update skip locked
"""

# The first of each key that is marked and waits for nobody: a row that was held when it should have been let forward.
_HEAL = """
    with first as (
        select distinct on (city_id, key) city_id, key, id from jobs
        where state in ('queued', 'running') and key is not null and behind order by city_id, key, id
    ),
    held as materialized (
        select jobs.city_id, jobs.id from jobs join first using (city_id, id)
        where jobs.behind and not exists (
            select from jobs o
            where o.city_id = first.city_id and o.key = first.key and o.state in ('queued', 'running')
              and (o.state = 'running' or o.id < first.id))
        for update of jobs skip locked
    )
    update jobs set behind = false from held where jobs.city_id = held.city_id and jobs.id = held.id
"""

_PRUNE = """
    delete from jobs using retention
    where retention.table_name = 'jobs' and state = 'failed' and failed_at < clock_timestamp() - retention.keep
"""


async def prepare(connection: Connection) -> None:
    """Make a connection fit for the functions below.

    The statistics of a queue are of another moment than the queue: what they say of an empty table must not make
    PostgreSQL read a full one from end to end.
    """
    await connection.execute("set lock_timeout = '500ms'; set enable_seqscan = off; set enable_hashjoin = off;"
                             " set enable_mergejoin = off")


async def claim(
    connection: Connection, places: int, towns: Mapping[int, Share], rules: Mapping[str, Rule]
) -> Claim:
    """Take up to `places` due jobs, fairly between towns; each counts an attempt at this moment."""
    try:
        rows = await connection.fetch(
            _CLAIM,
            places,
            _SPARE,
            list(towns),
            [share.running for share in towns.values()],
            [share.turn for share in towns.values()],
            list(rules),
            [rule.lease for rule in rules.values()],
            [rule.max_attempts for rule in rules.values()],
        )
    except (asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError):
        # Another worker took a job of the same key in this very moment.
        return Claim([], again=False, contended=True)
    jobs, held_up, contended = [], [], False
    for row in rows:
        if row["position"] is None:
            held_up.append((row["city_id"], row["id"]))
        elif row["position"] < 0:
            contended = True
        else:
            fields = {**row, "payload": json.loads(row["payload"])}
            del fields["position"]
            jobs.append(Job(**fields))
    if held_up:
        await connection.execute(_PARK, *_columns(held_up))
    # One job alone was all there was: a claim that takes more, or marks some, has not seen what is behind them.
    return Claim(jobs, again=bool(held_up) or len(jobs) > 1, contended=contended and not jobs)


async def settle(connection: Connection, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Record how runs ended; returns the leases that still held. The others changed nothing."""
    held: dict[tuple[int, int], str | None] = {}
    ended: list[tuple[int, str]] = []
    async with connection.transaction():
        if done := [o for o in outcomes if o.verdict is Verdict.DONE]:
            rows = await connection.fetch(_FINISH, *_columns([o[:3] for o in done]))
            held |= {(row["city_id"], row["id"]): row["key"] for row in rows}
        if failed := [o for o in outcomes if o.verdict is Verdict.FAILED]:
            rows = await connection.fetch(_GIVE_UP, *_columns([(*o[:3], o.error) for o in failed]))
            held |= {(row["city_id"], row["id"]): row["key"] for row in rows}
        ended = [(city_id, key) for (city_id, _), key in held.items() if key is not None]
        if back := [o for o in outcomes if o.verdict in (Verdict.RETRY, Verdict.RELEASED)]:
            held |= dict.fromkeys(await _requeue(connection, back))
        if ended:
            await connection.execute(RELEASE, *_columns(ended))
        if any(outcome.verdict is Verdict.RELEASED for outcome in outcomes):
            await connection.execute("select pg_notify('munihub_jobs', '')")
    return {outcome.lease for outcome in outcomes if (outcome.city_id, outcome.id) in held}


async def _requeue(connection: Connection, outcomes: Sequence[Outcome]) -> list[tuple[int, int]]:
    columns = _columns([(*o[:3], o.delay, int(o.verdict is Verdict.RELEASED), o.error) for o in outcomes])
    try:
        async with connection.transaction():
            rows = await connection.fetch(_REQUEUE, *columns, False)  # noqa: FBT003 - a parameter of SQL
    except (asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError):
        # The same thing is being queued by a transaction that has not ended, or ended in this very moment.
        rows = await connection.fetch(_REQUEUE, *columns, True)  # noqa: FBT003
    return [(row["city_id"], row["id"]) for row in rows]


async def renew(connection: Connection, runs: Sequence[tuple[Job, timedelta]]) -> set[UUID]:
    """Extend the leases of jobs that run here, each by its time; returns those that are still ours."""
    rows = await connection.fetch(
        _RENEW, *_columns([(job.city_id, job.id, job.lease, more) for job, more in runs])
    )
    return {row["lease"] for row in rows}


async def rescue(connection: Connection) -> list[Outcome]:
    """Put jobs whose worker died back into the queue, or give them up after their last attempt."""
    async with connection.transaction():
        outcomes = [
            Outcome(
                row["city_id"],
                row["id"],
                row["lease"],
                Verdict.RETRY if row["attempts"] < row["max_attempts"] else Verdict.FAILED,
                error=f"worker_died: The worker died while it ran this job ({row['attempts']} of {row['max_attempts']}).",
            )
            for row in await connection.fetch(_EXPIRED)
        ]
        if outcomes:
            await settle(connection, outcomes)
    return outcomes


async def heal(connection: Connection) -> None:
    """Let forward what waits for nobody."""
    await connection.execute(_HEAL)


async def prune(connection: Connection) -> None:
    """Delete failed jobs whose retention is over."""
    await connection.execute(_PRUNE)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
