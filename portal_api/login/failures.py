"""What a person reads when a login does not go on: what to do, and a number by which the operator finds the reason."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.kernel.errors import HubError, LoginRefused, NotReady, RemoteError, TooManyRequests
from hub.storage.failures import FAILED, away
from portal_api.errors import STATUS
from portal_api.login.pages import language_of, page
from portal_api.requests import hub_of

log = structlog.get_logger(__name__)

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

REASONS = frozenset(
    {
        "cancelled",
        "failed",
        "expired",
        "replayed",
        "unsolicited",
        "bad_signature",
        "weak_algorithm",
        "wrong_audience",
        "wrong_recipient",
        "wrong_issuer",
        "malformed",
        "too_little_assurance",
        "unknown_assurance",
        "missing_attribute",
        "not_yet_valid",
        "unavailable",
        "other_browser",
        "conflict",
        "not_staff",
    }
)
"""Every `LoginRefused.reason`; each has a sentence in every language (`refused.<reason>`)."""

_STATUS_OF_REASON = {"expired": 410, "unavailable": 503}
_TROUBLES = {403: "form", 404: "not_found", 410: "expired", 413: "too_large", 429: "too_many", 503: "not_ready"}
"""Key of the text (`trouble.<key>`) for what is no refused login; anything else is the caller's mistake (`request`)."""


class PageRoute(APIRoute):
    """A route whose refusals are pages. Where there is no such town there is no page: that stays a problem."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_pages(request: Request) -> Response:
            try:
                return await handle(request)
            except (HubError, HTTPException, RequestValidationError) as error:
                town = hub_of(request).towns.by_slug.get(request.path_params.get("city", ""))
                if town is None:
                    raise
                return failure(request, town, error)
            except FAILED as error:
                town = hub_of(request).towns.by_slug.get(request.path_params.get("city", ""))
                if town is None or not away(error):
                    raise
                return failure(request, town, NotReady("The database does not answer."))

        return handle_with_pages


def failure(request: Request, town: Town, error: Exception) -> Response:
    """The page of an error. A refused login is logged with the reference number the person sees."""
    language = language_of(request, town)
    relay: str | None = getattr(request.state, "relay", None)
    if isinstance(error, LoginRefused):
        return _refused(request, town, language, error.reason, str(error), relay)
    if isinstance(error, RemoteError):
        return _refused(request, town, language, "unavailable", f"{error.code}: {error}", relay)
    status = _status(error)
    reference = _reference()
    level = log.error if status >= 500 else log.info
    level("page_refused", city=town.city.slug, status=status, error=type(error).__name__, reference=reference)
    key = _TROUBLES.get(status, "hub" if status >= 500 else "request")
    response = page(request, town, language, "trouble.html", status, trouble=key, reference=reference, relay=None)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    elif status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _refused(request: Request, town: Town, language: str, reason: str, detail: str, relay: str | None) -> Response:
    known = reason if reason in REASONS else "failed"
    reference = _reference()
    eid = request.path_params.get("eid")
    log.warning("login_refused", city=town.city.slug, eid=eid, reason=reason, detail=detail, reference=reference)
    # A login that is over, or was never this browser's, has no other way to offer.
    again = None if known in {"expired", "other_browser", "unsolicited"} else relay
    status = _STATUS_OF_REASON.get(known, 403)
    block = town.city.eids.get(eid or "")
    response = page(
        request,
        town,
        language,
        "refused.html",
        status,
        reason=known,
        reference=reference,
        relay=again,
        eid=block.name if block else None,
    )
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _status(error: Exception) -> int:
    if isinstance(error, HubError):
        return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    return error.status_code if isinstance(error, HTTPException) else 422


def _reference() -> str:
    """Short enough to be read out on the telephone."""
    letters = [secrets.choice(_LETTERS) for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"
