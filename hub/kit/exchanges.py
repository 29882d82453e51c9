"""What went over the line, word for word, for whoever asked to hear it: a recording, a check of the interface.

    with listening() as exchanges:
        async for page in reader.read(arguments): …
    exchanges[0].content                                  the first reply as it was received

Heard is what runs in the same task and in those it starts. Nobody listens in ordinary operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as sent and its reply as received (unpacked, otherwise unchanged).

    `headers` and `reply_headers` have lower-case names. `secrets` are credentials that stand in the headers; what an
    envelope proves itself by stands in `body` and is not among them.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    reply_headers: Mapping[str, str]
    content: bytes
    secrets: tuple[str, ...] = field(default=(), repr=False)


_listener: ContextVar[list[Exchange] | None] = ContextVar("listener", default=None)


@contextmanager
def listening() -> Iterator[list[Exchange]]:
    """A list that fills with every exchange of the block but those that fetch a token."""
    heard: list[Exchange] = []
    token = _listener.set(heard)
    try:
        yield heard
    finally:
        _listener.reset(token)


@contextmanager
def unheard() -> Iterator[None]:
    """Of what happens in the block nobody hears: the exchange is one of credentials."""
    token = _listener.set(None)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(exchange: Exchange) -> None:
    """Called by hub.kit.http for each exchange that was answered."""
    heard = _listener.get()
    if heard is not None:
        heard.append(exchange)
