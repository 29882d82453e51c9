"""POST and GET /v1/payments: what a citizen means to pay, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.ids import parse_public_id, public_id
from hub.kernel.money import Money
from hub.kernel.text import choose
from hub.payments import views
from hub.payments.model import MOST, MOST_ITEMS, Payer, Wanted
from hub.payments.states import FACES, REFUND_FACES, ChargebackState, RefundState, RefundStatus, State, Status
from hub.payments.views import ChargeSeen, Filters, PaymentSeen, Row
from portal_api.answers import READ, READER, answer
from portal_api.citizen import payment_texts as texts
from portal_api.citizen.matters import IdempotencyKey, created
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import MOST_VALUES, NO_NUL, Slug
from portal_api.render import Amount, Named, Reader, moment
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
_ID = "pay_01jd3v9k6cf3rs2k4w5m8q7x1t"
_OBLIGATION = "obl_01jd3v9k6cf3rs2k4w5m8q7x1t"
PaymentId = Annotated[str, Path(description="from the list or the answer to creating", examples=[_ID])]
MethodName = Literal["card", "transfer", "counter"]


class AmountIn(BaseModel):
    """Whole minor units."""

    model_config = ConfigDict(extra="forbid")

    minor: int = Field(ge=1, le=MOST, examples=[125000])
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217", examples=["EUR"])


class ItemIn(BaseModel):
    """What is paid: an obligation of one's own, or anybody's by `payee` and `reference` as they stand on the paper."""

    model_config = ConfigDict(extra="forbid")

    obligation: str | None = Field(default=None, max_length=40, examples=[_OBLIGATION])
    instalment: int | None = Field(default=None, ge=1, le=10_000, description="only this part")
    payee: Slug | None = Field(default=None, examples=["grad"])
    reference: str | None = Field(default=None, min_length=1, max_length=100, pattern=NO_NUL)
    amount: AmountIn | None = Field(default=None, description="all that is owed where absent; needed by reference")

    def wanted(self) -> Wanted:
        """Raises NotFound for what is no id of an obligation."""
        amount = None if self.amount is None else Money(self.amount.minor, self.amount.currency)
        obligation_id = None if self.obligation is None else parse_public_id("obl", self.obligation)
        return Wanted(obligation_id, self.instalment, amount, self.payee, self.reference)


class PaymentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    method: MethodName = Field(examples=["card"])
    items: list[ItemIn] = Field(min_length=1, max_length=MOST_ITEMS)


class PaidItem(BaseModel):
    obligation: str | None = Field(description="null where it was named by its reference", examples=[_OBLIGATION])
    instalment: int | None
    reference: str | None = Field(description="as the payer wrote it")
    title: str | None = Field(description="as it was called when the payment was made")
    amount: Amount


class RefundOut(BaseModel):
    id: str = Field(examples=["rfd_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    status: RefundStatus
    text: str = Field(examples=["125,00 € je vraćeno."])
    amount: Amount
    asked_at: datetime
    changed_at: datetime


class ChargeOut(BaseModel):
    """The part of a payment for one payee: a card is charged once for each."""

    id: str = Field(examples=["chg_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    payee: Named
    status: Status
    state: State
    text: str = Field(examples=["Plaćeno."])
    amount: Amount = Field(description="asked for")
    captured: Amount = Field(description="has come")
    allocated: Amount = Field(description="of it, counted for what is owed")
    unallocated: Amount = Field(description="of it, too much, or for what was cancelled meanwhile: to be given back")
    refunding: Amount = Field(description="of it, on its way back")
    refunded: Amount = Field(description="of it, given back")
    charged_back: Amount = Field(description="of it, taken back by the payer's bank")
    items: list[PaidItem]
    refunds: list[RefundOut]


class PaymentOut(BaseModel):
    """One stable address that says where a payment stands, whatever that is."""

    id: str = Field(examples=[_ID])
    method: MethodName
    status: Status = Field(description="of all its parts together")
    state: State
    text: str
    amount: Amount
    created_at: datetime
    changed_at: datetime
    expires_at: datetime | None = Field(description="nobody begins to pay after it")
    charges: list[ChargeOut]


class PaymentList(BaseModel):
    items: list[PaymentOut]
    next_cursor: str | None


@router.post(
    "/payments",
    status_code=201,
    summary="Begin a payment",
    response_model=PaymentOut,
    response_description="Ready to be paid",
    responses=responses(400, 401, 403, 404, 409, 422),
    openapi_extra=READER,
)
async def create_payment(request: Request, citizen: AsCitizen, key: IdempotencyKey, content: PaymentIn) -> Response:
    """Of several things, of several payees too. Nothing is taken yet: each of `charges` is paid by itself."""
    payer = Payer(citizen.subject_id, citizen.actor_id, await _login(citizen), citizen.reader.language, key)
    wanted = [one.wanted() for one in content.items]
    payment_id = await citizen.hub.payments.create(citizen.town, payer, wanted, content.method)
    return created(request, citizen, await _whole(citizen, payment_id), "payments")


@router.get(
    "/payments",
    summary="My payments",
    response_model=PaymentList,
    responses=responses(401, 403, 404, 422) | READ,
    openapi_extra=READER,
)
async def list_payments(
    request: Request,
    citizen: AsCitizen,
    status: Annotated[list[Status], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Response:
    """Latest first."""
    city_id = citizen.town.city.id
    filters = Filters(states_of(status))
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        found = await views.page(connection, city_id, filters, read_position(cursor), limit + 1)
    return answer(request, citizen.reader, page_of(citizen.reader, found, limit))


@router.get(
    "/payments/{payment_id}",
    summary="One payment",
    response_model=PaymentOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_payment(request: Request, citizen: AsCitizen, payment_id: PaymentId) -> Response:
    """Where it stands, and what became of the money."""
    return answer(request, citizen.reader, await _whole(citizen, parse_public_id("pay", payment_id)))


@router.post(
    "/payments/{payment_id}/cancel",
    summary="Give a payment up",
    response_model=PaymentOut,
    response_description="As it stands now",
    responses=responses(401, 403, 404, 409),
    openapi_extra=READER,
)
async def cancel_payment(request: Request, citizen: AsCitizen, payment_id: PaymentId) -> Response:
    """Before anything has come, and not while a try to pay is under way: that would bring money all the same."""
    wanted, city_id = parse_public_id("pay", payment_id), citizen.town.city.id
    await _whole(citizen, wanted)
    async with citizen.hub.database.town(city_id) as connection:
        await citizen.hub.payments.cancel(connection, city_id, wanted, by="payer", now=citizen.hub.clock.now())
    return answer(request, citizen.reader, await _whole(citizen, wanted))


async def _whole(citizen: Citizen, payment_id: UUID) -> dict[str, Any]:
    city_id = citizen.town.city.id
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        return payment_out(citizen.reader, await views.one(connection, city_id, payment_id))


async def _login(citizen: Citizen) -> str | None:
    """The eID, or `password`, of who asks; None for a development token."""
    if citizen.token.session_id is None:
        return None
    session = await citizen.hub.sessions.get(citizen.town.city.id, citizen.token.session_id)
    return session.provider if session else None


def states_of(statuses: list[Status]) -> list[State]:
    """The states behind public words."""
    return [state for state, status in FACES.items() if status in statuses]


def page_of(reader: Reader, found: list[PaymentSeen], limit: int) -> dict[str, Any]:
    """One page of those found, of which there is one more where there is another page."""
    shown = found[:limit]
    last = shown[-1].row if len(found) > limit else None
    return {
        "items": [payment_out(reader, one) for one in shown],
        "next_cursor": write_cursor(last["created_at"].isoformat(), last["payment_id"]) if last else None,
    }


def payment_out(reader: Reader, seen: PaymentSeen) -> dict[str, Any]:
    row = seen.row
    state = State(row["state"])
    return {
        "id": public_id("pay", row["payment_id"]),
        "method": row["method"],
        "status": FACES[state],
        "state": state,
        "text": _stands(reader, state, settled=_settled(seen)),
        "amount": reader.amount(sum(one.row["amount"] for one in seen.charges), row["currency"]),
        "created_at": moment(row["created_at"]),
        "changed_at": moment(row["changed_at"]),
        "expires_at": moment(row["expires_at"]),
        "charges": [_charge(reader, one) for one in seen.charges],
    }


_AMOUNTS = ("amount", "captured", "allocated", "unallocated", "refunding", "refunded", "charged_back")


def _charge(reader: Reader, seen: ChargeSeen) -> dict[str, Any]:
    row, currency = seen.row, seen.row["currency"]
    state = State(row["state"])
    said = [_stands(reader, state, settled=seen.settled)]
    if row["unallocated"]:
        said.append(_words(reader, texts.UNALLOCATED, reader.amount(row["unallocated"], currency)))
    for one in seen.chargebacks:
        words = texts.TAKEN if one["state"] == ChargebackState.TAKEN else texts.WON
        said.append(_words(reader, words, reader.amount(one["amount"], currency)))
    return {
        "id": public_id("chg", row["charge_id"]),
        "payee": reader.named(row["payee"], reader.city.payees),
        "status": FACES[state],
        "state": state,
        "text": " ".join(said),
        **{name: reader.amount(row[name], currency) for name in _AMOUNTS},
        "items": [_item(reader, one, currency) for one in seen.items],
        "refunds": [_refund(reader, one, currency) for one in seen.refunds],
    }


def _settled(seen: PaymentSeen) -> bool:
    """Nothing more is to be paid by it, though not all has come."""
    missing = [one for one in seen.charges if one.row["state"] != State.PAID]
    return bool(missing) and all(one.settled for one in missing)


def _stands(reader: Reader, state: State, *, settled: bool) -> str:
    """What was paid another way meanwhile is neither begun, gone on with nor begun anew."""
    words = _words(reader, texts.STATES[state])
    if not settled:
        return words
    said = _words(reader, texts.SETTLED)
    return f"{words} {said}" if state in {State.PROCESSING, State.PART_PAID} else said


def _item(reader: Reader, row: Row, currency: str) -> dict[str, Any]:
    by_reference = row["reference"] is not None
    return {
        "obligation": None if by_reference else public_id("obl", row["obligation_id"]),
        "instalment": row["instalment"],
        "reference": row["reference"],
        "title": reader.text(row["title"]),
        "amount": reader.amount(row["amount"], currency),
    }


def _refund(reader: Reader, row: Row, currency: str) -> dict[str, Any]:
    state, amount = RefundState(row["state"]), reader.amount(row["amount"], currency)
    return {
        "id": public_id("rfd", row["refund_id"]),
        "status": REFUND_FACES[state],
        "text": _words(reader, texts.REFUNDS[state], amount),
        "amount": amount,
        "asked_at": moment(row["asked_at"]),
        "changed_at": moment(row["state_at"]),
    }


def _words(reader: Reader, chosen: Mapping[str, str], amount: Mapping[str, Any] | None = None) -> str:
    text = choose(chosen, reader.wanted, reader.city.language)
    return text.format(amount=amount["text"]) if amount else text
