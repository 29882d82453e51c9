"""/admin/v1/payments, …/charges, …/allocations: money, as those read and move it who answer for it.

A cashier of one payee sees the charges of that payee, and no others of the same payment.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id
from hub.payments import views
from hub.payments.model import Source
from hub.payments.states import State
from hub.payments.views import Filters
from portal_api.admin import payment_forms as forms
from portal_api.admin import payment_shapes as shapes
from portal_api.admin.looking import Reason
from portal_api.admin.till import (
    as_json,
    at_charge,
    covers,
    looking,
    made_of,
    refuse_own_debts,
    theirs,
    whole_payment,
)
from portal_api.citizen.matters import IdempotencyKey
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import MOST_VALUES, Slug
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])
PaymentId = Annotated[str, Path(description="from the list", examples=["pay_01jd3v9k6cf3rs2k4w5m8q7x1t"])]
ChargeId = Annotated[str, Path(description="of a payment", examples=["chg_01jd3v9k6cf3rs2k4w5m8q7x1t"])]
_VERB = responses(400, 401, 403, 404, 409, 422)
_NOW: dict[str, Any] = {"response_model": forms.StaffPaymentWhole, "response_description": "As it stands now"}


@router.get(
    "/payments",
    summary="Payments",
    response_model=forms.StaffPaymentList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_all_payments(
    staff: AsStaff,
    state: Annotated[list[State], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    method: Annotated[Literal["card", "transfer", "counter"] | None, Query(description="only paid this way")] = None,
    payee: Annotated[Slug | None, Query(description="only with a charge of this one", examples=["grad"])] = None,
    unallocated: Annotated[bool, Query(description="only with money that belongs to nothing yet")] = False,  # noqa: FBT002
    obligation: Annotated[str | None, Query(max_length=40, description="only for this one")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Latest first. Nothing in it tells whose they are."""
    payees = None if staff.everywhere else [one for one in staff.town.city.payees if covers(staff, one)]
    if payee is not None:
        payees = [payee] if payees is None or payee in payees else []
    wanted = None if obligation is None else parse_public_id("obl", obligation)
    filters = Filters(state, method, payees, unallocated, wanted)
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        found = await views.page(connection, city_id, filters, read_position(cursor), limit + 1)
    shown = found[:limit]
    last = shown[-1].row if len(found) > limit else None
    return as_json(
        {
            "items": [shapes.payment_out(staff.reader, theirs(staff, one)) for one in shown],
            "next_cursor": write_cursor(last["created_at"].isoformat(), last["payment_id"]) if last else None,
        }
    )


@router.get(
    "/payments/{payment_id}",
    summary="One payment and its ledger",
    responses=responses(401, 403, 404, 422),
    **_NOW,
)
async def read_any_payment(staff: AsStaff, payment_id: PaymentId, reason: Reason = None) -> Response:
    """All that came and became of it. Recorded for the person it belongs to, who can see it."""
    async with looking(staff, "read_any_payment", parse_public_id("pay", payment_id), reason) as desk:
        return as_json(await desk.whole())


@router.post(
    "/payments",
    status_code=201,
    summary="Money at the counter",
    response_model=forms.StaffPaymentWhole,
    response_description="Booked",
    responses=_VERB,
)
async def take_at_counter(staff: AsStaff, key: IdempotencyKey, content: forms.CounterIn) -> Response:
    """For what somebody owes, or for nothing yet: what no obligation takes is unallocated. Not for oneself."""
    if not covers(staff, content.payee):
        raise NotFound(f"There is no payee {content.payee!r} that you take money for.")
    hub, city_id, now = staff.hub, staff.town.city.id, staff.hub.clock.now()
    wanted = [one.wanted() for one in content.items]
    await refuse_own_debts(staff, content.payee, wanted)
    async with hub.database.town(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        payment_id = await hub.payments.receive(
            connection, keys, staff.town,
            payee=content.payee, amount=forms.money_of(content.amount), source=Source("counter", made_of(staff, key)),
            at=now, now=now, allocations=wanted, by=staff.name,
        )  # fmt: skip
        return as_json(await whole_payment(staff, connection, payment_id), 201)


@router.post("/charges/{charge_id}/counter", summary="Pay a charge at the counter", responses=_VERB, **_NOW)
async def pay_at_counter(
    staff: AsStaff, charge_id: ChargeId, key: IdempotencyKey, content: forms.AmountOnlyIn
) -> Response:
    """Also while a card is under way: what comes twice is an overpayment, which is told. Not for oneself."""
    hub, now = staff.hub, staff.hub.clock.now()
    async with at_charge(staff, "pay_at_counter", parse_public_id("chg", charge_id), oneself=False) as desk:
        source, amount = Source("counter", made_of(staff, key)), forms.money_of(content.amount)
        await hub.payments.captured(
            desk.connection, desk.keys, staff.town, desk.charge_id, amount, source, now, now, by=staff.name
        )
        return as_json(await desk.whole())


@router.post("/captures/{capture_id}/take-back", summary="Take money at the counter back", responses=_VERB, **_NOW)
async def take_counter_money_back(
    staff: AsStaff,
    capture_id: Annotated[str, Path(description="of a charge", examples=["cap_01jd3v9k6cf3rs2k4w5m8q7x1t"])],
    content: forms.ReasonIn,
) -> Response:
    """It was booked by mistake: it did not come, or not so much. Where the town wants two people for a refund, a
    colleague of who booked it does this. Not for oneself.
    """
    wanted = parse_public_id("cap", capture_id)
    async with at_charge(staff, "take_counter_money_back", wanted, "captures", oneself=False) as desk:
        await staff.hub.payments.take_counter_back(
            desk.connection, desk.keys, staff.town, wanted, by=staff.name, reason=content.reason, now=desk.now
        )
        return as_json(await desk.whole())


@router.post("/charges/{charge_id}/allocations", summary="Allocate money", responses=_VERB, **_NOW)
async def allocate_money(
    staff: AsStaff, charge_id: ChargeId, key: IdempotencyKey, content: forms.AllocateIn
) -> Response:
    """Give unallocated money to what is owed to the same payee: all of it, or nothing. Not to what oneself owes."""
    wanted = [one.wanted() for one in content.items]
    async with at_charge(staff, "allocate_money", parse_public_id("chg", charge_id), oneself=False, to=wanted) as desk:
        await staff.hub.payments.allocate(
            desk.connection, desk.keys, staff.town, desk.charge_id, wanted, by=staff.name, now=desk.now,
            request_id=made_of(staff, f"{charge_id}/{key}"),
        )  # fmt: skip
        return as_json(await desk.whole())


@router.post("/allocations/{allocation_id}/take-back", summary="Take an allocation back", responses=_VERB, **_NOW)
async def take_allocation_back(
    staff: AsStaff,
    allocation_id: Annotated[str, Path(description="of a charge", examples=["alc_01jd3v9k6cf3rs2k4w5m8q7x1t"])],
    content: forms.ReasonIn,
) -> Response:
    """Its money is unallocated, and the accounting office is told that it does not count."""
    wanted = parse_public_id("alc", allocation_id)
    async with at_charge(staff, "take_allocation_back", wanted, "allocations") as desk:
        await staff.hub.payments.unallocate(
            desk.connection, desk.keys, staff.town, wanted, by=staff.name, reason=content.reason, now=desk.now
        )
        return as_json(await desk.whole())
