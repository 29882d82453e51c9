"""POST /push/v1/events: where back offices push CloudEvents."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.intake import cloudevents
from hub.kernel.errors import UnsupportedMedia
from hub.kernel.ids import public_id
from portal_api.errors import responses
from portal_api.push.door import LARGEST, AsBackOffice, DoorRoute, body_of

__all__ = ["LARGEST", "router"]

router = APIRouter(tags=["push"], route_class=DoorRoute)

_EVENT = {
    "specversion": "1.0",
    "id": "2026-000123-7",
    "source": "/financije",
    "type": "hr.pregrada.financije.stavka",
    "time": "2026-11-21T10:15:00+01:00",
    "data": {"BrojDokumenta": "2026-000123", "OIB": "87582274224", "Iznos": "125,00"},
}
_EVENT_SCHEMA = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 500},
        "source": {"type": "string", "minLength": 1, "maxLength": 500},
        "type": {"type": "string", "minLength": 1, "maxLength": 500},
        "time": {"type": "string", "format": "date-time"},
        "data": {},
    },
}


class LetterOut(BaseModel):
    id: str = Field(examples=["dlt_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    reason: str = Field(examples=["the attribute 'id' is needed: a text of 1 to 500 characters"])


class ReceiptOut(BaseModel):
    """accepted + duplicates + dead_letters is the number of messages sent: nothing else happened to any of them."""

    accepted: int = Field(description="stored now; they are applied in a moment", examples=[99])
    duplicates: int = Field(description="stored before: the same source, id and content", examples=[0])
    dead_letters: list[LetterOut] = Field(
        description="kept, but not used as they are: no CloudEvents, or of an id that came before with other content"
    )


@router.post(
    "/events",
    summary="Push events",
    status_code=202,
    response_description="Everything is kept",
    response_model=ReceiptOut,
    responses=responses(400, 401, 403, 404, 408, 409, 413, 415, 429),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                cloudevents.SINGLE: {"schema": _EVENT_SCHEMA, "example": _EVENT},
                cloudevents.BATCH: {"schema": {"type": "array", "items": _EVENT_SCHEMA}, "example": [_EVENT]},
                cloudevents.NDJSON[0]: {
                    "schema": {"type": "string"},
                    "example": orjson.dumps(_EVENT).decode() + "\n",
                },
            },
        },
    },
)
async def push_events(request: Request, pushing: AsBackOffice) -> Response:
    """CloudEvents 1.0: one, a batch, NDJSON, or one in binary mode. 202 once everything is stored; send again on any
    other answer but 400, whatever was stored before is recognised by source and id. With 400 the body is kept as a
    dead letter that the problem names.
    """
    if pushing.signed is not None and cloudevents.is_binary(request.headers):
        # What it means would stand in headers, and whoever carries it could write others there.
        raise UnsupportedMedia("A signature covers the body alone: send a signed event in structured mode.")
    body = await body_of(request, pushing)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    async with pushing.turn():
        receipt = await pushing.hub.intake.accept(
            pushing.town.city.id,
            pushing.back_office.back_office,
            body,
            media_type,
            request.headers,
            signed=pushing.signed,
        )
    content = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "dead_letters": [{"id": public_id("dlt", one), "reason": reason} for one, reason in receipt.dead_letters],
    }
    return Response(orjson.dumps(content), status_code=202, media_type="application/json")
