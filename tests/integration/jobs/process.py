"""A worker in a process of its own, to be killed: `python -m tests.integration.jobs.process`.

Kinds: `work` is done in one transaction with its effect; `long` takes ten minutes; `poison` kills the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from hub.jobs.queue import Job, complete
from hub.jobs.worker import Backoff, Handler, Worker
from hub.storage.database import Database

LEASE = timedelta(seconds=1)


async def main(url: str) -> None:
    database = await Database.open(url, size=8)

    async def begun(job: Job) -> None:
        await database.pool.execute("insert into begun (job_id, process) values ($1, $2)", job.id, os.getpid())

    async def work(job: Job) -> None:
        await begun(job)
        async with database.pool.acquire() as connection, connection.transaction():
            await connection.execute("insert into effects (job_id) values ($1)", job.id)
            await asyncio.sleep(0.01)
            await complete(connection, job)

    async def long(job: Job) -> None:
        await begun(job)
        await asyncio.sleep(600)

    async def poison(job: Job) -> None:
        await begun(job)
        os.kill(os.getpid(), signal.SIGKILL)

    soon = Backoff(timedelta(milliseconds=50), timedelta(milliseconds=200))
    handlers = {
        run.__name__: Handler(run, lease=LEASE, max_attempts=tries, backoff=soon)
        for run, tries in ((work, 50), (long, 5), (poison, 3))
    }
    worker = Worker(database.pool, handlers, concurrency=8, poll=0.1)
    loop, stops = asyncio.get_running_loop(), set()
    loop.add_signal_handler(signal.SIGTERM, lambda: stops.add(loop.create_task(worker.stop(timedelta(seconds=0.2)))))
    await worker.run()
    await asyncio.gather(*stops)
    await database.close()


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Any]:
    """Start one; whatever is left of it at the end is killed."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.jobs.process",
        env={**os.environ, "QUEUE_URL": url},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.kill()
        await started.wait()


if __name__ == "__main__":
    asyncio.run(main(os.environ["QUEUE_URL"]))
