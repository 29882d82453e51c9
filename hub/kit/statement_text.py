"""Bank statements written as text without saying their encoding: numbered lines, in flat memory.

Where the town's settings do not say it either, each piece of text is UTF-8 if it can be and windows-1250 otherwise;
pieces are settled whole (`settle`), since banks cut letters of UTF-8 at the end of a line.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from hub.kit import encodings
from hub.ports.bank_statement import Broken

LONGEST = 16 * 1024
"""Characters of one line; no format has lines of a hundredth of it."""
LARGEST_FILE = 2 * 1024**3
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def text_lines(file: BinaryIO, encoding: str | None) -> Iterator[tuple[int, str]]:
    """Number (1 is the first) and text without its end and without control characters. Raises Broken."""
    buffered = file if isinstance(file, io.BufferedIOBase) else io.BytesIO(file.read(LARGEST_FILE))
    codec, errors = _codec(buffered, encoding)
    text = io.TextIOWrapper(buffered, encoding=codec, errors=errors, newline=None)
    number = size = 0
    try:
        while line := text.readline(LONGEST):
            number += 1
            size += len(line)
            if len(line) == LONGEST and not line.endswith("\n"):
                raise Broken(f"has a line of more than {LONGEST} characters", line=number)
            if size > LARGEST_FILE:
                raise Broken(f"is larger than {LARGEST_FILE // 1024**3} GiB", line=number)
            line = line.rstrip("\n")
            yield number, line if line.isprintable() else _CONTROLS.sub("", line)
    except UnicodeDecodeError as error:
        raise Broken(f"has a byte that is no character of {codec}", line=number + 1) from error
    finally:
        # The file is its opener's to close, who may have done so before the last of these lines was asked for.
        if not buffered.closed:
            text.detach()


def settle(text: str) -> str:
    """The text with its undecided bytes decided."""
    if text.isprintable():
        return text
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1250", "replace")


def _codec(file: io.BufferedIOBase, encoding: str | None) -> tuple[str, str]:
    mark = file.read(3)
    file.seek(-len(mark), io.SEEK_CUR)
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "strict"
    if mark == codecs.BOM_UTF8:
        return "utf-8-sig", "surrogateescape"
    if encoding is None:
        return "utf-8", "surrogateescape"
    try:
        return encodings.check(encoding), "strict"
    except ValueError as error:
        raise Broken(str(error)) from error
