"""GET /admin/v1/refused-attempts, /admin/v1/pushed-files: what goes on at the doors of back offices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.intake import file_states
from hub.kernel.ids import public_id
from portal_api.admin.messages import offices_of
from portal_api.errors import responses
from portal_api.render import moment
from portal_api.requests import AsStaff, Cursor, Limit, Moment, Slug, read_public_cursor, write_cursor

router = APIRouter(tags=["admin"])


class RefusedOut(BaseModel):
    """Attempts of one kind from one address (of IPv6 one network) on one day. What was sent is not kept: nobody had
    proven whose it is, and a stranger could fill the disk and choose what administrators read.
    """

    door: str = Field(examples=["events"])
    reason: str = Field(examples=["wrong_signature"])
    address: str = Field(examples=["192.0.2.7"])
    back_office: str | None = Field(description="whose it is, where that was proven before it was refused")
    first_at: datetime
    last_at: datetime
    times: int


class RefusedList(BaseModel):
    items: list[RefusedOut]


class PushedFileOut(BaseModel):
    id: str = Field(examples=["fil_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    back_office: str
    kind: str
    name: str
    origin: Literal["upload", "folder"]
    state: Literal["arriving", "received", "read", "broken"]
    size: int
    records: int
    total: int | None
    line: int | None
    fault: str | None
    received_at: datetime


class PushedFileList(BaseModel):
    items: list[PushedFileOut]
    next_cursor: str | None


@router.get(
    "/refused-attempts",
    summary="Who was refused at the push doors",
    response_model=RefusedList,
    response_description="The latest 200",
    responses=responses(401, 403, 404, 422),
)
async def list_refused_attempts(
    staff: AsStaff,
    back_office: Annotated[Slug | None, Query(description="only what was proven to be of this one")] = None,
    since: Annotated[Moment | None, Query(description="at this time or later")] = None,
) -> Response:
    """Forged, replayed, unsigned, too old, too large, too much: counted by door, reason, address and day."""
    found = await staff.hub.doors.refusals(staff.town.city.id, since=since, back_offices=offices_of(staff, back_office))
    items = [
        {
            "door": one.door,
            "reason": one.reason,
            "address": one.address,
            "back_office": one.back_office,
            "first_at": moment(one.first_at),
            "last_at": moment(one.last_at),
            "times": one.times,
        }
        for one in found
    ]
    content = orjson.dumps({"items": items})
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/pushed-files",
    summary="Files of back offices",
    response_model=PushedFileList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_pushed_files(
    staff: AsStaff,
    back_office: Annotated[Slug | None, Query(description="only of this one", examples=["financije"])] = None,
    state: Annotated[
        Literal["arriving", "received", "read", "broken"] | None, Query(description="only those that are so")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first, with how far each is; a broken one is kept whole and has a dead letter that names the line."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        files = await file_states.listed(
            connection,
            city_id,
            back_offices=offices_of(staff, back_office),
            state=state,
            before=read_public_cursor("fil", cursor),
            limit=limit + 1,
        )
    items = [
        {
            "id": public_id("fil", one.file_id),
            "back_office": one.back_office,
            "kind": one.kind,
            "name": one.name,
            "origin": one.origin,
            "state": one.state,
            "size": one.size,
            "records": one.records,
            "total": one.total,
            "line": one.line,
            "fault": one.fault,
            "received_at": moment(one.received_at),
        }
        for one in files[:limit]
    ]
    content = {"items": items, "next_cursor": write_cursor(items[-1]["id"]) if len(files) > limit else None}
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})
