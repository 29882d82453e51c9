"""Reads a feed whose mapping has a `detail:`: a second call for each record of the list.

Calls are bounded in number and run a few at a time. What goes wrong with one refuses that record and no other; a back
office that stops answering, or does not let us in, ends the read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.kernel.errors import ConfigurationError, RemoteError, RemoteRefused
from hub.kit import xml
from hub.kit.one_thread import OneThread
from hub.mapping.detail import Detail, Wanted
from hub.mapping.mapping import Mapping
from hub.ports.back_office import Arguments, FeedReader, Page

_MOST_SILENCES = 3
"""Details that may stay without an answer in one read before the back office is taken to be down."""


@dataclass(slots=True)
class _Read:
    """What one read has asked so far."""

    thread: OneThread
    asked: int = 0
    silences: list[RemoteError] = field(default_factory=list)


class DetailReader:
    """A FeedReader over two: of the list, and of one record of it."""

    def __init__(self, mapping: Mapping, detail: Detail, everything: FeedReader, one: FeedReader) -> None:
        self._mapping, self._detail = mapping, detail
        self._everything, self._one = everything, one

    async def read(self, arguments: Arguments) -> AsyncIterator[Page]:
        """The pages of the list with their details in them.

        Raises as a FeedReader does, and ConfigurationError where more details are needed than the mapping allows.
        """
        with OneThread("details") as thread:
            so_far = _Read(thread)
            async for page in self._everything.read(arguments):
                document, wanted = await thread.run(self._wanted, page.document)
                so_far.asked += len(wanted)
                if so_far.asked > self._detail.most:
                    raise ConfigurationError(
                        f"one read would ask for {so_far.asked} details and more",
                        file=str(self._mapping.file),
                        key="source.detail.most",
                        remedy=f"Read less at once (a cursor, a where), or allow more than {self._detail.most}.",
                    )
                await self._ask(wanted, arguments, so_far)
                yield replace(page, document=document)

    def _wanted(self, document: Any) -> tuple[Any, list[Wanted]]:
        return self._mapping.details_wanted(xml.own(document))

    async def _ask(self, wanted: Sequence[Wanted], arguments: Arguments, so_far: _Read) -> None:
        at_once = asyncio.Semaphore(self._detail.at_once)

        async def one(record: Wanted) -> None:
            async with at_once:
                await self._fill(record, arguments, so_far)

        try:
            async with asyncio.TaskGroup() as group:
                for record in wanted:
                    group.create_task(one(record))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _fill(self, wanted: Wanted, arguments: Arguments, so_far: _Read) -> None:
        """The detail into its record, or the reason why there is none. Raises what ends the whole read."""
        missing = [path for path in self._detail.by if not wanted.by.get(path)]
        if missing:
            mark = f"has no {missing[0]}, by which its detail is asked for"
            await so_far.thread.run(self._detail.mark, wanted.record, mark)
            return
        try:
            pages = [page async for page in self._one.read(replace(arguments, record=wanted.by, cursor=None))]
            await so_far.thread.run(self._put, wanted.record, pages)
        except RemoteRefused:
            raise
        except RemoteError as error:
            if error.transient:
                so_far.silences.append(error)
                if len(so_far.silences) > _MOST_SILENCES:
                    raise
            mark = f"the second call for it failed: {error}"
            await so_far.thread.run(self._detail.mark, wanted.record, mark)

    def _put(self, record: Any, pages: Sequence[Page]) -> None:
        """What the second call gave into the record, or why there is nothing; in the thread of the record."""
        found = [one for page in pages for one in self._mapping.details_found(xml.own(page.document))]
        if len(found) != 1:
            said = "gave nothing" if not found else f"gave {len(found)} records"
            self._detail.mark(record, f"the second call for it {said}")
            return
        try:
            self._detail.put(record, found[0])
        except ValueError as error:
            self._detail.mark(record, str(error))
