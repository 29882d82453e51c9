"""POST /push/v1/files: where back offices push files; GET tells how far one is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.back_offices.pushing import file_kinds
from hub.intake.drop_folder import kind_of
from hub.intake.file_reading import FileKind
from hub.intake.file_states import PushedFile
from hub.intake.files import LARGEST, checked_name
from hub.kernel.errors import InvalidRequest
from hub.kernel.ids import parse_public_id, public_id
from hub.kit.charset import charset_of
from portal_api.errors import responses
from portal_api.parameters import Moment
from portal_api.push.door import AsBackOffice, DoorRoute, Pushing, count_unsaid, parts
from portal_api.render import moment

_LONGEST = 6 * 3600.0
"""Seconds within which a whole file must be there: the largest one at 100 kB a second."""

router = APIRouter(tags=["push"], route_class=DoorRoute)


class FileOut(BaseModel):
    """How far a file is: `received`, then `read` (all its records are kept as messages and applied in a moment), or
    `broken` at `line`: nothing of it counts, it is kept whole, and the town's administrators see it.
    """

    id: str = Field(examples=["fil_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    name: str = Field(examples=["stavke-2026-11-21.csv"])
    kind: str = Field(examples=["stavke"])
    state: str = Field(pattern="^(received|read|broken)$")
    known: bool = Field(description="a file of this content came before: this is it, read again only if broken")
    size: int
    records: int = Field(description="kept so far")
    total: int | None = Field(description="null until the whole of it has been looked through")
    line: int | None
    fault: str | None
    received_at: datetime


@router.post(
    "/files",
    summary="Push a file",
    status_code=202,
    response_model=FileOut,
    response_description="All of it is kept",
    responses=responses(400, 401, 403, 404, 408, 409, 413, 415, 422, 429),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": "Sifra;OIB\n2026-1;83100426579\n"},
                "application/xml": {"schema": {"type": "string"}, "example": "<Stavke/>"},
                "application/json": {"schema": {}, "example": []},
                "application/x-ndjson": {"schema": {"type": "string"}, "example": "{}\n"},
            },
        }
    },
)
async def push_file(
    request: Request,
    pushing: AsBackOffice,
    name: Annotated[
        str,
        Query(min_length=1, max_length=200, description="its own, without a path", examples=["stavke-2026-11-21.csv"]),
    ],
    kind: Annotated[
        str | None, Query(max_length=60, description="which kind of file it is; absent: the one its name fits")
    ] = None,
    said_at: Annotated[Moment | None, Query(description="when it was written; its records are as new as that")] = None,
) -> Response:
    """One file, as it is, up to 2 GB (signed: 10 MB). 202 once all of it is kept; the same content again, with nothing
    of its kind in between, is known and answered with the same id. A `charset` in the content type goes before the
    configured encoding.
    """
    checked_name(name)
    chosen = _kind(pushing, name, kind)
    received = await pushing.hub.files.receive(
        pushing.town.city.id,
        pushing.back_office.back_office,
        chosen,
        name,
        _body(request, pushing),
        origin="upload",
        charset=_charset(request) if chosen.format != "xml" else None,
        said_at=said_at,
        signed=pushing.signed,
    )
    return _answer(received.file, known=received.known, status=202)


@router.get(
    "/files/{file_id}",
    summary="How far a file is",
    response_model=FileOut,
    response_description="As of now",
    responses=responses(401, 403, 404, 429),
)
async def read_pushed_file(
    pushing: AsBackOffice,
    file_id: Annotated[str, Path(description="as the door told it", examples=["fil_01jd3v9k6cf3rs2k4w5m8q7x1t"])],
) -> Response:
    """Of the back office's own files."""
    file = await pushing.hub.files.find(
        pushing.town.city.id, parse_public_id("fil", file_id), pushing.back_office.back_office
    )
    return _answer(file, known=False, status=200)


def _kind(pushing: Pushing, name: str, kind: str | None) -> FileKind:
    kinds = file_kinds(pushing.back_office.configuration)
    if kind is not None:
        if kind not in kinds:
            known = ", ".join(kinds) or "none"
            raise InvalidRequest(f"There is no kind of file {kind!r}; there are: {known}.", field="query.kind")
        return kinds[kind]
    found = kind_of(kinds, name)
    if found is None:
        patterns = ", ".join(one.names for one in kinds.values()) or "none"
        raise InvalidRequest(f"No kind of file has this name; their patterns are: {patterns}.", field="query.name")
    return found


def _charset(request: Request) -> str | None:
    _, _, parameters = request.headers.get("content-type", "").partition(";")
    for one in parameters.split(";"):
        parameter, _, value = one.partition("=")
        if parameter.strip().lower() == "charset":
            try:
                return charset_of(value.strip().strip("\"'"))
            except LookupError:
                raise InvalidRequest(
                    f"{value[:40]!r} is no charset; write one such as utf-8.", field="header.content-type"
                ) from None
    return None


async def _body(request: Request, pushing: Pushing) -> AsyncIterator[bytes]:
    if pushing.body is not None:
        yield pushing.body
        return
    length = 0
    async for part in parts(request, LARGEST, _LONGEST):
        length += len(part)
        yield part
        # A sender on the same machine would leave nobody else a turn.
        await asyncio.sleep(0)
    await count_unsaid(request, pushing, length)


def _answer(file: PushedFile, *, known: bool, status: int) -> Response:
    content = {
        "id": public_id("fil", file.file_id),
        "name": file.name,
        "kind": file.kind,
        "state": file.state,
        "known": known,
        "size": file.size,
        "records": file.records,
        "total": file.total,
        "line": file.line,
        "fault": file.fault,
        "received_at": moment(file.received_at),
    }
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
