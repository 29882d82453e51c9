"""POST /v1/attachments: files that go with what a citizen sends, uploaded one by one before it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from hub.blobs import service as blobs
from hub.blobs.model import UNUSED_FOR, Blob
from hub.kernel.errors import TooLarge, UnsupportedMedia
from hub.kernel.ids import new_uuid, parse_public_id
from hub.matters import repeated
from hub.matters.repeated import Asked
from portal_api.bodies import read_by_itself, refused
from portal_api.citizen.matters import FileOut, IdempotencyKey, created, file_out
from portal_api.errors import responses
from portal_api.parameters import NO_NUL
from portal_api.requests import AsCitizen

router = APIRouter(tags=["citizen"])
_ID = "att_01jd3v9k6cf3rs2k4w5m8q7x1t"
_OPERATION = "upload"
_PATIENCE = 300.0
"""Seconds in which a file must come: ten megabytes over a bad telephone line."""


@router.post(
    "/attachments",
    status_code=201,
    summary="Upload a file",
    response_model=FileOut,
    response_description=f"Kept; for {UNUSED_FOR.days} day unless it is used for something",
    responses=responses(400, 401, 403, 404, 408, 409, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "the file itself, not a form; Content-Type as the sender knows it",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_attachment(
    request: Request,
    citizen: AsCitizen,
    key: IdempotencyKey,
    name: Annotated[
        str,
        Query(min_length=1, max_length=500, pattern=NO_NUL, description="as it is called where it comes from"),
    ],
) -> Response:
    """What it is, is judged by its content, which must agree with Content-Type unless that is
    `application/octet-stream`. Pages, SVG, archives, programs and documents with macros are not taken (415).
    """
    hub, city = citizen.hub, citizen.town.city
    rules = city.attachments.rules
    content = await _body(request, rules.largest)
    media_type = request.headers.get("content-type")
    # Before the scanner, which is slow, and before anything is kept; and not where everybody else waits.
    found = await asyncio.to_thread(blobs.check, content, media_type, rules)
    if not await hub.scanner.clean(content):
        raise UnsupportedMedia("A virus was found in this file; nothing of it is kept. (virus)")
    now, blob_id = hub.clock.now(), new_uuid()
    same = {"name": name, "media_type": media_type, "sha256": hashlib.sha256(content).hexdigest()}
    async with hub.database.citizen(city.id, citizen.subject_id) as connection:
        keys = await hub.vault.keys(connection, city.id)
        asked = Asked(key, _OPERATION, citizen.actor_id, citizen.subject_id, same)
        first = await repeated.begin(connection, keys, asked, record_id=blob_id, now=now)
        blob: Blob
        if first is not None:
            blob = await blobs.look(connection, city.id, first)
        else:
            blob = await blobs.put(
                connection,
                keys,
                name=name,
                content=content,
                media_type=media_type,
                owner_subject_id=citizen.subject_id,
                now=now,
                rules=rules,
                blob_id=blob_id,
                found=found,
            )
    return created(request, citizen, file_out(blob), "attachments")


@router.get(
    "/attachments/{attachment_id}",
    summary="A file of mine",
    response_class=Response,
    responses=responses(401, 403, 404)
    | {200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string"}}}}},
)
async def read_attachment(
    citizen: AsCitizen,
    attachment_id: Annotated[str, Path(description="from the upload, or from what it was sent with", examples=[_ID])],
) -> Response:
    """As it was sent. Only pictures and documents that can do nothing may be shown by a browser."""
    hub, city = citizen.hub, citizen.town.city
    async with hub.database.citizen(city.id, citizen.subject_id) as connection:
        blob_id = parse_public_id("att", attachment_id)
        blob = await blobs.look(connection, city.id, blob_id)
        content = await blobs.open(connection, await hub.vault.keys(connection, city.id), blob_id)
    way = "inline" if blob.viewable else "attachment"
    headers = {
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(blob.name, safe='')}",  # RFC 6266 §4.3
        "Cache-Control": "private, no-store",
    }
    return Response(
        content, media_type=blob.media_type if blob.viewable else "application/octet-stream", headers=headers
    )


async def _body(request: Request, largest: int) -> bytes:
    """The body, given up as soon as it is too large, whatever its Content-Length says, or too slow."""
    read_by_itself(request)
    too_large = TooLarge(f"A file may have {largest:,} bytes.")
    said = request.headers.get("content-length", "")
    if len(said) > 12 or (said.isdecimal() and int(said) > largest):
        raise too_large
    parts = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for part in request.stream():
                parts += part
                if len(parts) > largest:
                    raise too_large
    except TimeoutError:
        raise refused(408) from None
    return bytes(parts)
