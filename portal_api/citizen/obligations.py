"""GET /v1/obligations: what the citizen owes, one by one, and what is needed to pay by transfer."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.accounts.service import Knowledge, knowledge
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import parse_public_id
from hub.kernel.money import Money
from hub.kit import barcode
from hub.obligations import service as obligations
from hub.obligations.model import Filters, ObligationKind, ObligationState, Sort
from hub.obligations.service import Instalment, Transfer
from hub.transfers.order_json import local_account
from portal_api.answers import READ, READER, answer
from portal_api.citizen.obligation_items import ID, ObligationItem, obligation_item
from portal_api.envelope import outward_path
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_cursor, write_cursor
from portal_api.parameters import MOST_VALUES, CalendarDate, Slug
from portal_api.render import Amount, Reader, ReferenceOut, SourceOut, moment
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
ObligationId = Annotated[str, Path(description="from a list or the account", examples=[ID])]
InstalmentNumber = Annotated[int | None, Query(ge=1, le=10_000, description="only this part")]


class InstalmentOut(BaseModel):
    number: int
    due_on: date
    amount: Amount
    outstanding: Amount | None = Field(description="what the office says is left; null where it does not say")
    due: Amount = Field(description="still to be paid of it")
    references: list[ReferenceOut]


class ObligationOut(ObligationItem):
    roles: list[str] = Field(description="the citizen's part in it", examples=[["debtor"]])
    instalments: list[InstalmentOut]
    gone_at: datetime | None = Field(description="since when the source no longer has it")
    sources: list[SourceOut]


class ObligationList(BaseModel):
    """`items` null: no source could be asked. `knowledge` complete and `items` empty: there is none."""

    knowledge: Knowledge
    sources: list[SourceOut]
    items: list[ObligationItem] | None
    next_cursor: str | None


class PayeeOut(BaseModel):
    name: str = Field(examples=["Grad Pregrada"])
    street: str
    place: str
    account: str = Field(description="IBAN", examples=["HR1723600001101234565"])
    local_account: str | None = Field(
        description="the national form, where there is one", examples=["19-2000145399/0800"]
    )
    bic: str | None


class CodeOut(BaseModel):
    """One scheme's code. `payload` is exactly what the picture says."""

    scheme: str = Field(examples=["hub3"])
    payload: str
    svg: str = Field(
        description="where the picture is: a path at the host that was asked",
        json_schema_extra={"format": "uri-reference"},
        examples=["/pregrada/v1/obligations/obl_01jd3v9k6cf3rs2k4w5m8q7x1t/transfer/hub3.svg"],
    )
    png: str = Field(json_schema_extra={"format": "uri-reference"})
    text: str = Field(json_schema_extra={"format": "uri-reference"})
    button: str | None = Field(
        description="for who pays on this device: an address or a file that banking apps open; null where the national "
        "standard has none",
        json_schema_extra={"format": "uri-reference"},
    )


class TransferOut(BaseModel):
    """What to write on a transfer. `sources` say how old the amount is: pay twice is worse than pay later."""

    payee: PayeeOut
    amount: Amount
    due_on: date | None
    references: list[ReferenceOut]
    message: str
    codes: list[CodeOut]
    without_code: dict[str, str] = Field(description="schemes that cannot express this transfer, and why")
    slip: str = Field(description="a page to print", json_schema_extra={"format": "uri-reference"})
    sources: list[SourceOut]


