"""What the pages load, from the town's own address: one style sheet, the town's colours, its logo, one script."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.kernel.errors import NotFound
from portal_api.login.failures import PageRoute
from portal_api.login.look import stylesheet
from portal_api.login.pages import STATIC
from portal_api.requests import AtTown

router = APIRouter(prefix="/login", route_class=PageRoute, include_in_schema=False)

_STYLE = (STATIC / "style.css").read_bytes()
_SCRIPT = (STATIC / "onward.js").read_bytes()
_SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path fill="{colour}" d="M0 0h1v1H0z"/></svg>'
_KEEP = {"Cache-Control": "public, max-age=604800"}
"""The pages name each file with a number that changes with it."""


@router.get("/style.css")
async def style(_: AtTown) -> Response:
    return Response(_STYLE, media_type="text/css", headers=_KEEP)


@router.get("/look.css")
async def look(town: AtTown) -> Response:
    return Response(stylesheet(town), media_type="text/css", headers=_KEEP)


@router.get("/onward.js")
async def onward_script(_: AtTown) -> Response:
    return Response(_SCRIPT, media_type="text/javascript", headers=_KEEP)


@router.get("/logo")
async def logo(town: AtTown) -> Response:
    if town.logo is None:
        raise NotFound("This town has no logo.")
    return Response(town.logo.content, media_type=town.logo.media_type, headers=_KEEP)


@router.get("/icon")
async def icon(town: AtTown) -> Response:
    """What a browser shows beside the title: the logo, or a square of the town's colour."""
    if town.logo is not None:
        return await logo(town)
    return Response(_SQUARE.format(colour=town.city.look.colour), media_type="image/svg+xml", headers=_KEEP)
