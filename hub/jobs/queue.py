"""Jobs go into the queue in the transaction of whoever wants them: both are there, or neither.

    async with database.town(city_id) as connection:
        …                                                  rows of a noun
        await enqueue(connection, city_id=city_id, kind="feeds.read", payload={"feed": "obligations"})

A job runs at least once. A handler that must have its effect exactly once writes it in one transaction
with `complete`, which fails where the job is no longer the handler's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

import asyncpg

from hub.kernel.errors import Conflict, HubError, NotFound
from hub.storage.database import Connection

CHANNEL = "munihub_jobs"
"""PostgreSQL channel that wakes workers; its payload is empty."""


class NewJob(TypedDict):
    """A job as it is asked for.

    `kind` names its handler. `payload` is a JSON object that names rows and holds no personal data.
    `key`: jobs of one (city_id, key) run one at a time and in the order of their ids. A job waits for the
    earlier ones of its key that are due, running, or waiting to be tried again; one that is only planned
    for later, or has failed for good, does not hold it up.
    `dedupe`: while a job of the same (city_id, kind, dedupe) is queued, asking again only moves that one
    forward (the higher priority, the earlier `run_at`) and gives its id. A worker does not take it
    before the asking transaction has ended, so that it sees what this transaction wrote.
    `run_at`: not before; absent, at once. `priority`: the higher the earlier, among the jobs of one town.
    `max_attempts`: absent, what the handler says.
    """

    city_id: int
    kind: str
    payload: Mapping[str, Any]
    key: NotRequired[str | None]
    dedupe: NotRequired[str | None]
    run_at: NotRequired[datetime | None]
    priority: NotRequired[int]
    max_attempts: NotRequired[int | None]


@dataclass(slots=True)
class Job:
    """A job as its handler gets it.

    `attempts` counts this one. `lease` belongs to this run of the job. `completed`: `complete` was called.
    """

    city_id: int
    id: int
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    attempts: int
    max_attempts: int
    lease: UUID
    completed: bool = False


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up, for the administrator. `last_error` is `code: operator's text`."""

    id: int
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    attempts: int
    last_error: str
    created_at: datetime
    failed_at: datetime


class LeaseLost(HubError):
    """The job is no longer this worker's: its lease ran out and the job went back into the queue."""

    code = "lease_lost"


# Rows are inserted in the order given, which is also the order of their ids. The row that an existing job keeps is
# locked until the caller's transaction ends; `behind` is looked at afresh after that, since a worker that meanwhile
# finished the job before it passed over the locked row.
_ENQUEUE = """
    with asked as (
        insert into jobs (city_id, kind, key, dedupe, payload, run_at, priority, max_attempts)
        select a.city_id, a.kind, a.key, a.dedupe, a.payload::jsonb, coalesce(a.run_at, now()), a.priority,
               a.max_attempts
        from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::smallint[],
                    $8::smallint[]) with ordinality
             as a(city_id, kind, key, dedupe, payload, run_at, priority, max_attempts, place)
        order by a.place
        on conflict (city_id, kind, dedupe) where state = 'queued' and dedupe is not null
        do update set priority = greatest(jobs.priority, excluded.priority),
                      run_at = case when jobs.attempts > 0 then jobs.run_at
                                    else least(jobs.run_at, excluded.run_at) end,
                      behind = false
        returning id
    )
    select id, pg_notify('munihub_jobs', '') from asked
"""

_FINISH = "delete from jobs where city_id = $1 and id = $2 and lease = $3 returning key"

# The end of a job lets the next one of its key forward. A row that somebody holds is passed over: it is held by an
# enqueue of the same thing, which lets it forward itself, or else the worker's sweep does.
RELEASE = """
    with next as materialized (
        select ctid as row from jobs
        where city_id = $1 and key = $2 and state in ('queued', 'running') and behind
        order by id limit 1 for update skip locked
    )
    update jobs set behind = false where ctid = any (array(select row from next))
"""


async def enqueue(connection: Connection, **job: Unpack[NewJob]) -> int:
    """Put one job into the queue, within the caller's transaction; returns its id."""
    return (await enqueue_many(connection, [job]))[0]


