"""When a schedule is due next: rules without a database."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.jobs.queue import NewJob
from hub.jobs.schedules import Schedule, next_daily

ZAGREB = ZoneInfo("Europe/Zagreb")
HOUR = timedelta(hours=1)
JOB = NewJob(city_id=1, kind="work", payload={})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("after", "daily", "expected"),
    [
        # An ordinary winter day, before and after the time; exactly at it the next day is meant.
        ("2026-11-21T01:00+01:00", time(3, 30), "2026-11-21T03:30+01:00"),
        ("2026-11-21T03:30+01:00", time(3, 30), "2026-11-22T03:30+01:00"),
        ("2026-11-21T23:59+01:00", time(3, 30), "2026-11-22T03:30+01:00"),
        # 28 March 2027: the clock jumps from 02:00 to 03:00, so 02:30 is not shown; it is meant as 03:30.
        ("2027-03-28T00:00+01:00", time(2, 30), "2027-03-28T03:30+02:00"),
        ("2027-03-28T03:30+02:00", time(2, 30), "2027-03-29T02:30+02:00"),
        ("2027-03-27T02:30+01:00", time(3, 0), "2027-03-27T03:00+01:00"),
        ("2027-03-28T01:00+01:00", time(3, 0), "2027-03-28T03:00+02:00"),
        # 25 October 2026: 02:30 is shown twice; the first counts and the second does not.
        ("2026-10-25T00:00+02:00", time(2, 30), "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:30+02:00", time(2, 30), "2026-10-26T02:30+01:00"),
        ("2026-10-25T02:45+02:00", time(2, 30), "2026-10-26T02:30+01:00"),
        ("2026-10-25T02:10+01:00", time(2, 30), "2026-10-26T02:30+01:00"),
    ],
)
def test_the_next_time_on_the_wall(after, daily, expected):
    found = next_daily(at(after), daily, ZAGREB)
    assert found == at(expected)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("daily", [time(0, 0), time(2, 0), time(2, 30), time(2, 59, 59), time(3, 0), time(23, 59)])
@pytest.mark.parametrize("zone", ["Europe/Zagreb", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "UTC"])
def test_once_on_every_day_of_a_year(zone, daily):
    moment, days = datetime(2026, 1, 1, tzinfo=UTC), []
    while moment.year == 2026:
        following = next_daily(moment, daily, ZoneInfo(zone))
        assert timedelta(hours=22) < following - moment < timedelta(hours=26) or not days
        moment = following
        days.append(moment.astimezone(ZoneInfo(zone)).date())
    assert len(set(days)) == len(days)
    assert 364 <= len(days) <= 366


def test_a_day_that_never_was_is_passed_over():
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    moment, found = at("2011-12-28T12:00-10:00"), []
    for _ in range(3):
        moment = next_daily(moment, time(8), apia)
        found.append(moment)
    assert found == sorted(set(found))
    assert {one.astimezone(apia).strftime("%d %H:%M") for one in found} >= {"29 08:00", "31 08:00"}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"every": HOUR, "daily": time(3), "timezone": ZAGREB},
        {"daily": time(3)},
        {"every": HOUR, "timezone": ZAGREB},
        {"every": timedelta(milliseconds=5)},
        {"daily": time(3, tzinfo=UTC), "timezone": ZAGREB},
    ],
)
def test_a_rule_is_one_of_two(rule):
    with pytest.raises(ValueError, match="schedule 'x'"):
        Schedule("x", JOB, **rule)
