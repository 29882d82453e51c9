"""Reading an account while twenty people log in by password: what a hash of argon2id costs everybody else.

One API process (`munihub api`) on loopback. A client sends `GET /pregrada/v1/account` at a steady pace, for another
citizen each time, first with nothing else going on and then while waves of twenty browsers send user name and password
at the same moment; the next wave begins when all are logged in. Told are the 99th percentile of the reads in both, and
how many logins a second were hashed meanwhile. Client, server and PostgreSQL share the processors.
"""

from __future__ import annotations

import asyncio
import html
import re
import shutil
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks.installation import Installation, installation
from benchmarks.population import populate
from benchmarks.processes import free_port, started, wait_for
from benchmarks.row import Row, for_information
from hub.hub import open_worker
from hub.settings import PROJECT
from hub.storage.provision import DatabaseUrls
from hub.tokens.service import CITIZEN_SCOPES

TOWN = "pregrada"
AT_ONCE = 20
PACE = 0.01
"""Seconds between two reads."""

PASSWORD = "tri zelene jabuke padaju"


def run(quick: bool) -> list[Row]:
    waves, citizens = (2, 50) if quick else (10, 1_000)
    with installation() as place, ExitStack() as stack:
        config = _config(place.folder)
        urls = place.database()
        tokens, usernames = asyncio.run(_prepare(place, urls, config, citizens))
        port, log = free_port(), place.folder / "api.log"
        arguments = ["hub.cli", "api", "--port", str(port), "--log-level", "warning"]
        process = stack.enter_context(started(arguments, log, place.environment(urls, config)))
        wait_for(port, process, log)
        quiet, busy, rate = asyncio.run(_measure(f"http://127.0.0.1:{port}", tokens, usernames, waves))
    note = f"{rate:.1f} logins/s meanwhile; the median was {_percentile(quiet, 0.5):.1f} and is {_percentile(busy, 0.5):.1f} ms"
    return [
        for_information(
            f"account read while {AT_ONCE} log in by password, p99",
            (_percentile(busy, 0.99), "ms"),
            ("nobody logs in", _percentile(quiet, 0.99)),
            note=note,
        )
    ]


def _config(folder: Path) -> Path:
    """The project's towns, with passwords in ours."""
    config = folder / "config"
    shutil.copytree(PROJECT / "config", config)
    file = config / "cities" / TOWN / "city.yaml"
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("passwords:")]
    file.write_text("\n".join([*lines, "passwords: { second_factor: none }", ""]), "utf-8")
    return config


async def _prepare(place: Installation, urls: DatabaseUrls, config: Path, citizens: int) -> tuple[list[str], list[str]]:
    """Access tokens of citizens with an account to read, and user names of people with a password."""
    hub = await open_worker(place.settings(urls, config), urls.worker, connect=False)
    try:
        city = hub.towns.by_slug[TOWN].city
        async with hub.database.town(city.id) as connection:
            keys = await hub.vault.keys(connection, city.id)
        subjects = await populate(place.superuser_url(), keys, citizens, obligations=10, cases=3)
        usernames = []
        for subject_id in subjects[:AT_ONCE]:
            async with hub.database.town(city.id) as connection:
                issued = await hub.passwords.issue_first_password(
                    connection, keys, subject_id=subject_id, by="benchmark"
                )
            await hub.passwords.change(city, issued.account_id, PASSWORD)
            usernames.append(issued.username)
        return [hub.tokens.sign(city, one, CITIZEN_SCOPES, timedelta(hours=2)) for one in subjects], usernames
    finally:
        await hub.close()


async def _measure(
    base: str, tokens: list[str], usernames: list[str], waves: int
) -> tuple[list[float], list[float], float]:
    """Seconds of reads in quiet and during the waves, and logins per second of these."""
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        for token in tokens:
            await _read(client, token)
        quiet = await _reads(client, tokens, asyncio.create_task(asyncio.sleep(3.0 * waves / 2)))
        busy: list[float] = []
        hashed = 0.0
        for wave in range(waves):
            # From another address each: the hub counts logins by network.
            transport = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{2 + wave}")
            async with httpx.AsyncClient(base_url=base, timeout=60, transport=transport) as browsers:
                forms = [await _form(browsers) for _ in usernames]
                begun = time.perf_counter()
                logins = asyncio.gather(
                    *(_log_in(browsers, form, name) for form, name in zip(forms, usernames, strict=True))
                )
                busy += await _reads(client, tokens, logins)
                hashed += time.perf_counter() - begun
    return quiet, busy, waves * len(usernames) / hashed


async def _reads(client: httpx.AsyncClient, tokens: list[str], until: asyncio.Future[object]) -> list[float]:
    """Seconds of reads begun every PACE, whether or not the one before was answered, until `until` is done."""
    running = []
    number = 0
    while not until.done():
        running.append(asyncio.create_task(_read(client, tokens[number % len(tokens)])))
        number += 1
        await asyncio.sleep(PACE)
    until.result()
    return await asyncio.gather(*running)


async def _read(client: httpx.AsyncClient, token: str) -> float:
    begun = time.perf_counter()
    answer = await client.get(f"/{TOWN}/v1/account", headers={"Authorization": f"Bearer {token}"})
    answer.raise_for_status()
    return time.perf_counter() - begun


async def _form(client: httpx.AsyncClient) -> tuple[str, str, dict[str, str]]:
    """Address, form token and cookies of one browser at the form for user name and password."""
    client.cookies.clear()
    page = await client.get(f"/{TOWN}/login", follow_redirects=True)
    found = re.search(r'href="([^"]*/login/password\?[^"]*)"', page.text)
    assert found, page.text
    address = html.unescape(found[1])
    page = await client.get(address)
    token = re.search(r'name="form" value="(\w+)"', page.text)
    assert token, page.text
    cookies = dict(client.cookies)
    client.cookies.clear()
    return address, token[1], cookies


async def _log_in(client: httpx.AsyncClient, form: tuple[str, str, dict[str, str]], username: str) -> None:
    address, token, cookies = form
    answer = await client.post(
        address,
        data={"form": token, "username": username, "password": PASSWORD},
        headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
    )
    assert answer.status_code == 303, f"{answer.status_code} {answer.text[:500]}"


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)] * 1000
