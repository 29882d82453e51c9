"""GET /admin/v1/refused-attempts, pushed-files, dropped-files: what goes on at the doors of back offices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.intake import drop_folder, file_states
from hub.kernel.errors import InvalidRequest
from hub.kernel.ids import public_id
from portal_api.admin.messages import offices_of
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_cursor, read_public_cursor, write_cursor
from portal_api.parameters import Moment, Slug
from portal_api.render import moment
from portal_api.requests import AsStaff

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


class DroppedFileOut(BaseModel):
    back_office: str = Field(examples=["financije"])
    name: str = Field(examples=["racuni.csv"])
    size: int
    since: datetime = Field(description="since when it has lain there so")
    problem: str = Field(examples=["no kind of push.files has a pattern that fits its name"])


class DroppedFileList(BaseModel):
    items: list[DroppedFileOut]
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


@router.get(
    "/dropped-files",
    summary="Files in drop folders that are not taken",
    response_model=DroppedFileList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_dropped_files(
    staff: AsStaff,
    back_office: Annotated[Slug | None, Query(description="only of this one", examples=["financije"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The oldest first, and why: rename them, correct `push.files`, or take them away."""
    city_id, offices = staff.town.city.id, offices_of(staff, back_office)
    async with staff.hub.database.town(city_id) as connection:
        files = await drop_folder.dropped(connection, city_id, offices, after=_after(cursor), limit=limit + 1)
    items = [
        {
            "back_office": one.back_office,
            "name": one.name,
            "size": one.size,
            "since": moment(one.seen_at),
            "problem": one.problem,
        }
        for one in files[:limit]
    ]
    last = files[limit - 1] if len(files) > limit else None
    content = {
        "items": items,
        "next_cursor": write_cursor(last.seen_at.isoformat(), last.back_office, last.name) if last else None,
    }
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})


def _after(cursor: str | None) -> tuple[datetime, str, str] | None:
    """Raises InvalidRequest for a cursor that is not ours."""
    if cursor is None:
        return None
    at, back_office, name = read_cursor(cursor, 3)
    try:
        since = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError):
        since = None
    if since is None or "\0" in back_office + name:
        detail = "This cursor is not one of ours: use `next_cursor` as it was given."
        raise InvalidRequest(detail, field="query.cursor")
    return since, back_office, name
