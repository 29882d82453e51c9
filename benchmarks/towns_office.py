"""The back office of all towns of `benchmarks.towns`, in a process of its own: answers after a while, and says when it
was told what.

    python -m benchmarks.towns_office     prints its port, then `email time.monotonic()` each time; until its input ends
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress

import orjson
import uvloop

_SECONDS = 0.02


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept alive; at the end of the benchmark it is cut, which is nobody's fault."""
    with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            body = orjson.loads(await reader.readexactly(length))
            print(body["email"], time.monotonic(), flush=True)
            await asyncio.sleep(_SECONDS)
            said = b'{"number": "1"}'
            head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
            writer.write(head.encode() + said)
            await writer.drain()
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
