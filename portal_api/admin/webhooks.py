"""GET /admin/v1/webhooks, POST /admin/v1/webhooks/{client}/replay: what front ends' servers are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.webhooks import service as webhooks
from portal_api.errors import responses
from portal_api.parameters import Moment
from portal_api.render import moment
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])


class WebhookOut(BaseModel):
    """How it goes with one front end. A stopped one gets nothing until somebody replays."""

    client: str = Field(examples=["portal"])
    url: str = Field(examples=["https://moja.pregrada.hr/hooks"])
    waiting: int = Field(description="messages it has not taken")
    oldest_at: datetime | None = Field(description="of the oldest of these")
    failing_since: datetime | None
    failures: int
    last_failure: str | None = Field(examples=["back_office_down: POST https://moja.pregrada.hr/hooks answered 503."])
    stopped_at: datetime | None
    stopped_for: str | None = Field(examples=["gone"], pattern="^(gone|failed_for_days)$")


class WebhookList(BaseModel):
    items: list[WebhookOut]


class Replay(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: Moment | None = Field(
        default=None, description="what is not older is sent again, taken or not; absent: only what waits"
    )


class Replayed(BaseModel):
    waiting: int = Field(description="messages that are sent now, under the ids they had")


@router.get(
    "/webhooks",
    summary="How it goes with webhooks",
    response_model=WebhookList,
    response_description="Every front end that is told",
    responses=responses(401, 403, 404),
)
async def list_webhooks(staff: AsStaff) -> Response:
    """By name. What a message says is not shown: it names whose account it is about."""
    async with staff.hub.database.town(staff.town.city.id) as connection:
        found = await webhooks.states(connection, staff.town)
    return _answer({"items": [_out(one) for one in found]})


@router.post(
    "/webhooks/{client}/replay",
    summary="Send messages again",
    response_model=Replayed,
    response_description="They wait to be sent",
    responses=responses(400, 401, 403, 404, 422),
)
async def replay_webhooks(
    staff: AsStaff, client: Annotated[str, Path(description="from the list", examples=["portal"])], body: Replay
) -> Response:
    """A front end that was stopped goes on. Messages are kept for thirty days."""
    async with staff.hub.database.town(staff.town.city.id) as connection:
        waiting = await webhooks.replay(connection, staff.town, client, since=body.since, now=staff.hub.clock.now())
    return _answer({"waiting": waiting})


def _out(one: webhooks.ClientState) -> dict[str, Any]:
    return {
        "client": one.client,
        "url": one.url,
        "waiting": one.waiting,
        "oldest_at": moment(one.oldest_at),
        "failing_since": moment(one.failing_since),
        "failures": one.failures,
        "last_failure": one.last_failure,
        "stopped_at": moment(one.stopped_at),
        "stopped_for": one.stopped_for,
    }


def _answer(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})
