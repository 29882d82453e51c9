"""Fields of an MT940: a tag, its lines and where it begins.

Around messages banks write what they like (ČSOB Slovakia: texts for its customers). It is left out, unless it looks
like a field that was damaged. Within a message no line is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.kit.statement_text import settle
from hub.ports.bank_statement import Broken

# A closed list: `:26:37` and `:12:` are pieces of a time that was cut at the end of a line.
_FIELD = re.compile(r"\s{0,3}:(20|21|25P?|28C?|60[FM]|61|86|62[FM]|64|65|13D?|34F|90[CD]|NS):(.*)", re.DOTALL)
# The end of a message: `-`, `-}`, `-}{5:…}`, and ING's `-XXX`. Nordic banks write ä and å for the braces (ISO 646).
_END = re.compile(r"-(?:[}å].*|XXX)?")
_BLOCK = re.compile(r"[{ä]1:|-[}å]")
# What banks write behind a message without an end: blocks of SWIFT, `:940:`, BICs and running numbers.
_BETWEEN = re.compile(r"[{ä].*|:?94[02][0-9: ]*|[0-9A-Z ]{0,40}|-.{0,40}")
_DAMAGED = re.compile(r"[^0-9A-Za-z]{0,8}:(?:20|25|28C?|6[0-5][FM]?|86)\s?:")
# Where free text may run over lines; all other fields have one.
_FREE = frozenset({"61", "86", "NS"})
MOST_LINES = 500

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
    for number, line, match, ends in _with_ends(lines):
        if not (match or ends):
            _go_on(current, line, number)
            continue
        if current:
            yield current
        current = Field(match[1], number, [match[2]]) if match else None
        if ends and settle(line).lstrip()[0] not in "{ä":
            yield Field(END, number)
    if current:
        yield current


def _with_ends(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, re.Match[str] | None, bool]]:
    """Each line with its tag, and whether a message ends with it.

    A `-` alone below a text ends the message where another one or nothing follows. Where a field follows that is no
    :20: it is a part of the text, which Rabobank and mBank cut anywhere.
    """
    free = False
    waiting: list[tuple[int, str]] = []
    for number, line in lines:
        match = _FIELD.match(line)
        said = "" if match else settle(line).strip()
        ends = bool(_END.fullmatch(said) or _BLOCK.match(said))
        if waiting and (match or (ends and said != "-")):
            ended = match is None or match[1] == "20"
            yield from _decided(waiting, ended=ended)
            free, waiting = free and not ended, []
        if (waiting and said) or (free and said == "-"):
            waiting.append((number, line))
            if len(waiting) > MOST_LINES:
                raise Broken(f"more than {MOST_LINES} lines stand between two messages", line=number)
            continue
        if match or ends:
            free = match is not None and match[1] in _FREE
        yield number, line, match, ends
    yield from _decided(waiting, ended=True)


def _decided(waiting: list[tuple[int, str]], *, ended: bool) -> Iterator[tuple[int, str, None, bool]]:
    for place, (number, line) in enumerate(waiting):
        yield number, line, None, ended and place == 0


def _go_on(current: Field | None, line: str, number: int) -> None:
    """A line without a tag belongs to the text before it, or stands between messages."""
    if current is not None and current.tag in _FREE:
        if len(current.lines) >= MOST_LINES:
            raise Broken(f":{current.tag}: has more than {MOST_LINES} lines", line=number)
        current.lines.append(line)
    elif _DAMAGED.match(line) if current is None else not _BETWEEN.fullmatch(settle(line).strip()):
        raise Broken("a line belongs to no field", line=number)
