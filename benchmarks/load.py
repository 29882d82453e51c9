"""A closed loop of HTTP/1.1 clients in a process of its own: each connection sends its next request when it has the
answer to the last one, so that the server is never idle and never flooded.

Driven by lines of JSON on standard input and output; see `Load`. Any answer but the expected status ends the process.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import uvloop

from hub.settings import PROJECT

_PATIENCE = 120.0


class Load:
    """The process, from outside. Requests are whole HTTP messages, by the name of their set."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def once(self, port: int, requests: str, *, connections: int = 8) -> tuple[int, float]:
        """Send every request of a set once; how many, and in how many seconds."""
        return self._ask(port=port, requests=requests, connections=connections, seconds=None)

    def run(self, port: int, requests: str, seconds: float, *, connections: int = 8) -> tuple[int, float]:
        """Send requests of a set, drawn at random, for so long; how many, and in how many seconds."""
        return self._ask(port=port, requests=requests, connections=connections, seconds=seconds)

    def _ask(self, **job: Any) -> tuple[int, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator died; its last words are on standard error")
        count, seconds = json.loads(line)
        return count, seconds


@contextmanager
def load(folder: Path, requests: Mapping[str, Sequence[bytes]], *, status: int = 200) -> Iterator[Load]:
    """A generator that knows these sets of requests and expects `status` on every answer."""
    file = folder / f"requests-{time.monotonic_ns()}.pickle"
    file.write_bytes(pickle.dumps({name: list(some) for name, some in requests.items()}))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load", str(file), str(status)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Load(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._left = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by type
        self._next()

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            head, mark, body = self._head.partition(b"\r\n\r\n")
            if not mark:
                return
            if not head.startswith(self._work.expected):
                self._work.fail(RuntimeError(f"the server answered {head[:80]!r} {body[:200]!r}"))
                self._transport.abort()
                return
            lower = head.lower()
            start = lower.index(b"content-length:") + 15
            length = int(lower[start : lower.find(b"\r\n", start) if b"\r\n" in lower[start:] else len(lower)])
            self._head = b""
            self._left = length - len(body)
        else:
            self._left -= len(data)
        if self._left == 0:
            self._work.count += 1
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._work.leave(self)

    def _next(self) -> None:
        request = self._work.take()
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


class _Work:
    """What all connections of one run share."""

    def __init__(self, requests: list[bytes], connections: int, seconds: float | None, expected: bytes) -> None:
        self.count, self.expected = 0, expected
        self._requests, self._open = requests, connections
        self._deadline = None if seconds is None else time.perf_counter() + seconds
        self._place = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> bytes | None:
        if self._deadline is not None:
            return random.choice(self._requests) if time.perf_counter() < self._deadline else None
        self._place += 1
        return self._requests[self._place - 1] if self._place <= len(self._requests) else None

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def leave(self, _: _Client) -> None:
        self._open -= 1
        if not self._open and not self.done.done():
            self.done.set_result(None)


async def _run(requests: list[bytes], port: int, connections: int, seconds: float | None, expected: bytes) -> Any:
    work = _Work(requests, connections, seconds, expected)
    begun = time.perf_counter()
    for _ in range(connections):
        await asyncio.get_running_loop().create_connection(lambda: _Client(work), "127.0.0.1", port)
    async with asyncio.timeout((seconds or 0) + _PATIENCE):
        await work.done
    return work.count, time.perf_counter() - begun


def main(file: str, status: str) -> None:
    sets = pickle.loads(Path(file).read_bytes())
    expected = f"HTTP/1.1 {status}".encode()
    for line in sys.stdin:
        job = json.loads(line)
        name, port, connections, seconds = (job[key] for key in ("requests", "port", "connections", "seconds"))
        print(json.dumps(uvloop.run(_run(sets[name], port, connections, seconds, expected))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
