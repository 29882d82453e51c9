from collections.abc import AsyncIterator

import pytest

from tests.integration.gateways.harness import Stage, stage


@pytest.fixture
async def town(tmp_path, urls, clock) -> AsyncIterator[Stage]:
    async with stage(tmp_path, urls, clock) as opened:
        yield opened
