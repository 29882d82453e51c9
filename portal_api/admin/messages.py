"""GET /admin/v1/…: what could not be processed, and what the live interfaces say that no mapping knows."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.access_log import service as access_log
from hub.back_offices import service as feeds
from hub.intake import dead_letters
from hub.kernel.errors import Forbidden, InvalidRequest, NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.subjects.mentions import mentioned
from portal_api.admin.looking import Reason, actor_of, why
from portal_api.errors import responses
from portal_api.render import moment
from portal_api.requests import AsStaff, Cursor, Limit, Slug, read_cursor, write_cursor

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
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Unsettled ones, newest first."""
    before = _before(cursor)
    if not staff.everywhere and (back_office is None or not staff.sees(back_office)):
        mine = ", ".join(one for one in staff.town.back_offices if staff.sees(one)) or "none"
        raise Forbidden(f"Your role is for a part of the town: ask with back_office, one of {mine}.")
    async with staff.hub.database.town(staff.town.city.id) as connection:
        letters = await dead_letters.open_letters(
            connection, staff.town.city.id, back_office=back_office, before=before, limit=limit + 1
        )
    items = [
        {
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
        }
        for one in letters[:limit]
    ]
    more = len(letters) > limit
    content = {"items": items, "next_cursor": write_cursor(items[-1]["id"]) if more else None}
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})


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
    letter_id, hub, city_id = parse_public_id("dlt", dead_letter_id), staff.hub, staff.town.city.id
    schemes = frozenset[str]().union(*(feed.schemes for feed in staff.town.feeds()))
    # Through the door that can look for people: nobody is in scope before the bytes have been read.
    async with hub.database.identity(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        letter, body = await dead_letters.body_of(connection, keys, letter_id)
        if not staff.everywhere and not staff.sees(letter.back_office):
            raise NotFound("There is no such dead letter.")
        found, complete = await mentioned(connection, keys, schemes, body)
        # Whom nobody recognised may be in there all the same, so it is recorded without a subject then.
        for subject_id in sorted(found) if found and complete else [*sorted(found), None]:
            await access_log.record(
                connection,
                actor=actor_of(staff),
                subject_id=subject_id,
                what="read_dead_letter_body",
                why=why(staff, reason, dead_letter_id),
                at=hub.clock.now(),
            )
    try:
        text, encoded = body.decode(), None
    except UnicodeDecodeError:
        text, encoded = None, b64encode(body).decode()
    content = {"id": dead_letter_id, "media_type": letter.media_type, "text": text, "base64": encoded}
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


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return parse_public_id("dlt", read_cursor(cursor, 1)[0])
    except NotFound:
        detail = "This cursor is not one of ours: use `next_cursor` as it was given."
        raise InvalidRequest(detail, field="query.cursor") from None
