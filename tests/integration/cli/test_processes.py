"""`munihub serve` and its like as processes: ended within seconds, revived when killed, refused in one sentence."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from hub.kernel.errors import ConfigurationError
from hub.processes import single
from hub.settings import PROJECT
from hub.storage.provision import ROLES
from tests.integration.cli.conftest import Munihub
from tests.support.hub import SECRETS
from tests.support.postgres import postgres_server, reachable_folder

PATIENCE = 60.0


@dataclass
class Place:
    """An installation of its own; its programs log into `log`."""

    folder: Path
    environment: dict[str, str]
    port: int

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def var(self) -> Path:
        return self.folder / "var"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hub.cli", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)

    def serve(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "hub.cli", "serve", "--port", str(self.port)]
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def left(self) -> list[str]:
        """Processes that belong to this installation."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                if str(self.folder).encode() in words:
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


@pytest.fixture
def place() -> Iterator[Place]:
    with reachable_folder() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MUNIHUB_")}
        environment |= {"MUNIHUB_VAR": f"{folder}/var", "MUNIHUB_CONFIG_PATH": f"{folder}/config"}
        town = folder / "config" / "cities" / "pregrada" / "city.yaml"
        town.parent.mkdir(parents=True)
        ours = PROJECT / "config" / "cities" / "pregrada" / "city.yaml"
        town.write_text(yaml.safe_dump({"extends": [str(ours)]}), "utf-8")
        secrets = folder / "var" / "secrets"
        secrets.mkdir(parents=True)
        secrets.parent.chmod(0o711)
        for name, value in SECRETS.items():
            (secrets / name).touch(0o600)
            (secrets / name).write_text(value, "utf-8")
        made = Place(folder, environment, port)
        yield made
        assert made.left() == []


