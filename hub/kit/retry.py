"""Repeats a call that failed for a reason that may pass: bounded, with exponential waits and full jitter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from hub.kernel.errors import RemoteError, RemoteUnavailable
from hub.kit.breaker import BreakerOpen
from hub.kit.durations import Duration

T = TypeVar("T")


class RetrySettings(BaseModel):
    """The n-th wait is drawn evenly from zero to `first_wait` · 2ⁿ⁻¹, at most `longest_wait`.

    Full jitter, so that callers that failed together do not come back together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    attempts: Annotated[int, Field(ge=1, le=10, description="Calls altogether; 1 means no repetition.")] = 3
    first_wait: Duration = timedelta(seconds=1)
    longest_wait: Duration = timedelta(seconds=20)


class AskedToWait(RemoteUnavailable):
    """The back office asks to be called later."""

    def __init__(
        self, detail: str, *, retry_after: timedelta, evidence: str | None = None, reached: bool | None = None
    ) -> None:
        super().__init__(detail, evidence=evidence, reached=reached)
        self.retry_after = retry_after


async def retrying(
    call: Callable[[], Awaitable[T]],
    settings: RetrySettings,
    *,
    deadline: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> T:
    """The result of `call`, which is repeated after transient remote errors only.

    `deadline` is a moment of `monotonic`: where the next wait would reach it, the last error is raised
    at once. A `Retry-After` is waited out even where it is longer than the wait that was drawn. An open
    breaker is not tried again.
    """
    jitter = wait_random_exponential(multiplier=settings.first_wait.total_seconds(), max=settings.longest_wait)

    def wait(state: RetryCallState) -> float:
        assert state.outcome is not None
        error = state.outcome.exception()
        asked = error.retry_after.total_seconds() if isinstance(error, AskedToWait) else 0.0
        return max(asked, jitter(state))

    def stop(state: RetryCallState) -> bool:
        return state.attempt_number >= settings.attempts or monotonic() + state.upcoming_sleep >= deadline

    retries = AsyncRetrying(sleep=sleep, stop=stop, wait=wait, retry=retry_if_exception(_may_pass), reraise=True)
    return await retries(call)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, RemoteError) and error.transient and not isinstance(error, BreakerOpen)
