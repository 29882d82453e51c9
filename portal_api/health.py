"""/healthz: the process answers. /readyz: it can answer citizens."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from hub.kernel.errors import NotReady
from portal_api.errors import responses
from portal_api.requests import hub_of

router = APIRouter(tags=["operators"])


class Ready(BaseModel):
    status: str
    towns: list[str]
    left_out: list[str]


@router.get("/healthz", summary="Alive", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def alive() -> Response:
    return Response("ok\n", media_type="text/plain")


@router.get("/readyz", summary="Ready", responses=responses(503))
async def ready(request: Request) -> Ready:
    """503 while the database does not answer. Towns with a broken configuration are named, and the rest served."""
    hub = hub_of(request)
    try:
        await hub.database.pool.fetchval("select 1", timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotReady("The database does not answer.") from error
    return Ready(status="ready", towns=sorted(hub.towns.by_slug), left_out=sorted(hub.towns.broken))
