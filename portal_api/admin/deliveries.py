"""/admin/v1/deliveries: what is on its way into back offices, and what staff do where it needs somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.access_log import service as access_log
from hub.cities.back_offices import DeliveryKind
from hub.delivery.model import Delivery, State
from hub.delivery.verbs import Desk
from hub.kernel.errors import Gone, NotFound
from hub.kernel.ids import parse_public_id, public_id
from portal_api.admin.looking import Reason, actor_of, why
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_number, write_cursor
from portal_api.parameters import NO_NUL, Slug
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])
_ID = "dlv_01jd3v9k6cf3rs2k4w5m8q7x1t"
DeliveryId = Annotated[str, Path(description="from the list", examples=[_ID])]


StateName = Literal["waiting", "sending", "delivered", "in_doubt", "refused", "discarded"]


class DeliveryOut(BaseModel):
    """Without what is sent: that is a citizen's."""

    id: str = Field(examples=[_ID])
    back_office: str
    kind: str = Field(examples=["open_case"])
    noun: str = Field(examples=["submission"])
    state: StateName
    behind: bool = Field(description="waits for an earlier one of its order")
    step: str | None = Field(description="was sent, and its end is not known", examples=["case"])
    sent_at: datetime | None = Field(description="when that was")
    attempts: int
    next_at: datetime = Field(description="when it is tried again, while it waits")
    deadline_at: datetime
    created_at: datetime
    settled_at: datetime | None
    reason: str | None = Field(examples=["back_office_fault"])
    field: str | None = Field(description="what the back office complains of", examples=["title"])
    detail: str | None


