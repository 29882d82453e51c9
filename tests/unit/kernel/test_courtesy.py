"""A town with very much to do rests while others are there, so that they get what is left of the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.courtesy import AHEAD, SHARE, Courtesy

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


@given(st.lists(st.floats(0.001, 0.2), min_size=300, max_size=300))
def test_beside_others_a_flood_gets_its_share_and_not_more(pieces):
    time = Time()
    courtesy, worked, began = Courtesy(time), 0.0, time.now
    for piece in pieces:
        time.now += piece
        worked += piece
        courtesy.came(OTHER)
        time.now += courtesy.rest(FLOOD, piece)
    took = time.now - began
    # The last piece is rested for as well; one longer than the longest rest pays for cannot be.
    assert worked <= took * SHARE * 2 + AHEAD + 0.2
