"""The pages of codes: an app set up by a QR code, its codes and the recovery codes at a login."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.errors import LoginRefused, NotFound, TooManyRequests
from hub.kernel.text import choose
from hub.passwords.model import Factor
from hub.passwords.passkeys import possible_at
from portal_api.login.failures import PageRoute
from portal_api.login.forms import check_form
from portal_api.login.holder import Holder, LoginByPassword, end_others, holder, onward, under_way
from portal_api.login.pages import page
from portal_api.login.password import slowed, text, waiting
from portal_api.login.routes import Relay
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/login/totp", route_class=PageRoute, include_in_schema=False)

_ENROL = "/login/totp/enrol"


@router.get("")
async def ask_code(request: Request, town: AtTown, relay: Relay = None) -> Response:
    login = await under_way(request, town, relay)
    if not login.factors or login.step.method is not None:
        return await onward(request, town, login.relay)
    return _form(request, town, login)


@router.post("")
async def take_code(request: Request, town: AtTown, relay: Relay = None) -> Response:
    login = await under_way(request, town, relay)
    fields = await check_form(request, town)
    if not login.factors or login.step.method is not None:
        return await onward(request, town, login.relay)
    hub, city_id = hub_of(request), town.city.id
    try:
        shown = await hub.second_factors.check(city_id, login.account.account_id, fields.get("code", ""))
    except LoginRefused as error:
        key = "used" if error.reason == "replayed" else "wrong"
        return _form(request, town, login, status=403, fault=text(login.language, f"totp.fault.{key}"))
    except TooManyRequests as error:
        return slowed(_form(request, town, login, status=429, fault=waiting(login.language, error)), error)
    await hub.passwords.factor_shown(
        city_id, login.transaction.transaction_id, login.account.account_id, shown.method, shown.assurance
    )
    return await onward(request, town, login.relay)


@router.get("/enrol")
async def begin_enrolment(request: Request, town: AtTown, relay: Relay = None) -> Response:
    who = await holder(request, town, relay, _ENROL)
    return await _enrol(request, town, who) if isinstance(who, Holder) else who


@router.post("/enrol")
async def finish_enrolment(request: Request, town: AtTown, relay: Relay = None) -> Response:
    fields = await check_form(request, town)
    who = await holder(request, town, relay, _ENROL)
    if not isinstance(who, Holder):
        return who
    try:
        factor_id = UUID(fields.get("factor", ""))
    except ValueError:
        raise NotFound("No second factor is being set up.") from None
    try:
        codes = await hub_of(request).second_factors.confirm_totp(
            town.city.id, who.account.account_id, factor_id, fields.get("code", ""), binds=who.binds
        )
    except (LoginRefused, NotFound):
        fault = text(who.language, "totp.fault.wrong")
        return await _enrol(request, town, who, status=422, fault=fault, again=factor_id)
    except TooManyRequests as error:
        fault = waiting(who.language, error)
        return slowed(await _enrol(request, town, who, status=429, fault=fault, again=factor_id), error)
    return await enrolled(request, town, who, Factor.TOTP, codes)


async def enrolled(request: Request, town: Town, who: Holder, kind: Factor, codes: list[str]) -> Response:
    """A second factor was set up: the recovery codes, which are shown this once, and the way on."""
    hub, city_id = hub_of(request), town.city.id
    if not who.factors:
        # Sessions by the password alone are from before.
        await end_others(request, town, who.account, "second_factor")
    if who.relay is not None:
        # Whoever has just used it has shown it.
        login = await under_way(request, town, who.relay)
        await hub.passwords.factor_shown(
            city_id, login.transaction.transaction_id, who.account.account_id, kind.method, who.binds
        )
        if not codes:
            return await onward(request, town, who.relay)
    return page(request, town, who.language, "recovery_codes.html", relay=who.relay, codes=codes, enrolled=True)


def _form(
    request: Request, town: Town, login: LoginByPassword, *, status: int = 200, fault: str | None = None
) -> Response:
    return page(
        request,
        town,
        login.language,
        "totp.html",
        status,
        relay=login.relay,
        app=Factor.TOTP in login.kinds,
        passkey=Factor.PASSKEY in login.kinds and possible_at(town.address),
        faults={"code": fault} if fault else {},
    )


async def _enrol(
    request: Request,
    town: Town,
    who: Holder,
    *,
    status: int = 200,
    fault: str | None = None,
    again: UUID | None = None,
) -> Response:
    issuer = choose(town.city.name, [town.city.language], town.city.language)
    begun = await hub_of(request).second_factors.begin_totp(
        town.city.id,
        who.account.account_id,
        issuer=issuer,
        username=who.account.username,
        binds=who.binds,
        again=again,
    )
    return page(
        request,
        town,
        who.language,
        "totp_enrol.html",
        status,
        relay=who.relay,
        factor=begun.factor_id,
        qr=_qr(begun.uri),
        secret=" ".join(begun.secret[start : start + 4] for start in range(0, len(begun.secret), 4)),
        uri=begun.uri,
        faults={"code": fault} if fault else {},
    )


def _qr(uri: str) -> Markup:
    """An SVG to stand in a page: black on white whatever the page's colours are, and hidden from screen readers, which
    have the secret beside it.
    """
    drawn = BytesIO()
    code = segno.make(uri, error="m", micro=False)
    # Without a size of its own it fills what the page gives it.
    code.save(
        drawn, kind="svg", scale=4, dark="#000", light="#fff", xmldecl=False, svgns=False, nl=False, omitsize=True
    )
    # What segno draws is made of numbers: nothing of the address is written into it.
    return Markup(drawn.getvalue().decode("ascii").replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
