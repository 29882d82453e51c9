"""How much a request may carry, and how slowly, before anybody knows who sends it.

FastAPI reads the JSON that a handler takes before it asks who is calling: without a limit whoever has the address
fills the memory, or has the loop parse for seconds. Doors that take more read their bodies themselves, after they know
who sends them, and say so (`read_by_itself`).
"""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 600_000
"""Bytes. The largest thing read here is an eID's answer; the longest text a citizen writes has a fifth of it."""

PATIENCE = 60.0
"""Seconds in which all of it must come."""

_BOUND = "munihub.body"
_WITHOUT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
"""Methods whose bodies nobody reads."""


def read_by_itself(request: Request) -> None:
    """From here on the door sees to it that the body is neither too large nor too slow."""
    bound: _Bound | None = request.scope.get(_BOUND)
    if bound is not None:
        bound.over = True


class BoundedBody:
    """Answers 413 and 408 to whoever sends more, or more slowly."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _WITHOUT:
            bound = _Bound(receive)
            scope, receive = {**scope, _BOUND: bound}, bound
        await self._app(scope, receive, send)


class _Bound:
    """`over`: the body is there, or somebody else's to bound."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._came, self.over = receive, 0, False
        self._until: float | None = None

    async def __call__(self) -> Message:
        if self.over:
            return await self._receive()
        self._until = self._until or asyncio.get_running_loop().time() + PATIENCE
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise refused(408) from None
        self._came += len(message.get("body", b""))
        if self._came > LARGEST:
            raise refused(413)
        self.over = not message.get("more_body", False)
        return message


def refused(status: int) -> HTTPException:
    """413 for what is too large, 408 for what is too slow."""
    # RFC 9110 §15.5.9: after this wait the connection is of no more use.
    return HTTPException(status, headers={"Connection": "close"} if status == 408 else None)
