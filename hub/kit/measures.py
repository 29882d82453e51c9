"""How calls to a back office go: counted in the process, taken out now and then by whoever adds them up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from hub.kernel.errors import HubError
from hub.ports.back_office import Arguments, CheckStep, Connector, FeedReader, Page, RemoteOperation

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: upper bounds of the buckets, and one more for all that took longer."""

OK = "ok"
What = Literal["read", "write"]


@dataclass(slots=True)
class Measured:
    """Calls of one kind that ended in one way."""

    calls: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, seconds: float) -> None:
        self.calls += 1
        self.seconds += seconds
        self.buckets[bisect_left(BOUNDS, seconds)] += 1


class Stopwatch:
    """Adds up the time within its `running` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = monotonic()
        try:
            yield
        finally:
            self.seconds += monotonic() - began


class Measures:
    """Of one back office in one process; of one event loop."""

    def __init__(self) -> None:
        self._counted: dict[tuple[What, str], Measured] = {}

    @contextmanager
    def measure(self, what: What) -> Iterator[Stopwatch]:
        """Around one call; how it ended is the code of the error it raised, or `ok`."""
        watch, code = Stopwatch(), OK
        try:
            yield watch
        except HubError as error:
            code = error.code
            raise
        except Exception:
            code = "hub_error"
            raise
        finally:
            self._counted.setdefault((what, code), Measured()).add(watch.seconds)

    def take(self) -> Mapping[tuple[What, str], Measured]:
        """What was counted since the last time."""
        counted, self._counted = self._counted, {}
        return counted

    def give_back(self, what: What, code: str, calls: int, seconds: float, buckets: list[int]) -> None:
        """What was taken and could not be written down."""
        one = self._counted.setdefault((what, code), Measured())
        one.calls += calls
        one.seconds += seconds
        one.buckets = [a + b for a, b in zip(one.buckets, buckets, strict=True)]


class MeasuredOperation:
    """An operation whose calls are counted."""

    def __init__(self, operation: RemoteOperation, measures: Measures) -> None:
        self._operation, self._measures = operation, measures

    async def send(self, values: Mapping[str, Any], *, key: str) -> Page:
        with self._measures.measure("write") as watch, watch.running():
            return await self._operation.send(values, key=key)


class MeasuredReader:
    """A reader whose reads are counted: the time in which the back office is waited for, not what is done with pages.

    A read that is broken off by whoever reads is one that the back office has answered.
    """

    def __init__(self, reader: FeedReader, measures: Measures) -> None:
        self._reader, self._measures = reader, measures

    async def read(self, arguments: Arguments) -> AsyncIterator[Page]:
        pages = self._reader.read(arguments)
        with self._measures.measure("read") as watch:
            while True:
                with watch.running():
                    page = await anext(pages, None)
                if page is None:
                    return
                yield page


class MeasuredConnector:
    """A connector whose operations are counted; its feeds are those of the connector, since one reader may use two."""

    def __init__(self, connector: Connector, measures: Measures) -> None:
        self.Settings = connector.Settings
        self._connector, self._measures = connector, measures

    def feed(self, source: Mapping[str, Any]) -> FeedReader:
        return self._connector.feed(source)

    def operation(self, call: Mapping[str, Any]) -> RemoteOperation:
        return MeasuredOperation(self._connector.operation(call), self._measures)

    async def check(self) -> list[CheckStep]:
        return await self._connector.check()

    async def close(self) -> None:
        await self._connector.close()
