"""Clocks: one that goes, one that is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.kernel.clock import FixedClock, SystemClock


def test_the_system_clock_goes_in_utc():
    first, second = SystemClock().now(), SystemClock().now()
    assert first.tzinfo is UTC
    assert timedelta() <= second - first < timedelta(minutes=1)
    assert abs(datetime.now(UTC) - first) < timedelta(minutes=1)


def test_a_fixed_clock_stands_until_it_is_moved():
    clock = FixedClock(datetime(2026, 11, 21, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2026, 11, 21, tzinfo=UTC)
    clock.move(timedelta(days=-1))
    assert clock.now() == datetime(2026, 11, 20, tzinfo=UTC)
