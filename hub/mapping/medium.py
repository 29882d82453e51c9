"""The two forms a document comes in. A mapping is compiled once for each, from the same file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from hub.mapping import json_reader, xml_reader
from hub.mapping.layout import Layout, Node, Raw
from hub.mapping.paths import Path
from hub.mapping.run import Run
from hub.mapping.scalars import Convert, for_json, text_of


@dataclass(frozen=True, slots=True)
class Medium:
    """`text_of` makes a text of a value in a slot, which is not None, or raises ValueError; `convert` fits a
    converter to such values. The others are those of the two readers.
    """

    text_of: Callable[[Any], str]
    convert: Callable[[Convert], Callable[[Any], Any]]
    prepare: Callable[[Any], Any]
    select: Callable[[Any, Path, Run, Collection[str]], list[Any]]
    values_at: Callable[[Any, Path], list[Any]]
    starter: Callable[[Layout], Callable[[Any, Run], Raw]]
    node_reader: Callable[[Node], Callable[[Any, Raw, Run], None]]
    children_of: Callable[[Raw, int], Iterator[Any]]


XML = Medium(
    text_of=lambda value: value,
    convert=lambda convert: convert,
    prepare=xml_reader.without_comments,
    select=xml_reader.select,
    values_at=xml_reader.values_at,
    starter=xml_reader.starter,
    node_reader=xml_reader.node_reader,
    children_of=xml_reader.children_of,
)
JSON = Medium(
    text_of=text_of,
    convert=for_json,
    prepare=lambda document: document,
    select=json_reader.select,
    values_at=json_reader.values_at,
    starter=json_reader.starter,
    node_reader=json_reader.node_reader,
    children_of=json_reader.children_of,
)
