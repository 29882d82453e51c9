"""A town whose back offices are simulators over real HTTP, and the jobs that send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from hub.back_offices.model import Town
from hub.blobs import service as blobs
from hub.delivery.lanes import Lanes
from hub.delivery.wake import CARRY, LANES
from hub.hub import Hub
from hub.jobs.queue import Job
from hub.kernel.clock import FixedClock
from hub.settings import PROJECT
from hub.storage.database import NIL
from hub.storage.provision import DatabaseUrls
from tests.integration.simulators.harness import Simulator, start
from tests.support.hub import Api, make_settings, opened
from tests.support.trial import opened_worker

# Answers are awaited for a moment only, and nothing is paused: a test waits for nobody.
_QUICK = {"timeout": {"connect": "2s", "read": "1s", "total": "2s"}, "breaker": {"failures": 1000}}


@dataclass
class Sending:
    """`api` is what citizens ask, `worker` what sends, `offices` the simulators by back office."""

    api: Api
    worker: Hub
    clock: FixedClock
    city: str
    offices: dict[str, Simulator]
    lanes: Lanes

    @property
    def town(self) -> Town:
        return self.worker.towns.by_slug[self.city]

    async def send(self, after: timedelta = timedelta()) -> None:
        """What the jobs of all back offices do, some time later."""
        self.clock.move(after)
        for name in self.offices:
            for lane in range(1, LANES + 1):
                payload = {"back_office": name, "lane": lane}
                await self.lanes.run(Job(self.town.city.id, lane, CARRY, None, payload, 1, 5, uuid4()), self.town)

    async def read(self, back_office: str, feed: str, scheme: str, value: str) -> None:
        """What a refresh reads of one person."""
        city_id = self.town.city.id
        async with self.worker.database.town(city_id) as connection:
            found = await connection.fetchval(
                "select identifier_id from identifiers where city_id = $1 and scheme = $2 limit 1", city_id, scheme
            )
        feed_of = self.town.back_offices[back_office].feeds[feed]
        report = await self.worker.feeds.read(self.town, feed_of, found if feed_of.needs else NIL)
        assert report.failure is None

    async def ledger(self, back_office: str) -> dict[str, Any]:
        return (await self.offices[back_office].client.get("/_control/writes")).json()


@asynccontextmanager
async def sending(
    folder: Path, urls: DatabaseUrls, clock: FixedClock, city: str, **offices: tuple[str, str]
) -> AsyncIterator[Sending]:
    """`offices`: back office → (simulator, which settings are addresses of it, each with the path there: `base_url
    auth.token_url/oauth/token`, or `endpoint/x`).
    """
    async with AsyncExitStack() as stack:
        running: dict[str, Simulator] = {}
        over: dict[str, Any] = {}
        for name, (simulator, where) in offices.items():
            running[name] = await stack.enter_async_context(start(simulator))
            over[name] = {"settings": deepcopy(_QUICK)}
            for one in where.split():
                setting, _, path = one.partition("/")
                block = over[name]["settings"]
                for outer in setting.split(".")[:-1]:
                    block = block.setdefault(outer, {})
                block[setting.split(".")[-1]] = running[name].url + (f"/{path}" if path else "")
        file = folder / "config" / "cities" / city / "city.yaml"
        file.parent.mkdir(parents=True)
        ours = PROJECT / "config" / "cities" / city / "city.yaml"
        file.write_text(yaml.safe_dump({"extends": [str(ours)], "back_offices": over}), "utf-8")
        settings = make_settings(folder / "var", urls, folder / "config")
        api = await stack.enter_async_context(opened(settings, urls, clock))
        worker = await stack.enter_async_context(opened_worker(folder / "var", urls, folder / "config", clock))
        parts = (worker.database, worker.vault, clock, worker.deliveries)
        lanes = Lanes(*parts, open_blob=blobs.open, courtesy=worker.courtesy)
        yield Sending(api, worker, clock, city, running, lanes)
