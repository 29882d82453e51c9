"""The pages of passkeys. They are the only ones that need a script: browsers have no form for it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, LoginRefused, NotFound, TooManyRequests
from hub.kernel.text import choose
from hub.passwords.model import Factor
from hub.passwords.passkeys import possible_at
from portal_api.login.failures import PageRoute, log
from portal_api.login.forms import check_form
from portal_api.login.holder import Holder, LoginByPassword, holder, onward, refuse_without_passwords, under_way
from portal_api.login.pages import STATIC, page
from portal_api.login.password import slowed, text, waiting
from portal_api.login.routes import Relay
from portal_api.login.totp import enrolled
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/login", route_class=PageRoute, include_in_schema=False)

_ENROL = "/login/passkey/enrol"


@router.get("/passkey.js")
async def passkey_script(town: AtTown) -> Response:
    refuse_without_passwords(town)
    headers = {"Cache-Control": "public, max-age=604800"}
    return FileResponse(STATIC / "passkey.js", media_type="text/javascript", headers=headers)


@router.get("/passkey")
async def ask_passkey(request: Request, town: AtTown, relay: Relay = None) -> Response:
    login = await under_way(request, town, relay)
    if Factor.PASSKEY not in login.kinds or login.step.method is not None or not possible_at(town.address):
        return await onward(request, town, login.relay)
    return await _form(request, town, login)


@router.post("/passkey")
async def take_passkey(request: Request, town: AtTown, relay: Relay = None) -> Response:
    login = await under_way(request, town, relay)
    fields = await check_form(request, town)
    if Factor.PASSKEY not in login.kinds or login.step.method is not None:
        return await onward(request, town, login.relay)
    hub, city_id = hub_of(request), town.city.id
    try:
        shown = await hub.passkeys.check(city_id, town.address, login.account.account_id, fields.get("credential", ""))
    except LoginRefused as error:
        log.info("passkey_refused", city=town.city.slug, reason=error.reason, detail=str(error))
        return await _form(request, town, login, status=403, fault=text(login.language, "passkey.fault.failed"))
    except TooManyRequests as error:
        return slowed(await _form(request, town, login, status=429, fault=waiting(login.language, error)), error)
    await hub.passwords.factor_shown(
        city_id, login.transaction.transaction_id, login.account.account_id, shown.method, shown.assurance
    )
    return await onward(request, town, login.relay)


@router.get("/passkey/enrol")
async def begin_passkey(request: Request, town: AtTown, relay: Relay = None) -> Response:
    who = await _holder(request, town, relay)
    return await _enrol(request, town, who) if isinstance(who, Holder) else who


@router.post("/passkey/enrol")
async def finish_passkey(request: Request, town: AtTown, relay: Relay = None) -> Response:
    fields = await check_form(request, town)
    who = await _holder(request, town, relay)
    if not isinstance(who, Holder):
        return who
    try:
        codes = await hub_of(request).passkeys.register(
            town.city.id,
            town.address,
            who.account.account_id,
            fields.get("credential", ""),
            name=fields.get("name", ""),
            binds=who.binds,
        )
    except (LoginRefused, Conflict) as error:
        log.info("passkey_refused", city=town.city.slug, reason=error.code, detail=str(error))
        return await _enrol(request, town, who, status=422, fault=text(who.language, "passkey.fault.failed"))
    return await enrolled(request, town, who, Factor.PASSKEY, codes)


async def _holder(request: Request, town: Town, relay: str | None) -> Holder | Response:
    if not possible_at(town.address):
        raise NotFound("Browsers have no passkeys for this address.")
    return await holder(request, town, relay, _ENROL)


async def _form(
    request: Request, town: Town, login: LoginByPassword, *, status: int = 200, fault: str | None = None
) -> Response:
    options = await hub_of(request).passkeys.begin_login(town.city.id, town.address, login.account.account_id)
    return page(
        request,
        town,
        login.language,
        "passkey.html",
        status,
        relay=login.relay,
        options=options,
        faults={"passkey": fault} if fault else {},
    )


async def _enrol(request: Request, town: Town, who: Holder, *, status: int = 200, fault: str | None = None) -> Response:
    options = await hub_of(request).passkeys.begin_registration(
        town.city.id,
        town.address,
        who.account.account_id,
        town=choose(town.city.name, [town.city.language], town.city.language),
        username=who.account.username,
    )
    return page(
        request,
        town,
        who.language,
        "passkey_enrol.html",
        status,
        relay=who.relay,
        options=options,
        faults={"passkey": fault} if fault else {},
    )
