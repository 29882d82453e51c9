"""Dotted paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.paths import Step, join_paths, parse_path, show_path

SPACES = {"a": "urn:a", "b": "urn:b"}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Items.Item", (Step("Items"), Step("Item"))),
        ("Total.@currency", (Step("Total"), Step("currency", None, attribute=True))),
        ("a:Item.b:Id", (Step("Item", "urn:a"), Step("Id", "urn:b"))),
        ("@b:code", (Step("code", "urn:b", attribute=True),)),
        (r"a\.b", (Step("a.b"),)),
        (r"dc\:title", (Step("dc:title"),)),
        (r"\@id", (Step("@id"),)),
        (r"x\\y", (Step(r"x\y"),)),
        ("Žádost.Číslo účtu", (Step("Žádost"), Step("Číslo účtu"))),
        ("Износ", (Step("Износ"),)),
        (".", ()),
    ],
)
def test_parsed(text: str, steps: tuple[Step, ...]) -> None:
    assert parse_path(text, SPACES) == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'': a name is missing"),
        ("a..b", "'a..b': a name is missing"),
        ("a.", "'a.': a name is missing"),
        ("@", "'@': a name is missing"),
        ("@a.b", r"'@a.b': nothing can stand below an attribute; write \@ for a plain @"),
        ("a:b:c", r"'a:b:c': a colon stands between a prefix and a name; write \: for a plain one"),
        (":b", r"':b': a colon stands between a prefix and a name; write \: for a plain one"),
        (
            "x:b",
            r"'x:b': the prefix 'x' is not declared under namespaces (declared: a, b); write \: for a plain colon",
        ),
        ("a\\", r"'a\\': a backslash stands before one of . : @ \ only"),
        ("a\\n", r"'a\\n': a backslash stands before one of . : @ \ only"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_path(text, SPACES)
    assert str(caught.value) == message


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), st.booleans())
def test_what_is_shown_can_be_written_into_a_mapping(names: list[str], attribute: bool) -> None:  # noqa: FBT001
    path = (*(Step(name) for name in names[:-1]), Step(names[-1], None, attribute))
    assert parse_path(show_path(path), {}) == path


def test_joined() -> None:
    assert join_paths("a", "", ".", "b.c") == "a.b.c"
    assert join_paths("", ".") == "."
