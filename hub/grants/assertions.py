"""A client that proves itself by a signature instead of a secret: `private_key_jwt` (RFC 7523 §2.2, §3).

The town has its public keys in the configuration, so that nothing worth stealing lies here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.cities.clients import Client

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
LONGEST_LIFE = timedelta(minutes=10)
"""What lasts longer was made to be kept, and is no proof that the client is here now."""

_LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Assertion:
    """One that was found to be the client's. `jti` is good once until `good_until`."""

    jti: str
    good_until: datetime


def named_in(assertion: str) -> str | None:
    """The client that an assertion claims to be from, before anything is believed."""
    try:
        name = json.loads(jws.extract_compact(assertion.encode("ascii")).payload)["sub"]
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def verify(
    client_id: str, client: Client, assertion: str, audiences: frozenset[str], now: datetime
) -> Assertion | None:
    """None for anything but a fresh assertion that this client signed for one of `audiences`."""
    if len(assertion) > _LONGEST or not client.keys:
        return None
    try:
        keys = KeySet.import_key_set({"keys": client.keys})
        claims: Mapping[str, Any] = jwt.decode(assertion, keys, algorithms=list(ALGORITHMS)).claims
        aud = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        expires_at = datetime.fromtimestamp(claims["exp"], tz=UTC)
        jti = claims["jti"]
        fits = (
            claims["iss"] == claims["sub"] == client_id
            and bool(audiences.intersection(aud))
            and now < expires_at <= now + LONGEST_LIFE
            and isinstance(jti, str)
            and 0 < len(jti) <= 200
        )
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        return None
    return Assertion(jti, expires_at) if fits else None