class DeliveryList(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None


class JournalEntry(BaseModel):
    at: datetime
    event: str = Field(examples=["sent"])
    state: StateName = Field(description="after it")
    step: str | None
    by: str = Field(description="worker, the noun that caused it, or who of the staff", examples=["worker"])
    reason: str | None


class DeliveryInspected(DeliveryOut):
    receipts: dict[str, dict[str, str]] = Field(
        description="of the steps that are done", examples=[{"case": {"number": "KLASA 363-02/26-01/15"}}]
    )
    journal: list[JournalEntry]


class DeliveryValues(BaseModel):
    id: str = Field(examples=[_ID])
    values: dict[str, Any] = Field(description="what is sent, as the town's record has it")


_Why = Annotated[
    str, Field(min_length=3, max_length=200, pattern=NO_NUL, description="kept in the journal: name no citizen in it")
]


_Text = Annotated[str, Field(max_length=500, pattern=NO_NUL)]


class ReasonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: _Why


class HappenedIn(ReasonIn):
    receipts: dict[_Text, _Text] = Field(description="what its reply would have told", examples=[{"number": "2026/15"}])


class EditIn(ReasonIn):
    values: dict[str, Any] = Field(description="all of them, as they are to be sent")


@router.get(
    "/deliveries",
    summary="What is on its way into back offices",
    response_model=DeliveryList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_deliveries(
    staff: AsStaff,
    state: Annotated[StateName | None, Query(description="only in this state")] = None,
    back_office: Annotated[Slug | None, Query(description="only to this one", examples=["urudzbeni"])] = None,
    kind: Annotated[DeliveryKind | None, Query(description="only of this kind")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first."""
    before = read_number(cursor)
    theirs = None if staff.everywhere else [one for one in staff.town.back_offices if staff.sees(one)]
    if back_office is not None:
        theirs = [back_office] if theirs is None or back_office in theirs else []
    async with staff.hub.database.town(staff.town.city.id) as connection:
        found = await staff.hub.deliveries.listed(
            connection,
            staff.town.city.id,
            state=None if state is None else State(state),
            back_offices=theirs,
            kind=kind,
            before=before,
            limit=limit + 1,
        )
    shown = found[:limit]
    following = write_cursor(shown[-1].sequence) if len(found) > limit else None
    return _json({"items": [_out(one) for one in shown], "next_cursor": following})


@router.get(
    "/deliveries/{delivery_id}",
    summary="One delivery and its journal",
    response_model=DeliveryInspected,
    response_description="Everything but what is sent",
    responses=responses(401, 403, 404),
)
async def read_delivery(staff: AsStaff, delivery_id: DeliveryId) -> Response:
    """What happened to it, and what of it is done."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        one, journal = await staff.hub.deliveries.inspect(connection, city_id, parse_public_id("dlv", delivery_id))
        _theirs(staff, one)
        receipts = await staff.hub.deliveries.receipts(connection, city_id, one.delivery_id)
    lines = [
        {
            "at": moment(line.at),
            "event": line.event,
            "state": line.state,
            "step": line.step,
            "by": line.by,
            "reason": line.reason,
        }
        for line in journal
    ]
    return _json({**_out(one), "receipts": receipts, "journal": lines})


@router.get(
    "/deliveries/{delivery_id}/values",
    summary="What is sent",
    response_model=DeliveryValues,
    response_description="All of it",
    responses=responses(401, 403, 404, 410, 422),
)
async def read_delivery_values(staff: AsStaff, delivery_id: DeliveryId, reason: Reason = None) -> Response:
    """Opening it is recorded for the person it belongs to, who can see it. It is gone a month after it arrived."""
    wanted = parse_public_id("dlv", delivery_id)
    async with _desk(staff, wanted, "read_delivery_values", reason) as (desk, _):
        values = await staff.hub.deliveries.open_values(desk.connection, desk.keys, wanted)
    if values is None:
        raise Gone("What was sent is not kept any more; its journal is.")
    return _json({"id": delivery_id, "values": values})


@router.post(
    "/deliveries/{delivery_id}/happened",
    summary="The step in doubt is done there",
    response_model=DeliveryOut,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def delivery_happened(
    staff: AsStaff, delivery_id: DeliveryId, content: Annotated[HappenedIn, Body()]
) -> Response:
    """Somebody looked into the back office and found it. The delivery goes on with the next step."""
    wanted = parse_public_id("dlv", delivery_id)
    async with _desk(staff, wanted) as (desk, _):
        return _json(_out(await desk.happened(wanted, content.receipts, content.reason)))


@router.post(
    "/deliveries/{delivery_id}/did-not-happen",
    summary="The step in doubt is not done there",
    response_model=DeliveryOut,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def delivery_did_not_happen(
    staff: AsStaff, delivery_id: DeliveryId, content: Annotated[ReasonIn, Body()]
) -> Response:
    """Somebody looked into the back office and it is not there. The step is sent again."""
    wanted = parse_public_id("dlv", delivery_id)
    async with _desk(staff, wanted) as (desk, _):
        return _json(_out(await desk.did_not_happen(wanted, content.reason)))


@router.post(
    "/deliveries/{delivery_id}/retry",
    summary="Try a delivery now",
    response_model=DeliveryOut,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def retry_delivery(staff: AsStaff, delivery_id: DeliveryId, content: Annotated[ReasonIn, Body()]) -> Response:
    """What was refused is sent as it is; what is in doubt is asked about, where the back office can be asked."""
    wanted = parse_public_id("dlv", delivery_id)
    async with _desk(staff, wanted) as (desk, _):
        return _json(_out(await desk.retry(wanted, content.reason)))


@router.post(
    "/deliveries/{delivery_id}/edit",
    summary="Correct what was refused",
    response_model=DeliveryOut,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 410, 413, 422),
)
async def edit_delivery(staff: AsStaff, delivery_id: DeliveryId, content: Annotated[EditIn, Body()]) -> Response:
    """Put other values in the place of those that were refused, and send them. It is recorded for the person."""
    wanted = parse_public_id("dlv", delivery_id)
    async with _desk(staff, wanted, "edit_delivery", content.reason) as (desk, _):
        return _json(_out(await desk.edit(wanted, content.values, content.reason)))


@router.post(
    "/deliveries/{delivery_id}/discard",
    summary="Give a delivery up",
    response_model=DeliveryOut,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def discard_delivery(staff: AsStaff, delivery_id: DeliveryId, content: Annotated[ReasonIn, Body()]) -> Response:
    """Those of the same order that wait behind it go on. What of it is done in the back office stays there."""
    wanted = parse_public_id("dlv", delivery_id)
    async with _desk(staff, wanted) as (desk, _):
        return _json(_out(await desk.discard(wanted, content.reason)))


@asynccontextmanager
async def _desk(
    staff: Staff, wanted: UUID, looks: str | None = None, reason: str | None = None
) -> AsyncIterator[tuple[Desk, Delivery]]:
    """A transaction in which a delivery is theirs to look after; `looks`: as what it is recorded for the person."""
    hub, city_id = staff.hub, staff.town.city.id
    async with hub.database.town(city_id) as connection:
        one, _ = await hub.deliveries.inspect(connection, city_id, wanted)
        _theirs(staff, one)
        if looks is not None:
            await access_log.record(
                connection,
                actor=actor_of(staff),
                subject_id=one.subject_id,
                what=looks,
                why=why(staff, reason, public_id("dlv", wanted)),
                at=hub.clock.now(),
            )
        keys = await hub.vault.keys(connection, city_id)
        yield Desk(connection, keys, staff.town, hub.clock, staff.name), one


def _theirs(staff: Staff, one: Delivery) -> None:
    if not staff.everywhere and not staff.sees(one.back_office):
        raise NotFound("There is no such delivery.")


def _out(one: Delivery) -> dict[str, Any]:
    names = ("back_office", "kind", "noun", "state", "behind", "step", "attempts", "reason", "field", "detail")
    times = ("sent_at", "next_at", "deadline_at", "created_at", "settled_at")
    return {
        "id": public_id("dlv", one.delivery_id),
        **{name: getattr(one, name) for name in names},
        **{name: moment(getattr(one, name)) for name in times},
    }


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})
