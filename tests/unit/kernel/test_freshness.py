"""Freshness: fresh, stale since, unavailable because."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.kernel.freshness import Freshness, FreshnessStatus

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FRESH, STALE, UNAVAILABLE = FreshnessStatus


@pytest.mark.parametrize(
    ("read_at", "failing_since", "failure", "expected"),
    [
        (None, None, None, Freshness(UNAVAILABLE, None, None, "never_read")),
        (None, NOW - HOUR, "back_office_down", Freshness(UNAVAILABLE, None, NOW - HOUR, "back_office_down")),
        (NOW, None, None, Freshness(FRESH, NOW)),
        (NOW - HOUR, None, None, Freshness(FRESH, NOW - HOUR)),
        # A clock of another machine may be ahead of ours.
        (NOW + HOUR, None, None, Freshness(FRESH, NOW + HOUR)),
        (
            NOW - HOUR - timedelta(seconds=1),
            None,
            None,
            Freshness(STALE, NOW - HOUR - timedelta(seconds=1), NOW - timedelta(seconds=1), "too_old"),
        ),
        # A failure tells more than the age, however young the last good read is.
        (NOW - 2 * HOUR, NOW - HOUR, "remote_fault", Freshness(STALE, NOW - 2 * HOUR, NOW - HOUR, "remote_fault")),
        (NOW, NOW, "back_office_down", Freshness(STALE, NOW, NOW, "back_office_down")),
    ],
)
def test_a_source_is_judged_by_its_last_good_read_and_what_followed(read_at, failing_since, failure, expected):
    judged = Freshness.judge(now=NOW, max_age=HOUR, read_at=read_at, failing_since=failing_since, failure=failure)
    assert judged == expected
