"""SQL of attempts, their journal and what came of them. Within the caller's transaction and walls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.gateways.model import Attempt, Entry, Event, State
from hub.kernel.money import Money
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_COLUMNS = """attempt_id, charge_id, payment_id, gateway, payee, number, minor, currency, state, reference, word,
    reason, refunded, asks, ask_at, created_at, expires_at, returned_at, captured_at, settled_at, changed_at"""

_INSERT = """
    insert into gateway_attempts (city_id, attempt_id, charge_id, payment_id, gateway, payee, number, minor, currency,
                                  ask_at, created_at, expires_at, changed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11)
    on conflict (city_id, gateway, number) do nothing returning true"""

# A question that is on its way is not asked by another worker: until it must be over, the attempt is out of the line.
_CLAIM = f"""
    update gateway_attempts set ask_at = $2 + interval '2 minutes', asks = asks + 1, asked_at = $2
    where city_id = $1 and attempt_id in (
        select attempt_id from gateway_attempts where city_id = $1 and ask_at <= $2
        order by ask_at limit $3 for update skip locked)
    returning {_COLUMNS}"""  # noqa: S608 - names are ours


async def insert(connection: Connection, city_id: int, one: Attempt) -> bool:
    """False where the number is taken."""
    done = await connection.fetchval(
        _INSERT,
        city_id,
        one.attempt_id,
        one.charge_id,
        one.payment_id,
        one.gateway,
        one.payee,
        one.number,
        *one.amount,
        one.ask_at,
        one.created_at,
        one.expires_at,
    )
    return done is not None


async def find(connection: Connection, city_id: int, attempt_id: UUID, *, lock: bool = False) -> Attempt | None:
    return await _one(connection, "attempt_id = $2", city_id, attempt_id, lock=lock)


async def by_number(
    connection: Connection, city_id: int, gateway: str, number: str, *, lock: bool = False
) -> Attempt | None:
    """By the gateway and our own number of the order."""
    return await _one(connection, "gateway = $2 and number = $3", city_id, gateway, number, lock=lock)


async def under_way(connection: Connection, city_id: int, charge_id: UUID) -> Attempt | None:
    """The attempt of a charge that may still bring money; there is one at the most."""
    return await _one(connection, "charge_id = $2 and settled_at is null", city_id, charge_id)


async def captured_by(connection: Connection, city_id: int, charge_id: UUID, *, lock: bool = False) -> list[Attempt]:
    """Attempts that brought money for a charge, the first one first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from gateway_attempts where city_id = $1 and charge_id = $2 and captured_at is not null"  # noqa: S608 - names are ours
        f" order by captured_at, attempt_id{' for update' if lock else ''}",
        city_id,
        charge_id,
    )
    return [attempt_of(row) for row in rows]


async def of_payment(connection: Connection, city_id: int, payment_id: UUID) -> list[Attempt]:
    """Every attempt of a payment, the oldest first."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from gateway_attempts
            where city_id = $1 and payment_id = $2 order by created_at, attempt_id""",  # noqa: S608 - names are ours
        city_id,
        payment_id,
    )
    return [attempt_of(row) for row in rows]


async def listed(
    connection: Connection,
    city_id: int,
    *,
    state: State | None,
    payees: list[str] | None,
    before: UUID | None,
    limit: int,
) -> list[Attempt]:
    """The newest first."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from gateway_attempts
            where city_id = $1 and ($2::text is null or state = $2) and ($3::text[] is null or payee = any ($3))
              and ($4::uuid is null or attempt_id < $4)
            order by attempt_id desc limit $5""",  # noqa: S608 - names are ours
        city_id,
        state,
        payees,
        before,
        limit,
    )
    return [attempt_of(row) for row in rows]


async def captured_between(
    connection: Connection, city_id: int, gateway: str, since: datetime, until: datetime
) -> list[Attempt]:
    """Attempts at a gateway that were begun in that time and brought money."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from gateway_attempts
            where city_id = $1 and gateway = $2 and captured_at is not null
              and created_at >= $3 and created_at < $4""",  # noqa: S608 - names are ours
        city_id,
        gateway,
        since,
        until,
    )
    return [attempt_of(row) for row in rows]


async def claim_due(connection: Connection, city_id: int, now: datetime, limit: int) -> list[Attempt]:
    """Attempts whose gateway is to be asked now; whoever gets them asks."""
    return [attempt_of(row) for row in await connection.fetch(_CLAIM, city_id, now, limit)]


async def next_due(connection: Connection, city_id: int) -> datetime | None:
    at: datetime | None = await connection.fetchval(
        "select min(ask_at) from gateway_attempts where city_id = $1 and ask_at is not null", city_id
    )
    return at


async def change(connection: Connection, city_id: int, attempt_id: UUID, **values: Any) -> None:
    """Set columns, named by our own code."""
    names = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 3))
    await connection.execute(
        f"update gateway_attempts set {names} where city_id = $1 and attempt_id = $2",  # noqa: S608 - names are ours
        city_id,
        attempt_id,
        *values.values(),
    )


async def note(
    connection: Connection,
    city_id: int,
    attempt_id: UUID,
    event: Event,
    state: State,
    *,
    by: str,
    now: datetime,
    word: str | None = None,
    why: str | None = None,
) -> None:
    """Append a line to the journal."""
    await connection.execute(
        """insert into gateway_journal (city_id, attempt_id, at, event, state, by, word, why)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        city_id,
        attempt_id,
        now,
        event,
        state,
        by,
        word,
        why,
    )


async def journal(connection: Connection, city_id: int, attempt_id: UUID) -> list[Entry]:
    """The oldest first."""
    rows = await connection.fetch(
        """select at, event, state, by, word, why from gateway_journal
           where city_id = $1 and attempt_id = $2 order by entry_id""",
        city_id,
        attempt_id,
    )
    return [
        Entry(row["at"], Event(row["event"]), State(row["state"]), row["by"], row["word"], row["why"]) for row in rows
    ]


def seal(keys: TownKeys, column: str, attempt_id: UUID, value: Mapping[str, Any]) -> bytes:
    """`onward` or `details` of an attempt, to be stored."""
    return keys.encrypt("gateway_attempts", column, str(attempt_id), json.dumps(value, ensure_ascii=False).encode())


async def opened(connection: Connection, keys: TownKeys, column: str, attempt_id: UUID) -> dict[str, Any] | None:
    """`onward` or `details` of an attempt; None where there is nothing."""
    stored = await connection.fetchval(
        f"select {column} from gateway_attempts where city_id = $1 and attempt_id = $2",  # noqa: S608 - names are ours
        keys.city_id,
        attempt_id,
    )
    if stored is None:
        return None
    value: dict[str, Any] = json.loads(keys.decrypt("gateway_attempts", column, str(attempt_id), stored))
    return value


async def _one(connection: Connection, where: str, *values: Any, lock: bool = False) -> Attempt | None:
    row = await connection.fetchrow(
        f"select {_COLUMNS} from gateway_attempts where city_id = $1 and {where}{' for update' if lock else ''}",  # noqa: S608 - names are ours
        *values,
    )
    return None if row is None else attempt_of(row)


def attempt_of(row: asyncpg.Record) -> Attempt:
    values = dict(row)
    amount = Money(values.pop("minor"), values.pop("currency"))
    return Attempt(**{**values, "amount": amount, "state": State(values["state"])})
