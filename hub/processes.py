"""The hub's processes: the API, the worker, and both under one parent for a town with one server."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
import uvloop

from hub.child import start_child
from hub.hub import Hub, open_api
from hub.kernel.errors import ConfigurationError
from hub.running import running
from hub.settings import Settings
from hub.worker import work

log = structlog.get_logger(__name__)

GRACE = 15.0
"""Seconds in which requests and jobs may finish after SIGTERM."""

_LONG_LIFE = 60.0
"""Seconds after which a process has shown that it can live."""


REFUSED = 2
"""Exit code of a process that an administrator has to help: it has said in one sentence how."""


def run_api(host: str, port: int, log_level: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    from portal_api.app import create_server

    settings = Settings.from_environment()
    with listening(host, port) as listener, running(settings) as database:

        async def run() -> None:
            # Opened before there is a server, so that what is wrong is one sentence and not the server's stack.
            hub = await open_api(settings, database.app_url)

            async def opened() -> Hub:
                return hub

            server = create_server(opened, log_level=log_level, timeout_graceful_shutdown=int(GRACE), tls=settings.tls)
            watch = asyncio.create_task(database.supervise())
            log.info("api_listens", host=host, port=port)
            try:
                await server.serve(sockets=[listener])
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

        _run(run())


def _run(main: Coroutine[Any, Any, None]) -> None:
    """As asyncio.run, on libuv's loop: less processor time for the same work."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ConfigurationError where the address is taken or not this machine's."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server((str(address[0]), port), family=family, backlog=2048)
    except OSError as error:
        code = error.errno or 0
        key, remedy = {
            errno.EADDRINUSE: ("--port", "Another program listens there: end it, or choose another port."),
            errno.EACCES: ("--port", "Only the system's own programs may listen there: choose a port such as 8000."),
        }.get(code, ("--host", "Choose an address of this machine, such as 127.0.0.1."))
        # Python adds the address, except where it is a name that cannot be found.
        reason = os.strerror(code) if code in errno.errorcode else error.strerror
        raise ConfigurationError(f"{host}:{port} cannot be used: {reason}", key=key, remedy=remedy) from error
    # Accepted connections inherit it. Without it the body of an answer waits some 40 ms for the client's
    # acknowledgement of the head (RFC 896 beside delayed acknowledgements); asyncio sets it on its own sockets only.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


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

        _run(run())


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
