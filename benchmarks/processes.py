"""Processes that are measured from outside: started, waited for, their processor time read, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.settings import PROJECT

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def started(
    arguments: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m …` until the block ends; what it says goes to `log`, whose end is shown when it died."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
        if process.poll() is not None:
            raise RuntimeError(f"{arguments[0]} ended by itself:\n{_tail(log)}")
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once something listens. Raises RuntimeError where the process dies first or takes a minute."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}:\n{_tail(log)}")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time the processes have used so far, all threads, user and system (proc(5), /proc/pid/stat)."""
    ticks = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            after_name = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
            ticks += int(after_name[11]) + int(after_name[12])
    return ticks / _TICKS


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
