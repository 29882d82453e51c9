"""/admin/v1/attempts, /gateway-messages, /gateway-differences: what happened at card gateways, and asking them now."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response

from hub.access_log import service as access_log
from hub.gateways.model import Attempt, State, Verdict
from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.payments import views
from portal_api.admin import gateway_shapes as shapes
from portal_api.admin.looking import Reason, actor_of, why
from portal_api.admin.till import as_json, at_charge, covers
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_public_cursor, write_cursor
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])
_ID = "tra_01jd3v9k6cf3rs2k4w5m8q7x1t"
AttemptId = Annotated[str, Path(description="from the list", examples=[_ID])]


@router.get(
    "/attempts",
    summary="Attempts at card gateways",
    response_model=shapes.AttemptItems,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_attempts(
    staff: AsStaff,
    state: Annotated[shapes.StateName | None, Query(description="only in this state")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first."""
    before, city_id = read_public_cursor("tra", cursor), staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        found = await staff.hub.gateways.listed(
            connection,
            city_id,
            state=None if state is None else State(state),
            payees=_payees(staff),
            before=before,
            limit=limit + 1,
        )
    items = [shapes.attempt_out(staff, one) for one in found[:limit]]
    following = write_cursor(items[-1]["id"]) if len(found) > limit else None
    return as_json({"items": items, "next_cursor": following})


@router.get(
    "/attempts/{attempt_id}",
    summary="One attempt and its journal",
    response_model=shapes.AttemptWhole,
    response_description="Everything but the content of messages",
    responses=responses(401, 403, 404, 422),
)
async def read_attempt(staff: AsStaff, attempt_id: AttemptId, reason: Reason = None) -> Response:
    """What happened to it. Recorded for the person whose payment it is, who can see it."""
    city_id, uuid = staff.town.city.id, parse_public_id("tra", attempt_id)
    async with staff.hub.database.town(city_id) as connection:
        seen = await staff.hub.gateways.inspect(connection, city_id, uuid)
        _theirs(staff, seen.attempt)
        await _recorded(staff, connection, "read_attempt", seen.attempt.payment_id, reason)
    currency = seen.attempt.amount.currency
    journal = [
        {
            "at": moment(one.at),
            "event": one.event,
            "state": one.state,
            "by": one.by,
            "word": one.word,
            "reason": one.why,
        }
        for one in seen.journal
    ]
    return as_json(
        {
            **shapes.attempt_out(staff, seen.attempt),
            "details": seen.details,
            "journal": journal,
            "refunds": [shapes.refund_out(staff, one, currency) for one in seen.refunds],
            "messages": [shapes.message_out(one) for one in seen.messages],
        }
    )


@router.post(
    "/attempts/{attempt_id}/ask",
    status_code=202,
    summary="Ask the gateway now",
    response_model=shapes.AttemptItem,
    response_description="It is asked in a moment: read the attempt again",
    responses=responses(401, 403, 404, 422),
)
async def ask_attempt(staff: AsStaff, attempt_id: AttemptId) -> Response:
    """Whatever state it is in, also long after: what the gateway says is what counts."""
    city_id, uuid = staff.town.city.id, parse_public_id("tra", attempt_id)
    async with staff.hub.database.town(city_id) as connection:
        _theirs(staff, await staff.hub.gateways.find(connection, city_id, uuid))
        attempt = await staff.hub.gateways.ask_now(connection, city_id, uuid, by=staff.name)
    return as_json(shapes.attempt_out(staff, attempt), 202)


