"""GET /v1/personal-data and /v1/personal-data/erasure: everything about the citizen, for her or to be erased."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.ids import public_id
from hub.personal_data import export as exports
from hub.personal_data import requests as erasures
from hub.personal_data.requests import Request as Erasure
from hub.personal_data.requests import State
from portal_api.answers import READ, READER, answer
from portal_api.citizen import personal_data_texts as texts
from portal_api.errors import responses
from portal_api.parameters import NO_NUL
from portal_api.render import Reader, moment
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])


class PersonalData(BaseModel):
    """One array per table of the hub; identifiers as they are stored, times in UTC (RFC 3339)."""

    format: str = Field(examples=[exports.FORMAT])
    town: str = Field(examples=["pregrada"])
    subject: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    made_at: datetime
    note: str = Field(description="what this is, what is not in it and where to ask")
    data: dict[str, list[dict[str, Any]]]
    not_given: dict[str, str] = Field(description="by table, or table and column: why not")


class ErasureOut(BaseModel):
    id: str = Field(examples=["era_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    state: State
    text: str = Field(description="what the state means for the reader")
    asked_at: datetime
    due_on: date = Field(description="the last day on which the town must answer")
    extended: bool
    words: str | None
    reason: str | None = Field(description="of a refusal or an extension")


class ErasureList(BaseModel):
    items: list[ErasureOut]


class ErasureIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: str | None = Field(
        default=None, max_length=2000, pattern=NO_NUL, description="anything the person wants to say"
    )


@router.get(
    "/personal-data",
    summary="Everything about me",
    response_model=PersonalData,
    response_description="As of now, as a file",
    responses=responses(401, 403, 404),
    openapi_extra=READER,
)
async def export_personal_data(citizen: AsCitizen) -> Response:
    """A copy of all data about the citizen that the hub holds (GDPR art. 15(3) and 20), sent as it is made."""
    hub, city = citizen.hub, citizen.town.city
    pieces = exports.export(
        exports.of_the_citizen(hub.database, city.id, citizen.subject_id),
        hub.vault,
        city.id,
        city.slug,
        citizen.subject_id,
        hub.clock.now(),
        note=citizen.reader.text(texts.NOTE),
    )
    # Whoever is nobody here is told so by a status, before anything is sent.
    first = await anext(pieces)

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{city.slug}-{citizen.hub.clock.now():%Y-%m-%d}.json"',
        "Content-Language": citizen.reader.language,
    }
    return StreamingResponse(body(), media_type="application/json", headers=headers)


@router.get(
    "/personal-data/erasure",
    summary="What became of my requests to be erased",
    response_model=ErasureList,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def list_own_erasures(request: Request, citizen: AsCitizen) -> Response:
    """Latest first. Once it is done nobody is left to ask."""
    city = citizen.town.city
    async with citizen.hub.database.citizen(city.id, citizen.subject_id) as connection:
        found = await erasures.asked(connection, city.id, citizen.subject_id)
    return answer(request, citizen.reader, {"items": [erasure_item(citizen.reader, one) for one in found]})


@router.post(
    "/personal-data/erasure",
    summary="Ask to be erased",
    response_model=ErasureOut,
    response_description="The request; where one waits already, that one",
    responses=responses(400, 401, 403, 404, 422),
    openapi_extra=READER,
)
async def request_erasure(
    request: Request, citizen: AsCitizen, content: Annotated[ErasureIn | None, Body()] = None
) -> Response:
    """A clerk decides within a month (GDPR art. 17 and 12(3)). Asking again while one waits changes nothing."""
    one = await _ask(citizen, content.words if content else None)
    return answer(request, citizen.reader, erasure_item(citizen.reader, one))


async def _ask(citizen: Citizen, words: str | None) -> Erasure:
    city, hub = citizen.town.city, citizen.hub
    async with hub.database.citizen(city.id, citizen.subject_id) as connection:
        return await erasures.ask(connection, city, citizen.subject_id, words, hub.clock.now())


def erasure_item(reader: Reader, one: Erasure) -> dict[str, Any]:
    return {
        "id": public_id("era", one.request_id),
        "state": one.state,
        "text": reader.text(texts.STATES[one.state]),
        "asked_at": moment(one.asked_at),
        "due_on": one.due_on,
        "extended": one.extended_at is not None,
        "words": one.words,
        "reason": one.reason,
    }
