"""What can be done with staff: add, give and take roles, end. Their accounts at eIDs are logins (hub.logins).

Every function runs in a transaction of the caller's: `Database.identity` in the API, `Database.town` in commands.
`by` is who does it: `stf_…` or the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.authorisation import Role
from hub.cities.model import City
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.staff.model import Grant, Member
from hub.storage.database import Connection

_GRANTS = """
    select r.role, r.payee, r.department from staff s
    join staff_roles r on r.city_id = s.city_id and r.staff_id = s.staff_id and r.taken_at is null
    where s.city_id = (select munihub_current_city()) and s.staff_id = $1 and s.ended_at is null"""

_GIVE = """
    insert into staff_roles (city_id, grant_id, staff_id, role, payee, department, given_at, given_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8)"""

_TAKE = """
    update staff_roles set taken_at = $6, taken_by = $7
    where city_id = $1 and staff_id = $2 and role = $3 and payee is not distinct from $4
      and department is not distinct from $5 and taken_at is null"""

_LISTED = """
    select s.staff_id, s.name, s.ended_at, r.role, r.payee, r.department from staff s
    left join staff_roles r on r.city_id = s.city_id and r.staff_id = s.staff_id and r.taken_at is null
    where s.city_id = $1 order by s.name, s.staff_id, r.role, r.payee, r.department"""


def read_grant(text: str, city: City) -> Grant:
    """`clerk`, `support@payee=grad` or `support@department=komunalno`. Raises InvalidRequest."""
    role, mark, place = text.partition("@")
    if role not in set(Role):
        raise InvalidRequest(f"There is no role {role[:40]!r}; there are {', '.join(Role)}.")
    if not mark:
        return Grant(Role(role))
    kind, _, name = place.partition("=")
    places: dict[str, Collection[str]] = {"payee": city.payees, "department": city.departments}
    known = places.get(kind)
    if known is None:
        raise InvalidRequest("A role holds in the whole town (clerk), at a payee (clerk@payee=…) or in a department.")
    if name not in known:
        raise InvalidRequest(f"There is no {kind} {name[:40]!r}; there are: {', '.join(known) or 'none'}.")
    return Grant(Role(role), payee=name) if kind == "payee" else Grant(Role(role), department=name)


async def add(
    connection: Connection, city: City, name: str, grants: Iterable[Grant], *, by: str, now: datetime
) -> UUID:
    """Somebody new, with roles. Raises InvalidRequest for an empty name."""
    if not (name := " ".join(name.split())):
        raise InvalidRequest("Give the name as colleagues know it.", field="name")
    staff_id = new_uuid()
    await connection.execute(
        "insert into staff (city_id, staff_id, name, added_at, added_by) values ($1, $2, $3, $4, $5)",
        city.id,
        staff_id,
        name,
        now,
        by,
    )
    for grant in sorted(set(grants), key=str):
        await give(connection, city.id, staff_id, grant, by=by, now=now)
    return staff_id


async def give(connection: Connection, city_id: int, staff_id: UUID, grant: Grant, *, by: str, now: datetime) -> None:
    """One role more, from the next request on. Raises NotFound and Conflict where it is held already."""
    await _employed(connection, city_id, staff_id)
    row = (city_id, new_uuid(), staff_id, grant.role, grant.payee, grant.department, now, by)
    try:
        async with connection.transaction():
            await connection.execute(_GIVE, *row)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"{public_id('stf', staff_id)} has {grant} already.") from None


async def take(connection: Connection, city_id: int, staff_id: UUID, grant: Grant, *, by: str, now: datetime) -> None:
    """One role less, from the next request on. Raises NotFound where it is not held."""
    done = await connection.execute(_TAKE, city_id, staff_id, grant.role, grant.payee, grant.department, now, by)
    if done == "UPDATE 0":
        raise NotFound(f"{public_id('stf', staff_id)} does not have {grant}.")


async def end(connection: Connection, city_id: int, staff_id: UUID, *, by: str, why: str, now: datetime) -> None:
    """No longer on the staff: from the next request on no token, session or login of theirs opens anything."""
    await _employed(connection, city_id, staff_id)
    await connection.execute(
        "update staff set ended_at = $3, ended_by = $4, ended_for = $5 where city_id = $1 and staff_id = $2",
        city_id,
        staff_id,
        now,
        by,
        why,
    )


async def listed(connection: Connection, city_id: int) -> list[Member]:
    """Everybody who is or was on the staff, by name, with the roles they have now."""
    found: dict[UUID, Member] = {}
    for row in await connection.fetch(_LISTED, city_id):
        known = found.get(row["staff_id"])
        grants = known.grants if known else ()
        if row["role"] is not None:
            grants = (*grants, Grant(Role(row["role"]), row["payee"], row["department"]))
        found[row["staff_id"]] = Member(row["staff_id"], row["name"], grants, row["ended_at"])
    return list(found.values())


async def grants_of(connection: Connection, staff_id: UUID) -> tuple[Grant, ...]:
    """The roles somebody has at this moment; none for whoever is no longer, or never was, on the staff of the town
    whose walls `connection` stands in.
    """
    rows = await connection.fetch(_GRANTS, staff_id)
    return tuple(Grant(Role(row["role"]), row["payee"], row["department"]) for row in rows)


async def _employed(connection: Connection, city_id: int, staff_id: UUID) -> None:
    found = await connection.fetchval(
        "select true from staff where city_id = $1 and staff_id = $2 and ended_at is null", city_id, staff_id
    )
    if found is None:
        raise NotFound(f"Nobody on the staff has the id {public_id('stf', staff_id)}.")
