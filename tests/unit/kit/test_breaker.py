from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub.kernel.clock import FixedClock
from hub.kernel.errors import ConfigurationError, RemoteFault, RemoteTimeout, RemoteUnavailable
from hub.kit.breaker import Breaker, BreakerOpen, BreakerSettings, BreakerState

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return FixedClock(NOON)


@pytest.fixture
def breaker(clock):
    return Breaker("registar", BreakerSettings(failures=3, pause="30s"), clock=clock)


def fail(breaker, error=None):
    error = error or RemoteUnavailable("the connection was refused.")
    with pytest.raises(type(error)) as caught, breaker.guard():
        raise error
    assert caught.value is error


def succeed(breaker):
    with breaker.guard():
        pass


def refused(breaker):
    with pytest.raises(BreakerOpen) as caught, breaker.guard():
        pytest.fail("was let through")
    return str(caught.value)


def opened(breaker):
    for _ in range(3):
        fail(breaker)


def test_it_opens_after_failures_in_a_row(breaker, clock):
    fail(breaker)
    clock.move(timedelta(seconds=10))
    fail(breaker, RemoteTimeout("slow."))
    assert (breaker.state, breaker.failing_since) == (BreakerState.CLOSED, NOON)
    fail(breaker)
    assert breaker.state is BreakerState.OPEN
    assert refused(breaker) == (
        "registar has been failing since 2026-11-21T12:00:00Z (3 times in a row); "
        "it is called again at 2026-11-21T12:00:40Z. Last: the connection was refused."
    )


@pytest.mark.parametrize("answer", [None, RemoteFault("no such person")])
def test_an_answer_ends_the_row(breaker, answer):
    fail(breaker)
    fail(breaker)
    fail(breaker, answer) if answer else succeed(breaker)
    assert breaker.failing_since is None
    fail(breaker)
    fail(breaker)
    assert breaker.state is BreakerState.CLOSED


def test_errors_of_our_own_and_cancelled_calls_say_nothing(breaker):
    fail(breaker)
    fail(breaker)
    for neutral in (ConfigurationError("no secret"), asyncio.CancelledError(), ZeroDivisionError()):
        with pytest.raises(type(neutral)), breaker.guard():
            raise neutral
    assert breaker.failing_since == NOON
    fail(breaker)
    assert breaker.state is BreakerState.OPEN


def test_it_half_opens_by_itself_and_lets_one_call_through(breaker, clock):
    opened(breaker)
    clock.move(timedelta(seconds=29))
    refused(breaker)
    clock.move(timedelta(seconds=1))
    assert breaker.state is BreakerState.HALF_OPEN
    with breaker.guard():
        assert "as soon as one trial call succeeds" in refused(breaker)
    assert (breaker.state, breaker.failing_since) == (BreakerState.CLOSED, None)
    succeed(breaker)


def test_a_failed_probe_opens_it_again_for_a_whole_pause(breaker, clock):
    opened(breaker)
    clock.move(timedelta(seconds=45))
    fail(breaker)
    assert breaker.state is BreakerState.OPEN
    assert breaker.failing_since == NOON
    assert "(4 times in a row); it is called again at 2026-11-21T12:01:15Z" in refused(breaker)
    clock.move(timedelta(seconds=30))
    succeed(breaker)
    assert breaker.state is BreakerState.CLOSED


def test_a_cancelled_probe_leaves_room_for_the_next(breaker, clock):
    opened(breaker)
    clock.move(timedelta(seconds=30))
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError
    assert breaker.state is BreakerState.HALF_OPEN
    succeed(breaker)
    assert breaker.state is BreakerState.CLOSED


def test_calls_from_before_it_opened_neither_close_nor_prolong_it(breaker, clock):
    early_success, early_failure = breaker.guard(), breaker.guard()
    early_success.__enter__()
    early_failure.__enter__()
    opened(breaker)
    clock.move(timedelta(seconds=20))
    early_success.__exit__(None, None, None)
    assert breaker.state is BreakerState.OPEN
    error = RemoteUnavailable("late")
    assert not early_failure.__exit__(RemoteUnavailable, error, None)
    clock.move(timedelta(seconds=10))
    assert breaker.state is BreakerState.HALF_OPEN
