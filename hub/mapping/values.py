"""Compiles the block of one value: where it is read, and how it becomes a value of its field's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hub.kit import identifiers
from hub.mapping import codes
from hub.mapping.block import Block, nearest
from hub.mapping.context import Context, path_block, spec_of
from hub.mapping.converters import CONVERTERS, Converter, Options, text_or_none
from hub.mapping.group import Build, Value
from hub.mapping.layout import Raw
from hub.mapping.model import Field, Kind
from hub.mapping.run import Run
from hub.mapping.scalars import Convert, text_only

SOURCES = ("from", "constant", "first_of", "join", "languages")
_SHAPING = ("as", "table", "split", "empty", "lenient", "default", "with")
_OF_KIND = {Kind.MONEY: ("currency", "sign"), Kind.LOCALISED: ("language",)}
_DEFAULT_CONVERTER = {
    Kind.TEXT: "text",
    Kind.LOCALISED: "text",
    Kind.CHOICE: "text",
    Kind.TEXTS: "text",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.INTEGER: "integer",
    Kind.BOOLEAN: "boolean",
}
