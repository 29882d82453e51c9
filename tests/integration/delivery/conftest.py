from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.delivery.harness import Delivering, delivering


@pytest.fixture
async def town(tmp_path, urls, clock) -> AsyncIterator[Delivering]:
    async with delivering(tmp_path, urls, clock) as opened:
        yield opened
