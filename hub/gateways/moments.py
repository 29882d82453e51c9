"""When a gateway is asked about an attempt, and when somebody is to look."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.gateways.model import UNDER_WAY, WITHOUT_MONEY, Attempt, State

TAKES_CARDS = timedelta(minutes=30)
"""How long the page of an attempt is open: the longest that all gateways allow (ČSOB `ttlSec`, at most 1800)."""

_NEWS = timedelta(seconds=2)
_ENTERING = timedelta(minutes=1)
_MOST = timedelta(hours=6)
_CLOSED = timedelta(minutes=1)
_TOO_LONG = timedelta(hours=2)
"""After the end of the page's time: whoever waits longer wants somebody to look."""
_LATE_MONEY = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
_DISPUTES = tuple(timedelta(days=number) for number in (1, 7, 30, 60, 90, 120, 180, 270, 365, 540))
"""A card holder may dispute a payment for 120 days as a rule, and for 540 where something is delivered later (Visa
Dispute Conditions 13.1; Mastercard 4853)."""


def next_ask(attempt: Attempt, now: datetime) -> datetime | None:
    """When the gateway is asked next, None where it need not be.

    While under way: two seconds after the browser has come back, a minute after the start where it has not, and from
    then on whenever half as much time again has passed: often at first, every six hours at the most. One question falls
    upon the end of the page's time. What is over is asked about now and then: late money, and refunds and disputes that
    nobody told us of.
    """
    if attempt.state in UNDER_WAY:
        back = attempt.returned_at
        wait = max((now - (back or attempt.created_at)) / 2, _NEWS if back else _ENTERING)
        following, closed = now + min(wait, _MOST), attempt.expires_at + _CLOSED
        return closed if now < closed < following else following
    if attempt.state in WITHOUT_MONEY:
        return _next_of(_LATE_MONEY, attempt.settled_at, now)
    return _next_of(_DISPUTES, attempt.captured_at, now) if attempt.state is State.CAPTURED else None


def takes_too_long(attempt: Attempt, now: datetime) -> bool:
    """Whether it is under way for so long that somebody is told."""
    return attempt.state in UNDER_WAY and now >= attempt.expires_at + _TOO_LONG


def _next_of(waits: tuple[timedelta, ...], since: datetime | None, now: datetime) -> datetime | None:
    return None if since is None else next((since + wait for wait in waits if since + wait > now), None)
