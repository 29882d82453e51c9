from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from hub.storage.database import Database
from hub.storage.provision import DatabaseUrls


@pytest.fixture
async def pool(urls: DatabaseUrls) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    """As the worker, with room for two workers and their handlers."""
    database = await Database.open(urls.worker, size=12)
    yield database.pool
    await database.close()
