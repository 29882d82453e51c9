"""Erases a person, except for what the town must keep, and says what became of what.

What it comes to: nobody can log in as her, nothing here tells who she was, no back office is asked about her, and what
had to stay refers to an id that leads nowhere. Records of back offices stay in their projections, which say again at
the next read what the office has; they are nobody's account then, like the records of people who never came here. What
the offices themselves may erase is theirs to decide.

She may come back: a login or a clerk that proves the same identifier begins a new account.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.personal_data import person as people
from hub.personal_data.holdings import HOLDINGS, Blank, Delete, Keep
from hub.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Erased:
    """`rows` of `table` that are gone."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Kept:
    """`rows` of `table` that stayed, whole or `blanked`, and by which duty or right."""

    table: str
    rows: int
    blanked: bool
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of everything; tables without a row of the person are not in it."""

    erased: tuple[Erased, ...]
    kept: tuple[Kept, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


# What a record or a register of persons names stays, marked; the others nobody knows but she.
_NEEDED = """
    select coalesce(array_agg(i.identifier_id), '{}') from identifiers i
    where i.city_id = $1 and i.identifier_id = any ($2) and (
        exists (select from parties p where p.city_id = $1 and p.identifier_id = i.identifier_id)
        or exists (select from aliases a
                   where a.city_id = $1 and a.identifier_id = i.identifier_id and a.proof = 'registry')
        or exists (select from aliases a
                   where a.city_id = $1 and a.identifier_id = i.identifier_id and a.subject_id <> all ($3))
        or exists (select from logins l where l.city_id = $1 and l.identifier_id = i.identifier_id
                   and (l.subject_id is null or l.subject_id <> all ($3))))"""


async def erase(connection: Connection, city_id: int, subject_id: UUID, now: datetime) -> Report:
    """Within the caller's transaction and the worker's walls; all of it, or nothing. Raises NotFound."""
    person = await people.find(connection, city_id, subject_id)
    needed = await connection.fetchval(_NEEDED, city_id, person.identifiers, person.subjects)
    erased: list[Erased] = []
    kept: list[Kept] = []
    for holding in HOLDINGS:
        table = holding.table
        # Every parameter is named, so that each statement takes the same four.
        where = (
            f"t.city_id = $1 and {holding.whose} and $2::uuid[] is not null and $3::uuid[] is not null"
            " and $4::timestamptz is not null"
        )
        values = (city_id, person.subjects, person.identifiers, now)
        if table == "identifiers":
            unneeded = [one for one in person.identifiers if one not in needed]
            done = await connection.execute(
                "delete from identifiers where city_id = $1 and identifier_id = any ($2)", city_id, unneeded
            )
            erased += [Erased(table, rows)] if (rows := _rows(done)) else []
        match holding.erasure:
            case Delete():
                done = await connection.execute(f"delete from {table} t where {where}", *values)  # noqa: S608
                erased += [Erased(table, rows)] if (rows := _rows(done)) else []
            case Blank(set=what, why=why):
                done = await connection.execute(f"update {table} t set {what} where {where}", *values)  # noqa: S608
                kept += [Kept(table, rows, blanked=True, why=why)] if (rows := _rows(done)) else []
            case Keep(why=why):
                rows = await connection.fetchval(f"select count(*) from {table} t where {where}", *values)  # noqa: S608
                kept += [Kept(table, rows, blanked=False, why=why)] if rows else []
    return Report(tuple(erased), tuple(kept))


def _rows(done: str) -> int:
    return int(done.rsplit(" ", 1)[1])
