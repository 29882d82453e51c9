"""What protects an account with a password: its second factors, seen, added and taken away by whoever it belongs to."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.kernel.errors import NotFound
from hub.passwords.passkeys import possible_at
from portal_api.login import cookies
from portal_api.login.days import day
from portal_api.login.failures import PageRoute
from portal_api.login.forms import check_form
from portal_api.login.holder import SECURITY, Holder, holder, offered, onward, under_way
from portal_api.login.pages import page
from portal_api.login.routes import Relay
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/login", route_class=PageRoute, include_in_schema=False)


@router.get("/second-factor")
async def offer_second_factor(request: Request, town: AtTown, relay: Relay = None) -> Response:
    """In the middle of a login: which one to set up, or not now."""
    who = await holder(request, town, relay, SECURITY)
    if not isinstance(who, Holder):
        return who
    if who.relay is None:
        return RedirectResponse(f"{cookies.base(request, town)}{SECURITY}", 303)
    return page(
        request,
        town,
        who.language,
        "second_factor.html",
        relay=who.relay,
        required=who.required,
        passkeys=possible_at(town.address),
    )


@router.post("/second-factor")
async def go_on_without(request: Request, town: AtTown, relay: Relay = None) -> Response:
    """Not now. Where one is required the page comes again."""
    await check_form(request, town)
    login = await under_way(request, town, relay)
    return await onward(request, town, login.relay, asked=True)


@router.post("/recovery-codes")
async def go_on_with_codes(request: Request, town: AtTown, relay: Relay = None) -> Response:
    """The recovery codes were written down; or, logged in, new ones are asked for."""
    await check_form(request, town)
    if relay is not None:
        return await onward(request, town, relay)
    who = await holder(request, town, None, SECURITY)
    if not isinstance(who, Holder):
        return who
    codes = await hub_of(request).second_factors.new_recovery_codes(
        town.city.id, who.account.account_id, binds=who.binds
    )
    return page(request, town, who.language, "recovery_codes.html", relay=None, codes=codes, enrolled=False)


@router.get("/security")
async def show_security(request: Request, town: AtTown) -> Response:
    who = await holder(request, town, None, SECURITY)
    if not isinstance(who, Holder):
        return who
    return page(
        request,
        town,
        who.language,
        "security.html",
        account=who.account,
        factors=who.factors,
        codes=await hub_of(request).second_factors.codes_left(town.city.id, who.account.account_id),
        offered=offered(town, who.account),
        last_needed=who.required and len(who.factors) == 1,
        passkeys=possible_at(town.address),
        dates={
            factor.factor_id: day(factor.created_at.astimezone(town.city.timezone), who.language)
            for factor in who.factors
        },
    )


@router.post("/security")
async def remove_factor(request: Request, town: AtTown) -> Response:
    fields = await check_form(request, town)
    who = await holder(request, town, None, SECURITY)
    if not isinstance(who, Holder):
        return who
    try:
        factor_id = UUID(fields.get("factor", ""))
    except ValueError:
        raise NotFound("There is no such second factor.") from None
    await hub_of(request).second_factors.remove(town.city.id, who.account.account_id, factor_id, needed=who.required)
    return RedirectResponse(f"{cookies.base(request, town)}{SECURITY}", 303)
