"""Dates and moments as sources write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping import times
from tests.unit.mapping.engine import ZAGREB

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        (" 2026-01-31\n", date(2026, 1, 31)),
        ("2026-01-31Z", date(2026, 1, 31)),
        ("2026-01-31+01:00", date(2026, 1, 31)),
        ("2026-01-31-11:00", date(2026, 1, 31)),
        ("2026-01-31T00:00:00", date(2026, 1, 31)),
        ("2026-01-31 00:00:00.0000000", date(2026, 1, 31)),
        # Midnight in Zagreb, told in UTC: it is the next day there.
        ("2026-01-30T23:00:00Z", date(2026, 1, 31)),
        ("2026-06-30T22:00:00.0000000+00:00", date(2026, 7, 1)),
        ("2026-01-31T00:00:00+05:00", date(2026, 1, 30)),
        ("0001-01-01T00:00:00", date(1, 1, 1)),
        ("", None),
        ("   ", None),
    ],
)
def test_iso_dates(text: str, day: date | None) -> None:
    assert times.date_reader(None, ZAGREB)(text) == day


@pytest.mark.parametrize(
    "text",
    ["31.01.2026", "20260131", "2026-W05-6", "2026-02-30", "2026-13-01", "2026-1-1", "2026-01-31x", "2026-01-3١",
     "2026-01-31T25:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", "2026-01-31+1"],
)  # fmt: skip
def test_what_is_no_iso_date(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date such as 2026-01-31"):
        times.date_reader(None, ZAGREB)(text)


@pytest.mark.parametrize(
    ("pattern", "text", "day"),
    [
        ("%d.%m.%Y", "31.01.2026", date(2026, 1, 31)),
        ("%d.%m.%Y", "1.2.2026", date(2026, 2, 1)),
        ("%d.%m.%Y.", "31.01.2026.", date(2026, 1, 31)),
        ("%Y%m%d", "20260131", date(2026, 1, 31)),
        ("%d. %m. %Y", "31. 01. 2026", date(2026, 1, 31)),
        ("%d. %m. %Y", "31.  01. 2026", date(2026, 1, 31)),
        ("%-d. %-m. %Y.", "31. 1. 2026.", date(2026, 1, 31)),
        ("%d.%m.%Y %H:%M:%S", "31.01.2026 08:15:00", date(2026, 1, 31)),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-01-30T23:30:00+0000", date(2026, 1, 31)),
        ("%d %b %Y", "31 Jan 2026", date(2026, 1, 31)),
        ("%d.%m.%Y", " ", None),
    ],
)
def test_dates_by_format(pattern: str, text: str, day: date | None) -> None:
    assert times.date_reader(pattern, ZAGREB)(text) == day


@pytest.mark.parametrize(
    "text", ["2026-01-31", "32.01.2026", "29.02.2025", "31.01.26", "31.01.2026x", "ab.cd.efgh", "31/01/2026"]
)
def test_what_does_not_fit_a_format(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date such as 29\.11\.2026"):
        times.date_reader("%d.%m.%Y", ZAGREB)(text)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("%d.%m.", "format '%d.%m.' has no year"),
        ("%m/%Y", "format '%m/%Y' has no day or no month"),
        ("%d.%Q.%Y", "is not one of strptime"),
        ("dd.MM.yyyy", "is neither a pattern of strptime nor one of excel, dotnet, unix, unix_ms"),
        ("%d.%m.%Y %", "is not one of strptime"),
    ],
)
def test_formats_that_cannot_work(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        times.date_reader(pattern, ZAGREB)
    assert why in str(caught.value)
    with pytest.raises(ValueError, match=r"."):
        times.datetime_reader(pattern, ZAGREB)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T08:15:00Z", utc(2026, 1, 31, 8, 15)),
        ("2026-01-31T08:15:00+01:00", utc(2026, 1, 31, 7, 15)),
        ("2026-01-31T08:15:00+0100", utc(2026, 1, 31, 7, 15)),
        # .NET writes seven digits, and others as many as they like.
        ("2026-01-31T08:15:00.1234567Z", utc(2026, 1, 31, 8, 15, 0, 123456)),
        ("2026-01-31T08:15:00.1Z", utc(2026, 1, 31, 8, 15, 0, 100000)),
        ("2026-01-31T08:15:00.123456789+02:00", utc(2026, 1, 31, 6, 15, 0, 123456)),
        ("2026-01-31 08:15", utc(2026, 1, 31, 7, 15)),
        ("2026-07-31T08:15:00", utc(2026, 7, 31, 6, 15)),
        ("2026-07-31", utc(2026, 7, 30, 22)),
        # The hour that comes twice: the first time it is summer time.
        ("2026-10-25T02:30:00", utc(2026, 10, 25, 0, 30)),
        ("2026-10-25T02:30:00+01:00", utc(2026, 10, 25, 1, 30)),
        # The hour that does not come: what it would have been before the change.
        ("2026-03-29T02:30:00", utc(2026, 3, 29, 1, 30)),
        ("", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    got = times.datetime_reader(None, ZAGREB)(text)
    assert got == moment
    assert got is None or got.tzinfo is UTC


@pytest.mark.parametrize("text", ["08:15", "31.01.2026 08:15", "2026-01-31+01:00", "2026-01-31T8:15", "1769847300"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="is not a moment such as 2026-01-31T08:15:00"):
        times.datetime_reader(None, ZAGREB)(text)


def test_a_moment_outside_what_utc_can_hold() -> None:
    with pytest.raises(ValueError, match="is too early or too late to be kept in UTC"):
        times.datetime_reader(None, ZAGREB)("0001-01-01T00:00:00")


def test_moments_by_format() -> None:
    read = times.datetime_reader("%d.%m.%Y %H:%M:%S", ZAGREB)
    assert read("31.07.2026 08:15:30") == utc(2026, 7, 31, 6, 15, 30)
    assert read("1.7.2026 8:15:30") == utc(2026, 7, 1, 6, 15, 30)
    for text in ("31.07.2026", "31.07.2026 25:00:00", "31.06.2026 08:15:30", "31.07.2026T08:15:30"):
        with pytest.raises(ValueError, match=r"is not a moment such as 29\.11\.2026 00:00:00"):
            read(text)
    assert times.datetime_reader("%Y-%m-%d %H:%M %z", ZAGREB)("2026-07-31 08:15 +0000") == utc(2026, 7, 31, 8, 15)


@pytest.mark.parametrize(
    ("pattern", "text", "year"),
    [
        (None, "2026", 2026),
        (None, " 2026 ", 2026),
        (None, "2026-05-01", 2026),
        (None, "2026-05-01T00:00:00Z", 2026),
        ("%d.%m.%Y", "01.05.2026", 2026),
        ("%m/%Y", "05/2026", 2026),
        (None, "", None),
    ],
)
def test_years(pattern: str | None, text: str, year: int | None) -> None:
    assert times.year_reader(pattern)(text) == year


@pytest.mark.parametrize("text", ["26", "0026", "20260501", "2026/2027", "2026-13-01", "MMXX", "٢٠٢٦"])
def test_what_is_no_year(text: str) -> None:
    with pytest.raises(ValueError, match="is not a year such as 2026"):
        times.year_reader(None)(text)


@pytest.mark.parametrize(
    ("kind", "pattern", "text", "version"),
    [
        (None, None, "42", 42),
        (None, None, "1970-01-01T00:00:01Z", 1_000_000),
        (None, None, "1970-01-01T01:00:00.0000019", 1),
        (None, None, " 1970-01-01T00:00:01Z ", 1_000_000),
        (None, None, "1970-01-02", 23 * 3600 * 1_000_000),
        ("datetime", None, "1969-12-31T23:59:59Z", -1_000_000),
        ("integer", None, "007", 7),
        (None, "%d.%m.%Y %H:%M", "01.01.1970 01:01", 60_000_000),
        (None, None, " ", None),
    ],
)
def test_versions(kind: str | None, pattern: str | None, text: str, version: int | None) -> None:
    assert times.version_reader(kind, pattern, ZAGREB)(text) == version


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "1.5"), ("integer", "-1"), ("integer", "1" * 19), ("datetime", "42"), (None, "0x1F"),
     (None, "2026-02-30T00:00:00"), (None, "2026-01-31X00:00:00")],
)  # fmt: skip
def test_what_is_no_version(kind: str | None, text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        times.version_reader(kind, None, ZAGREB)(text)


def test_an_unknown_zone() -> None:
    for name in ("Europe/Zagrb", "", "../etc/passwd", "Europe"):
        with pytest.raises(ValueError, match="is not a time zone such as Europe/Zagreb"):
            times.zone(name)
    assert times.zone("Europe/Kyiv") == ZoneInfo("Europe/Kyiv")


PATTERNS = ["%d.%m.%Y", "%Y%m%d", "%d/%m/%Y", "%d. %m. %Y", "%Y-%m-%d", "%m-%d-%Y", "%d.%m.%Y."]


@given(st.dates(date(1000, 1, 1)), st.sampled_from(PATTERNS))
def test_every_date_comes_back(day: date, pattern: str) -> None:
    assert times.date_reader(pattern, ZAGREB)(day.strftime(pattern)) == day
    assert times.date_reader(None, ZAGREB)(day.isoformat()) == day


@given(st.text("0123456789.-/ ٣Tx", max_size=12), st.sampled_from([*PATTERNS, "%d.%m.%Y %H:%M:%S"]))
def test_the_quick_way_reads_what_strptime_reads(text: str, pattern: str) -> None:
    try:
        expected = datetime.strptime(text.strip(), pattern).date() if text.strip() else None  # noqa: DTZ007
    except ValueError:
        with pytest.raises(ValueError, match="is not a date such as"):
            times.date_reader(pattern, ZAGREB)(text)
    else:
        assert times.date_reader(pattern, ZAGREB)(text) == expected


EARLIEST, LATEST = (datetime(year, 1, 1) for year in (1900, 2100))  # noqa: DTZ001  (hypothesis adds the zone)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(EARLIEST, LATEST, timezones=OFFSETS))
def test_every_moment_and_its_version_come_back(moment: datetime) -> None:
    text = moment.isoformat()
    assert times.datetime_reader(None, ZAGREB)(text) == moment
    assert times.version_reader(None, None, ZAGREB)(text) == (moment - EPOCH) // timedelta(microseconds=1)
    assert times.date_reader(None, ZAGREB)(text) == moment.astimezone(ZAGREB).date()


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        times.date_reader(None, ZAGREB),
        times.date_reader("%d.%m.%Y", ZAGREB),
        times.datetime_reader(None, ZAGREB),
        times.year_reader(None),
        times.version_reader(None, None, ZAGREB),
    ):
        try:
            read(text)
        except ValueError as error:
            assert "is not a" in str(error) or "too early" in str(error)  # noqa: PT017  (both are answers)
