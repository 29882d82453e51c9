"""Runs jobs of all towns, many at a time in one process; more processes are added by starting them.

    worker = Worker(pool, {"feeds.read": Handler(read_feed), …})
    running = asyncio.create_task(worker.run())
    …
    await worker.stop(timedelta(seconds=20))

One connection of the pool is the worker's own. A single loop on it takes jobs, keeps their leases,
records how they ended and is woken by PostgreSQL when a job is enqueued; handlers use the rest.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import structlog

from hub.jobs import leases
from hub.jobs.failures import describe, traced
from hub.jobs.leases import Outcome, Rule, Share, Verdict
from hub.jobs.queue import CHANNEL, Job, LeaseLost
from hub.jobs.schedules import fire_due
from hub.kernel.clock import Clock, SystemClock
from hub.kernel.errors import HubError, TooManyRequests
from hub.storage.database import Connection

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 1.0
_HEAL_SECONDS = 30.0
_PRUNE_SECONDS = 3600.0
_CANCEL_SECONDS = 5.0
_RECONNECT_SECONDS = 5.0
_CONTENDED_SECONDS = 0.005

_DATABASE_LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a job waits after a transient failure: doubling from `first` up to `longest`, half of it random."""

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)

    def after(self, attempts: int) -> timedelta:
        whole = min(self.longest, self.first * 2 ** min(attempts - 1, 30))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True, slots=True)
class Handler:
    """What does the jobs of one kind.

    `run` does one job. It runs beside others in one event loop and must not block it. A transient HubError and any
    error that is not the hub's is tried again until `max_attempts`; a final HubError ends the job at once.
    `lease`: after this time without a sign of the worker another one may begin the job again; it is renewed
    while the job runs, so it need not be as long as the job.
    """

    run: Callable[[Job], Awaitable[None]]
    lease: timedelta = timedelta(seconds=30)
    max_attempts: int = 5
    backoff: Backoff = field(default_factory=Backoff)


class Worker:
    """Runs up to `concurrency` jobs at a time; see Handler for how.

    `pool` connects as munihub_worker and keeps at least one connection for the handlers beside the worker's own.
    `poll` is how late a job may start, in seconds, whose time has come or whose wake-up was lost.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 32,
        poll: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._pool = pool
        self._handlers = handlers
        self._rules = {kind: Rule(one.lease, one.max_attempts) for kind, one in handlers.items()}
        self._concurrency = concurrency
        self._poll = poll
        self._clock = clock or SystemClock()
        self._running: dict[asyncio.Task[None], Job] = {}
        self._lost: set[Job] = set()
        self._outcomes: list[Outcome] = []
        self._turns: dict[int, int] = {}
        self._taken = 0
        self._wake = asyncio.Event()
        self._stopping = False
        self._ended = asyncio.Event()
        self._renewed_at = 0.0
        self._due = {self._sweep: 0.0}

    async def run(self) -> None:
        """Run jobs until `stop`. A lost database is waited for; nothing but cancellation is raised."""
