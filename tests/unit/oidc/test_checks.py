"""Pieces of the protocol against examples of the norm, and with input made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import LoginRefused
from identity.oidc.checks import Asked, Expected, check_id_token, check_logout_token, same
from identity.oidc.claims import ClaimTable, read_person
from identity.oidc.documents import json_object, time_in

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
EXPECTED = Expected("https://issuer.example", "us", (), timedelta(seconds=60), NOW)
ASKED = Asked("n", NOW, None)
CLAIMS = {"iss": "https://issuer.example", "aud": "us", "sub": "s", "nonce": "n", "iat": SECONDS, "exp": SECONDS + 60}

# Any JSON value, also those that no claim should be.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_at_hash_as_the_norm_computes_it() -> None:
    """OpenID Connect Core 1.0 appendix A.4 (id_token of `code id_token token`, RS256)."""
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    claims = CLAIMS | {"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}
    assert check_id_token(claims, EXPECTED, ASKED, algorithm="RS256", access_token=token) == NOW
    for algorithm, other in (("RS256", token + "x"), ("RS384", token), ("EdDSA", token), ("RS256", None)):
        with pytest.raises(LoginRefused) as caught:
            check_id_token(claims, EXPECTED, ASKED, algorithm=algorithm, access_token=other)
        assert caught.value.reason == "bad_signature"


def test_the_moment_at_which_a_token_ends() -> None:
    good = CLAIMS | {"exp": SECONDS - 59}
    assert check_id_token(good, EXPECTED, ASKED, algorithm="RS256", access_token="a") == NOW
    with pytest.raises(LoginRefused) as caught:
        check_id_token(CLAIMS | {"exp": SECONDS - 60}, EXPECTED, ASKED, algorithm="RS256", access_token="a")
    assert caught.value.reason == "expired"


@given(st.sampled_from(["iss", "aud", "azp", "sub", "nonce", "iat", "exp", "nbf", "auth_time", "at_hash"]), VALUES)
def test_any_claim_is_judged_without_a_crash(name: str, value: Any) -> None:
    try:
        moment = check_id_token(CLAIMS | {name: value}, EXPECTED, ASKED, algorithm="ES256", access_token="a")
    except LoginRefused as error:
        assert value != CLAIMS.get(name, object())
        assert error.reason in {  # noqa: PT017  (both are answers)
            *("wrong_issuer", "wrong_audience", "unsolicited", "expired", "not_yet_valid", "malformed", "bad_signature")
        }
    else:
        assert moment.tzinfo is UTC
        assert name not in ("iss", "nonce") or value == CLAIMS[name]


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "sid", "jti", "iat", "exp", "events"]), VALUES))
def test_any_logout_token_is_refused_without_a_crash(changed: dict[str, Any]) -> None:
    with pytest.raises(LoginRefused):
        check_logout_token(CLAIMS | changed, EXPECTED)


@given(st.dictionaries(st.text(max_size=10) | st.sampled_from(["cnp", "first", "born", "email"]), VALUES, max_size=5))
def test_any_claims_are_read_or_refused(claims: dict[str, Any]) -> None:
    table = ClaimTable(given_name="first", birth_date="born", email="email", identifiers={"cnp": "ro.cnp"})
    try:
        person = read_person(claims, table)
    except LoginRefused as error:
        assert error.reason == "malformed"  # noqa: PT017  (both are answers)
    else:
        assert set(person.unknown) == claims.keys() - table.known()


@pytest.mark.parametrize("text", ["", "[1]", "7", "null", '{"a": NaN}', '{"a": -Infinity}', "{", "[" * 100_000, '"{}"'])
def test_what_is_no_json_object(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_object(text)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (SECONDS, NOW),
        (SECONDS + 0.5, NOW + timedelta(seconds=0.5)),
        (253_402_300_799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (None, None),
    ],
)
def test_times(value: Any, moment: datetime | None) -> None:
    assert time_in({"exp": value}, "exp") == moment


@pytest.mark.parametrize("value", [-1, 253_402_300_800, 10**400, float("inf"), float("nan"), True, "1", [1], {}])
def test_what_is_no_time(value: Any) -> None:
    with pytest.raises(ValueError, match="exp is not a time"):
        time_in({"exp": value}, "exp")


@given(VALUES, st.text(max_size=5))
def test_texts_are_the_same_or_not(given_value: Any, expected: str) -> None:
    assert same(given_value, expected) == (given_value == expected)
    assert same(expected, expected)
    # Half a character, which JSON can hold, is not its replacement.
    assert not same("\ud800", "?")
