"""/admin/v1/erasures: requests to be erased, for the clerk who decides them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.access_log import service as access_log
from hub.kernel.ids import parse_public_id, public_id
from hub.personal_data import requests as erasures
from hub.personal_data.requests import Decision, State
from hub.personal_data.requests import Request as Erasure
from portal_api.admin.looking import actor_of, refuse_oneself, why
from portal_api.errors import responses
from portal_api.parameters import NO_NUL
from portal_api.render import moment
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])
_ID = "era_01jd3v9k6cf3rs2k4w5m8q7x1t"
ErasureId = Annotated[str, Path(description="from the list", examples=[_ID])]


class PendingErasure(BaseModel):
    id: str = Field(examples=[_ID])
    subject: str | None = Field(description="null when it is done", examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    words: str | None
    asked_at: datetime
    due_on: date = Field(description="the last day for an answer (GDPR art. 12(3))")
    extended: bool
    state: State
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    erased_at: datetime | None
    report: dict[str, Any] | None = Field(description="what was erased, what was kept, and why")


class PendingErasures(BaseModel):
    items: list[PendingErasure]


class DecisionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Decision
    reason: str | None = Field(
        default=None, max_length=2000, pattern=NO_NUL, description="told to the person; needed to refuse and to extend"
    )


@router.get(
    "/erasures",
    summary="Who wants to be erased",
    response_model=PendingErasures,
    response_description="Up to a hundred, the soonest due first",
    responses=responses(401, 403, 404),
)
async def list_erasures(staff: AsStaff) -> Response:
    """Those that wait for a decision or for the job. Reading them is recorded for everybody on the list."""
    hub, city_id = staff.hub, staff.town.city.id
    async with hub.database.identity(city_id) as connection:
        found = await erasures.waiting(connection, city_id)
        for one in found:
            await _looked(staff, connection, one, "list_erasures")
    return _json({"items": [_item(one) for one in found]})


@router.get(
    "/erasures/{erasure_id}",
    summary="One request to be erased",
    response_model=PendingErasure,
    response_description="With the report when it is done",
    responses=responses(401, 403, 404),
)
async def read_erasure(staff: AsStaff, erasure_id: ErasureId) -> Response:
    """What was asked, decided and done."""
    hub, city_id = staff.hub, staff.town.city.id
    async with hub.database.identity(city_id) as connection:
        one = await erasures.opened(connection, city_id, parse_public_id("era", erasure_id))
        await _looked(staff, connection, one, "read_erasure")
    return _json(_item(one))


@router.post(
    "/erasures/{erasure_id}/decision",
    summary="Decide a request to be erased",
    response_model=PendingErasure,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def decide_erasure(staff: AsStaff, erasure_id: ErasureId, content: Annotated[DecisionIn, Body()]) -> Response:
    """Grant, refuse, or extend by two months. A granted one is carried out at once, and cannot be taken back. 403 also
    where the person is known to be the clerk herself: a colleague decides that.
    """
    hub, city = staff.hub, staff.town.city
    request_id = parse_public_id("era", erasure_id)
    async with hub.database.identity(city.id) as connection:
        one = await erasures.decide(
            connection,
            city,
            request_id,
            content.decision,
            reason=content.reason,
            by=staff.name,
            now=hub.clock.now(),
        )
        if one.subject_id is not None:
            await refuse_oneself(staff, connection, one.subject_id)
        await _looked(staff, connection, one, "decide_erasure")
    return _json(_item(one))


async def _looked(staff: AsStaff, connection: Any, one: Erasure, what: str) -> None:
    if one.subject_id is not None:
        await access_log.record(
            connection,
            actor=actor_of(staff),
            subject_id=one.subject_id,
            what=what,
            why=why(staff, None, public_id("era", one.request_id)),
            at=staff.hub.clock.now(),
        )


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})


def _item(one: Erasure) -> dict[str, Any]:
    return {
        "id": public_id("era", one.request_id),
        "subject": public_id("sub", one.subject_id) if one.subject_id else None,
        "words": one.words,
        "asked_at": moment(one.asked_at),
        "due_on": one.due_on,
        "extended": one.extended_at is not None,
        "state": one.state,
        "decided_at": moment(one.decided_at),
        "decided_by": one.decided_by,
        "reason": one.reason,
        "erased_at": moment(one.erased_at),
        "report": one.report,
    }
