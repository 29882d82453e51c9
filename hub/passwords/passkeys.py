"""Passkeys as second factor (WebAuthn level 3): registration and login.

The relying party is the host of the town's address, the origin that address without its path. The authenticator must
have verified its user (a PIN or a fingerprint); attestation is not asked for, since any authenticator a citizen owns
will do. A challenge is kept here, for one account and one purpose, and is gone with the first answer.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub.kernel.assurance import Assurance
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, LoginRefused
from hub.kernel.ids import new_uuid
from hub.passwords import queries, throttle
from hub.passwords.model import Factor
from hub.passwords.second_factors import Shown, new_codes
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

CHALLENGE_VALID = timedelta(minutes=5)
LARGEST_ANSWER = 32_768
"""Characters of what a browser answers; passkeys without attestation have some two thousand."""

_Purpose = Literal["register", "login"]


def possible_at(address: str) -> bool:
    """Whether browsers have passkeys for a town's address: a domain (not an IP address), by https or localhost."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and (parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"))
    return False


class Passkeys:
    """Passkeys of accounts with a password."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def begin_registration(
        self, city_id: int, address: str, account_id: UUID, *, town: str, username: str
    ) -> str:
        """Options for `navigator.credentials.create`, as JSON."""
        async with self._database.identity(city_id) as connection:
            rows = await queries.factors(connection, city_id, account_id)
            options = webauthn.generate_registration_options(
                rp_id=_host(address),
                rp_name=town,
                user_id=account_id.bytes,
                user_name=username,
                user_display_name=username,
                exclude_credentials=[
                    PublicKeyCredentialDescriptor(id=row["credential_id"]) for row in rows if row["credential_id"]
                ],
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.DISCOURAGED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                timeout=int(CHALLENGE_VALID.total_seconds() * 1000),
            )
            await self._keep(connection, city_id, account_id, options.challenge, "register")
        return webauthn.options_to_json(options)

    async def register(
        self, city_id: int, address: str, account_id: UUID, answer: str, *, name: str, binds: Assurance
    ) -> list[str]:
        """What the browser answered. Answers recovery codes to keep, empty where there are some.

        Raises LoginRefused: `replayed` for a challenge that is not waiting, `failed` for everything else that is wrong
        with it; Conflict for a passkey that is registered.
        """
        now = self._clock.now()
        challenge = await self._take(city_id, account_id, answer, "register")
        try:
            verified = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=_host(address),
                expected_origin=_origin(address),
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise LoginRefused(f"The passkey was not registered: {error}", reason="failed") from error
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            made = await connection.execute(
                queries.INSERT_PASSKEY,
                city_id,
                new_uuid(),
                account_id,
                " ".join(name.split())[:60] or "Passkey",
                binds,
                verified.credential_id,
                verified.credential_public_key,
                verified.sign_count,
                now,
            )
            if made == "INSERT 0 0":
                raise Conflict("This passkey is registered already.")
            if await queries.codes(connection, city_id, account_id):
                return []
            return await new_codes(connection, keys, account_id, binds, now)

    async def begin_login(self, city_id: int, address: str, account_id: UUID) -> str:
        """Options for `navigator.credentials.get`, as JSON."""
        async with self._database.identity(city_id) as connection:
            rows = await queries.factors(connection, city_id, account_id)
            options = webauthn.generate_authentication_options(
                rp_id=_host(address),
                allow_credentials=[
                    PublicKeyCredentialDescriptor(id=row["credential_id"])
                    for row in rows
                    if row["kind"] == Factor.PASSKEY
                ],
                user_verification=UserVerificationRequirement.REQUIRED,
                timeout=int(CHALLENGE_VALID.total_seconds() * 1000),
            )
            await self._keep(connection, city_id, account_id, options.challenge, "login")
        return webauthn.options_to_json(options)

    async def check(self, city_id: int, address: str, account_id: UUID, answer: str) -> Shown:
        """What the browser answered. Raises LoginRefused: `replayed` for a challenge that is not waiting, `failed` for
        everything else that is wrong with it (origin, host, signature, a sign count that does not grow);
        TooManyRequests.
        """
        now = self._clock.now()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            buckets = throttle.of_factor(keys, account_id)
            await throttle.count(connection, city_id, buckets, now)
        challenge = await self._take(city_id, account_id, answer, "login")
        async with self._database.identity(city_id) as connection:
            rows = await queries.factors(connection, city_id, account_id)
            row = next((one for one in rows if one["credential_id"] == _credential_id(answer)), None)
            if row is None:
                raise LoginRefused("This passkey is not one of the account's.", reason="failed")
            try:
                verified = webauthn.verify_authentication_response(
                    credential=answer,
                    expected_challenge=challenge,
                    expected_rp_id=_host(address),
                    expected_origin=_origin(address),
                    credential_public_key=row["public_key"],
                    credential_current_sign_count=row["sign_count"],
                    require_user_verification=True,
                )
            except (WebAuthnException, ValueError, TypeError, KeyError) as error:
                raise LoginRefused(f"The passkey was not accepted: {error}", reason="failed") from error
            used = await connection.execute(
                queries.USE_PASSKEY, city_id, row["factor_id"], verified.new_sign_count, now
            )
            if used == "UPDATE 0":
                raise LoginRefused("The sign count of the passkey did not grow.", reason="failed")
            await throttle.forgive(connection, city_id, buckets, now)
        return Shown(Factor.PASSKEY.method, Assurance(row["assurance"]))

    async def _keep(
        self, connection: Connection, city_id: int, account_id: UUID, challenge: bytes, purpose: _Purpose
    ) -> None:
        until = self._clock.now() + CHALLENGE_VALID
        await connection.execute(
            queries.INSERT_CHALLENGE, city_id, hashlib.sha256(challenge).digest(), account_id, purpose, until
        )

    async def _take(self, city_id: int, account_id: UUID, answer: str, purpose: _Purpose) -> bytes:
        """The challenge that is answered, which nobody can answer again."""
        challenge = _challenge(answer)
        async with self._database.identity(city_id) as connection:
            until = await connection.fetchval(
                queries.TAKE_CHALLENGE, city_id, hashlib.sha256(challenge).digest(), account_id, purpose
            )
        if until is None or until <= self._clock.now():
            raise LoginRefused("This challenge of a passkey is not waiting for an answer.", reason="replayed")
        return challenge


def _challenge(answer: str) -> bytes:
    """The challenge an answer says it is for; what it says is verified with the rest."""
    if len(answer) > LARGEST_ANSWER:
        raise LoginRefused("The answer of the passkey is too large.", reason="malformed")
    try:
        client = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(client["challenge"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LoginRefused("The answer of the passkey cannot be read.", reason="malformed") from error


def _credential_id(answer: str) -> bytes:
    try:
        return base64url_to_bytes(json.loads(answer)["rawId"])
    except (ValueError, TypeError, KeyError) as error:
        raise LoginRefused("The answer of the passkey cannot be read.", reason="malformed") from error


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
