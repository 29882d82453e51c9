"""POST /v1/refresh: ask the back offices again, and tell of each as it lands (server-sent events)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from hub.storage.failures import FAILED
from portal_api.errors import responses
from portal_api.landed import Landed
from portal_api.render import SourceFreshness, SourceOut
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])


class Done(BaseModel):
    """The last event."""

    waiting: list[str] = Field(description="`back office/feed` of sources that have not landed yet")


PATIENCE = 60.0
"""Seconds after which a stream ends though some source has not landed: it lands later all the same."""
_HEARTBEAT = 10.0
_RETRY = 1.0

_SOURCE = SourceOut(
    back_office="financije",
    feed="obligations",
    name="Financijska kartica",
    freshness=SourceFreshness(status="fresh", as_of=datetime(2026, 11, 21, 10, 15, tzinfo=UTC)),
    says="Podaci sustava „Financijska kartica”: stanje 21. 11. 2026. 11:15.",
    complete=True,
    caught_up_to=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
).model_dump_json()


def _one(event: str, data: dict[str, Any], example: str) -> dict[str, Any]:
    """Schema of one event (OpenAPI 3.1 has none for a stream; tools read this as one of each of its events)."""
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"const": event},
            "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": data},
        },
        "examples": [{"event": event, "data": example}],
    }


_EVENTS = {
    "oneOf": [
        _one("source", {"$ref": "#/components/schemas/SourceOut"}, _SOURCE),
        _one("done", Done.model_json_schema(), Done(waiting=["urudzbeni/cases"]).model_dump_json()),
    ]
}


@router.post(
    "/refresh",
    summary="Ask the back offices again",
    response_class=StreamingResponse,
    responses=responses(401, 403, 404)
    | {
        200: {
            "description": "A stream of server-sent events: one `source` for each source, at once or when it lands, "
            "and `done` at the end. A line that begins with a colon says that the stream is alive.",
            "content": {"text/event-stream": {"schema": _EVENTS}},
        }
    },
)
async def refresh(request: Request, citizen: AsCitizen) -> StreamingResponse:
    """Sources that cannot be asked about one citizen, or were read seconds ago, are told at once as they are."""
    landed: Landed = request.app.state.landed
    events = _stream(citizen, landed)
    # What fails before the first line of the stream has a status of its own.
    first = await anext(events)
    return StreamingResponse(
        _chained(first, events),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _chained(first: bytes, events: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(events):
        yield first
        async for event in events:
            yield event


async def _stream(citizen: Citizen, landed: Landed) -> AsyncGenerator[bytes]:
    async with landed.listen(citizen.town.city.id) as arrivals:
        waiting = await _ask(citizen)
        bodies = await _sources(citizen, leave_out={key[:2] for key in waiting})
        yield b": asked\n\n"
        for body in bodies:
            yield _event("source", body)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while waiting:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            try:
                async with asyncio.timeout(min(left, _HEARTBEAT)):
                    arrived = await arrivals.get()
            except TimeoutError:
                yield b": waiting\n\n"
                continue
            try:
                # After a silence: what is not to be asked again has landed meanwhile.
                rest = waiting - {arrived} if arrived else waiting & await _ask(citizen)
                told = {key[:2] for key in waiting} - {key[:2] for key in rest}
                bodies = await _sources(citizen, only=told) if told else []
            except FAILED:
                # The database is away for a moment, or this connection was.
                arrivals.put_nowait(arrived)
                await asyncio.sleep(_RETRY)
                continue
            waiting = rest
            for body in bodies:
                yield _event("source", body)
        still = sorted({"/".join(key[:2]) for key in waiting})
        yield _event("done", {"waiting": still})


async def _ask(citizen: Citizen) -> set[tuple[str, str, str]]:
    """Have everything read that can be asked about the citizen; returns what will land."""
    queued = await citizen.hub.accounts.request_refresh(citizen.town, citizen.subject_id)
    return {(feed.back_office, feed.feed, str(identifier_id)) for feed, identifier_id in queued}


async def _sources(
    citizen: Citizen,
    *,
    only: set[tuple[str, str]] | None = None,
    leave_out: frozenset[tuple[str, str]] | set[tuple[str, str]] = frozenset(),
) -> list[dict[str, Any]]:
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.subject_id) as connection:
        found = await citizen.hub.accounts.sources(connection, citizen.town)
    return [
        citizen.reader.source(one)
        for one in found
        if (only is None or (one.feed.back_office, one.feed.feed) in only)
        and (one.feed.back_office, one.feed.feed) not in leave_out
    ]


def _event(name: str, body: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(body) + b"\n\n"
