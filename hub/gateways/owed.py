"""What a gateway has taken and not yet paid out to the town's bank, and what it gave back after it had paid it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.kernel.money import Money
from hub.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Owed:
    """Of one charge. `amount` is what the gateway still has of it, taken `at` that time; below zero what it gave back
    then and has not kept from a payout yet.
    """

    charge_id: UUID
    payment_id: UUID
    amount: Money
    at: datetime


async def owed(connection: Connection, city_id: int, gateway: str, since: datetime) -> list[Owed]:
    """By a block of `gateways`, of what it took or gave back since a time; the oldest first."""
    rows = await connection.fetch(
        """select a.charge_id, a.payment_id, b.gateway as minor, a.currency, max(a.captured_at) as at
           from gateway_attempts a
           join charge_balances b on b.city_id = a.city_id and b.charge_id = a.charge_id and b.gateway > 0
           where a.city_id = $1 and a.gateway = $2 and a.captured_at >= $3
           group by a.charge_id, a.payment_id, b.gateway, a.currency
           union all
           select b.charge_id, c.payment_id, b.gateway, c.currency, max(e.at)
           from charge_balances b
           join charges c on c.city_id = b.city_id and c.charge_id = b.charge_id
           join ledger_entries e on e.city_id = b.city_id and e.charge_id = b.charge_id and e.event <> 'paid_out'
           join ledger_lines l on l.city_id = e.city_id and l.entry_id = e.entry_id
                and l.account = 'gateway' and l.amount < 0
           where b.city_id = $1 and b.gateway < 0
             and exists (select from gateway_attempts a where a.city_id = b.city_id and a.charge_id = b.charge_id
                         and a.gateway = $2 and a.captured_at is not null)
           group by b.charge_id, c.payment_id, b.gateway, c.currency having max(e.at) >= $3
           order by at, charge_id""",
        city_id,
        gateway,
        since,
    )
    return [Owed(row["charge_id"], row["payment_id"], Money(row["minor"], row["currency"]), row["at"]) for row in rows]
