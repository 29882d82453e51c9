"""The end of a session: here, at the front ends it was used for, and at the eID it came from."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.logins.model import Onward
from hub.sessions.model import Session
from portal_api.login import cookies
from portal_api.login.pages import language_of, page
from portal_api.requests import hub_of


async def end(
    request: Request, town: Town, session: Session | None, *, why: str, onward: str | None = None
) -> Response:
    """End a session, or say that there is none, and delete the cookie.

    `onward` is where the browser goes when all is done: an address registered by a front end, which the caller has
    checked (`post_logout_redirect_uri`). A browser that has front ends to visit, or an eID to be posted to, gets a page
    that does so; one that asked by GET and has not, is led on at once.
    """
    frames: tuple[str, ...] = ()
    trip: Onward | None = None
    if session is not None:
        ended = await hub_of(request).grants.end_session(town, session.session_id, why)
        frames = ended.frontchannel
        trip = await hub_of(request).logouts.leave(town, session, onward)
    response = _led_on(request, trip, onward) if not frames else None
    if response is None:
        response = ended_page(request, town, trip=trip, onward=onward, frames=frames, eid=_name(town, trip))
    cookies.forget_session(response, request, town)
    return response


def ended_page(
    request: Request,
    town: Town,
    *,
    trip: Onward | None = None,
    onward: str | None = None,
    frames: tuple[str, ...] = (),
    eid: dict[str, str] | None = None,
    complete: bool = True,
) -> Response:
    """Says that nobody is signed in; with `trip` also the way to `eid`, whose own session goes on until then."""
    posts_to = trip.url if trip else None
    return page(
        request,
        town,
        language_of(request, town),
        "ended.html",
        posts_to=posts_to,
        frames=frames,
        trip=trip,
        onward=onward,
        addresses=frames,
        eid=eid,
        complete=complete,
    )


def onward_page(request: Request, town: Town, sent: Onward, eid: str, *, purpose: str) -> Response:
    """The browser goes on by GET at once, by POST with a page that posts itself. `purpose`: `login` or `logout`."""
    if sent.form is None and request.method == "GET":
        return RedirectResponse(sent.url, 303)
    language, name = language_of(request, town), town.city.eids[eid].name
    return page(request, town, language, "onward.html", posts_to=sent.url, sent=sent, eid=name, purpose=purpose)


def _led_on(request: Request, trip: Onward | None, onward: str | None) -> Response | None:
    # A redirect after a form of ours would be held against its page's policy.
    if request.method != "GET" or (trip is not None and trip.form is not None):
        return None
    address = trip.url if trip else onward
    return RedirectResponse(address, 303) if address else None


def _name(town: Town, trip: Onward | None) -> dict[str, str] | None:
    block = town.city.eids.get(trip.eid) if trip and trip.eid else None
    return block.name if block else None
