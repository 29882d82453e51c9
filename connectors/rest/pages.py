"""Ways in which APIs give long answers page by page: `pages:` of a mapping's source."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple, Protocol, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connectors.rest.paths import count, find, steps, whole_number
from hub.kernel.errors import RemoteGarbage
from hub.kit.http import Reply


def _path(text: str) -> str:
    steps(text)
    return text


Path = Annotated[str, AfterValidator(_path)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Link(NamedTuple):
    """The next page is at this address, absolute or relative to the current one."""

    url: str


class Parameters(NamedTuple):
    """The next page is the same request with these parameters."""

    values: dict[str, str | int]


Next = Link | Parameters | None
"""What follows a page; None after the last one."""


class Pager(Protocol):
    @property
    def at_most(self) -> int:
        """The largest number of pages."""

    @property
    def get_only(self) -> bool:
        """Whether the next page is an address, which can only be fetched with GET."""

    def begin(self) -> dict[str, str | int]:
        """Parameters of the first page."""

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        """What follows `document`, which was asked for with the page parameters `sent`."""


class _Pages(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at_most: Annotated[int, Field(ge=1, le=1_000_000, description="More pages than that are an error.")] = 1000

    @property
    def get_only(self) -> bool:
        return False

    def begin(self) -> dict[str, str | int]:
        return {}


class Size(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: Name
    value: Annotated[int, Field(ge=1)]


class OnePage(_Pages):
    """The whole answer comes at once."""

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        return None


class NextPages(_Pages):
    """The document names the address of the next page; null, empty or absent on the last one."""

    next: Path

    @property
    def get_only(self) -> bool:
        return True

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        value = find(document, self.next)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise RemoteGarbage(f"{self.next!r} of the reply is not an address.")
        return Link(value)


class LinkHeaderPages(_Pages):
    """The header `Link` names the next page (RFC 8288, relation `next`)."""

    link_header: Literal[True]

    @property
    def get_only(self) -> bool:
        return True

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        url = next_link(reply.headers.get("link", ""))
        return Link(url) if url is not None else None


class CursorPages(_Pages):
    """The document gives a mark that is sent back as a parameter; null, empty or absent on the last page."""

    cursor: Path
    parameter: Name

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        value = find(document, self.cursor)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise RemoteGarbage(f"{self.cursor!r} of the reply is not a cursor.")
        return Parameters({self.parameter: value})


class NumberedPages(_Pages):
    """Pages have numbers from `first`; `last` is where the document says which is the last one."""

    page: Name
    first: Annotated[int, Field(ge=0)] = 1
    size: Size | None = None
    last: Path | None = None
    until_empty: Path | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.last is None) == (self.until_empty is None):
            raise ValueError(
                "name either last (path to the number of the last page) or until_empty (path to the items)"
            )
        return self

    def begin(self) -> dict[str, str | int]:
        return self._parameters(self.first)

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        number = int(sent[self.page])
        if self.last is not None:
            over = number >= whole_number(document, self.last)
        else:
            assert self.until_empty is not None
            over = count(document, self.until_empty) == 0
        return None if over else Parameters(self._parameters(number + 1))

    def _parameters(self, number: int) -> dict[str, str | int]:
        size = {self.size.parameter: self.size.value} if self.size else {}
        return {self.page: number, **size}


class OffsetPages(_Pages):
    """Each page starts after as many items as were received so far: a server may give fewer than `limit`.

    It ends with a page without items, or where `total` of them have been received.
    """

    offset: Name
    limit: Size
    items: Path
    total: Path | None = None

    def begin(self) -> dict[str, str | int]:
        return self._parameters(0)

    def after(self, document: Any, reply: Reply, sent: dict[str, str | int]) -> Next:
        received = count(document, self.items)
        so_far = int(sent[self.offset]) + received
        if self.total is not None:
            total = whole_number(document, self.total)
            if received == 0 and so_far < total:
                raise RemoteGarbage(
                    f"{self.items!r} ended after {so_far} of the {total} items that {self.total!r} says."
                )
            over = so_far >= total
        else:
            over = received == 0
        return None if over else Parameters(self._parameters(so_far))

    def _parameters(self, offset: int) -> dict[str, str | int]:
        return {self.offset: offset, self.limit.parameter: self.limit.value}


KINDS: dict[str, type[NextPages | LinkHeaderPages | CursorPages | NumberedPages | OffsetPages]] = {
    "next": NextPages,
    "cursor": CursorPages,
    "page": NumberedPages,
    "offset": OffsetPages,
    "link_header": LinkHeaderPages,
}
"""The key by which each kind is recognised."""


_PARAMETER = r"""\s*;\s*([\w!#$&+.^`|~*-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?"""
_LINK = re.compile(rf"<([^<>]*)>((?:{_PARAMETER})*)")


def next_link(header: str) -> str | None:
    """The target of the first link with the relation `next` (RFC 8288 §3); links of another anchor do not count."""
    for target, parameters, *_ in _LINK.findall(header):
        named: dict[str, str] = {}
        for name, quoted, plain in re.findall(_PARAMETER, parameters):
            named.setdefault(name.lower(), quoted or plain)  # §3.3: the first `rel` counts.
        if "next" in named.get("rel", "").lower().split() and "anchor" not in named:
            return str(target)
    return None
