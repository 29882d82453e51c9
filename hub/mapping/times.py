"""Reads dates and moments as sources write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.mapping.scalars import Convert, shorten

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# XML Schema lets a date carry an offset (Part 2, 3.2.9); the date stays the one that is written.
_DATE_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_PARTS = re.compile(r"%.|[^%]", re.DOTALL)
_SAMPLE = datetime(2026, 11, 29, tzinfo=UTC)


def zone(name: str) -> ZoneInfo:
    """Raises ValueError for a zone the time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Europe/Zagreb") from error


def date_reader(pattern: str | None, timezone: ZoneInfo) -> Convert:
    """A date by `pattern`, else ISO 8601. Of a moment with an offset it is the day in `timezone`."""
    read = _iso_moment if pattern is None else _by_pattern(pattern)
    example = "2026-01-31" if pattern is None else _SAMPLE.strftime(pattern)
    to_iso = _iso_date if pattern is None else _rearranger(pattern if "%H" not in pattern else "")
    if pattern is not None and not _tells_day(pattern):
        raise ValueError(f"format {pattern!r} has no day or no month")

    def convert(text: str) -> date | None:
        try:
            if (iso := to_iso(text)) is not None:
                return date.fromisoformat(iso)
        except ValueError:
            pass
        plain = text.strip()
        if not plain:
            return None
        try:
            if pattern is None and (match := _DATE_WITH_OFFSET.match(plain)):
                return date.fromisoformat(match[1])
            moment = read(plain)
            return (moment.astimezone(timezone) if moment.tzinfo else moment).date()
        except (ValueError, OverflowError):
            raise ValueError(f"{shorten(plain)!r} is not a date such as {example}") from None

    return convert


def datetime_reader(pattern: str | None, timezone: ZoneInfo) -> Convert:
    """A moment in UTC, by `pattern`, else ISO 8601; one without an offset is local time of `timezone`.

    Of the hour that comes twice in autumn the first is meant; of the one left out in spring, the
    offset before it.
    """
    moment_of = _moment_reader(pattern, timezone)

    def convert(text: str) -> datetime | None:
        plain = text.strip()
        if not plain:
            return None
        moment = moment_of(plain)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{shorten(plain)!r} is too early or too late to be kept in UTC") from None

    return convert


def year_reader(pattern: str | None) -> Convert:
    """`2026`, or the year of a date or moment."""
    by_pattern = _by_pattern(pattern) if pattern is not None else None

    def convert(text: str) -> int | None:
        plain = text.strip()
        if not plain:
            return None
        try:
            if by_pattern is not None:
                return by_pattern(plain).year
            head = plain[:4]
            if head.isascii() and head.isdigit() and head >= "1000":
                return int(head) if len(plain) == 4 else _iso_moment(plain).year
        except ValueError:
            pass
        raise ValueError(f"{shorten(plain)!r} is not a year such as {pattern or 2026}")

    return convert


def version_reader(kind: str | None, pattern: str | None, timezone: ZoneInfo) -> Callable[[str], int | None]:
    """A version that grows: a whole number as it is, a moment as microseconds since 1970 in UTC.

    `kind` is `integer` or `datetime`; None reads digits alone as a number and anything else as a moment.
    With a `pattern` it is a moment.
    """
    if pattern is not None and kind == "integer":
        raise ValueError("a whole number has no format")
    may_be_number = kind != "datetime" and pattern is None
    may_be_iso = kind != "integer" and pattern is None
    moment_of = _moment_reader(pattern, timezone)

    def convert(text: str) -> int | None:
        if may_be_iso and text[4:5] == "-" and text[7:8] == "-" and text[10:11] == "T":
            try:
                moment = datetime.fromisoformat(text)
                return ((moment if moment.tzinfo else moment.replace(tzinfo=timezone)) - _EPOCH) // _MICROSECOND
            except ValueError:
                pass  # The careful way below says what is wrong with it.
        plain = text.strip()
        if not plain:
            return None
        if may_be_number:
            if plain.isdigit() and plain.isascii() and len(plain) < 19:
                return int(plain)
            if kind == "integer":
                raise ValueError(f"{shorten(plain)!r} is not a whole number of at most 18 digits")
        return (moment_of(plain) - _EPOCH) // _MICROSECOND

    return convert


def _moment_reader(pattern: str | None, timezone: ZoneInfo) -> Callable[[str], datetime]:
    """Reads a stripped text as a moment with an offset, its own or that of `timezone`."""
    read = _iso_moment if pattern is None else _by_pattern(pattern)
    example = "2026-01-31T08:15:00+01:00" if pattern is None else _SAMPLE.strftime(pattern)
    if pattern is not None and not _tells_day(pattern):
        raise ValueError(f"format {pattern!r} has no day or no month")

    def moment_of(plain: str) -> datetime:
        try:
            moment = read(plain)
            return moment if moment.tzinfo else moment.replace(tzinfo=timezone)
        except ValueError:
            raise ValueError(f"{shorten(plain)!r} is not a moment such as {example}") from None

    return moment_of


def _iso_date(text: str) -> str | None:
    return text if len(text) == 10 and text[7] == "-" else None


def _iso_moment(plain: str) -> datetime:
    # Python reads more than the extended format, and takes any character in the place of the T: there
    # `2026-01-31+01:00` would become one o'clock.
    if plain[4:5] != "-" or plain[7:8] != "-" or plain[10:11] not in ("T", " ", ""):
        raise ValueError
    return datetime.fromisoformat(plain)


def _by_pattern(pattern: str) -> Callable[[str], datetime]:
    """Reads a stripped text by a pattern of strptime. Raises ValueError for a pattern that cannot work."""
    try:
        year = datetime.strptime(_SAMPLE.strftime(pattern), pattern).year  # noqa: DTZ007  (the caller adds the zone)
    except (ValueError, re.error) as error:
        raise ValueError(f"format {pattern!r} is not one of strptime: {error}") from error
    if year != _SAMPLE.year:
        raise ValueError(f"format {pattern!r} has no year")
    to_iso = _rearranger(pattern)

    def read(plain: str) -> datetime:
        try:
            if (iso := to_iso(plain)) is not None:
                return datetime.fromisoformat(iso)
        except ValueError:
            pass
        return datetime.strptime(plain, pattern)  # noqa: DTZ007

    return read


def _tells_day(pattern: str) -> bool:
    _by_pattern(pattern)
    return datetime.strptime(_SAMPLE.strftime(pattern), pattern).date() == _SAMPLE.date()  # noqa: DTZ007


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
            return lambda _: None
        if width:
            places[part] = slice(len(shape), len(shape) + width)
        shape += "\0" * width or part
    if places.keys() not in ({"%Y", "%m", "%d"}, {"%Y", "%m", "%d", "%H", "%M", "%S"}):
        return lambda _: None
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
