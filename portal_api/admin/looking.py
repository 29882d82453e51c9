"""How a request of staff stands in the access log, and what nobody does for herself."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from hub.access_log.model import Actor, ActorKind
from hub.kernel.errors import Forbidden
from hub.logins.resolution import same_person
from portal_api.parameters import NO_NUL
from portal_api.requests import Staff

Reason = Annotated[
    str | None,
    Query(
        min_length=3,
        max_length=200,
        pattern=NO_NUL,
        description="why you look, such as the number of a case, and no names: the person reads it",
        examples=["KLASA 363-02/26-01/15"],
    ),
]


def actor_of(staff: Staff) -> Actor:
    """With the role that let the request in; the first, where several did."""
    grant = staff.grants[0]
    return Actor(ActorKind.STAFF, staff.staff_id or "development", grant.role, grant.department)


def why(staff: Staff, reason: str | None, about: str | None = None) -> str:
    """The reason given, else the role; and what it is about."""
    because = reason or f"role {staff.grants[0].role}"
    return f"{because}, {about}" if about else because


async def refuse_oneself(staff: Staff, connection: Any, subject_id: UUID) -> None:
    """Raises Forbidden where the member of staff is known to be this citizen (hub.logins.resolution.same_person)."""
    if staff.staff_id is not None and await same_person(connection, staff.town.city.id, staff.staff_id, subject_id):
        raise Forbidden("This would be for yourself: a colleague does it.")
