"""SQL of payments that decides nothing. Every function runs within the caller's walls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.payments.model import RefundToSend
from hub.storage.database import Connection


async def charges_of(connection: Connection, city_id: int, payment_id: UUID) -> list[UUID]:
    """The charges of a payment, in the order in which they are locked."""
    rows = await connection.fetch(
        "select charge_id from charges where city_id = $1 and payment_id = $2 order by charge_id", city_id, payment_id
    )
    return [row["charge_id"] for row in rows]


async def to_expire(connection: Connection, city_id: int, now: datetime, limit: int) -> list[UUID]:
    """Payments whose time is over and that have a charge nobody began to pay."""
    rows = await connection.fetch(
        """select payment_id from payments p
           where city_id = $1 and state in ('open', 'part_paid') and expires_at <= $2
             and exists (select from charges c
                         where c.city_id = $1 and c.payment_id = p.payment_id and c.state = 'open')
           order by expires_at limit $3""",
        city_id,
        now,
        limit,
    )
    return [row["payment_id"] for row in rows]


async def under_way(connection: Connection, city_id: int, obligation_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """By obligation, the payment under way that is for it; not where it was named by its reference."""
    rows = await connection.fetch(
        """select i.obligation_id, c.payment_id from charge_items i
           join charges c on c.city_id = i.city_id and c.charge_id = i.charge_id
           where i.city_id = $1 and i.obligation_id = any ($2) and i.reference is null
             and c.state in ('started', 'processing')""",
        city_id,
        list(obligation_ids),
    )
    return {row["obligation_id"]: row["payment_id"] for row in rows}


async def set_attempt(connection: Connection, city_id: int, charge_id: UUID, attempt: str | None) -> None:
    """What is under way of a charge that is where it is because of its money."""
    await connection.execute(
        "update charges set attempt = $3 where city_id = $1 and charge_id = $2", city_id, charge_id, attempt
    )


async def items_left(connection: Connection, city_id: int, charge_id: UUID) -> list[asyncpg.Record]:
    """What a charge is meant for, with the `amount` of it that the charge has not given yet; in their order."""
    rows: list[asyncpg.Record] = await connection.fetch(
        """select i.obligation_id, i.instalment, i.reference is not null as by_reference,
                  i.amount - coalesce((
                      select sum(a.amount) from allocations a
                      where a.city_id = i.city_id and a.charge_id = i.charge_id and a.obligation_id = i.obligation_id
                        and a.instalment is not distinct from i.instalment), 0)::bigint as amount
           from charge_items i where i.city_id = $1 and i.charge_id = $2 order by i.number""",
        city_id,
        charge_id,
    )
    return rows


async def by_card(connection: Connection, city_id: int, limit: int) -> list[asyncpg.Record]:
    """Charges by card that nobody has begun to pay, the oldest first."""
    rows: list[asyncpg.Record] = await connection.fetch(
        """select c.charge_id, c.payee, c.currency, c.amount from payments p
           join charges c on c.city_id = p.city_id and c.payment_id = p.payment_id
           where p.city_id = $1 and p.state in ('open', 'part_paid') and p.method = 'card' and c.state = 'open'
           order by p.created_at, c.charge_id limit $2""",
        city_id,
        limit,
    )
    return rows


async def last_money(connection: Connection, city_id: int, charge_id: UUID) -> datetime | None:
    """When money last came for a charge."""
    at: datetime | None = await connection.fetchval(
        "select max(at) from captures where city_id = $1 and charge_id = $2 and taken_back_at is null",
        city_id,
        charge_id,
    )
    return at


async def allocated_as(connection: Connection, city_id: int, ids: Sequence[UUID]) -> list[tuple[UUID, UUID, int, int]]:
    """Id, obligation, instalment and minor units of those that there are, in the order of `ids`."""
    rows = await connection.fetch(
        """select allocation_id, obligation_id, instalment, amount from allocations
           where city_id = $1 and allocation_id = any ($2) order by array_position($2, allocation_id)""",
        city_id,
        ids,
    )
    return [tuple(row) for row in rows]


async def charge_of_allocation(connection: Connection, city_id: int, allocation_id: UUID) -> UUID | None:
    found: UUID | None = await connection.fetchval(
        """select charge_id from allocations where city_id = $1 and allocation_id = $2 and takes_from is null""",
        city_id,
        allocation_id,
    )
    return found


async def refunds_to_send(connection: Connection, city_id: int) -> list[RefundToSend]:
    rows = await connection.fetch(
        """select r.refund_id, r.charge_id, r.amount, c.currency from refunds r
           join charges c on c.city_id = r.city_id and c.charge_id = r.charge_id
           where r.city_id = $1 and r.way = 'gateway' and r.state = 'approved'
           order by r.asked_at, r.refund_id""",
        city_id,
    )
    return [
        RefundToSend(
            refund_id=row["refund_id"],
            charge_id=row["charge_id"],
            key=public_id("rfd", row["refund_id"]),
            amount=Money(row["amount"], row["currency"]),
        )
        for row in rows
    ]
