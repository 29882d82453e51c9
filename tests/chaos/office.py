"""Simulators as a process of their own, each with a clock that can be set wrong from outside.

python -m tests.chaos.office NAME PORT [NAME PORT …]        POST /_chaos/clock {"skew": seconds}
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from importlib import import_module

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.kit.serve import running

CLOCK = "/_chaos/clock"


class Clock:
    skew = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.skew


class WithClock:
    """The simulator, and a door to its clock."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != CLOCK:
            await self._app(scope, receive, send)
            return
        asked = json.loads(await Request(scope, receive).body())
        self._clock.skew = timedelta(seconds=asked["skew"])
        await JSONResponse({"now": self._clock().isoformat()})(scope, receive, send)


async def run(pairs: list[tuple[str, int]]) -> None:
    """All of them, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:
        for name, port in pairs:
            clock = Clock()
            app = import_module(f"simulators.{name}").app(clock=clock)
            await stack.enter_async_context(running(WithClock(app, clock), port))
        await stop.wait()


def main() -> None:
    asyncio.run(run([(name, int(port)) for name, port in zip(sys.argv[1::2], sys.argv[2::2], strict=True)]))


if __name__ == "__main__":
    main()
