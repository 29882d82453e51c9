"""The application: routers by audience, errors as problems, towns by host or path prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.hub import Hub
from hub.kernel.errors import NotReady
from portal_api import errors, health
from portal_api.admin import messages
from portal_api.citizen import account, cases, obligations, refresh
from portal_api.errors import Problem
from portal_api.landed import Landed
from portal_api.push import events

TITLE = "munihub"
VERSION = "0.1.0"
DESCRIPTION = """One citizen account over a town's back offices.

Every part of an answer carries its age. `knowledge` says what an empty list means: with `complete` there is none,
with `partial` there is none that we know of, and with `unknown` the list is null, because no source could be asked.
Errors are problems (RFC 9457) with a stable `type`.
"""


def create_app(open_hub: Callable[[], Awaitable[Hub]]) -> FastAPI:
    """The API over the hub that `open_hub` opens at start and that is closed at the end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hub = await open_hub()
        landed = Landed(hub.database)
        await landed.start()
        app.state.hub, app.state.landed = hub, landed
        try:
            yield
        finally:
            await landed.stop()
            await hub.close()

    app = FastAPI(
        title=TITLE, version=VERSION, description=DESCRIPTION, lifespan=lifespan, docs_url="/docs", redoc_url=None
    )
    errors.install(app)
    app.add_exception_handler(asyncpg.PostgresConnectionError, _no_database)
    app.add_exception_handler(asyncpg.InterfaceError, _no_database)
    app.add_exception_handler(ConnectionError, _no_database)
    town = APIRouter(prefix="/{city}")
    for router in (account.router, obligations.router, cases.router, refresh.router):
        town.include_router(router, prefix="/v1")
    town.include_router(events.router, prefix="/push/v1")
    town.include_router(messages.router, prefix="/admin/v1")
    app.include_router(health.router)
    app.include_router(town)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    app.add_middleware(TownByHost, app)
    return app


class TownByHost:
    """A live town has a host of its own: `moja.pregrada.hr/v1/…` is served as `/pregrada/v1/…`."""

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app, self._application = app, application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (slug := self._slug(scope)):
            scope = {**scope, "path": f"/{slug}{scope['path']}", "munihub.by_host": True}
        await self._app(scope, receive, send)

    def _slug(self, scope: Scope) -> str | None:
        hosts = self._application.state.hub.towns.hosts
        if not hosts or scope["path"] in ("/healthz", "/readyz", "/openapi.json", "/docs"):
            return None
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        slug: str | None = hosts.get(host.partition(":")[0].lower())
        return slug


async def _no_database(_: Any, _error: Exception) -> Any:
    return errors.of_hub_error(NotReady("The database does not answer; try again in a moment."))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=TITLE, version=VERSION, description=DESCRIPTION, routes=app.routes)
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
            "push": {"type": "http", "scheme": "bearer", "description": "A back office's push secret."},
        }
        definition = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= definition.pop("$defs", {}) | {"Problem": definition}
        # FastAPI documents its own shape of a validation error; ours is a problem.
        for path in schema["paths"].values():
            for operation in path.values():
                answers = operation.get("responses", {})
                if "HTTPValidationError" in str(answers.get("422")):
                    answers["422"] = errors.responses(422)[422]
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
