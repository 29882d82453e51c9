"""Tokens that somebody else made, or that were ours and were changed. RFC 8725 names most of these attacks."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import OKPKey

from hub.cities.loader import load_city
from hub.kernel.errors import Unauthenticated
from hub.kernel.ids import new_uuid
from hub.settings import PROJECT
from hub.tokens.service import Tokens

HOUR = timedelta(hours=1)


@pytest.fixture
def tokens(tmp_path, clock) -> Tokens:
    return Tokens.load(tmp_path / "token_key.json", clock)


@pytest.fixture(scope="module")
def city():
    return load_city(PROJECT / "config" / "cities" / "pregrada" / "city.yaml")


@pytest.fixture
def ours(tokens, city) -> str:
    token = tokens.sign(city, new_uuid(), ("account",), HOUR)
    assert tokens.verify(token, city).scopes == {"account"}
    tokens._known.clear()
    return token


def b64(data: bytes | dict) -> str:
    data = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def part(token: str, number: int) -> dict:
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def refused(tokens: Tokens, city, *forged: str) -> None:
    for token in forged:
        with pytest.raises(Unauthenticated):
            tokens.verify(token, city)
        assert tokens._known == {}, "what was refused is not remembered"


def signed(tokens: Tokens, claims: dict, **header: object) -> str:
    """With the true key, whatever it says."""
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": tokens._key.kid} | header
    return jwt.encode(header, claims, tokens._key, algorithms=["Ed25519"])


def test_without_a_signature(tokens, city, ours):
    _, payload, signature = ours.split(".")
    for name in ("none", "None", "NONE", "nOnE", "", None):
        head = b64({"alg": name, "typ": "at+jwt"})
        refused(tokens, city, f"{head}.{payload}.", f"{head}.{payload}.{signature}", f"{head}.{payload}")


def test_signed_with_the_public_key_as_if_it_were_a_secret(tokens, city, ours):
    """Anybody may know the public key."""
    public = tokens._key.public_key
    keys = [
        public.public_bytes(Encoding.Raw, PublicFormat.Raw),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(tokens._key.as_dict(private=False)).encode(),
        tokens._key.as_dict(private=False)["x"].encode(),
        b"",
    ]
    payload = ours.split(".")[1]
    for name, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        content = f"{b64({'alg': name, 'typ': 'at+jwt'})}.{payload}"
        refused(tokens, city, *(f"{content}.{b64(hmac.digest(key, content.encode(), digest))}" for key in keys))


def test_signed_with_a_key_the_token_brings_along(tokens, city, ours):
    own = OKPKey.generate_key("Ed25519", parameters={"kid": tokens._key.kid})
    claims = part(ours, 1)
    names = [
        {"kid": tokens._key.kid},
        {"jwk": own.as_dict(private=False)},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/certificate"},
        {"kid": "../../../../dev/null"},
        {"kid": "' union select 'key' --"},
        {"kid": "\x00"},
    ]
    for named in names:
        content = f"{b64({'alg': 'Ed25519', 'typ': 'at+jwt'} | named)}.{b64(claims)}"
        refused(tokens, city, f"{content}.{b64(own.private_key.sign(content.encode()))}")


def test_signed_by_us_for_something_else(tokens, city, ours):
    claims = part(ours, 1)
    assert tokens.verify(signed(tokens, claims), city)
    tokens._known.clear()
    changes = [
        {"iss": "other"},
        {"aud": "munihub:2"},
        {"aud": ["munihub:1", "munihub:2"]},
        {"aud": None},
        {"sub": "obl_" + claims["sub"][4:]},
        {"sub": claims["sub"] + "x"},
        {"sub": 1},
        {"sub": None},
        {"sub": ""},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 1e300},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": -(10**18)},
        {"exp": 0},
        {"exp": []},
        {"scope": ["account"]},
        {"scope": None},
    ]
    for change in changes:
        try:
            tokens.verify(signed(tokens, claims | change), city)
        except Unauthenticated:
            continue
        raise AssertionError(change)
    for name in ("iss", "aud", "exp", "scope"):
        refused(tokens, city, signed(tokens, {key: value for key, value in claims.items() if key != name}))
    for typ in ("JWT", "id+jwt", "", "AT+JWT"):
        tokens._known.clear()
        refused(tokens, city, signed(tokens, claims, typ=typ))


def test_a_critical_extension_nobody_here_knows_is_refused(tokens, city, ours):
    """RFC 7515 §4.1.11."""
    for header in ({"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False}, {"crit": "x"}):
        content = f"{b64({'alg': 'Ed25519', 'typ': 'at+jwt'} | header)}.{ours.split('.')[1]}"
        refused(tokens, city, f"{content}.{b64(tokens._key.private_key.sign(content.encode()))}")


def test_one_signature_is_written_in_one_way(tokens, city, ours):
    """Else one valid token is thousands, each remembered."""
    head, payload, signature = ours.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [f"{head}.{payload}.{signature[:-1]}{one}" for one in last if one != signature[-1]]
    others += [
        f"{ours}=",
        f"{ours}==",
        f" {ours}",
        f"{ours}\n",
        f"{ours}.",
        f"{head}.{payload}.{signature[:40]} {signature[40:]}",
    ]
    others += [f"{head}.{payload}.{signature.replace('-', '+').replace('_', '/')}%"]
    refused(tokens, city, *others)


def test_what_is_no_token_at_all(tokens, city, ours):
    deep = b64(b"[" * 2000 + b"]" * 2000)
    head = ours.split(".")[0]
    refused(
        tokens,
        city,
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        "\x00",
        "\ud800",
        f"{deep}.{deep}.{deep}",
        f"{head}.{deep}.AA",
    )
    refused(
        tokens, city, b64(b'{"alg":1}') + ".e30.AA", b64(b"[]") + ".e30.AA", b64(b"9" * 5000) + ".e30.AA", "e30.e30.e30"
    )
    refused(tokens, city, "a" * 100_000, ours + "A" * 100_000, ".".join(["A" * 40_000] * 3))


def test_thousands_of_refused_tokens_leave_nothing_behind(tokens, city, ours):
    tokens.verify(ours, city)
    for number in range(3_000):
        with pytest.raises(Unauthenticated):
            tokens.verify(f"{number}.{number}.{number}", city)
    assert list(tokens._known) == [(ours, city.id)]


def test_what_is_remembered_ends_when_the_token_ends(tokens, city, clock, ours):
    tokens.verify(ours, city)
    clock.move(HOUR - timedelta(seconds=1))
    tokens.verify(ours, city)
    clock.move(timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.verify(ours, city)
    assert tokens._known == {}
