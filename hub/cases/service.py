"""What a citizen can do with cases: list them and open one. Writing to them comes with delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from hub.cases.model import PublicStatus
from hub.cities.model import City
from hub.kernel.errors import NotFound
from hub.storage.database import Connection

_JSON = ("title", "office_status", "number", "result", "events")


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page, last changed first. `next` continues after its last row, None where there is no more."""

    rows: list[dict[str, Any]]
    next: tuple[datetime, UUID] | None


async def listed(
    connection: Connection,
    city: City,
    status: Sequence[PublicStatus],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> CasePage:
    """Runs within the citizen's walls."""
    rows = await connection.fetch(
        """select *, coalesce(source_changed_at, changed_at) as sort_key from cases
           where city_id = $1 and gone_at is null and (cardinality($2::text[]) = 0 or status = any($2))
             and ($3::timestamptz is null or (coalesce(source_changed_at, changed_at), case_id) < ($3, $4::uuid))
           order by coalesce(source_changed_at, changed_at) desc, case_id desc limit $5""",
        city.id,
        list(status),
        after[0] if after else None,
        after[1] if after else None,
        limit + 1,
    )
    more = len(rows) > limit
    return CasePage(
        [_plain(row) for row in rows[:limit]],
        (rows[limit - 1]["sort_key"], rows[limit - 1]["case_id"]) if more else None,
    )


async def opened(connection: Connection, city: City, case_id: UUID) -> dict[str, Any]:
    """One case. Raises NotFound, also for another person's."""
    row = await connection.fetchrow("select * from cases where city_id = $1 and case_id = $2", city.id, case_id)
    if row is None:
        raise NotFound("There is no such case in this account.")
    return _plain(row)


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return {
        name: orjson.loads(value) if name in _JSON and isinstance(value, str) else value for name, value in row.items()
    }
