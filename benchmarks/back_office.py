"""A back office that takes what it is told after a while, over connections that are kept alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress


async def serve(seconds: float, told: Callable[[bytes], None]) -> asyncio.Server:
    """On a port of its own of loopback: `told` has each body, which is answered so many seconds later."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # At the end of a benchmark connections are cut, which is nobody's fault.
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = head.partition("content-length:")[2].partition("\r\n")[0]
                told(await reader.readexactly(int(length or 0)))
                await asyncio.sleep(seconds)
                body = b'{"number": "1"}'
                reply = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(reply.encode() + body)
                await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)
