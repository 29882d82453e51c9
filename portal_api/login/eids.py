"""The endpoints of a town's eIDs: where they are asked, where they answer, where they end sessions.

An answer that comes by POST comes from another site, without cookies. It is judged by what was stored when the eID was
asked; which browser began is looked at when that browser comes to `/login/arrive`, by a GET that brings the cookie.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.errors import HubError
from hub.logins.model import LogoutAnswered, LogoutHeard
from portal_api.login import cookies, ending, soap
from portal_api.login.arrival import begun
from portal_api.login.failures import PageRoute, log
from portal_api.login.forms import LARGEST_ANSWER, fields_of, path_of, read_body, read_form
from portal_api.login.pages import language_of
from portal_api.login.routes import Relay
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/login/{eid}", route_class=PageRoute, include_in_schema=False)


@router.get("/start")
async def start_login(request: Request, town: AtTown, eid: str, relay: Relay = None) -> Response:
    request.state.relay = relay
    transaction = await begun(request, town, relay)
    sent = await hub_of(request).logins.start(
        town,
        relay or "",
        cookies.browser_of(request, town) or "",
        eid,
        language=language_of(request, town, transaction),
        address=request.client.host if request.client else "",
    )
    return ending.onward_page(request, town, sent, eid, purpose="login")


@router.post("/acs")
async def accept_assertion(request: Request, town: AtTown, eid: str) -> Response:
    """Where a SAML identity provider's answer is posted (HTTP-POST, Bindings 2.0 §3.5)."""
    return await _answered(request, town, eid, "acs")


@router.get("/callback")
async def accept_code(request: Request, town: AtTown, eid: str) -> Response:
    """Where an OAuth or OpenID provider redirects to (RFC 6749 §4.1.2)."""
    return await _answered(request, town, eid, "callback")


@router.post("/callback")
async def accept_posted_code(request: Request, town: AtTown, eid: str) -> Response:
    """As `form_post` (OAuth 2.0 Form Post Response Mode)."""
    return await _answered(request, town, eid, "callback")


@router.get("/slo")
async def hear_logout(request: Request, town: AtTown, eid: str) -> Response:
    return await _told(request, town, eid)


@router.post("/slo")
async def hear_posted_logout(request: Request, town: AtTown, eid: str) -> Response:
    return await _told(request, town, eid)


@router.post("/slo-soap")
async def hear_logout_by_soap(request: Request, town: AtTown, eid: str) -> Response:
    """The eID itself ends sessions, without the browser (SOAP binding, Bindings 2.0 §3.2). Errors are SOAP faults."""
    hub = hub_of(request)
    try:
        body = await read_body(request, LARGEST_ANSWER)
        heard = await hub.logouts.told(
            town,
            eid,
            endpoint="slo-soap",
            method="POST",
            url=_url(request, town),
            query={},
            form={},
            body=body,
            media_type=request.headers.get("content-type", ""),
        )
    except HubError as error:
        log.warning("eid_logout_refused", city=town.city.slug, eid=eid, error=type(error).__name__, detail=str(error))
        return soap.fault(error)
    if isinstance(heard, LogoutAnswered):
        return soap.nothing_to_say()
    await _end_all(request, town, heard)
    reply = heard.reply(True)  # noqa: FBT003 - as the port has it
    if not isinstance(reply, bytes):
        return soap.nothing_to_say()
    return Response(reply, media_type="text/xml; charset=utf-8")


@router.get("/metadata")
async def show_metadata(request: Request, town: AtTown, eid: str) -> Response:
    """What the eID's operator reads about us, such as SAML metadata with our keys."""
    media_type, body = await hub_of(request).logins.metadata(town, eid)
    return Response(body, media_type=media_type, headers={"Cache-Control": "public, max-age=300"})


async def _answered(request: Request, town: Town, eid: str, endpoint: str) -> Response:
    query = fields_of(request.url.query)
    form = await read_form(request, LARGEST_ANSWER) if request.method == "POST" else {}
    request.state.relay = next((fields[name] for fields in (form, query) for name in _RELAYS if name in fields), None)
    arrival = await hub_of(request).logins.answered(
        town, eid, endpoint=endpoint, method=request.method, url=_url(request, town), query=query, form=form
    )
    return RedirectResponse(f"{cookies.base(request, town)}/login/arrive?t={arrival}", 303)


async def _told(request: Request, town: Town, eid: str) -> Response:
    query = fields_of(request.url.query)
    form = await read_form(request, LARGEST_ANSWER) if request.method == "POST" else {}
    heard = await hub_of(request).logouts.told(
        town, eid, endpoint="slo", method=request.method, url=_url(request, town), query=query, form=form
    )
    if isinstance(heard, LogoutAnswered):
        if heard.onward is not None and heard.onward.eid is not None:
            return ending.onward_page(request, town, heard.onward, heard.onward.eid, purpose="logout")
        if heard.onward is not None:
            return RedirectResponse(heard.onward.url, 303)
        return ending.ended_page(request, town, complete=heard.complete, eid=town.city.eids[eid].name)
    await _end_all(request, town, heard)
    reply = heard.reply(True)  # noqa: FBT003 - as the port has it
    if isinstance(reply, bytes):
        return ending.ended_page(request, town)
    response = ending.onward_page(request, town, reply, eid, purpose="logout")
    cookies.forget_session(response, request, town)
    return response


async def _end_all(request: Request, town: Town, heard: LogoutHeard) -> None:
    for session in heard.sessions:
        await hub_of(request).grants.end_session(town, session.session_id, "eid")


def _url(request: Request, town: Town) -> str:
    """The public address as it was asked: what an eID signed or addressed names that one, not this server's."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{town.address}{path_of(request, town)}" + (f"?{query}" if query else "")


_RELAYS = ("RelayState", "state")
