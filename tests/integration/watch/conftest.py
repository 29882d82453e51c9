from collections.abc import AsyncIterator

import pytest

from tests.support.hub import Api, make_settings, opened


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api
