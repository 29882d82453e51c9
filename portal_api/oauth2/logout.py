"""/oauth2/logout: a front end sends its user here to log out everywhere (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.back_offices.model import Town
from hub.grants.clients import find
from hub.grants.model import ID_TOKEN
from hub.kernel.errors import MalformedRequest, NotFound
from hub.kernel.ids import parse_public_id
from portal_api.login import cookies, ending
from portal_api.oauth2.browser import BrowserRoute
from portal_api.oauth2.forms import form, go, once, query
from portal_api.requests import AtTown, hub_of

router = APIRouter(route_class=BrowserRoute, include_in_schema=False)


@router.get("/oauth2/logout")
async def end_session(request: Request, town: AtTown) -> Response:
    """Ends the session that the front end's id_token is from, and leads back. Without such a token any site could send
    a browser here (CSRF): then the person is asked, and stays with us afterwards.
    """
    given = once(query(request))
    meant, onward = await _read(request, town, given)
    sessions, cookie = hub_of(request).sessions, cookies.session_of(request, town)
    session = await sessions.find(town.city.id, cookie) if cookie else None
    if session is None and meant is not None:
        # The browser has forgotten; what the session gave to front ends may still be in use.
        session = await sessions.get(town.city.id, meant)
    if session is not None and session.session_id != meant:
        return go(f"{town.address}/logout")
    return await ending.end(request, town, session, why="front_end", onward=onward)


@router.post("/oauth2/logout")
async def end_session_by_post(request: Request, town: AtTown) -> Response:
    """§2: also by POST, made a GET: browsers keep our cookie from a form of another site."""
    given = once(await form(request))
    await _read(request, town, given)
    return go(f"{town.address}/oauth2/logout", given)


async def _read(request: Request, town: Town, given: dict[str, str]) -> tuple[UUID | None, str | None]:
    """The session meant, and where the front end wants its user back: one of its own addresses, with its `state`.

    Expired id_tokens are good: it is long ago that the front end got it (§4). Raises MalformedRequest for a token or an
    address that is not the front end's own; nobody is led anywhere then (§3).
    """
    claims: dict[str, Any] = {}
    if hint := given.get("id_token_hint"):
        claims = await hub_of(request).tokens.read(town.city, hint, ID_TOKEN) or {}
        if not claims or given.get("client_id", claims["aud"]) != claims["aud"]:
            raise MalformedRequest("id_token_hint is no id_token that this client was given here.")
    client = find(town, claims.get("aud") or given.get("client_id"))
    onward = given.get("post_logout_redirect_uri")
    if onward is not None and (client is None or onward not in client.client.post_logout_redirect_uris):
        raise MalformedRequest("post_logout_redirect_uri is none of this client's, or nothing says which client asks.")
    if onward is not None and "state" in given:
        onward = go(onward, {"state": given["state"]}).headers["location"]
    try:
        return (parse_public_id("ses", claims["sid"]) if claims else None), onward
    except (KeyError, NotFound):
        return None, onward
