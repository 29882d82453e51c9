"""A small HTTP/1.1 server on loopback whose every byte a test decides.

async with serve(handler) as server:          # handler: Request -> Answer, or None if it wrote itself
    … f"{server.url}/path" …
    assert [r.target for r in server.requests] == ["/path"]
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_REASONS = {200: "OK", 302: "Found", 401: "Unauthorized", 404: "Not Found", 503: "Service Unavailable"}


@dataclass
class Request:
    """`target` is exactly what stood in the request line; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Answer | None]]


@dataclass
class Server:
    url: str
    requests: list[Request]
    connections: int = 0


def answer(body: bytes = b"", status: int = 200, **headers: str) -> Handler:
    """A handler that always says the same; `content_type="…"` becomes the header."""
    lines = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(_: Request) -> Answer:
        return Answer(body, status, lines)

    return handle


@asynccontextmanager
async def serve(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server("", [])
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        try:
            while (request := await _read(reader, writer)) is not None:
                server.requests.append(request)
                reply = await handler(request)
                if reply is None:
                    break
                await _write(request, reply)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # The client went away, or the test is over.
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError, TimeoutError):
                await writer.wait_closed()
            tasks.discard(task)

    # A pooled client does not answer the end of TLS, and asyncio would wait 30 seconds for that.
    patience = {"ssl_shutdown_timeout": 0.1} if tls else {}
    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, **patience)
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body, writer)


async def _write(request: Request, reply: Answer) -> None:
    headers = {"content-length": str(len(reply.body)), **reply.headers}
    head = f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Whatever')}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    await request.write(head.encode("latin-1") + b"\r\n" + (b"" if request.method == "HEAD" else reply.body))
