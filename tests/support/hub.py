"""A whole hub for tests: the project's own towns, a fresh database, and the API behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import yaml
from fastapi import FastAPI

from hub.hub import Hub, open_api, open_worker
from hub.kernel.clock import FixedClock
from hub.settings import PROJECT, Settings
from hub.storage.provision import DatabaseUrls
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from hub.tokens.service import CITIZEN_SCOPES, STAFF_SCOPES
from portal_api.app import create_app

SECRETS: Mapping[str, str] = yaml.safe_load((PROJECT / "simulators" / "secrets.yaml").read_text("utf-8"))


def make_settings(var: Path, urls: DatabaseUrls, config: Path | None = None) -> Settings:
    """An installation in `var`, with the simulators' secrets."""
    environment = {
        "MUNIHUB_VAR": str(var),
        "MUNIHUB_DATABASE_URL": urls.app,
        "MUNIHUB_WORKER_DATABASE_URL": urls.worker,
        "MUNIHUB_OWNER_DATABASE_URL": urls.owner,
    }
    if config is not None:
        environment["MUNIHUB_CONFIG_PATH"] = str(config)
    settings = Settings.from_environment(environment)
    settings.secrets.mkdir(parents=True, exist_ok=True)
    for name, value in SECRETS.items():
        file = settings.secrets / name
        file.touch(mode=0o600)
        file.write_text(value, "utf-8")
    return settings


@dataclass
class Api:
    """`hub` is the API's, `worker` the jobs' on the same database, `client` speaks to the API."""

    hub: Hub
    worker: Hub
    client: httpx.AsyncClient
    clock: FixedClock

    async def subject(self, city: str, name: str = "Ana Šćrbačić", **identifiers: str) -> UUID:
        """A person; identifiers as `hr_oib="…"`."""
        town = self.worker.towns.by_slug[city].city
        async with self.worker.database.town(town.id) as connection:
            keys = await self.worker.vault.keys(connection, town.id)
            subject_id = await subjects.create(connection, town.id, SubjectKind.PERSON, name)
            for scheme, value in identifiers.items():
                await subjects.prove(
                    connection,
                    keys,
                    subject_id,
                    scheme.replace("_", ".", 1),
                    value,
                    proof=Proof.CLERK,
                    source="counter",
                    now=self.clock.now(),
                )
            return subject_id

    def token(self, city: str, subject_id: UUID | None, scopes: tuple[str, ...] = CITIZEN_SCOPES) -> dict[str, str]:
        """Headers with an access token."""
        town = self.worker.towns.by_slug[city].city
        signed = self.worker.tokens.sign(town, subject_id, scopes, timedelta(hours=1))
        return {"Authorization": f"Bearer {signed}"}

    def staff(self, city: str) -> dict[str, str]:
        return self.token(city, None, STAFF_SCOPES)


_IDLE: list[FastAPI] = []


@asynccontextmanager
async def application() -> AsyncIterator[FastAPI]:
    """An API not started yet, over the hub that `app.state.open_hub` opens, which the test sets.

    FastAPI prepares a route when it is first asked for it, and that is most of a test's time: an application that no test
    uses any more is used again.
    """
    app = _IDLE.pop() if _IDLE else _made()
    try:
        yield app
    finally:
        _IDLE.append(app)


def _made() -> FastAPI:
    async def open_hub() -> Hub:
        return await app.state.open_hub()

    app = create_app(open_hub)
    return app


@asynccontextmanager
async def opened(settings: Settings, urls: DatabaseUrls, clock: FixedClock) -> AsyncIterator[Api]:
    # The keys of an installation with a database of its own are made by `munihub migrate`.
    from hub.storage.vault import MasterKeys

    MasterKeys.load(settings.master_key, create=True)
    worker = await open_worker(settings, urls.worker, connect=False, clock=clock)
    try:
        async with application() as app:
            app.state.open_hub = lambda: open_api(settings, urls.app, clock=clock)
            transport = httpx.ASGITransport(app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client,
            ):
                yield Api(app.state.hub, worker, client, clock)
    finally:
        await worker.close()


__all__ = ["SECRETS", "Api", "application", "make_settings", "opened"]
