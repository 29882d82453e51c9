"""Who sends something, as a back office is told: name and proven identifiers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.kernel.errors import NotFound
from hub.storage.database import Connection
from hub.storage.vault import TownKeys
from hub.subjects.service import value_of


async def person(connection: Connection, keys: TownKeys, subject_id: UUID) -> dict[str, Any]:
    """`{kind, name, identifiers: {scheme: value}}`, at a citizen's door. Raises NotFound for somebody else.

    What a login is called by at its eID is between the two, and is not told.
    """
    row = await connection.fetchrow(
        """select s.kind, s.name from subjects o join subjects s on s.city_id = o.city_id
             and s.subject_id = coalesce(o.merged_into, o.subject_id)
           where o.city_id = $1 and o.subject_id = $2""",
        keys.city_id,
        subject_id,
    )
    if row is None:
        raise NotFound("This subject has no account here.")
    found = await connection.fetch(
        """select i.identifier_id, i.scheme, i.value from aliases a
           join identifiers i on i.city_id = a.city_id and i.identifier_id = a.identifier_id
           where a.city_id = $1 and a.revoked_at is null and i.scheme not like 'login.%'
             and a.subject_id = any ((select munihub_current_subjects())::uuid[])
           order by i.scheme, a.proven_at""",
        keys.city_id,
    )
    identifiers: dict[str, str] = {}
    for one in found:
        identifiers.setdefault(one["scheme"], value_of(keys, one["identifier_id"], one["value"]))
    return {"kind": row["kind"], "name": row["name"], "identifiers": identifiers}
