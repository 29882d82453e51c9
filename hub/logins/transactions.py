"""The rows of logins under way. Every function runs in the transaction of an identity door."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.kernel.ids import new_uuid
from hub.logins.model import LIFETIME, LoginTransaction
from hub.ports.eid import Identity
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_IDENTITY = TypeAdapter(Identity)
_TABLE = "login_transactions"


def token() -> str:
    return secrets.token_urlsafe(32)


def digest(text: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).digest()


def expired() -> LoginRefused:
    return LoginRefused("there is no such login under way; it was finished, or took too long", reason="expired")


async def insert(
    connection: Connection,
    city_id: int,
    *,
    relay: str,
    browser: str,
    continue_to: str,
    assurance: Assurance,
    client_name: Mapping[str, str] | None,
    staff: bool,
    force: bool,
    language: str | None,
    now: datetime,
) -> UUID:
    transaction_id = new_uuid()
    await connection.execute(
        """insert into login_transactions (city_id, transaction_id, relay_hash, browser_hash, continue_to, assurance,
                                           client_name, staff, force, language, begun_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        city_id,
        transaction_id,
        digest(relay),
        digest(browser),
        continue_to,
        assurance,
        json.dumps(dict(client_name)) if client_name else None,
        staff,
        force,
        language,
        now,
        now + LIFETIME,
    )
    return transaction_id


async def by_relay(connection: Connection, city_id: int, relay: str, now: datetime) -> asyncpg.Record:
    """Raises LoginRefused (`expired`)."""
    row = await connection.fetchrow(
        "select * from login_transactions where city_id = $1 and relay_hash = $2 and expires_at > $3",
        city_id,
        digest(relay),
        now,
    )
    if row is None:
        raise expired()
    return row


async def ask(
    connection: Connection, keys: TownKeys, transaction_id: UUID, provider: str, state: Mapping[str, Any]
) -> None:
    """The browser is sent to `provider`; what another one, or the same, was asked before is forgotten."""
    await connection.execute(
        """update login_transactions set provider = $3, state = $4, identity = null, arrival_hash = null
           where city_id = $1 and transaction_id = $2""",
        keys.city_id,
        transaction_id,
        provider,
        keys.encrypt(_TABLE, "state", str(transaction_id), json.dumps(dict(state)).encode()),
    )


async def take_state(
    connection: Connection, keys: TownKeys, relay: str, provider: str, now: datetime
) -> LoginTransaction:
    """The login that `provider` answers, with its state, which is gone by this: an answer is judged once.

    Raises LoginRefused: `expired`, `replayed` where an answer came before, `unsolicited` where another eID was asked.
    """
    row = await connection.fetchrow(
        """select * from login_transactions where city_id = $1 and relay_hash = $2 and expires_at > $3 for update""",
        keys.city_id,
        digest(relay),
        now,
    )
    if row is None:
        raise expired()
    if row["provider"] != provider:
        raise LoginRefused("another eID was asked than the one that answers", reason="unsolicited")
    if row["state"] is None:
        raise LoginRefused("this login was answered before", reason="replayed")
    await connection.execute(
        "update login_transactions set state = null where city_id = $1 and transaction_id = $2",
        keys.city_id,
        row["transaction_id"],
    )
    state = json.loads(keys.decrypt(_TABLE, "state", str(row["transaction_id"]), row["state"]))
    return opened(row, state=state)


async def keep_identity(
    connection: Connection, keys: TownKeys, transaction_id: UUID, identity: Identity, arrival: str
) -> None:
    """Raises LoginRefused where the login is gone meanwhile."""
    done = await connection.execute(
        "update login_transactions set identity = $3, arrival_hash = $4 where city_id = $1 and transaction_id = $2",
        keys.city_id,
        transaction_id,
        keys.encrypt(_TABLE, "identity", str(transaction_id), _IDENTITY.dump_json(identity)),
        digest(arrival),
    )
    if done == "UPDATE 0":
        raise expired()


async def take_identity(connection: Connection, keys: TownKeys, arrival: str, now: datetime) -> asyncpg.Record:
    """The row as it was, its identity opened in `identity`; that and the arrival token are gone by this."""
    row = await connection.fetchrow(
        "select * from login_transactions where city_id = $1 and arrival_hash = $2 and expires_at > $3 for update",
        keys.city_id,
        digest(arrival),
        now,
    )
    if row is None:
        raise expired()
    await connection.execute(
        """update login_transactions set identity = null, arrival_hash = null
           where city_id = $1 and transaction_id = $2""",
        keys.city_id,
        row["transaction_id"],
    )
    return row


def identity_in(keys: TownKeys, row: asyncpg.Record) -> Identity:
    return _IDENTITY.validate_json(keys.decrypt(_TABLE, "identity", str(row["transaction_id"]), row["identity"]))


async def finish(connection: Connection, city_id: int, transaction_id: UUID, now: datetime) -> None:
    """End a login for good. Raises LoginRefused where it is no longer there: nothing is finished twice."""
    done = await connection.execute(
        "delete from login_transactions where city_id = $1 and transaction_id = $2 and expires_at > $3",
        city_id,
        transaction_id,
        now,
    )
    if done == "DELETE 0":
        raise expired()


def opened(row: asyncpg.Record, *, state: Mapping[str, Any] | None = None) -> LoginTransaction:
    return LoginTransaction(
        transaction_id=row["transaction_id"],
        continue_to=row["continue_to"],
        assurance=Assurance(row["assurance"]),
        client_name=json.loads(row["client_name"]) if row["client_name"] else None,
        staff=row["staff"],
        force=row["force"],
        language=row["language"],
        begun_at=row["begun_at"],
        provider=row["provider"],
        state=state,
    )
