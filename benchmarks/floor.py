"""What a careful developer writes who needs no hub: a bare FastAPI handler over asyncpg, in a process of its own.

    GET  /accounts/{subject_id}   the parts of an account, in one statement that joins what it needs; the JSON is made
                                  by PostgreSQL, as it is for the hub, and goes out as it came
    POST /events                  a batch of CloudEvents, put into a plain table in one statement

No token, no town, no walls (the role bypasses row-level security), no freshness, no formatting, no ETag.

    DATABASE_URL=… python -m benchmarks.floor PORT
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

CITY = 1
MOST = 20

# The same columns of the same rows as munihub_account (hub/storage/migrations/sql/0003_account.sql).
ACCOUNT = """
    with people as materialized (
        select subject_id, kind, name, merged_into from subjects
        where city_id = $1 and (subject_id = $2 or merged_into = $2)),
    identities as materialized (
        select i.identifier_id, i.scheme from aliases a
        join identifiers i on i.city_id = a.city_id and i.identifier_id = a.identifier_id
        where a.city_id = $1 and a.subject_id in (select subject_id from people) and a.revoked_at is null),
    parts as materialized (
        select record_id, noun from parties
        where city_id = $1 and identifier_id in (select identifier_id from identities)),
    owed as materialized (
        select obligation_id, back_office, source_key, kind, title, payee, department, year, issued_on, due_on,
               currency, original, outstanding, interest, cancelled, reference, document_number, caught_up_to,
               coalesce(outstanding, original) as due
        from obligations where city_id = $1 and gone_at is null and not cancelled
          and obligation_id = any (array(select record_id from parts where noun = 'obligation'))),
    matters as materialized (
        select case_id, back_office, source_key, title, kind, status, office_status, number, department, opened_on,
               due_on, closed_on, source_changed_at
        from cases where city_id = $1 and gone_at is null
          and case_id = any (array(select record_id from parts where noun = 'case')))
    select json_build_object(
        'subjects', (select json_agg(p) from people p),
        'identifiers', (select json_agg(json_build_array(identifier_id, scheme)) from identities),
        'feeds', (
            select json_agg(json_build_object(
                'back_office', back_office, 'feed', feed, 'identifier_id', identifier_id, 'read_at', read_at,
                'complete_at', complete_at, 'failing_since', failing_since, 'failure', failure,
                'caught_up_to', caught_up_to))
            from feed_states where city_id = $1
              and identifier_id = any (array(select identifier_id from identities)
                                       || '00000000-0000-0000-0000-000000000000'::uuid)),
        'totals', (
            select json_agg(t) from (
                select currency, count(*) filter (where due > 0) as open,
                       coalesce(sum(due) filter (where due > 0), 0)::bigint as outstanding,
                       coalesce(sum(due) filter (where due > 0 and due_on < $3), 0)::bigint as overdue,
                       coalesce(-sum(due) filter (where due < 0), 0)::bigint as credit
                from owed where due <> 0 group by currency order by currency) t),
        'obligations', (
            select json_agg(o) from (
                select * from owed where due <> 0 order by due_on nulls last, obligation_id limit $4) o),
        'statuses', (
            select json_object_agg(status, number) from (
                select status, count(*) as number from matters group by status) each),
        'cases', (
            select json_agg(c) from (
                select * from matters where status in ('draft', 'waiting_for_office', 'needs_you', 'decided')
                order by source_changed_at desc nulls last, case_id desc limit $4) c))
"""

# The columns of `messages`, in one table that is its own index of what was seen; the later word wins.
EVENTS_TABLE = """
    create table bench_events (
        city_id     integer not null,
        back_office text not null,
        external_id text not null,
        message_id  uuid not null,
        received_at timestamptz not null,
        media_type  text not null,
        body        bytea not null,
        state       text not null default 'received',
        outcome     text,
        settled_at  timestamptz,
        primary key (city_id, back_office, external_id))
"""
EVENTS = """
    insert into bench_events (city_id, back_office, external_id, message_id, received_at, media_type, body)
    select $1, $2, external_id, message_id, $7, media_type, body
    from unnest($3::text[], $4::uuid[], $5::text[], $6::bytea[]) as m(external_id, message_id, media_type, body)
    on conflict (city_id, back_office, external_id) do update set body = excluded.body, received_at = excluded.received_at
"""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=8) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_lifespan)


@app.get("/accounts/{subject_id}")
async def read_account(request: Request, subject_id: UUID) -> Response:
    found = await request.app.state.pool.fetchval(ACCOUNT, CITY, subject_id, date.today(), MOST)  # noqa: DTZ011
    return Response(found, media_type="application/json")


@app.post("/events")
async def push_events(request: Request) -> Response:
    events = orjson.loads(await request.body())
    await request.app.state.pool.execute(
        EVENTS,
        CITY,
        "financije",
        [f"{event['source']} {event['id']}" for event in events],
        [uuid4() for _ in events],
        ["application/cloudevents+json"] * len(events),
        [orjson.dumps(event) for event in events],
        datetime.now(UTC),
    )
    return Response(orjson.dumps({"accepted": len(events)}), status_code=202, media_type="application/json")


if __name__ == "__main__":
    # As hub.processes runs the hub's own.
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False, server_header=False)
