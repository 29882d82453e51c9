"""The page on which somebody joins a contract with her account, by the number and the code of a bill."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.errors import TooManyRequests
from hub.logins.claims import Claimed
from hub.sessions.model import Session
from portal_api.login import cookies
from portal_api.login.failures import PageRoute
from portal_api.login.forms import check_form
from portal_api.login.languages import catalogues
from portal_api.login.pages import language_of, page
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/login/claim", route_class=PageRoute, include_in_schema=False)


@router.get("")
async def ask_claim(request: Request, town: AtTown) -> Response:
    if await _citizen(request, town) is None:
        return _over(request, town)
    return _form(request, town)


@router.post("")
async def take_claim(request: Request, town: AtTown) -> Response:
    fields = await check_form(request, town)
    session = await _citizen(request, town)
    if session is None or session.subject_id is None:
        return _over(request, town)
    text = catalogues()[language_of(request, town)].text
    number, code = fields.get("number", "").strip(), fields.get("code", "").strip()
    empty = {name: text(f"claim.{name}_missing") for name, value in (("number", number), ("code", code)) if not value}
    if empty:
        return _form(request, town, 422, number=number, faults=empty)
    try:
        came_of_it = await hub_of(request).linking.claim(town.city.id, session.subject_id, number, code)
    except TooManyRequests:
        return _form(request, town, 429, number=number, faults={"code": text("claim.too_many")})
    if came_of_it is Claimed.YES:
        return RedirectResponse(f"{cookies.base(request, town)}/login/claim/done", 303)
    fault = {"number": text(f"claim.{came_of_it}")}
    return _form(request, town, 422, number=number, faults=fault)


@router.get("/done")
async def show_claimed(request: Request, town: AtTown) -> Response:
    return page(request, town, language_of(request, town), "claim.html", done=True)


async def _citizen(request: Request, town: Town) -> Session | None:
    token = cookies.session_of(request, town)
    session = await hub_of(request).sessions.find(town.city.id, token) if token else None
    return session if session and session.subject_id else None


def _over(request: Request, town: Town) -> Response:
    return page(request, town, language_of(request, town), "session_over.html", 403)


def _form(
    request: Request, town: Town, status: int = 200, *, number: str = "", faults: dict[str, str] | None = None
) -> Response:
    language = language_of(request, town)
    return page(request, town, language, "claim.html", status, done=False, number=number[:100], faults=faults or {})
