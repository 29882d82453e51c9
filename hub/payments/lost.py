"""What was believed lost to the town, and was not: money of a refund that is here after all is what others took."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub.payments import ledger
from hub.payments.charges import Charge, move, refresh
from hub.payments.states import Event
from hub.storage.database import Connection

_LOST: tuple[tuple[str, str, str, str, Event], ...] = (
    ("chargebacks", "chargeback_id", "state = 'taken'", "charged_back", Event.CHARGED_BACK),
    ("refunds", "refund_id", "state = 'done'", "reversed", Event.REFUNDED),
    ("captures", "capture_id", "taken_back_at is not null", "taken_back", Event.TAKEN_BACK),
)
"""Rows by which money can be lost: table, key, those that are in force, the ledger's event, the charge's."""
_ACCOUNTS = {"charged_back": "charged_back", "reversed": "refunded", "taken_back": "captured"}


async def cover_lost(connection: Connection, charge: Charge, cause: tuple[str, UUID], now: datetime) -> Charge:
    """Money of a refund is here after all (`cause`). What others took meanwhile was believed lost by that, and was not:
    it is of this money, which must not be given to anybody once more.
    """
    for table, key, in_force, entry, event in _LOST:
        rows = await connection.fetch(
            f"""select {key} as id, lost from {table} where city_id = $1 and charge_id = $2 and {in_force} and lost > 0
                order by {key}""",  # noqa: S608 - names are ours
            charge.city_id,
            charge.charge_id,
        )
        left, covered = charge.balances.unallocated, 0
        for row in rows:
            if part := min(left - covered, row["lost"]):
                covered += part
                await connection.execute(
                    f"update {table} set lost = lost - $3 where city_id = $1 and {key} = $2",  # noqa: S608 - names are ours
                    charge.city_id, row["id"], part,
                )  # fmt: skip
        if covered:
            await ledger.book(
                connection, charge.city_id, charge.charge_id, charge.currency, entry, cause, now,
                unallocated=-covered, payer=covered, lost=-covered, **{_ACCOUNTS[entry]: covered},
            )  # fmt: skip
            charge = await move(connection, charge, event, now, by="hub", attempt=charge.attempt, amount=covered)
            charge = await refresh(connection, charge)
    return charge
