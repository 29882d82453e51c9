"""Errors: each says who must act, by a code of its own, and the tree in the docstring is the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from hub.kernel import errors
from hub.kernel.errors import (
    ConfigurationError,
    HubError,
    InvalidRequest,
    LoginRefused,
    NotSureEnough,
    RemoteFault,
    TooManyRequests,
)


def below(kind: type[HubError]) -> Iterator[type[HubError]]:
    for one in kind.__subclasses__():
        if one.__module__ == errors.__name__:
            yield one
            yield from below(one)


KINDS = [HubError, *below(HubError)]
LEAVES = [kind for kind in KINDS if not kind.__subclasses__()]


def test_the_drawn_tree_is_the_tree():
    drawn = re.findall(r"^ {4}([│├└─ ]*)([A-Z]\w+)(.*)$", errors.__doc__ or "", re.MULTILINE)
    assert [name for _, name, _ in drawn] == [kind.__name__ for kind in KINDS]
    for lines, name, text in drawn:
        kind = getattr(errors, name)
        assert len(kind.__mro__) - len(HubError.__mro__) == len(lines) // 4
        if kind in LEAVES and issubclass(kind, (errors.RemoteError, errors.NotReady)):
            assert ("transient" in text) == kind.transient, name


def test_every_code_is_its_own():
    codes = [kind.code for kind in LEAVES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_without_a_detail_its_own_sentence_is_said(kind):
    if kind in {InvalidRequest, ConfigurationError, LoginRefused, NotSureEnough}:
        with pytest.raises(TypeError):
            kind()
        return
    error = kind()
    assert str(error) == error.detail == (kind.__doc__ or "").splitlines()[0]
    assert str(error).endswith(".")
    assert str(kind("Because of this.")) == "Because of this."


def test_a_kind_without_a_sentence_says_its_code():
    class Undescribed(HubError):
        code = "undescribed"

    assert str(Undescribed()) == "undescribed"


def test_what_errors_carry():
    assert InvalidRequest("Too small.", field="body.amount").field == "body.amount"
    assert TooManyRequests().retry_after == 1
    assert TooManyRequests(retry_after=30).retry_after == 30
    assert RemoteFault("It refuses.", evidence="F17").evidence == "F17"
    assert RemoteFault().evidence is None


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "is wrong"),
        ({"file": "city.yaml"}, "city.yaml: is wrong"),
        ({"file": "city.yaml", "line": 3}, "city.yaml:3: is wrong"),
        ({"file": "city.yaml", "line": 3, "key": "payees.grad"}, "city.yaml:3: payees.grad: is wrong"),
        ({"key": "PORT", "remedy": "Write a number."}, "PORT: is wrong. Write a number."),
        ({"remedy": "Write a number."}, "is wrong. Write a number."),
    ],
)
def test_a_configuration_error_names_place_and_remedy(parts, text):
    error = ConfigurationError("is wrong", **parts)
    assert str(error) == error.detail == text
    assert error.problem == "is wrong"
    assert (error.file, error.line, error.key, error.remedy) == tuple(
        parts.get(name) for name in ("file", "line", "key", "remedy")
    )
