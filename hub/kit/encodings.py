"""Bytes of files and databases as text, in the encodings of five countries: declared, never guessed.

A wrong declaration mostly still gives a text, with `ą` for `š`. What gives it away is refused: bytes that are no
character of the encoding, the control characters 0x80 to 0x9F that ISO 8859-2 leaves free and Windows uses for letters,
and a byte order mark of another encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from difflib import get_close_matches

ENCODINGS: Mapping[str, str] = {
    "utf-8": "Unicode",
    "utf-16": "Unicode, with a byte order mark",
    "utf-16-le": "Unicode, as Windows and SQL Server write it, without a mark",
    "windows-1250": "Croatian, Czech, Romanian, Serbian in Latin script (cp1250)",
    "windows-1251": "Ukrainian, Serbian in Cyrillic script (cp1251)",
    "windows-1252": "Western European",
    "cp852": "as windows-1250, of DOS and its databases",
    "cp866": "Cyrillic, of DOS",
    "iso-8859-2": "Croatian, Czech, Serbian in Latin script (latin2)",
    "iso-8859-5": "Cyrillic",
    "iso-8859-16": "Romanian",
    "koi8-u": "Ukrainian",
}
ALSO = {"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252", "latin2": "iso-8859-2",
         "utf8": "utf-8", "utf-8-sig": "utf-8"}  # fmt: skip
_MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_CONTROLS = re.compile("[\x80-\x9f]")


def check(name: str) -> str:
    """The name as it is written here. Raises ValueError for an unknown one, with the nearest or all of them."""
    known = ALSO.get(name.lower(), name.lower())
    if known in ENCODINGS:
        return known
    near = get_close_matches(known, ENCODINGS, n=1)
    hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(ENCODINGS)
    raise ValueError(f"{name!r} is not an encoding ({hint})")


def decode(content: bytes, encoding: str) -> str:
    """The text without a byte order mark. Raises ValueError with the place of what does not fit."""
    encoding = check(encoding)
    marked = next((name for name, mark in _MARKS.items() if content.startswith(mark)), None)
    if marked is not None and not encoding.startswith(marked[:6] if marked != "utf-8" else "utf-8"):
        raise ValueError(f"begins with the mark of {marked}, and is declared as {encoding}")
    if encoding == "utf-16" and marked is None:
        raise ValueError("has no byte order mark: declare utf-16-le where it has none")
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"the byte at position {error.start} is no character of {encoding}") from None
    if found := _CONTROLS.search(text):
        raise ValueError(f"the byte at position {found.start()} is no letter of {encoding}; is it another encoding?")
    return text.lstrip("\ufeff")


def encode(text: str, encoding: str) -> bytes:
    """Raises ValueError naming the character that the encoding does not have; none becomes a question mark."""
    encoding = check(encoding)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise ValueError(f"has the character U+{ord(text[error.start]):04X}, which {encoding} does not have") from None
