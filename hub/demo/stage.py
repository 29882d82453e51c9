"""Everything the demonstration runs: simulators, API and worker as processes of their own, in a folder of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from hub.child import start_child
from hub.kernel.errors import NotReady
from hub.settings import PROJECT

HOST = "127.0.0.1"
TOWNS = {
    "pregrada": {"financije": "pregrada_financije", "urudzbeni": "pregrada_urudzbeni"},
    "vzorov": {"ucetnictvi": "vzorov_ucetnictvi", "registr": "vzorov_registr", "podatelna": "vzorov_podatelna"},
}
"""Back office → simulator, by town."""
EIDS = {"pregrada": {"nias": "eid_nias"}, "vzorov": {"nia": "eid_nia"}}
"""eID → simulator, by town."""
GATEWAYS = {
    "pregrada": {"kartica": "gateway_monri", "komunalije": "gateway_sandbox"},
    "vzorov": {"karta": "gateway_csob"},
}
"""Card gateway → simulator, by town."""
BANK = "bank"
"""The simulator of every bank there is."""
_METADATA = {
    "eid_nias": "/metadata",
    "eid_nia": "/fpsts/FederationMetadata/2007-06/FederationMetadata.xml",
}
"""Where a simulated eID publishes its metadata."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything runs. `simulators` are addresses by name."""

    var: Path
    api: str
    simulators: Mapping[str, str]
    environment: Mapping[str, str]

    def command(self, *arguments: str) -> str:
        """Run `munihub …` on this stage; returns what it printed. Raises NotReady with what went wrong."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "hub.cli", *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotReady(f"munihub {' '.join(arguments)} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()


class Processes:
    """Children of the stage, ended in reverse order; their output goes to files."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs, self._environment = logs, environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        with (self._logs / f"{name}.log").open("ab") as log:
            process = start_child(
                arguments,
                env=dict(self._environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                start_new_session=True,  # Ctrl-C reaches this process, which ends its children in order
            )
        self._running[name] = process

    def kill(self, name: str) -> None:
        """End one as a crash would (SIGKILL)."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def refuse_dead(self) -> None:
        """Raises NotReady with the end of its log when a child has died."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = self._logs / f"{name}.log"
                last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-12:])
                raise NotReady(f"{name} ended with {process.returncode}; the end of {log}:\n{last}")

    def let_go(self, names: Iterable[str]) -> list[str]:
        """Which of these have ended. They are no reason to stop: whoever stopped one wants to see what follows."""
        gone = [name for name in names if name in self._running and self._running[name].poll() is not None]
        for name in gone:
            del self._running[name]
        return gone

    def stop(self) -> list[str]:
        """End all gracefully; returns the names of those that had to be killed."""
        stubborn = []
        for name, process in reversed(self._running.items()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                stubborn.append(name)
                process.kill()
                process.wait()
        self._running.clear()
        return stubborn


@contextmanager
def staged(var: Path, port: int | None, programs: Sequence[str] = ("serve",)) -> Iterator[tuple[Stage, Processes]]:
    """Start everything and wait until it answers; end everything afterwards.

    `programs` are commands of munihub: `serve`, or `api` and `worker` apart.

    `port` of the API; None takes a free one. The simulators' ports are free ones, so that a second
    demonstration or a program on a port of the configuration is no obstacle.
    """
    logs = var / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    plays = (TOWNS, EIDS, GATEWAYS)
    names = [BANK, *(simulator for kinds in plays for by_name in kinds.values() for simulator in by_name.values())]
    ports = _free_ports(len(names) + 1)
    simulators = {name: f"http://{HOST}:{ports.pop()}" for name in names}
    api = f"http://{HOST}:{port or ports.pop()}"
    environment = dict(os.environ) | {
        "MUNIHUB_VAR": str(var),
        "MUNIHUB_CONFIG_PATH": str(var / "config"),
        "MUNIHUB_PUBLIC_URL": api,
        "PYTHONUNBUFFERED": "1",
    }
    for name in ("MUNIHUB_DATABASE_URL", "MUNIHUB_WORKER_DATABASE_URL", "MUNIHUB_OWNER_DATABASE_URL"):
        environment.pop(name, None)  # the demonstration keeps to its own folder
    _secrets(var)
    stage = Stage(var, api, simulators, environment)
    processes = Processes(logs, environment)
    try:
        for name, address in simulators.items():
            processes.start(name, "-m", "simulators", name, "--port", address.rpartition(":")[2], "--hub", api)
        _await_answers(stage, processes, [f"{address}/_control" for address in simulators.values()])
        _configure(var, simulators)
        for program in programs:
            start(stage, processes, program)
        # Without a worker nobody has prepared the towns yet: the API is alive, and says "not right now".
        door = "/healthz" if set(programs) == {"api"} else "/readyz"
        _await_answers(stage, processes, [f"{api}{door}"])
        yield stage, processes
    finally:
        processes.stop()


def start(stage: Stage, processes: Processes, program: str) -> None:
    """Start `munihub serve`, `api` or `worker` on the stage."""
    port = () if program == "worker" else ("--port", stage.api.rpartition(":")[2])
    processes.start(program, "-m", "hub.cli", program, *port)


def _configure(var: Path, simulators: Mapping[str, str]) -> None:
    """Towns that extend ours, with the addresses of this stage's simulators, which must be answering."""
    folder = var / "config"
    shutil.rmtree(folder, ignore_errors=True)
    for town, offices in TOWNS.items():
        ours = PROJECT / "config" / "cities" / town / "city.yaml"
        configured = yaml.safe_load(ours.read_text("utf-8"))
        over = {
            kind: {
                name: {"settings": _at(configured[kind][name]["settings"], simulators[simulator])}
                for name, simulator in by_name.items()
            }
            for kind, by_name in (("back_offices", offices), ("gateways", GATEWAYS[town]))
        }
        file = folder / "cities" / town / "city.yaml"
        file.parent.mkdir(parents=True)
        eids = {
            eid: {"settings": {"metadata": str(_metadata(file.parent / f"{eid}.metadata.xml", simulator, simulators))}}
            for eid, simulator in EIDS[town].items()
        }
        content = {"extends": [str(ours)], **over, "eids": eids}
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


def _metadata(file: Path, simulator: str, simulators: Mapping[str, str]) -> Path:
    """The metadata as the simulator publishes them: they have its addresses and are signed, so they are fetched."""
    with httpx.Client(timeout=10, trust_env=False) as client:
        file.write_bytes(client.get(simulators[simulator] + _METADATA[simulator]).raise_for_status().content)
    return file


def _at(settings: Mapping[str, object], address: str) -> dict[str, object]:
    """The settings' addresses, moved to where the simulator runs."""
    moved: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, str) and value.startswith("http://127.0.0.1:"):
            moved[key] = address + "".join(value.partition("127.0.0.1:")[2].partition("/")[1:])
        elif isinstance(value, dict) and (inner := _at(value, address)):
            moved[key] = inner
    return moved


def _secrets(var: Path) -> None:
    folder = var / "secrets"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in yaml.safe_load((PROJECT / "simulators" / "secrets.yaml").read_text("utf-8")).items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(value, "utf-8")


def _await_answers(stage: Stage, processes: Processes, urls: Sequence[str], patience: float = 90.0) -> None:
    waiting = list(urls)
    deadline = time.monotonic() + patience
    with httpx.Client(timeout=2, trust_env=False) as client:
        while waiting:
            processes.refuse_dead()
            if time.monotonic() > deadline:
                raise NotReady(f"{waiting[0]} does not answer after {patience:.0f} seconds; see {stage.var}/logs")
            try:
                if client.get(waiting[0]).is_success:
                    waiting.pop(0)
                    continue
            except httpx.HTTPError:
                pass
            time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