def until(condition: Callable[[], bool], what: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, (
            f"{what} did not come; the end of its log:\n{log.read_text('utf-8')[-3000:]}"
        )
        time.sleep(0.1)


def children(parent: int) -> dict[str, int]:
    """Pids of `munihub api` and `munihub worker` under `munihub serve`, by command."""
    found = {}
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"hub.cli" in words:
            found[words[words.index(b"hub.cli") + 1].decode()] = int(pid)
    return found


def end(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """SIGTERM; the exit code and after how many seconds it came."""
    began = time.monotonic()
    process.terminate()
    try:
        return process.wait(40), time.monotonic() - began
    finally:
        process.kill()


# ── serve ────────────────────────────────────────────────────────────────────────────────────────


def test_killed_children_are_revived_and_sigterm_ends_everything(place: Place):
    process = place.serve()
    try:
        until(place.ready, "the API", place.log)
        first = children(process.pid)
        assert set(first) == {"api", "worker"}
        assert any("postgres" in line for line in place.left())

        for name in ("api", "worker"):
            os.kill(first[name], signal.SIGKILL)
        until(lambda: set(children(process.pid)) == {"api", "worker"}, "the second lives", place.log)
        second = children(process.pid)
        assert not set(first.values()) & set(second.values())
        until(place.ready, "the API again", place.log)

        # Somebody who hangs on is not waited for.
        with socket.create_connection(("127.0.0.1", place.port)):
            code, seconds = end(process)
    finally:
        process.kill()
    assert code == 0, place.log.read_text("utf-8")
    assert seconds < 20
    assert place.left() == []
    assert "Traceback" not in place.log.read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel tells no child of its parent's death")
def test_a_killed_serve_leaves_nothing_running(place: Place):
    process = place.serve()
    try:
        until(place.ready, "the API", place.log)
        assert set(children(process.pid)) == {"api", "worker"}
    finally:
        process.kill()
        process.wait()
    until(lambda: place.left() == [], "the end of API, worker and database", place.log)
    assert "Traceback" not in place.log.read_text("utf-8")


def test_what_cannot_start_is_not_started_again_and_again(place: Place):
    """The API's own key is open to everybody: a matter for the administrator, and said once."""
    key = place.var / "keys" / "token.json"
    key.parent.mkdir()
    key.write_text("{}", "utf-8")
    key.chmod(0o644)
    process = place.serve()
    try:
        code = process.wait(PATIENCE)
    finally:
        process.kill()
    log = place.log.read_text("utf-8")
    assert code == 2, log
    assert f"{key}: the token key can be read by others. Run `chmod 600 {key}`." in log
    assert "process_died" not in log
    assert "Traceback" not in log
    assert place.left() == []


def test_a_port_in_use_is_said_before_anything_is_started(place: Place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", place.port))
        taken.listen()
        for command in ("serve", "api"):
            done = place.run(command, "--port", str(place.port))
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr == (
                f"ConfigurationError: --port: 127.0.0.1:{place.port} cannot be used: Address already in use. "
                "Another program listens there: end it, or choose another port.\n"
            )
    assert not (place.var / "postgres").exists()


@pytest.fixture
def server_of_somebody() -> Iterator[str]:
    """The address of an administrator on a PostgreSQL where nothing of the hub is."""
    with postgres_server() as server:
        url = server.url("postgres", "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop database munihub with (force)")
            for role in ROLES:
                connection.execute(f"drop role {role}")
        yield url


def test_a_database_that_somebody_runs(place: Place, server_of_somebody: str):
    munihub = Munihub(place.environment)
    file = place.folder / "my hub.env"
    done = munihub.run("database", "prepare", server_of_somebody, "--env-file", str(file))
    assert (done.code, done.out) == (
        0,
        f"Wrote '{file}'. Start with:  export $(cat '{file}'); munihub migrate; munihub serve\n",
    )
    assert file.stat().st_mode & 0o777 == 0o600
    # As a shell reads it, which is not as one would wish: an address on a socket has a & in it.
    command = done.out.partition("Start with:")[2].partition(";")[0]
    read = subprocess.run(["sh", "-c", f"{command}; env"], capture_output=True, text=True, check=True)
    lines = (line.partition("=") for line in read.stdout.splitlines() if line.startswith("MUNIHUB_"))
    given = {name: value for name, _, value in lines}
    assert set(given) == {"MUNIHUB_DATABASE_URL", "MUNIHUB_WORKER_DATABASE_URL", "MUNIHUB_OWNER_DATABASE_URL"}
    assert all(value.endswith("&port=5432") for value in given.values())
    place.environment |= given

    behind = munihub.run("unassigned", "--city", "pregrada")
    assert (behind.code, behind.error) == (
        2,
        "MUNIHUB_DATABASE_URL: the database is behind this version. Run `munihub migrate`.",
    )
    assert munihub.run("migrate").out == "Ready: pregrada\n"

    process = place.serve()
    try:
        until(place.ready, "the API", place.log)
        code, _ = end(process)
    finally:
        process.kill()
    assert code == 0, place.log.read_text("utf-8")
    # No private database was made beside it.
    assert not (place.var / "postgres").exists()


# ── main ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("city", "check", "[/x]"), "NotFound: There is no town '[/x]'; there are pregrada.\n"),
        (
            ("database", "prepare", "postgresql://u:pssst@127.0.0.1:1/x", "--env-file", "/nowhere/e"),
            "ConfigurationError: administrator's URL: PostgreSQL refuses: connection failed: ",
        ),
    ],
)
def test_an_error_is_one_sentence(place: Place, arguments: tuple[str, ...], sentence: str):
    done = place.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
    assert "pssst" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("frobnicate",), ("serve", "--port", "70000"), ("api", "--port", "x"), ("worker", "--log-level", "loud")],
)
def test_a_command_that_is_none(place: Place, arguments: tuple[str, ...]):
    done = place.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: " in done.stderr
    assert "Traceback" not in done.stderr


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────


def test_where_the_api_listens():
    with closing(single.listening("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
        assert one.getsockname() == ("127.0.0.1", port)
        with pytest.raises(ConfigurationError) as caught:
            single.listening("127.0.0.1", port)
    assert str(caught.value) == (
        f"--port: 127.0.0.1:{port} cannot be used: Address already in use. "
        "Another program listens there: end it, or choose another port."
    )
    # What was just ended can be started again.
    single.listening("127.0.0.1", port).close()


def test_an_answer_does_not_wait_for_the_clients_acknowledgement():
    """40 ms at every answer, otherwise: head and body are two writes."""
    with single.listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_that_is_not_ours():
    with pytest.raises(ConfigurationError) as caught:
        single.listening("192.0.2.1", 8000)
    assert str(caught.value) == (
        "--host: 192.0.2.1:8000 cannot be used: Cannot assign requested address. "
        "Choose an address of this machine, such as 127.0.0.1."
    )
