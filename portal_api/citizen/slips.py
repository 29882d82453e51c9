"""A transfer on paper and in a banking app: the slip to print, and the file that such an app opens."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from babel.dates import format_date
from fastapi import APIRouter
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.kernel.errors import NotFound
from hub.kernel.text import choose, choose_language
from hub.kit import barcode
from hub.obligations.service import Transfer
from hub.transfers.order_json import local_account
from portal_api.citizen.obligations import (
    InstalmentNumber,
    ObligationId,
    open_obligation,
    payload_of,
    transfer_of,
)
from portal_api.citizen.slip_texts import TEXTS
from portal_api.errors import responses
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
_FOLDER = Path(__file__).parent / "templates"
_OWN_LABELS = frozenset({"text", "rs.poziv_na_broj"})


@dataclass(frozen=True, slots=True)
class _Code:
    name: str
    svg: str
    link: str | None


@router.get(
    "/obligations/{obligation_id}/transfer/slip",
    summary="A slip to print",
    response_class=HTMLResponse,
    responses=responses(401, 403, 404, 409, 422)
    | {200: {"description": "A page of A4", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def read_transfer_slip(
    citizen: AsCitizen, obligation_id: ObligationId, instalment: InstalmentNumber = None
) -> Response:
    """One page of A4 with everything in words and the codes in the size of their norms. It loads nothing else."""
    row, parts, _, sources = await open_obligation(citizen, obligation_id)
    transfer = transfer_of(citizen, row, parts, instalment)
    codes = await asyncio.to_thread(_codes, citizen, transfer)
    reader, city = citizen.reader, citizen.town.city
    language = choose_language(TEXTS, [reader.language], city.language) or "en"
    texts = TEXTS[language]
    as_of = row["caught_up_to"].astimezone(city.timezone)
    html = (
        _environment()
        .get_template("slip.html")
        .render(
            language=language,
            t=texts,
            style=_style(),
            town=choose(city.name, [language], city.language),
            subject=reader.text(row["title"]),
            rows=_rows(citizen, transfer, texts),
            codes=codes,
            notes=[
                *_by_hand(transfer, codes, texts),
                *([texts["as_of"].format(as_of=_day(as_of, language))] if sources else []),
            ],
        )
    )
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Language": language,
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_style_hash()}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    }
    return HTMLResponse(html, headers=headers)


@router.get(
    "/obligations/{obligation_id}/transfer/{scheme}/file",
    summary="The file that a banking app opens",
    response_class=Response,
    responses=responses(401, 403, 404, 409, 422)
    | {
        200: {
            "description": "The text of the code, in the type that banking apps are registered for",
            "content": {"application/x-shortpaymentdescriptor": {"schema": {"type": "string"}}},
        }
    },
)
async def read_transfer_file(
    citizen: AsCitizen,
    obligation_id: ObligationId,
    scheme: Annotated[str, PathParameter(description="one of `codes` whose `button` is a file", examples=["spayd"])],
    instalment: InstalmentNumber = None,
) -> Response:
    row, parts, _, _ = await open_obligation(citizen, obligation_id)
    payload = payload_of(transfer_of(citizen, row, parts, instalment), scheme)
    button = next(one.button for one in citizen.town.bank_transfer if one.id == scheme)
    if button is None or not button.media_type:
        raise NotFound(f"The code {scheme} has no file that banking apps open.")
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{obligation_id}.{button.ending}"',
    }
    return Response(payload.encode(), media_type=button.media_type, headers=headers)


def _codes(citizen: Citizen, transfer: Transfer) -> list[_Code]:
    return [
        _Code(
            one.name,
            barcode.on_paper(transfer.payloads[one.id], one.symbol),
            transfer.payloads[one.id] if one.button and one.button.link else None,
        )
        for one in citizen.town.bank_transfer
        if one.id in transfer.payloads
    ]


def _rows(citizen: Citizen, transfer: Transfer, texts: Any) -> list[tuple[str, list[str]]]:
    """Label and values, in the order in which people fill a form in."""
    order = transfer.order
    reader, amount = citizen.reader, order.amount
    local = local_account(order.account)
    money = reader.amount(amount.minor, amount.currency) if amount else None
    rows = [
        (texts["payee"], [order.payee.name, order.payee.street, order.payee.place]),
        (texts["identifier"], [order.payee_identifier]),
        (texts["local_account"], [local or ""]),
        (texts["account"], [" ".join(order.account[at : at + 4] for at in range(0, len(order.account), 4))]),
        (texts["bic"], [order.bic]),
        (texts["amount"], [money["text"] if money else ""]),
        *(
            (texts["text" if one["scheme"] == "text" else "reference"], [one["value"]])
            if one["scheme"] in _OWN_LABELS or not one["label"]
            else (one["label"], [one["value"]])
            for one in reader.references([one._asdict() for one in order.references])
        ),
        (texts["message"], [order.message]),
        (texts["purpose"], [order.purpose]),
        (texts["payment_code"], [_payment_code(citizen, transfer)]),
        (texts["due_on"], [_day(order.due_on, reader.language) if order.due_on else ""]),
    ]
    return [(label, [value for value in values if value]) for label, values in rows if any(values)]


def _by_hand(transfer: Transfer, codes: Sequence[_Code], texts: Mapping[str, str]) -> Iterator[str]:
    """What whoever writes it by hand has to know, of what there is on this slip."""
    if codes:
        yield texts["by_hand"]
    if transfer.order.references:
        yield texts["needed"]


def _payment_code(citizen: Citizen, transfer: Transfer) -> str:
    """What the payee asks for, or what its scheme then writes: paper and code say the same."""
    written = (
        one.decode(transfer.payloads[one.id]) for one in citizen.town.bank_transfer if one.id in transfer.payloads
    )
    return transfer.order.payment_code or next((one.payment_code for one in written if one.payment_code), "")


def _day(day: Any, language: str) -> str:
    # English is read here by Europeans, who write the day before the month.
    return str(format_date(day, "long", locale="en_GB" if language == "en" else language.replace("-", "_")))


@cache
def _style() -> str:
    return (_FOLDER / "slip.css").read_text("utf-8")


@cache
def _style_hash() -> str:
    return base64.b64encode(sha256(_style().encode()).digest()).decode()


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
