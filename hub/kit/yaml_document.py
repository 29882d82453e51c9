"""Reads YAML files that people write, and remembers on which line each key stands.

The scalars are those of the YAML 1.2 core schema (§10.3.2) without its traps for town files: only
`true` and `false` are booleans (so `NO` stays a country and `N` a code), `12:30` and `2026-01-31` are
texts, and digits with leading zeros (`0800`) are texts, so that a code keeps them. Anchors, aliases,
tags and several documents in one file are refused: a file says what it says, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hub.kernel.errors import ConfigurationError

YamlPath = tuple[str | int, ...]
"""Keys and list positions from the top: `("fields", "kind", "table")`, `("parties", 0)`."""

_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, where PyYAML was built with it."""

_MOST_BYTES = 1_000_000
_DEEPEST = 64
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """`data` in dicts, lists and scalars; keys are texts, integers or booleans."""

    path: Path
    data: Any
    lines: Mapping[YamlPath, int] = field(default_factory=dict, repr=False)

    def line(self, path: YamlPath) -> int | None:
        """The line, counted from 1, of the key or list item at `path`; None where there is no such place."""
        return self.lines.get(path)


def load(path: Path | str) -> YamlDocument:
    """The YAML file at `path`. Raises ConfigurationError naming file, line and what to write instead."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror or error}",
            file=str(path),
            remedy="Check the name and the rights.",
        ) from error
    return parse(content, path)


def parse(content: bytes | str, path: Path | str) -> YamlDocument:
    """As `load`, for content at hand; `path` names it in errors."""
    path = Path(path)
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"has more than {_MOST_BYTES} bytes", file=str(path), remedy="Split the file.")
    text = _decoded(content, path) if isinstance(content, bytes) else content
    try:
        builder = _built(text, path, _FAST)
    except yaml.YAMLError:
        builder = _explained(text, path)
    return YamlDocument(path, builder.root, builder.lines)


def _built(text: str, path: Path, loader: Any) -> _Builder:
    builder = _Builder(path)
    for event in yaml.parse(text, Loader=loader):
        builder.take(event)
    return builder


def _explained(text: str, path: Path) -> _Builder:
    """By the parser in Python, ten times slower, whose errors can be turned into advice."""
    try:
        return _built(text, path, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line, detail, remedy = _plainly(error)
        raise ConfigurationError(f"is not YAML: {detail}", file=str(path), line=line, remedy=remedy) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(
            "holds a character that YAML does not allow", file=str(path), remedy="Remove control characters."
        ) from error


def _plainly(error: yaml.MarkedYAMLError) -> tuple[int | None, str, str]:
    """Line, fault and remedy for somebody who never wrote a parser.

    What is not closed, or is no key, is found by the parser only on a later line; its beginning is named then.
    """
    problem, context = error.problem or "", error.context or ""
    at = error.problem_mark.line + 1 if error.problem_mark else None
    began = error.context_mark.line + 1 if error.context_mark else at
    match problem.split("'")[0].strip(), context:
        case "found character", _ if "\\t" in problem:
            return at, "a tab stands where only spaces may", "Indent with spaces."
        case "found character", _:
            return (
                at,
                problem.replace("that cannot start any token", "where a text begins"),
                "Put the text into quotes.",
            )
        case "mapping values are not allowed here", _:
            return at, "no key may stand here", "Correct the indentation, or put a text that holds ': ' into quotes."
        case "could not find expected", _:
            return began, "this is no line of the form `key: value`", "Write a colon and a space after the key."
        case "expected", "while parsing a flow sequence" | "while parsing a flow mapping":
            what, close = ("list [", "]") if context.endswith("sequence") else ("block {", "}")
            return (
                began,
                f"the {what} that begins here is not closed, or a comma is missing",
                f"Add a comma or {close}.",
            )
        case "found unexpected end of stream", "while scanning a quoted scalar":
            return began, "the quote that opens here is not closed", "Close it."
        case "expected <block end>, but found", _:
            remedy = "Give lines that belong together the same indentation; lists have a - on each line, blocks none."
            if "<scalar>" in problem:
                remedy = "Close the quotes before it, or put the whole text into quotes."
            return at, f"this does not continue the block that begins on line {began}", remedy
    return at, problem or context, "Check indentation, quotes and brackets there."


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError("is not UTF-8", file=str(path), line=line, remedy="Save the file as UTF-8.") from error


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None  # The parser marks every event.
    return event.start_mark.line + 1


@dataclass(slots=True)
class _Open:
    """A collection that has begun and not ended; `key` is set while a mapping waits for its value."""

    value: dict[Any, Any] | list[Any]
    path: YamlPath
    key: Any = None
    has_key: bool = False


class _Builder:
    """Turns parser events into values without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, path: Path) -> None:
        self.file = path
        self.root: Any = None
        self.lines: dict[YamlPath, int] = {}
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._error("holds several documents", event, "Keep one; remove the line ---.")
            case yaml.AliasEvent():
                raise self._error("aliases (*name) are not used here", event, "Write the block out, or quote the text.")
            case yaml.ScalarEvent():
                self._refuse_decoration(event)
                self._add(_scalar(event), event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_decoration(event)
                if len(self._open) >= _DEEPEST:
                    raise self._error(f"is nested deeper than {_DEEPEST} levels", event, "Flatten it.")
                value: dict[Any, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
                path = self._add(value, event)
                self._open.append(_Open(value, path))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()

    def _add(self, value: Any, event: yaml.Event) -> YamlPath:
        """Puts `value` where it belongs and returns its path; a mapping's key only waits for its value."""
        line = _line(event)
        if not self._open:
            self.root = value
            self.lines[()] = line
            return ()
        parent = self._open[-1]
        if isinstance(parent.value, list):
            path = (*parent.path, len(parent.value))
            parent.value.append(value)
            self.lines[path] = line
            return path
        if parent.has_key:
            parent.has_key = False
            parent.value[parent.key] = value
            return (*parent.path, parent.key)
        if not isinstance(value, (str, int)):
            raise self._error("a key is a text, an integer or a boolean", event, "Quote the key.")
        path = (*parent.path, value)
        if value in parent.value:
            first = self.lines[path]
            raise self._error(f"the key {value!r} stands here already, on line {first}", event, "Remove one of them.")
        parent.key, parent.has_key = value, True
        self.lines[path] = line
        return path

    def _refuse_decoration(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self._error("anchors (&name) are not used here", event, "Write the block out, or quote the text.")
        tag = event.tag if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) else None
        if tag is not None:
            raise self._error(f"tags ({tag}) are not used here", event, "Remove it, or quote the text.")

    def _error(self, detail: str, event: yaml.Event, remedy: str) -> ConfigurationError:
        return ConfigurationError(detail, file=str(self.file), line=_line(event), remedy=remedy)


def _scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if event.style:  # Quoted or a block: a text, whatever it looks like.
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
