"""Text of a file that comes in pieces, and where in it something is wrong."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any

from hub.kit.encodings import ALSO

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
    """Decodes bytes that come in pieces, and knows in which line something is wrong.

    `remedy` is what to do where the text is UTF-8 and `encoding` another one (`_Unmasked`).
    """

    def __init__(self, encoding: str, remedy: str) -> None:
        name = codecs.lookup(encoding).name
        self._name = ALSO.get(encoding, encoding)
        self._unmasked = _Unmasked(self._name, remedy) if _one_byte_each(name) else None
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)("strict")
        self._lines = 1

    def decode(self, data: bytes, *, final: bool = False) -> str:
        if self._unmasked is not None:
            self._unmasked.look(data, self._lines, final=final)
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


class _Unmasked:
    """Tells UTF-8 that is read in an encoding of one byte a character, of whose bytes hardly any is nothing: it would
    make a text of it, `Dječji` with strange letters, that citizens read.

    It is UTF-8 where every byte beyond ASCII belongs to a whole sequence, and there are three of these or two that
    differ, or a byte order mark. Chance is out of the question: a sequence begins with a byte from 0xC2 to 0xF4, behind
    which come as many from 0x80 to 0xBF as it says. In windows-1250, windows-1251 and the ISO 8859 family those are a
    letter, mostly a capital one, and a sign or one of a few other letters, such as `ČŠ`. So a text would need several
    such pairs, and not one `č` between two plain letters nor two small Cyrillic ones side by side.
    """

    def __init__(self, encoding: str, remedy: str) -> None:
        self._encoding, self._remedy = encoding, remedy
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._possible, self._count, self._first_letter, self._enough = True, 0, "", False
        self._line, self._found = 0, ""

    def look(self, data: bytes, line: int, *, final: bool) -> None:
        """At the next piece, which begins in `line`. Raises BrokenFile at the end of the file."""
        if not self._possible:
            return
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self._possible = False
            return
        if not self._enough and not text.isascii():
            self._count_in(text, line)
        if final and self._enough:
            raise BrokenFile(
                self._line, f"it is UTF-8, and would be read as {self._encoding}: {self._remedy}", self._found
            )

    def _count_in(self, text: str, line: int) -> None:
        for letter in _BEYOND.finditer(text):
            if not self._count:
                self._line = line + text.count("\n", 0, letter.start())
                self._found = text[text.rfind("\n", 0, letter.start()) + 1 :].partition("\n")[0]
                self._first_letter = letter[0]
            self._count += 1
            if self._count == 3 or letter[0] != self._first_letter or letter[0] == "\ufeff":
                self._enough = True
                return


_BEYOND = re.compile(r"[^\x00-\x7f]")


def _one_byte_each(codec: str) -> bool:
    """Whether an encoding has one byte for each character, and characters beyond ASCII."""
    if codec.startswith("utf"):
        return False
    text = bytes(range(0x80, 0x100)).decode(codec, "replace")
    return len(text) == 128 and set(text) != {"\ufffd"}


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def why(error: ValueError | RecursionError) -> str:
    """Why it is no JSON, without a place."""
    return "nested too deep" if isinstance(error, RecursionError) else str(error).partition(": line")[0]
