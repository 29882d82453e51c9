"""API and worker under one parent: started again when they die, ended together."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from dataclasses import dataclass

import structlog

from hub.child import start_child
from hub.processes.single import GRACE, listening
from hub.running import running
from hub.settings import Settings

log = structlog.get_logger(__name__)

REFUSED = 2
"""Exit code of a process that an administrator has to help: it has said in one sentence how."""

_LONG_LIFE = 60.0
"""Seconds after which a process has shown that it can live."""


@dataclass
class _Child:
    """One process under the parent, started again when it dies, ever more slowly when it dies at once."""

    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 0.5
    lives: int = 0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.lives += 1
        self.process = start_child(["-m", "hub.cli", *self.arguments])

    def keep(self) -> int:
        """Start again when it is gone and its pause is over. An exit code where that would be of no use."""
        assert self.process is not None
        code, age = self.process.poll(), time.monotonic() - self.started_at
        if code == REFUSED and self.lives == 1 and age < _LONG_LIFE:
            return REFUSED
        if code is None or age < self.pause:
            return 0
        self.pause = 0.5 if age > _LONG_LIFE else min(self.pause * 2, 30)
        log.error("process_died", process=self.arguments[0], code=code, pause=self.pause)
        self.start()
        return 0


def serve(host: str, port: int, log_level: str) -> int:
    """API and worker as children of this process, which keeps the private database for both; returns the exit code.

    A child that dies is started again, unless it refuses to start in the first place: then all end.
    """
    children = [
        _Child(["api", "--host", host, "--port", str(port), "--log-level", log_level]),
        _Child(["worker", "--log-level", log_level]),
    ]
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    listening(host, port).close()
    with running(Settings.from_environment()):
        for child in children:
            child.start()
        code = 0
        while not stopping and not code:
            time.sleep(0.2)
            code = max(child.keep() for child in children)
        return max(code, _stop_all(children))


def _stop_all(children: list[_Child]) -> int:
    """End all; one that does not end in time is killed, and that is a failure: 1."""
    code = 0
    for child in children:
        if child.process is not None and child.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(GRACE + 10)
        except subprocess.TimeoutExpired:
            log.error("process_killed", process=child.arguments[0])
            child.process.kill()
            child.process.wait()
            code = 1
    return code
