"""How far an answer can be trusted: `fresh`, `stale` since when, or `unavailable` because of what.

Unknown is not empty: a source that was never read completely is `unavailable`, never an empty list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class FreshnessStatus(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Freshness:
    """The age of one part of an answer.

    `as_of`  the moment the shown figures are true for; None where nothing was ever read.
    `since`  when it became stale, or since when it has been failing; None where fresh.
    `because` a stable code (see hub.kernel.errors, plus `never_read`, `too_old`, `no_identifier`,
              `unreadable_records`); None where fresh.
    """

    status: FreshnessStatus
    as_of: datetime | None = None
    since: datetime | None = None
    because: str | None = None

    @classmethod
    def judge(
        cls,
        *,
        now: datetime,
        max_age: timedelta,
        read_at: datetime | None,
        failing_since: datetime | None,
        failure: str | None,
    ) -> Freshness:
        """Freshness of a source from its last good read and the failure that followed it, if any."""
        if read_at is None:
            return cls(FreshnessStatus.UNAVAILABLE, None, failing_since, failure or "never_read")
        if failing_since is not None:
            return cls(FreshnessStatus.STALE, read_at, failing_since, failure)
        if now - read_at > max_age:
            return cls(FreshnessStatus.STALE, read_at, read_at + max_age, "too_old")
        return cls(FreshnessStatus.FRESH, read_at)
