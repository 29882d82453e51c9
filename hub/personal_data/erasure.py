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
from hub.personal_data.holdings import HOLDINGS
from hub.personal_data.model import Blank, Delete, Keep
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


# By what she is or ever was known, also where that was taken back, and not by what a register of persons names her.
_NAMES = """
    select identifier_id from (
        select identifier_id from aliases where city_id = $1 and subject_id = any ($2)
        union select identifier_id from logins where city_id = $1 and subject_id = any ($2)
        union select identifier_id from claims where city_id = $1 and subject_id = any ($2)) once
    where not exists (select from aliases a where a.city_id = $1 and a.identifier_id = once.identifier_id
                      and a.proof = 'registry')"""

# What a record names stays, marked, and so does what somebody else is known by; the others nobody knew but she.
_FORGET = """
    delete from identifiers i
    where i.city_id = $1 and i.identifier_id = any ($2)
      and not exists (select from parties t where t.city_id = $1 and t.identifier_id = i.identifier_id)
      and not exists (select from aliases t where t.city_id = $1 and t.identifier_id = i.identifier_id)
      and not exists (select from logins t where t.city_id = $1 and t.identifier_id = i.identifier_id)
      and not exists (select from claims t where t.city_id = $1 and t.identifier_id = i.identifier_id)"""


async def erase(connection: Connection, city_id: int, subject_id: UUID, now: datetime) -> Report:
    """Within the caller's transaction and the worker's walls; all of it, or nothing. Raises NotFound."""
    person = await people.find(connection, city_id, subject_id)
    names = [row["identifier_id"] for row in await connection.fetch(_NAMES, city_id, person.subjects)]
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
            # Everything of hers that refers to them has gone before.
            done = await connection.execute(_FORGET, city_id, names)
            erased += [Erased(table, rows)] if (rows := _rows(done)) else []
        match holding.erasure:
            case Delete(spared=spared):
                if spared is not None:
                    done = await connection.execute(
                        f"update {table} t set {spared.set} where {where} and {spared.where}",  # noqa: S608
                        *values,
                    )
                    kept += [Kept(table, rows, blanked=True, why=spared.why)] if (rows := _rows(done)) else []
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
