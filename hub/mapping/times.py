"""Reads dates and moments as sources write them, and writes them so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.mapping.date_formats import DateFormat, date_format, tells_day
from hub.mapping.scalars import Convert, shorten

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# XML Schema lets a date carry an offset (Part 2, 3.2.9); the date stays the one that is written.
_DATE_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)


def zone(name: str) -> ZoneInfo:
    """Raises ValueError for a zone the time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Europe/Zagreb") from error


def date_reader(pattern: str | None, timezone: ZoneInfo, pivot: int | None = None) -> Convert:
    """A date by `pattern`, else ISO 8601. Of a moment with an offset it is the day in `timezone`.

    `pivot` is the first of the hundred years that two digits of a year stand for.
    """
    by = _telling_day(pattern, pivot)
    read, example = (by.read, by.example) if by else (_iso_moment, "2026-01-31")
    to_iso = by.day_to_iso if by else _iso_date

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


def datetime_reader(pattern: str | None, timezone: ZoneInfo, pivot: int | None = None) -> Convert:
    """A moment in UTC, by `pattern`, else ISO 8601; one without an offset is local time of `timezone`.

    Of the hour that comes twice in autumn the first is meant; of the one left out in spring, the
    offset before it.
    """
    moment_of = _moment_reader(pattern, timezone, pivot)

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


def year_reader(pattern: str | None, pivot: int | None = None) -> Convert:
    """`2026`, or the year of a date or moment."""
    by = date_format(pattern, pivot) if pattern is not None else None
    example = by.example if by else "2026"

    def convert(text: str) -> int | None:
        plain = text.strip()
        if not plain:
            return None
        try:
            if by is not None:
                return by.read(plain).year
            head = plain[:4]
            if head.isascii() and head.isdigit() and head >= "1000":
                return int(head) if len(plain) == 4 else _iso_moment(plain).year
        except (ValueError, OverflowError):
            pass
        raise ValueError(f"{shorten(plain)!r} is not a year such as {example}")

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


def _moment_reader(pattern: str | None, timezone: ZoneInfo, pivot: int | None = None) -> Callable[[str], datetime]:
    """Reads a stripped text as a moment with an offset, its own or that of `timezone`."""
    by = _telling_day(pattern, pivot)
    read, example = (by.read, by.example) if by else (_iso_moment, "2026-01-31T08:15:00+01:00")

    def moment_of(plain: str) -> datetime:
        try:
            moment = read(plain)
            return moment if moment.tzinfo else moment.replace(tzinfo=timezone)
        except (ValueError, OverflowError):
            raise ValueError(f"{shorten(plain)!r} is not a moment such as {example}") from None

    return moment_of


def _telling_day(pattern: str | None, pivot: int | None) -> DateFormat | None:
    if pattern is None:
        if pivot is not None:
            raise ValueError("pivot is for a format with a year of two digits (%y)")
        return None
    by = date_format(pattern, pivot)
    if not tells_day(by):
        raise ValueError(f"format {pattern!r} has no day or no month")
    return by


def date_writer(pattern: str | None, pivot: int | None = None) -> Callable[[date], Any]:
    """A date as `pattern` says, else ISO 8601."""
    return date.isoformat if pattern is None else date_format(pattern, pivot).write


def datetime_writer(
    pattern: str | None, timezone: ZoneInfo, pivot: int | None = None
) -> tuple[Callable[[datetime], Any], timedelta]:
    """A moment as the local time of `timezone`, and how long the span is that one text stands for.

    Raises ValueError for a pattern without a time of day.
    """
    if pattern is None:
        return lambda moment: moment.astimezone(timezone).isoformat(), _MICROSECOND
    by = date_format(pattern, pivot)
    if by.unit is None:
        raise ValueError(f"format {pattern!r} has no time of day")
    return lambda moment: by.write(moment.astimezone(timezone)), by.unit


def _iso_date(text: str) -> str | None:
    return text if len(text) == 10 and text[7] == "-" else None


def _iso_moment(plain: str) -> datetime:
    # Python reads more than the extended format, and takes any character in the place of the T: there
    # `2026-01-31+01:00` would become one o'clock.
    if plain[4:5] != "-" or plain[7:8] != "-" or plain[10:11] not in ("T", " ", ""):
        raise ValueError
    return datetime.fromisoformat(plain)
