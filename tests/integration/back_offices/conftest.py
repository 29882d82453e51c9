from collections.abc import AsyncIterator

import pytest

from tests.support.trial import Trial, trial


@pytest.fixture
async def town(tmp_path, urls, clock) -> AsyncIterator[Trial]:
    async with trial(tmp_path, urls, clock) as opened:
        yield opened
