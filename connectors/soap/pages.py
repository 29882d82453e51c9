"""Walks through an answer that comes in pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from lxml import etree

from connectors.soap.call import put
from connectors.soap.settings import Pages
from hub.kernel.errors import RemoteGarbage, RemoteUnavailable
from hub.kit.soap.names import local, text_of

_MOST_PAGES = 10_000


class Pager:
    """Turns each page into the parameters of the next.

    A page that repeats the one before, a total that changes underway or is not reached are errors: in these cases
    records would be missing although every call succeeded, and absence must not be concluded from that. Records are
    counted, since a service may give fewer in a page than it was asked for.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._position: Any = None if pages.next else pages.first
        self._read = 0
        self._items = 0
        self._total: int | None = None
        self._last: bytes | None = None

    def parameters(self, values: dict[str, Any]) -> dict[str, Any]:
        """`values` with the position (or token) and size of the page to be asked for."""
        pages = self._pages
        if pages.size_parameter:
            values = put(values, pages.size_parameter, pages.size)
        return values if self._position is None else put(values, pages.parameter, self._position)

    def more(self, body: etree._Element) -> bool:
        """Told the page just read; whether another one is to be asked for. Raises RemoteError."""
        pages = self._pages
        self._read += 1
        if self._read >= _MOST_PAGES:
            raise RemoteGarbage(f"The answer has more than {_MOST_PAGES} pages.")
        if pages.next:
            return self._follow(_text(body, pages.next))
        assert pages.items is not None
        records = list(_find(body, pages.items))
        self._items += len(records)
        if pages.total and self._reached(_text(body, pages.total), pages.total):
            return False
        if not records:
            if self._total is not None:
                raise RemoteGarbage(f"The answer ended after {self._items} of {self._total} records ({pages.total}).")
            return False
        self._refuse_repetition(records)
        self._position += pages.step or len(records)
        return True

    def _follow(self, token: str) -> bool:
        if token and token == self._position:
            raise RemoteGarbage(f"Page {self._read} names itself as the next ({self._pages.next}).")
        self._position = token
        return bool(token)

    def _reached(self, text: str, path: str) -> bool:
        if not (text.isascii() and text.isdigit()):
            raise RemoteGarbage(f"Page {self._read} does not say how many records there are ({path}).")
        total = int(text[:18])
        if self._total not in (None, total):
            raise RemoteUnavailable(
                f"The number of records changed from {self._total} to {total} while they were read; "
                "pages may have shifted, so the answer is to be read again."
            )
        self._total = total
        return self._items >= total

    def _refuse_repetition(self, records: list[etree._Element]) -> None:
        digest = hashlib.sha256()
        for record in records:
            digest.update(etree.tostring(record, with_tail=False))
        if digest.digest() == self._last:
            raise RemoteGarbage(
                f"Page {self._read} repeats the one before: the operation does not heed {self._pages.parameter}."
            )
        self._last = digest.digest()


def _find(element: etree._Element, path: str) -> Iterator[etree._Element]:
    name, _, rest = path.partition(".")
    for child in element.iterchildren(etree.Element):
        if local(child) == name:
            if rest:
                yield from _find(child, rest)
            else:
                yield child


def _text(element: etree._Element, path: str) -> str:
    return next((text_of(found).strip() for found in _find(element, path)), "")
