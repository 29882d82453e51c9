"""SQL of obligations. Every function runs within the caller's walls: a citizen's, or the town's."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import asyncpg

from hub.kernel.errors import InvalidRequest
from hub.obligations.model import Filters, Sort
from hub.storage.database import Connection

# With what was paid here and is not counted by the office yet: see munihub_due (migrations/sql/0015).
_OWED = """obligations o
    cross join lateral munihub_due(o.city_id, o.obligation_id, o.outstanding, o.original, o.due_on, $2) d"""
_STATES = {
    "open": "not o.cancelled and d.due > 0",
    "overdue": "not o.cancelled and d.overdue > 0",
    "paid": "not o.cancelled and d.due = 0",
    "credit": "not o.cancelled and d.due < 0",
    "cancelled": "o.cancelled",
}
# Each sort names a key that is never null and ends with the id, so that pages neither skip nor repeat.
_SORTS = {
    Sort.DUE_ON: ("coalesce(o.due_on, 'infinity'::date)", "asc", "date"),
    Sort.DUE_ON_LATEST: ("coalesce(o.due_on, '-infinity'::date)", "desc", "date"),
    Sort.AMOUNT_LARGEST: ("d.due", "desc", "bigint"),
    Sort.CHANGED_LATEST: ("o.changed_at", "desc", "timestamptz"),
}


async def page(
    connection: Connection,
    city_id: int,
    today: date,
    filters: Filters,
    sort: Sort,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Rows of one page, each with `sort_key` as text, from which the next cursor is made."""
    arguments: list[object] = [city_id, today]

    def bind(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["o.city_id = $1", "o.gone_at is null"]
    if filters.state:
        where.append("(" + " or ".join(f"({_STATES[state]})" for state in filters.state) + ")")
    for column, values in (("kind", filters.kind), ("payee", filters.payee), ("currency", filters.currency)):
        if values:
            where.append(f"o.{column} = any({bind(list(values))})")
    if filters.year:
        where.append(f"o.year = any({bind(list(filters.year))})")
    if filters.due_from:
        where.append(f"o.due_on >= {bind(filters.due_from)}")
    if filters.due_to:
        where.append(f"o.due_on <= {bind(filters.due_to)}")
    key, direction, kind = _SORTS[sort]
    if after is not None:
        mark = ">" if direction == "asc" else "<"
        where.append(f"({key}, o.obligation_id) {mark} ({bind(after[0])}::text::{kind}, {bind(after[1])})")
    try:
        return await connection.fetch(
            f"""select o.*, d.*, ({key})::text as sort_key from {_OWED} where {" and ".join(where)}
            order by {key} {direction}, o.obligation_id {direction} limit {bind(limit)}""",  # noqa: S608 - parts are ours
            *arguments,
        )
    except asyncpg.DataError as error:
        raise InvalidRequest(
            "This cursor is not one of ours: use `next_cursor` as it was given.", field="cursor"
        ) from error


async def one(connection: Connection, city_id: int, today: date | None, obligation_id: UUID) -> asyncpg.Record | None:
    """With `due`, `overdue` (on `today`), `paid` and `paid_standing` as munihub_due says."""
    return await connection.fetchrow(
        f"select o.*, d.* from {_OWED} where o.city_id = $1 and o.obligation_id = $3",  # noqa: S608 - parts are ours
        city_id,
        today,
        obligation_id,
    )


async def instalments(connection: Connection, city_id: int, obligation_id: UUID) -> list[asyncpg.Record]:
    """By day; `rest` is what is left of each without what was paid here for it."""
    return await connection.fetch(
        """select i.*, greatest(coalesce(i.outstanding - meant.uncounted, i.amount - meant.ever), 0)::bigint as rest
           from instalments i
           cross join lateral (
               select coalesce(sum(p.uncounted), 0) as uncounted, coalesce(sum(p.amount), 0) as ever from paid_here p
               where p.city_id = i.city_id and p.obligation_id = i.obligation_id and p.instalment = i.number) meant
           where i.city_id = $1 and i.obligation_id = $2 order by i.due_on, i.number""",
        city_id,
        obligation_id,
    )


async def by_reference(connection: Connection, city_id: int, payee: str, plain: str) -> list[UUID]:
    """Two at most of those with something to pay whose reference, or that of a part, is written like that."""
    rows = await connection.fetch(
        """select o.obligation_id
           from (select distinct obligation_id from obligation_references where city_id = $1 and word = $3) f
           join obligations o on o.city_id = $1 and o.obligation_id = f.obligation_id
           cross join lateral munihub_due(o.city_id, o.obligation_id, o.outstanding, o.original, o.due_on, null) d
           where o.payee = $2 and o.gone_at is null and not o.cancelled and d.due > 0 limit 2""",
        city_id,
        payee,
        plain,
    )
    return [row["obligation_id"] for row in rows]


async def parties(connection: Connection, city_id: int, obligation_id: UUID) -> list[str]:
    """The roles the citizen herself has in it."""
    rows = await connection.fetch(
        "select distinct role from parties where city_id = $1 and record_id = $2 order by role", city_id, obligation_id
    )
    return [row["role"] for row in rows]
