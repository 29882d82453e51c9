"""What the tests of the queue share: a worker that runs for a while, and waiting for what must happen."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from hub.jobs.queue import Job, enqueue_many
from hub.jobs.worker import Handler, Worker


@asynccontextmanager
async def working(
    pool: Any, handlers: Mapping[str, Handler], *, grace: float = 5.0, **settings: Any
) -> AsyncIterator[Worker]:
    worker = Worker(pool, handlers, **settings)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.stop(timedelta(seconds=grace))
        await running


async def until(condition: Callable[[], Any], *, within: float = 10.0) -> None:
    """Wait until `condition` (plain or awaitable) holds; fails the test where it does not in time."""
    deadline = time.monotonic() + within
    while True:
        holds = condition()
        if inspect.isawaitable(holds):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < deadline, "what was waited for did not happen"
        await asyncio.sleep(0.01)


async def put(pool: Any, *jobs: Mapping[str, Any]) -> list[int]:
    """Enqueue in a transaction of its own; town 1, kind `work`, empty payload unless said otherwise."""
    async with pool.acquire() as connection, connection.transaction():
        return await enqueue_many(connection, [{"city_id": 1, "kind": "work", "payload": {}, **job} for job in jobs])  # type: ignore[typeddict-item]


async def rows(pool: Any, columns: str = "state") -> list[Any]:
    """The queue by id; plain values where one column is asked for."""
    found = [tuple(row) for row in await pool.fetch(f"select {columns} from jobs order by id")]
    return [row[0] for row in found] if "," not in columns else found


class Diary:
    """A handler that writes down what it does."""

    def __init__(self, seconds: float = 0.0, then: Callable[[Job], Awaitable[None]] | None = None) -> None:
        self.begun: list[Job] = []
        self.ended: list[Job] = []
        self.at: dict[int, float] = {}
        self._seconds = seconds
        self._then = then

    async def __call__(self, job: Job) -> None:
        self.begun.append(job)
        self.at.setdefault(job.id, time.monotonic())
        await asyncio.sleep(self._seconds)
        if self._then is not None:
            await self._then(job)
        self.ended.append(job)

    @property
    def begun_ids(self) -> list[int]:
        return [job.id for job in self.begun]
