"""A document of the issuer: how long it is fresh, how long it serves, how often it is fetched."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub.kernel.errors import ConfigurationError, RemoteUnavailable
from identity.oidc.cached import Cached

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class Source:
    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None

    async def fetch(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return self.asked


async def test_fresh_for_an_hour() -> None:
    cached = Cached((source := Source()).fetch)
    got = [await cached.get(NOW + timedelta(minutes=minutes)) for minutes in (0, 1, 59, 60, 61, 119, 120)]
    assert got == [1, 1, 1, 2, 2, 2, 3]
    assert source.asked == 3


async def test_usable_for_a_day_when_it_cannot_be_fetched() -> None:
    cached = Cached((source := Source()).fetch)
    assert await cached.get(NOW) == 1
    source.error = RemoteUnavailable()
    assert await cached.get(NOW + timedelta(hours=23, minutes=59)) == 1
    assert source.asked == 2
    # The issuer is not asked again for a minute, and at the day's end nothing is left.
    assert await cached.get(NOW + timedelta(hours=23, minutes=59, seconds=59)) == 1
    assert source.asked == 2
    with pytest.raises(RemoteUnavailable):
        await cached.get(NOW + timedelta(hours=24))
    source.error = None
    assert await cached.get(NOW + timedelta(hours=24)) == 4


async def test_a_mistake_of_ours_is_not_hidden() -> None:
    cached = Cached((source := Source()).fetch)
    await cached.get(NOW)
    source.error = ConfigurationError("no such file")
    with pytest.raises(ConfigurationError):
        await cached.get(NOW + timedelta(hours=2))


async def test_nothing_is_kept_of_a_first_failure() -> None:
    cached = Cached((source := Source()).fetch)
    source.error = RemoteUnavailable()
    for _ in range(2):
        with pytest.raises(RemoteUnavailable):
            await cached.get(NOW)
    source.error = None
    assert await cached.get(NOW) == 3


async def test_renewed_once_a_minute() -> None:
    cached = Cached(Source().fetch)
    assert await cached.get(NOW) == 1
    seconds = (1, 2, 60, 61, 120, 121)
    got = [await cached.renewed(NOW + timedelta(seconds=one)) for one in seconds]
    assert got == [2, None, None, 3, None, 4]
    assert await cached.get(NOW + timedelta(seconds=122)) == 4


async def test_many_at_once_wait_for_one() -> None:
    cached = Cached((source := Source()).fetch)
    assert await asyncio.gather(*(cached.get(NOW) for _ in range(50))) == [1] * 50
    assert await asyncio.gather(*(cached.renewed(NOW) for _ in range(50))) == [2] + [None] * 49
    assert source.asked == 2
