"""One process of the hub, the API or the worker, until it is told to end."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop

from hub.hub import Hub, open_api
from hub.kernel.errors import ConfigurationError
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
