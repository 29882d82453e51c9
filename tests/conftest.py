"""Fixtures every test may use: a real PostgreSQL, a fresh database, a clock that stands still."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from hub.kernel.clock import FixedClock
from hub.storage.database import Database
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import DatabaseUrls
from tests.support.postgres import fresh_database, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def urls(postgres: EmbeddedPostgres) -> Iterator[DatabaseUrls]:
    with fresh_database(postgres) as fresh:
        yield fresh


@pytest.fixture
async def worker(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(urls.worker, size=4)
    yield database
    await database.close()


@pytest.fixture
async def api(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(urls.app, size=4)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
