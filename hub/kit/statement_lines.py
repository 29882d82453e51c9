"""Lines of a bank statement in fixed columns, one after the other, with their numbers."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hub.ports.bank_statement import Broken


@dataclass(frozen=True, slots=True)
class Line:
    """`text` is without its end, `number` counts from 1. Columns count from 0."""

    number: int
    text: str

    def digits(self, start: int, stop: int, what: str, *, blank: bool = False) -> str:
        """The digits in these columns, without blanks around them; `blank`: there may be none. Raises Broken."""
        value = self.text[start:stop].strip()
        if not (value.isascii() and value.isdigit()) and not (blank and not value):
            raise Broken(f"has {value[:20]!r} where {what} is, in the columns {start + 1} to {stop}", line=self.number)
        return value


def usual_encoding(file: BinaryIO) -> str:
    """UTF-8 where all of the file is and some letter needs it, else windows-1250: in the wrong one of the two, columns
    shift behind the first letter with an accent. The file stands at its beginning afterwards.
    """
    decoder, plain = codecs.getincrementaldecoder("utf-8")(), True
    try:
        while piece := file.read(64 * 1024):
            decoder.decode(piece)
            plain = plain and piece.isascii()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        plain = True
    file.seek(0)
    return "cp1250" if plain else "utf-8"


def lines(file: BinaryIO, encoding: str, longest: int) -> Iterator[Line]:
    """Decoded lines, which end in CR LF or LF; the mark 0x1A of the end of a file is left out, and a NUL, which no
    database keeps, is a blank. Raises Broken where a
    line has more than `longest` bytes or a byte that the encoding does not have, and for an encoding that is none.
    """
    number = 0
    while data := file.readline(longest + 1):
        number += 1
        if len(data) > longest:
            raise Broken(f"has more than {longest} bytes", line=number)
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise Broken(f"has a byte that {encoding} does not have", line=number) from error
        except LookupError as error:
            raise Broken(f"cannot be read: there is no encoding {encoding!r}") from error
        yield Line(number, text.removeprefix("\ufeff").rstrip("\r\n\x1a").replace("\0", " "))
