"""A second call for each record, where the list a back office gives does not say everything.

    source:
      request: GET /cases
      records: data
      detail:
        request: GET /cases/{id}              # the connector's, as in source
        parameters: { id: { record: Id } }    # a path in the record of the list
        records: case                         # where the one record stands in the reply; left out: its root
        name: Detail                          # under which paths of this mapping find it
        at_once: 4
        most: 500

What came back is put into the record of the list under `name`, so that one pass reads both: `Detail.Deadline`. Beside
it stands `Detail.asked`: `yes`, or why there is nothing. A record without a detail is refused, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from lxml import etree

from hub.mapping.block import Block
from hub.mapping.context import Context
from hub.mapping.paths import Path, Step, show_path

OWN_DETAIL_KEYS = ("records", "name", "at_once", "most")
"""Keys of `detail:` that the engine reads; all others are the connector's."""

ASKED = "yes"
_MOST, _AT_ONCE = 500, 4
_ALLOWED_AT_ONCE, _ALLOWED_MOST = 16, 100_000


@dataclass(frozen=True, slots=True)
class Detail:
    """`call` is the connector's part, `by` the paths in a record that its parameters name, as they are written."""

    name: str
    call: Mapping[str, Any]
    by: Mapping[str, Path]
    found: Path
    at_once: int
    most: int

    @property
    def asked_path(self) -> Path:
        return (Step(f"{self.name}.asked"),)

    def put(self, record: Any, found: Any) -> None:
        """Puts what the second call gave into the record, an lxml element or a dict. Raises ValueError."""
        if etree.iselement(record):
            self._check_free(child.tag for child in record.iterchildren("{*}" + self.name))
            inside = deepcopy(found)
            inside.tag, inside.tail = self.name, None
            record.append(inside)
        else:
            self._check_free(key for key in record if key == self.name)
            record[self.name] = found
        self.mark(record, ASKED)

    def mark(self, record: Any, said: str) -> None:
        """Says of a record that its detail was asked for, or why there is none."""
        if etree.iselement(record):
            etree.SubElement(record, f"{self.name}.asked").text = said
        else:
            record[f"{self.name}.asked"] = said

    def _check_free(self, there: Iterator[Any]) -> None:
        if next(there, None) is not None:
            raise ValueError(f"has a {self.name} of its own: give the detail another name in the mapping")


class Wanted(NamedTuple):
    """A record of the list whose detail is asked for: `by` is what the call names of it."""

    record: Any
    by: Mapping[str, str]


def compile_detail(context: Context, source: Block) -> Detail | None:
    block = source.get("detail")
    if block is None:
        return None
    if not isinstance(block.value, dict):
        raise block.error("is not a block of keys", remedy="Write the second call as in source, with { record: path }.")
    name, found = block.get("name"), block.get("records")
    named = name.text() if name else "Detail"
    if name is not None and not named.isidentifier():
        raise name.error(f"{named!r} is not a name", remedy="Write letters, digits and underscores: Detail.")
    call = {key: value for key, value in block.value.items() if key not in OWN_DETAIL_KEYS}
    by = {path: context.path(Block(block.document, place, path)) for place, path in _record_paths(call, block.place)}
    if not by:
        raise block.error(
            "names nothing of the record", remedy="Add a parameter such as { id: { record: Id } }, or ask only once."
        )
    return Detail(
        named,
        call,
        by,
        context.path(found) if found else (),
        _number(block, "at_once", _AT_ONCE, _ALLOWED_AT_ONCE),
        _number(block, "most", _MOST, _ALLOWED_MOST),
    )


def _record_paths(spec: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every `{ record: path }` in a call, with its place."""
    if isinstance(spec, dict):
        if spec.keys() == {"record"} and isinstance(spec["record"], str):
            yield (*place, "record"), spec["record"]
        else:
            for key, part in spec.items():
                yield from _record_paths(part, (*place, key))
    elif isinstance(spec, list):
        for index, part in enumerate(spec):
            yield from _record_paths(part, (*place, index))


def _number(block: Block, key: str, otherwise: int, most: int) -> int:
    given = block.get(key)
    if given is None:
        return otherwise
    if isinstance(given.value, bool) or not isinstance(given.value, int) or not 1 <= given.value <= most:
        raise given.error(f"is {given.value!r}", remedy=f"Write a whole number from 1 to {most}.")
    return given.value


def leads_into(detail: Detail | None, path: Path) -> bool:
    """Whether a path reads what only the second call brings."""
    return detail is not None and bool(path) and path[0].name == detail.name


def said_of(detail: Detail, value: str | None) -> str | None:
    """Why a record cannot be taken, by what stands at `asked_path`; None where it can."""
    if value is None or not value.strip():
        return f"has no {detail.name}: the second call for it was not made"
    return None if value.strip() == ASKED else value.strip()


def shown(detail: Detail) -> str:
    return show_path(detail.asked_path)
