"""GET /admin/v1/…: what could not be processed, and what the live interfaces say that no mapping knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from hub.back_offices import service as feeds
from hub.back_offices.model import Town
from hub.intake import dead_letters
from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import parse_public_id, public_id
from portal_api.errors import responses
from portal_api.render import moment
from portal_api.requests import Cursor, Limit, Slug, bearer, hub_of, read_cursor, staff_with, write_cursor

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
    openapi_extra=bearer("messages"),
)
async def list_dead_letters(
    request: Request,
    town: Annotated[Town, staff_with("messages")],
    back_office: Annotated[Slug | None, Query(description="only of this one", examples=["financije"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Unsettled ones, newest first."""
    before = _before(cursor)
    async with hub_of(request).database.town(town.city.id) as connection:
        letters = await dead_letters.open_letters(
            connection, town.city.id, back_office=back_office, before=before, limit=limit + 1
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


@router.get(
    "/drift",
    summary="What no mapping knows",
    response_model=DriftList,
    response_description="All of it",
    responses=responses(401, 403, 404),
    openapi_extra=bearer("messages"),
)
async def list_drift(request: Request, town: Annotated[Town, staff_with("messages")]) -> Response:
    """Fields and codes of the live interfaces that no mapping names, last seen first."""
    async with hub_of(request).database.town(town.city.id) as connection:
        rows = await feeds.drift(connection, town.city.id)
    items = [{**row, "first_seen": moment(row["first_seen"]), "last_seen": moment(row["last_seen"])} for row in rows]
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
