"""Taking jobs out of the queue: fair between towns, in order per key, counted at this moment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import asyncpg

from hub.jobs.leases import DEFAULT_LEASE
from hub.jobs.queue import Job
from hub.storage.database import Connection

# How rows are looked up here does not depend on what PostgreSQL believes of the table's size, which in a queue is
# always of another moment: a plan made while it was empty is used when it is full. Rows are looked up one by one by a
# subquery that locks, for PostgreSQL does not turn such a join around; they are changed by their place in the table,
# which is theirs while they are locked; and `case state …` says "queued and not behind" so that the index `jobs_ready`,
# which would have to be read from end to end, does not offer itself beside the primary key.

_SPARE = 8
"""Jobs looked at beyond those wanted: some may be held by an enqueue that has not ended."""

_CONTENDED = -1
"""Stands in the place of a job's position in the row that says so."""


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
    """What a claim brought.

    `held_up`: due jobs (city_id, id) that wait for another one of their key, to be parked.
    `contended`: somebody holds some of what was looked at.
    """

    jobs: list[Job]
    held_up: list[tuple[int, int]]
    contended: bool


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
        select due.*, coalesce((shares -> city_id::text ->> 0)::integer, 0) as running,
               coalesce((shares -> city_id::text ->> 1)::bigint, 0) as turn,
               row_number() over (partition by city_id order by priority desc, run_at, id) as place
        from due cross join (select $3::text::jsonb offset 0) as town(shares) where not held_up
    ),
    wanted as (
        select * from placed order by running + place, turn, run_at, id limit $1::integer + $2::integer
    ),
    held as materialized (
        select job.*, wanted.running, wanted.turn, wanted.place, wanted.run_at
        from wanted cross join lateral (
            select jobs.ctid as row, city_id, id from jobs
            where jobs.city_id = wanted.city_id and jobs.id = wanted.id
              and case state when 'queued' then not behind else false end
            for update skip locked
        ) job
    ),
    shared as (
        select *, running + row_number() over (partition by city_id order by place) as share from held
    ),
    ordered as (
        select *, row_number() over (order by share, turn, run_at, id) as position from shared
    ),
    chosen as materialized (
        select * from ordered where position <= $1 and share <= 3 * ($1 - position + 1)
    ),
    taken as (
        update jobs set state = 'running', attempts = attempts + 1, lease = gen_random_uuid(),
            lease_until = clock_timestamp() + coalesce(
                (select rule.lease from unnest($4::text[], $5::interval[]) as rule(kind, lease)
                 where rule.kind = jobs.kind), $7::interval),
            max_attempts = coalesce(max_attempts,
                (select rule.attempts from unnest($4::text[], $6::smallint[]) as rule(kind, attempts)
                 where rule.kind = jobs.kind), 1)
        where ctid = any (array(select row from chosen))
        returning *
    )
    select position, city_id, id, kind, key, payload::text, attempts, max_attempts, lease
    from chosen join taken using (city_id, id)
    union all
    select null, city_id, id, null, null, null, null, null, null from due where held_up
    union all
    select -1, 0, 0, null, null, null, null, null, null
        where (select count(*) from wanted) > (select count(*) from held)
           or (select count(*) from chosen) > (select count(*) from taken)
    order by 1
"""

# Marks jobs as `behind`, so that a long line of one key is looked at once and not at every claim. The job they wait
# for is held meanwhile: its end comes after this and lets them forward. Where it is just ending, nothing is marked.
_PARK = """
    with job as materialized (
        select job.* from unnest($1::integer[], $2::bigint[]) as held_up(city_id, id)
        cross join lateral (
            select jobs.ctid as row, city_id, id, key, run_at from jobs
            where jobs.city_id = held_up.city_id and jobs.id = held_up.id
              and case state when 'queued' then not behind else false end
            for update skip locked
        ) job
        order by job.id
    ),
    waiting as materialized (
        select job.row from job cross join lateral (
            select from jobs o
            where o.city_id = job.city_id and o.key = job.key and o.state in ('queued', 'running') and not o.behind
              and (o.state = 'running' or o.id < job.id and (o.attempts > 0 or o.run_at <= now()))
            order by o.id limit 1 for share skip locked
        ) ahead
    )
    update jobs set behind = true where ctid = any (array(select row from waiting))
"""


async def claim_jobs(
    connection: Connection, places: int, towns: Mapping[int, Share], rules: Mapping[str, Rule]
) -> Claim:
    """Take up to `places` due jobs, fairly between towns; each counts an attempt at this moment."""
    try:
        rows = await connection.fetch(
            _CLAIM,
            places,
            _SPARE,
            json.dumps(towns),
            list(rules),
            [rule.lease for rule in rules.values()],
            [rule.max_attempts for rule in rules.values()],
            DEFAULT_LEASE,
        )
    except (asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError):
        # Another worker took a job of the same key in this very moment.
        return Claim([], [], contended=True)
    claim = Claim([], [], contended=any(row["position"] == _CONTENDED for row in rows))
    for row in rows:
        if row["position"] is None:
            claim.held_up.append((row["city_id"], row["id"]))
        elif row["position"] != _CONTENDED:
            fields = {**row, "payload": json.loads(row["payload"])}
            del fields["position"]
            claim.jobs.append(Job(**fields))
    return claim


async def park(connection: Connection, held_up: Sequence[tuple[int, int]]) -> int:
    """Mark jobs as waiting for another one of their key; returns how many.

    The others wait for a job that is just ending, or no longer wait.
    """
    status: str = await connection.execute(_PARK, *zip(*held_up, strict=True))
    return int(status.rsplit(" ", 1)[1])
