"""The signing keys of a town: in the database, the private part encrypted, replaced without anybody noticing.

A new key is published for a while before it signs, since whoever verifies keeps the key set of a town in a cache; the
one before it stays published until nothing that it signed is looked at any more.

RS256, since it is the algorithm that every client of OpenID Connect has (OpenID Connect Core 1.0 §15.1) and every
resource server of RFC 9068 (§2.1); and it is verified faster than any other, which is done far more often than signing.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import RSAKey

from hub.kernel.clock import Clock
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

ALGORITHM = "RS256"
BITS = 2048
"""NIST SP 800-57 part 1 allows 2048 until 2030, and a key here serves for months."""

AHEAD = timedelta(hours=1)
"""A key is published for this long before it signs; a cache of the key set is allowed a third of it."""

KEPT = timedelta(days=1)
"""A key is published for this long after it has ceased to sign: longer than a session, whose end an id_token may ask
for (`id_token_hint`), and much longer than an access token lives."""

SERVES = timedelta(days=90)
"""After this time a key is replaced by itself."""

FRESH = timedelta(seconds=60)
"""What was read is remembered for so long."""

_SOON = timedelta(seconds=1)
# Any number, the same in every hub: whoever adds a signing key to a town has this lock of the town.
_TURN = int.from_bytes(b"sign")


@dataclass(frozen=True, slots=True)
class SigningKey:
    signs_from: datetime
    key: RSAKey

    @property
    def kid(self) -> str:
        return str(self.key.kid)

    @property
    def public(self) -> dict[str, Any]:
        """As it stands in the key set (RFC 7517)."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": ALGORITHM}


class KeyRing:
    """The keys of a town in the order in which they sign, as they were at `read_at`."""

    def __init__(self, keys: list[SigningKey], read_at: datetime) -> None:
        self.keys = sorted(keys, key=lambda one: (one.signs_from, one.kid))
        self.read_at = read_at

    def age(self, now: datetime) -> timedelta:
        """A clock that is set back does not make what was read the newest there will ever be."""
        return abs(now - self.read_at)

    def current(self, now: datetime) -> SigningKey:
        """The one that signs at `now`; the first one also before its time."""
        return next((one for one in reversed(self.keys) if one.signs_from <= now), self.keys[0])

    def published(self, now: datetime) -> list[SigningKey]:
        """Those that may have signed something still valid, and those that are to come."""
        ends: list[datetime | None] = [one.signs_from for one in self.keys[1:]]
        return [key for key, end in zip(self.keys, [*ends, None], strict=True) if end is None or now < end + KEPT]

    def find(self, kid: object, now: datetime) -> SigningKey | None:
        return next((one for one in self.published(now) if one.kid == kid), None)


class SigningKeys:
    """Reads the keys of towns and remembers them for a minute."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._rings: dict[int, KeyRing] = {}

    def remembered(self, city_id: int) -> KeyRing | None:
        return self._rings.get(city_id)

    async def of(self, city_id: int, *, kid: object = None) -> KeyRing:
        """The town's keys, not older than a minute; where they lack `kid`, not older than a second.

        A town without a key gets its first one, which signs at once.
        """
        ring, now = self._rings.get(city_id), self._clock.now()
        age = ring.age(now) if ring else FRESH
        if ring is None or age >= FRESH or (kid is not None and age >= _SOON and ring.find(kid, now) is None):
            ring = await self._read(city_id)
            if not ring.keys:
                await self._add(city_id, signs_from=now, first=True)
                ring = await self._read(city_id)
        return ring

    async def rotate(self, city_id: int, *, compromised: bool = False) -> datetime:
        """A new key, which signs after AHEAD; returns from when.

        `compromised`: at once, and the others are forgotten with everything they signed; other processes know it
        within a minute. While a new key waits for its turn there is no further one.
        """
        now = self._clock.now()
        ring = await self._read(city_id)
        if compromised:
            async with self._database.identity(city_id) as connection:
                await connection.execute("delete from signing_keys where city_id = $1", city_id)
            await self._add(city_id, signs_from=now, first=True)
            await self._read(city_id)
            return now
        waiting = [one.signs_from for one in ring.keys if one.signs_from > now]
        if waiting:
            return waiting[-1]
        signs_from = now + AHEAD if ring.keys else now
        await self._add(city_id, signs_from=signs_from, first=not ring.keys)
        await self._read(city_id)
        return signs_from

    async def rotate_when_due(self, city_id: int) -> bool:
        """Replaces a key that has served its time and forgets those that nobody needs; true where one was replaced."""
        now = self._clock.now()
        ring = await self._read(city_id)
        if not ring.keys:
            return False
        kept = [one.kid for one in ring.published(now)]
        async with self._database.identity(city_id) as connection:
            await connection.execute(
                "delete from signing_keys where city_id = $1 and signs_from <= $2 and kid <> all ($3)",
                city_id,
                now,
                kept,
            )
        due = ring.keys[-1].signs_from + SERVES <= now
        if due:
            await self.rotate(city_id)
        return due

    async def _read(self, city_id: int) -> KeyRing:
        now = self._clock.now()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            rows = await connection.fetch(
                "select kid, signs_from, private from signing_keys where city_id = $1", city_id
            )
        known = {one.kid: one for one in self._rings[city_id].keys} if city_id in self._rings else {}
        ring = KeyRing([known.get(row["kid"]) or _opened(keys, *row) for row in rows], now)
        self._rings[city_id] = ring
        return ring

    async def _add(self, city_id: int, *, signs_from: datetime, first: bool) -> None:
        """`first`: only where there is none, so that processes that start together agree on one."""
        kid = str(new_uuid())
        # A tenth of a second and more of pure computing.
        made = await asyncio.to_thread(RSAKey.generate_key, BITS, {"kid": kid})
        async with self._database.identity(city_id) as connection:
            await connection.execute("select pg_advisory_xact_lock($1, $2)", _TURN, city_id)
            if await _later(connection, city_id, None if first else self._clock.now()):
                return
            keys = await self._vault.keys(connection, city_id)
            private = keys.encrypt("signing_keys", "private", kid, json.dumps(made.as_dict(private=True)).encode())
            await connection.execute(
                """insert into signing_keys (city_id, kid, signs_from, private, created_at)
                   values ($1, $2, $3, $4, $5)""",
                city_id,
                kid,
                signs_from,
                private,
                self._clock.now(),
            )


def _opened(keys: TownKeys, kid: str, signs_from: datetime, private: bytes) -> SigningKey:
    return SigningKey(signs_from, RSAKey.import_key(json.loads(keys.decrypt("signing_keys", "private", kid, private))))


async def _later(connection: Connection, city_id: int, than: datetime | None) -> bool:
    """Whether there is a key that signs from a later moment; without a moment, whether there is one at all."""
    return bool(
        await connection.fetchval(
            """select exists (select from signing_keys
                              where city_id = $1 and signs_from > coalesce($2::timestamptz, '-infinity'))""",
            city_id,
            than,
        )
    )
