"""Two hundred towns on one installation, one of which floods: what the others notice.

One API, one worker, one database. Every town has two back offices: one pushes debts, one is told of changed contact
details (real HTTP on loopback, 20 ms); their mappings lie in one folder that all towns share. In twenty towns one citizen
reads her account, another one changes how he is reached, and debts of others are pushed, at the pace of a busy morning:
in rounds in which nothing else happens, and in as many in which another town pushes batches of 100 events as fast as
they are taken and sends the thousands of deliveries that it has in line all the time; between them its flood runs off.
Everything has a moment at which it is to begin, whatever became of what was before, and is counted from there. Of the
twenty, the 95th percentile of all rounds of a kind is told for

    account read    `GET /v1/account` over HTTP
    intake          a push until it is confirmed (202), which is when it is stored
    delivery        a change until the back office has it

beside that of one half of the quiet rounds to the other: where they differ by more than a tenth there is no verdict.
Besides, how long a process takes to open 200 towns and how much memory they are.

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
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain, cycle
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import orjson
import uvloop

from benchmarks.events import BATCH, event
from benchmarks.installation import Installation, installation
from benchmarks.load import load
from benchmarks.processes import free_port, started, wait_for
from benchmarks.row import Row, at_most, for_information
from benchmarks.towns_stage import citizen, configure, flood, hold, let_go, put_in_line, secret, write_secrets
from hub.bootstrap.towns import open_towns
from hub.hub import open_worker
from hub.settings import PROJECT, Settings

GOAL = 1.2
WATCHED = 20
NAMES = {"read": "account read", "push": "intake", "delivery": "delivery"}
EVERY = {"read": 0.04, "push": 0.04, "delivery": 0.07}
"""Seconds from one to the next."""
NOISE = 1.1


def run(quick: bool) -> list[Row]:
    towns, seconds, waiting = (30, 1.0, 200) if quick else (200, 10.0, 5000)
    rounds = [False, True, True, False] * (1 if quick else 2)
    with installation() as place:
        return uvloop.run(_measure(place, towns, rounds, seconds, waiting))


async def _measure(place: Installation, towns: int, rounds: list[bool], seconds: float, waiting: int) -> list[Row]:
    """`rounds`: whether one town floods in each."""
    urls = place.database()
    async with AsyncExitStack() as stack:
        office = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.towns_office"),
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert office.stdin is not None
        assert office.stdout is not None
        stack.push_async_callback(office.wait)
        stack.callback(office.stdin.close)
        config = configure(place, towns, f"http://127.0.0.1:{int(await office.stdout.readline())}")
        settings = place.settings(urls, config)
        write_secrets(settings, towns)
        environment = place.environment(urls, config)
        opened = [_opened(environment, connect) for connect in (False, True)]
        hub = await open_worker(settings, urls.worker, connect=False)
        stack.push_async_callback(hub.close)
        readers = [await citizen(hub, f"grad{number}", number) for number in range(1, WATCHED + 1)]
        movers = [await citizen(hub, f"grad{number}", 1000 + number) for number in range(1, WATCHED + 1)]
        await hold(hub, "grad0")
        await put_in_line(hub, "grad0", waiting)
        port, log = free_port(), place.folder / "api.log"
        stack.enter_context(started(["hub.cli", "worker"], place.folder / "worker.log", environment))
        api = stack.enter_context(started(["hub.cli", "api", "--port", str(port)], log, environment))
        await asyncio.to_thread(wait_for, port, api, log)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        )
        sets = {str(number): flood(number) for number in range(len(rounds)) if rounds[number]}
        flooder = stack.enter_context(load(place.folder, sets, status=202))
        morning = Morning(client, readers, movers)
        hearing = asyncio.create_task(morning.hear(office.stdout))
        await morning.run(seconds)  # plans are made, connections opened
        found: dict[bool, list[dict[str, list[float]]]] = {False: [], True: []}
        pushed = took = 0.0
        for number, loud in enumerate(rounds):
            if loud:
                await let_go(hub, "grad0")
                # One is worked on while others are there; more than one besides would only wait, and lose patience.
                flooding = asyncio.create_task(
                    asyncio.to_thread(flooder.run, port, str(number), seconds + 1, connections=2)
                )
                await asyncio.sleep(0.5)
            found[loud].append(await morning.run(seconds))
            if loud:
                count, lasted = await flooding
                pushed, took = pushed + count * 100, took + lasted
                await hold(hub, "grad0")
        hearing.cancel()
    rows = list(chain.from_iterable(_rows(name, found[False], found[True], towns) for name in NAMES))
    rows.append(for_information("events taken from the town that floods", (pushed / took, "/s")))
    for who, one in zip(("an API", "a worker"), opened, strict=True):
        rows.append(for_information(f"opening {towns} towns in {who}", (one["seconds"] * 1000, "ms processor time")))
        rows.append(for_information(f"memory of {towns} towns in {who}", (one["megabytes"], "MB")))
    return rows


def _rows(name: str, quiet: list[dict[str, list[float]]], loud: list[dict[str, list[float]]], towns: int) -> list[Row]:
    """Loud beside quiet, and one half of the quiet rounds beside the other."""
    beside, ours = _p95(quiet, name), _p95(loud, name)
    less, more = sorted((_p95(quiet[::2], name), _p95(quiet[1::2], name)))
    title = f"{NAMES[name]} in the others of {towns} towns, p95 while one floods"
    row = at_most(title, (ours, "ms"), ("quiet", beside), ours / beside, GOAL)
    if more / less > NOISE:
        row = replace(row, met=None, note="too noisy")
    return [row, for_information(f"{NAMES[name]}, p95 in quiet rounds", (more, "ms"), ("others", less))]


class Morning:
    """What happens in the watched towns, each with its own moment to begin."""

    def __init__(self, client: httpx.AsyncClient, readers: list[dict[str, Any]], movers: list[dict[str, Any]]) -> None:
        self._client, self._readers, self._movers = client, cycle(readers), cycle(movers)
        self._number = 0
        self._told: dict[str, asyncio.Future[float]] = {}

    async def hear(self, office: asyncio.StreamReader) -> None:
        """When the back office was told what."""
        async for line in office:
            email, at = line.decode().split()
            if told := self._told.pop(email, None):
                told.set_result(float(at))

    async def run(self, seconds: float) -> dict[str, list[float]]:
        """Milliseconds of each from when it was to begin, by name."""
        ways = {"read": self._read, "push": self._push, "delivery": self._change}
        took: dict[str, list[float]] = {name: [] for name in ways}
        begun = time.monotonic() + 0.1
        async with asyncio.TaskGroup() as group:
            for name, way in ways.items():
                for number in range(int(seconds / EVERY[name])):
                    at = begun + (number + random.random()) * EVERY[name]
                    group.create_task(self._one(way, at, took[name]))
        return took

    @staticmethod
    async def _one(way: Callable[[], Awaitable[float]], at: float, took: list[float]) -> None:
        await asyncio.sleep(at - time.monotonic())
        took.append((await way() - at) * 1000)

    async def _read(self) -> float:
        who = next(self._readers)
        answer = await self._client.get(f"/{who['town']}/v1/account", headers=who["headers"])
        answer.raise_for_status()
        return time.monotonic()

    async def _push(self) -> float:
        """About somebody who reads nothing, so that no account grows."""
        self._number += 1
        town = next(self._readers)["town"]
        answer = await self._client.post(
            f"/{town}/push/v1/events",
            content=orjson.dumps([event("W", self._number, 100_000 + self._number)]),
            headers={"Authorization": f"Bearer {secret(town)}", "Content-Type": BATCH},
        )
        answer.raise_for_status()
        return time.monotonic()

    async def _change(self) -> float:
        self._number += 1
        who, email = next(self._movers), f"a{self._number}@example.org"
        told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._told[email] = told
        answer = await self._client.patch(
            f"/{who['town']}/v1/contact-details",
            json={"email": email},
            headers=who["headers"] | {"Idempotency-Key": email},
        )
        answer.raise_for_status()
        async with asyncio.timeout(60):
            return await told


def _p95(rounds: list[dict[str, list[float]]], name: str) -> float:
    return quantiles(chain.from_iterable(one[name] for one in rounds), n=20)[-1]


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