async def enqueue_many(connection: Connection, jobs: Sequence[NewJob]) -> list[int]:
    """Put jobs into the queue, within the caller's transaction; returns their ids in the order of `jobs`.

    Best done last in a transaction: until it ends, another one that asks for the same `dedupe` waits.
    Jobs of one key get their ids in the order of `jobs`.
    """
    distinct: dict[tuple[Any, ...], NewJob] = {}
    names: list[tuple[Any, ...]] = []
    for place, job in enumerate(jobs):
        dedupe = job.get("dedupe")
        names.append((place,) if dedupe is None else (job["city_id"], job["kind"], dedupe))
        distinct.setdefault(names[-1], job)
    ordered = sorted(distinct, key=lambda name: _turn(distinct[name]))
    rows = await connection.fetch(_ENQUEUE, *_columns([distinct[name] for name in ordered]))
    ids = {name: int(row["id"]) for name, row in zip(ordered, rows, strict=True)}
    return [ids[name] for name in names]


def _turn(job: NewJob) -> tuple[Any, ...]:
    """Deduplicated jobs in an order that everybody keeps, so that two callers do not wait for each other's row.

    Those of a key stay in the order given, which is the order they will run in.
    """
    if job.get("dedupe") is None or job.get("key") is not None:
        return (1,)
    return (0, job["city_id"], job["kind"], job.get("dedupe"))


def _columns(jobs: Sequence[NewJob]) -> tuple[list[Any], ...]:
    return (
        [job["city_id"] for job in jobs],
        [job["kind"] for job in jobs],
        [job.get("key") for job in jobs],
        [job.get("dedupe") for job in jobs],
        [json.dumps(job["payload"]) for job in jobs],
        [job.get("run_at") for job in jobs],
        [job.get("priority", 0) for job in jobs],
        [job.get("max_attempts") for job in jobs],
    )


async def complete(connection: Connection, job: Job) -> None:
    """Finish `job` within the handler's own transaction, so that its effect and its end are one.

    Raises LeaseLost where the job is no longer this run's; let the transaction roll back then.
    Best done last: until the transaction ends, the next job of the key waits.
    """
    if not await connection.fetch(_FINISH, job.city_id, job.id, job.lease):
        raise LeaseLost
    if job.key is not None:
        await connection.execute(RELEASE, job.city_id, job.key)
    job.completed = True


async def failed_jobs(connection: Connection, city_id: int, *, most: int = 100) -> list[FailedJob]:
    """The jobs of a town that were given up, the latest first."""
    rows = await connection.fetch(
        """select id, kind, key, payload::text as payload, attempts, last_error, created_at, failed_at
           from jobs where city_id = $1 and state = 'failed' order by failed_at desc, id desc limit $2""",
        city_id,
        most,
    )
    return [FailedJob(**{**row, "payload": json.loads(row["payload"])}) for row in rows]


async def retry_failed(connection: Connection, city_id: int, job_id: int) -> None:
    """Put a failed job back into the queue with all its attempts, in its old place among those of its key.

    Raises NotFound where no such job has failed, Conflict where the same thing is queued already.
    """
    try:
        async with connection.transaction():
            row = await connection.fetchrow(
                """update jobs set state = 'queued', attempts = 0, run_at = now(), failed_at = null
                   where city_id = $1 and id = $2 and state = 'failed'
                   returning pg_notify('munihub_jobs', '')""",
                city_id,
                job_id,
            )
    except asyncpg.UniqueViolationError:
        raise Conflict("The same job is in the queue already: it does what this one failed to do.") from None
    if row is None:
        raise NotFound(f"No job {job_id} has failed here.")


async def discard_failed(connection: Connection, city_id: int, job_id: int) -> None:
    """Forget a failed job. Raises NotFound where no such job has failed."""
    status = await connection.execute(
        "delete from jobs where city_id = $1 and id = $2 and state = 'failed'", city_id, job_id
    )
    if status.endswith(" 0"):
        raise NotFound(f"No job {job_id} has failed here.")
