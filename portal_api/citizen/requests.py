"""POST and GET /v1/requests: problems a citizen reports, with place and photos."""

from __future__ import annotations

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.blobs import service as blobs
from hub.cases.model import PublicStatus
from hub.kernel.ids import parse_public_id
from hub.matters import service as matters
from hub.requests.model import KINDS, LONGEST_ADDRESS, LONGEST_TEXT, MOST_PHOTOS, Place, Report
from portal_api.answers import READ, READER, answer
from portal_api.citizen.matters import (
    FileOut,
    IdempotencyKey,
    MatterEvent,
    MatterItem,
    MatterList,
    Words,
    attachment_ids,
    created,
    file_out,
    matter_events,
    matter_item,
    sender,
)
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import MOST_VALUES, Slug
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
_ID = "req_01jd3v9k6cf3rs2k4w5m8q7x1t"
_FILE_ID = "att_01jd3v9k6cf3rs2k4w5m8q7x1t"


class PlaceIn(BaseModel):
    """A point (WGS 84), an address in words, or both."""

    # Written out, so that whoever reads the document knows what the code refuses.
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [{"required": ["address"]}, {"required": ["lat", "lon"]}],
            "dependentRequired": {"lat": ["lon"], "lon": ["lat"]},
        },
    )

    lat: float = Field(default_factory=float, ge=-90, le=90, allow_inf_nan=False, examples=[46.1642])
    lon: float = Field(default_factory=float, ge=-180, le=180, allow_inf_nan=False, examples=[15.7508])
    address: Words = Field(default_factory=str, max_length=LONGEST_ADDRESS, examples=["Ulica žrtava fašizma 12"])

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        given = self.model_fields_set
        if ("lat" in given) != ("lon" in given) or not given:
            raise ValueError("write lat and lon, or an address, or both")
        return self

    @property
    def place(self) -> Place:
        given = self.model_fields_set
        lat, lon = (self.lat, self.lon) if "lat" in given else (None, None)
        return Place(lat, lon, self.address if "address" in given else None)


class PlaceOut(BaseModel):
    lat: float | None
    lon: float | None
    address: str | None


class RequestIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    category: Slug = Field(description="from `GET /v1/requests/categories`", examples=["rasvjeta"])
    text: Words = Field(max_length=LONGEST_TEXT, examples=["Ulična svjetiljka ne radi već tri dana."])
    place: PlaceIn
    photos: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list,
        max_length=MOST_PHOTOS,
        description="pictures uploaded before; each is used once",
        examples=[[_FILE_ID]],
    )


class RequestOut(MatterItem):
    category: str = Field(examples=["rasvjeta"])
    words: str = Field(description="what was written")
    place: PlaceOut
    photos: list[FileOut]
    events: list[MatterEvent] = Field(description="what has happened, oldest first")


class Category(BaseModel):
    code: str = Field(examples=["rasvjeta"])
    name: str = Field(examples=["Javna rasvjeta"])


class Categories(BaseModel):
    items: list[Category] = Field(description="empty: the town takes no reports by this way")


@router.post(
    "/requests",
    status_code=201,
    summary="Report a problem",
    response_model=RequestOut,
    response_description="Kept, and on its way to the office",
    responses=responses(400, 401, 403, 404, 409, 422),
    openapi_extra=READER,
)
async def report_problem(request: Request, citizen: AsCitizen, key: IdempotencyKey, report: RequestIn) -> Response:
    """Sends it to the office that looks after such things."""
    new = Report(report.category, report.text, report.place.place, attachment_ids(report.photos))
    request_id = await citizen.hub.requests.report(citizen.town, sender(citizen, key), new)
    return created(request, citizen, await _whole(citizen, request_id), "requests")


@router.get(
    "/requests",
    summary="Problems I have reported",
    response_model=MatterList,
    responses=responses(401, 403, 404, 422) | READ,
    openapi_extra=READER,
)
async def list_requests(
    request: Request,
    citizen: AsCitizen,
    status: Annotated[list[PublicStatus], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Response:
    """Latest first."""
    city_id = citizen.town.city.id
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        page = await matters.listed(connection, city_id, KINDS, status, read_position(cursor), limit)
    body = {
        "items": [matter_item(citizen.reader, one) for one in page.rows],
        "next_cursor": write_cursor(page.next[0].isoformat(), page.next[1]) if page.next else None,
    }
    return answer(request, citizen.reader, body)


@router.get(
    "/requests/categories",
    summary="What can be reported",
    response_model=Categories,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def list_problem_categories(request: Request, citizen: AsCitizen) -> Response:
    """In the order the town gives them."""
    items = [{"code": code, "name": citizen.reader.text(name)} for code, name in citizen.town.city.problems.items()]
    return answer(request, citizen.reader, {"items": items})


@router.get(
    "/requests/{request_id}",
    summary="One problem I have reported",
    response_model=RequestOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_request(
    request: Request,
    citizen: AsCitizen,
    request_id: Annotated[str, Path(description="from the list or the answer to reporting", examples=[_ID])],
) -> Response:
    """With what was written, its place, its photos and what has happened."""
    return answer(request, citizen.reader, await _whole(citizen, parse_public_id("req", request_id)))


async def _whole(citizen: Citizen, request_id: UUID) -> dict[str, Any]:
    city_id = citizen.town.city.id
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        matter = await matters.opened(connection, city_id, KINDS, request_id)
        reported = (await citizen.hub.requests.texts(connection, city_id, [request_id]))[request_id]
        photos = await blobs.of_matters(connection, city_id, [request_id])
        told = await matters.told(connection, city_id, request_id)
    place = reported.place
    return matter_item(citizen.reader, matter) | {
        "category": matter.category,
        "words": reported.text,
        "place": {"lat": place.lat, "lon": place.lon, "address": place.address},
        "photos": [file_out(one) for one in photos[request_id]],
        "events": matter_events(citizen.reader, told),
    }
