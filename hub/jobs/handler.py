"""What does the jobs of one kind, and what becomes of a job that fails."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from hub.jobs.failures import describe
from hub.jobs.leases import Outcome, Verdict
from hub.jobs.queue import Job
from hub.kernel.errors import HubError, TooManyRequests


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a job waits after a transient failure: doubling from `first` up to `longest`, half of it random."""

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)

    def after(self, attempts: int) -> timedelta:
        """The wait after the failure of attempt number `attempts`."""
        whole = min(self.longest, self.first * float(2 ** min(attempts - 1, 20)))
        return timedelta(seconds=whole.total_seconds() * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True, slots=True)
class Handler:
    """What does the jobs of one kind.

    `run` does one job. It runs beside others in one event loop and must not block it. After a transient HubError,
    and after any error that is not the hub's, the job is tried again up to `max_attempts` times in all; a final
    HubError ends it at once.
    `lease`: after this time without a sign of the worker another one may begin the job again. It is renewed while
    the job runs, so it need not be as long as the job.
    """

    run: Callable[[Job], Awaitable[None]]
    lease: timedelta = timedelta(seconds=30)
    max_attempts: int = 5
    backoff: Backoff = Backoff()


def after_failure(job: Job, handler: Handler, error: BaseException) -> Outcome:
    """Whether `job` is tried again after `error`, and when."""
    final = isinstance(error, HubError) and not error.transient
    if final or job.attempts >= job.max_attempts:
        return Outcome.of(job, Verdict.FAILED, error=describe(error))
    delay = handler.backoff.after(job.attempts)
    if isinstance(error, TooManyRequests):
        delay = max(delay, timedelta(seconds=error.retry_after))
    return Outcome.of(job, Verdict.RETRY, delay=delay, error=describe(error))
