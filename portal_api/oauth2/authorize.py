"""GET /oauth2/authorize: the one door by which a person reaches a front end with a login of hers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.back_offices.model import Town
from hub.cities.clients import Client
from hub.grants import requests
from hub.grants.model import AuthorizationRequest
from hub.kernel.errors import Gone
from hub.sessions.model import Session
from portal_api.login import cookies
from portal_api.oauth2.browser import BrowserRoute
from portal_api.oauth2.forms import form, go, query
from portal_api.requests import AtTown, hub_of

router = APIRouter(route_class=BrowserRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Lack:
    """Why a session is not enough.

    `anew`: the person proves herself again, also where her eID has a session. `final`: where a login has come and did
    not help, another will not.
    """

    error: str
    detail: str
    anew: bool = False
    final: bool = False


@router.get("/oauth2/authorize")
async def authorize(request: Request, town: AtTown) -> Response:
    """OpenID Connect Core 1.0 §3.1.2. A request that needs a login first is taken up again by its name, `resume`."""
    hub, parameters = hub_of(request), query(request)
    name, cookie = dict(parameters).get("resume"), cookies.session_of(request, town)
    session = await hub.sessions.find(town.city.id, cookie) if cookie else None
    if name is None:
        return await _answered(request, town, _Waiting(requests.read(town, parameters)), session)
    recalled = await hub.grants.recall(town, name, cookie, session)
    if recalled is None:
        raise Gone("This login was finished already, or took too long. Go back to where you came from and begin again.")
    asked, since = recalled
    requests.still_registered(town, asked)
    return await _answered(request, town, _Waiting(asked, name, since), session)


@router.post("/oauth2/authorize")
async def authorize_by_post(request: Request, town: AtTown) -> Response:
    """The same by POST (§3.1.2.1), made a GET: browsers keep our cookie from a form of another site."""
    parameters = await form(request)
    requests.read(town, parameters)
    return go(f"{town.address}/oauth2/authorize", parameters)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request; with `name` one that waited for a login, which came where `since`."""

    asked: AuthorizationRequest
    name: str | None = None
    since: bool = False


async def _answered(request: Request, town: Town, waiting: _Waiting, session: Session | None) -> Response:
    hub, asked = hub_of(request), waiting.asked
    client = town.city.clients[asked.client_id]
    lack = _lack(waiting, client, session, hub.clock.now())
    if lack is not None:
        if "none" in asked.prompt:
            raise asked.refused("login_required", lack.detail)
        if waiting.since and lack.final:
            raise asked.refused(lack.error, lack.detail)
        return await _to_login(request, town, waiting, session, client, lack)
    assert session is not None
    code = await hub.grants.authorize(town, asked, session, waited=waiting.name)
    if code is None:
        raise Gone("This login was finished already. Go back to where you came from.")
    # RFC 9207: `iss` says who answers, so that no other provider's answer passes for ours (mix-up).
    return go(asked.redirect_uri, {"code": code, "state": asked.state, "iss": hub.tokens.issuer(town.city)})


def _lack(waiting: _Waiting, client: Client, session: Session | None, now: datetime) -> _Lack | None:
    asked = waiting.asked
    anew = bool({"login", "select_account"} & set(asked.prompt))
    if session is None or (session.staff_id is not None) != client.staff:
        return _Lack("login_required", "Nobody is logged in.", anew=anew)
    old = asked.max_age is not None and now - session.authenticated_at > timedelta(seconds=asked.max_age)
    # That a login came since is known by ourselves. When it was, the eID says, and `auth_time` tells the front end.
    if (anew or old) and not waiting.since:
        return _Lack("login_required", "The login is older than was asked for.", anew=True)
    if not session.assurance.satisfies(asked.assurance):
        # OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
        detail = f"This needs a login of assurance {asked.assurance}."
        return _Lack("unmet_authentication_requirements", detail, final=True)
    return None


async def _to_login(
    request: Request, town: Town, waiting: _Waiting, session: Session | None, client: Client, lack: _Lack
) -> Response:
    hub = hub_of(request)
    name = waiting.name or secrets.token_urlsafe(32)
    known = cookies.browser_of(request, town)
    browser = known or cookies.new_browser()
    relay = await hub.logins.begin(
        town.city.id,
        continue_to=f"/oauth2/authorize?resume={name}",
        assurance=waiting.asked.assurance,
        client_name=client.name,
        staff=client.staff,
        force=lack.anew,
        language=waiting.asked.language,
        browser=browser,
        address=request.client.host if request.client else None,
    )
    if waiting.name is None:
        # Only now: how many logins are begun from one address is limited, and so is what is kept for them.
        await hub.grants.remember(town, name, waiting.asked, cookies.session_of(request, town), session)
    response = go(f"{town.address}/login", {"t": relay})
    if known is None:
        cookies.keep_browser(response, request, town, browser)
    return response
