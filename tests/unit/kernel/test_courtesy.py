"""A town with very much to do rests while others are there, so that they get what is left of the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.courtesy import AHEAD, LONGEST, SHARE, Courtesy

FLOOD, OTHER = 1, 2


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def courtesy(time) -> Courtesy:
    return Courtesy(time)


def test_alone_nobody_rests(courtesy, time):
    for _ in range(100):
        time.now += 0.1
        assert courtesy.rest(FLOOD, 0.1) == 0


def test_a_town_that_does_little_never_rests(courtesy, time):
    for _ in range(100):
        time.now += 1.0
        courtesy.came(OTHER)
        assert courtesy.rest(FLOOD, 0.9 * SHARE) == 0


def test_what_a_town_did_while_it_was_alone_costs_one_rest_once_another_comes(courtesy, time):
    courtesy.rest(FLOOD, 3600.0)
    time.now += 1.5
    courtesy.came(OTHER)
    rest = courtesy.rest(FLOOD, 0.01)
    assert 0 < rest <= 2.0
    time.now += rest + AHEAD / SHARE
    courtesy.came(OTHER)
    assert courtesy.rest(FLOOD, 0.01) == 0


def test_who_was_there_half_a_second_ago_is_gone(courtesy, time):
    courtesy.came(OTHER)
    assert courtesy.rest(FLOOD, 1.0) > 0
    time.now += 0.5
    assert courtesy.rest(FLOOD, 1.0) == 0


def test_company_are_the_others_and_not_oneself(courtesy, time):
    assert not courtesy.company(FLOOD)
    courtesy.came(FLOOD)
    assert (courtesy.company(FLOOD), courtesy.company(OTHER)) == (False, True)
    courtesy.came(OTHER)
    assert (courtesy.company(FLOOD), courtesy.company(OTHER)) == (True, True)
    time.now += 0.2
    courtesy.came(OTHER)
    time.now += 0.2
    assert (courtesy.company(FLOOD), courtesy.company(OTHER)) == (True, False)


def test_no_rest_is_longer_than_the_longest_and_none_is_left_to_do_after_it(courtesy, time):
    courtesy.came(OTHER)
    assert courtesy.rest(FLOOD, 60.0) == pytest.approx(LONGEST)
    time.now += LONGEST
    courtesy.came(OTHER)
    assert courtesy.rest(FLOOD, 0.0) == pytest.approx(0.0)


def beside(pieces: list[float]) -> tuple[float, float]:
    """Seconds that work of such pieces does, and takes, while others are always there."""
    time = Time()
    courtesy, began = Courtesy(time), time.now
    for piece in pieces:
        time.now += piece
        courtesy.came(OTHER)
        time.now += courtesy.rest(FLOOD, piece)
    return sum(pieces), time.now - began


@given(st.lists(st.floats(0.001, 3.0), min_size=1, max_size=300))
def test_beside_others_a_flood_gets_its_share_and_not_more(pieces):
    """Of a piece only what is longer than the longest rest pays for comes on top; and nobody rests for nothing."""
    worked, took = beside(pieces)
    forgiven = sum(max(piece - LONGEST * SHARE, 0.0) for piece in pieces)
    assert took * SHARE - 1e-6 <= worked <= took * SHARE + AHEAD + forgiven + 1e-6


@pytest.mark.parametrize(("piece", "share"), [(0.05, 0.05), (0.2, 0.05), (0.5, 1 / 9), (1.0, 1 / 5), (3.0, 3 / 7)])
def test_how_much_that_is_for_long(piece, share):
    worked, took = beside([piece] * 1000)
    assert worked / took == pytest.approx(share, rel=0.02)
