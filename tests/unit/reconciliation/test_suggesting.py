from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.reconciliation.suggesting import alike, one_slip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Željka Čičković", "CICKOVIC ZELJKA"),
        ("Đorđe Ђурић", "Djordje Đurić Đorđe"),
        ("Kateřina  Žďárská", "zdarska, katerina"),
        ("Ștefan Ionescu", "IONESCU STEFAN"),
    ],
)
def test_names_are_alike_however_they_are_written(one, other):
    assert alike(one, other)


@pytest.mark.parametrize(("one", "other"), [("Ana Horvat", "Ana Novak"), ("", ""), ("Ana", "Ana")])
def test_one_word_in_common_is_not_enough(one, other):
    assert not alike(one, other)


@given(st.from_regex(r"[1-9][0-9]{5,12}", fullmatch=True), st.data())
def test_every_single_slip_is_thought_of(number, data):
    place = data.draw(st.integers(0, len(number) - 2))
    digit = data.draw(st.sampled_from("0123456789"))
    slips = set(one_slip(number))
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    replaced = number[:place] + digit + number[place + 1 :]
    missing = number[:place] + number[place + 1 :]
    added = number[:place] + digit + number[place:]
    assert {one.lstrip("0") for one in (swapped, replaced, missing, added)} <= slips


def test_what_is_no_number_has_no_slips():
    assert list(one_slip("HR1234")) == []
    assert list(one_slip("1234")) == []
