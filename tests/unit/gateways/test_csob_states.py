from __future__ import annotations

import pytest

from adapters.payment_gateway.csob.states import RESULTS, STATUSES, Meaning, Said, said
from hub.ports.payment_gateway import Outcome


def test_every_published_state_and_code():
    assert sorted(STATUSES) == list(range(1, 11))
    assert sorted(RESULTS) == [
        *(0, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 500, 600),
        *(700, 710, 720, 730, 740, 750, 800, 810, 820, 900, 999),
    ]


@pytest.mark.parametrize(
    ("captured_from", "outcomes"),
    [
        (4, {4: Outcome.CAPTURED, 7: Outcome.CAPTURED, 8: Outcome.CAPTURED}),
        (7, {4: Outcome.PENDING, 7: Outcome.CAPTURED, 8: Outcome.CAPTURED}),
        (8, {4: Outcome.PENDING, 7: Outcome.PENDING, 8: Outcome.CAPTURED}),
    ],
)
def test_from_which_state_on_it_is_money(captured_from, outcomes):
    assert {status: Said(0, status).outcome(captured_from) for status in outcomes} == outcomes


@pytest.mark.parametrize("captured_from", [4, 7, 8])
@pytest.mark.parametrize("status", [None, 0, 11, 42, 99])
def test_an_unpublished_state_is_unknown(status, captured_from):
    assert Said(0, status).outcome(captured_from) is Outcome.UNKNOWN


@pytest.mark.parametrize("result", [100, 120, 180, 750, 900, 999, 1, 4711])
@pytest.mark.parametrize("status", [None, 1, 7, 8])
def test_a_failed_call_says_nothing_of_a_payment(result, status):
    assert Said(result, status).outcome(7) is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [None, 1, 2, 3, 6])
def test_an_expired_session_without_money(status):
    assert Said(130, status).outcome(7) is Outcome.EXPIRED


@pytest.mark.parametrize(("status", "outcome"), [(7, Outcome.CAPTURED), (8, Outcome.CAPTURED), (5, Outcome.REVERSED)])
def test_an_expired_session_does_not_undo_a_payment(status, outcome):
    assert Said(130, status).outcome(7) is outcome


def test_an_unpublished_code_is_a_failure_over_there():
    assert Said(4711, None).meaning is Meaning.BROKEN


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Said(0, 7), "7 awaiting settlement"),
        (Said(130, 6), "130 session expired, 6 rejected"),
        (Said(4711, 42), "4711 unpublished code, 42 unpublished state"),
        (Said(0, None), "no state"),
    ],
)
def test_words_for_staff(state, word):
    assert state.word == word


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"resultCode": 0, "paymentStatus": 7}, Said(0, 7)),
        ({"resultCode": "0", "paymentStatus": "7"}, Said(0, 7)),
        ({"resultCode": "130", "paymentStatus": ""}, Said(130, None)),
        ({"resultCode": 140}, Said(140, None)),
        ({"resultCode": 0, "paymentStatus": None}, Said(0, None)),
    ],
)
def test_numbers_as_json_and_as_form(message, expected):
    assert said(message) == expected


@pytest.mark.parametrize("value", [None, "", "OK", "-1", "7.0", "٧", True, 1.5, [0], "1" * 10])
def test_what_is_no_number(value):
    with pytest.raises(ValueError, match="its resultCode is not a number"):
        said({"resultCode": value, "paymentStatus": 7})
