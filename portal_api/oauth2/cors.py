"""Which web pages of other origins may read our answers: those of the front ends a town has registered (`origins`).

Only where a script of theirs has something to ask: the API, and the provider's doors that are called without a page.
The authorization and logout endpoints are pages (RFC 9700 §2.6): no script may read them. Cookies are never allowed.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READABLE = re.compile(
    r"/(?P<slug>[^/]+)/(?:v1/.*|oauth2/(?:token|userinfo|jwks|revoke)"
    r"|\.well-known/(?:openid-configuration|oauth-authorization-server))\Z"
    r"|/\.well-known/oauth-authorization-server/(?P<named>[^/]+)\Z"
)
_ALLOWED = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"accept-language, authorization, content-type, idempotency-key, if-none-match, munihub-acting-for",
    ),
    (b"access-control-max-age", b"600"),
]
_VARY = (b"vary", b"Origin")
_EXPOSED = (b"access-control-expose-headers", b"content-language, etag, location, retry-after, www-authenticate")


class Cors:
    """Stands inside TownByHost: paths begin with the town."""

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app, self._application = app, application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        place = _READABLE.match(scope["path"]) if scope["type"] == "http" else None
        if place is None:
            await self._app(scope, receive, send)
            return
        origins = self._origins(place["slug"] or place["named"])
        if not origins:
            await self._app(scope, receive, send)
            return
        origin = headers.get(b"origin", b"").decode("latin-1")
        allowed = origin in origins
        if allowed and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await send(
                {
                    "type": "http.response.start",
                    "status": 204,
                    "headers": [(b"access-control-allow-origin", origin.encode("latin-1")), *_ALLOWED, _VARY],
                }
            )
            await send({"type": "http.response.body", "body": b""})
            return

        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Also without an origin: a cache between us must not give one page's answer to another.
                message["headers"] = [*message["headers"], _VARY]
                if allowed:
                    message["headers"] += [(b"access-control-allow-origin", origin.encode("latin-1")), _EXPOSED]
            await send(message)

        await self._app(scope, receive, outward)

    def _origins(self, slug: str) -> set[str]:
        town = self._application.state.hub.towns.by_slug.get(slug)
        return {origin for client in town.city.clients.values() for origin in client.origins} if town else set()
