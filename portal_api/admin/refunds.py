"""/admin/v1/refunds, …/chargebacks: money that goes back, and money that is taken back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from hub.kernel.ids import parse_public_id
from hub.payments import views
from hub.payments.states import RefundState
from portal_api.admin import payment_forms as forms
from portal_api.admin import payment_shapes as shapes
from portal_api.admin.till import after, as_json, at_charge, covers, made_of
from portal_api.citizen.matters import IdempotencyKey
from portal_api.errors import responses
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])

ChargeId = Annotated[str, Path(description="of a payment", examples=["chg_01jd3v9k6cf3rs2k4w5m8q7x1t"])]
RefundId = Annotated[str, Path(description="of a charge", examples=["rfd_01jd3v9k6cf3rs2k4w5m8q7x1t"])]
_VERB = responses(400, 401, 403, 404, 409, 422)
_NOW: dict[str, Any] = {"response_model": forms.StaffPaymentWhole, "response_description": "As it stands now"}


@router.post(
    "/charges/{charge_id}/refunds",
    status_code=201,
    summary="Give money back",
    response_model=forms.StaffPaymentWhole,
    response_description="Asked for; decided too, where the town wants one person",
    responses=_VERB,
)
async def ask_refund(staff: AsStaff, charge_id: ChargeId, key: IdempotencyKey, content: forms.RefundIn) -> Response:
    """Where the town wants two people, a colleague decides. Not for oneself."""
    wanted = parse_public_id("chg", charge_id)
    allocations = [parse_public_id("alc", one) for one in content.allocations]
    async with at_charge(staff, "ask_refund", wanted, oneself=False):
        pass
    await staff.hub.payments.ask_refund(
        staff.town, wanted, forms.money_of(content.amount), content.reason, staff.name, content.to,
        allocations=allocations, refund_id=made_of(staff, key),
    )  # fmt: skip
    return as_json(await after(staff, wanted), 201)


@router.get(
    "/refunds",
    summary="Refunds",
    response_model=forms.RefundList,
    response_description="The oldest first, a hundred at the most",
    responses=responses(401, 403, 404, 422),
)
async def list_refunds(
    staff: AsStaff,
    state: Annotated[RefundState, Query(description="in this state")] = RefundState.ASKED,
) -> Response:
    """What a colleague decides, somebody transfers, or somebody looks after."""
    city_id = staff.town.city.id
    payees = None if staff.everywhere else [one for one in staff.town.city.payees if covers(staff, one)]
    async with staff.hub.database.town(city_id) as connection:
        found = await views.refunds(connection, city_id, state, payees)
    return as_json({"items": [shapes.refund_out(staff.reader, row, row) for row in found]})


@router.post("/refunds/{refund_id}/decision", summary="Approve or decline a refund", responses=_VERB, **_NOW)
async def decide_refund(staff: AsStaff, refund_id: RefundId, content: forms.DecisionIn) -> Response:
    """Approved, allocations are taken back and the money is set aside until it is known to be given back."""
    wanted = parse_public_id("rfd", refund_id)
    async with at_charge(staff, "decide_refund", wanted, "refunds", oneself=False) as desk:
        charge_id = desk.charge_id
    await staff.hub.payments.decide_refund(staff.town, wanted, content.decision, staff.name, reason=content.reason)
    return as_json(await after(staff, charge_id))


@router.post("/refunds/{refund_id}/outcome", summary="Say what became of a refund", responses=_VERB, **_NOW)
async def settle_refund(staff: AsStaff, refund_id: RefundId, content: forms.HeardIn) -> Response:
    """After a transfer was made, or came back; after somebody looked what a gateway did. What came back is unallocated,
    and given back by another refund: the entry that brought it is then set aside with the statement.
    """
    wanted = parse_public_id("rfd", refund_id)
    async with at_charge(staff, "settle_refund", wanted, "refunds", oneself=False) as desk:
        payments, city_id = staff.hub.payments, staff.town.city.id
        if content.outcome == "again":
            await payments.refund_again(
                desk.connection, city_id, wanted, by=staff.name, reason=content.reason, now=desk.now
            )
        elif content.outcome == "came_back":
            await payments.refund_came_back(
                desk.connection, city_id, wanted, content.reference, desk.now, by=staff.name, reason=content.reason
            )
        else:
            await payments.refund_heard(
                desk.connection, desk.keys, staff.town, wanted, content.outcome, content.reason, content.reference,
                desk.now, by=staff.name,
            )  # fmt: skip
        return as_json(await desk.whole())


@router.post("/charges/{charge_id}/chargebacks", summary="Book a chargeback", responses=_VERB, **_NOW)
async def book_chargeback(
    staff: AsStaff, charge_id: ChargeId, key: IdempotencyKey, content: forms.AmountOnlyIn
) -> Response:
    """Told by letter, where the gateway itself does not tell. A bank may take a payment back in several parts, and no
    more in all than was paid by card.
    """
    async with at_charge(staff, "book_chargeback", parse_public_id("chg", charge_id)) as desk:
        await staff.hub.payments.charged_back_by_letter(
            desk.connection, desk.keys, staff.town, desk.charge_id, forms.money_of(content.amount),
            made_of(staff, key), by=staff.name, now=desk.now,
        )  # fmt: skip
        return as_json(await desk.whole())


@router.post("/chargebacks/{chargeback_id}/won", summary="A chargeback was won", responses=_VERB, **_NOW)
async def win_chargeback(
    staff: AsStaff,
    chargeback_id: Annotated[str, Path(description="of a charge", examples=["cbk_01jd3v9k6cf3rs2k4w5m8q7x1t"])],
) -> Response:
    """The money came back to us, and is given again to what the charge is for. Not for oneself."""
    wanted = parse_public_id("cbk", chargeback_id)
    async with at_charge(staff, "win_chargeback", wanted, "chargebacks", oneself=False) as desk:
        await staff.hub.payments.chargeback_won(
            desk.connection, desk.keys, staff.town, wanted, now=desk.now, by=staff.name
        )
        return as_json(await desk.whole())
