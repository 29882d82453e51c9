"""Signs and verifies what the hub says about somebody: access tokens (JWT, RFC 9068), id_tokens, logout tokens.

Two kinds of access tokens are accepted. Those of a town's OpenID provider are signed by the town's own key (hub.tokens.
keys), carry the town's address as issuer and audience, and are the only ones a live town takes. Development tokens are
made by `munihub token`, signed by a key of this installation (Ed25519, RFC 8037), and a town marked `live` refuses
them.

A verified token is remembered until it expires: verifying costs as much as the read it is for. What was granted may be
taken back meanwhile; that is looked up again once in RECHECK per token, so a logout is felt everywhere within it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from hub.authorisation import CITIZEN_SCOPES, STAFF_SCOPES
from hub.cities.model import City
from hub.kernel.assurance import Assurance
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, HubError, Unauthenticated
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.kit.private_file import make_once
from hub.tokens.keys import ALGORITHM, FRESH, KeyRing, SigningKeys

__all__ = ["CITIZEN_SCOPES", "STAFF_SCOPES", "AccessToken", "Tokens", "speaker"]

ISSUER = "munihub"
"""Of development tokens."""

LIFE = timedelta(minutes=5)
"""Of an access token: a front end renews it without its user noticing."""

RECHECK = timedelta(seconds=30)

_SKEW = timedelta(minutes=1)
"""Between the clocks of our own servers."""

ACCESS = "at+jwt"
_ALGORITHM = "Ed25519"
_MOST_REMEMBERED = 10_000
_LONGEST = 4_096
"""Characters of a token; ours have about a thousand. What is longer is not even parsed."""
_LONGEST_HEAD = 500


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified token: who speaks, by which front end, how surely known, allowed what.

    `subject_id` is None for staff and machines, `staff_id` for everybody but staff who logged in. `client_id` is None
    for development tokens alone. `session_id`, `grant_id` and `authenticated_at` are None where nobody logged in.
    """

    city_id: int
    subject_id: UUID | None
    scopes: frozenset[str]
    expires_at: datetime
    staff_id: UUID | None = None
    client_id: str | None = None
    assurance: Assurance = Assurance.LOW
    methods: tuple[str, ...] = ()
    session_id: UUID | None = None
    grant_id: UUID | None = None
    authenticated_at: datetime | None = None
    development: bool = False


