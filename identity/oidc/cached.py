"""A document of the issuer, kept for a while and fetched by one caller while the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hub.kernel.errors import RemoteError

T = TypeVar("T")


class Cached(Generic[T]):
    """Fresh for an hour. When it then cannot be fetched, the last one serves for a day more: an issuer whose
    discovery is down may well log people in. `now` decides, so a test can let the hours pass.
    """

    FRESH = timedelta(hours=1)
    USABLE = timedelta(hours=24)
    AT_MOST_EVERY = timedelta(minutes=1)

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._kept: tuple[T, datetime] | None = None
        self._tried: datetime | None = None
        self._renewed: datetime | None = None

    async def get(self, now: datetime) -> T:
        """Raises the RemoteError of the fetch where nothing usable is kept."""
        if self._kept and now - self._kept[1] < self.FRESH:
            return self._kept[0]
        async with self._lock:
            if self._kept:
                value, fetched = self._kept
                if now - fetched < self.FRESH:
                    return value
                usable = now - fetched < self.USABLE
                if usable and self._tried and now - self._tried < self.AT_MOST_EVERY:
                    return value
                self._tried = now
                try:
                    return await self._fetched(now)
                except RemoteError:
                    if usable:
                        return value
                    raise
            return await self._fetched(now)

    async def renewed(self, now: datetime) -> T | None:
        """Fetched anew although it is fresh; None where that was done within the last minute.

        A stranger can make up as many unknown key ids as she likes; the issuer is asked once for all of them.
        """
        async with self._lock:
            if self._renewed and now - self._renewed < self.AT_MOST_EVERY:
                return None
            self._renewed = now
            return await self._fetched(now)

    async def _fetched(self, now: datetime) -> T:
        value = await self._fetch()
        self._kept = (value, now)
        return value
