"""Reads dates and moments as sources write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.mapping.scalars import Convert, shorten

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# XML Schema lets a date carry an offset (Part 2, 3.2.9); the date stays the one that is written.
_DATE_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_ZEROS = str.maketrans("123456789", "000000000")
_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_DIRECTIVE = re.compile(r"%.|[^%]", re.DOTALL)


def zone(name: str) -> ZoneInfo:
    """Raises ValueError for a zone the time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Europe/Zagreb") from error


def date_reader(pattern: str | None, timezone: ZoneInfo) -> Convert:
    """A date by `pattern`, else ISO 8601. Of a moment with an offset it is the day in `timezone`."""
    by_pattern = _moment_by_pattern(pattern) if pattern is not None else None
    if pattern is not None:
        _check_day(pattern)

    def convert(text: str) -> date | None:
        plain = text.strip()
        if not plain:
            return None
        if by_pattern is not None:
            moment = by_pattern(plain)
            return (moment.astimezone(timezone) if moment.tzinfo else moment).date()
        try:
            if len(plain) == 10 and plain[7] == "-":
                return date.fromisoformat(plain)
            if match := _DATE_WITH_OFFSET.match(plain):
                return date.fromisoformat(match[1])
            moment = _iso_moment(plain)
            return (moment.astimezone(timezone) if moment.tzinfo else moment).date()
        except (ValueError, OverflowError):
            raise ValueError(f"{shorten(plain)!r} is not a date such as 2026-01-31") from None

    return convert


def datetime_reader(pattern: str | None, timezone: ZoneInfo) -> Convert:
    """A moment in UTC, by `pattern`, else ISO 8601; one without an offset is local time of `timezone`.

    Of the hour that comes twice in autumn the first is meant; of the one left out in spring, the
    offset before it.
    """

    def to_utc(moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone)).astimezone(UTC)

    read = _iso_moment
    if pattern is not None:
        read = _moment_by_pattern(pattern)
        _check_day(pattern)

    def convert(text: str) -> datetime | None:
        plain = text.strip()
        if not plain:
            return None
        try:
            return to_utc(read(plain))
        except (ValueError, OverflowError):
            raise ValueError(f"{shorten(plain)!r} is not a moment such as 2026-01-31T08:15:00+01:00") from None

    return convert


def year_reader(pattern: str | None) -> Convert:
    """`2026`, or the year of a date or moment."""
    by_pattern = _moment_by_pattern(pattern) if pattern is not None else None

    def convert(text: str) -> int | None:
        plain = text.strip()
        if not plain:
            return None
        if by_pattern is not None:
            return by_pattern(plain).year
        head = plain[:4]
        if head.isascii() and head.isdigit() and head >= "1000":
            if len(plain) == 4:
                return int(head)
            try:
                return _iso_moment(plain).year
            except ValueError:
                pass
        raise ValueError(f"{shorten(plain)!r} is not a year such as 2026")

    return convert


def version_reader(kind: str | None, pattern: str | None, timezone: ZoneInfo) -> Callable[[str], int | None]:
    """A version that grows: a whole number as it is, a moment as microseconds since 1970 in UTC.

    `kind` is `integer` or `datetime`; None reads digits alone as a number and anything else as a moment.
    With a `pattern` it is a moment.
    """
    if pattern is not None and kind == "integer":
        raise ValueError("a whole number has no format")
    kind = "datetime" if pattern is not None else kind
    moment_of = datetime_reader(pattern, timezone)

    def convert(text: str) -> int | None:
        plain = text.strip()
        if not plain:
            return None
        if kind != "datetime" and plain.isascii() and plain.isdigit() and len(plain) < 19:
            return int(plain)
        if kind == "integer":
            raise ValueError(f"{shorten(plain)!r} is not a whole number of at most 18 digits")
        moment: datetime = moment_of(plain)
        return (moment - _EPOCH) // _MICROSECOND

    return convert


def _iso_moment(plain: str) -> datetime:
    # Python reads more than the extended format, and takes any character in the place of the T: there
    # `2026-01-31+01:00` would become one o'clock.
    if len(plain) < 10 or plain[4] != "-" or plain[7] != "-" or plain[10:11] not in ("", "T", " "):
        raise ValueError
    return datetime.fromisoformat(plain)


def _moment_by_pattern(pattern: str) -> Callable[[str], datetime]:
    """Reads a stripped text by a pattern of strptime. Raises ValueError for a pattern that cannot work.

    Patterns of plain numbers of fixed width, which nearly all are, are cut instead: strptime takes ten
    times as long. What does not have that very shape is left to strptime, so the results are the same.
    """
    _check(pattern)
    cut = _cutter(pattern)

    def read(plain: str) -> datetime:
        try:
            if (moment := cut(plain)) is not None:
                return moment
            return datetime.strptime(plain, pattern)  # noqa: DTZ007  (the caller gives it its zone)
        except (ValueError, OverflowError):
            raise ValueError(f"{shorten(plain)!r} does not fit the format {pattern}") from None

    return read


def _check(pattern: str) -> None:
    sample = datetime(2026, 11, 29, tzinfo=UTC)
    try:
        year = datetime.strptime(sample.strftime(pattern), pattern).year  # noqa: DTZ007
    except (ValueError, re.error) as error:
        raise ValueError(f"format {pattern!r} is not one of strptime: {error}") from error
    if year != sample.year:
        raise ValueError(f"format {pattern!r} has no year")


def _check_day(pattern: str) -> None:
    sample = datetime(2026, 11, 29, tzinfo=UTC)
    if datetime.strptime(sample.strftime(pattern), pattern).date() != sample.date():  # noqa: DTZ007
        raise ValueError(f"format {pattern!r} has no day or no month")


def _cutter(pattern: str) -> Callable[[str], datetime | None]:
    shape, places = "", dict[str, slice]()
    for token in _DIRECTIVE.findall(pattern):
        width = _WIDTHS.get(token)
        fixed = width is not None and token not in places
        if not fixed and (len(token) == 2 or token.isspace() or token.isdigit() or not token.isascii()):
            return lambda _: None
        if width is not None:
            places[token] = slice(len(shape), len(shape) + width)
        shape += "0" * width if width else token
    if not {"%Y", "%m", "%d"} <= places.keys():
        return lambda _: None
    year, month, day = places.pop("%Y"), places.pop("%m"), places.pop("%d")
    clock = [places.get(token) for token in ("%H", "%M", "%S")]

    def cut(plain: str) -> datetime | None:
        if plain.translate(_ZEROS) != shape:
            return None
        if not places:
            return datetime(int(plain[year]), int(plain[month]), int(plain[day]))  # noqa: DTZ001
        hour, minute, second = (int(plain[part]) if part else 0 for part in clock)
        return datetime(int(plain[year]), int(plain[month]), int(plain[day]), hour, minute, second)  # noqa: DTZ001

    return cut
