"""Tokens that somebody has tampered with: refused, whatever it is that the library makes of them."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.kit.secrets import SecretRef
from identity.oidc.settings import OidcSettings
from identity.oidc.tokens import TokenReader, private_key
from tests.integration.identity.oidc_login import NOW, secrets_of, settings
from tests.support.oidc_issuer import encrypted, key, signed


class Known:
    """An issuer whose keys are known and never change."""

    async def keys(self, _: object) -> list[Any]:
        return [key("P-256", "one"), key("RSA", "rsa"), key("Ed25519", "ed")]

    async def renewed_keys(self, _: object) -> None:
        return None


def reader() -> TokenReader:
    more = {"decryption": {"keys": [{"secret": "rsa"}, {"secret": "ec"}]}}
    chosen = OidcSettings.model_validate(settings("https://issuer.example", **more))
    issuer: Any = Known()
    return TokenReader(chosen, issuer, secrets_of())


def read(token: str) -> dict[str, Any]:
    return dict(asyncio.run(reader().read(token, NOW, what="id_token")).claims)


def tokens() -> list[str]:
    plain = signed({"a": 1}, key("P-256", "one"), "ES256")
    return [
        plain,
        signed({"a": 1}, key("RSA", "rsa"), "PS256"),
        signed({"a": 1}, key("Ed25519", "ed"), "EdDSA"),
        encrypted(plain, key("RSA", "opens"), "RSA-OAEP-256"),
        encrypted(plain, key("P-256", "opens"), "ECDH-ES"),
        encrypted(plain, key("P-256", "opens"), "ECDH-ES+A128KW", "A128CBC-HS256"),
    ]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("number", range(6))
def test_untouched_they_are_read(number: int) -> None:
    assert read(tokens()[number]) == {"a": 1}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epk", {"kty": "EC", "crv": "P-25f", "x": "AA", "y": "AA"}, "malformed"),
        ("epk", {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, "malformed"),
        ("epk", {}, "malformed"),
        ("epk", None, "malformed"),
        ("apu", 7, "malformed"),
        ("alg", "dir", "weak_algorithm"),
        ("alg", ["ECDH-ES"], "weak_algorithm"),
        ("alg", "PBES2-HS256+A128KW", "weak_algorithm"),
        ("enc", "A192GCM", "weak_algorithm"),
        ("enc", "A128GCM", "malformed"),
        ("zip", "DEF", "weak_algorithm"),
    ],
)
def test_a_header_of_an_encrypted_token_that_is_made_up(name: str, value: Any, reason: str) -> None:
    head, *rest = tokens()[4].split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "==")) | {name: value}
    with pytest.raises(LoginRefused) as caught:
        read(".".join([b64(json.dumps(header).encode()), *rest]))
    assert caught.value.reason == reason


@effort(max_examples=150)
@given(st.integers(0, 5), st.integers(0, 4), st.binary(max_size=40) | st.text("AZaz09-_=!.", max_size=40))
def test_parts_that_are_exchanged(number: int, part: int, other: bytes | str) -> None:
    parts = tokens()[number].split(".")
    part %= len(parts)
    text = b64(other) if isinstance(other, bytes) else other
    if text == parts[part]:  # ECDH-ES and RSA differ in which parts are empty.
        return
    parts[part] = text
    with pytest.raises(LoginRefused):
        read(".".join(parts))


def test_what_is_no_private_key() -> None:
    for pem in ("nonsense", key("RSA", "opens").as_pem(private=False).decode()):
        with pytest.raises(ConfigurationError, match="the secret 'k' is not a private key in PEM") as caught:
            private_key(SecretRef(secret="k"), secrets_of(k=pem), place="decryption.keys")
        assert caught.value.key == "decryption.keys"
        assert pem not in str(caught.value)


def test_a_key_that_is_replaced_is_read_anew() -> None:
    before = private_key(SecretRef(secret="k"), secrets_of(k=secrets_of()("ec").get_secret_value()), place="x")
    after = private_key(SecretRef(secret="k"), secrets_of(k=secrets_of()("rsa").get_secret_value()), place="x")
    assert (before.key_type, after.key_type) == ("EC", "RSA")
