"""Back offices that take their time: each port answers `GET /debts?oib=…` with eight debts of that citizen, so many
seconds after it was asked.

    python -m benchmarks.slow SECONDS PORT…
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

import orjson


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """One connection, kept alive."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            asked = parse_qs(urlsplit(head.split(" ", 2)[1]).query)
            await asyncio.sleep(seconds)
            body = orjson.dumps({"items": [_debt(asked["oib"][0], number) for number in range(8)]})
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _debt(oib: str, number: int) -> dict[str, object]:
    return {
        "id": f"{oib}-{number}",
        "version": 1,
        "oib": oib,
        "kind": "K",
        "title": f"Komunalna naknada, {number + 1}. rata",
        "total": "125.50",
        "open": "25.50",
        "due": "2026-12-15",
    }


async def main(seconds: float, ports: list[int]) -> None:
    servers = [
        await asyncio.start_server(lambda reader, writer: _answer(reader, writer, seconds), "127.0.0.1", port)
        for port in ports
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
