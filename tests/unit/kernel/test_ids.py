"""Public ids: there and back, and nothing else is one."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid, parse_public_id, public_id

PREFIX = st.sampled_from(["obl", "sub", "dlt", "cas"])


@given(PREFIX, st.uuids())
def test_there_and_back(prefix, uuid):
    text = public_id(prefix, uuid)
    assert len(text) == len(prefix) + 27
    assert parse_public_id(prefix, text) == uuid
    assert public_id(prefix, str(uuid)) == text


@given(st.uuids(), st.uuids())
def test_the_order_is_kept(one, other):
    assert (one < other) == (public_id("x", one) < public_id("x", other))


def test_the_ends_of_the_range():
    assert public_id("obl", UUID(int=0)) == "obl_" + "0" * 26
    assert public_id("obl", UUID(int=2**128 - 1)) == "obl_7" + "z" * 25


def test_a_new_one_is_version_7_and_carries_its_millisecond():
    """RFC 9562 §5.7."""
    before = time.time_ns() // 1_000_000
    made = [new_uuid() for _ in range(200)]
    after = time.time_ns() // 1_000_000
    assert len(set(made)) == 200
    for one in made:
        assert (one.version, one.variant) == (7, RFC_4122)
        assert before <= one.int >> 80 <= after


@given(PREFIX, st.text(max_size=60))
def test_any_text_is_an_id_or_not_found(prefix, text):
    try:
        uuid = parse_public_id(prefix, text)
    except NotFound:
        return
    assert public_id(prefix, uuid) == text


@given(st.uuids(), st.integers(4, 29), st.sampled_from("ilou-_AZč ²\0"))
def test_one_wrong_letter_is_not_found(uuid, place, letter):
    text = public_id("obl", uuid)
    wrong = text[:place] + letter + text[place + 1 :]
    with pytest.raises(NotFound):
        parse_public_id("obl", wrong)


@pytest.mark.parametrize(
    "text",
    ["", "obl", "obl_", "sub_" + "0" * 26, "obl_" + "0" * 25, "obl_" + "0" * 27, "obl_8" + "0" * 25, "OBL_" + "0" * 26],
)
def test_misspelt_ids_are_not_found(text):
    with pytest.raises(NotFound, match=r"^There is no obl_… with the id '"):
        parse_public_id("obl", text)


def test_a_long_text_is_not_repeated_whole():
    with pytest.raises(NotFound) as refusal:
        parse_public_id("obl", "x" * 10_000)
    assert len(str(refusal.value)) < 100
