"""The last step of every login: a session, its cookie, and back to where it began."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.logins.model import LoginTransaction
from portal_api.login import cookies
from portal_api.requests import hub_of


async def begun(request: Request, town: Town, relay: str | None) -> LoginTransaction:
    """The login under way that `relay` (`?t=`) names, if this browser began it. Raises LoginRefused."""
    if not relay:
        raise LoginRefused("no login under way was named", reason="expired")
    browser = cookies.browser_of(request, town) or ""
    return await hub_of(request).logins.find(town.city.id, relay, browser)


async def arrived(
    request: Request,
    town: Town,
    transaction: LoginTransaction,
    *,
    subject_id: UUID | None,
    staff_id: UUID | None,
    login_id: UUID | None,
    provider: str,
    assurance: Assurance,
    methods: tuple[str, ...],
    logout: Mapping[str, str],
    authenticated_at: datetime | None = None,
) -> Response:
    """Log the person in, in this browser, and lead it on; for `transaction` this is done once.

    `authenticated_at` is now where it is not given. Raises LoginRefused, see LoginService.complete.
    """
    hub = hub_of(request)
    done = await hub.logins.complete(
        town,
        transaction,
        cookie_token=cookies.session_of(request, town),
        subject_id=subject_id,
        staff_id=staff_id,
        login_id=login_id,
        provider=provider,
        assurance=assurance,
        methods=methods,
        authenticated_at=authenticated_at or hub.clock.now(),
        logout=logout,
    )
    if done.replaced is not None:
        await hub.grants.end_session(town, done.replaced.session_id, "replaced")
    response = RedirectResponse(cookies.base(request, town) + transaction.continue_to, 303)
    cookies.keep_session(response, request, town, done.token)
    return response
