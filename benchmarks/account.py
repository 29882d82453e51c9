"""Reading an account over HTTP, walls on, beside a bare FastAPI handler that does the same SQL.

Two servers, each one uvicorn process on loopback over the same database and 8 connections: the hub's own API
(`munihub api`), asked `GET /pregrada/v1/account` with a real access token for another citizen each time; and
benchmarks.floor. 10,000 citizens with 10 obligations and 3 cases each; every citizen was read once before, so that
caches are warm and every token was verified once. Eight connections each send their next request on the answer to the
last one, from a third process.

Rounds alternate between the two. Requests a second are wall time; since the servers, PostgreSQL and the load share the
processors, the processor time of each server and of its PostgreSQL back ends is told beside it (Linux only). Figures
are medians over the rounds; ratios are medians of the ratios of neighbouring rounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from uuid import UUID

from benchmarks.installation import FLOOR, Installation, installation
from benchmarks.load import Load, load
from benchmarks.population import populate
from benchmarks.processes import cpu_seconds, free_port, started, wait_for
from benchmarks.row import Row, at_least, for_information
from hub.hub import open_worker
from hub.storage.provision import APP, DatabaseUrls
from hub.tokens.service import CITIZEN_SCOPES

TOWN = "pregrada"
GOAL = 0.8


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one server: requests a second, and processor seconds per request."""

    rate: float
    server: float
    database: float


def run(quick: bool) -> list[Row]:
    citizens, rounds, seconds = (500, 2, 1.0) if quick else (10_000, 8, 5.0)
    with installation() as place, ExitStack() as stack:
        urls = place.database()
        requests = asyncio.run(_prepare(place, urls, citizens))
        servers = {"hub": start_hub(place, urls, stack), "floor": start_floor(place, stack)}
        clients = stack.enter_context(load(place.folder, requests))
        for name, (port, _) in servers.items():
            clients.once(port, name)
        found: dict[str, list[Round]] = {name: [] for name in servers}
        for _ in range(rounds):
            for name, (port, pid) in servers.items():
                found[name].append(_round(place, clients, name, port, pid, seconds))
    return _rows(found["hub"], found["floor"])


async def _prepare(place: Installation, urls: DatabaseUrls, citizens: int) -> dict[str, list[bytes]]:
    """Fill the database; the requests for each server."""
    hub = await open_worker(place.settings(urls), urls.worker, connect=False)
    try:
        city = hub.towns.by_slug[TOWN].city
        async with hub.database.town(city.id) as connection:
            keys = await hub.vault.keys(connection, city.id)
        subjects = await populate(place.superuser_url(), keys, citizens, obligations=10, cases=3)

        def token(subject_id: UUID) -> str:
            return hub.tokens.sign(city, subject_id, CITIZEN_SCOPES, timedelta(hours=2))

        return {
            "hub": [
                f"GET /{TOWN}/v1/account HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
                f"Accept-Language: hr,en;q=0.8\r\nAuthorization: Bearer {token(one)}\r\n\r\n".encode()
                for one in subjects
            ],
            "floor": [
                f"GET /accounts/{one} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
                "Accept-Language: hr,en;q=0.8\r\n\r\n".encode()
                for one in subjects
            ],
        }
    finally:
        await hub.close()


def start_hub(place: Installation, urls: DatabaseUrls, stack: ExitStack) -> tuple[int, int]:
    """Port and process id."""
    port, log = free_port(), place.folder / "api.log"
    arguments = ["hub.cli", "api", "--port", str(port), "--log-level", "warning"]
    process = stack.enter_context(started(arguments, log, place.environment(urls)))
    wait_for(port, process, log)
    return port, process.pid


def start_floor(place: Installation, stack: ExitStack) -> tuple[int, int]:
    port, log = free_port(), place.folder / "floor.log"
    url = place.floor_url()
    process = stack.enter_context(started(["benchmarks.floor", str(port)], log, {"DATABASE_URL": url}))
    wait_for(port, process, log)
    return port, process.pid


def _round(place: Installation, clients: Load, name: str, port: int, pid: int, seconds: float) -> Round:
    with place.superuser() as connection:
        role = APP if name == "hub" else FLOOR
        found = connection.execute("select pid from pg_stat_activity where usename = %s", [role])
        backends = [pid for (pid,) in found if isinstance(pid, int)]
    before = cpu_seconds([pid]), cpu_seconds(backends)
    count, took = clients.run(port, name, seconds)
    after = cpu_seconds([pid]), cpu_seconds(backends)
    return Round(count / took, (after[0] - before[0]) / count, (after[1] - before[1]) / count)


def _rows(hub: list[Round], floor: list[Round]) -> list[Row]:
    def middle(rounds: list[Round], value: Callable[[Round], float]) -> float:
        return median(value(one) for one in rounds)

    rates = median(ours.rate / other.rate for ours, other in zip(hub, floor, strict=True))
    rows = [
        at_least(
            "account read, walls on: requests/s",
            (middle(hub, lambda one: one.rate), "/s"),
            ("bare FastAPI", middle(floor, lambda one: one.rate)),
            rates,
            GOAL,
        )
    ]
    for name, value in (
        ("account read: processor time of the server", lambda one: one.server),
        ("account read: processor time of PostgreSQL", lambda one: one.database),
    ):
        if middle(hub, value) and middle(floor, value):
            rows.append(
                for_information(name, (middle(hub, value) * 1e6, "µs"), ("bare FastAPI", middle(floor, value) * 1e6))
            )
    return rows
