"""Text of a file that comes in pieces, and where in it something is wrong."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import Any

LONGEST = 5_000_000
"""Characters of one record."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One record: the line it begins (XML: ends) in, and its content: JSON as text, or an XML element as text."""

    line: int
    content: str


class BrokenFile(Exception):
    """The file cannot be read on from `line`. `found` is the start of what stands there."""

    def __init__(self, line: int, reason: str, found: str = "") -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason, self.found = line, reason, found[:2000]


class FileText:
    """Decodes bytes that come in pieces, and knows in which line something is wrong."""

    def __init__(self, encoding: str) -> None:
        name = codecs.lookup(encoding).name
        self._name = encoding
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)("strict")
        self._lines = 1

    def decode(self, data: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(error.encoding, "replace")
            line = self._lines + good.count("\n")
            found = good.rpartition("\n")[2]
            raise BrokenFile(line, f"byte 0x{error.object[error.start]:02X} is no {self._name}", found) from None
        except UnicodeError:
            # Such as UTF-16 without the mark that says which of the two it is.
            raise BrokenFile(self._lines, f"it is no {self._name}") from None
        if (at := text.find("\0")) >= 0:
            raise BrokenFile(self._lines + text.count("\n", 0, at), "there is a NUL character")
        self._lines += text.count("\n")
        return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def why(error: ValueError | RecursionError) -> str:
    """Why it is no JSON, without a place."""
    return "nested too deep" if isinstance(error, RecursionError) else str(error).partition(": line")[0]
