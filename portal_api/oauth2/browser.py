"""Routes that a browser is sent to: refused by a redirect to the front end that asked, or else by a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hub.grants.model import AuthorizationRefused, OAuthError
from hub.kernel.errors import MalformedRequest
from portal_api.login.failures import PageRoute
from portal_api.oauth2.forms import go, speakable
from portal_api.requests import hub_of

log = structlog.get_logger(__name__)


class _Redirecting(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_redirects(request: Request) -> Response:
            try:
                return await handle(request)
            except AuthorizationRefused as error:
                return _redirected(request, error)
            except (OAuthError, MalformedRequest) as error:
                # The person reads a page that tells her to go back. What is wrong is for who set up the front end.
                client = re.sub(r"[^a-z0-9_-]", "?", request.query_params.get("client_id", "")[:60])
                city = request.path_params.get("city")
                log.warning("front_end_refused", city=city, client=client, because=error.detail)
                raise MalformedRequest(error.detail) from error

        return handle_with_redirects


class BrowserRoute(PageRoute, _Redirecting):
    """A page for everything the front end must not be told."""


def _redirected(request: Request, error: AuthorizationRefused) -> Response:
    town = hub_of(request).towns.by_slug[request.path_params["city"]]
    return go(
        error.redirect_uri,
        {
            "error": error.error,
            "error_description": speakable(error.detail),
            "state": error.state,
            "iss": hub_of(request).tokens.issuer(town.city),  # RFC 9207 §2: also with an error
        },
    )
