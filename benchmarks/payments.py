"""Payments created, and captures booked, per second, beside a bare insert of the same rows.

One connection after the other on the hub's own database: `PaymentService.create` for a citizen, `captured` as a gateway's
notification has it (allocation, ledger, posting and all), each in its transaction. The floor inserts the same rows into
tables without walls, checks, triggers and foreign keys, a transaction for each payment: what PostgreSQL itself takes.

    python -m benchmarks payments
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from benchmarks.installation import installation
from benchmarks.row import Row, at_least
from hub.hub import Hub, open_worker
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.mapping.model import PartyRef, Record
from hub.obligations.projection import ObligationProjection
from hub.payments.model import Payer, Source, Wanted
from hub.ports.projection import Source as Told
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind

CREATED, CAPTURED = 0.1, 0.1
TOWN, OIB = "pregrada", "87582274224"
_TABLES = {
    "created": ("payments", "charges", "charge_items", "charge_balances", "payment_events"),
    "captured": (
        "captures",
        "ledger_entries",
        "ledger_lines",
        "allocations",
        "payment_events",
        "postings",
        "paid_here",
    ),
}
"""What each writes."""


def run(quick: bool) -> list[Row]:
    with installation() as place:
        urls = place.database("bench_payments")
        return asyncio.run(_measure(place.settings(urls), urls, 20 if quick else 600))


async def _measure(settings: Any, urls: Any, number: int) -> list[Row]:
    hub = await open_worker(settings, urls.worker, connect=False)
    owner = await asyncpg.connect(urls.owner)
    try:
        subject_id, obligations = await _owed(hub, number)
        await _pay(hub, subject_id, obligations[:5])
        began = time.perf_counter()
        charges = await _pay(hub, subject_id, obligations[5:])
        created = number / (time.perf_counter() - began)
        began = time.perf_counter()
        await _capture(hub, charges)
        captured = number / (time.perf_counter() - began)
        floors = {name: await _floor(owner, tables, number) for name, tables in _TABLES.items()}
    finally:
        await owner.close()
        await hub.close()
    bare = "bare inserts of the same rows"
    return [
        at_least("payments created", (created, "/s"), (bare, floors["created"]), created / floors["created"], CREATED),
        at_least(
            "captures booked, allocated and posted",
            (captured, "/s"),
            (bare, floors["captured"]),
            captured / floors["captured"],
            CAPTURED,
        ),
    ]


async def _owed(hub: Hub, number: int) -> tuple[UUID, list[UUID]]:
    """Somebody who owes so many things, and five more."""
    now = datetime.now(UTC)
    plain = Told(
        city_id=1, back_office="financije", feed="obligations", as_of=now, caught_up_to=now, asked=True, language="hr",
        payee="grad", department=None, payees=frozenset({"grad"}), departments=frozenset(),
    )  # fmt: skip
    amount = Money(12550, "EUR")
    values = {"kind": "fee", "title": {"hr": "Komunalna naknada"}, "original": amount, "outstanding": amount}
    record = Record(key="", version=1, parties=(PartyRef("debtor", "hr.oib", OIB),), values=values)
    async with hub.database.town(1) as connection:
        keys = await hub.vault.keys(connection, 1)
        subject_id = await subjects.create(connection, 1, SubjectKind.PERSON, "Ana")
        await subjects.prove(connection, keys, subject_id, "hr.oib", OIB, proof=Proof.CLERK, source="bench", now=now)
        records = [replace(record, key=f"o{one}") for one in range(number + 5)]
        await ObligationProjection().apply(connection, keys, plain, records)
        rows = await connection.fetch("select obligation_id from obligations where city_id = 1")
    return subject_id, [row["obligation_id"] for row in rows]


async def _pay(hub: Hub, subject_id: UUID, obligations: Sequence[UUID]) -> list[UUID]:
    town = hub.towns.by_slug[TOWN]
    for obligation_id in obligations:
        payer = Payer(subject_id, subject_id, "nias", "hr", str(uuid4()))
        await hub.payments.create(town, payer, [Wanted(obligation_id)], "card")
    async with hub.database.town(1) as connection:
        rows = await connection.fetch(
            "select charge_id from charge_items where city_id = 1 and obligation_id = any ($1)", list(obligations)
        )
    return [row["charge_id"] for row in rows]


async def _capture(hub: Hub, charges: Sequence[UUID]) -> None:
    town, amount = hub.towns.by_slug[TOWN], Money(12550, "EUR")
    for charge_id in charges:
        now = hub.clock.now()
        async with hub.database.town(1) as connection:
            keys = await hub.vault.keys(connection, 1)
            where = Source("attempt", new_uuid())
            await hub.payments.captured(connection, keys, town, charge_id, amount, where, now, now)


async def _floor(owner: asyncpg.Connection[asyncpg.Record], tables: Sequence[str], number: int) -> float:
    """Transactions per second that insert as many rows of the same kind, copied from those that are there."""
    samples = {}
    await owner.execute("create schema if not exists bare")
    for table in tables:
        await owner.execute(f"alter table {table} no force row level security")
        await owner.execute(f"create table if not exists bare.{table} (like {table})")
        count = await owner.fetchval(f"select count(*) from {table}")
        found = await owner.fetch(f"select * from {table} limit {max(1, round(count / number))}")
        samples[table] = [tuple(row) for row in found]
    statements = {
        table: f"insert into bare.{table} values ({', '.join(f'${place}' for place in range(1, len(rows[0]) + 1))})"
        for table, rows in samples.items()
    }
    began = time.perf_counter()
    for _ in range(number):
        async with owner.transaction():
            for table, rows in samples.items():
                for row in rows:
                    await owner.execute(statements[table], *row)
    return number / (time.perf_counter() - began)
