"""SQL of obligations as a citizen reads them. Every function runs within the citizen's walls."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import asyncpg

from hub.kernel.errors import InvalidRequest
from hub.obligations.model import Filters, Sort
from hub.storage.database import Connection

_DUE = "coalesce(o.outstanding, o.original)"
_STATES = {
    "open": f"not o.cancelled and {_DUE} > 0",
    "overdue": f"not o.cancelled and {_DUE} > 0 and o.due_on < $2",
    "paid": f"not o.cancelled and {_DUE} = 0",
    "credit": f"not o.cancelled and {_DUE} < 0",
    "cancelled": "o.cancelled",
}
# Each sort names a key that is never null and ends with the id, so that pages neither skip nor repeat.
_SORTS = {
    Sort.DUE_ON: ("coalesce(o.due_on, 'infinity'::date)", "asc", "date"),
    Sort.DUE_ON_LATEST: ("coalesce(o.due_on, '-infinity'::date)", "desc", "date"),
    Sort.AMOUNT_LARGEST: (f"{_DUE}", "desc", "bigint"),
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

    where = ["o.city_id = $1", "o.gone_at is null", "$2::date is not null"]
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
            f"""select o.*, ({key})::text as sort_key from obligations o where {" and ".join(where)}
            order by {key} {direction}, o.obligation_id {direction} limit {bind(limit)}""",  # noqa: S608 - parts are ours
            *arguments,
        )
    except asyncpg.DataError as error:
        raise InvalidRequest(
            "This cursor is not one of ours: use `next_cursor` as it was given.", field="cursor"
        ) from error


async def one(connection: Connection, city_id: int, obligation_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(
        "select * from obligations where city_id = $1 and obligation_id = $2", city_id, obligation_id
    )


async def instalments(connection: Connection, city_id: int, obligation_id: UUID) -> list[asyncpg.Record]:
    return await connection.fetch(
        "select * from instalments where city_id = $1 and obligation_id = $2 order by number", city_id, obligation_id
    )


async def parties(connection: Connection, city_id: int, obligation_id: UUID) -> list[str]:
    """The roles the citizen herself has in it."""
    rows = await connection.fetch(
        "select distinct role from parties where city_id = $1 and record_id = $2 order by role", city_id, obligation_id
    )
    return [row["role"] for row in rows]
