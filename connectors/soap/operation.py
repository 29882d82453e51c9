"""Sends one operation that changes something, or asks about one that did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lxml import etree

from connectors.soap.call import Call
from connectors.soap.feed import media_type
from connectors.soap.line import Line
from hub.kernel.clock import Clock
from hub.kernel.errors import RemoteError
from hub.ports.back_office import Arguments, Page


class SoapOperation:
    """A RemoteOperation. A page's document is the verified child of the reply's Body.

    Where the operation declares no reply and none came, it is an empty element named after the operation.
    """

    def __init__(
        self, line: Line, compiled: Callable[[], Awaitable[Call]], key_header: str | None, clock: Clock
    ) -> None:
        self._line = line
        self._compiled = compiled
        self._key_header = key_header
        self._clock = clock

    async def send(self, values: Mapping[str, Any], *, key: str) -> Page:
        try:
            call = await self._compiled()
        except RemoteError as error:
            error.reached = False  # It was about the WSDL; nothing was sent.
            raise
        _, headers = call.bind(Arguments(now=self._clock.now()))
        more = {self._key_header: key} if self._key_header else {}
        answer = await self._line.deliver(call, values, headers, more)
        document = answer.body if answer.body is not None else etree.Element(f"{call.operation.name}Response")
        return Page(document, answer.reply.content, media_type(answer.reply), forgiven=answer.forgiven)
