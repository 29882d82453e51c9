"""Deliveries to back offices that take 200 ms, with one worker and with two.

A town has eight REST back offices (real HTTP on loopback) that answer a POST after 200 ms. Deliveries of one step are put
in line for all of them in one transaction, and the time until the last has arrived is taken: first one worker process
carries them, then two. Each does eight jobs at a time, of which one town gets three quarters, so that places are what
limits and not this machine's cores; a back office is sent at most four things at once, however many workers there are.

    python -m benchmarks delivery
    python -m benchmarks.delivery CONCURRENCY     a worker, as this row starts it
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.back_office import serve
from benchmarks.installation import Installation, installation
from benchmarks.processes import started
from benchmarks.row import Row, at_least
from hub.hub import Hub, open_worker
from hub.jobs.worker import Worker
from hub.settings import Settings
from hub.worker import Work

GOAL = 1.8
SECONDS = 0.2
OFFICES = 8
CONCURRENCY = 8
TOWN = "sporograd"
_NOUN = "benchmark"

_CITY = """\
id: 900
slug: {town}
name: {{ hr: Sporograd, en: Sporograd }}
country: HR
currency: EUR
timezone: Europe/Zagreb
languages: [hr, en]
live: false
payees:
  grad: {{ name: {{ hr: Sporograd }}, account: HR1723600001101234565, place: 10000 Sporograd }}
back_offices:
"""
_BACK_OFFICE = """\
  ured{number}:
    name: {{ hr: Ured {number} }}
    connector: rest
    mapping: slow
    settings: {{ base_url: "{url}" }}
    feeds: {{}}
    deliveries: {{ contact_change: contact_change.delivery.yaml }}
"""
_DELIVERY = """\
delivers: contact_change
steps:
  - name: change
    call: { request: POST /contacts, key_header: Idempotency-Key }
    request: { email: email, key: key }
    receipt: { number: number }
"""


def run(quick: bool) -> list[Row]:
    each = 4 if quick else 30
    with installation() as place:
        rates = {workers: asyncio.run(_measure(place, workers, each)) for workers in (1, 2)}
    return [
        at_least(
            f"delivery to back offices that take {SECONDS * 1000:.0f} ms, two workers",
            (rates[2], "/s"),
            ("one worker", rates[1]),
            rates[2] / rates[1],
            GOAL,
        )
    ]


async def _measure(place: Installation, workers: int, each: int) -> float:
    """Deliveries per second with so many workers, from when they are in line until the last has arrived."""
    urls = place.database(f"bench_delivery_{workers}")
    server = await serve(SECONDS, lambda _: None)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    config = _configure(place.folder / f"config{workers}", url)
    hub = await open_worker(place.settings(urls, config), urls.worker, connect=False)
    try:
        with ExitStack() as stack:
            for number in range(workers):
                stack.enter_context(
                    started(
                        ["benchmarks.delivery", str(CONCURRENCY)],
                        place.folder / f"delivery{workers}{number}.log",
                        place.environment(urls, config),
                    )
                )
            await _listening(hub, workers)
            await _put(hub, 1)
            await _arrived(hub, OFFICES)
            begun = time.perf_counter()
            await _put(hub, each)
            await _arrived(hub, OFFICES * (each + 1))
            return OFFICES * each / (time.perf_counter() - begun)
    finally:
        await hub.close()
        server.close()


async def _put(hub: Hub, each: int) -> None:
    """`each` deliveries for every back office."""
    town = hub.towns.by_slug[TOWN]
    async with hub.database.town(town.city.id) as connection:
        keys = await hub.vault.keys(connection, town.city.id)
        for _ in range(each):
            await hub.deliveries.enqueue(
                connection,
                keys,
                town=town,
                kind="contact_change",
                noun=_NOUN,
                record_id=uuid4(),
                values={"email": "ana@example.org"},
            )


async def _arrived(hub: Hub, number: int) -> None:
    await _until(hub, "select count(*) from deliveries where state = 'delivered'", number)


async def _listening(hub: Hub, number: int) -> None:
    await _until(hub, "select count(*) from pg_stat_activity where application_name = 'munihub-delivery'", number)


async def _until(hub: Hub, query: str, number: int) -> None:
    async with asyncio.timeout(120):
        while True:
            async with hub.database.town(hub.towns.by_slug[TOWN].city.id) as connection:
                if await connection.fetchval(query) >= number:
                    return
            await asyncio.sleep(0.02)


def _configure(config: Path, url: str) -> Path:
    town, mapping = config / "cities" / TOWN, config / "mappings" / "slow"
    town.mkdir(parents=True)
    mapping.mkdir(parents=True)
    offices = "".join(_BACK_OFFICE.format(number=number, url=url) for number in range(OFFICES))
    (town / "city.yaml").write_text(_CITY.format(town=TOWN) + offices, "utf-8")
    (mapping / "contact_change.delivery.yaml").write_text(_DELIVERY, "utf-8")
    return config


async def _work(concurrency: int) -> None:
    """`munihub worker`, with fewer places; ends when it is killed."""
    settings = Settings.from_environment()
    hub = await open_worker(settings, _worker_url(settings))
    handlers: dict[str, Any] = Work(hub).handlers()
    worker = Worker(hub.database.pool, handlers, concurrency=concurrency)
    async with hub.database.pool.acquire() as connection:
        # By this name the row knows that it has come.
        await connection.execute("set application_name = 'munihub-delivery'")
        await worker.run()
    await worker.stop(timedelta())


def _worker_url(settings: Settings) -> str:
    assert settings.worker_url is not None
    return settings.worker_url


if __name__ == "__main__":
    asyncio.run(_work(int(sys.argv[1])))
