"""Keys and tokens of a simulated OpenID provider, right and wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from simulators.kit.keys import credential

_LIFE = timedelta(minutes=5)
_AMISS = timedelta(hours=2)
_ELSEWHERE = "https://elsewhere.example"
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class KeyRing:
    """RSA keys by which tokens are signed. The last one and the one before it are published."""

    def __init__(self) -> None:
        self._keys = [_key(credential("oidc").key, "munihub-simulator-1")]
        self._stranger = credential("stranger").key

    @property
    def signing(self) -> RSAKey:
        return self._keys[-1]

    def rotate(self) -> str:
        """Sign with a new key from now on; returns its kid."""
        kid = f"munihub-simulator-{uuid4().hex[:8]}"
        self._keys = [self.signing, RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})]
        return kid

    def published(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self._keys]}

    def stranger(self, kid: str) -> RSAKey:
        """A key nobody published."""
        return _key(self._stranger, kid)

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        key = self.signing
        return jwt.encode({"alg": "RS256", "kid": str(key.kid), **header}, dict(claims), key)

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of ours, also an expired one; empty for what is none."""
        try:
            return dict(jwt.decode(token, KeySet(list(self._keys)), algorithms=["RS256"]).claims)
        except (JoseError, ValueError):
            return {}


def id_token(
    keys: KeyRing,
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    nonce: str,
    session: str,
    access_token: str,
    now: datetime,
    wrong: Collection[str],
) -> str:
    """OpenID Connect Core 1.0 §2, with whatever is to be wrong with it."""
    at = int(
        (now + (_AMISS if "not_yet_valid" in wrong else -_AMISS if "expired" in wrong else timedelta())).timestamp()
    )
    payload: dict[str, Any] = {
        **claims,
        "iss": _ELSEWHERE if "wrong_iss" in wrong else issuer,
        "aud": "another-client" if "wrong_aud" in wrong else client_id,
        "iat": at,
        "exp": at + int(_LIFE.total_seconds()),
        "auth_time": at,
        "sid": session,
        "at_hash": at_hash("another" if "wrong_at_hash" in wrong else access_token),
    }
    if "more_aud" in wrong:
        payload["aud"] = [client_id, "another-client"]
    if "wrong_azp" in wrong:
        payload["azp"] = "another-client"
    if "not_yet_valid" in wrong:
        payload["nbf"] = at
    if nonce and "no_nonce" not in wrong:
        payload["nonce"] = "another-nonce" if "wrong_nonce" in wrong else nonce
    return _signed(keys, payload, client_secret, wrong)


def _signed(keys: KeyRing, payload: dict[str, Any], client_secret: str, wrong: Collection[str]) -> str:
    kid = str(keys.signing.kid)
    if "alg_none" in wrong:
        return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(payload)}."
    if "hs256_secret" in wrong:
        return _hmac({"alg": "HS256", "typ": "JWT"}, payload, client_secret.encode())
    if "hs256_public_key" in wrong:
        return _hmac({"alg": "HS256", "kid": kid, "typ": "JWT"}, payload, keys.signing.as_pem(private=False))
    if "wrong_key" in wrong or "unknown_kid" in wrong:
        kid = "nobody-knows" if "unknown_kid" in wrong else kid
        return jwt.encode({"alg": "RS256", "kid": kid}, payload, keys.stranger(kid))
    token = keys.sign({}, payload)
    if "tampered" in wrong:
        head, _, signature = token.split(".")
        return f"{head}.{_part({**payload, 'tampered': True})}.{signature}"
    return token


def logout_token(
    keys: KeyRing, *, issuer: str, client_id: str, session: str, subject: str, now: datetime, wrong: Collection[str]
) -> str:
    """OpenID Connect Back-Channel Logout 1.0 §2.4."""
    at = int((now - _AMISS if "expired" in wrong else now).timestamp())
    payload: dict[str, Any] = {
        "iss": _ELSEWHERE if "wrong_iss" in wrong else issuer,
        "aud": "another-client" if "wrong_aud" in wrong else client_id,
        "iat": at,
        "exp": at + 120,
        "jti": uuid4().hex,
        "sub": subject,
        "events": {_LOGOUT: {}},
    }
    if session:
        payload["sid"] = session
    if "wrong_nonce" in wrong:
        payload["nonce"] = "there-must-be-none"
    if {"alg_none", "wrong_key", "unknown_kid", "tampered", "hs256_public_key"} & set(wrong):
        return _signed(keys, payload, "", wrong)
    return keys.sign({"typ": "logout+jwt"}, payload)


def at_hash(access_token: str) -> str:
    """The left half of its SHA-256 (Core §3.1.3.6)."""
    return _base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def s256(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636 §4.2)."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _key(pem: bytes, kid: str) -> RSAKey:
    return RSAKey.import_key(pem, {"kid": kid, "use": "sig", "alg": "RS256"})


def _hmac(header: Mapping[str, Any], payload: Mapping[str, Any], key: bytes) -> str:
    """By hand: a library refuses to sign with a public key as if it were a secret, which is the attack."""
    text = f"{_part(header)}.{_part(payload)}"
    return f"{text}.{_base64url(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def _part(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, ensure_ascii=False).encode())


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
