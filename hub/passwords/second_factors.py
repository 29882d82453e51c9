"""TOTP (RFC 6238) and recovery codes: set up, shown, taken away.

A code of six digits is good for its 30 seconds and the ones before and after (RFC 6238 §5.2), and each once. Recovery
codes are twelve signs (59 bits), kept as hashes under the town's keys, each good once, all void with the last factor.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp

from hub.kernel.assurance import Assurance
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, LoginRefused, NotFound
from hub.kernel.ids import new_uuid
from hub.passwords import letters, queries, throttle
from hub.passwords.model import EnrolledFactor, Factor
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

STEP = 30
"""Seconds of one code (RFC 6238 §4.1)."""

_CODES, _CODE = 10, 12
_MOST = 10
"""Factors of one account."""

_PENDING_VALID = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Pending:
    """A TOTP secret that waits for its first code: `secret` to type, `uri` for a QR code (otpauth)."""

    factor_id: UUID
    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A second factor that was right."""

    method: str
    assurance: Assurance


class SecondFactors:
    """Second factors of accounts with a password."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def of(self, city_id: int, account_id: UUID) -> list[EnrolledFactor]:
        """In use, oldest first."""
        async with self._database.identity(city_id) as connection:
            rows = await queries.factors(connection, city_id, account_id)
        return [
            EnrolledFactor(row["factor_id"], Factor(row["kind"]), row["name"], row["created_at"], row["used_at"])
            for row in rows
        ]

    async def codes_left(self, city_id: int, account_id: UUID) -> int:
        async with self._database.identity(city_id) as connection:
            return len(await queries.codes(connection, city_id, account_id))

    async def begin_totp(
        self,
        city_id: int,
        account_id: UUID,
        *,
        issuer: str,
        username: str,
        binds: Assurance,
        again: UUID | None = None,
    ) -> Pending:
        """A new secret, or the one of `again` while that is being set up: whoever else has the password does not get
        to see the secret of whoever sets it up. `binds`: what a login by it will be worth.

        Raises Conflict for an account with too many factors.
        """
        now = self._clock.now()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            if len(await queries.factors(connection, city_id, account_id)) >= _MOST:
                raise Conflict(f"An account has at most {_MOST} second factors.")
            begun = await queries.factors(connection, city_id, account_id, confirmed=False)
            row = begun[-1] if begun else None
            # What was begun in a surer login is not finished in a less sure one, nor after a while.
            if (
                row is None
                or row["factor_id"] != again
                or row["assurance"] != binds
                or now - row["created_at"] > _PENDING_VALID
            ):
                await queries.remove_unconfirmed(connection, city_id, account_id)
                factor_id, secret = new_uuid(), pyotp.random_base32()
                sealed = keys.encrypt("second_factors", "secret", str(factor_id), secret.encode("ascii"))
                await connection.execute(
                    queries.INSERT_TOTP, city_id, factor_id, account_id, "TOTP", binds, sealed, now
                )
            else:
                factor_id, secret = row["factor_id"], _secret(keys, row["factor_id"], row["secret"])
        return Pending(factor_id, secret, pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer))

    async def confirm_totp(
        self, city_id: int, account_id: UUID, factor_id: UUID, code: str, *, binds: Assurance
    ) -> list[str]:
        """The first code of a secret being set up. Answers recovery codes to keep, empty where there are some.

        Raises LoginRefused(`failed`) for a wrong code, NotFound where nothing is being set up, TooManyRequests.
        """
        now = self._clock.now()
        keys = await self._count(city_id, account_id, now)
        async with self._database.identity(city_id) as connection:
            begun = await queries.factors(connection, city_id, account_id, confirmed=False)
            row = next((one for one in begun if one["factor_id"] == factor_id), None)
            if row is None or row["assurance"] != binds or now - row["created_at"] > _PENDING_VALID:
                raise NotFound("No such second factor is being set up.")
            step = _matching_step(_secret(keys, row["factor_id"], row["secret"]), code, now)
            if step is None:
                raise LoginRefused("The code is wrong.", reason="failed")
            await connection.execute(queries.USE_TOTP, city_id, row["factor_id"], step, now)
            await throttle.forgive(connection, city_id, throttle.of_factor(keys, account_id), now)
            if await queries.codes(connection, city_id, account_id):
                return []
            return await new_codes(connection, keys, account_id, binds, now)

    async def new_recovery_codes(self, city_id: int, account_id: UUID, *, binds: Assurance) -> list[str]:
        """Ten codes; those there were are void. Raises NotFound for an account without a second factor."""
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            if not await queries.factors(connection, city_id, account_id):
                raise NotFound("There is no second factor that codes could stand in for.")
            await queries.remove_codes(connection, city_id, account_id)
            return await new_codes(connection, keys, account_id, binds, self._clock.now())

    async def check(self, city_id: int, account_id: UUID, code: str) -> Shown:
        """A TOTP code or a recovery code. Raises LoginRefused: `failed`, `replayed` for a code used before;
        TooManyRequests.
        """
        now = self._clock.now()
        keys = await self._count(city_id, account_id, now)
        typed = letters.canonical(code)
        async with self._database.identity(city_id) as connection:
            shown = (
                await self._totp(connection, keys, account_id, typed, now)
                if typed.isascii() and typed.isdigit() and len(typed) != _CODE
                else await self._recovery(connection, keys, account_id, typed)
            )
            await throttle.forgive(connection, city_id, throttle.of_factor(keys, account_id), now)
            return shown

    async def remove(self, city_id: int, account_id: UUID, factor_id: UUID, *, needed: bool) -> None:
        """Raises NotFound, and Conflict for the last one where one is `needed`. With it the recovery codes go."""
        async with self._database.identity(city_id) as connection:
            # Of two that are removed at once each would otherwise leave the other.
            await queries.lock_account(connection, city_id, account_id)
            if needed and len(await queries.factors(connection, city_id, account_id)) == 1:
                raise Conflict("This account needs a second factor: set up another one first.")
            if not await queries.remove_factor(connection, city_id, account_id, factor_id):
                raise NotFound("There is no such second factor.")
            if not await queries.factors(connection, city_id, account_id):
                await queries.remove_codes(connection, city_id, account_id)

    async def _count(self, city_id: int, account_id: UUID, now: datetime) -> TownKeys:
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            await throttle.count(connection, city_id, throttle.of_factor(keys, account_id), now)
        return keys

    async def _totp(self, connection: Connection, keys: TownKeys, account_id: UUID, code: str, now: datetime) -> Shown:
        for row in await queries.factors(connection, keys.city_id, account_id):
            if row["kind"] != Factor.TOTP:
                continue
            step = _matching_step(_secret(keys, row["factor_id"], row["secret"]), code, now)
            if step is None:
                continue
            used = await connection.execute(queries.USE_TOTP, keys.city_id, row["factor_id"], step, now)
            if used == "UPDATE 0":
                raise LoginRefused("This code was used already; wait for the next one.", reason="replayed")
            return Shown(Factor.TOTP.method, Assurance(row["assurance"]))
        raise LoginRefused("The code is wrong.", reason="failed")

    async def _recovery(self, connection: Connection, keys: TownKeys, account_id: UUID, code: str) -> Shown:
        wanted = _digest(account_id, code)
        for row in await queries.codes(connection, keys.city_id, account_id):
            stored = keys.decrypt("recovery_codes", "hash", str(row["code_id"]), row["hash"])
            if hmac.compare_digest(stored, wanted):
                await queries.remove_code(connection, keys.city_id, row["code_id"])
                return Shown(Factor.TOTP.method, Assurance(row["assurance"]))
        raise LoginRefused("The code is wrong.", reason="failed")


async def new_codes(
    connection: Connection, keys: TownKeys, account_id: UUID, binds: Assurance, now: datetime
) -> list[str]:
    drawn = [letters.draw(_CODE) for _ in range(_CODES)]
    for code in drawn:
        code_id = new_uuid()
        sealed = keys.encrypt("recovery_codes", "hash", str(code_id), _digest(account_id, code))
        await connection.execute(queries.INSERT_CODE, keys.city_id, code_id, account_id, sealed, binds, now)
    return [letters.grouped(code) for code in drawn]


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    totp = pyotp.TOTP(secret, interval=STEP)
    present = int(now.timestamp()) // STEP
    typed = letters.canonical(code).encode()
    # All three are compared: how long it takes says nothing.
    right = [
        step
        for step in (present - 1, present, present + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed)
    ]
    return max(right, default=None)


def _secret(keys: TownKeys, factor_id: UUID, sealed: bytes) -> str:
    return keys.decrypt("second_factors", "secret", str(factor_id), sealed).decode("ascii")


def _digest(account_id: UUID, code: str) -> bytes:
    return hashlib.sha256(f"{account_id}|{code}".encode()).digest()
