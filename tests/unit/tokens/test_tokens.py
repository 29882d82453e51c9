"""Access tokens: ours, for this town, still valid; everything else is nobody."""

from __future__ import annotations

import base64
import json
import stat
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from hub.cities.loader import load_city
from hub.cities.model import City
from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError, Unauthenticated
from hub.kernel.ids import public_id
from hub.tokens import service
from hub.tokens.service import CITIZEN_SCOPES, STAFF_SCOPES, AccessToken, Tokens
from tests.unit.cities.samples import TOWN, write

HOUR = timedelta(hours=1)
ANA = uuid4()


@pytest.fixture
def town(tmp_path) -> City:
    return load_city(write(tmp_path, TOWN))


@pytest.fixture
def tokens(tmp_path, clock) -> Tokens:
    return Tokens.load(tmp_path / "token.json", clock)


def forged(tokens: Tokens, town: City, *, key: object = None, header: dict | None = None, **claims: object) -> str:
    """A token like ours, signed by our own key unless another is given; None removes a claim."""
    now = int(tokens._clock.now().timestamp())
    ours = {"iss": "munihub", "aud": f"munihub:{town.id}", "exp": now + 60, "scope": "account"}
    wanted = {name: value for name, value in (ours | claims).items() if value is not None}
    header = {"alg": "Ed25519", "typ": "at+jwt"} | (header or {})
    header = {name: value for name, value in header.items() if value is not None}
    return jwt.encode(header, wanted, key or tokens._key, algorithms=[header["alg"]])  # type: ignore[arg-type]


def refused(tokens: Tokens, token: str, town: City) -> str:
    with pytest.raises(Unauthenticated) as caught:
        tokens.verify(token, town)
    return str(caught.value)


# ── Ours ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_signed_is_verified(tokens, town, clock):
    citizen = tokens.verify(tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR), town)
    high = {"assurance": Assurance.HIGH, "development": True}
    assert citizen == AccessToken(7, ANA, frozenset(CITIZEN_SCOPES), clock.now() + HOUR, **high)
    staff = tokens.verify(tokens.sign(town, None, STAFF_SCOPES, HOUR), town)
    assert (staff.subject_id, staff.staff_id, staff.scopes) == (None, None, frozenset(STAFF_SCOPES))


def test_two_tokens_are_never_the_same(tokens, town):
    assert tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR) != tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR)


def test_a_token_is_good_until_it_expires_remembered_or_not(tokens, town, clock, tmp_path):
    token = tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR)
    clock.move(HOUR - timedelta(seconds=1))
    assert tokens.verify(token, town).subject_id == ANA
    clock.move(timedelta(seconds=1))
    assert refused(tokens, token, town) == "The access token has expired."
    assert refused(tokens, token, town) == "The access token has expired."
    assert refused(Tokens.load(tmp_path / "token.json", clock), token, town) == "The access token has expired."


def test_another_process_with_the_same_key_verifies_it(tokens, town, clock, tmp_path):
    token = tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR)
    assert Tokens.load(tmp_path / "token.json", clock).verify(token, town).subject_id == ANA


def test_only_so_many_are_remembered(tokens, town, monkeypatch):
    monkeypatch.setattr(service, "_MOST_REMEMBERED", 3)
    for _ in range(7):
        tokens.verify(tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR), town)
        assert len(tokens._known) <= 3


# ── Not ours, not here ───────────────────────────────────────────────────────────────────────────


def test_a_token_of_another_town_is_refused_even_when_remembered(tokens, town):
    token = tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR)
    tokens.verify(token, town)
    elsewhere = town.model_copy(update={"id": 8, "slug": "gora"})
    assert refused(tokens, token, elsewhere) == "The access token is not for this town."


def test_a_live_town_neither_makes_nor_takes_development_tokens(tokens, town, tmp_path, clock):
    live = town.model_copy(update={"live": True})
    with pytest.raises(ConfigurationError, match="dolina is live: development tokens are not made for it"):
        tokens.sign(live, ANA, CITIZEN_SCOPES, HOUR)
    token = tokens.sign(town, ANA, CITIZEN_SCOPES, HOUR)
    assert refused(tokens, token, live) == "This town is live and does not accept development tokens."
    unmarked = refused(tokens, forged(tokens, live), live)  # the key is enough to know it
    assert unmarked == "This town is live and does not accept development tokens."


