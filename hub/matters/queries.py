"""SQL of matters. Every function runs within the caller's walls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.matters.model import Office
from hub.storage.database import Connection

# The case a matter became is whichever its office's feed has brought under the key of our receipt: before it comes
# there is none, and from then on there is, without anybody having to join the two.
_MATTER = """
    select m.matter_id, m.subject_id, m.kind, m.number, m.title, m.category, m.state, m.status, m.opened_at, m.state_at,
           coalesce(m.case_id, (
               select c.case_id from matter_offices f join cases c
                 on c.city_id = f.city_id and c.back_office = f.back_office and c.source_key = f.source_key
               where f.city_id = m.city_id and f.matter_id = m.matter_id limit 1)) as case_id
    from matters m
"""


async def page(
    connection: Connection,
    city_id: int,
    kinds: Sequence[str],
    statuses: Sequence[str],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    return await connection.fetch(
        _MATTER
        + """where m.city_id = $1 and m.kind = any ($2) and (cardinality($3::text[]) = 0 or m.status = any ($3))
             and ($4::timestamptz is null or (m.opened_at, m.matter_id) < ($4, $5::uuid))
           order by m.opened_at desc, m.matter_id desc limit $6""",
        city_id,
        list(kinds),
        list(statuses),
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )


async def one(connection: Connection, city_id: int, matter_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(_MATTER + "where m.city_id = $1 and m.matter_id = $2", city_id, matter_id)


async def offices(connection: Connection, city_id: int, matter_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """With `failing_since`: since when one that something waits for does not answer."""
    return await connection.fetch(
        """select f.*, d.failing_since from matter_offices f
           left join delivery_offices d on d.city_id = f.city_id and d.back_office = f.back_office
             and f.state in ('waiting', 'sending')
           where f.city_id = $1 and f.matter_id = any ($2) order by f.back_office""",
        city_id,
        list(matter_ids),
    )


async def events(connection: Connection, city_id: int, matter_id: UUID) -> list[asyncpg.Record]:
    return await connection.fetch(
        """select at, event, back_office, number from matter_events
           where city_id = $1 and matter_id = $2 order by at, event_id""",
        city_id,
        matter_id,
    )


async def of_case(connection: Connection, city_id: int, case_id: UUID) -> list[asyncpg.Record]:
    """Ids and kinds of what was sent that became this case, or was sent to it; oldest first."""
    return await connection.fetch(
        """select m.matter_id, m.kind from matters m
           where m.city_id = $1 and (m.case_id = $2 or exists (
               select from matter_offices f join cases c
                 on c.city_id = f.city_id and c.back_office = f.back_office and c.source_key = f.source_key
               where f.city_id = $1 and f.matter_id = m.matter_id and c.case_id = $2))
           order by m.opened_at, m.matter_id""",
        city_id,
        case_id,
    )


async def insert_event(connection: Connection, city_id: int, matter: asyncpg.Record, row: tuple[object, ...]) -> None:
    """`row`: id, at, who, event, back office, from, to, number."""
    await connection.execute(
        """insert into matter_events (city_id, matter_id, subject_id, event_id, at, who, event, back_office, from_state,
                                      to_state, number)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        city_id,
        matter["matter_id"],
        matter["subject_id"],
        *row,
    )


async def locked(connection: Connection, city_id: int, matter_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(
        "select * from matters where city_id = $1 and matter_id = $2 for update", city_id, matter_id
    )


_OFFICE = """
    insert into matter_offices (city_id, matter_id, back_office, subject_id, delivery_id, state, since, number,
                                source_key, field)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""


async def add_office(
    connection: Connection, city_id: int, matter: asyncpg.Record, delivery_id: UUID, office: Office
) -> None:
    """At a citizen's door, which adds and changes nothing."""
    await connection.execute(_OFFICE, *_row(city_id, matter, delivery_id, office))


async def put_office(
    connection: Connection, city_id: int, matter: asyncpg.Record, delivery_id: UUID, office: Office
) -> None:
    await connection.execute(
        _OFFICE
        + """ on conflict (city_id, matter_id, back_office) do update
              set delivery_id = excluded.delivery_id, state = excluded.state, since = excluded.since,
                  number = excluded.number, source_key = excluded.source_key, field = excluded.field""",
        *_row(city_id, matter, delivery_id, office),
    )


def _row(city_id: int, matter: asyncpg.Record, delivery_id: UUID, office: Office) -> tuple[object, ...]:
    return (
        city_id,
        matter["matter_id"],
        office.back_office,
        matter["subject_id"],
        delivery_id,
        office.state,
        office.since,
        office.number,
        office.source_key,
        office.field,
    )
