"""CSV that somebody opens in a spreadsheet: what a back office wrote is never taken for a formula there.

A cell that begins with = + - @, also in full width, or a tab is computed by spreadsheets (OWASP, "CSV Injection"); an
apostrophe in front makes it text. A plain number keeps its sign. Line ends and delimiters are quoted (RFC 4180).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "|", "%")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z")


def cell(value: object) -> str:
    """As text that nothing computes, without control characters."""
    text = "" if value is None else str(value)
    text = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    # White space in front does not keep a spreadsheet from computing what follows.
    if text.lstrip().startswith(_FORMULA) and not _NUMBER.match(text):
        return f"'{text}"
    return text


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole file, with CRLF at the ends of its lines."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return written.getvalue()
