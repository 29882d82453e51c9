"""The addresses of a login in the browser: the choice of a way, the eID's endpoints, the session, the logout."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.logins.model import LoginTransaction
from hub.sessions.model import Session
from portal_api.login import cookies, ending, representing
from portal_api.login.arrival import arrived, begun
from portal_api.login.failures import PageRoute
from portal_api.login.forms import check_form
from portal_api.login.languages import catalogues
from portal_api.login.pages import language_of, page
from portal_api.requests import AtTown, hub_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Relay = Annotated[str | None, Query(alias="t", max_length=100)]

AFTER_LOGIN = "/login/session"
"""Where somebody lands who came to log in by herself and not for a front end."""


@router.get("/login")
async def choose_login(request: Request, town: AtTown, relay: Relay = None) -> Response:
    """The ways to log in. Without `t` nobody sent the browser here: it may log in all the same."""
    hub = hub_of(request)
    if relay is None:
        return await _begin_here(request, town, staff="staff" in request.query_params)
    request.state.relay = relay
    transaction = await begun(request, town, relay)
    # A front end is there for the one or the other; whoever came by herself is asked.
    both = transaction.client_name is None and not transaction.staff
    if both and "staff" in request.query_params:
        return await _begin_here(request, town, staff=True, instead_of=transaction)
    language = language_of(request, town, transaction)
    if request.query_params.get("lang") in catalogues() and language != transaction.language:
        await hub.logins.speak(town.city.id, transaction.transaction_id, language)
    token = cookies.session_of(request, town)
    session = await hub.sessions.find(town.city.id, token) if token else None
    mine = session is not None and (session.staff_id is not None) is transaction.staff
    # The town vouches for nobody's identity by a password alone, and by no password for the highest level.
    passwords = town.city.passwords is not None and transaction.assurance is not Assurance.HIGH
    return page(
        request,
        town,
        language,
        "choose.html",
        relay=relay,
        client=transaction.client_name,
        eids=[(name, block.name) for name, block in town.city.eids.items()],
        passwords=passwords,
        again="surer"
        if mine and session and not session.assurance.satisfies(transaction.assurance)
        else "anew"
        if mine
        else None,
        assurance=transaction.assurance,
        staff=transaction.staff,
        for_staff=both,
    )


@router.get("/login/arrive")
async def arrive(request: Request, town: AtTown, arrival: Relay = None) -> Response:
    """The browser comes back with the token the eID's answer was exchanged for, and its cookie."""
    if arrival is None:
        raise LoginRefused("no login was named", reason="expired")
    hub = hub_of(request)
    found = await hub.logins.arrive(town, arrival, cookies.browser_of(request, town))
    await representing.remember(hub, town, found)
    return await arrived(
        request,
        town,
        found.transaction,
        subject_id=found.subject_id,
        staff_id=found.staff_id,
        login_id=found.login_id,
        provider=found.provider,
        assurance=found.assurance,
        methods=found.methods,
        logout=found.logout,
        authenticated_at=found.authenticated_at,
    )


@router.get("/login/session")
async def show_session(request: Request, town: AtTown) -> Response:
    """Who is logged in in this browser, and the way out."""
    token = cookies.session_of(request, town)
    session = await hub_of(request).sessions.find(town.city.id, token) if token else None
    language = language_of(request, town)
    if session is None:
        return page(request, town, language, "session_over.html")
    block = town.city.eids.get(session.provider)
    return page(
        request,
        town,
        language,
        "session.html",
        session=session,
        name=await hub_of(request).introspection.name_of(town, session.subject_id, session.staff_id),
        eid=block.name if block else None,
        account=await _account(request, town, session),
    )


@router.get("/logout")
async def confirm_logout(request: Request, town: AtTown) -> Response:
    """Asks before it ends a session: any site can lead a browser here."""
    token = cookies.session_of(request, town)
    session = await hub_of(request).sessions.find(town.city.id, token) if token else None
    if session is None:
        return await ending.end(request, town, None, why="logout")
    return page(request, town, language_of(request, town), "logout.html")


@router.post("/logout")
async def log_out(request: Request, town: AtTown) -> Response:
    await check_form(request, town)
    token = cookies.session_of(request, town)
    session = await hub_of(request).sessions.find(town.city.id, token) if token else None
    return await ending.end(request, town, session, why="logout")


@router.get("/login/ended")
async def show_ended(request: Request, town: AtTown) -> Response:
    """Where a front end may lead a browser whose session is over."""
    return ending.ended_page(request, town)


async def _account(request: Request, town: AtTown, session: Session) -> bool:
    """Whether the town has given this person a password."""
    if town.city.passwords is None:
        return False
    passwords = hub_of(request).passwords
    found = await passwords.account_of(town.city.id, subject_id=session.subject_id, staff_id=session.staff_id)
    return found is not None


async def _begin_here(
    request: Request, town: AtTown, *, staff: bool, instead_of: LoginTransaction | None = None
) -> Response:
    browser = cookies.browser_of(request, town) or cookies.new_browser()
    relay = await hub_of(request).logins.begin(
        town.city.id,
        continue_to=instead_of.continue_to if instead_of else AFTER_LOGIN,
        assurance=Assurance.LOW,
        client_name=None,
        staff=staff,
        force=instead_of is not None and instead_of.force,
        language=request.query_params.get("lang") or (instead_of.language if instead_of else None),
        browser=browser,
        address=request.client.host if request.client else "",
    )
    response = RedirectResponse(f"{cookies.base(request, town)}/login?t={relay}", 303)
    cookies.keep_browser(response, request, town, browser)
    return response
