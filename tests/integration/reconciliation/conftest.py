from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.reconciliation.books import Books, books


@pytest.fixture
async def bank(tmp_path, urls, clock) -> AsyncIterator[Books]:
    async with books(tmp_path, urls, clock) as opened:
        yield opened
