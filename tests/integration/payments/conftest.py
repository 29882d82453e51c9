from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.payments.till import Till, till


@pytest.fixture
async def desk(tmp_path, urls, clock) -> AsyncIterator[Till]:
    async with till(tmp_path, urls, clock) as opened:
        yield opened
