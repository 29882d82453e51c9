"""Signs and verifies access tokens (JWT, RFC 9068) with the hub's own Ed25519 key (RFC 8037).

Until logins exist, tokens are made by `munihub token` for development; a town marked `live` refuses them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from hub.cities.model import City
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, HubError, Unauthenticated
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.kit.private_file import make_once

ISSUER = "munihub"
_ALGORITHM = "Ed25519"
_MOST_REMEMBERED = 10_000
_LONGEST = 4_096
"""Characters of a token; ours have a few hundred. What is longer is not even parsed."""

CITIZEN_SCOPES = ("account", "refresh")
STAFF_SCOPES = ("messages",)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified token. `subject_id` is None for staff and machines."""

    city_id: int
    subject_id: UUID | None
    scopes: frozenset[str]
    expires_at: datetime


class Tokens:
    """Signs and verifies. A verified token is remembered until it expires: verifying costs as much as the read."""

    def __init__(self, key: OKPKey, clock: Clock) -> None:
        self._key, self._clock = key, clock
        self._known: dict[tuple[str, int], AccessToken] = {}

    @classmethod
    def load(cls, path: Path, clock: Clock) -> Tokens:
        """The key in `path` (a private JWK, mode 0600), made where there is none."""
        if not path.exists():
            key = OKPKey.generate_key("Ed25519", parameters={"kid": str(new_uuid())})
            make_once(path, json.dumps(key.as_dict(private=True)))
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigurationError(
                    "the token key can be read by others", file=str(path), remedy=f"Run `chmod 600 {path}`."
                )
            key = OKPKey.import_key(json.loads(path.read_text(encoding="ascii")))
            if key.curve_name != "Ed25519" or not key.is_private:
                raise ValueError("it is no private Ed25519 key")
            return cls(key, clock)
        except (OSError, ValueError, JoseError) as error:
            raise ConfigurationError(
                f"the token key cannot be read ({error})", file=str(path), key="MUNIHUB_TOKEN_KEY_FILE"
            ) from error

    def sign(self, city: City, subject_id: UUID | None, scopes: tuple[str, ...], lifetime: timedelta) -> str:
        """A development token. Raises ConfigurationError for a live town."""
        self.refuse_live(city)
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": _audience(city),
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": str(new_uuid()),
            "scope": " ".join(scopes),
            "development": True,
        }
        if subject_id is not None:
            claims["sub"] = public_id("sub", subject_id)
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])

    @staticmethod
    def refuse_live(city: City) -> None:
        """Development tokens are not made for a live town."""
        if city.live:
            raise ConfigurationError(f"{city.slug} is live: development tokens are not made for it", key="live")

    def verify(self, token: str, city: City) -> AccessToken:
        """Raises Unauthenticated for a token that is not ours, not for this town, or no longer valid."""
        if len(token) > _LONGEST:
            raise Unauthenticated("The access token is not valid.")
        known = self._known.get((token, city.id))
        if known is None:
            known = self._verify(token, city)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[token, city.id] = known
        if self._clock.now() >= known.expires_at:
            self._known.pop((token, city.id), None)
            raise Unauthenticated("The access token has expired.")
        return known

    def _verify(self, token: str, city: City) -> AccessToken:
        try:
            decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            claims = decoded.claims
            if decoded.header.get("typ") != "at+jwt" or claims["iss"] != ISSUER or claims["aud"] != _audience(city):
                raise Unauthenticated("The access token is not for this town.")
            if city.live and claims.get("development"):
                raise Unauthenticated("This town is live and does not accept development tokens.")
            return AccessToken(
                city_id=city.id,
                subject_id=parse_public_id("sub", claims["sub"]) if "sub" in claims else None,
                scopes=frozenset(claims["scope"].split()),
                expires_at=datetime.fromtimestamp(claims["exp"], tz=self._clock.now().tzinfo),
            )
        except Unauthenticated:
            raise
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, HubError, OverflowError, OSError) as error:
            raise Unauthenticated("The access token is not valid.") from error


def _audience(city: City) -> str:
    return f"{ISSUER}:{city.id}"
