"""A citizen asks to have six back offices read again, each of which takes 300 ms to answer.

A town is configured with six REST back offices (real HTTP on loopback, one process for all of them), and `munihub api`
and `munihub worker` run as they are installed. Each round is another citizen, since one who asks again within seconds is
not asked for again: first the six systems are asked directly and at once, and the slowest answer counts; then
`POST /v1/refresh`, from before the connection is made until the `done` event of the stream has come. In between the hub
queues six jobs, the worker takes them, reads, maps and stores six replies of eight records, and tells the API of each.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.installation import Installation, installation
from benchmarks.population import SCHEME, oib
from benchmarks.processes import free_port, started, wait_for
from benchmarks.row import Row, at_most
from hub.hub import open_worker
from hub.storage.provision import DatabaseUrls
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from hub.tokens.service import CITIZEN_SCOPES

GOAL = 1.1
SYSTEMS = 6
SECONDS = 0.3
TOWN = "sporograd"

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
    payee: grad
    settings: {{ base_url: "http://127.0.0.1:{port}" }}
    feeds:
      debts: {{ mapping: obligation.yaml, max_age: 1h }}
"""
_MAPPING = """\
target: obligation
source: { request: GET /debts, parameters: { oib: { alias: hr.oib } }, records: items }
key: id
version: { from: version, as: integer }
subject: { scheme: hr.oib, from: oib }
fields:
  kind: { from: kind, table: { K: fee } }
  title: { from: title, language: hr }
  original: { from: total, as: decimal, currency: EUR }
  outstanding: { from: open, as: decimal, currency: EUR }
  due_on: due
"""


def run(quick: bool) -> list[Row]:
    rounds = 3 if quick else 20
    with installation() as place, ExitStack() as stack:
        ports = [free_port() for _ in range(SYSTEMS)]
        config = _configure(place.folder / "config", ports)
        urls = place.database()
        tokens = asyncio.run(_citizens(place, urls, config, rounds + 2))
        log = place.folder / "slow.log"
        slow = stack.enter_context(started(["benchmarks.slow", str(SECONDS), *map(str, ports)], log))
        for port in ports:
            wait_for(port, slow, log)
        environment = place.environment(urls, config)
        api_port, api_log = free_port(), place.folder / "api.log"
        arguments = ["hub.cli", "api", "--port", str(api_port), "--log-level", "warning"]
        api = stack.enter_context(started(arguments, api_log, environment))
        stack.enter_context(
            started(["hub.cli", "worker", "--log-level", "warning"], place.folder / "worker.log", environment)
        )
        wait_for(api_port, api, api_log)
        took = [asyncio.run(_round(ports, api_port, oib(n), token)) for n, token in enumerate(tokens)][2:]
    slowest, ours = median(one for one, _ in took), median(one for _, one in took)
    return [
        at_most(
            f"refresh over {SYSTEMS} systems that take {SECONDS * 1000:.0f} ms",
            (ours * 1000, "ms"),
            ("the slowest of them", slowest * 1000),
            median(ours / slowest for slowest, ours in took),
            GOAL,
        )
    ]


def _configure(config: Path, ports: list[int]) -> Path:
    town, mapping = config / "cities" / TOWN, config / "mappings" / "slow"
    town.mkdir(parents=True)
    mapping.mkdir(parents=True)
    offices = "".join(_BACK_OFFICE.format(number=number, port=port) for number, port in enumerate(ports, 1))
    (town / "city.yaml").write_text(_CITY.format(town=TOWN) + offices, "utf-8")
    (mapping / "obligation.yaml").write_text(_MAPPING, "utf-8")
    return config


async def _citizens(place: Installation, urls: DatabaseUrls, config: Path, number: int) -> list[str]:
    """Their access tokens."""
    hub = await open_worker(place.settings(urls, config), urls.worker, connect=False)
    try:
        city = hub.towns.by_slug[TOWN].city
        tokens = []
        async with hub.database.town(city.id) as connection:
            keys = await hub.vault.keys(connection, city.id)
            for n in range(number):
                subject_id = await subjects.create(connection, city.id, SubjectKind.PERSON, f"Ana {n}")
                await subjects.prove(
                    connection,
                    keys,
                    subject_id,
                    SCHEME,
                    oib(n),
                    proof=Proof.CLERK,
                    source="counter",
                    now=hub.clock.now(),
                )
                tokens.append(hub.tokens.sign(city, subject_id, CITIZEN_SCOPES, timedelta(hours=1)))
        return tokens
    finally:
        await hub.close()


async def _round(ports: list[int], api_port: int, debtor: str, token: str) -> tuple[float, float]:
    """Seconds the slowest system takes, and seconds the refresh takes."""
    direct = await asyncio.gather(*(_ask(port, f"GET /debts?oib={debtor}", "", b'"due"') for port in ports))
    head = f"Authorization: Bearer {token}\r\nContent-Length: 0\r\n"
    took, said = await _ask(api_port, f"POST /{TOWN}/v1/refresh", head, b'{"waiting":[')
    fresh = said.count(b'"status":"fresh"')
    if fresh != SYSTEMS or b'{"waiting":[]}' not in said:
        raise RuntimeError(f"{fresh} of {SYSTEMS} systems were read:\n{said.decode()}")
    return max(seconds for seconds, _ in direct), took


async def _ask(port: int, request: str, head: str, until: bytes) -> tuple[float, bytes]:
    """Seconds until `until` has come in the answer (and the line it stands in), and all that came."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
        said = b""
        async with asyncio.timeout(30):
            while until not in said:
                part = await reader.read(65536)
                if not part:
                    raise RuntimeError(f"the answer to {request} ended: {said[-500:]!r}")
                said += part
        return time.perf_counter() - begun, said
    finally:
        writer.close()
