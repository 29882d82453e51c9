"""The SQL of postings. Every function runs within the caller's transaction and walls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.obligations import door
from hub.obligations.judging import Standing
from hub.postings.model import Posting, State, together
from hub.storage.database import Connection

_SELECT = """
    select p.posting_id, p.allocation_id, p.payment_id, p.charge_id, p.obligation_id, p.instalment, p.currency,
           p.amount, p.method, p.paid_at, p.back_office, p.delivery_id, p.state, p.number, p.created_at, p.state_at,
           h.standing, o.gone_at is not null as gone
    from postings p join paid_here h using (city_id, posting_id)
    join obligations o on o.city_id = p.city_id and o.obligation_id = p.obligation_id
    where p.city_id = $1"""


async def of_allocation(
    connection: Connection, city_id: int, allocation_id: UUID, *, taken_back: bool
) -> Posting | None:
    async with door.money(connection):
        row = await connection.fetchrow(
            f"{_SELECT} and p.allocation_id = $2 and p.taken_back = $3", city_id, allocation_id, taken_back
        )
    return None if row is None else _posting(row)


async def of_allocations(connection: Connection, city_id: int, allocation_ids: Sequence[UUID]) -> list[Posting]:
    """In the order they were made."""
    async with door.money(connection):
        rows = await connection.fetch(
            f"{_SELECT} and p.allocation_id = any ($2) order by h.sequence", city_id, list(allocation_ids)
        )
    return [_posting(row) for row in rows]


async def of_payment(connection: Connection, city_id: int, payment_id: UUID) -> list[Posting]:
    """In the order they were made."""
    async with door.money(connection):
        rows = await connection.fetch(f"{_SELECT} and p.payment_id = $2 order by h.sequence", city_id, payment_id)
    return [_posting(row) for row in rows]


async def insert(connection: Connection, city_id: int, one: Posting) -> None:
    await connection.execute(
        """insert into postings (city_id, posting_id, allocation_id, taken_back, payment_id, charge_id, obligation_id,
                                 instalment, currency, amount, method, paid_at, back_office, delivery_id, state,
                                 created_at, state_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)""",
        city_id,
        one.posting_id,
        one.allocation_id,
        one.amount < 0,
        one.payment_id,
        one.charge_id,
        one.obligation_id,
        one.instalment,
        one.currency,
        one.amount,
        one.method,
        one.paid_at,
        one.back_office,
        one.delivery_id,
        one.state,
        one.created_at,
    )


async def locked_state(connection: Connection, city_id: int, posting_id: UUID) -> State | None:
    """What telling the office has come to; None where there is no such posting."""
    found = await connection.fetchval(
        "select state from postings where city_id = $1 and posting_id = $2 for update", city_id, posting_id
    )
    return None if found is None else State(found)


async def set_state(
    connection: Connection, city_id: int, posting_id: UUID, state: State, number: str | None, now: datetime
) -> None:
    await connection.execute(
        """update postings set state_at = case when state = $3 then state_at else $5 end, state = $3,
                  number = coalesce(number, $4)
           where city_id = $1 and posting_id = $2""",
        city_id,
        posting_id,
        state,
        number,
        now,
    )


def _posting(row: asyncpg.Record) -> Posting:
    values = dict(row)
    standing, gone = Standing(values.pop("standing")), values.pop("gone")
    state = together(State(values["state"]), standing, gone=gone)
    return Posting(**values | {"state": state})
