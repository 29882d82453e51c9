"""What the compilation of a block needs to know of the mapping it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from hub.mapping.block import Block
from hub.mapping.layout import Layout
from hub.mapping.medium import Medium
from hub.mapping.paths import Path, join_paths, parse_path


@dataclass(frozen=True, slots=True)
class Context:
    layout: Layout
    medium: Medium
    namespaces: Mapping[str, str]
    timezone: ZoneInfo

    def inside(self, layout: Layout) -> Context:
        return replace(self, layout=layout)

    def path(self, block: Block) -> Path:
        try:
            return parse_path(block.text(), self.namespaces)
        except ValueError as error:
            raise block.error(str(error), remedy="Write names with dots between them: Items.Item.Total.") from error

    def slot(self, block: Block, *, many: bool = False) -> int:
        """The slot of the path that `block` names."""
        path = self.path(block)
        try:
            return self.layout.many(path, block.value) if many else self.layout.slot(path, block.value)
        except ValueError as error:
            raise block.error(str(error), remedy="Name a place that holds one value.") from error

    def shown(self, slot: int) -> str:
        """The path of a slot from the record, as drift names it."""
        return join_paths(self.layout.root.path, self.layout.paths[slot])

    def inner(self, block: Block) -> tuple[int, Layout]:
        """The slot of the elements that `block` names, and the layout of one of them."""
        path = self.path(block)
        try:
            return self.layout.inner(path, block.value)
        except ValueError as error:
            raise block.error(str(error), remedy="Name an element that is repeated.") from error


def spec_of(block: Block) -> Block:
    """The block of a value: a path alone is short for `{ from: path }`; `true` and `false` are texts as keys."""
    value: Any = block.value
    if isinstance(value, str):
        value = {"from": value}
    if not isinstance(value, dict):
        raise block.error(
            "is neither a path nor a block of verbs", remedy="Write a path, or { from: path, as: converter }."
        )
    return replace(
        block, value={str(key).lower() if isinstance(key, bool) else key: part for key, part in value.items()}
    )


def path_block(spec: Block, verb: str) -> Block:
    """The block that holds the path after `verb`; for a spec in short form, the spec itself."""
    place = (*spec.place, verb)
    known = spec.document.line(place) is not None
    return Block(spec.document, place if known else spec.place, spec.value[verb])
