"""The application: routers by audience, errors as problems, towns by host or path prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from hub.hub import Hub
from hub.kernel.errors import NotReady
from hub.storage.failures import FAILED, away
from portal_api import errors, health, metrics, openapi
from portal_api.admin import access_log as admin_access_log
from portal_api.admin import (
    alerts,
    back_offices,
    deliveries,
    doors,
    erasures,
    letters,
    messages,
    people,
    statement_entries,
    statement_verdicts,
    statements,
    webhooks,
)
from portal_api.admin import gateways as admin_gateways
from portal_api.admin import mandates as admin_mandates
from portal_api.admin import payments as admin_payments
from portal_api.admin import refunds as admin_refunds
from portal_api.bodies import BoundedBody
from portal_api.citizen import (
    access_log,
    account,
    attachments,
    attempts,
    cases,
    contact_details,
    mandates,
    obligations,
    payments,
    personal_data,
    refresh,
    requests,
    slips,
    submissions,
)
from portal_api.envelope import Envelope, TownByHost
from portal_api.landed import Landed
from portal_api.login import doors as login
from portal_api.oauth2 import doors as oauth2
from portal_api.payments import doors as payment_doors
from portal_api.push import events, soap
from portal_api.push import files as pushed_files
from portal_api.server import server


def create_server(open_hub: Callable[[], Awaitable[Hub]], **settings: Any) -> uvicorn.Server:
    """A server of that API; `settings` (host, port) are uvicorn's, and `tls` the files of hub.settings."""
    return server(create_app(open_hub), **settings)


def create_app(open_hub: Callable[[], Awaitable[Hub]]) -> FastAPI:
    """The API over the hub that `open_hub` opens at start and that is closed at the end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hub = await open_hub()
        landed = Landed(hub.database)
        await landed.start()
        app.state.hub, app.state.landed, app.state.opened, app.state.unproven = hub, landed, set(), 0
        try:
            yield
        finally:
            await landed.stop()
            await hub.close()

    app = FastAPI(
        lifespan=lifespan,
        # Its pages load their scripts from elsewhere: a town's server neither depends on that nor tells who reads them.
        docs_url=None,
        redoc_url=None,
        # A redirect would name the address by the caller's Host header, and by our path instead of the town's own.
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    errors.install(app)
    for failed in FAILED:
        app.add_exception_handler(failed, _no_database)
    # Each straight into the application: FastAPI matches one level of routers after the other at every request.
    for citizen in (account, obligations, slips, cases, mandates, refresh, access_log, personal_data):
        app.include_router(citizen.router, prefix="/{city}/v1")
    for sending in (submissions, requests, contact_details, attachments):
        app.include_router(sending.router, prefix="/{city}/v1")
    for door in (events, soap, pushed_files):
        app.include_router(door.router, prefix="/{city}/push/v1")
    for of_messages in (messages, letters, doors):
        app.include_router(of_messages.router, prefix="/{city}/admin/v1")
    app.include_router(payments.router, prefix="/{city}/v1")
    app.include_router(admin_payments.router, prefix="/{city}/admin/v1")
    app.include_router(admin_refunds.router, prefix="/{city}/admin/v1")
    for money in (statements, statement_entries, statement_verdicts):
        app.include_router(money.router, prefix="/{city}/admin/v1")
    app.include_router(deliveries.router, prefix="/{city}/admin/v1")
    app.include_router(alerts.router, prefix="/{city}/admin/v1")
    app.include_router(webhooks.router, prefix="/{city}/admin/v1")
    app.include_router(back_offices.router, prefix="/{city}/admin/v1")
    app.include_router(admin_mandates.router, prefix="/{city}/admin/v1")
    app.include_router(people.router, prefix="/{city}/admin/v1")
    app.include_router(admin_access_log.router, prefix="/{city}/admin/v1")
    app.include_router(erasures.router, prefix="/{city}/admin/v1")
    app.include_router(admin_gateways.router, prefix="/{city}/admin/v1")
    app.include_router(attempts.router, prefix="/{city}/v1")
    login.install(app)
    payment_doors.install(app)
    app.include_router(health.router)
    app.include_router(metrics.router)
    oauth2.install(app)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    app.add_middleware(BoundedBody)
    app.add_middleware(TownByHost, app)
    app.add_middleware(Envelope)
    return app


async def _no_database(_: Any, error: Exception) -> Any:
    if not away(error):
        raise error
    return errors.of_hub_error(NotReady("The database does not answer; try again in a moment."))
