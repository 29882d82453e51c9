"""What the worker does: read feeds, sweep them on schedule, apply what was pushed, keep tables to their class."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from functools import partial
from uuid import UUID

import structlog

from hub.access_log import seals
from hub.alerts.model import TELL
from hub.back_offices import push_jobs
from hub.back_offices.events import EventInterpreter
from hub.back_offices.model import READ, SWEEP, Feed, Town
from hub.back_offices.push_jobs import PushJobs
from hub.blobs import service as blobs
from hub.contracts import service as contracts
from hub.delivery import sweep
from hub.delivery import wake as deliveries
from hub.delivery.lanes import Lanes
from hub.delivery.sweep import Sweep
from hub.figures import counting as figures
from hub.gateways import wake as gateways
from hub.grants import backchannel
from hub.hub import Hub, open_worker
from hub.intake.service import APPLY
from hub.jobs import schedules
from hub.jobs.queue import Job
from hub.jobs.schedules import Schedule
from hub.jobs.worker import Handler, Worker
from hub.kernel.errors import ConfigurationError, HubError
from hub.kit.secrets import find_secret
from hub.payments import model as payments
from hub.personal_data import requests as erasures
from hub.reconciliation import matching
from hub.settings import Settings
from hub.statements import model as statements
from hub.storage import retention
from hub.storage.database import NIL
from hub.storage.failures import FAILED
from hub.watch import conditions, tellings
from hub.watch.conditions import Conditions
from hub.watch.senders import Senders
from hub.watch.tellings import Tellings
from hub.webhooks import service as webhooks
from hub.webhooks.service import Webhooks

log = structlog.get_logger(__name__)

_KEEP_EVERY = 3600.0
_LEASE = timedelta(seconds=10)
_CHECKED_AT = time(4, 40)
"""When interfaces are checked: before anybody is at work, and when the nightly reads are over."""
_JUST_PUSHED = timedelta(minutes=5)
"""What was pushed at most so long ago counts as met in this batch."""


class Work:
    """The handlers of all kinds of jobs."""

    def __init__(self, hub: Hub, *, stopping: Callable[[], bool] = lambda: False) -> None:
        self._hub = hub
        parts = (hub.database, hub.vault, hub.clock, hub.deliveries)
        self._lanes = Lanes(*parts, open_blob=blobs.open, courtesy=hub.courtesy, stopping=stopping)
        self._sweep = Sweep(*parts)
        self._towns = {town.city.id: town for town in hub.towns.by_slug.values()}
        self._pushed = PushJobs(hub.database, hub.vault, hub.clock, hub.files)
        self._logouts = backchannel.LogoutSender(hub.tokens, hub.clock)
        self._webhooks = Webhooks(hub.database, hub.clock, partial(find_secret, folder=hub.settings.secrets))
        self._conditions = Conditions(hub.database, hub.clock)
        self._tellings = Tellings(hub.database, hub.clock, Senders.of_installation(hub.settings, hub.clock))

    def handlers(self) -> dict[str, Handler]:
        return {
            READ: Handler(self.read, lease=_LEASE),
            SWEEP: Handler(self.sweep, lease=_LEASE),
            APPLY: Handler(self.apply, lease=_LEASE),
            deliveries.CARRY: Handler(self.carry, lease=_LEASE),
            deliveries.SWEEP: Handler(self.sweep_deliveries, lease=_LEASE),
            contracts.CHECK: Handler(self.check_contract, lease=_LEASE),
            push_jobs.READ_FILE: Handler(self.read_file, lease=_LEASE),
            push_jobs.LOOK: Handler(self.look),
            push_jobs.REPLAY: Handler(self.replay, lease=_LEASE),
            seals.SEAL: Handler(self.seal),
            payments.EXPIRE: Handler(self.expire_payments),
            webhooks.FAN_OUT: Handler(self.fan_out),
            webhooks.SEND: Handler(self.send_webhooks, lease=timedelta(minutes=1)),
            # Patient: files wait while the town's keys are being replaced.
            statements.READ: Handler(self.read_statement, lease=timedelta(minutes=1), max_attempts=12),
            matching.MATCH: Handler(self.match_entries, lease=timedelta(minutes=1)),
            gateways.ASK: Handler(self.ask_gateways, lease=timedelta(minutes=1)),
            gateways.JUDGE: Handler(self.judge_gateways),
            gateways.REFUND: Handler(self.refund_at_gateways, lease=timedelta(minutes=1)),
            gateways.COMPARE: Handler(self.compare_gateways, lease=timedelta(minutes=1)),
            conditions.WATCH: Handler(self.watch),
            conditions.CHECK_EIDS: Handler(self.check_eids),
            TELL: Handler(self.tell, lease=timedelta(minutes=1)),
            erasures.ERASE: Handler(self.erase),
            backchannel.LOGOUT: Handler(
                self.tell_logout, max_attempts=backchannel.ATTEMPTS, backoff=backchannel.BACKOFF
            ),
        }

    async def read(self, job: Job) -> None:
        """One read; how it went is in the feed's state, so that a dead back office does not fill the queue."""
        town, feed = self._feed(job)
        self._hub.courtesy.came(town.city.id)
        began = self._hub.clock.now()
        report = await self._hub.feeds.read(town, feed, UUID(job.payload["identifier"]))
        await self._hub.contracts.after_reading(feed, began, report.failure)

    async def check_contract(self, job: Job) -> None:
        """Compare a back office's interface with what we recorded of it; what cannot be reached is told there."""
        failure = bool(job.payload.get("failure"))
        await self._hub.contracts.check_if_due(self._town(job), job.payload["back_office"], asked_by_a_failure=failure)

    async def sweep(self, job: Job) -> None:
        await self._hub.feeds.sweep(self._feed(job)[1])

    async def apply(self, job: Job) -> None:
        town, back_office = self._town(job), job.payload["back_office"]
        if back_office not in town.back_offices:
            raise ConfigurationError(f"{town.city.slug} has no back office {back_office!r} any more")
        await self._hub.intake.apply_waiting(job.city_id, back_office, EventInterpreter(town))
        pushed = self._hub.clock.now() - _JUST_PUSHED
        for feed in {event.feed.feed: event.feed for event in town.back_offices[back_office].events.values()}.values():
            await self._hub.contracts.after_reading(feed, pushed, None)

    async def carry(self, job: Job) -> None:
        """Send what waits for one back office; how each went is with the delivery."""
        await self._lanes.run(job, self._town(job))

    async def sweep_deliveries(self, job: Job) -> None:
        await self._sweep.run(self._town(job), job.payload.get("resumed"))

    async def read_file(self, job: Job) -> None:
        await self._pushed.read_file(self._town(job), job)

    async def look(self, job: Job) -> None:
        await self._pushed.look(self._town(job), job)

    async def replay(self, job: Job) -> None:
        await self._pushed.replay(self._town(job), job)

    async def expire_payments(self, job: Job) -> None:
        """As many at a time as leave the others their turn; the rest the next time."""
        async with self._hub.database.town(job.city_id) as connection:
            await self._hub.payments.expire(connection, job.city_id, self._hub.clock.now())
            await self._hub.payments.end_settled(connection, job.city_id, self._hub.clock.now())

    async def fan_out(self, job: Job) -> None:
        await self._webhooks.fan_out(self._town(job))

    async def send_webhooks(self, job: Job) -> None:
        """What failed is with the front end, and sent again by the schedule."""
        await self._webhooks.send(self._town(job), job.payload["client"])

    async def read_statement(self, job: Job) -> None:
        """What is wrong with it is with the file."""
        await self._hub.reconciliation.read(self._town(job), UUID(job.payload["file"]))

    async def match_entries(self, job: Job) -> None:
        await self._hub.reconciliation.match(self._town(job), queued=bool(job.payload.get("queued")))

    async def ask_gateways(self, job: Job) -> None:
        await self._hub.gateways.ask(self._town(job))

    async def judge_gateways(self, job: Job) -> None:
        """What gateways told us, in its order."""
        await self._hub.gateways.judge(self._town(job))

    async def refund_at_gateways(self, job: Job) -> None:
        await self._hub.gateways.refund(self._town(job))

    async def compare_gateways(self, job: Job) -> None:
        await self._hub.gateways.compare(self._town(job))

    async def watch(self, job: Job) -> None:
        town = self._town(job)
        await self._hub.statements.files.look_after(town.city.id)
        await self._conditions.watch(town)
        await self._hub.contracts.settle_unchecked(town)
        await self._webhooks.forget(town)

    async def check_eids(self, job: Job) -> None:
        await self._conditions.check_eids(self._town(job))

    async def tell(self, job: Job) -> None:
        """What failed is with the address, and told again by the schedule."""
        await self._tellings.tell(self._town(job))

    async def seal(self, job: Job) -> None:
        """What was recorded since the last seal, also where a run or two failed."""
        async with self._hub.database.town(job.city_id) as connection:
            await seals.seal(connection, job.city_id, self._hub.clock.now())

    async def erase(self, job: Job) -> None:
        request_id = UUID(job.payload["request"])
        async with self._hub.database.town(job.city_id) as connection:
            await erasures.carry_out(connection, self._town(job).city, request_id, self._hub.clock.now())

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
        yield from push_jobs.schedules(self._towns)
        for town in self._towns.values():
            yield Schedule(
                name=seals.SEAL,
                job={"city_id": town.city.id, "kind": seals.SEAL, "payload": {}, "dedupe": seals.SEAL},
                every=seals.EVERY,
            )
            yield Schedule(
                name=payments.EXPIRE,
                job={"city_id": town.city.id, "kind": payments.EXPIRE, "payload": {}, "dedupe": payments.EXPIRE},
                every=payments.EXPIRE_EVERY,
            )
            yield from self._watching(town)
            yield from self._at_gateways(town)
            yield Schedule(
                name=matching.MATCH,
                job=matching.job(town.city.id, queued=True),
                daily=matching.AGAIN_AT,
                timezone=town.city.timezone,
            )
            if any(office.deliveries for office in town.back_offices.values()):
                yield Schedule(
                    name=deliveries.SWEEP,
                    job={"city_id": town.city.id, "kind": deliveries.SWEEP, "payload": {}, "dedupe": deliveries.SWEEP},
                    every=sweep.EVERY,
                )
            for name, office in town.back_offices.items():
                if office.connector is not None:
                    yield Schedule(
                        name=f"{contracts.CHECK}/{name}",
                        job=contracts.job(town.city.id, name),
                        daily=_CHECKED_AT,
                        timezone=town.city.timezone,
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

    def _at_gateways(self, town: Town) -> Iterator[Schedule]:
        """What is due is looked for every minute, whatever was lost on the way; compared before anybody is at work."""
        city_id, lists = town.city.id, any(one.lists for one in town.gateways.values())
        for kind in (gateways.ASK, gateways.JUDGE, gateways.REFUND):
            yield Schedule(
                name=kind,
                job={"city_id": city_id, "kind": kind, "payload": {}, "dedupe": kind, "key": kind},
                every=gateways.EVERY if town.gateways else gateways.EVERY_WITHOUT,
            )
        if lists:
            yield Schedule(
                name=gateways.COMPARE,
                job={"city_id": city_id, "kind": gateways.COMPARE, "payload": {}, "dedupe": gateways.COMPARE},
                daily=_CHECKED_AT,
                timezone=town.city.timezone,
            )

    def _watching(self, town: Town) -> Iterator[Schedule]:
        """What lasts too long, every minute; what is to be told, where somebody is; eIDs, every morning."""
        city_id = town.city.id
        kinds = {conditions.WATCH: conditions.EVERY}
        if town.city.alerts:
            kinds[TELL] = tellings.EVERY
        if any(client.webhook for client in town.city.clients.values()):
            kinds[webhooks.FAN_OUT] = webhooks.EVERY
        for kind, every in kinds.items():
            yield Schedule(
                name=kind,
                job={"city_id": city_id, "kind": kind, "payload": {}, "dedupe": kind, "key": kind},
                every=every,
            )
        # Without any eID too: what was told of the last one is over then.
        kind = conditions.CHECK_EIDS
        yield Schedule(
            name=kind,
            job={"city_id": city_id, "kind": kind, "payload": {}, "dedupe": kind},
            daily=_CHECKED_AT,
            timezone=town.city.timezone,
        )


async def work(settings: Settings, url: str, stop: asyncio.Event, *, grace: float) -> None:
    """Open a hub and work until `stop` is set; what runs then may finish within `grace` seconds."""
    hub = await open_worker(settings, url)
    try:
        jobs = Work(hub, stopping=stop.is_set)
        async with hub.database.pool.acquire() as connection:
            await schedules.sync(connection, jobs.schedules(), hub.clock.now())
        worker = Worker(hub.database.pool, jobs.handlers(), clock=hub.clock)
        running = asyncio.create_task(worker.run())
        keeping = asyncio.create_task(_keep(hub))
        counting = asyncio.create_task(figures.keep_counting(hub.database, hub.towns.by_slug.values()))
        await asyncio.wait([running, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        keeping.cancel()
        counting.cancel()
        await worker.stop(timedelta(seconds=grace))
        await running
    finally:
        await hub.close()


async def _keep(hub: Hub) -> None:
    """At once and then every hour, each town by itself; what could not be done is tried again the next hour."""
    while True:
        cities = [town.city.id for town in hub.towns.by_slug.values()]
        for city_id in cities:
            try:
                # A job that was given up, as for a town whose configuration was wrong for a while, left them waiting.
                await hub.intake.rearm(city_id)
                await hub.files.rearm(city_id)
                await hub.tokens.provider.rotate_when_due(city_id)
            except (*FAILED, HubError) as error:
                log.warning("town_not_kept", city_id=city_id, because=str(error))
        try:
            gone = await retention.keep(hub.database, cities, hub.clock.now())
            log.info("retention_kept", gone=gone)
        except FAILED as error:
            log.warning("retention_not_kept", because=str(error))
        await asyncio.sleep(_KEEP_EVERY)
