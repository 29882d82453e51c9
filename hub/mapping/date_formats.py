"""How a date or moment is written: by a pattern of strptime, or as one of the ways machines count time.

Beside the parts of strptime a pattern may say `%-d` and `%-m`: read as `%d` and `%m`, written without a zero. Where
numbers stand in it without anything between (`%Y%m%d`), all their digits must be there: `2026111` could be two days.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_NUMBERS = {**_WIDTHS, "%y": 2, "%I": 2, "%j": 3}
_PARTS = re.compile(r"%-?.|[^%]", re.DOTALL)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_UNITS = {
    "%f": _MICROSECOND,
    "%S": _SECOND,
    "%M": timedelta(minutes=1),
    "%H": timedelta(hours=1),
    "%I": timedelta(hours=1),
}
SAMPLE = datetime(2026, 11, 29, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_DOTNET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
# Excel takes 1900 for a leap year: day 60 is its 29th of February, and all later ones count one too many
# (ECMA-376 Part 1, 18.17.4.1).
_EXCEL_LEAP_DAY = 60
_EXCEL_BEGAN = datetime(1899, 12, 31)  # noqa: DTZ001  (local time; the caller adds the zone)
_NUMBER = re.compile(r"\d{1,7}(?:\.\d{1,15})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)


class DateFormat(NamedTuple):
    """One way to write a moment.

    `read` takes a stripped text and gives a moment, with an offset where the text says one; raises ValueError.
    `write` takes a date, or a moment in the zone to write it in. `unit` is the span one text stands for; None where it
    tells only the day. `to_iso` rearranges the usual texts for a faster reader, None for all others.
    """

    example: str
    read: Callable[[str], datetime]
    write: Callable[[Any], Any]
    unit: timedelta | None
    to_iso: Callable[[str], str | None]
    day_to_iso: Callable[[str], str | None]


def date_format(pattern: str, first_year: int | None = None) -> DateFormat:
    """The format that a mapping names. `first_year`: of the hundred years that two digits stand for.

    Raises ValueError for one that cannot work, or tells neither year nor day.
    """
    if pattern in COUNTED:
        return COUNTED[pattern]
    if "%" not in pattern:
        raise ValueError(f"format {pattern!r} is neither a pattern of strptime nor one of {', '.join(COUNTED)}")
    parts = _PARTS.findall(pattern)
    plain = pattern.replace("%-", "%")
    if ("%y" in plain) is not (first_year is not None):
        raise ValueError(
            f"format {pattern!r} has a year of two digits: say by pivot from which year on they count"
            if first_year is None
            else f"pivot is for years of two digits (%y), which format {pattern!r} does not have"
        )
    if first_year is not None and not 1 <= first_year <= 9900:
        raise ValueError(f"pivot is {first_year}, not a year")
    read = _strptime(pattern, plain, parts, first_year)
    unit = next((span for part, span in _UNITS.items() if part in plain), None)
    fast = pattern if plain == pattern else ""
    return DateFormat(
        SAMPLE.strftime(plain),
        read,
        _strftime(parts),
        unit,
        _rearranger(fast),
        _rearranger(fast if "%H" not in fast else ""),
    )


def tells_day(known: DateFormat) -> bool:
    """Whether a text says month and day."""
    back = known.read(str(known.write(SAMPLE)))
    return (back.month, back.day) == (SAMPLE.month, SAMPLE.day)


def _strptime(pattern: str, plain: str, parts: list[str], first_year: int | None) -> Callable[[str], datetime]:
    shape = _exact_widths(pattern, parts)
    to_iso = _rearranger(plain) if plain == pattern else _no_iso

    def read(text: str) -> datetime:
        try:
            if (iso := to_iso(text)) is not None:
                return datetime.fromisoformat(iso)
        except ValueError:
            pass
        if shape is not None and not shape.fullmatch(text):
            raise ValueError(text)
        moment = datetime.strptime(text, plain)  # noqa: DTZ007  (the caller adds the zone)
        return moment if first_year is None else _within(moment, first_year)

    try:
        year = datetime.strptime(SAMPLE.strftime(plain), plain).year  # noqa: DTZ007
    except (ValueError, re.error) as error:
        raise ValueError(f"format {pattern!r} is not one of strptime: {error}") from error
    if year != SAMPLE.year:
        raise ValueError(f"format {pattern!r} has no year")
    return read


def _within(moment: datetime, first_year: int) -> datetime:
    """The year with the same two digits among the hundred from `first_year` on."""
    return moment.replace(year=first_year + (moment.year - first_year) % 100)


def _exact_widths(pattern: str, parts: list[str]) -> re.Pattern[str] | None:
    """What a text must look like where numbers of the pattern touch each other."""
    numbers = [part.replace("%-", "%") in _NUMBERS for part in parts]
    pairs = [index for index in range(1, len(parts)) if numbers[index - 1] and numbers[index]]
    exact = {index for pair in pairs for index in (pair - 1, pair)}
    if not exact:
        return None
    if any("%-" in parts[index] for index in exact):
        raise ValueError(f"format {pattern!r} has numbers of open length side by side")
    shapes = []
    for index, part in enumerate(parts):
        if index in exact:
            shapes.append(rf"\d{{{_NUMBERS[part]}}}")
        else:
            shapes.append(".+?" if part.startswith("%") else re.escape(part))
    return re.compile("".join(shapes), re.ASCII | re.DOTALL)


def _strftime(parts: list[str]) -> Callable[[Any], str]:
    # The C library leaves out the zeros of early years.
    own: Mapping[str, Callable[[Any], str]] = {
        "%Y": lambda day: f"{day.year:04}",
        "%-d": lambda day: str(day.day),
        "%-m": lambda day: str(day.month),
    }

    def write(day: Any) -> str:
        return "".join(own[part](day) if part in own else day.strftime(part) for part in parts)

    return write


def _no_iso(_text: str) -> None:
    return None


def _rearranger(pattern: str) -> Callable[[str], str | None]:
    """Puts the parts of a text in the order of ISO 8601, which Python reads ten times as fast as strptime does.

    None for a text of another shape, and for patterns of anything but fixed numbers. These, and whatever is
    no date after all, are left to strptime, so that the results are always the same as its own.
    """
    shape, places = "", dict[str, slice]()
    for part in _PARTS.findall(pattern):
        width = _WIDTHS.get(part, 0)
        literal = len(part) == 1 and part.isascii() and part.isprintable()
        if part in places or not (width or literal):
            return _no_iso
        if width:
            places[part] = slice(len(shape), len(shape) + width)
        shape += "\0" * width or part
    if places.keys() not in ({"%Y", "%m", "%d"}, {"%Y", "%m", "%d", "%H", "%M", "%S"}):
        return _no_iso
    fixed = [index for index, sign in enumerate(shape) if sign != "\0"]
    signs = itemgetter(*fixed) if fixed else len
    length, expected = len(shape), signs(shape)
    year, month, day = places["%Y"], places["%m"], places["%d"]
    if "%H" not in places:

        def date_to_iso(text: str) -> str | None:
            if len(text) != length or signs(text) != expected:
                return None
            return f"{text[year]}-{text[month]}-{text[day]}"

        return date_to_iso
    hour, minute, second = places["%H"], places["%M"], places["%S"]

    def moment_to_iso(text: str) -> str | None:
        if len(text) != length or signs(text) != expected:
            return None
        return f"{text[year]}-{text[month]}-{text[day]}T{text[hour]}:{text[minute]}:{text[second]}"

    return moment_to_iso


def _read_excel(text: str) -> datetime:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    whole, _, fraction = text.partition(".")
    days = int(whole)
    if days == _EXCEL_LEAP_DAY:
        raise ValueError("is a day that never was")
    # A day is a binary fraction there; nothing finer than a millisecond is meant.
    milliseconds = round(float(f"0.{fraction or 0}") * 86_400_000)
    return _EXCEL_BEGAN + timedelta(days=days - (days > _EXCEL_LEAP_DAY), milliseconds=milliseconds)


def _write_excel(day: date) -> int | float:
    moment = day.replace(tzinfo=None) if isinstance(day, datetime) else datetime(day.year, day.month, day.day)  # noqa: DTZ001
    passed = moment - _EXCEL_BEGAN
    days = passed.days + (passed.days >= _EXCEL_LEAP_DAY)
    rest = passed - timedelta(days=passed.days)
    return days + rest / timedelta(days=1) if rest else days


def _read_dotnet(text: str) -> datetime:
    match = _DOTNET.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return _EPOCH + timedelta(milliseconds=int(match[1]))


def _counted(unit: timedelta) -> tuple[Callable[[str], datetime], Callable[[Any], int]]:
    def read(text: str) -> datetime:
        if not _WHOLE.fullmatch(text):
            raise ValueError(text)
        return _EPOCH + int(text) * unit

    return read, lambda moment: (_moment(moment) - _EPOCH) // unit


def _moment(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=UTC)


_MILLISECOND = timedelta(milliseconds=1)
COUNTED: Mapping[str, DateFormat] = {
    "excel": DateFormat("46355", _read_excel, _write_excel, _MILLISECOND, _no_iso, _no_iso),
    "dotnet": DateFormat(
        "/Date(1795910400000)/",
        _read_dotnet,
        lambda moment: f"/Date({(_moment(moment) - _EPOCH) // _MILLISECOND})/",
        _MILLISECOND,
        _no_iso,
        _no_iso,
    ),
    "unix": DateFormat("1795910400", *_counted(_SECOND), _SECOND, _no_iso, _no_iso),
    "unix_ms": DateFormat("1795910400000", *_counted(_MILLISECOND), _MILLISECOND, _no_iso, _no_iso),
}
"""Days since 1900 as spreadsheets count them, local time; `/Date(…)/` of .NET; seconds and milliseconds since 1970."""
