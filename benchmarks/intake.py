"""Taking in what back offices push, beside a bare bulk upsert of the same rows.

    hub, in process    Intake.accept: cut the batch into events, encrypt each, keep message and key, queue the job that
                       will read them; one transaction. What the events mean is found out later and not measured here
    floor, in process  the same messages, cut before, into one plain table in one statement: no encryption, no walls

    hub over HTTP      POST /pregrada/push/v1/events with the push secret, to `munihub api`
    floor over HTTP    POST to a bare FastAPI handler that parses the batch and does the same upsert (benchmarks.floor)

Both commit once per batch and wait for the disk (fsync and synchronous_commit on), over the same number of connections
at a time. Rounds alternate; figures are medians of events a second, ratios medians over neighbouring rounds. Nothing is
sent twice, so that every event is new.

Where the distance comes from, in processor time: the database keeps two rows with four indexes where the floor keeps one
with one, which is twice the floor's; the walls cost too little to be seen. Cutting, sealing and numbering are Python's,
which the floor has none of, and take as long as the database. With these as they are the ratio is about a third.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import TypeVar
from uuid import uuid4

import asyncpg
import orjson

from benchmarks.account import start_floor, start_hub
from benchmarks.events import BACK_OFFICE, BATCH, TOWN, batches, body
from benchmarks.floor import EVENTS, EVENTS_TABLE
from benchmarks.installation import Installation, installation
from benchmarks.load import load
from benchmarks.row import Row, at_least
from hub.hub import open_api, open_worker
from hub.storage.provision import DatabaseUrls

GOAL = 0.5
SHAPES = ((100, 1), (500, 1), (100, 4), (500, 4))
"""Events of a batch, and senders at a time."""

T = TypeVar("T")
_runs = count()


def run(quick: bool) -> list[Row]:
    rounds, events = (2, 2_000) if quick else (8, 20_000)
    with installation() as place:
        urls = place.database()
        asyncio.run(_prepare(place, urls))
        rows = asyncio.run(_in_process(place, urls, rounds, events))
        asyncio.run(_emptied(urls))
        return [*rows, _over_http(place, urls, rounds, events)]


async def _prepare(place: Installation, urls: DatabaseUrls) -> None:
    hub = await open_worker(place.settings(urls), urls.worker, connect=False)
    await hub.close()
    connection = await asyncpg.connect(place.floor_url())
    await connection.execute(EVENTS_TABLE)
    await connection.close()


async def _emptied(urls: DatabaseUrls) -> None:
    """No worker applies them here, and the door lets in only so many that wait."""
    connection = await asyncpg.connect(urls.owner)
    await connection.execute("truncate messages")
    await connection.close()


async def _in_process(place: Installation, urls: DatabaseUrls, rounds: int, events: int) -> list[Row]:
    hub = await open_api(place.settings(urls), urls.app)
    pool = await asyncpg.create_pool(place.floor_url(), min_size=1, max_size=8)
    city_id = hub.towns.by_slug[TOWN].city.id

    async def accept(batch: bytes) -> None:
        receipt = await hub.intake.accept(city_id, BACK_OFFICE, batch, BATCH, {})
        assert not receipt.duplicates
        assert not receipt.dead_letters

    async def upsert(columns: Sequence[list[object]]) -> None:
        await pool.execute(EVENTS, city_id, BACK_OFFICE, *columns, datetime.now(UTC))

    rows = []
    try:
        for size, senders in SHAPES:
            found: list[tuple[float, float]] = []
            for number in range(rounds + 1):
                made = batches(f"P{next(_runs)}", events // size, size)
                ours = await _rate([body(batch) for batch in made], accept, senders, size)
                floor = await _rate([_columns(batch) for batch in made], upsert, senders, size)
                if number:  # the first round warms up
                    found.append((ours, floor))
            rows.append(_row(f"push intake, {size} events a batch, {_senders(senders)}", found, "bulk upsert"))
    finally:
        await pool.close()
        await hub.close()
    return rows


def _columns(batch: list[dict[str, object]]) -> list[list[object]]:
    return [
        [f"{event['source']} {event['id']}" for event in batch],
        [uuid4() for _ in batch],
        ["application/cloudevents+json" for _ in batch],
        [orjson.dumps(event) for event in batch],
    ]


async def _rate(work: list[T], do: Callable[[T], Awaitable[None]], senders: int, size: int) -> float:
    """Events a second with so many batches on their way at a time."""
    waiting = iter(work)

    async def send() -> None:
        for one in waiting:
            await do(one)

    begun = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(senders)))
    return len(work) * size / (time.perf_counter() - begun)


def _over_http(place: Installation, urls: DatabaseUrls, rounds: int, events: int) -> Row:
    size, senders = 100, 4
    secret = (place.settings(urls).secrets / "pregrada-financije-push").read_text("utf-8")
    sets: dict[str, list[bytes]] = {}
    for number in range(rounds + 1):
        for name, path in (("hub", f"/{TOWN}/push/v1/events"), ("floor", "/events")):
            sets[f"{name} {number}"] = [
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n"
                f"Content-Type: {BATCH}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                + content
                for content in map(body, batches(f"H{number}", events // size, size))
            ]
    with ExitStack() as stack:
        ports = {"hub": start_hub(place, urls, stack)[0], "floor": start_floor(place, stack)[0]}
        sender = stack.enter_context(load(place.folder, sets, status=202))
        found = []
        for number in range(rounds + 1):
            rates = []
            for name, port in ports.items():
                sent, took = sender.once(port, f"{name} {number}", connections=senders)
                rates.append(sent * size / took)
            if number:
                found.append((rates[0], rates[1]))
    return _row(
        f"push intake over HTTP, {size} events a batch, {_senders(senders)}", found, "bare FastAPI, bulk upsert"
    )


def _senders(number: int) -> str:
    return f"{number} at a time" if number > 1 else "one at a time"


def _row(name: str, found: list[tuple[float, float]], against: str) -> Row:
    return at_least(
        name,
        (median(ours for ours, _ in found), "events/s"),
        (against, median(floor for _, floor in found)),
        median(ours / floor for ours, floor in found),
        GOAL,
    )