def test_the_sample_of_the_next_tests_is_accepted(tokens, town):
    assert tokens.verify(forged(tokens, town, sub=public_id("sub", ANA)), town).subject_id == ANA


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody"},
        {"iss": None},
        {"aud": None},
        {"aud": "munihub:70"},
        {"aud": ["munihub:7"]},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 10**30},
        {"exp": []},
        {"scope": None},
        {"scope": 7},
        {"scope": ["account"]},
        {"sub": "ana"},
        {"sub": public_id("obl", ANA)},
        {"sub": 7},
    ],
)
def test_wrong_claims_are_refused(tokens, town, claims):
    assert refused(tokens, forged(tokens, town, **claims), town).startswith("The access token is not ")


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": None}, {"typ": "at+JWT"}])
def test_a_token_of_another_type_is_refused(tokens, town, header):
    """RFC 8725 §3.11: an identity token must not pass for an access token."""
    assert refused(tokens, forged(tokens, town, header=header), town) == "The access token is not for this town."


def test_other_keys_and_algorithms_are_refused(tokens, town):
    public = json.dumps(tokens._key.as_dict(private=False)).encode()
    tokens_of_others = [
        forged(tokens, town, key=OKPKey.generate_key("Ed25519")),
        forged(tokens, town, key=RSAKey.generate_key(2048), header={"alg": "RS256"}),
        # The public key taken for a shared secret (RFC 8725 §2.1).
        forged(tokens, town, key=OctKey.import_key(public), header={"alg": "HS256"}),
    ]
    head, payload, _ = forged(tokens, town).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    tokens_of_others += [f"{none}.{payload}.", f"{head}.{payload}."]
    for token in tokens_of_others:
        assert refused(tokens, token, town) == "The access token is not valid."


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "a" * 100_000, "eyJhbGciOiJFZDI1NTE5In0.e30."])
def test_what_is_no_token_is_refused(tokens, town, token):
    assert refused(tokens, token, town) == "The access token is not valid."
    assert tokens._known == {}


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_one_changed_letter_is_refused(tokens, town, data):
    """Every letter but the last one of the signature, which carries bits that nobody reads."""
    token = forged(tokens, town)
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("ABCabc019-_.=é").filter(lambda one: one != token[place]))
    refused(tokens, token[:place] + letter + token[place + 1 :], town)


# ── The key ──────────────────────────────────────────────────────────────────────────────────────


def test_the_key_is_private_and_made_once(tmp_path, clock):
    path = tmp_path / "keys" / "token.json"
    Tokens.load(path, clock)
    made = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Tokens.load(path, clock)
    assert path.read_bytes() == made
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_together_have_one_key(tmp_path, clock, town):
    path = tmp_path / "token.json"
    loaded: list[Tokens] = []
    threads = [threading.Thread(target=lambda: loaded.append(Tokens.load(path, clock))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    token = loaded[0].sign(town, ANA, CITIZEN_SCOPES, HOUR)
    assert [one.verify(token, town).subject_id for one in loaded] == [ANA] * 8


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "7", "{}", '{"kty": "OKP"}', '{"kty": "oct", "k": "AAAA"}', '{"kty": "OKP", "crv": "Ed25519", "x": "é"}'],
)  # fmt: skip
def test_a_key_that_cannot_be_read(tmp_path, clock, content):
    path = tmp_path / "token.json"
    path.touch(0o600)
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=r"token\.json: MUNIHUB_TOKEN_KEY_FILE: the token key cannot be read"):
        Tokens.load(path, clock)


@pytest.mark.parametrize(("curve", "private"), [("Ed25519", False), ("Ed448", True), ("X25519", True)])
def test_a_key_that_cannot_sign_is_refused(tmp_path, clock, curve, private):
    path = tmp_path / "token.json"
    path.touch(0o600)
    path.write_text(json.dumps(OKPKey.generate_key(curve).as_dict(private=private)), "ascii")
    with pytest.raises(ConfigurationError, match=r"the token key cannot be read \(it is no private Ed25519 key\)"):
        Tokens.load(path, clock)


def test_a_key_that_others_can_read_is_refused(tmp_path, clock):
    path = tmp_path / "token.json"
    Tokens.load(path, clock)
    path.chmod(0o640)
    with pytest.raises(ConfigurationError) as caught:
        Tokens.load(path, clock)
    assert str(caught.value) == f"{path}: the token key can be read by others. Run `chmod 600 {path}`."


def test_a_place_where_no_key_can_be_made(tmp_path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be written: .*\. Let the hub's user write there\."):
        Tokens.load(tmp_path / "file" / "token.json", clock)