@router.post(
    "/attempts/{attempt_id}/brought-nothing",
    summary="Somebody looked: no money came",
    response_model=shapes.AttemptItem,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def attempt_brought_nothing(
    staff: AsStaff, attempt_id: AttemptId, content: Annotated[shapes.SeenToIn, Body()]
) -> Response:
    """Of one that the gateway never ends, or that cannot be asked about any more; 409 before an alert has called
    somebody to look. See that nothing can come there any more, as by cancelling the order: the payer may pay again from
    now on. Money that comes all the same is booked. Not for oneself.
    """
    city_id, uuid = staff.town.city.id, parse_public_id("tra", attempt_id)
    async with staff.hub.database.town(city_id) as connection:
        attempt = await staff.hub.gateways.find(connection, city_id, uuid)
    _theirs(staff, attempt)
    async with at_charge(staff, "attempt_brought_nothing", attempt.charge_id, oneself=False) as desk:
        ended = await staff.hub.gateways.brought_nothing(
            desk.connection, city_id, uuid, by=staff.name, why=content.reason
        )
    return as_json(shapes.attempt_out(staff, ended))


@router.get(
    "/gateway-messages",
    summary="What came to the doors of card gateways",
    response_model=shapes.GatewayMessages,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_gateway_messages(
    staff: AsStaff,
    verdict: Annotated[shapes.VerdictName | None, Query(description="only with this verdict")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Newest first, without their content."""
    before, city_id = read_public_cursor("gwm", cursor), staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        found = await staff.hub.gateways.messages(
            connection,
            city_id,
            gateways=_gateways(staff),
            verdict=None if verdict is None else Verdict(verdict),
            before=before,
            limit=limit + 1,
        )
    items = [shapes.message_out(one) for one in found[:limit]]
    following = write_cursor(items[-1]["id"]) if len(found) > limit else None
    return as_json({"items": items, "next_cursor": following})


@router.get(
    "/gateway-messages/{message_id}",
    summary="One message, as it came",
    response_model=shapes.GatewayMessageWhole,
    response_description="All of it",
    responses=responses(401, 403, 404, 422),
)
async def read_gateway_message(
    staff: AsStaff,
    message_id: Annotated[str, Path(description="from the list", examples=[shapes.MESSAGE_ID])],
    reason: Reason = None,
) -> Response:
    """Opening it is recorded, for the person whose payment it is about where that is known: what was refused because a
    key of ours is wrong names a payer all the same.
    """
    city_id, uuid = staff.town.city.id, parse_public_id("gwm", message_id)
    async with staff.hub.database.town(city_id) as connection:
        message, content = await staff.hub.gateways.message(connection, city_id, uuid)
        if (theirs := _gateways(staff)) is not None and message.gateway not in theirs:
            raise NotFound("There is no such message here.")
        if message.attempt_id is not None:
            attempt = await staff.hub.gateways.find(connection, city_id, message.attempt_id)
            await _recorded(staff, connection, "read_gateway_message", attempt.payment_id, reason)
        else:
            await access_log.record(
                connection,
                actor=actor_of(staff),
                subject_id=None,
                what="read_gateway_message",
                why=why(staff, reason, message_id),
                at=staff.hub.clock.now(),
            )
    return as_json({**shapes.message_out(message), "content": content})


@router.get(
    "/gateway-differences",
    summary="What a gateway lists, and what is known here",
    response_model=shapes.GatewayDifferences,
    response_description="Where they differ",
    responses=responses(401, 403, 404, 422),
)
async def list_gateway_differences(
    staff: AsStaff,
    settled: Annotated[bool, Query(description="those that are over, too")] = False,  # noqa: FBT002
    limit: Limit = 50,
) -> Response:
    """Compared every day where the gateway lists its orders. Newest first."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        found = await staff.hub.gateways.differences(
            connection, city_id, gateways=_gateways(staff), settled=settled, limit=limit
        )
    return as_json({"items": [shapes.difference_out(one) for one in found]})


@router.post(
    "/gateway-differences/{difference_id}/settle",
    summary="Somebody has seen to a difference",
    response_model=shapes.GatewayDifference,
    response_description="As it stands now",
    responses=responses(400, 401, 403, 404, 422),
)
async def settle_gateway_difference(
    staff: AsStaff,
    difference_id: Annotated[str, Path(description="from the list", examples=[shapes.DIFFERENCE_ID])],
    content: Annotated[shapes.SeenToIn, Body()],
) -> Response:
    """Such as money of an order that is none of ours, which was given back at the gateway."""
    city_id, uuid = staff.town.city.id, parse_public_id("gwd", difference_id)
    async with staff.hub.database.town(city_id) as connection:
        done = await staff.hub.gateways.settle_difference(
            connection, city_id, uuid, gateways=_gateways(staff), by=staff.name, reason=content.reason
        )
    return as_json(shapes.difference_out(done))


def _payees(staff: Staff) -> list[str] | None:
    return None if staff.everywhere else [one for one in staff.town.city.payees if covers(staff, one)]


def _gateways(staff: Staff) -> list[str] | None:
    blocks = staff.town.city.gateways
    return None if staff.everywhere else [name for name, one in blocks.items() if covers(staff, one.payee)]


def _theirs(staff: Staff, attempt: Attempt) -> None:
    if not staff.everywhere and not covers(staff, attempt.payee):
        raise NotFound("There is no such attempt here.")


async def _recorded(staff: Staff, connection: Any, what: str, payment_id: UUID, reason: str | None) -> None:
    seen = await views.one(connection, staff.town.city.id, payment_id)
    if seen.row["subject_id"] is None:
        return
    await access_log.record(
        connection,
        actor=actor_of(staff),
        subject_id=seen.row["subject_id"],
        what=what,
        why=why(staff, reason, public_id("pay", payment_id)),
        at=staff.hub.clock.now(),
    )
