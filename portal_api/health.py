"""/healthz: the process answers. /readyz: it can answer citizens."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.kernel.errors import ConfigurationError, NotReady
from hub.storage.failures import FAILED
from portal_api.errors import responses
from portal_api.requests import hub_of

router = APIRouter(tags=["operators"])


class Ready(BaseModel):
    status: str = Field(examples=["ready"])
    towns: list[str] = Field(examples=[["pregrada", "vzorov"]])
    left_out: list[str] = Field(description="towns whose configuration is wrong: their operator can see why")
    locked: list[str] = Field(description="towns whose keys the master key does not open: nobody is served there")


ALIVE: dict[int | str, dict[str, Any]] = {
    200: {"description": "ok", "content": {"text/plain": {"schema": {"const": "ok\n"}, "example": "ok\n"}}}
}


@router.get("/healthz", summary="Alive", response_class=Response, responses=ALIVE)
async def alive() -> Response:
    return Response("ok\n", media_type="text/plain")


@router.get("/readyz", summary="Ready", response_description="It can", responses=responses(503))
async def ready(request: Request) -> Ready:
    """503 while the database does not answer or a town has no keys yet, and where no town can be served. Towns left out
    for a wrong configuration are named, and those whose keys cannot be opened: the others are served all the same.
    """
    hub, locked = hub_of(request), []
    try:
        async with asyncio.timeout(5):
            await hub.database.pool.fetchval("select 1")
            # Anybody may ask this: what was found once (a town's keys do not go away) is not asked the database again.
            opened: set[int] = request.app.state.opened
            for town in hub.towns.by_slug.values():
                if town.city.id not in opened:
                    try:
                        async with hub.database.town(town.city.id) as connection:
                            await hub.vault.keys(connection, town.city.id)
                    except ConfigurationError:
                        locked.append(town.city.slug)
                    else:
                        opened.add(town.city.id)
    except FAILED as error:
        raise NotReady("The database does not answer.") from error
    served = sorted(set(hub.towns.by_slug) - set(locked))
    if locked and not served:
        raise NotReady("The master key opens the keys of no town.")
    return Ready(status="ready", towns=served, left_out=sorted(hub.towns.broken), locked=sorted(locked))
