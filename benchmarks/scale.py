"""A town of a million citizens beside one of ten thousand: two databases of one server, the same code, the same calls.

    account read    munihub_account for a citizen drawn at random, as the API calls it (app role, walls on): the median
                    time of a call
    push intake     Intake.accept of 100 events, durable: the median time of a batch
    applying        what the worker does with those events: decrypt, map, find whose they are by blind index, upsert

Each citizen has 5 obligations, 1 case, and one message that came in before. The two towns take turns, so that whatever
else the machine does meets both. The larger database does not fit into PostgreSQL's buffers (128 MB by default), as it
would not in a town; the system's cache holds it.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from dataclasses import dataclass, field
from statistics import median
from uuid import UUID

from benchmarks.events import BACK_OFFICE, BATCH, TOWN, batches, body
from benchmarks.installation import Installation, installation
from benchmarks.population import populate
from benchmarks.row import Row, at_most, skipped
from hub.back_offices.events import EventInterpreter
from hub.hub import Hub, open_api, open_worker
from hub.storage.provision import DatabaseUrls

GOAL = 1.2
NEEDED_BYTES = 15 * 10**9
NAMES = {"read": "account read", "accept": "push intake, 100 events", "apply": "applying 100 events"}


@dataclass
class Town:
    """One of the two, and how long each call took there."""

    citizens: int
    urls: DatabaseUrls
    subjects: list[UUID] = field(default_factory=list)
    took: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})


def run(quick: bool) -> list[Row]:
    large, small, reads, pushes = (10_000, 1_000, 200, 5) if quick else (1_000_000, 10_000, 4_000, 60)
    with installation() as place:
        free = shutil.disk_usage(place.folder).free
        if free < NEEDED_BYTES and not quick:
            reason = f"{free / 10**9:.0f} GB free in {place.folder.parent}, {NEEDED_BYTES / 10**9:.0f} GB needed"
            return [skipped(f"{name}, {large:,} citizens", reason) for name in NAMES.values()]
        towns = {name: Town(size, place.database(name)) for name, size in (("munihub", small), ("large", large))}
        asyncio.run(_measure(place, towns, reads, pushes))
        ours, other = towns["large"].took, towns["munihub"].took
        return [
            at_most(
                f"{title}, {large:,} citizens",
                (median(ours[name]) * 1e6, "µs"),
                (f"{small:,} citizens", median(other[name]) * 1e6),
                median(ours[name]) / median(other[name]),
                GOAL,
            )
            for name, title in NAMES.items()
        ]


async def _measure(place: Installation, towns: dict[str, Town], reads: int, pushes: int) -> None:
    for name, town in towns.items():
        hub = await open_worker(place.settings(town.urls), town.urls.worker, connect=False)
        city_id = hub.towns.by_slug[TOWN].city.id
        async with hub.database.town(city_id) as connection:
            keys = await hub.vault.keys(connection, city_id)
        await hub.close()
        town.subjects = await populate(
            place.superuser_url(name), keys, town.citizens, obligations=5, cases=1, messages=True
        )
    apis = {name: await open_api(place.settings(town.urls), town.urls.app) for name, town in towns.items()}
    workers = {
        name: await open_worker(place.settings(town.urls), town.urls.worker, connect=False)
        for name, town in towns.items()
    }
    try:
        for number in range(reads + reads // 4):
            for name, town in _in_turn(towns, number):
                took = await _read(apis[name], random.choice(town.subjects))
                if number >= reads // 4:  # before, plans are made and buffers filled
                    town.took["read"].append(took)
        made = {name: batches(f"S{name}", pushes + 2, 100, town.citizens) for name, town in towns.items()}
        for number in range(pushes + 2):
            for name, town in _in_turn(towns, number):
                accepted, applied = await _push(apis[name], workers[name], body(made[name][number]))
                if number >= 2:
                    town.took["accept"].append(accepted)
                    town.took["apply"].append(applied)
        for name in towns:
            with place.superuser(name) as connection:
                assert connection.execute("select count(*) from dead_letters").fetchone() == (0,)
    finally:
        for hub in (*apis.values(), *workers.values()):
            await hub.close()


def _in_turn(towns: dict[str, Town], number: int) -> list[tuple[str, Town]]:
    """Whoever goes second finds the processor's caches full of the other's data, so that the first changes."""
    return list(towns.items())[:: -1 if number % 2 else 1]


async def _read(hub: Hub, subject_id: UUID) -> float:
    town = hub.towns.by_slug[TOWN]
    today = hub.clock.now().astimezone(town.city.timezone).date()
    async with hub.database.pool.acquire() as connection:
        begun = time.perf_counter()
        found = await connection.fetchval("select munihub_account($1, $2, $3, $4)", town.city.id, subject_id, today, 20)
        took = time.perf_counter() - begun
    assert found
    return took


async def _push(api: Hub, worker: Hub, content: bytes) -> tuple[float, float]:
    town = worker.towns.by_slug[TOWN]
    begun = time.perf_counter()
    receipt = await api.intake.accept(town.city.id, BACK_OFFICE, content, BATCH, {})
    accepted = time.perf_counter()
    settled = await worker.intake.apply_waiting(town.city.id, BACK_OFFICE, EventInterpreter(town))
    applied = time.perf_counter()
    assert receipt.accepted == settled == 100
    return accepted - begun, applied - accepted
