"""A town whose two back offices keep cases: one can be asked by our key, one cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import yaml

from hub.alerts import service as alerts
from hub.delivery import journal, queries
from hub.delivery.lanes import Lanes
from hub.delivery.model import Delivery, Progress
from hub.delivery.sweep import Sweep
from hub.delivery.verbs import Desk
from hub.delivery.wake import CARRY, LANES, SWEEP
from hub.hub import Hub
from hub.jobs.queue import Job
from hub.kernel.clock import FixedClock
from hub.storage.provision import DatabaseUrls
from tests.support.registry import Registry, registry
from tests.support.trial import opened_worker

CITY = 7
STEPS = """
delivers: {kind}
steps:
  - name: case
    call: {{ request: POST /cases, key_header: Idempotency-Key }}
    request: {{ title: {{ from: title, required: true }}, key: key }}
    receipt: {{ number: number }}
    {ask_case}
  - name: document
    each: documents
    call: {{ request: "POST /cases/{{number}}/documents" }}
    request:
      number: receipts.case.number
      key: key
      name: item.name
      content: {{ from: item.content, as: base64 }}
    receipt: {{ id: number }}
    {ask_document}
"""
ASK = """ask: {{ call: {{ request: "GET /{shelf}" }}, request: {{ key: key }}, found: found, settle: 2m, {receipt} }}"""
ASKABLE = STEPS.format(
    kind="{kind}",
    ask_case=ASK.format(shelf="cases", receipt="receipt: { number: number }"),
    ask_document=ASK.format(shelf="documents", receipt="receipt: { id: number }"),
)
DUMB = STEPS.format(kind="{kind}", ask_case="", ask_document="")


def _office(kinds: Mapping[str, str], url: str) -> dict[str, Any]:
    return {
        "name": {"hr": "Pisarnica"},
        "connector": "rest",
        "mapping": "proba",
        "settings": {
            "base_url": url,
            "timeout": {"connect": "1s", "read": "1s", "total": "1s"},
            "breaker": {"failures": 1000},
        },
        "feeds": {},
        "deliveries": dict(kinds),
    }


def write_town(folder: Path, offices: Mapping[str, str], *, city: int = CITY, slug: str = "proba") -> Path:
    """`offices`: name → address. `asked` takes cases and contacts; `dumb` contacts and answers, and cannot be asked."""
    mappings = folder / "mappings" / "proba"
    mappings.mkdir(parents=True, exist_ok=True)
    kinds = {
        "asked": {"open_case": ASKABLE, "contact_change": ASKABLE},
        "dumb": {"answer_case": DUMB, "contact_change": DUMB},
    }
    blocks = {}
    for name, url in offices.items():
        for kind, text in kinds[name].items():
            (mappings / f"{name}.{kind}.delivery.yaml").write_text(text.replace("{kind}", kind), "utf-8")
        blocks[name] = _office({kind: f"{name}.{kind}.delivery.yaml" for kind in kinds[name]}, url)
    document = {
        "id": city,
        "slug": slug,
        "name": {"hr": "Proba"},
        "country": "HR",
        "currency": "EUR",
        "timezone": "Europe/Zagreb",
        "languages": ["hr"],
        "payees": {"grad": {"name": {"hr": "Grad Proba"}, "account": "HR1723600001101234565"}},
        "back_offices": blocks,
    }
    file = folder / "cities" / slug / "city.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    return folder


@dataclass
class Delivering:
    """`asked` and `dumb` are the two back offices; `told` what the noun was told."""

    hub: Hub
    clock: FixedClock
    asked: Registry
    dumb: Registry
    lanes: Lanes
    told: list[Progress] = field(default_factory=list)
    blobs: dict[UUID, bytes] = field(default_factory=dict)

    @property
    def town(self) -> Any:
        return self.hub.towns.by_slug["proba"]

    async def put(self, kind: str = "open_case", title: str = "a", *, order: str | None = None, **more: Any) -> UUID:
        """Put one in line; `files=["x"]` gives it documents. Returns the (first) delivery's id."""
        return (await self.put_all(kind, title, order=order, **more))[0]

    async def put_all(
        self,
        kind: str,
        title: str,
        *,
        order: str | None = None,
        files: Sequence[str] = (),
        record_id: UUID | None = None,
        deadline: timedelta | None = None,
    ) -> list[UUID]:
        documents = []
        for name in files:
            blob = uuid4()
            self.blobs[blob] = f"content of {name}".encode()
            documents.append({"blob": blob, "name": name})
        async with self.hub.database.town(CITY) as connection:
            return await self.hub.deliveries.enqueue(
                connection,
                await self.hub.vault.keys(connection, CITY),
                town=self.town,
                kind=kind,
                noun="submission",
                record_id=record_id or uuid4(),
                values={"title": title, "documents": documents},
                order=order,
                deadline=deadline,
            )

    async def run(self, office: str = "asked", lanes: Sequence[int] = range(1, LANES + 1)) -> None:
        """What the jobs of these lanes do now, one lane after the other."""
        for lane in lanes:
            await self.lanes.run(self.job(office, lane), self.town)

    def job(self, office: str, lane: int) -> Job:
        return Job(CITY, lane, CARRY, None, {"back_office": office, "lane": lane}, 1, 5, uuid4())

    async def killed_in(self, office: str = "asked", lane: int = 1) -> None:
        """As `run`, by a worker that is killed when the back office has got the request and done what it does."""
        target = self.asked if office == "asked" else self.dumb
        arrived = asyncio.Event()
        target.on_write = lambda _: arrived.set()
        task = asyncio.create_task(self.lanes.run(self.job(office, lane), self.town))
        await arrived.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        target.on_write = None

    async def sweep(self, resumed: str | None = None) -> None:
        await Sweep(self.hub.database, self.hub.vault, self.clock, self.hub.deliveries).run(self.town, resumed)

    async def look(self, delivery_id: UUID) -> Delivery:
        async with self.hub.database.town(CITY) as connection:
            found = await queries.find(connection, CITY, delivery_id)
        assert found is not None
        return found

    async def states(self) -> list[str]:
        """Of all, in the order they were put in line."""
        return [str(row["state"]) for row in await self.fetch("select state from deliveries order by sequence")]

    async def events(self, delivery_id: UUID) -> list[str]:
        async with self.hub.database.town(CITY) as connection:
            return [str(one.event) for one in await journal.read(connection, CITY, delivery_id)]

    async def receipts(self, delivery_id: UUID) -> dict[str, dict[str, str]]:
        async with self.hub.database.town(CITY) as connection:
            return await queries.receipts_of(connection, CITY, delivery_id)

    async def alerts(self) -> dict[tuple[str, str], int]:
        """Open ones by kind and what they are about: how often each was told."""
        async with self.hub.database.town(CITY) as connection:
            return {(one.kind, one.about): one.times for one in await alerts.open_alerts(connection, CITY)}

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.hub.database.town(CITY) as connection:
            return await connection.fetch(query, *arguments)

    @asynccontextmanager
    async def desk(self, by: str = "stf_test") -> AsyncIterator[Desk]:
        """And then the sweep it calls."""
        async with self.hub.database.town(CITY) as connection:
            keys = await self.hub.vault.keys(connection, CITY)
            yield Desk(connection, keys, self.town, self.clock, by)
        jobs = await self.hub.database.pool.fetch("delete from jobs where kind = $1 returning payload", SWEEP)
        assert len(jobs) == 1
        await self.sweep(json.loads(jobs[0]["payload"]).get("resumed"))


def patient(town: Delivering, office: str) -> None:
    """Answers of this back office are awaited for as long as the test takes."""
    http = town.town.back_offices[office].connector.http
    wait = timedelta(seconds=30)
    http._settings = http._settings.model_copy(
        update={"timeout": http._settings.timeout.model_copy(update={"read": wait, "total": wait})}
    )


@asynccontextmanager
async def delivering(folder: Path, urls: DatabaseUrls, clock: FixedClock) -> AsyncIterator[Delivering]:
    async with registry() as (asked, _), registry() as (dumb, _):
        config = write_town(folder / "config", {"asked": asked.url, "dumb": dumb.url})
        async with opened_worker(folder / "var", urls, config, clock) as hub:
            blobs: dict[UUID, bytes] = {}

            async def open_blob(_: Any, __: Any, blob_id: UUID) -> bytes:
                return blobs[blob_id]

            parts = (hub.database, hub.vault, clock, hub.deliveries)
            lanes = Lanes(*parts, open_blob=open_blob, courtesy=hub.courtesy)
            made = Delivering(hub, clock, asked, dumb, lanes, blobs=blobs)

            async def told(_: Any, __: Any, progress: Progress) -> None:
                made.told.append(progress)

            hub.deliveries.on("submission", told)
            yield made
