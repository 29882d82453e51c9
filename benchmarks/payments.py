"""Payments created, and captures booked, per second, beside a bare insert of the same rows; and how they grow.

One connection after the other on the hub's own database: `PaymentService.create` for a citizen, `captured` as a gateway's
notification has it (allocation, ledger, posting and all), each in its transaction. The floor inserts the same rows into
tables without walls, checks, triggers and foreign keys, a transaction for each payment: what PostgreSQL itself takes.
The same is done in a town of 10,000 obligations and in one of a million, in turns.

    python -m benchmarks payments
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from benchmarks.installation import Installation, installation
from benchmarks.population import populate
from benchmarks.row import Row, at_least, at_most
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
GROWTH = 1.2
ROUNDS, WAVES, WARM = 10, 5, 5
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


@dataclass
class Town:
    """One of the two: what is paid there, and how many seconds that took."""

    hub: Hub
    owner: str
    subject_id: UUID
    owed: list[UUID]
    created: float = 0.0
    captured: float = 0.0


def run(quick: bool) -> list[Row]:
    number, obligations = (20, (5_000, 20_000)) if quick else (600, (10_000, 1_000_000))
    with installation() as place:
        return asyncio.run(_measure(place, number, obligations))


async def _measure(place: Installation, number: int, obligations: tuple[int, int]) -> list[Row]:
    async with AsyncExitStack() as stack:
        small, large = [await _town(place, stack, many, number) for many in obligations]
        owner = await asyncpg.connect(small.owner)
        stack.push_async_callback(owner.close)
        await owner.execute("create schema bare")
        for table in {table for tables in _TABLES.values() for table in tables}:
            await owner.execute(f"alter table {table} no force row level security")
            await owner.execute(f"create table bare.{table} (like {table})")
        at_once, seconds = number // ROUNDS, dict.fromkeys(_TABLES, 0.0)
        for start in range(0, number, at_once):
            for town in (small, large):
                await _round(town, slice(start, start + at_once))
            for name, tables in _TABLES.items():
                seconds[name] += await _floor(owner, tables, WARM + start + at_once, at_once)
        floors = {name: number / took for name, took in seconds.items()}
    bare = "bare inserts of the same rows"
    rows = []
    for name, title, goal in (
        ("created", "payments created", CREATED),
        ("captured", "captures booked, allocated and posted", CAPTURED),
    ):
        speed, other = (number / getattr(town, name) for town in (small, large))
        rows.append(at_least(title, (speed, "/s"), (bare, floors[name]), speed / floors[name], goal))
        growth = (f"{obligations[0]:,} obligations", 1000 / speed)
        rows.append(at_most(f"{title}, growth", (1000 / other, "ms"), growth, speed / other, GROWTH))
    return rows


async def _town(place: Installation, stack: AsyncExitStack, obligations: int, number: int) -> Town:
    """A database of its own in which so much is owed, opened until the stack is left."""
    name = f"town{obligations}"
    urls = place.database(name)
    hub = await open_worker(place.settings(urls), urls.worker, connect=False)
    stack.push_async_callback(hub.close)
    async with hub.database.town(1) as connection:
        keys = await hub.vault.keys(connection, 1)
    await populate(place.superuser_url(name), keys, obligations // WAVES, obligations=WAVES, cases=0)
    town = Town(hub, urls.owner, *await _owed(hub, number))
    await _capture(hub, await _pay(town, town.owed[number:]))
    return town


async def _round(town: Town, which: slice) -> None:
    """Pay some, then capture them."""
    began = time.perf_counter()
    charges = await _pay(town, town.owed[which])
    paid = time.perf_counter()
    await _capture(town.hub, charges)
    town.created += paid - began
    town.captured += time.perf_counter() - paid


async def _owed(hub: Hub, number: int) -> tuple[UUID, list[UUID]]:
    """Somebody who owes so many things, and some more to begin with."""
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
        records = [replace(record, key=f"o{one}") for one in range(number + WARM)]
        await ObligationProjection().apply(connection, keys, plain, records)
        rows = await connection.fetch(
            "select obligation_id from obligations where city_id = 1 and source_key = any ($1)",
            [record.key for record in records],
        )
    return subject_id, [row["obligation_id"] for row in rows]


async def _pay(town: Town, obligations: Sequence[UUID]) -> list[UUID]:
    configured = town.hub.towns.by_slug[TOWN]
    for obligation_id in obligations:
        payer = Payer(town.subject_id, town.subject_id, "nias", "hr", str(uuid4()))
        await town.hub.payments.create(configured, payer, [Wanted(obligation_id)], "card")
    async with town.hub.database.town(1) as connection:
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


async def _floor(owner: asyncpg.Connection[asyncpg.Record], tables: Sequence[str], paid: int, number: int) -> float:
    """Seconds of `number` transactions that insert as many rows of the same kind as one payment, of which there are
    `paid`.
    """
    samples = {}
    for table in tables:
        count = await owner.fetchval(f"select count(*) from {table}")
        found = await owner.fetch(f"select * from {table} limit {max(1, round(count / paid))}")
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
    return time.perf_counter() - began