class Tokens:
    """Signs and verifies; one per process.

    `keys` and `issuer` (a town's address) belong to the OpenID provider; without them there are development tokens
    only. `in_force` says whether what a token stands for has not been taken back.
    """

    def __init__(
        self,
        key: OKPKey,
        clock: Clock,
        *,
        keys: SigningKeys | None = None,
        issuer: Callable[[City], str] | None = None,
        in_force: Callable[[int, UUID], Awaitable[bool]] | None = None,
    ) -> None:
        self._key, self._clock = key, clock
        self._keys, self._issuer, self._in_force = keys, issuer, in_force
        self._known: dict[tuple[str, int], AccessToken] = {}
        self._recheck: dict[tuple[int, UUID], datetime] = {}
        self._rings: dict[int, KeyRing] = {}

    @classmethod
    def load(cls, path: Path, clock: Clock, **provider: Any) -> Tokens:
        """The key in `path` (a private JWK, mode 0600), made where there is none. `provider`: see the class."""
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
            return cls(key, clock, **provider)
        except (OSError, ValueError, JoseError) as error:
            raise ConfigurationError(
                f"the token key cannot be read ({error})", file=str(path), key="MUNIHUB_TOKEN_KEY_FILE"
            ) from error

    # ── Signing ──────────────────────────────────────────────────────────────────────────────────

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
        header = {"alg": _ALGORITHM, "typ": ACCESS, "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])

    @staticmethod
    def refuse_live(city: City) -> None:
        """Development tokens are not made for a live town."""
        if city.live:
            raise ConfigurationError(f"{city.slug} is live: development tokens are not made for it", key="live")

    @property
    def provider(self) -> SigningKeys:
        """The towns' signing keys; only where this process has them."""
        assert self._keys is not None
        return self._keys

    def issuer(self, city: City) -> str:
        """Who a town's tokens are from: its address."""
        assert self._issuer is not None
        return self._issuer(city)

    async def access(self, city: City, token: AccessToken) -> str:
        """The town's access token that says what `token` says (RFC 9068 §2.2). Its audience is the town's own API."""
        assert token.client_id is not None
        claims: dict[str, Any] = {
            "aud": self.issuer(city),
            "sub": speaker(token.subject_id, token.staff_id) or token.client_id,
            "exp": int(token.expires_at.timestamp()),
            "client_id": token.client_id,
            "scope": " ".join(sorted(token.scopes)),
        }
        if token.authenticated_at and token.session_id and token.grant_id:
            claims |= {
                "auth_time": int(token.authenticated_at.timestamp()),
                "acr": token.assurance.acr,
                "amr": list(token.methods),
                "sid": public_id("ses", token.session_id),
                "grant": public_id("grt", token.grant_id),
            }
        return await self.write(city, ACCESS, claims)

    async def write(self, city: City, kind: str, claims: Mapping[str, Any]) -> str:
        """A JWT of the town with the header type `kind`; `iss`, `iat` and `jti` are added. Types keep one kind of
        token from being taken for another (RFC 8725 §3.11).
        """
        now = self._clock.now()
        key = (await self.provider.of(city.id)).current(now)
        header = {"alg": ALGORITHM, "typ": kind, "kid": key.kid}
        content = {"iss": self.issuer(city), "iat": int(now.timestamp()), "jti": str(new_uuid()), **claims}
        return jwt.encode(header, content, key.key, algorithms=[ALGORITHM])

    # ── Verifying ────────────────────────────────────────────────────────────────────────────────

    async def check(self, token: str, city: City) -> AccessToken:
        """As `verify`, for whoever can wait: keys that are not known yet are read, and what was taken back is refused.

        A token that is remembered costs some look-ups in memory, and once a minute one for all of the town: whether the
        key that signed it is still in use.
        """
        if (token, city.id) not in self._known or self._keys_may_have_changed(city):
            await self._learn(token, city)
        verified = self.verify(token, city)
        if verified.grant_id is not None and self._in_force is not None:
            place, now = (city.id, verified.grant_id), self._clock.now()
            until = self._recheck.get(place)
            if until is None or now >= until:
                if not await self._in_force(*place):
                    self._known.pop((token, city.id), None)
                    raise Unauthenticated("The access token has been revoked.")
                if len(self._recheck) >= _MOST_REMEMBERED:
                    self._recheck.clear()
                self._recheck[place] = now + RECHECK
        return verified

    def verify(self, token: str, city: City) -> AccessToken:
        """Raises Unauthenticated for a token that is not ours, not for this town, or no longer valid.

        It knows the town's keys that this process has read already, and not what was taken back since: see `check`.
        """
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

    async def read(self, city: City, token: str, kind: str) -> dict[str, Any] | None:
        """The claims of a JWT that this town signed as `kind`, expired or not; None for anything else."""
        if len(token) > _LONGEST:
            return None
        await self._learn(token, city)
        try:
            return self._claims_of_town(token, city, kind)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def forget(self, city_id: int, grant_id: UUID) -> None:
        """What this grant gave is looked up at its next use, at least in this process."""
        self._recheck.pop((city_id, grant_id), None)

    async def _learn(self, token: str, city: City) -> None:
        if self._keys is not None and len(token) <= _LONGEST and (kid := _kid(token)) not in {None, self._key.kid}:
            ring = await self._keys.of(city.id, kid=kid)
            before = self._rings.get(city.id, ring)
            if {one.kid for one in before.keys} - {one.kid for one in ring.keys}:
                # A key was taken out of use, perhaps because somebody else has it: nothing it signed is remembered.
                self._known.clear()
            self._rings[city.id] = ring

    def _keys_may_have_changed(self, city: City) -> bool:
        ring = self._keys.remembered(city.id) if self._keys else None
        return ring is not None and (ring is not self._rings.get(city.id) or ring.age(self._clock.now()) >= FRESH)

    def _claims_of_town(self, token: str, city: City, kind: str) -> dict[str, Any] | None:
        """None where the token names no key of the town."""
        ring = self._keys.remembered(city.id) if self._keys else None
        key = ring.find(_kid(token), self._clock.now()) if ring else None
        if key is None:
            return None
        decoded = jwt.decode(token, key.key, algorithms=[ALGORITHM])
        if decoded.header.get("typ") != kind or decoded.claims["iss"] != self.issuer(city):
            raise ValueError("a token for something else")
        return dict(decoded.claims)

    def _verify(self, token: str, city: City) -> AccessToken:
        try:
            claims = self._claims_of_town(token, city, ACCESS)
            if claims is not None:
                return self._of_town(claims, city)
            return self._of_development(token, city)
        except Unauthenticated:
            raise
        except (
            JoseError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            HubError,
            OverflowError,
            OSError,
            RecursionError,
        ) as error:
            raise Unauthenticated("The access token is not valid.") from error

    def _of_town(self, claims: Mapping[str, Any], city: City) -> AccessToken:
        if claims["aud"] != self.issuer(city):
            raise Unauthenticated("The access token is not for this town.")
        sub: str = claims["sub"]
        session = claims.get("sid")
        if session is None and sub != claims["client_id"]:
            raise Unauthenticated("The access token is not valid.")
        now = self._clock.now()
        moment, expires_at = now.tzinfo, datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
        if expires_at > now + LIFE + _SKEW:
            # None of ours lives so long: whoever made it has a key of ours.
            raise Unauthenticated("The access token is not valid.")
        return AccessToken(
            city_id=city.id,
            subject_id=parse_public_id("sub", sub) if session and sub.startswith("sub_") else None,
            staff_id=parse_public_id("stf", sub) if session and not sub.startswith("sub_") else None,
            client_id=claims["client_id"],
            scopes=frozenset(claims["scope"].split()),
            assurance=(Assurance.from_acr(claims["acr"]) if session else None) or Assurance.LOW,
            methods=tuple(claims["amr"]) if session else (),
            session_id=parse_public_id("ses", session) if session else None,
            grant_id=parse_public_id("grt", claims["grant"]) if session else None,
            authenticated_at=datetime.fromtimestamp(claims["auth_time"], tz=moment) if session else None,
            expires_at=expires_at,
        )

    def _of_development(self, token: str, city: City) -> AccessToken:
        decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
        claims = decoded.claims
        if decoded.header.get("typ") != ACCESS or claims["iss"] != ISSUER or claims["aud"] != _audience(city):
            raise Unauthenticated("The access token is not for this town.")
        # Whatever is signed by this key is for development: the key lies in a file that developers have.
        if city.live:
            raise Unauthenticated("This town is live and does not accept development tokens.")
        return AccessToken(
            city_id=city.id,
            subject_id=parse_public_id("sub", claims["sub"]) if "sub" in claims else None,
            scopes=frozenset(claims["scope"].split()),
            expires_at=datetime.fromtimestamp(claims["exp"], tz=self._clock.now().tzinfo),
            # It stands for a login by the surest means, so that every operation can be tried.
            assurance=Assurance.HIGH,
            development=True,
        )


def speaker(subject_id: UUID | None, staff_id: UUID | None) -> str | None:
    """`sub` of whoever logged in: the public id, the same at every front end.

    Not pairwise (OpenID Connect Core 1.0 §8.1): the front ends are the town's own, and the API behind them names people
    by that very id.
    """
    if subject_id is not None:
        return public_id("sub", subject_id)
    return public_id("stf", staff_id) if staff_id is not None else None


def _audience(city: City) -> str:
    return f"{ISSUER}:{city.id}"


def _kid(token: str) -> str | None:
    """The name of the key a token claims to be signed by, before anything is believed."""
    head = token.partition(".")[0]
    return _kid_in(head) if len(head) <= _LONGEST_HEAD else None


# Whatever one key signs begins with the same letters.
@lru_cache(maxsize=1_000)
def _kid_in(head: str) -> str | None:
    try:
        header = json.loads(base64.b64decode(head + "=" * (-len(head) % 4), altchars=b"-_", validate=True))
        kid = header.get("kid")
    except (ValueError, AttributeError, RecursionError):
        return None
    return kid if isinstance(kid, str) else None
