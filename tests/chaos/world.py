"""Everything that runs during chaos, once for all seeds: database, API, two workers, simulators and their wires."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from hub.child import start_child
from hub.demo.stage import BANK, HOST, TOWNS, _free_ports, _secrets
from hub.settings import PROJECT
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.failures import FAILED, PASSING
from tests.chaos.disk import Disk, narrow_disk
from tests.chaos.office import CLOCK
from tests.chaos.towns import GATEWAYS, TLS, WRITES, Person, find_people, find_staff, write_config
from tests.chaos.wire import Wire
from tests.support.certificates import Authority
from tests.support.postgres import reachable_folder

WORKERS = ("worker1", "worker2")
_PATIENCE = 60.0

_DELIVERIES = ", ".join(f"{name} = {name} - $1::interval" for name in ("next_at", "sent_at", "over_at"))
_AT_GATEWAYS = {
    "gateway_attempts": (
        *("ask_at", "asked_at", "created_at", "expires_at", "returned_at", "captured_at", "settled_at"),
    ),
    "gateway_refunds": ("next_at", "sent_at", "created_at", "settled_at"),
}
_OF_JOB = "($2::text is null or payload->>'back_office' = $2)"


class Broken(Exception):
    """The world does not stand: this is no finding of a seed."""


@dataclass
class World:
    """`db` are the superuser's connections of the judge. `staff`: by town, the token of somebody who may do all."""

    folder: Path
    api: str
    environment: dict[str, str]
    server: EmbeddedPostgres
    disk: Disk
    wires: dict[str, Wire]
    ports: dict[str, int]
    client: httpx.AsyncClient
    people: list[Person] = field(default_factory=list)
    staff: dict[str, str] = field(default_factory=dict)
    offices: Sequence[str] = tuple(simulator for town in TOWNS.values() for simulator in town.values())
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _db: asyncpg.Pool | None = None

    # ── Processes ──

    def start(self, name: str) -> None:
        """`api`, `worker1` or `worker2`, as production starts them."""
        program = name.rstrip("12")
        port = ["--port", self.api.rpartition(":")[2]] if program == "api" else []
        self._spawn(name, ["-m", "tests.chaos.process", program, *port])

    def start_offices(self, process: str, names: Sequence[str]) -> None:
        """Simulators that share a process, as they do nothing most of the time."""
        pairs = [text for name in names for text in (name, str(self.ports[name]))]
        self._spawn(process, ["-m", "tests.chaos.office", *pairs])

    def _spawn(self, name: str, arguments: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = start_child(
                arguments,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                start_new_session=True,
            )

    async def kill(self, name: str) -> None:
        process = self.running[name]
        process.kill()
        await asyncio.to_thread(process.wait)

    def dead(self) -> list[str]:
        return [name for name, process in self.running.items() if process.poll() is not None]

    def log_tail(self, name: str, lines: int = 15) -> str:
        text = (self.folder / f"{name}.log").read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    # ── The database server ──

    def postmaster(self) -> int | None:
        try:
            return int((self.server.home / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def stop_database(self, *, immediate: bool) -> None:
        """`immediate`: as a power cut, with a recovery at the next start. Whoever of the hub notices starts it again."""
        if (pid := self.postmaster()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if immediate else signal.SIGINT)

    async def db(self) -> asyncpg.Pool:
        """The judge's connections, once the server answers."""
        for _ in range(600):
            with contextlib.suppress(*FAILED):
                if self._db is None:
                    made = {"application_name": "chaos-judge"}
                    url = self.server.url("postgres")
                    self._db = await asyncpg.create_pool(url, min_size=0, max_size=3, timeout=5, server_settings=made)
                await self._db.execute("select 1")
                return self._db
            await asyncio.sleep(0.1)
        raise Broken("the database does not come back")

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Read while the database may be hit: again, when it was."""
        while True:
            with contextlib.suppress(*PASSING):
                return await (await self.db()).fetch(sql, *values)
            await asyncio.sleep(0.05)

    async def pass_time(self, by: timedelta, *, of: str | None = None) -> None:
        """Everything that waits for a moment waits `by` less: as if that time had passed. `of`: at this back office.

        The hub's own intervals (2 s to 15 min between tries, pauses of a back office) are neither changed nor waited
        for. Rows that somebody has at this moment are left as they are.
        """
        connection = await self.db()
        office = "($2::text is null or back_office = $2)"
        for table, changes, which, whose in (
            ("deliveries", _DELIVERIES, "settled_at is null", office),
            ("delivery_offices", "paused_until = paused_until - $1::interval", "paused_until is not null", office),
            ("jobs", "run_at = run_at - $1::interval", "state = 'queued' and run_at > now()", _OF_JOB),
            ("schedules", "next_at = next_at - $1::interval", "true", "$2::text is null"),
        ):
            await connection.execute(
                f"update {table} set {changes} where ctid = any (array("
                f"select ctid from {table} where {which} and {whose} for update skip locked))",
                by,
                of,
            )
        await connection.execute("notify munihub_jobs")

    async def pass_money_time(self, by: timedelta, *, every: Collection[UUID] | None = None) -> None:
        """The same for what is under way at gateways, whose waits are minutes and hours; with `every`, also for those
        attempts, which may be over, and for what somebody has at this moment.
        """
        connection = await self.db()
        for table, names in _AT_GATEWAYS.items():
            changes = ", ".join(f"{name} = {name} - $1::interval" for name in names)
            async with connection.acquire() as own, own.transaction():
                if every is not None:
                    # Of a row that changes while its lock is waited for, an update would see the old one only.
                    await own.execute(f"lock table {table} in exclusive mode")
                await own.execute(
                    f"update {table} set {changes} where ctid = any (array("
                    f"select ctid from {table} where settled_at is null or attempt_id = any ($2) for update skip locked))",
                    by,
                    list(every or ()),
                )
        await connection.execute(
            """update schedules set next_at = next_at - $1::interval where ctid = any (array(
                   select ctid from schedules where name like '%gateways.%' for update skip locked))""",
            by,
        )

    async def take_up_refunds(self) -> None:
        """As if the minute were over after which the hub looks whether money is to be given back."""
        await self.rows("update schedules set next_at = now() where name like '%gateways.refund%' returning 1")
        await self.rows("select pg_notify('munihub_jobs', '')")

    async def expire_leases(self) -> None:
        """As if a worker had been away for longer than its lease: what it does is begun by another one."""
        await self.rows(
            """update jobs set lease_until = now() - interval '1 s' where ctid = any (array(
                   select ctid from jobs where state = 'running' for update skip locked)) returning 1"""
        )
        await self.rows("select pg_notify('munihub_jobs', '')")

    async def forget_attacks(self) -> None:
        """As if an hour had passed since the last one: of more than so many in an hour a gateway's door keeps none."""
        await self.rows(
            "update gateway_messages set received_at = received_at - interval '1 h' where verdict = 'refused' returning 1"
        )

    # ── Back offices, past their wires ──

    async def control(self, name: str, path: str = "/_control", **body: Any) -> Any:
        # Told to push, it answers when the hub has confirmed it, which may be away meanwhile.
        answer = await self.client.post(f"http://{HOST}:{self.ports[name]}{path}", json=body, timeout=_PATIENCE)
        answer.raise_for_status()
        return answer.json()

    async def look(self, name: str, path: str) -> Any:
        answer = await self.client.get(f"http://{HOST}:{self.ports[name]}/_control/{path}", timeout=_PATIENCE)
        answer.raise_for_status()
        return answer.json()

    async def skew(self, name: str, seconds: int) -> None:
        await self.control(name, CLOCK, skew=seconds)

    async def forgive(self) -> None:
        """Every wire whole, every back office well, every clock right, room on the disk."""
        for wire in self.wires.values():
            await wire.break_it(None)
        for name in self.ports:
            await self.control(name)
            await self.skew(name, 0)
        for name in WRITES.values():
            await self.control(name, "/_control/writes")
        for name in ("gateway_monri", "gateway_netopia", "gateway_sandbox"):
            await self.control(name, "/_control/messages/release")
        self.disk.widen()

    # ── The API ──

    async def answers(self) -> bool:
        try:
            return (await self.client.get(f"{self.api}/readyz", timeout=2)).is_success
        except httpx.HTTPError:
            return False

    async def until_answering(self, patience: float = _PATIENCE) -> None:
        deadline = asyncio.get_running_loop().time() + patience
        while not await self.answers():
            if "api" in self.dead():
                raise Broken(f"the API died by itself:\n{self.log_tail('api')}")
            if asyncio.get_running_loop().time() > deadline:
                raise Broken(f"the API does not answer:\n{self.log_tail('api')}")
            await asyncio.sleep(0.05)


@asynccontextmanager
async def world(plant: str | None) -> AsyncIterator[World]:
    """Start everything, and end it."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(reachable_folder())
        var = folder / "var"
        var.mkdir(mode=0o711)
        _secrets(var)
        server = stack.enter_context(EmbeddedPostgres(var))
        disk = stack.enter_context(narrow_disk(server, folder))
        authority, stranger = Authority(folder, "City CA"), Authority(folder, "Other CA")
        good, bad = authority.issue("office"), stranger.issue("nobody")
        offices = World.offices
        money = [*sorted({simulator for town in GATEWAYS.values() for simulator in town.values()}), BANK]
        names = [*offices, *money]
        free = _free_ports(2 * len(names) + 1)
        ports = {name: free.pop() for name in names}
        wires = {
            name: Wire(
                ports[name],
                free.pop(),
                authority.server_context(good) if name in TLS else None,
                stranger.server_context(bad),
            )
            for name in names
        }
        api = f"http://{HOST}:{free.pop()}"
        config = write_config(folder, wires, authority.file)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MUNIHUB_")} | {
            "MUNIHUB_VAR": str(var),
            "MUNIHUB_CONFIG_PATH": str(config),
            "MUNIHUB_PUBLIC_URL": api,
            "PYTHONUNBUFFERED": "1",
            **({"CHAOS_PLANT": plant} if plant else {}),
        }
        # A connection of its own for each request: one that the server closes at that moment would be no finding.
        alone = httpx.Limits(max_keepalive_connections=0)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=10, trust_env=False, limits=alone))
        made = World(folder, api, environment, server, disk, wires, ports, client)
        stack.push_async_callback(_end, made)
        for name in offices:
            made.start_offices(name, [name])
        made.start_offices("money", money)
        for wire in wires.values():
            await wire.listen()
        for name in (*WORKERS, "api"):
            made.start(name)
        await made.until_answering()
        made.people = await find_people(environment, server)
        made.staff = await find_staff(environment, server)
        await _until_offices_answer(made)
        yield made


async def _end(made: World) -> None:
    for wire in made.wires.values():
        await wire.end()
    if made._db is not None:
        made._db.terminate()
    for process in made.running.values():
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
    for name, process in made.running.items():
        try:
            await asyncio.to_thread(process.wait, 20)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"{name} did not end within 20 seconds and was killed\n")
            process.kill()
            process.wait()


async def _until_offices_answer(made: World) -> None:
    for name in made.ports:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                await made.control(name)
                break
            await asyncio.sleep(0.05)
        else:
            raise Broken(f"{name} does not answer:\n{made.log_tail(name)}")
