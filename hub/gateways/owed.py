"""What a gateway has taken and not yet paid out to the town's bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.kernel.money import Money
from hub.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Owed:
    """Of one charge. `amount` is what the gateway still has of it; `captured_at` when it took it."""

    charge_id: UUID
    payment_id: UUID
    amount: Money
    captured_at: datetime


async def owed(connection: Connection, city_id: int, gateway: str, since: datetime) -> list[Owed]:
    """By a block of `gateways`, of what it took since a time; the oldest first."""
    rows = await connection.fetch(
        """select a.charge_id, a.payment_id, b.gateway as minor, a.currency, max(a.captured_at) as captured_at
           from gateway_attempts a
           join charge_balances b on b.city_id = a.city_id and b.charge_id = a.charge_id and b.gateway > 0
           where a.city_id = $1 and a.gateway = $2 and a.captured_at >= $3
           group by a.charge_id, a.payment_id, b.gateway, a.currency
           order by max(a.captured_at), a.charge_id""",
        city_id,
        gateway,
        since,
    )
    return [
        Owed(row["charge_id"], row["payment_id"], Money(row["minor"], row["currency"]), row["captured_at"])
        for row in rows
    ]
