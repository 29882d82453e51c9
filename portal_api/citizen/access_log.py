"""GET /v1/access-log: who looked at the citizen's data.

She is told when, what was looked at, why, and the role and department of who did it, but no employee by name. What was
consulted when and for what is her right (GDPR art. 15(1) and recital 63); the names of employees who acted under the
town's authority are as a rule not, since they are not recipients (CJEU 22 June 2023, C-579/21, Pankki S). Where she
needs a name to enforce a right she asks the town, whose auditor sees it. Programs of others are recipients, and she
is told which (CJEU 12 January 2023, C-154/21, Österreichische Post).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.access_log import service as access_log
from hub.access_log.model import ActorKind, Entry
from portal_api.answers import READ, READER, answer
from portal_api.citizen import access_texts as texts
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.render import Named, Reader, moment, outward
from portal_api.requests import AsCitizen

router = APIRouter(tags=["citizen"])


class Looker(BaseModel):
    kind: ActorKind
    name: str = Field(description="a role or a program, and nobody by name", examples=["Službenik"])
    department: Named | None = Field(description="of staff whose role is for one department")


class Looked(BaseModel):
    id: str = Field(examples=["acc_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    at: datetime
    who: Looker
    what: str = Field(examples=["Vaš račun"])
    why: str = Field(
        description="as it was given: a case, a mandate, a role, a reason", examples=["KLASA 363-02/26-01/15"]
    )


class AccessLog(BaseModel):
    items: list[Looked]
    next_cursor: str | None


@router.get(
    "/access-log",
    summary="Who looked at my data",
    response_model=AccessLog,
    responses=responses(401, 403, 404, 422) | READ,
    openapi_extra=READER,
)
async def list_access_log(request: Request, citizen: AsCitizen, cursor: Cursor = None, limit: Limit = 25) -> Response:
    """Every read by anyone else, latest first; for as long as the log is kept."""
    after = read_position(cursor)
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.subject_id) as connection:
        page = await access_log.listed(connection, citizen.subject_id, after, limit + 1)
    more, page = len(page) > limit, page[:limit]
    body = {
        "items": [looked(citizen.reader, one) for one in page],
        "next_cursor": write_cursor(page[-1].at.isoformat(), page[-1].entry_id) if more else None,
    }
    return answer(request, citizen.reader, body)


def looked(reader: Reader, one: Entry) -> dict[str, Any]:
    return {
        "id": outward("acc", one.entry_id),
        "at": moment(one.at),
        "who": {
            "kind": one.actor_kind,
            "name": _name(reader, one),
            "department": reader.named(one.department, reader.city.departments),
        },
        "what": reader.text(texts.what(one.what)),
        "why": one.why,
    }


def _name(reader: Reader, one: Entry) -> str | None:
    if one.actor_kind is ActorKind.MACHINE and (client := reader.city.clients.get(one.actor)):
        return reader.text(client.name)
    if one.actor_kind is ActorKind.MACHINE:
        return one.actor
    return reader.text(texts.who(one.actor_kind, one.role))
