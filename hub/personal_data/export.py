"""Everything about a person as one JSON document, made while it is sent.

    {"format": "munihub.personal-data/1", "town": …, "subject": "sub_…", "made_at": …, "note": …,
     "data": {"<table>": [{"<column>": …}, …], …},
     "not_given": {"<table>.<column>": "why", "<table>": "why", …}}

Each table is read in a transaction of its own, so that a slow reader holds none open; what changes meanwhile is there
once or twice as it is at that moment. Identifiers are given as they are stored: they are her own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kernel.ids import public_id
from hub.personal_data import person as people
from hub.personal_data.holdings import HOLDINGS
from hub.personal_data.model import Holding
from hub.personal_data.others import OTHERS
from hub.personal_data.person import Person
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

FORMAT = "munihub.personal-data/1"

Open = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a transaction within walls that show the person's data."""

Column = tuple[str, str]
"""A column's name, and the SQL of how it is given."""


def of_the_worker(database: Database, city_id: int) -> Open:
    return lambda: database.town(city_id)


def of_the_citizen(database: Database, city_id: int, subject_id: UUID) -> Open:
    """Her own walls, and besides them the identity door, behind which her logins are."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Connection]:
        async with database.citizen(city_id, subject_id) as connection:
            await connection.execute("select set_config('munihub.door', 'identity', true)")
            yield connection

    return opened


async def export(
    opened: Open,
    vault: Vault,
    city_id: int,
    slug: str,
    subject_id: UUID,
    now: datetime,
    *,
    note: str | None = None,
    before: Callable[[Connection, Person], Awaitable[None]] | None = None,
) -> AsyncIterator[bytes]:
    """The document in pieces, a table each. `note` is for the reader.

    `before` runs in the first transaction: it records the read where it is not the person's own. Raises NotFound before
    the first piece.
    """
    async with opened() as connection:
        person = await people.find(connection, city_id, subject_id)
        if before is not None:
            await before(connection, person)
    head = {
        "format": FORMAT,
        "town": slug,
        "subject": public_id("sub", person.subject_id),
        "made_at": now.isoformat(),
        "note": note,
    }
    yield json.dumps(head, ensure_ascii=False).removesuffix("}").encode() + b', "data": {'
    for number, holding in enumerate(HOLDINGS):
        async with opened() as connection:
            keys = await vault.keys(connection, city_id)
            rows = await _rows(connection, keys, holding, person)
        yield (b", " if number else b"") + json.dumps(holding.table).encode() + b": [" + b", ".join(rows) + b"]"
    yield b'}, "not_given": ' + json.dumps(not_given(), ensure_ascii=False).encode() + b"}\n"


def not_given() -> dict[str, str]:
    """What is not in the document, and why: by table, and by table and column."""
    columns = {f"{holding.table}.{column}": why for holding in HOLDINGS for column, why in holding.without.items()}
    return columns | dict(OTHERS)


async def _rows(connection: Connection, keys: TownKeys, holding: Holding, person: Person) -> list[bytes]:
    columns = await _columns(connection, holding)
    given = ", ".join(f'{sql} as "{name}"' for name, sql in columns)
    bound = ", ".join(f'{sql} as "{name}"' for name, sql in holding.sealed.items())
    names = [f'"{name}"' for name in holding.sealed]
    found: list[bytes] = []
    # Every name is ours, from the catalogue or from HOLDINGS.
    query = f"""
        select row_to_json(given)::text as row{"".join(f", b.{one} as bound_{i}" for i, one in enumerate(names))}
               {"".join(f", t.{one} as sealed_{i}" for i, one in enumerate(names))}
        from {holding.table} t, lateral (select {given}) given{f", lateral (select {bound}) b" if bound else ""}
        where t.city_id = $1 and {holding.whose} and $2::uuid[] is not null and $3::uuid[] is not null"""  # noqa: S608
    async for row in connection.cursor(query, person.city_id, person.subjects, person.identifiers):
        content: dict[str, Any] = json.loads(row["row"])
        for number, name in enumerate(holding.sealed):
            value = row[f"sealed_{number}"]
            opened = keys.decrypt(holding.table, name, row[f"bound_{number}"], value).decode() if value else None
            content[name] = opened
        found.append(json.dumps(content, ensure_ascii=False).encode())
    return found


async def _columns(connection: Connection, holding: Holding) -> list[Column]:
    rows = await connection.fetch(
        """select attname from pg_attribute
           where attrelid = $1::text::regclass and attnum > 0 and not attisdropped order by attnum""",
        holding.table,
    )
    names = [row["attname"] for row in rows]
    left_out = {"city_id", *holding.without, *holding.sealed}
    return [(name, holding.given_as.get(name, f't."{name}"')) for name in names if name not in left_out]
