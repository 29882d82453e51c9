"""Reads one feed: a call, or as many as its answer has pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from connectors.soap.call import Call
from connectors.soap.line import Line
from connectors.soap.pages import Pager
from hub.kernel.errors import RemoteFault
from hub.kit.reply import Reply
from hub.ports.back_office import Arguments, Page


class SoapFeed:
    """A FeedReader. A page's document is the verified child of the reply's Body."""

    def __init__(self, line: Line, compiled: Callable[[], Awaitable[Call]]) -> None:
        self._line = line
        self._compiled = compiled

    async def read(self, arguments: Arguments) -> AsyncIterator[Page]:
        call = await self._compiled()
        parameters, headers = call.bind(arguments)
        pager = Pager(call.pages) if call.pages else None
        first = True
        while True:
            values = pager.parameters(parameters) if pager else parameters
            answer = await self._line.exchange(call, values, headers)
            if answer.body is None:
                if first:
                    return
                raise RemoteFault(f"{call.operation.name} knows nothing any more in the middle of its pages.")
            yield Page(answer.body, answer.reply.content, media_type(answer.reply), forgiven=answer.forgiven)
            if pager is None or not pager.more(answer.body):
                return
            first = False


def media_type(reply: Reply) -> str:
    """With the charset, or the boundary of its parts, without which some replies cannot be read from their bytes."""
    if reply.media_type.startswith("multipart/"):
        return reply.headers["content-type"]
    return f"{reply.media_type}; charset={reply.charset}" if reply.charset else reply.media_type
