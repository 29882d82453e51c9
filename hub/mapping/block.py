"""One block of a mapping file together with its place, so that every complaint can say where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlDocument, YamlPath

Code = str | bool
"""A code of a source; booleans stay what they are, because sources write them in several ways."""


@dataclass(frozen=True, slots=True)
class Block:
    """`value` is what stands at `place` of the document; a block derived from another keeps its place."""

    document: YamlDocument
    place: YamlPath
    value: Any

    def error(self, detail: str, *, remedy: str, at: str | int | None = None) -> ConfigurationError:
        """A complaint about this block, or about its key `at`; the line is that of the nearest key written."""
        place = self.place if at is None else (*self.place, at)
        line = None
        for length in range(len(place), -1, -1):
            if (line := self.document.line(place[:length])) is not None:
                break
        return ConfigurationError(
            detail, file=str(self.document.path), line=line, key=_shown(place) or None, remedy=remedy
        )

    def get(self, key: str) -> Block | None:
        """The block under `key`; None where the key is not there or has nothing after it."""
        value = self.value.get(key)
        return None if value is None else Block(self.document, (*self.place, key), value)

    def items(self) -> Iterator[tuple[Any, Block]]:
        for key, value in self.value.items():
            yield key, Block(self.document, (*self.place, key), value)

    def entries(self, remedy: str) -> list[Block]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.error("is not a list", remedy=remedy)
        return [Block(self.document, (*self.place, index), value) for index, value in enumerate(self.value)]

    def keys(self, allowed: Iterable[str], *, what: str = "key") -> None:
        """Refuses anything but a mapping with the `allowed` keys."""
        allowed = tuple(allowed)
        if not isinstance(self.value, dict):
            raise self.error("is not a block of keys", remedy=f"Write keys here; allowed are: {', '.join(allowed)}.")
        for key in self.value:
            if key not in allowed:
                raise self.error(f"unknown {what} {key!r}", at=key, remedy=nearest(str(key), allowed))

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.error("is not a text", remedy="Write a text, in quotes where it looks like something else.")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.error(f"is {self.value!r}", remedy="Write true or false.")
        return self.value

    def codes(self) -> list[Code]:
        """A list of codes as a source writes them: texts, whole numbers or booleans; one alone needs no list."""
        if isinstance(self.value, (str, int)):
            return [self.code(self.value)]
        return [entry.code(entry.value) for entry in self.entries("Write a list of codes: [A, B].")]

    def code(self, value: Any) -> Code:
        """A code: a text, a whole number as a text, or a boolean."""
        if isinstance(value, (str, bool)):
            return value
        if isinstance(value, int):
            return str(value)
        raise self.error(f"{value!r} is not a code", remedy="Write codes in quotes: '1.10'.")


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A remedy for a misspelt word: the nearest allowed one first, then all of them."""
    allowed = tuple(allowed)
    near = get_close_matches(word, allowed, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Allowed: {', '.join(allowed)}."


def _shown(place: YamlPath) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) and not isinstance(part, bool) else f".{part}"
    return text.removeprefix(".")
