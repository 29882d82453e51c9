"""Serving a simulator over real HTTP on loopback, with the means to hang up on a caller."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

# The control door has no password, so a simulator never listens to anything but its own machine.
HOST = "127.0.0.1"
# A call that is being delayed on purpose does not hold up the end of the process for longer.
_SECONDS_TO_FINISH = 3

_Ends = tuple[tuple[str, int | None] | None, tuple[str, int] | None]
_connections: dict[_Ends, asyncio.Transport] = {}


class _Protocol(H11Protocol):
    """Remembers the connection of each call: ASGI itself has no way to close one unanswered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _connections[self.server, self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _connections.pop((self.server, self.client), None)
        super().connection_lost(exc)


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """Close the connection of the call in `scope` without a byte of answer."""
    _connections[scope["server"], scope["client"]].abort()
    while (await receive())["type"] != "http.disconnect":
        pass


class _Server(uvicorn.Server):
    """Leaves the signals to whoever started it: several may run in one process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
    )


@contextlib.asynccontextmanager
async def running(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` inside the running event loop; yields its base URL, `http://127.0.0.1:PORT`.

    Port 0 takes a free one. Raises OSError where the port is taken.
    """
    listener = _listen(port)
    server = _server(app)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        # The socket listens only once the server has started, and uvicorn announces that by a flag.
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        if serving.done():
            serving.result()
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


async def serve(app: ASGIApp, port: int, started: Callable[[str], None]) -> None:
    """Serve `app` until SIGTERM or SIGINT; calls being answered are finished first.

    `started` is told the base URL. Raises OSError where the port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(app, port) as url:
        started(url)
        await stop.wait()
