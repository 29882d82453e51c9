"""The pages of a password: giving it, changing it after the paper, setting a new one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.errors import Forbidden, InvalidRequest, LoginRefused, TooManyRequests
from hub.passwords.model import Account
from hub.sessions.model import PASSWORD
from portal_api.login import cookies
from portal_api.login.arrival import begun
from portal_api.login.failures import PageRoute
from portal_api.login.forms import check_form
from portal_api.login.holder import (
    address_of,
    end_others,
    fresh,
    log_in,
    onward,
    refuse_without_passwords,
    session_of,
    under_way,
)
from portal_api.login.languages import catalogues
from portal_api.login.pages import language_of, page
from portal_api.login.routes import Relay
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/login/password", route_class=PageRoute, include_in_schema=False)
log = structlog.get_logger(__name__)

_CHANGE = "/login/password/change"
_WHY = {"failed": "wrong", "expired": "paper_expired", "replayed": "paper_used"}
"""`LoginRefused.reason` → the sentence at the form (`password.fault.<key>`)."""


@router.get("")
async def ask_password(request: Request, town: AtTown, relay: Relay = None) -> Response:
    refuse_without_passwords(town)
    request.state.relay = relay
    transaction = await begun(request, town, relay)
    return _form(request, town, language_of(request, town, transaction), relay)


@router.post("")
async def take_password(request: Request, town: AtTown, relay: Relay = None) -> Response:
    """A wrong name and a wrong password read alike."""
    refuse_without_passwords(town)
    request.state.relay = relay
    hub = hub_of(request)
    transaction = await begun(request, town, relay)
    fields = await check_form(request, town)
    language, username = language_of(request, town, transaction), fields.get("username", "")
    try:
        login = await hub.passwords.check(
            town.city,
            username,
            fields.get("password", ""),
            address_of(request),
            cookies.known_browser_of(request, town),
            staff_login=transaction.staff,
        )
    except Forbidden:
        fault = text(language, f"password.fault.{'of_citizen' if transaction.staff else 'of_staff'}")
        return _form(request, town, language, relay, status=403, username=username, fault=fault)
    except LoginRefused as error:
        log.info("password_refused", city=town.city.slug, reason=error.reason)
        fault = text(language, f"password.fault.{_WHY.get(error.reason, 'wrong')}")
        return _form(request, town, language, relay, status=403, username=username, fault=fault)
    except TooManyRequests as error:
        fault = waiting(language, error)
        return slowed(_form(request, town, language, relay, status=429, username=username, fault=fault), error)
    await hub.passwords.open_step(town.city.id, transaction.transaction_id, login)
    response = await onward(request, town, relay or "")
    cookies.keep_known_browser(response, request, town, login.browser)
    return response


@router.get("/new")
async def ask_new_password(request: Request, town: AtTown, relay: Relay = None) -> Response:
    """After the password from the paper."""
    login = await under_way(request, town, relay)
    if not login.account.must_change or (login.factors and login.step.method is None):
        return await onward(request, town, login.relay)
    return _new(request, town, login.language, login.account, relay=relay)


@router.post("/new")
async def take_new_password(request: Request, town: AtTown, relay: Relay = None) -> Response:
    login = await under_way(request, town, relay)
    fields = await check_form(request, town)
    if not login.account.must_change or (login.factors and login.step.method is None):
        return await onward(request, town, login.relay)
    try:
        await _change(request, town, login.account, fields, login.transaction.transaction_id)
    except InvalidRequest as error:
        faults = _faults(request, town, login.language, login.account, error)
        return _new(request, town, login.language, login.account, relay=relay, status=422, faults=faults)
    await end_others(request, town, login.account, "password_changed")
    return await onward(request, town, login.relay)


@router.get("/change")
async def ask_change(request: Request, town: AtTown) -> Response:
    """Of somebody logged in: by the password in use, or without it after a login by an eID (she has forgotten it)."""
    refuse_without_passwords(town)
    session = await session_of(request, town)
    if session is None or (session.provider != PASSWORD and not fresh(request, session)):
        return await log_in(request, town, _CHANGE, session=session)
    account = await hub_of(request).passwords.account_of(
        town.city.id, subject_id=session.subject_id, staff_id=session.staff_id
    )
    language = language_of(request, town)
    if account is None:
        return page(request, town, language, "no_password.html", 404)
    return _new(request, town, language, account, current=session.provider == PASSWORD)


@router.post("/change")
async def take_change(request: Request, town: AtTown) -> Response:
    refuse_without_passwords(town)
    fields = await check_form(request, town)
    hub, city = hub_of(request), town.city
    session = await session_of(request, town)
    if session is None:
        return await log_in(request, town, _CHANGE)
    account = await hub.passwords.account_of(city.id, subject_id=session.subject_id, staff_id=session.staff_id)
    language, current = language_of(request, town), session.provider == PASSWORD
    if account is None:
        return page(request, town, language, "no_password.html", 404)
    if not current and not fresh(request, session):
        return await log_in(request, town, _CHANGE, session=session)
    try:
        if current:
            await hub.passwords.confirm(city, account.account_id, fields.get("current", ""))
            await _change(request, town, account, fields)
        else:
            _same_twice(fields)
            browser = cookies.known_browser_of(request, town)
            await hub.passwords.set_by_eid(city, session, fields.get("password", ""), browser=browser)
    except (InvalidRequest, LoginRefused) as error:
        faults = _faults(request, town, language, account, error)
        return _new(request, town, language, account, current=current, status=422, faults=faults)
    except TooManyRequests as error:
        faults = {"current": waiting(language, error)}
        return slowed(_new(request, town, language, account, current=current, status=429, faults=faults), error)
    await end_others(request, town, account, "password_changed")
    return page(request, town, language, "password_changed.html")


async def _change(
    request: Request, town: Town, account: Account, fields: dict[str, str], transaction_id: UUID | None = None
) -> None:
    _same_twice(fields)
    await hub_of(request).passwords.change(
        town.city,
        account.account_id,
        fields.get("password", ""),
        browser=cookies.known_browser_of(request, town),
        transaction_id=transaction_id,
    )


def _same_twice(fields: dict[str, str]) -> None:
    if fields.get("password", "") != fields.get("again", ""):
        raise InvalidRequest("The two are not the same.", field="different")


def _form(
    request: Request,
    town: Town,
    language: str,
    relay: str | None,
    *,
    status: int = 200,
    username: str = "",
    fault: str | None = None,
) -> Response:
    faults = {"username": fault} if fault else {}
    return page(request, town, language, "password.html", status, relay=relay, username=username[:100], faults=faults)


def _new(
    request: Request,
    town: Town,
    language: str,
    account: Account,
    *,
    relay: str | None = None,
    current: bool = False,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
) -> Response:
    return page(
        request,
        town,
        language,
        "new_password.html",
        status,
        relay=relay,
        current=current,
        faults=faults or {},
        username=account.username,
        least=hub_of(request).passwords.least(town.city, staff=account.staff_id is not None),
    )


def _faults(
    request: Request, town: Town, language: str, account: Account, error: InvalidRequest | LoginRefused
) -> dict[str, str]:
    """Sentences by field of the form for a new password."""
    if isinstance(error, LoginRefused):
        return {"current": text(language, "new_password.fault.current")}
    least = hub_of(request).passwords.least(town.city, staff=account.staff_id is not None)
    why = error.field or "unreadable"
    field = "again" if why == "different" else "password"
    return {field: text(language, f"new_password.fault.{why}", least=str(least))}


def text(language: str, key: str, **values: str) -> str:
    return catalogues()[language].text(key, **values)


def waiting(language: str, error: TooManyRequests) -> str:
    """That somebody must wait, and how long."""
    return text(language, "password.fault.wait", minutes=str(math.ceil(error.retry_after / 60)))


def slowed(response: Response, error: TooManyRequests) -> Response:
    response.headers["Retry-After"] = str(error.retry_after)
    return response
