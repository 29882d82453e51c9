"""What surrounds every request: which town a host stands for, HEAD, headers of every answer, and mistakes of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal_api.errors import of_a_mistake

log = structlog.get_logger(__name__)

BY_HOST = "munihub.by_host"
"""Key of a request's scope: the slug of the town whose host was asked; absent where the town is in the path."""

OF_ALL_TOWNS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
"""Addresses that are the same at every host."""

HEADERS: Mapping[bytes, bytes] = {
    # Personal data stay out of caches unless a handler knows better (it may allow the reader's own, with an ETag).
    b"cache-control": b"no-store",
    # Nothing here is a page: what a browser opens all the same, an SVG for instance, runs and loads nothing.
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; sandbox",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
"""Headers of an answer that does not set them itself (OWASP Secure Headers, for an API)."""


class TownByHost:
    """A live town has a host of its own: `moja.pregrada.hr/v1/…` is served as `/pregrada/v1/…`."""

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app, self._application = app, application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (slug := self._slug(scope)):
            scope = {**scope, "path": f"/{slug}{scope['path']}", BY_HOST: slug}
        await self._app(scope, receive, send)

    def _slug(self, scope: Scope) -> str | None:
        hosts: Mapping[str, str] = self._application.state.hub.towns.hosts
        # A path without its slash (`OPTIONS *`) would change the name it is put behind.
        if not hosts or scope["path"] in OF_ALL_TOWNS or not scope["path"].startswith("/"):
            return None
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        # The port says nothing about the town, and `name.` is the same name (RFC 1034 §3.1).
        return hosts.get(host.partition(":")[0].removesuffix(".").lower())


class Envelope:
    """The outermost layer: nothing leaves without HEADERS, and no text of an unforeseen error leaves at all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # RFC 9110 §9.3.2: HEAD is GET without the content; load balancers ask for it.
        head = scope["method"] == "HEAD"
        started = False

        async def outward(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in HEADERS.items() if one[0] not in given)]
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app({**scope, "method": "GET"} if head else scope, receive, outward)
        except Exception as error:  # the last one to see it: a server would print its text, which may be personal
            log.error("request_failed", error=type(error).__name__, exc_info=error)
            # A stream that has begun can only be broken off, which the server does when its source ends too soon.
            if not started:
                await of_a_mistake()(scope, receive, outward)


def outward_path(scope: Mapping[str, Any]) -> str:
    """The path as the caller knows it, without the town that stands behind the host."""
    path: str = scope["path"]
    slug = scope.get(BY_HOST)
    return path.removeprefix(f"/{slug}") if slug else path
