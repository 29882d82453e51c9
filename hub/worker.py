"""What the worker does: read feeds, sweep them on schedule, apply what was pushed, keep tables to their class."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog

from hub.access_log import seals
from hub.back_offices.events import EventInterpreter
from hub.back_offices.model import READ, SWEEP, Feed, Town
from hub.grants import backchannel
from hub.hub import Hub, open_worker
from hub.intake.service import APPLY
from hub.jobs import schedules
from hub.jobs.queue import Job
from hub.jobs.schedules import Schedule
from hub.jobs.worker import Handler, Worker
from hub.kernel.errors import ConfigurationError
from hub.personal_data import requests as erasures
from hub.settings import Settings
from hub.storage import retention
from hub.storage.database import NIL

log = structlog.get_logger(__name__)

_KEEP_EVERY = 3600.0
_LEASE = timedelta(seconds=10)


class Work:
    """The handlers of all kinds of jobs."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._towns = {town.city.id: town for town in hub.towns.by_slug.values()}
        self._logouts = backchannel.LogoutSender(hub.tokens, hub.clock)

    def handlers(self) -> dict[str, Handler]:
        return {
            READ: Handler(self.read, lease=_LEASE),
            SWEEP: Handler(self.sweep, lease=_LEASE),
            APPLY: Handler(self.apply, lease=_LEASE),
            seals.SEAL: Handler(self.seal),
            erasures.ERASE: Handler(self.erase),
            backchannel.LOGOUT: Handler(
                self.tell_logout, max_attempts=backchannel.ATTEMPTS, backoff=backchannel.BACKOFF
            ),
        }

    async def read(self, job: Job) -> None:
        """One read; how it went is in the feed's state, so that a dead back office does not fill the queue."""
        town, feed = self._feed(job)
        await self._hub.feeds.read(town, feed, UUID(job.payload["identifier"]))

    async def sweep(self, job: Job) -> None:
        await self._hub.feeds.sweep(self._feed(job)[1])

    async def apply(self, job: Job) -> None:
        town, back_office = self._town(job), job.payload["back_office"]
        if back_office not in town.back_offices:
            raise ConfigurationError(f"{town.city.slug} has no back office {back_office!r} any more")
        await self._hub.intake.apply_waiting(job.city_id, back_office, EventInterpreter(town))

    async def seal(self, job: Job) -> None:
        """What was recorded since the last seal, also where a run or two failed."""
        async with self._hub.database.town(job.city_id) as connection:
            await seals.seal(connection, job.city_id, self._hub.clock.now())

    async def erase(self, job: Job) -> None:
        """Front ends are told of the end of the person's sessions first; after it there is nothing to tell them by."""
        town, request_id = self._town(job), UUID(job.payload["request"])
        async with self._hub.database.town(job.city_id) as connection:
            sessions = await erasures.sessions_of(connection, job.city_id, request_id)
        for session_id in sessions:
            await self._hub.grants.end_session(town, session_id, "erased")
        async with self._hub.database.town(job.city_id) as connection:
            await erasures.carry_out(connection, job.city_id, request_id, self._hub.clock.now())

    async def tell_logout(self, job: Job) -> None:
        await self._logouts.send(self._town(job), job)

    def _town(self, job: Job) -> Town:
        town = self._towns.get(job.city_id)
        if town is None:
            raise ConfigurationError(f"the town {job.city_id} is not configured here, or its configuration is wrong")
        return town

    def _feed(self, job: Job) -> tuple[Town, Feed]:
        town = self._town(job)
        back_office, name = job.payload["back_office"], job.payload["feed"]
        try:
            return town, town.back_offices[back_office].feeds[name]
        except KeyError as error:
            raise ConfigurationError(f"{town.city.slug} has no feed {back_office}/{name} any more") from error

    def schedules(self) -> Iterator[Schedule]:
        """Every feed with a `refresh`: read at once for everybody, or swept subject by subject; and the seals."""
        for town in self._towns.values():
            yield Schedule(
                name=seals.SEAL,
                job={"city_id": town.city.id, "kind": seals.SEAL, "payload": {}, "dedupe": seals.SEAL},
                every=seals.EVERY,
            )
            for feed in town.feeds():
                refresh = feed.configuration.refresh
                if refresh is None:
                    continue
                name = f"{feed.back_office}/{feed.feed}"
                payload = {"back_office": feed.back_office, "feed": feed.feed, "identifier": str(NIL)}
                yield Schedule(
                    name=name,
                    job={
                        "city_id": town.city.id,
                        "kind": SWEEP if feed.needs else READ,
                        "payload": payload,
                        "dedupe": name if feed.needs else f"{name}/{NIL}",
                    },
                    every=refresh.every,
                    daily=refresh.daily,
                    timezone=None if refresh.daily is None else town.city.timezone,
                )


async def work(settings: Settings, url: str, stop: asyncio.Event, *, grace: float) -> None:
    """Open a hub and work until `stop` is set; what runs then may finish within `grace` seconds."""
    hub = await open_worker(settings, url)
    try:
        jobs = Work(hub)
        async with hub.database.pool.acquire() as connection:
            await schedules.sync(connection, jobs.schedules(), hub.clock.now())
        worker = Worker(hub.database.pool, jobs.handlers(), clock=hub.clock)
        running = asyncio.create_task(worker.run())
        keeping = asyncio.create_task(_keep(hub))
        await asyncio.wait([running, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        keeping.cancel()
        await worker.stop(timedelta(seconds=grace))
        await running
    finally:
        await hub.close()


async def _keep(hub: Hub) -> None:
    """At once and then every hour; a database that is away is tried again the next hour."""
    while True:
        try:
            cities = [town.city.id for town in hub.towns.by_slug.values()]
            for city_id in cities:
                # A job that was given up, as for a town whose configuration was wrong for a while, left them waiting.
                await hub.intake.rearm(city_id)
                await hub.tokens.provider.rotate_when_due(city_id)
            gone = await retention.keep(hub.database, cities, hub.clock.now())
            log.info("retention_kept", gone=gone)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("retention_not_kept", because=str(error))
        await asyncio.sleep(_KEEP_EVERY)
