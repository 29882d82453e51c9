"""GET /admin/v1/…: what could not be processed, and what the live interfaces say that no mapping knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.back_offices import service as feeds
from hub.intake import dead_letters
from hub.intake.dead_letters import DeadLetter
from hub.kernel.errors import Forbidden
from hub.kernel.ids import public_id
from portal_api.admin.looking import Reason
from portal_api.admin.opening import open_letter, written
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_public_cursor, write_cursor
from portal_api.parameters import NO_NUL, Moment, Slug
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])


class DeadLetterOut(BaseModel):
    """Its bytes stay sealed here: they are a citizen's data."""

    id: str = Field(examples=["dlt_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    back_office: str
    feed: str | None
    origin: str = Field(pattern="^(push|pull)$")
    external_id: str
    reason: str = Field(examples=["unreadable_record"])
    detail: str = Field(examples=["'12,5o' is not an amount"])
    field: str | None = Field(examples=["original"])
    path: str | None = Field(examples=["Iznos"])
    first_at: datetime
    last_at: datetime
    times: int
    settled_at: datetime | None
    settled_by: str | None = Field(description="replayed, superseded (the source told it anew) or discarded")
    settled_who: str | None = Field(description="of a discarded one: stf_…, or an operator's account")
    settled_for: str | None = Field(description="of a discarded one: why")


class DeadLetterList(BaseModel):
    items: list[DeadLetterOut]
    next_cursor: str | None


class DriftOut(BaseModel):
    back_office: str
    feed: str
    what: str = Field(examples=["unknown_field"])
    path: str = Field(examples=["Napomena2"])
    sample: str
    first_seen: datetime
    last_seen: datetime
    times: int


class DriftList(BaseModel):
    items: list[DriftOut]


@router.get(
    "/dead-letters",
    summary="What could not be processed",
    response_model=DeadLetterList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_dead_letters(
    staff: AsStaff,
    back_office: Annotated[Slug | None, Query(description="only of this one", examples=["financije"])] = None,
    feed: Annotated[Slug | None, Query(description="only of this one", examples=["obligations"])] = None,
    origin: Annotated[
        Literal["push", "pull"] | None, Query(description="pushed to us, or part of an answer we asked for")
    ] = None,
    reason: Annotated[
        str | None, Query(max_length=60, pattern=NO_NUL, description="a code", examples=["unreadable_record"])
    ] = None,
    field: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="the field at fault", examples=["original"])
    ] = None,
    since: Annotated[Moment | None, Query(description="failed last at this time or later")] = None,
    until: Annotated[Moment | None, Query(description="failed last before this time")] = None,
    state: Annotated[Literal["open", "settled", "all"], Query(description="settled: it is done with")] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first; those that nobody has done with, unless `state` says otherwise."""
    before = page_before(cursor)
    filters = dead_letters.Filters(
        back_offices=offices_of(staff, back_office),
        feed=feed,
        origin=origin,
        reason=reason,
        field=field,
        since=since,
        until=until,
        state=state,
    )
    async with staff.hub.database.town(staff.town.city.id) as connection:
        letters = await dead_letters.listed(connection, staff.town.city.id, filters, before=before, limit=limit + 1)
    items = [letter_out(one) for one in letters[:limit]]
    more = len(letters) > limit
    content = {"items": items, "next_cursor": write_cursor(items[-1]["id"]) if more else None}
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})


def offices_of(staff: Staff, back_office: str | None) -> list[str] | None:
    """Whose letters are meant: None for all. Raises Forbidden where a role for a part of the town asks for all."""
    if not staff.everywhere and (back_office is None or not staff.sees(back_office)):
        mine = ", ".join(one for one in staff.town.back_offices if staff.sees(one)) or "none"
        raise Forbidden(f"Your role is for a part of the town: ask with back_office, one of {mine}.")
    return None if back_office is None else [back_office]


def letter_out(one: DeadLetter) -> dict[str, Any]:
    """As DeadLetterOut."""
    return {
        "id": public_id("dlt", one.dead_letter_id),
        "back_office": one.back_office,
        "feed": one.feed,
        "origin": one.origin,
        "external_id": one.external_id,
        "reason": one.reason,
        "detail": one.detail,
        "field": one.field,
        "path": one.path,
        "first_at": moment(one.first_at),
        "last_at": moment(one.last_at),
        "times": one.times,
        "settled_at": moment(one.settled_at) if one.settled_at else None,
        "settled_by": one.settled_by,
        "settled_who": one.settled_who,
        "settled_for": one.settled_for,
    }


class DeadLetterBody(BaseModel):
    """As it was received: `text` where it is UTF-8, else `base64`."""

    id: str = Field(examples=["dlt_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    media_type: str = Field(examples=["application/cloudevents+json"])
    text: str | None
    base64: str | None


@router.get(
    "/dead-letters/{dead_letter_id}/body",
    summary="The bytes that could not be processed",
    response_model=DeadLetterBody,
    response_description="All of them",
    responses=responses(401, 403, 404, 422),
)
async def read_dead_letter_body(
    staff: AsStaff,
    dead_letter_id: Annotated[str, Path(description="from the list", examples=["dlt_01jd3v9k6cf3rs2k4w5m8q7x1t"])],
    reason: Reason = None,
) -> Response:
    """Opening them is recorded for everybody whose identifiers stand in them, who can see it."""
    opened = await open_letter(staff, dead_letter_id, reason, "read_dead_letter_body")
    content = {"id": dead_letter_id, "media_type": opened.letter.media_type, **written(opened.body)}
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/drift",
    summary="What no mapping knows",
    response_model=DriftList,
    response_description="All of it",
    responses=responses(401, 403, 404),
)
async def list_drift(staff: AsStaff) -> Response:
    """Fields and codes of the live interfaces that no mapping names, last seen first."""
    async with staff.hub.database.town(staff.town.city.id) as connection:
        rows = await feeds.drift(connection, staff.town.city.id)
    items = [
        {**row, "first_seen": moment(row["first_seen"]), "last_seen": moment(row["last_seen"])}
        for row in rows
        if staff.everywhere or staff.sees(row["back_office"])
    ]
    return Response(
        orjson.dumps({"items": items}), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def page_before(cursor: str | None) -> UUID | None:
    """The last letter of the page before. Raises InvalidRequest."""
    return read_public_cursor("dlt", cursor)
