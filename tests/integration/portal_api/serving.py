"""The API behind a real server on loopback, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from hub.hub import open_api
from hub.kernel.clock import FixedClock
from hub.settings import Settings
from hub.storage.provision import DatabaseUrls
from portal_api.app import create_server


@contextmanager
def serving(
    settings: Settings, urls: DatabaseUrls, clock: FixedClock, *, log_level: str = "warning"
) -> Iterator[tuple[str, int]]:
    """Host and port of the API as `munihub api` runs it."""
    server = create_server(lambda: open_api(settings, urls.app, clock=clock), log_level="warning")
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), name="api")
    thread.start()
    try:
        _wait(lambda: server.started or not thread.is_alive())
        assert server.started, "the API did not start"
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection that is closed for good at the end, whatever the server did to it."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def _wait(until: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "this did not happen in time"
        time.sleep(0.02)