@router.get(
    "/obligations",
    summary="My obligations",
    response_model=ObligationList,
    responses=responses(401, 403, 404, 422) | READ,
    openapi_extra=READER,
)
async def list_obligations(
    request: Request,
    citizen: AsCitizen,
    state: Annotated[
        list[ObligationState], Query(max_length=MOST_VALUES, description="any of these; open includes overdue")
    ] = [],  # noqa: B006
    kind: Annotated[list[ObligationKind], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    payee: Annotated[list[Slug], Query(max_length=MOST_VALUES, description="ids of payees")] = [],  # noqa: B006
    year: Annotated[
        list[Annotated[int, Field(ge=1900, le=2200)]], Query(max_length=MOST_VALUES, description="years it is for")
    ] = [],  # noqa: B006
    currency: Annotated[
        list[Annotated[str, Field(pattern="^[A-Z]{3}$")]], Query(max_length=MOST_VALUES, description="ISO 4217")
    ] = [],  # noqa: B006
    due_from: Annotated[CalendarDate | None, Query(description="due then or later", examples=["2026-01-01"])] = None,
    due_to: Annotated[CalendarDate | None, Query(description="due then or earlier", examples=["2026-12-31"])] = None,
    sort: Annotated[
        Sort, Query(description="with a hyphen the latest or largest first; what has no date comes last")
    ] = Sort.DUE_ON,
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Response:
    """All there are, also paid and cancelled ones; narrow by the filters. Values of one filter are alternatives."""
    today = _today(citizen)
    filters = Filters(state, [*map(str, kind)], payee, year, currency, due_from, due_to)
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.subject_id) as connection:
        sources = await citizen.hub.accounts.sources(connection, citizen.town, "obligation")
        page = await obligations.listed(
            connection, citizen.town.city, today, filters, sort, _after(cursor, sort), limit
        )
    known = knowledge(sources, told=bool(page.rows))
    body = {
        "knowledge": known,
        "sources": [citizen.reader.source(one) for one in sources],
        "items": None if known is Knowledge.UNKNOWN else [obligation_item(citizen.reader, row) for row in page.rows],
        "next_cursor": write_cursor(sort, *page.next) if page.next else None,
    }
    return answer(request, citizen.reader, body)


@router.get(
    "/obligations/{obligation_id}",
    summary="One obligation",
    response_model=ObligationOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_obligation(
    request: Request,
    citizen: AsCitizen,
    obligation_id: ObligationId,
) -> Response:
    row, parts, roles, sources = await open_obligation(citizen, obligation_id)
    reader = citizen.reader
    body = obligation_item(reader, row) | {
        "roles": roles,
        "instalments": [
            {
                "number": part.number,
                "due_on": part.due_on,
                "amount": _amount(reader, part.amount),
                "outstanding": _amount(reader, part.outstanding),
                "due": _amount(reader, part.due),
                "references": reader.references([one._asdict() for one in part.references]),
            }
            for part in parts
        ],
        "gone_at": moment(row["gone_at"]),
        "sources": [reader.source(one) for one in sources],
    }
    return answer(request, reader, body)


@router.get(
    "/obligations/{obligation_id}/transfer",
    summary="How to pay by bank transfer",
    response_model=TransferOut,
    responses=responses(401, 403, 404, 409, 422) | READ,
    openapi_extra=READER,
)
async def read_transfer(
    request: Request,
    citizen: AsCitizen,
    obligation_id: ObligationId,
    instalment: InstalmentNumber = None,
) -> Response:
    """The details as text, and the national codes to scan. 409 where there is nothing to pay."""
    row, parts, _, sources = await open_obligation(citizen, obligation_id)
    transfer = transfer_of(citizen, row, parts, instalment)
    reader, order = citizen.reader, transfer.order
    base = outward_path(request.scope)
    tail = f"?instalment={instalment}" if instalment else ""
    body = {
        "payee": {
            "name": order.payee.name,
            "street": order.payee.street,
            "place": order.payee.place,
            "account": order.account,
            "local_account": local_account(order.account),
            "bic": order.bic or None,
        },
        "amount": _amount(reader, order.amount),
        "due_on": order.due_on,
        "references": reader.references([one._asdict() for one in order.references]),
        "message": order.message,
        "codes": [
            {
                "scheme": scheme,
                "payload": payload,
                "button": _button(citizen, scheme, payload, f"{base}/{scheme}/file{tail}"),
            }
            | {
                name: f"{base}/{scheme}.{ending}{tail}"
                for name, ending in (("svg", "svg"), ("png", "png"), ("text", "txt"))
            }
            for scheme, payload in transfer.payloads.items()
        ],
        "without_code": dict(transfer.refused),
        "slip": f"{base}/slip{tail}",
        "sources": [reader.source(one) for one in sources],
    }
    return answer(request, reader, body)


@router.get(
    "/obligations/{obligation_id}/transfer/{scheme}.{form}",
    summary="The code to scan",
    response_class=Response,
    responses=responses(401, 403, 404, 409, 422)
    | {
        200: {
            "description": "The picture, or the text in it",
            "content": {
                "image/svg+xml": {"schema": {"type": "string"}},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                "text/plain": {"schema": {"type": "string"}},
            },
        }
    },
)
async def read_transfer_code(
    citizen: AsCitizen,
    obligation_id: ObligationId,
    scheme: Annotated[str, Path(description="as in `codes`", examples=["hub3"])],
    form: Annotated[Literal["svg", "png", "txt"], Path(description="a picture, or the text in it")],
    instalment: InstalmentNumber = None,
    scale: Annotated[int, Query(ge=1, le=20, description="pixels a module (png)")] = 4,
) -> Response:
    row, parts, _, _ = await open_obligation(citizen, obligation_id)
    transfer = transfer_of(citizen, row, parts, instalment)
    payload = payload_of(transfer, scheme)
    headers = {"Cache-Control": "private, no-cache"}
    if form == "txt":
        return Response(payload.encode(), media_type="text/plain; charset=utf-8", headers=headers)
    symbol = next(one.symbol for one in citizen.town.bank_transfer if one.id == scheme)
    # A large picture takes a tenth of a second, in which nobody else would be answered.
    picture = await asyncio.to_thread(barcode.draw, payload, symbol, form, scale=scale)
    media_type = "image/svg+xml" if form == "svg" else "image/png"
    return Response(picture, media_type=media_type, headers=headers)


async def open_obligation(
    citizen: Citizen, obligation_id: str
) -> tuple[dict[str, Any], list[Instalment], list[str], list[Any]]:
    uuid = parse_public_id("obl", obligation_id)
    city = citizen.town.city
    async with citizen.hub.database.citizen(city.id, citizen.subject_id) as connection:
        row, parts, roles = await obligations.opened(connection, city, _today(citizen), uuid)
        sources = await citizen.hub.accounts.sources(connection, citizen.town, "obligation")
    mine = [one for one in sources if (one.feed.back_office, one.feed.feed) == (row["back_office"], row["feed"])]
    return row, parts, roles, mine


def transfer_of(citizen: Citizen, row: dict[str, Any], parts: list[Instalment], instalment: int | None) -> Transfer:
    town = citizen.town
    return obligations.transfer(town.city, row, parts, town.bank_transfer, _today(citizen), instalment=instalment)


def payload_of(transfer: Transfer, scheme: str) -> str:
    if scheme in transfer.payloads:
        return transfer.payloads[scheme]
    if scheme in transfer.refused:
        raise Conflict(f"{scheme} cannot express this transfer: {transfer.refused[scheme]}")
    raise NotFound(f"This town offers no code {scheme[:40]!r}.")


def _button(citizen: Citizen, scheme: str, payload: str, file: str) -> str | None:
    button = next(one.button for one in citizen.town.bank_transfer if one.id == scheme)
    if button is None:
        return None
    return payload if button.link else file


def _after(cursor: str | None, sort: Sort) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    made_for, key, last = read_cursor(cursor, 3)
    try:
        if made_for == sort:
            return key, UUID(last)
    except ValueError:
        pass
    raise InvalidRequest("This cursor belongs to another list: begin again without it.", field="query.cursor")


def _today(citizen: Citizen) -> date:
    return citizen.hub.clock.now().astimezone(citizen.town.city.timezone).date()


def _amount(reader: Reader, amount: Money | None) -> dict[str, Any] | None:
    return None if amount is None else reader.amount(amount.minor, amount.currency)
