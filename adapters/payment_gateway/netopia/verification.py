"""The signature of a notification of version 2: a JWT in the header `Verification-token`, over a hash of the body.

What is checked is what NETOPIA's libraries check (sdk-php lib/ipn.php, go-sdk ipn.go), with one difference: they take
the algorithm from the token's own header, which lets whoever knows the public key sign (RFC 8725 §2.1, §3.1). Here it
is RS512 and no other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from hub.kit.certificates import load_public_key
from hub.ports.payment_gateway import Forged

ISSUER = "NETOPIA Payments"
_ALGORITHMS = ["RS512"]
_LONGEST = 8_000
_SKEW = timedelta(minutes=5)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799
# Seconds of the year 5138 are milliseconds of the year 1973: nothing in between is a time of a payment.
_MILLISECONDS = 100_000_000_000


def load_public_keys(names: Sequence[str], folder: Path) -> tuple[RSAKey, ...]:
    """Raises ConfigurationError naming the entry."""
    remedy = "Put NETOPIA's key there, in PEM: a PUBLIC KEY or a CERTIFICATE, RSA of 2048 bits or more."
    found = (load_public_key(folder / name, at=f"public_keys.{n}", remedy=remedy) for n, name in enumerate(names))
    pems = (key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in found)
    return tuple(RSAKey.import_key(pem) for pem in pems)


def verify(
    token: str,
    body: bytes,
    *,
    keys: Sequence[RSAKey],
    audience: str,
    now: datetime,
    times: Literal["checked", "ignored"],
) -> Mapping[str, Any]:
    """The claims of a token that is NETOPIA's, for our point of sale and over this body. Raises Forged."""
    claims = _signed(token, keys)
    if claims.get("iss") != ISSUER:
        raise Forged("The Verification-token has another issuer.")
    meant = claims.get("aud")
    if audience not in (meant if isinstance(meant, list) else [meant]):
        raise Forged("The Verification-token is meant for another point of sale.")
    expected = base64.b64encode(hashlib.sha512(body).digest()).decode()
    if not hmac.compare_digest(str(claims.get("sub")).encode(), expected.encode()):
        raise Forged("The body is not the one the Verification-token was made for.")
    if times == "checked":
        _check_times(claims, now)
    return claims


def _signed(token: str, keys: Sequence[RSAKey]) -> dict[str, Any]:
    if not token:
        raise Forged("The message has no Verification-token.")
    if len(token) > _LONGEST:
        raise Forged("The Verification-token is too long.")
    for key in keys:
        try:
            found = jws.deserialize_compact(token, key, algorithms=_ALGORITHMS)
        except (JoseError, ValueError, TypeError):
            continue
        if str(found.headers().get("typ", "JWT")).upper() != "JWT":
            raise Forged("The Verification-token is not of type JWT.")
        try:
            claims = json.loads(found.payload)
        except (ValueError, RecursionError):
            claims = None
        if not isinstance(claims, dict):
            raise Forged("The Verification-token holds no claims.")
        return claims
    raise Forged("The Verification-token is not signed by RS512 with a key of public_keys.")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """`exp` and `nbf` (RFC 7519 §4.1), in seconds or, as the PHP library compares them, in milliseconds."""
    for name in ("exp", "nbf"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST * 1000:
            raise Forged(f"{name} of the Verification-token is no time.")
        at = _FIRST + timedelta(seconds=value / 1000 if value >= _MILLISECONDS else value)
        if name == "exp" and at + _SKEW < now:
            raise Forged("The Verification-token has expired.")
        if name == "nbf" and at - _SKEW > now:
            raise Forged("The Verification-token is not valid yet.")
