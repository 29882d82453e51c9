"""Whom an export or an erasure is about: a subject with everybody merged into it, and all its identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.kernel.errors import NotFound
from hub.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Person:
    """`subject_id` stands for all of `subjects`; `identifiers` are proven to be theirs, those of their logins too."""

    city_id: int
    subject_id: UUID
    subjects: list[UUID]
    identifiers: list[UUID]


async def find(connection: Connection, city_id: int, subject_id: UUID) -> Person:
    """Within walls that show people: the worker's, or the identity door. Raises NotFound."""
    standing = await connection.fetchval(
        "select coalesce(merged_into, subject_id) from subjects where city_id = $1 and subject_id = $2",
        city_id,
        subject_id,
    )
    if standing is None:
        raise NotFound("There is no such subject here.")
    together = await connection.fetchval(
        "select array_agg(subject_id) from subjects where city_id = $1 and (subject_id = $2 or merged_into = $2)",
        city_id,
        standing,
    )
    identifiers = await connection.fetchval(
        """select coalesce(array_agg(identifier_id), '{}') from (
               select identifier_id from aliases
               where city_id = $1 and subject_id = any ($2) and revoked_at is null
               union
               select identifier_id from logins
               where city_id = $1 and subject_id = any ($2) and revoked_at is null) hers""",
        city_id,
        together,
    )
    return Person(city_id, standing, together, identifiers)
