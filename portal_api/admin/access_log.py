"""GET /admin/v1/access-log: who looked at whose data, for auditors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.access_log import service as access_log
from hub.access_log.model import ActorKind, Entry
from hub.kernel.errors import InvalidRequest
from hub.kernel.ids import parse_public_id, public_id
from portal_api.admin.looking import Reason, actor_of, why
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import NO_NUL
from portal_api.render import moment
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])


class AuditedActor(BaseModel):
    kind: ActorKind
    id: str | None = Field(
        description="stf_… of staff, sub_… of a person, a client or an account; null where a person was erased",
        examples=["stf_01jd3v9k6cf3rs2k4w5m8q7x1t"],
    )
    role: str | None = Field(description="of staff; of a program of ours its name", examples=["clerk"])
    department: str | None


class AuditedRead(BaseModel):
    id: str = Field(examples=["acc_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    at: datetime
    subject: str | None = Field(
        description="whose data; null where nobody was recognised in them, or the person was erased",
        examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"],
    )
    pseudonym: UUID | None = Field(description="by which the log knows the person, also after she was erased")
    who: AuditedActor
    what: str = Field(description="operation or command", examples=["read_dead_letter_body"])
    why: str


class AuditedReads(BaseModel):
    items: list[AuditedRead]
    next_cursor: str | None


@router.get(
    "/access-log",
    summary="Who looked at whose data",
    response_model=AuditedReads,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def audit_access_log(
    staff: AsStaff,
    subject: Annotated[str | None, Query(description="only reads of this person's data: sub_…")] = None,
    actor: Annotated[
        str | None,
        Query(max_length=200, pattern=NO_NUL, description="only by this one: stf_…, a client, an operator's account"),
    ] = None,
    reason: Reason = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Latest first. Reading it is recorded for everybody on the page; to look for one person, or for what one person
    did, a reason is needed.
    """
    wanted = None if subject is None else parse_public_id("sub", subject)
    person = _pseudonym(actor)
    if (wanted is not None or person is not None) and reason is None:
        raise InvalidRequest("Give the reason for which you look for one person.", field="query.reason")
    after = read_position(cursor)
    hub = staff.hub
    async with hub.database.audit(staff.town.city.id) as connection:
        page = await access_log.listed(connection, wanted, after, limit + 1, actor=person or actor)
        more, page = len(page) > limit, page[:limit]
        seen: set[UUID | None] = {who for one in page for who in (one.subject_id, one.actor_id) if who}
        for subject_id in seen or {wanted}:
            await access_log.record(
                connection,
                actor=actor_of(staff),
                subject_id=subject_id,
                what="audit_access_log",
                why=why(staff, reason),
                at=hub.clock.now(),
            )
    next_cursor = write_cursor(page[-1].at.isoformat(), page[-1].entry_id) if more else None
    content = {"items": [_item(one) for one in page], "next_cursor": next_cursor}
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})


def _pseudonym(actor: str | None) -> str | None:
    """`actor` as the log has it, where it is no program and nobody on the staff, but a person who acted for another."""
    try:
        return str(UUID(actor)) if actor else None
    except ValueError:
        return None


def _item(one: Entry) -> dict[str, object]:
    if one.actor_kind is ActorKind.SUBJECT:
        who = public_id("sub", one.actor_id) if one.actor_id else None
    else:
        who = one.actor
    return {
        "id": public_id("acc", one.entry_id),
        "at": moment(one.at),
        "subject": public_id("sub", one.subject_id) if one.subject_id else None,
        "pseudonym": str(one.subject) if one.subject else None,
        "who": {"kind": one.actor_kind, "id": who, "role": one.role, "department": one.department},
        "what": one.what,
        "why": one.why,
    }
