from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.support.hub import Api, make_settings, opened


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api


@pytest.fixture
async def owner(urls):
    """Whoever owns the tables, and so may do to them what no program may."""
    connection = await asyncpg.connect(urls.owner)
    yield connection
    await connection.close()
