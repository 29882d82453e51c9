"""What can be wrong with a back office, switched on and off from outside while it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.kit.interface import Changed
from simulators.kit.serve import drop_connection

CONTROL = "/_control"

# A maintenance page as a proxy in front of a back office shows it, with the status of success.
_HTML = b"<!DOCTYPE html><html><body><h1>Nadogradnja sustava</h1></body></html>"
_BYTES = bytes(range(256)) * 4
_PIECES = 20


class Switches(BaseModel):
    """The whole state of the switches; what a request to set them leaves out is off.

    `delay`         seconds before the answer begins
    `drip`          seconds over which the body of the answer is spread
    `down`          `close`: the connection is closed without an answer; `503`: Service Unavailable
    `garbage`       `html`: a page with status 200; `truncated`: the answer ends in the middle;
                    `bytes`: every byte value under the right content type
    `fault`         the back office answers with an internal error in the manner of its protocol
    `wrong_schema`  `renamed`: a field has another name; `mistyped`: an amount is words
    `interface`     the interface is another one, see simulators.kit.interface.Changed
    `only_next`     after so many calls everything is off again
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay: float = Field(0, ge=0, le=600)
    drip: float = Field(0, ge=0, le=600)
    down: Literal["close", "503"] | None = None
    garbage: Literal["html", "truncated", "bytes"] | None = None
    fault: bool = False
    wrong_schema: Literal["renamed", "mistyped"] | None = None
    interface: Changed | None = None
    only_next: int | None = Field(None, ge=1)


class Switchboard:
    """The switches of one simulator and what it was asked.

    `calls` counts every call but those to the control door, also the ones that got no answer;
    `answered` counts by operation what reached the back office and was answered well. `model` has the switches
    of a simulator that can do more wrong than all others.
    """

    def __init__(self, model: type[Switches] = Switches) -> None:
        self.model = model
        self.switches = model()
        self.calls = 0
        self.answered: Counter[str] = Counter()

    def take(self) -> Switches:
        """The switches for one call; counts it."""
        self.calls += 1
        now = self.switches
        if now.only_next == 1:
            self.switches = self.model()
        elif now.only_next:
            self.switches = now.model_copy(update={"only_next": now.only_next - 1})
        return now

    def state(self) -> dict[str, Any]:
        return {
            "switches": self.switches.model_dump(),
            "calls": self.calls,
            "answered": dict(self.answered),
        }


class Misbehaving:
    """An ASGI application behind the switches. What it serves under `/_control` always works."""

    def __init__(self, app: ASGIApp, board: Switchboard) -> None:
        self._app = app
        self._board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        switches = self._board.take()
        await asyncio.sleep(switches.delay)
        if switches.down == "close":
            await drop_connection(scope, receive)
        elif switches.down == "503":
            await _answer(send, 503, b"text/plain", b"Service Unavailable", 0)
        elif switches.garbage == "html":
            await _answer(send, 200, b"text/html; charset=utf-8", _HTML, switches.drip)
        else:
            scope["switches"] = switches
            if switches.interface is not None:
                body = await _read(receive)
                refusal = switches.interface.refusal(scope["path"], scope["query_string"], body)
                if refusal is not None:
                    await _answer(send, 404 if refusal == "gone" else 400, b"text/plain", refusal.encode(), 0)
                    return
                receive = _again(body)
            await self._app(scope, receive, _Spoilt(send, switches))


class _Spoilt:
    """Collects what the application answers and sends it on truncated, replaced or dripping."""

    def __init__(self, send: Send, switches: Switches) -> None:
        self._send = send
        self._switches = switches
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = bytes(self._body)
        if self._switches.interface is not None:
            media_type = dict(self._start["headers"]).get(b"content-type", b"").decode()
            body = self._switches.interface.applied(media_type, body)
        if self._switches.garbage == "truncated":
            body = body[: len(body) // 2]
        elif self._switches.garbage == "bytes":
            body = _BYTES
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await _send_body(self._send, body, self._switches.drip)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes) -> Receive:
    """A request that was read already, for whoever reads it next."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int, media_type: bytes, body: bytes, drip: float) -> None:
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await _send_body(send, body, drip)


async def _send_body(send: Send, body: bytes, drip: float) -> None:
    if drip:
        size = max(1, -(-len(body) // _PIECES))
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        for piece in pieces:
            await asyncio.sleep(drip / len(pieces))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body, "more_body": False})
