"""The back office of all towns of `benchmarks.towns`, in a process of its own: says when it was told what.

python -m benchmarks.towns_office     prints its port, then `email time.monotonic()` each time; until its input ends
"""

from __future__ import annotations

import asyncio
import sys
import time

import orjson
import uvloop

from benchmarks.back_office import serve

_SECONDS = 0.02


async def main() -> None:
    server = await serve(_SECONDS, lambda body: print(orjson.loads(body)["email"], time.monotonic(), flush=True))
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
