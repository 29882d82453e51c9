"""How old a feed is for somebody, judged from what was noted of its reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.back_offices.model import Feed
from hub.kernel.freshness import Freshness, FreshnessStatus
from hub.storage.database import NIL

_ORDER = [FreshnessStatus.FRESH, FreshnessStatus.STALE, FreshnessStatus.UNAVAILABLE]


@dataclass(frozen=True, slots=True)
class FeedFreshness:
    """How old one feed is for the subjects in scope. `complete` is False where absence may not be claimed."""

    feed: Feed
    freshness: Freshness
    complete: bool
    caught_up_to: datetime | None


def judge(
    feed: Feed, states: Mapping[str, Mapping[str, Any]], identifiers: Mapping[str, str], now: datetime
) -> FeedFreshness:
    """Freshness of one feed from its states; with several identifiers the worst one counts.

    `states` are rows of `feed_states` for this feed by identifier id (NIL: for everybody), `identifiers` the schemes of
    the identifiers the subject has proven, by id. One that was never asked about counts: its part is not known.
    """
    recognised = {feed.needs} if feed.needs else feed.schemes
    if recognised and not recognised & set(identifiers.values()):
        unknown = Freshness(FreshnessStatus.UNAVAILABLE, because="no_identifier")
        return FeedFreshness(feed, unknown, complete=False, caught_up_to=None)
    asked = [one for one, scheme in identifiers.items() if scheme == feed.needs] if feed.needs else [str(NIL)]
    rows = [states.get(one) for one in asked]
    judged = [_one(feed, row, now) for row in rows]
    worst = max(judged, key=lambda one: (_ORDER.index(one.status), now - one.since if one.since else timedelta()))
    # All of what is shown is true for the earliest moment. Where a part is known it is shown, and is not the whole.
    as_of = min((one.as_of for one in judged if one.as_of), default=None)
    status = FreshnessStatus.STALE if as_of and worst.status is FreshnessStatus.UNAVAILABLE else worst.status
    return FeedFreshness(
        feed,
        Freshness(status, as_of, worst.since, worst.because),
        # A complete read may have been followed by one of which something was refused.
        complete=all(row and row["complete_at"] and row["complete_at"] >= row["read_at"] for row in rows),
        caught_up_to=min((row["caught_up_to"] for row in rows if row and row["caught_up_to"]), default=None),
    )


def _one(feed: Feed, row: Mapping[str, Any] | None, now: datetime) -> Freshness:
    if row is None:
        return Freshness(FreshnessStatus.UNAVAILABLE, because="never_read")
    return Freshness.judge(
        now=now,
        max_age=feed.configuration.max_age,
        read_at=row["read_at"],
        failing_since=row["failing_since"],
        failure=row["failure"],
    )
