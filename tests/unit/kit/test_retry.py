from __future__ import annotations

from datetime import timedelta

import pytest

from hub.kernel.errors import ConfigurationError, NotReady, RemoteFault, RemoteTimeout, RemoteUnavailable
from hub.kit.breaker import BreakerOpen
from hub.kit.retry import AskedToWait, RetrySettings, retrying


class World:
    """Time that passes only by sleeping, and a call that fails as it is told."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.calls = 0
        self.now = 100.0
        self.slept = []

    async def call(self):
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    async def run(self, settings=None, deadline=1e9):
        settings = settings or RetrySettings(attempts=3)
        return await retrying(self.call, settings, deadline=deadline, sleep=self.sleep, monotonic=lambda: self.now)


async def test_a_success_is_not_repeated():
    world = World("ok")
    assert await world.run() == "ok"
    assert (world.calls, world.slept) == (1, [])


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_attempts_are_exact_and_the_last_error_is_raised(attempts):
    errors = [RemoteTimeout(str(number)) for number in range(9)]
    world = World(*errors)
    with pytest.raises(RemoteTimeout) as caught:
        await world.run(RetrySettings(attempts=attempts))
    assert caught.value is errors[attempts - 1]
    assert (world.calls, len(world.slept)) == (attempts, attempts - 1)


@pytest.mark.parametrize(
    "error", [RemoteFault("x"), BreakerOpen("x"), ConfigurationError("x"), NotReady("x"), ValueError("x")]
)
async def test_what_cannot_pass_by_waiting_is_not_repeated(error):
    world = World(error, "never")
    with pytest.raises(type(error)):
        await world.run()
    assert world.calls == 1


async def test_waits_grow_and_are_drawn_from_zero(monkeypatch):
    drawn = []
    monkeypatch.setattr("random.uniform", lambda low, high: drawn.append((low, high)) or high)
    world = World(*[RemoteUnavailable("x")] * 6)
    with pytest.raises(RemoteUnavailable):
        await world.run(RetrySettings(attempts=6, first_wait="2s", longest_wait="10s"))
    assert drawn == [(0, 2), (0, 4), (0, 8), (0, 10), (0, 10), (0, 10)]
    assert world.slept == [2, 4, 8, 10, 10]


async def test_the_deadline_ends_it_before_a_wait_that_would_reach_it(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    world = World(*[RemoteUnavailable("x")] * 9)
    with pytest.raises(RemoteUnavailable):
        await world.run(RetrySettings(attempts=9, first_wait="1s"), deadline=107.0)
    assert world.slept == [1, 2]
    assert world.now == 103


async def test_what_the_server_asks_for_is_the_least_wait(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    world = World(
        AskedToWait("x", retry_after=timedelta(seconds=30)), AskedToWait("x", retry_after=timedelta(seconds=1)), "ok"
    )
    assert await world.run(RetrySettings(attempts=3, first_wait="5s", longest_wait="5s")) == "ok"
    assert world.slept == [30, 5]
