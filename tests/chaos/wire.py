"""The wire between the hub and one back office: an HTTP proxy that can be cut in every place a wire can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine
from typing import Any, Literal

Fault = Literal["refuse", "reset", "hole", "late", "cut", "slow", "untrusted", "plain"]
"""
`refuse`     nothing listens
`reset`      the request is read and the connection reset; the back office never hears of it
`hole`       the request is read and nothing ever comes back; the back office never hears of it
`late`       as reset, but the back office gets it a while later, when the hub may be asking already
`cut`        the back office does it, and the connection ends in the middle of its answer
`slow`       the answer begins late, but within the hub's patience
`untrusted`  TLS with a certificate of somebody else
`plain`      no TLS where there should be one
"""
OF_TLS: tuple[Fault, ...] = ("untrusted", "plain")
OF_ALL: tuple[Fault, ...] = ("refuse", "reset", "hole", "late", "cut", "slow")

LATE = 0.35
SLOW = 0.3
_HOLE = 5.0


class Wire:
    """Listens on `port` of loopback, with TLS where there is a `context`, and forwards to `target`."""

    def __init__(
        self, target: int, port: int, context: ssl.SSLContext | None = None, untrusted: ssl.SSLContext | None = None
    ) -> None:
        self.port, self._target = port, target
        self._context, self._untrusted = context, untrusted
        self._fault: Fault | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self.late = 0

    @property
    def tls(self) -> bool:
        return self._context is not None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def break_it(self, fault: Fault | None) -> None:
        """`fault` from now on; None: whole again."""
        old, self._fault = self._fault, fault
        if {old, fault} & {"refuse", "untrusted", "plain"} and old != fault:
            await self.close()
            if fault != "refuse":
                await self.listen()

    async def listen(self) -> None:
        context = {"untrusted": self._untrusted, "plain": None}.get(str(self._fault), self._context)
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=context)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def end(self) -> None:
        await self.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
                await self._exchange(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request to a connection: whatever follows comes by another one."""
        request = await _request(reader)
        match self._fault:
            case "refuse" | "reset":
                return
            case "hole":
                await asyncio.sleep(_HOLE)
                return
            case "late":
                self._begin(self._later(request))
                return
            case "slow":
                await asyncio.sleep(SLOW)
        answer = await self._forward(request)
        if self._fault == "cut":
            answer = answer[: len(answer) // 2]
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _later(self, request: bytes) -> None:
        self.late += 1
        try:
            await asyncio.sleep(LATE)
            await self._forward(request)
        finally:
            self.late -= 1

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _request(reader: asyncio.StreamReader) -> bytes:
    """A whole request, changed so that the back office closes the connection after its answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line for line in head[:-4].split("\r\n") if not line.lower().startswith("connection:")]
    length = next((int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:")), 0)
    body = await reader.readexactly(length)
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body
