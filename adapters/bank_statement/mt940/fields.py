"""Fields of an MT940: a tag, its lines and where it begins; what stands around messages is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.kit.statement_text import settle
from hub.ports.bank_statement import Broken

# A closed list: `:26:37` and `:12:` are pieces of a time that was cut at the end of a line.
_FIELD = re.compile(r"\s{0,3}:(20|21|25P?|28C?|60[FM]|61|86|62[FM]|64|65|13D?|34F|90[CD]|NS):(.*)", re.DOTALL)
# The end of a message: `-`, `-}`, `-}{5:…}`, and ING's `-XXX`.
_END = re.compile(r"-(?:\}.*|XXX)?\s*")
_BLOCK = re.compile(r"\s*\{1:|\s*-\}")
# What banks write between messages: blocks of SWIFT, `:940:`, BICs and running numbers.
_BETWEEN = re.compile(r"\s*(?:\{.*|:?94[02][0-9: ]*|[0-9A-Z ]{0,40}|-.{0,40})?\s*")
# Where free text may run over lines; all other fields have one.
_FREE = frozenset({"61", "86", "NS"})
_MOST_LINES = 500

END = "end"


@dataclass(slots=True)
class Field:
    """`tag` is END where a message ends, with no lines."""

    tag: str
    line: int
    lines: list[str] = field(default_factory=list)

    @property
    def value(self) -> str:
        """Of a field of one line."""
        return settle(self.lines[0]).strip()


def fields(lines: Iterable[tuple[int, str]]) -> Iterator[Field]:
    """Raises Broken for a line that belongs to nothing."""
    current: Field | None = None
    for number, line in lines:
        match = _FIELD.match(line)
        ends = not match and (_END.fullmatch(line) or _BLOCK.match(line))
        if not (match or ends):
            _go_on(current, line, number)
            continue
        if current:
            yield current
        current = Field(match[1], number, [match[2]]) if match else None
        if ends and not line.lstrip().startswith("{"):
            yield Field(END, number)
    if current:
        yield current


def _go_on(current: Field | None, line: str, number: int) -> None:
    """A line without a tag belongs to the text before it, or stands between messages."""
    if current is not None and current.tag in _FREE:
        if len(current.lines) >= _MOST_LINES:
            raise Broken(f":{current.tag}: has more than {_MOST_LINES} lines", line=number)
        current.lines.append(line)
    elif not _BETWEEN.fullmatch(line):
        raise Broken("a line belongs to no field", line=number)
