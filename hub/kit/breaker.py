"""Stops calling a back office that keeps failing, and finds out by itself when it is back.

    closed ──N transient failures in a row──▶ open ──after a pause──▶ half-open ──the probe succeeds──▶ closed
                                               ▲                          │
                                               └────the probe fails───────┘

One per back office, shared by all its calls within a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.clock import Clock, SystemClock
from hub.kernel.errors import RemoteError, RemoteUnavailable
from hub.kit.durations import Duration


class BreakerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    failures: Annotated[int, Field(ge=1, le=1000, description="Transient failures in a row that open it.")] = 5
    pause: Annotated[Duration, Field(description="How long it stays open before one call may try.")] = timedelta(
        seconds=30
    )


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerOpen(RemoteUnavailable):
    """The back office kept failing and is left alone for a while."""


class Breaker:
    """Counts what passes through `guard()`.

    Transient remote errors count as failures. A final one (a fault, a refusal) is an answer: the back
    office is there. A cancelled call or an error of our own says nothing either way.
    """

    def __init__(self, name: str, settings: BreakerSettings | None = None, *, clock: Clock | None = None) -> None:
        self.name = name
        self.failing_since: datetime | None = None
        self._settings = settings or BreakerSettings()
        self._clock = clock or SystemClock()
        self._failures = 0
        self._last_failure = ""
        self._opened_at: datetime | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        if self._clock.now() >= self._opened_at + self._settings.pause:
            return BreakerState.HALF_OPEN
        return BreakerState.OPEN

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one call. Raises BreakerOpen instead of letting it through while open."""
        probe = self._enter()
        try:
            yield
        except RemoteError as error:
            if error.transient:
                self._failed(error, probe=probe)
            else:
                self._succeeded(probe=probe)
            raise
        else:
            self._succeeded(probe=probe)
        finally:
            if probe:
                self._probing = False

    def _enter(self) -> bool:
        """Whether the call that may now pass is the probe of a half-open breaker."""
        state = self.state
        if state is BreakerState.CLOSED:
            return False
        if state is BreakerState.HALF_OPEN and not self._probing:
            self._probing = True
            return True
        assert self._opened_at is not None
        assert self.failing_since is not None
        again = "as soon as one trial call succeeds" if self._probing else f"at {_moment(self._next_trial())}"
        raise BreakerOpen(
            f"{self.name} has been failing since {_moment(self.failing_since)} ({self._failures} times in a "
            f"row); it is called again {again}. Last: {self._last_failure}",
            reached=False,
        )

    def _next_trial(self) -> datetime:
        assert self._opened_at is not None
        return self._opened_at + self._settings.pause

    def _failed(self, error: RemoteError, *, probe: bool) -> None:
        if self._opened_at is not None and not probe:
            return  # A call that was under way when the breaker opened: it is already known.
        now = self._clock.now()
        self.failing_since = self.failing_since or now
        self._failures += 1
        self._last_failure = error.detail
        if probe or self._failures >= self._settings.failures:
            self._opened_at = now

    def _succeeded(self, *, probe: bool) -> None:
        if self._opened_at is not None and not probe:
            return  # Only the probe closes it: a late answer from before says nothing about now.
        self._opened_at = None
        self.failing_since = None
        self._failures = 0
        self._last_failure = ""


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
