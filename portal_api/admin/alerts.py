"""GET /admin/v1/alerts, POST /admin/v1/alerts/{alert_id}/acknowledge: what somebody should know of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.alerts import service as alerts
from hub.alerts.model import Alert
from hub.kernel.ids import parse_public_id, public_id
from hub.watch.facts import lines_of
from hub.watch.tellings import how_it_goes
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])
_ID = "alt_01jd3v9k6cf3rs2k4w5m8q7x1t"


class AlertOut(BaseModel):
    """One thing: told once and counted, until it is over. An acknowledged one is still open; somebody sees to it."""

    id: str = Field(examples=[_ID])
    kind: str = Field(examples=["drift"])
    about: str = Field(examples=["financije"])
    text: str = Field(description="what it is, since when and what to do, in the town's language, as in a mail")
    detail: dict[str, Any] = Field(description="depends on the kind; no personal data")
    opened_at: datetime
    last_at: datetime
    times: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(examples=["stf_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    settled_at: datetime | None = Field(description="when it was over")


class AddressOut(BaseModel):
    """Somebody who is told by mail or webhook."""

    address: str = Field(examples=["mailto:it@pregrada.hr"])
    last_sent_at: datetime | None
    failing_since: datetime | None = Field(description="nothing has reached it since; it is tried again by itself")
    failures: int
    last_failure: str | None = Field(examples=["back_office_down: The mail server cannot be reached."])


class AlertList(BaseModel):
    items: list[AlertOut]
    next_cursor: str | None
    told: list[AddressOut] = Field(description="who is told; empty for a role for a part of the town")


@router.get(
    "/alerts",
    summary="What somebody should know of",
    response_model=AlertList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_alerts(
    staff: AsStaff,
    settled: Annotated[bool, Query(description="those that are over too")] = False,  # noqa: FBT002
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first. A role for a part of the town sees what concerns its back offices."""
    before = read_position(cursor)
    async with staff.hub.database.town(staff.town.city.id) as connection:
        found = await alerts.list_alerts(
            connection,
            staff.town.city.id,
            settled=settled,
            back_offices=_theirs(staff),
            before=before,
            limit=limit + 1,
        )
        told = await how_it_goes(connection, staff.town.city.id) if staff.everywhere else []
        shown = found[:limit]
        items = [_out(one, await lines_of(connection, staff.town, one)) for one in shown]
    last = shown[-1] if len(found) > limit else None
    cursor_out = write_cursor(last.opened_at.isoformat(), last.alert_id) if last else None
    addresses = [_address(one) for one in told]
    return _answer({"items": items, "next_cursor": cursor_out, "told": addresses})


@router.post(
    "/alerts/{alert_id}/acknowledge",
    summary="See to an alert",
    response_model=AlertOut,
    response_description="As it stands now",
    responses=responses(401, 403, 404, 422),
)
async def acknowledge_alert(
    staff: AsStaff, alert_id: Annotated[str, Path(description="from the list", examples=[_ID])]
) -> Response:
    """Whoever said so first stays named. It ends when what it is about is over, not by this."""
    wanted = parse_public_id("alt", alert_id)
    async with staff.hub.database.town(staff.town.city.id) as connection:
        alert = await alerts.acknowledge(
            connection,
            staff.town.city.id,
            wanted,
            by=staff.name,
            now=staff.hub.clock.now(),
            back_offices=_theirs(staff),
        )
        lines = await lines_of(connection, staff.town, alert)
    return _answer(_out(alert, lines))


def _theirs(staff: Staff) -> list[str] | None:
    return None if staff.everywhere else [one for one in staff.town.back_offices if staff.sees(one)]


def _address(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: moment(row[name]) for name in ("last_sent_at", "failing_since")}
    return {"address": row["destination"], **times, "failures": row["failures"], "last_failure": row["last_failure"]}


def _out(alert: Alert, lines: Sequence[str]) -> dict[str, Any]:
    return {
        "id": public_id("alt", alert.alert_id),
        "kind": alert.kind,
        "about": alert.about,
        "text": "\n".join(lines),
        "detail": dict(alert.detail),
        "opened_at": moment(alert.opened_at),
        "last_at": moment(alert.last_at),
        "times": alert.times,
        "acknowledged_at": moment(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "settled_at": moment(alert.settled_at),
    }


def _answer(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})
