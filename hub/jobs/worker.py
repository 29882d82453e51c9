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
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog

from hub.jobs import leases
from hub.jobs.claims import Rule, Share, claim_jobs, park
from hub.jobs.failures import describe, places_of
from hub.jobs.handler import Backoff, Handler, after_failure
from hub.jobs.leases import Outcome, Verdict
from hub.jobs.queue import CHANNEL, Job, LeaseLost
from hub.jobs.schedules import keep_firing
from hub.kernel.clock import Clock, SystemClock
from hub.kernel.errors import HubError
from hub.storage.database import Connection
from hub.storage.failures import FAILED

log = structlog.get_logger(__name__)

_HEAL_SECONDS = 30.0
_PRUNE_SECONDS = 3600.0
_CANCEL_SECONDS = 5.0
_RECORD_SECONDS = 5.0
_ACQUIRE_SECONDS = 30.0
_RECONNECT_SECONDS = (0.1, 5.0)
_CONTENDED_SECONDS = 0.005
_RECORDED_AT_ONCE = 500
_TURNS_REMEMBERED = 64

__all__ = ["Backoff", "Handler", "Worker"]


class Worker:
    """Runs up to `concurrency` jobs at a time, of which one town gets at most about three quarters.

    `pool` connects as munihub_worker and must be larger than the two connections the worker itself may use.
    `poll`: how late, in seconds, a job may start whose time has come or whose wake-up was lost.
    `clock` is the time of schedules; that of jobs and leases is the database's.
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
        self._running: dict[UUID, tuple[Job, asyncio.Task[None]]] = {}
        self._lost: set[UUID] = set()
        self._outcomes: list[Outcome] = []
        self._turns: dict[int, int] = {}
        self._taken = 0
        self._patience = _CONTENDED_SECONDS
        self._reconnect = _RECONNECT_SECONDS[0]
        self._renewed_at = 0.0
        self._done_at: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Run jobs until `stop`. A lost database is waited for."""
        log.info("worker_started", concurrency=self._concurrency, kinds=sorted(self._handlers))
        schedules = asyncio.create_task(keep_firing(self._pool, self._clock, self._poll))
        try:
            while not self._ended.is_set():
                try:
                    async with self._own_connection() as connection:
                        await self._serve(connection)
                        return
                except FAILED as error:
                    log.warning("queue_database_lost", error=describe(error), waiting=round(self._reconnect, 1))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._reconnect * random.uniform(0.5, 1.0)):  # noqa: S311
                        await self._ended.wait()
                self._reconnect = min(_RECONNECT_SECONDS[1], self._reconnect * 2)
        finally:
            self._ended.set()
            tasks = [schedules, *(task for _, task in self._running.values())]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
            log.info("worker_stopped")

    async def stop(self, grace: timedelta) -> None:
        """Take no more jobs; let those that run end within `grace`, cancel the others and give them back uncounted."""
        self._stopping = True
        self._wake.set()
        for patience, cancel in ((grace.total_seconds(), False), (_CANCEL_SECONDS, True)):
            tasks = {task for _, task in self._running.values()}
            if cancel:
                for task in tasks:
                    task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=patience)
        for job, _ in self._running.values():
            log.error("job_ignores_cancellation", **_who(job))
        self._running.clear()
        self._wake.set()
        # Without a database nothing can be given back: the leases run out.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RECORD_SECONDS):
                await self._ended.wait()
        self._ended.set()
        self._wake.set()

    @asynccontextmanager
    async def _own_connection(self) -> AsyncIterator[Connection]:
        connection = await self._pool.acquire(timeout=_ACQUIRE_SECONDS)
        try:
            await leases.prepare(connection)
            await connection.add_listener(CHANNEL, self._told)
            yield connection
            await connection.remove_listener(CHANNEL, self._told)
        except BaseException:
            connection.terminate()
            raise
        finally:
            await self._pool.release(connection)

    def _told(self, *_: object) -> None:
        self._wake.set()

    async def _serve(self, connection: Connection) -> None:
        while True:
            self._wake.clear()
            await self._record(connection)
            await self._renew(connection)
            again = False
            if not self._stopping:
                await self._keep_up(connection)
                again = await self._claim(connection)
            elif self._ended.is_set() or not (self._running or self._outcomes):
                return
            self._reconnect = _RECONNECT_SECONDS[0]
            if not again:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._rest()):
                        await self._wake.wait()

    def _rest(self) -> float:
        """Seconds until something must be done though nobody calls."""
        wait = min(self._poll, self._patience) if self._patience > _CONTENDED_SECONDS else self._poll
        if self._running:
            wait = min(wait, self._renewed_at + self._renew_every() - time.monotonic())
        return max(wait, 0.0)

    async def _claim(self, connection: Connection) -> bool:
        """Take jobs for the free places and start them; returns whether to look again at once."""
        places = self._concurrency - len(self._running)
        if places <= 0:
            return False
        running = Counter(job.city_id for job, _ in self._running.values())
        towns = {city: Share(running[city], self._turns.get(city, 0)) for city in running.keys() | self._turns.keys()}
        if not self._running:
            self._renewed_at = time.monotonic()
        claim = await claim_jobs(connection, places, towns, self._rules)
        if self._stopping:
            self._outcomes += [Outcome.of(job, Verdict.RELEASED) for job in claim.jobs]
            return True
        for job in claim.jobs:
            self._taken += 1
            self._turns.pop(job.city_id, None)
            self._turns[job.city_id] = self._taken
            if len(self._turns) > _TURNS_REMEMBERED:
                del self._turns[next(iter(self._turns))]
            self._running[job.lease] = job, asyncio.create_task(self._do(job), name=f"job {job.kind} {job.id}")
        parked = await park(connection, claim.held_up) if claim.held_up else 0
        if parked or len(claim.jobs) > 1:
            # Behind these there may be more; one job alone was all there was.
            self._patience = _CONTENDED_SECONDS
            return True
        # Whoever holds the rest is another worker, done in a moment, or a transaction that may take its time.
        if (claim.contended or claim.held_up) and not claim.jobs:
            self._patience = min(self._poll, self._patience * random.uniform(1.0, 2.0))  # noqa: S311
        else:
            self._patience = _CONTENDED_SECONDS
        return False

    async def _do(self, job: Job) -> None:
        started = time.monotonic()
        try:
            outcome = await self._attempt(job)
        finally:
            self._running.pop(job.lease, None)
            self._lost.discard(job.lease)
            self._wake.set()
        if outcome is None:
            return
        self._outcomes.append(outcome)
        facts = {**_who(job), "seconds": round(time.monotonic() - started, 3)}
        match outcome.verdict:
            case Verdict.DONE:
                log.debug("job_done", **facts)
            case Verdict.RELEASED:
                log.info("job_released", **facts)
            case Verdict.RETRY:
                log.warning("job_retried", **facts, error=outcome.error, delay=round(outcome.delay.total_seconds(), 1))
            case Verdict.FAILED:
                log.error("job_failed", **facts, error=outcome.error)

    async def _attempt(self, job: Job) -> Outcome | None:
        """Run a job once; returns how that ended, None where it is no longer ours."""
        handler = self._handlers.get(job.kind)
        if handler is None:
            return Outcome.of(
                job, Verdict.FAILED, error=f"unknown_kind: No handler does jobs of the kind {job.kind!r}."
            )
        try:
            await handler.run(job)
        except asyncio.CancelledError as error:
            if job.lease in self._lost:
                return None
            if self._stopping:
                return Outcome.of(job, Verdict.RELEASED)
            return after_failure(job, handler, error)
        except LeaseLost:
            log.warning("job_lease_lost", **_who(job))
            return None
        except Exception as error:  # noqa: BLE001 - whatever a handler raises ends this job and no other
            if not isinstance(error, HubError):
                log.error("job_raised", **_who(job), error=type(error).__name__, places=places_of(error))
            return after_failure(job, handler, error)
        return Outcome.of(job, Verdict.DONE)

    async def _record(self, connection: Connection) -> None:
        while outcomes := self._outcomes[:_RECORDED_AT_ONCE]:
            held = await leases.settle(connection, outcomes)
            del self._outcomes[: len(outcomes)]
            for outcome in outcomes:
                # A job that is done and gone was completed by its handler, in the handler's transaction.
                if outcome.lease not in held and outcome.verdict is not Verdict.DONE:
                    log.warning("job_lease_lost", city_id=outcome.city_id, job_id=outcome.id)

    def _renew_every(self) -> float:
        return min(self._lease_of(job) for job, _ in self._running.values()).total_seconds() / 3

    def _lease_of(self, job: Job) -> timedelta:
        rule = self._rules.get(job.kind)
        return rule.lease if rule else leases.DEFAULT_LEASE

    async def _renew(self, connection: Connection) -> None:
        """Keep the leases of what runs here, and stop what another worker may have begun again."""
        if not self._running or time.monotonic() < self._renewed_at + self._renew_every():
            return
        asked = [job for job, _ in self._running.values()]
        self._renewed_at = time.monotonic()
        kept = await leases.renew(connection, [(job, self._lease_of(job)) for job in asked])
        for job in asked:
            if job.lease not in kept and not job.completed and job.lease in self._running:
                log.warning("job_lease_lost", **_who(job))
                self._lost.add(job.lease)
                self._running[job.lease][1].cancel()

    async def _keep_up(self, connection: Connection) -> None:
        """What any worker does for the whole queue now and then."""
        if self._is_time("rescue", self._poll):
            for outcome in await leases.rescue(connection):
                event = "job_failed" if outcome.verdict is Verdict.FAILED else "job_rescued"
                log.warning(event, city_id=outcome.city_id, job_id=outcome.id, error=outcome.error)
        if self._is_time("heal", _HEAL_SECONDS):
            await leases.heal(connection)
        if self._is_time("prune", _PRUNE_SECONDS):
            await leases.prune(connection)

    def _is_time(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._done_at.get(what, -every) + every:
            return False
        self._done_at[what] = now
        return True


def _who(job: Job) -> dict[str, object]:
    return {"city_id": job.city_id, "job_id": job.id, "kind": job.kind, "attempts": job.attempts}
