"""The worker's side of the queue: hold jobs, give them back, find those whose worker died.

A job is taken with a lease of its own. Whoever changes a running job names the lease, so that a worker
that was believed dead cannot finish what another one has begun again. Times are the database's, so that
the clocks of several machines need not agree. Rows that somebody else holds are passed over; for the rest
`prepare` bounds the wait, because one transaction left open elsewhere must not stop a worker of all towns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg

from hub.jobs.queue import RELEASE, Job
from hub.storage.database import Connection

DEFAULT_LEASE = timedelta(minutes=1)
"""Of a job that nobody knows how to do, which ends at once."""


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

    @classmethod
    def of(cls, job: Job, verdict: Verdict, *, delay: timedelta = timedelta(), error: str | None = None) -> Outcome:
        return cls(job.city_id, job.id, job.lease, verdict, delay, error)


_FINISH = "delete from jobs where city_id = $1 and id = $2 and lease = $3 returning city_id, id, key"

_GIVE_UP = """
    update jobs set state = 'failed', failed_at = clock_timestamp(), last_error = $4, lease = null, lease_until = null
    where city_id = $1 and id = $2 and lease = $3 returning city_id, id, key
"""

# Where the same thing was queued anew while this job ran, this one goes on without its claim to be the only one.
_REQUEUE = """
    update jobs set state = 'queued', run_at = clock_timestamp() + $4, attempts = attempts - $5,
                    last_error = coalesce($6, last_error), lease = null, lease_until = null,
                    dedupe = case when not ($7 or exists (
                        select from jobs o where o.city_id = jobs.city_id and o.kind = jobs.kind
                                             and o.dedupe = jobs.dedupe and o.state = 'queued')) then dedupe end
    where city_id = $1 and id = $2 and lease = $3 returning city_id, id
"""

# A job that its handler is completing is held by the handler's transaction: it is ours, and needs no more time.
_RENEW = """
    with held as materialized (
        select ctid as row from jobs where city_id = $1 and id = $2 and lease = $3 for update skip locked
    ),
    renewed as (
        update jobs set lease_until = clock_timestamp() + $4 where ctid = any (array(select row from held))
    )
    select lease from jobs where city_id = $1 and id = $2 and lease = $3
"""

_EXPIRED = """
    select city_id, id, kind, lease, attempts, max_attempts from jobs
    where state = 'running' and lease_until < now()
    order by lease_until limit 500 for update skip locked
"""

# The first of each key that is marked and waits for nobody: a row that was held when it should have been let forward.
_HEAL = """
    with first as (
        select distinct on (city_id, key) city_id, key, id from jobs
        where state in ('queued', 'running') and key is not null and behind order by city_id, key, id
    ),
    held as materialized (
        select job.row from first cross join lateral (
            select jobs.ctid as row from jobs where jobs.city_id = first.city_id and jobs.id = first.id and behind
            for update skip locked
        ) job
        where not exists (
            select from jobs o
            where o.city_id = first.city_id and o.key = first.key and o.state in ('queued', 'running')
              and (o.state = 'running' or o.id < first.id and (o.attempts > 0 or o.run_at <= now())))
    )
    update jobs set behind = false where ctid = any (array(select row from held))
"""

_PRUNE = """
    delete from jobs using retention
    where retention.table_name = 'jobs' and state = 'failed' and failed_at < clock_timestamp() - retention.keep
"""


async def prepare(connection: Connection) -> None:
    """Make a connection fit for the functions of the worker's side.

    The statistics of a queue are of another moment than the queue, and a plan made while it was empty serves when it is
    full. Every statement of the worker finds its rows by an index; PostgreSQL is told to think of nothing else.
    """
    ways = ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort", "incremental_sort")
    await connection.execute(
        "set lock_timeout = '500ms'; set jit = off; " + "; ".join(f"set enable_{way} = off" for way in ways)
    )


async def settle(connection: Connection, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Record how runs ended; returns the leases that still held. The others changed nothing."""
    kept: list[asyncpg.Record] = []
    async with connection.transaction():
        if done := [o[:3] for o in outcomes if o.verdict is Verdict.DONE]:
            kept += await connection.fetchmany(_FINISH, done)
        if failed := [(*o[:3], o.error) for o in outcomes if o.verdict is Verdict.FAILED]:
            kept += await connection.fetchmany(_GIVE_UP, failed)
        if ended := [(row["city_id"], row["key"]) for row in kept if row["key"] is not None]:
            await connection.executemany(RELEASE, ended)
        if back := [o for o in outcomes if o.verdict in {Verdict.RETRY, Verdict.RELEASED}]:
            kept += await _requeue(connection, back)
        if any(outcome.verdict is Verdict.RELEASED for outcome in back):
            await connection.execute("select pg_notify('munihub_jobs', '')")
    held = {(row["city_id"], row["id"]) for row in kept}
    return {outcome.lease for outcome in outcomes if (outcome.city_id, outcome.id) in held}


async def _requeue(connection: Connection, outcomes: Sequence[Outcome]) -> list[asyncpg.Record]:
    rows = [(*o[:3], o.delay, int(o.verdict is Verdict.RELEASED), o.error) for o in outcomes]
    try:
        async with connection.transaction():
            return await connection.fetchmany(_REQUEUE, [(*row, False) for row in rows])
    except (asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError):
        # The same thing is being queued by a transaction that has not ended, or ended in this very moment.
        return await connection.fetchmany(_REQUEUE, [(*row, True) for row in rows])


async def renew(connection: Connection, runs: Sequence[tuple[Job, timedelta]]) -> set[UUID]:
    """Extend the leases of jobs that run here, each by its time; returns those that are still ours."""
    rows = await connection.fetchmany(_RENEW, [(job.city_id, job.id, job.lease, more) for job, more in runs])
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
                error=f"worker_died: Its worker died in attempt {row['attempts']} of {row['max_attempts']}.",
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
