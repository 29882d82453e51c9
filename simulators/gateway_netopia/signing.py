"""How NETOPIA signs a notification of version 2: a JWT over a hash of the body, in `Verification-token`."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA512

from simulators.kit.keys import credential

ISSUER = "NETOPIA Payments"
_LIFE = timedelta(minutes=5)


def token(body: bytes, audience: str, now: datetime, *, by: str = "netopia") -> str:
    """`aud` is a list of one, as NETOPIA's newer services send it; `by` names the key in simulators/keys."""
    claims: Mapping[str, Any] = {
        "iss": ISSUER,
        "aud": [audience],
        "sub": base64.b64encode(hashlib.sha512(body).digest()).decode(),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + _LIFE).timestamp()),
    }
    signed = f"{_part({'typ': 'JWT', 'alg': 'RS512'})}.{_part(claims)}"
    signature = _key(by).sign(signed.encode(), PKCS1v15(), SHA512())
    return f"{signed}.{_encoded(signature)}"


@cache
def _key(name: str) -> RSAPrivateKey:
    """To read a key takes longer than to sign with it."""
    return credential(name).private


def _part(document: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(document, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
