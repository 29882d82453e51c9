"""Hears from the worker which reads have landed, on one connection for the whole process."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from hub.back_offices.service import LANDED
from hub.kernel.errors import NotReady
from hub.storage.database import Database

log = structlog.get_logger(__name__)

Arrivals = asyncio.Queue[tuple[str, str, str] | None]
_RETRY = 1.0
_PATIENCE = 5.0


class Landed:
    """`listen` to a town to be told `(back office, feed, identifier)` of every read that lands there.

    None is told where the database was away: what landed meanwhile went unheard.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[int, set[Arrivals]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @asynccontextmanager
    async def listen(self, city_id: int) -> AsyncIterator[Arrivals]:
        """What lands from now on. Raises NotReady while the database is away."""
        arrivals: Arrivals = asyncio.Queue()
        self._listeners[city_id].add(arrivals)
        try:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._ready.wait()
            except TimeoutError as error:
                raise NotReady("The database does not answer; try again in a moment.") from error
            yield arrivals
        finally:
            self._listeners[city_id].discard(arrivals)

    async def _run(self) -> None:
        """Listen, and listen again whenever the database went away."""
        while True:
            lost = asyncio.Event()
            try:
                async with self._database.pool.acquire() as connection:
                    connection.add_termination_listener(lambda _, lost=lost: lost.set())
                    await connection.add_listener(LANDED, self._hear)
                    self._ready.set()
                    for arrivals in [one for some in self._listeners.values() for one in some]:
                        arrivals.put_nowait(None)
                    try:
                        await lost.wait()
                    finally:
                        if not connection.is_closed():
                            await connection.remove_listener(LANDED, self._hear)
            except Exception as error:  # noqa: BLE001 - whatever it was, to be deaf from now on would be worse
                log.warning("landed_not_listening", because=type(error).__name__)
            self._ready.clear()
            await asyncio.sleep(_RETRY)

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        city, back_office, feed, identifier = str(payload).split(" ", 3)
        for arrivals in self._listeners.get(int(city), ()):
            arrivals.put_nowait((back_office, feed, identifier))
