"""A simulated back office as a process of its own, whose clock can be set wrong from outside.

python -m tests.chaos.office NAME PORT        POST /_chaos/clock {"skew": seconds}
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.kit.serve import serve

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


def main() -> None:
    name, port = sys.argv[1:]
    clock = Clock()
    app = import_module(f"simulators.{name}").app(clock=clock)
    asyncio.run(serve(WithClock(app, clock), int(port), lambda _url: None))


if __name__ == "__main__":
    main()
