"""Payments as somebody reads them: rows of one payment together. Every function runs within the caller's walls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from hub.kernel.errors import NotFound
from hub.payments.model import Method
from hub.payments.settled import takes_less
from hub.payments.states import State
from hub.storage.database import Connection

Row = dict[str, Any]
_WITHOUT_ALL = frozenset({State.OPEN, State.STARTED, State.PROCESSING, State.PART_PAID, State.CANCELLED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class ChargeSeen:
    """`row` is the charge with its balances; `items`, `refunds` and `chargebacks` are rows of 0014, oldest first.

    `settled`: what it is for takes less now than is missing of it; told of one payment (`one`), not in lists.
    """

    row: Row
    items: list[Row]
    refunds: list[Row]
    chargebacks: list[Row]
    settled: bool = False


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    row: Row
    charges: list[ChargeSeen]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; filters add up. `payees`: only payments that have a charge of one of these."""

    states: Collection[State] = ()
    method: Method | None = None
    payees: Collection[str] | None = None
    unallocated: bool = False
    obligation_id: UUID | None = None


async def page(
    connection: Connection, city_id: int, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
) -> list[PaymentSeen]:
    """The latest first. `after`: creation and id of the last one of the page before."""
    values: list[object] = [city_id]

    def bind(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    where, charge = ["p.city_id = $1"], "c.city_id = $1"
    if filters.states:
        where.append(f"p.state = any ({bind(list(filters.states))})")
    if filters.method is not None:
        where.append(f"p.method = {bind(filters.method)}")
    if after is not None:
        where.append(f"(p.created_at, p.payment_id) < ({bind(after[0])}, {bind(after[1])})")
    if filters.payees is not None:
        charge += f" and c.payee = any ({bind(list(filters.payees))})"
        where.append(f"exists (select from charges c where {charge} and c.payment_id = p.payment_id)")
    if filters.unallocated:
        where.append(f"""exists (
            select from charges c join charge_balances b on b.city_id = c.city_id and b.charge_id = c.charge_id
            where {charge} and c.payment_id = p.payment_id and b.unallocated > 0)""")
    if filters.obligation_id is not None:
        # As an array, so that payments are found by it: not by looking at all of the town for those that are in it.
        obligation = bind(filters.obligation_id)
        where.append(f"""p.payment_id = any (array(
            select c.payment_id from charges c where {charge} and c.charge_id in (
                select i.charge_id from charge_items i where i.city_id = $1 and i.obligation_id = {obligation}
                union all
                select a.charge_id from allocations a where a.city_id = $1 and a.obligation_id = {obligation})))""")  # noqa: S608 - parts are ours
    rows = await connection.fetch(
        f"""select * from payments p where {" and ".join(where)}
            order by p.created_at desc, p.payment_id desc limit {bind(limit)}""",  # noqa: S608 - parts are ours
        *values,
    )
    return await _together(connection, city_id, [dict(row) for row in rows])


async def one(connection: Connection, city_id: int, payment_id: UUID) -> PaymentSeen:
    """Raises NotFound, also for another person's."""
    row = await connection.fetchrow(
        "select * from payments where city_id = $1 and payment_id = $2", city_id, payment_id
    )
    if row is None:
        raise NotFound("There is no such payment here.")
    [seen] = await _together(connection, city_id, [dict(row)])
    return PaymentSeen(seen.row, [await _looked_at(connection, charge) for charge in seen.charges])


async def _looked_at(connection: Connection, charge: ChargeSeen) -> ChargeSeen:
    row = charge.row
    if row["state"] not in _WITHOUT_ALL:
        return charge
    about = (row["city_id"], row["charge_id"], row["payee"], row["currency"], row["amount"] - row["captured"])
    return replace(charge, settled=await takes_less(connection, *about))


async def payment_of_charge(connection: Connection, city_id: int, charge_id: UUID) -> UUID:
    """Raises NotFound."""
    found: UUID | None = await connection.fetchval(
        "select payment_id from charges where city_id = $1 and charge_id = $2", city_id, charge_id
    )
    if found is None:
        raise NotFound("There is no such charge here.")
    return found


async def charge_of(connection: Connection, city_id: int, table: str, id_: UUID) -> UUID:
    """The charge that a refund, a chargeback, an allocation or a capture (`table`) belongs to. Raises NotFound."""
    column = {
        "refunds": "refund_id",
        "chargebacks": "chargeback_id",
        "allocations": "allocation_id",
        "captures": "capture_id",
    }[table]
    found: UUID | None = await connection.fetchval(
        f"select charge_id from {table} where city_id = $1 and {column} = $2",  # noqa: S608 - names are ours
        city_id,
        id_,
    )
    if found is None:
        raise NotFound("There is no such thing here.")
    return found


async def events(connection: Connection, city_id: int, payment_id: UUID) -> list[Row]:
    """What has happened, oldest first."""
    rows = await connection.fetch(
        "select * from payment_events where city_id = $1 and payment_id = $2 order by at, event_id",
        city_id,
        payment_id,
    )
    return [dict(row) for row in rows]


async def allocations(connection: Connection, city_id: int, charge_ids: Sequence[UUID]) -> list[Row]:
    """Given and taken back, oldest first."""
    return await _of(connection, city_id, charge_ids, "allocations", "at, allocation_id")


async def captures(connection: Connection, city_id: int, charge_ids: Sequence[UUID]) -> list[Row]:
    """Money that came, oldest first."""
    return await _of(connection, city_id, charge_ids, "captures", "booked_at, capture_id")


async def ledger(connection: Connection, city_id: int, charge_ids: Sequence[UUID]) -> list[Row]:
    """Entries with `lines`, amounts by account; oldest first."""
    rows = await connection.fetch(
        """select e.*, (select json_object_agg(l.account, l.amount) from ledger_lines l
                        where l.city_id = e.city_id and l.entry_id = e.entry_id) as lines
           from ledger_entries e where e.city_id = $1 and e.charge_id = any ($2) order by e.at, e.entry_id""",
        city_id,
        list(charge_ids),
    )
    return [{**row, "lines": orjson.loads(row["lines"])} for row in rows]


async def _together(connection: Connection, city_id: int, payments: Sequence[Row]) -> list[PaymentSeen]:
    charges = await connection.fetch(
        """select c.*, b.captured, b.allocated, b.unallocated, b.refunding, b.refunded, b.charged_back, b.gateway,
                  b.bank, b.counter, b.fee, b.lost
           from charges c join charge_balances b on b.city_id = c.city_id and b.charge_id = c.charge_id
           where c.city_id = $1 and c.payment_id = any ($2) order by c.charge_id""",
        city_id,
        [row["payment_id"] for row in payments],
    )
    ids = [row["charge_id"] for row in charges]
    tables = {
        "charge_items": "charge_id, number",
        "refunds": "asked_at, refund_id",
        "chargebacks": "at, chargeback_id",
    }
    found: dict[str, dict[UUID, list[Row]]] = {}
    for table, order in tables.items():
        by_charge: dict[UUID, list[Row]] = defaultdict(list)
        for row in await _of(connection, city_id, ids, table, order):
            by_charge[row["charge_id"]].append(row)
        found[table] = by_charge
    by_payment: dict[UUID, list[ChargeSeen]] = defaultdict(list)
    for charge in charges:
        items, refunds, chargebacks = (found[table][charge["charge_id"]] for table in tables)
        by_payment[charge["payment_id"]].append(ChargeSeen(dict(charge), items, refunds, chargebacks))
    return [PaymentSeen(row, by_payment[row["payment_id"]]) for row in payments]


async def _of(connection: Connection, city_id: int, charge_ids: Sequence[UUID], table: str, order: str) -> list[Row]:
    if not charge_ids:
        return []
    rows = await connection.fetch(
        f"select * from {table} where city_id = $1 and charge_id = any ($2) order by {order}",  # noqa: S608 - names are ours
        city_id,
        list(charge_ids),
    )
    return [{**row, "title": orjson.loads(row["title"])} if row.get("title") else dict(row) for row in rows]


async def refunds(
    connection: Connection, city_id: int, state: str, payees: Collection[str] | None, limit: int = 100
) -> list[Row]:
    """In that state, with payment, payee and currency of their charge; the oldest first."""
    rows = await connection.fetch(
        """select r.*, c.payment_id, c.payee, c.currency from refunds r
           join charges c on c.city_id = r.city_id and c.charge_id = r.charge_id
           where r.city_id = $1 and r.state = $2 and ($3::text[] is null or c.payee = any ($3))
           order by r.asked_at, r.refund_id limit $4""",
        city_id,
        state,
        None if payees is None else list(payees),
        limit,
    )
    return [dict(row) for row in rows]
