"""POST /push/v1/events: where back offices push CloudEvents."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.intake import cloudevents
from hub.kernel.errors import TooLarge, UnsupportedMedia
from hub.kernel.ids import public_id
from portal_api.errors import responses
from portal_api.requests import AsBackOffice

router = APIRouter(tags=["push"])

LARGEST = 10_000_000
"""Bytes of one request; a back office with more sends several."""

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
    duplicates: int = Field(description="stored before under the same source and id", examples=[0])
    dead_letters: list[LetterOut] = Field(description="kept, but no CloudEvents: send them again corrected")


@router.post(
    "/events",
    summary="Push events",
    status_code=202,
    response_description="Everything is kept",
    response_model=ReceiptOut,
    responses=responses(400, 401, 403, 404, 413, 415),
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
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        # RFC 9110 §8.4: what is sent compressed would be kept as bytes that nobody can read.
        raise UnsupportedMedia(f"Send the events as they are: content coding {coding[:40]!r} is not undone here.")
    body = await _limited(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    receipt = await pushing.hub.intake.accept(
        pushing.town.city.id, pushing.back_office.back_office, body, media_type, request.headers
    )
    content = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "dead_letters": [{"id": public_id("dlt", one), "reason": reason} for one, reason in receipt.dead_letters],
    }
    return Response(orjson.dumps(content), status_code=202, media_type="application/json")


async def _limited(request: Request) -> bytes:
    """The body, given up as soon as it is too large, whatever its Content-Length says."""
    too_large = TooLarge(f"One request may have {LARGEST:,} bytes: send several.")
    said = request.headers.get("content-length", "")
    if len(said) > 12 or (said.isdecimal() and int(said) > LARGEST):
        raise too_large
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > LARGEST:
            raise too_large
    return bytes(parts)
