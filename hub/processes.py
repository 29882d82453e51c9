"""The hub's processes: the API, the worker, and both under one parent for a town with one server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import structlog

from hub.hub import open_api
from hub.running import running
from hub.settings import Settings
from hub.worker import work

log = structlog.get_logger(__name__)

GRACE = 15.0
"""Seconds in which requests and jobs may finish after SIGTERM."""


def run_api(host: str, port: int, log_level: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    from portal_api.app import create_server

    settings = Settings.from_environment()
    with running(settings) as database:
        server = create_server(
            lambda: open_api(settings, database.app_url),
            host=host,
            port=port,
            log_level=log_level,
            timeout_graceful_shutdown=int(GRACE),
        )

        async def run() -> None:
            watch = asyncio.create_task(database.supervise())
            try:
                await server.serve()
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

        asyncio.run(run())


def run_worker() -> None:
    """Work until SIGTERM or SIGINT."""
    settings = Settings.from_environment()
    with running(settings) as database:

        async def run() -> None:
            stop = asyncio.Event()
            for one in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(one, stop.set)
            watch = asyncio.create_task(database.supervise())
            try:
                await work(settings, database.worker_url, stop, grace=GRACE)
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

        asyncio.run(run())


@dataclass
class _Child:
    """One process under the parent, started again when it dies, ever more slowly when it dies at once."""

    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 0.5

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-m", "hub.cli", *self.arguments])  # noqa: S603 - our own

    def revive(self) -> None:
        """Start again when it is gone and its pause is over."""
        assert self.process is not None
        code = self.process.poll()
        if code is None or time.monotonic() - self.started_at < self.pause:
            return
        long_lived = time.monotonic() - self.started_at > 60
        self.pause = 0.5 if long_lived else min(self.pause * 2, 30)
        log.error("process_died", process=self.arguments[0], code=code, pause=self.pause)
        self.start()


def serve(host: str, port: int, log_level: str) -> int:
    """API and worker as children of this process, which keeps the private database for both; returns the exit code."""
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
    with running(Settings.from_environment()):
        for child in children:
            child.start()
        while not stopping:
            time.sleep(0.2)
            for child in children:
                child.revive()
        return _stop_all(children)


def _stop_all(children: list[_Child]) -> int:
    """End all; one that does not end in time is killed, and that is a failure."""
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
