"""Who is at a page about passwords: somebody in the middle of a login by one, or somebody logged in."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused, NotFound
from hub.logins.model import LoginTransaction
from hub.passwords.model import Account, EnrolledFactor, Factor, Step
from hub.passwords.passkeys import possible_at
from hub.passwords.service import FRESH
from hub.sessions.model import PASSWORD, Session
from portal_api.login import cookies
from portal_api.login.arrival import arrived, begun
from portal_api.login.pages import language_of, page
from portal_api.requests import hub_of

SECURITY = "/login/security"


@dataclass(frozen=True, slots=True)
class LoginByPassword:
    """A login under way in which the password was right."""

    relay: str
    transaction: LoginTransaction
    step: Step
    factors: tuple[EnrolledFactor, ...]
    language: str

    @property
    def account(self) -> Account:
        return self.step.account

    @property
    def kinds(self) -> frozenset[Factor]:
        return frozenset(factor.kind for factor in self.factors)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever may change the second factors of `account`; `relay` in the middle of a login, None of a session.

    `binds` is what a factor enrolled now will be worth (hub.passwords.model).
    """

    account: Account
    binds: Assurance
    factors: tuple[EnrolledFactor, ...]
    relay: str | None
    language: str
    required: bool


def refuse_without_passwords(town: Town) -> None:
    """Raises NotFound where the town gives no passwords."""
    if town.city.passwords is None:
        raise NotFound("This town gives no passwords.")


def required(town: Town, account: Account) -> bool:
    """Whether a second factor must be there: always of staff."""
    return account.staff_id is not None or _setting(town) == "required"


def offered(town: Town, account: Account) -> bool:
    """Whether somebody may set one up."""
    return account.staff_id is not None or _setting(town) != "none"


async def under_way(request: Request, town: Town, relay: str | None) -> LoginByPassword:
    """Raises LoginRefused (`expired`) where no password was given in this login, or too long ago."""
    refuse_without_passwords(town)
    request.state.relay = relay
    hub, city_id = hub_of(request), town.city.id
    transaction = await begun(request, town, relay)
    step = await hub.passwords.step(city_id, transaction.transaction_id)
    if step is None or relay is None:
        raise LoginRefused("no password was given in this login, or too long ago", reason="expired")
    factors = tuple(await hub.second_factors.of(city_id, step.account.account_id))
    return LoginByPassword(relay, transaction, step, factors, language_of(request, town, transaction))


async def onward(request: Request, town: Town, relay: str, *, asked: bool = False) -> Response:
    """The next page of a login by password, or its end. `asked`: the person does not want a second factor now."""
    login = await under_way(request, town, relay)
    if login.factors and login.step.method is None:
        passkey = Factor.PASSKEY in login.kinds and possible_at(town.address)
        return _to(request, town, "/login/passkey" if passkey else "/login/totp", relay)
    must = required(town, login.account)
    if not login.factors and must:
        # Before the password from the paper is replaced: whoever stops in between comes back with it, and her second
        # factor will still be as sure as the paper was.
        return _to(request, town, "/login/second-factor", relay)
    if login.account.must_change:
        return _to(request, town, "/login/password/new", relay)
    if not login.factors and not asked and offered(town, login.account):
        wanted = login.transaction.assurance
        lacking = not login.step.assurance.satisfies(wanted) and login.step.binds.satisfies(wanted)
        # Whoever comes from the counter is asked once, for the same reason.
        if login.step.first or lacking:
            return _to(request, town, "/login/second-factor", relay)
    return await _arrive(request, town, login)


async def holder(request: Request, town: Town, relay: str | None, path: str) -> Holder | Response:
    """Who may set up a second factor; or a redirect to a login that ends at `path`, or a page that says why not."""
    refuse_without_passwords(town)
    hub, city_id = hub_of(request), town.city.id
    if relay is not None:
        login = await under_way(request, town, relay)
        ready = login.step.method is not None or not login.factors
        if not ready or not offered(town, login.account):
            return await onward(request, town, relay)
        must = required(town, login.account)
        return Holder(login.account, login.step.binds, login.factors, relay, login.language, must)
    session = await session_of(request, town)
    if session is None:
        return await log_in(request, town, path)
    account = await hub.passwords.account_of(city_id, subject_id=session.subject_id, staff_id=session.staff_id)
    if account is None:
        return page(request, town, language_of(request, town), "no_password.html", 404)
    factors = tuple(await hub.second_factors.of(city_id, account.account_id))
    # A session by password alone may be an older one of somebody who has guessed it: it touches no second factor.
    if not fresh(request, session) or (factors and session.provider == PASSWORD and "mfa" not in session.methods):
        return await log_in(request, town, path, session=session)
    if path != SECURITY and not offered(town, account):
        raise NotFound("This town offers no second factors.")
    binds = Assurance.SUBSTANTIAL if session.assurance.satisfies(Assurance.SUBSTANTIAL) else Assurance.LOW
    return Holder(account, binds, factors, None, language_of(request, town), required(town, account))


async def session_of(request: Request, town: Town) -> Session | None:
    token = cookies.session_of(request, town)
    return await hub_of(request).sessions.find(town.city.id, token) if token else None


def fresh(request: Request, session: Session) -> bool:
    """Whether the person has proven who she is within the last minutes."""
    return hub_of(request).clock.now() - session.authenticated_at <= FRESH


async def log_in(request: Request, town: Town, path: str, *, session: Session | None = None) -> Response:
    """To a new login that ends at `path`."""
    browser = cookies.browser_of(request, town) or cookies.new_browser()
    relay = await hub_of(request).logins.begin(
        town.city.id,
        continue_to=path,
        assurance=Assurance.LOW,
        client_name=None,
        staff=session is not None and session.staff_id is not None,
        force=True,
        language=language_of(request, town),
        browser=browser,
        address=address_of(request),
    )
    response = _to(request, town, "/login", relay)
    cookies.keep_browser(response, request, town, browser)
    return response


async def end_others(request: Request, town: Town, account: Account, why: str) -> None:
    """End every session this account's password opened, except the one of this browser."""
    hub = hub_of(request)
    present = await session_of(request, town)
    for session in await hub.sessions.of_login(town.city.id, account.account_id):
        if present is None or session.session_id != present.session_id:
            await hub.grants.end_session(town, session.session_id, why)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def _arrive(request: Request, town: Town, login: LoginByPassword) -> Response:
    account, step = login.account, login.step
    response = await arrived(
        request,
        town,
        login.transaction,
        subject_id=account.subject_id,
        staff_id=account.staff_id,
        login_id=account.account_id,
        provider=PASSWORD,
        assurance=step.assurance,
        methods=step.methods,
        logout={},
    )
    await hub_of(request).passwords.end_step(town.city.id, login.transaction.transaction_id)
    return response


def _to(request: Request, town: Town, path: str, relay: str) -> Response:
    return RedirectResponse(f"{cookies.base(request, town)}{path}?t={relay}", 303)


def _setting(town: Town) -> str:
    return town.city.passwords.second_factor if town.city.passwords else "none"
