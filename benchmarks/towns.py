"""Two hundred towns on one installation, one of which floods: what the others notice.

One API, one worker, one database. Every town has two back offices: one pushes debts, one is told of changed contact
details (real HTTP on loopback, 20 ms); their mappings lie in one folder that all towns share. In twenty towns a citizen
reads her account, changes how she is reached, and her debts are pushed, at the pace of a busy morning: first while
nothing else happens, then while another town pushes batches of 100 events as fast as they are taken and has thousands
of deliveries in line. Of the twenty, the 95th percentile is told for

    account read    `GET /v1/account` over HTTP
    intake          a push until it is confirmed (202), which is when it is stored
    delivery        a change from when it is sent to the API until the back office has it

and besides, how long a process takes to open 200 towns and how much memory they are.

    python -m benchmarks towns
    python -m benchmarks.towns CONNECT     opens the towns of the environment, as a worker (1) or an API (0)
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import orjson

from benchmarks.events import BATCH, event
from benchmarks.installation import Installation, installation
from benchmarks.load import load
from benchmarks.processes import free_port, started, wait_for
from benchmarks.row import Row, at_most, for_information
from benchmarks.towns_stage import citizen, configure, flood, put_in_line, secret, write_secrets
from hub.bootstrap.towns import open_towns
from hub.hub import open_worker
from hub.settings import PROJECT, Settings

GOAL = 1.2
WATCHED = 20
NAMES = {"read": "account read", "push": "intake", "delivery": "delivery"}
_SECONDS = 0.02
_PAUSE = 0.03


def run(quick: bool) -> list[Row]:
    towns, seconds, waiting = (30, 2.0, 200) if quick else (200, 20.0, 5000)
    with installation() as place:
        return asyncio.run(_measure(place, towns, seconds, waiting))


class Office:
    """The back office of all towns: answers after a while, and says when it was told what."""

    def __init__(self) -> None:
        self.told: dict[str, asyncio.Event] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive; at the end of the benchmark it is cut, which is nobody's fault."""
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
                body = orjson.loads(await reader.readexactly(length))
                if waited := self.told.get(body["email"]):
                    waited.set()
                await asyncio.sleep(_SECONDS)
                said = b'{"number": "1"}'
                head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
                writer.write(head.encode() + said)
                await writer.drain()
        writer.close()


async def _measure(place: Installation, towns: int, seconds: float, waiting: int) -> list[Row]:
    urls = place.database()
    office = Office()
    server = await asyncio.start_server(office.answer, "127.0.0.1", 0)
    config = configure(place, towns, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    settings = place.settings(urls, config)
    write_secrets(settings, towns)
    environment = place.environment(urls, config)
    opened = [_opened(environment, connect) for connect in (False, True)]
    port = free_port()
    hub = await open_worker(settings, urls.worker, connect=False)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(hub.close)
        stack.callback(server.close)
        watched = [await citizen(hub, f"grad{number}", number) for number in range(1, WATCHED + 1)]
        log = place.folder / "api.log"
        stack.enter_context(started(["hub.cli", "worker"], place.folder / "worker.log", environment))
        api = stack.enter_context(started(["hub.cli", "api", "--port", str(port)], log, environment))
        await asyncio.to_thread(wait_for, port, api, log)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        )
        morning = Morning(client, office, watched)
        await morning.run(max(seconds / 4, 1.0))  # plans are made, connections opened
        quiet = await morning.run(seconds)
        flooder = stack.enter_context(load(place.folder, {"flood": flood()}, status=202))
        await put_in_line(hub, "grad0", waiting)
        flooding = asyncio.create_task(asyncio.to_thread(flooder.run, port, "flood", seconds + 1, connections=4))
        await asyncio.sleep(0.5)
        loud = await morning.run(seconds)
        pushed, took = await flooding
    rows = [
        at_most(
            f"{title} in the others of {towns} towns, p95 while one floods",
            (_p95(loud[name]), "ms"),
            ("quiet", _p95(quiet[name])),
            _p95(loud[name]) / _p95(quiet[name]),
            GOAL,
        )
        for name, title in NAMES.items()
    ]
    rows.append(for_information("events taken from the town that floods", (pushed * 100 / took, "/s")))
    for who, one in zip(("an API", "a worker"), opened, strict=True):
        rows.append(for_information(f"opening {towns} towns in {who}", (one["seconds"] * 1000, "ms processor time")))
        rows.append(for_information(f"memory of {towns} towns in {who}", (one["megabytes"], "MB")))
    return rows


class Morning:
    """What happens in the watched towns, one thing after the other in each of three ways."""

    def __init__(self, client: httpx.AsyncClient, office: Office, watched: list[dict[str, Any]]) -> None:
        self._client, self._office, self._watched = client, office, watched
        self._number = 0

    async def run(self, seconds: float) -> dict[str, list[float]]:
        """Milliseconds of each, by name."""
        until = time.monotonic() + seconds
        ways: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "read": self._read,
            "push": self._push,
            "delivery": self._change,
        }
        found = await asyncio.gather(*(self._repeat(way, until) for way in ways.values()))
        return dict(zip(ways, found, strict=True))

    async def _repeat(self, way: Callable[[dict[str, Any]], Awaitable[None]], until: float) -> list[float]:
        took = []
        while time.monotonic() < until:
            begun = time.perf_counter()
            await way(random.choice(self._watched))
            took.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(random.uniform(0, 2 * _PAUSE))
        return took

    async def _read(self, who: dict[str, Any]) -> None:
        answer = await self._client.get(f"/{who['town']}/v1/account", headers=who["headers"])
        answer.raise_for_status()

    async def _push(self, who: dict[str, Any]) -> None:
        self._number += 1
        answer = await self._client.post(
            f"/{who['town']}/push/v1/events",
            content=orjson.dumps([event("W", self._number, who["number"])]),
            headers={"Authorization": f"Bearer {secret(who['town'])}", "Content-Type": BATCH},
        )
        answer.raise_for_status()

    async def _change(self, who: dict[str, Any]) -> None:
        self._number += 1
        email = f"a{self._number}@example.org"
        told = self._office.told[email] = asyncio.Event()
        answer = await self._client.patch(
            f"/{who['town']}/v1/contact-details",
            json={"email": email},
            headers=who["headers"] | {"Idempotency-Key": email},
        )
        answer.raise_for_status()
        async with asyncio.timeout(60):
            await told.wait()
        del self._office.told[email]


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _opened(environment: dict[str, str], connect: bool) -> dict[str, float]:
    """In a process of its own, without what that takes to start."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.towns", str(int(connect))],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _megabytes() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(connect: str) -> None:
    import connectors.rest.connector  # noqa: F401 - what is imported once is not counted
    import portal_api.app  # noqa: F401

    settings = Settings.from_environment()
    before, begun = _megabytes(), time.process_time()
    towns = open_towns(settings, connect=connect == "1")
    took = time.process_time() - begun
    assert not towns.broken
    print(json.dumps({"seconds": took, "megabytes": _megabytes() - before}))


if __name__ == "__main__":
    main(sys.argv[1])
