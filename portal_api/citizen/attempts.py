"""POST /v1/payments/{id}/attempts: begin to pay by card."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.contact_details.model import Detail
from hub.gateways.model import Payer
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.payments import views
from hub.payments.states import State
from portal_api.answers import READER
from portal_api.errors import responses
from portal_api.login.pages import language_of
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
_ID = "pay_01jd3v9k6cf3rs2k4w5m8q7x1t"
_CHARGE_ID = "chg_01jd3v9k6cf3rs2k4w5m8q7x1t"
_ATTEMPT_ID = "tra_01jd3v9k6cf3rs2k4w5m8q7x1t"
_PAYABLE = frozenset({State.OPEN, State.PART_PAID, State.STARTED})


class AttemptIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    charge: str | None = Field(
        default=None,
        max_length=40,
        description="the part of the payment, one for each payee; absent: the first that is not paid",
        examples=[_CHARGE_ID],
    )


class AttemptOut(BaseModel):
    """Where the browser goes to enter a card. What became of it is read from the payment, or on its page."""

    id: str = Field(examples=[_ATTEMPT_ID])
    charge: str = Field(examples=[_CHARGE_ID])
    url: str = Field(
        description="send the browser there, by a link and not by a form: the gateway, or the payment's page where the "
        "gateway wants a form",
        examples=["https://ipgtest.monri.com/v2/form"],
    )
    page: str = Field(
        description="the payment's own page in the language asked for, to which the gateway sends the browser back. "
        "It shows amount and state to whoever has the address",
        examples=[f"https://moja.pregrada.hr/payments/{_ID}?t=mfrggzdfmztwq2lknnwg23tpoa&lang=hr"],
    )


@router.post(
    "/payments/{payment_id}/attempts",
    status_code=201,
    summary="Begin to pay by card",
    response_model=AttemptOut,
    response_description="The gateway knows the order",
    responses=responses(400, 401, 403, 404, 409, 422),
    openapi_extra=READER,
)
async def begin_attempt(
    request: Request,
    citizen: AsCitizen,
    payment_id: Annotated[str, Path(description="from the list of payments", examples=[_ID])],
    wanted: Annotated[AttemptIn | None, Body()] = None,
) -> Response:
    """Sent again while the payer has not entered a card it is the same attempt: it needs no Idempotency-Key. 409 while
    an attempt may still bring money, and for what is paid, cancelled or over.
    """
    hub, town = citizen.hub, citizen.town
    uuid = parse_public_id("pay", payment_id)
    async with hub.database.citizen(town.city.id, citizen.subject_id) as connection:
        seen = await views.one(connection, town.city.id, uuid)
    charges = {public_id("chg", one.row["charge_id"]): one for one in seen.charges}
    asked = wanted.charge if wanted else None
    if asked is None:
        asked = next((name for name, one in charges.items() if State(one.row["state"]) in _PAYABLE), None)
    if asked is None:
        raise Conflict("Nothing of this payment is to be paid now.")
    if asked not in charges:
        raise NotFound("There is no such charge in this payment.")
    if seen.row["method"] != "card":
        raise Conflict("This payment is not by card: begin one that is.")
    # Of the page, which has languages that the town's own texts have not.
    language = language_of(request, town)
    charge_id = charges[asked].row["charge_id"]
    begun = await hub.gateways.start(town, charge_id, language=language, payer=await _payer(request, citizen))
    page = f"{town.address}{await hub.gateways.page_path(town, uuid)}&lang={language}"
    content: dict[str, Any] = {
        "id": public_id("tra", begun.attempt_id),
        "charge": asked,
        "url": begun.url if begun.form is None else page,
        "page": page,
    }
    headers = {"Location": page, "Cache-Control": "no-store", "Content-Language": citizen.reader.language}
    return Response(orjson.dumps(content), 201, headers, "application/json")


async def _payer(request: Request, citizen: Citizen) -> Payer:
    """E-mail and telephone, which card schemes want for 3-D Secure, as she told them the town; nothing else of her."""
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.actor_id) as connection:
        known = await citizen.hub.contacts.known(connection, citizen.town.city.id)
    return Payer(
        email=str(known.values.get(Detail.EMAIL) or ""),
        phone=str(known.values.get(Detail.PHONE) or ""),
        ip=request.client.host if request.client else "",
    )
