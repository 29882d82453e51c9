"""Entries of the ledger. Its rules are the database's (migrations/sql/0014): here is only how each event is booked.

Two sides, each adding up to nothing. *What became of the money*: `captured` (negative), `allocated`, `unallocated`,
`refunding`, `refunded`, `charged_back`. *Where it is*: `gateway`, `bank`, `counter`, `fee`, `lost`, `payer` (negative).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from hub.kernel.ids import new_uuid
from hub.payments.states import Balances
from hub.storage.database import Connection

PLACE: Mapping[str, str] = {"attempt": "gateway", "statement_entry": "bank", "counter": "counter"}
"""Where money is that came from a source."""

_ENTRY = """
    with entry as (
        insert into ledger_entries (city_id, entry_id, charge_id, currency, event, source_kind, source_id, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8))
    insert into ledger_lines (city_id, entry_id, account, charge_id, currency, amount)
    select $1, $2, line.account, $3, $4, line.amount from unnest($9::text[], $10::bigint[]) as line (account, amount)"""


async def book(
    connection: Connection,
    city_id: int,
    charge_id: UUID,
    currency: str,
    event: str,
    source: tuple[str, UUID],
    at: datetime,
    **lines: int,
) -> None:
    """One entry: `lines` are amounts by account, signed; those of nothing are left out.

    The same event of the same source twice is a unique violation of the database.
    """
    written = {account: amount for account, amount in lines.items() if amount}
    if written:
        values = (city_id, new_uuid(), charge_id, currency, event, *source, at, list(written), list(written.values()))
        await connection.execute(_ENTRY, *values)


async def balances(connection: Connection, city_id: int, charge_id: UUID) -> Balances:
    """What the entries of a charge add up to."""
    row = await connection.fetchrow(
        """select captured, allocated, unallocated, refunding, refunded, charged_back, lost, gateway
           from charge_balances where city_id = $1 and charge_id = $2""",
        city_id,
        charge_id,
    )
    return Balances(*row) if row else Balances()


async def is_booked(
    connection: Connection, city_id: int, charge_id: UUID, event: str, source: tuple[str, UUID]
) -> bool:
    """Whether that event of that source is in the ledger."""
    return bool(
        await connection.fetchval(
            """select exists (select from ledger_entries where city_id = $1 and charge_id = $2 and event = $3
                              and source_kind = $4 and source_id = $5)""",
            city_id,
            charge_id,
            event,
            *source,
        )
    )


async def lines_of(
    connection: Connection, city_id: int, charge_id: UUID, event: str, source: tuple[str, UUID]
) -> dict[str, int]:
    """Amounts by account of the entry of that event and source; none where there is no such entry."""
    rows = await connection.fetch(
        """select l.account, l.amount from ledger_entries e
           join ledger_lines l on l.city_id = e.city_id and l.entry_id = e.entry_id
           where e.city_id = $1 and e.charge_id = $2 and e.event = $3 and e.source_kind = $4 and e.source_id = $5""",
        city_id,
        charge_id,
        event,
        *source,
    )
    return {row["account"]: row["amount"] for row in rows}
