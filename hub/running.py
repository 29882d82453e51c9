"""What every process of the hub needs before it can work: a database, migrated, private or somebody's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hub.kernel.errors import ConfigurationError
from hub.settings import Settings
from hub.storage import migrate
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import APP, OWNER, WORKER


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of the database for each role. `server` is the private one, None where somebody runs it."""

    app_url: str
    worker_url: str
    owner_url: str
    server: EmbeddedPostgres | None

    async def supervise(self) -> None:
        """Keep the private server alive for as long as this runs; returns at once where there is none."""
        if self.server is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self.server.supervise()


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """The database of this installation, started if it is the private one and brought to the present schema.

    A database that somebody runs is migrated only by `munihub migrate`: raises ConfigurationError where it is behind.
    """
    if settings.embedded:
        with EmbeddedPostgres(settings.var) as server:
            migrate.upgrade(server.url(OWNER))
            yield Running(server.url(APP), server.url(WORKER), server.url(OWNER), server)
        return
    assert settings.app_url
    assert settings.worker_url
    assert settings.owner_url
    if migrate.pending(settings.worker_url):
        raise ConfigurationError(
            "the database is behind this version", key="MUNIHUB_DATABASE_URL", remedy="Run `munihub migrate`."
        )
    yield Running(settings.app_url, settings.worker_url, settings.owner_url, None)
