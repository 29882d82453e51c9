"""Courtesy: a town that has very much to do rests between the pieces of its work while others are there.

One back office that sends, or is sent, thousands at once would otherwise have the processor and the database for itself
until it is through, and the citizens of every other town would wait behind it. A town that does little never rests, and
neither does one that is alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

SHARE = 0.05
"""Of the time of a process: what a town may go on using for itself while others are there.

The work is measured by the clock, so that all that goes on beside it counts too: the busier the machine, the longer
the rests.
"""
LONGEST = 4.0
"""Seconds of one rest, which pay for a fifth of a second of work. What a piece of work took beyond that is forgiven, so
that no town waits for long because the disk stood still for a moment; pieces are meant to be shorter.
"""
AHEAD = 0.25
"""Seconds of work that a town may have done beyond its share before it rests."""
_PRESENT = 0.25
"""Seconds after its last piece of work that a town still counts as being there. Where the others come once in a while,
the one that has much to do gets most of the time.
"""
_ALONE = 2.0
"""Seconds of the rest, once others come, for what a town did while it was alone, however much that was."""


@dataclass(slots=True)
class _Work:
    """`seconds` beyond the town's share, at the moment `at`."""

    seconds: float
    at: float


class Courtesy:
    """That of one process. The time is that of `monotonic`, in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._done: dict[int, _Work] = {}
        self._latest: tuple[int | None, float] = None, -_PRESENT
        self._other = -_PRESENT

    def came(self, city_id: int) -> None:
        """Something is done for this town."""
        latest, at = self._latest
        if latest != city_id:
            self._other = at
        self._latest = city_id, self._monotonic()

    def company(self, city_id: int) -> bool:
        """Whether others than this town are there."""
        latest, at = self._latest
        return self._monotonic() - (self._other if latest == city_id else at) <= _PRESENT

    def rest(self, city_id: int, worked: float) -> float:
        """Seconds to rest now that `worked` more were spent for a town; 0 where it may go on at once."""
        self.came(city_id)
        now = self._latest[1]
        company = self.company(city_id)
        done = self._done.setdefault(city_id, _Work(0.0, now))
        seconds = max(done.seconds - (now - done.at) * SHARE, 0.0) + worked
        done.seconds = min(seconds, AHEAD + (LONGEST if company else _ALONE) * SHARE)
        done.at = now
        return max(done.seconds - AHEAD, 0.0) / SHARE if company else 0.0
