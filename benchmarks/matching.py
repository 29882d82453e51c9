"""Entries of bank statements matched with what is owed: 100,000 entries against 1,000,000 obligations, and 10,000.

    decided    hub.reconciliation: what each entry of a batch of 500 is for. Entries name their obligation by its symbol
               (seven of ten), by a number in the text (one), with a slip of the finger (one), or not at all (one).
    floor      the least a matching by equality needs: per batch one query without walls that joins the words with the
               obligations' references and gives amounts back

The two towns take turns. What is certain is then booked for some hundred entries, for information: that is a payment, a
ledger entry, an allocation and a posting each, in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

import asyncpg

from benchmarks.events import TOWN
from benchmarks.installation import Installation, installation
from benchmarks.population import populate
from benchmarks.row import Row, at_most, for_information
from hub.hub import Hub, open_worker
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.reconciliation.deciding import Booking
from hub.reconciliation.matching import enter, wanted_of
from hub.statements.model import State, StatementEntry
from hub.statements.words import of_references, of_text
from hub.storage.provision import DatabaseUrls

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOAL_OF_FLOOR = 3.0
GOAL_OF_GROWTH = 1.5
BATCH = 500
WAVES = 5
_FLOOR = """
    select r.word, o.obligation_id, o.outstanding, o.currency from obligation_references r
    join obligations o using (city_id, obligation_id) where r.city_id = 1 and r.word = any ($1)"""


@dataclass
class Town:
    """One of the two, and seconds of each batch."""

    obligations: int
    urls: DatabaseUrls
    decided: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    sure: int = 0
    entries: int = 0


def run(quick: bool) -> list[Row]:
    large, small, batches = (20_000, 5_000, 6) if quick else (1_000_000, 10_000, 200)
    with installation() as place:
        towns = {"munihub": Town(small, place.database()), "large": Town(large, place.database("large"))}
        booked = asyncio.run(_measure(place, towns, batches))
    ours, other = towns["large"], towns["munihub"]
    speed, floor = BATCH / median(ours.decided), BATCH / median(ours.floor)
    note = f"{ours.sure} of {ours.entries} entries are certain"
    return [
        at_most(
            f"matching, {large:,} obligations", (median(ours.decided) / BATCH * 1e6, "µs"),
            ("bare join", median(ours.floor) / BATCH * 1e6), floor / speed, GOAL_OF_FLOOR, note,
        ),
        at_most(
            "matching, growth", (median(ours.decided) / BATCH * 1e6, "µs"),
            (f"{small:,} obligations", median(other.decided) / BATCH * 1e6),
            median(ours.decided) / median(other.decided), GOAL_OF_GROWTH,
        ),
        for_information("booking what is certain", (booked, "/s")),
    ]  # fmt: skip


async def _measure(place: Installation, towns: dict[str, Town], batches: int) -> float:
    hubs: dict[str, Hub] = {}
    floors = {}
    try:
        for name, town in towns.items():
            hubs[name] = hub = await open_worker(place.settings(town.urls), town.urls.worker, connect=False)
            async with hub.database.town(1) as connection:
                keys = await hub.vault.keys(connection, 1)
            await populate(place.superuser_url(name), keys, town.obligations // WAVES, obligations=WAVES, cases=0)
            floors[name] = await asyncpg.connect(place.floor_url(name))
        for number in range(batches + 2):
            for name in list(towns)[:: -1 if number % 2 else 1]:
                await _batch(hubs[name], floors[name], towns[name], warm=number >= 2)
        return await _book(hubs["large"], towns["large"], 100)
    finally:
        for connection in floors.values():
            await connection.close()
        for hub in hubs.values():
            await hub.close()


async def _batch(hub: Hub, floor: asyncpg.Connection[asyncpg.Record], town: Town, *, warm: bool) -> None:
    configured = hub.towns.by_slug[TOWN]
    entries = [_entry(configured.city.payees["grad"].account, town.obligations // WAVES) for _ in range(BATCH)]
    begun = time.perf_counter()
    await floor.fetch(_FLOOR, [word for one in entries for word in one.words])
    asked = time.perf_counter()
    async with hub.database.town(configured.city.id) as connection:
        decided = await hub.reconciliation.matching.decided(connection, configured, entries)
    took = time.perf_counter()
    if warm:
        town.floor.append(asked - begun)
        town.decided.append(took - asked)
        town.entries += len(entries)
        town.sure += sum(isinstance(one, Booking) for one in decided.values())


def _entry(account: str, citizens: int) -> StatementEntry:
    number, wave = random.randrange(citizens), random.choice((1, 2, 4, 5))
    owed = 1000 + (number * 7919 + wave * 104729) % 40000
    said, kind = f"HR68 5720-{number:08}-{wave}", random.randrange(10)
    references: tuple[Reference, ...] = ()
    words: list[str] = []
    if kind < 8:
        slip = said.replace("5720", "5702") if kind == 7 else said
        references = (Reference("hr.poziv_na_broj", slip),)
        words = of_references(references)
    elif kind == 8:
        words = of_text(f"uplata po racunu 5720-{number:08}-{wave} hvala lijepa")
    return StatementEntry(
        new_uuid(), new_uuid(), account, 1, 1, Money(owed, "EUR"), None, None, reversal=False, batch=None, code="",
        bank_reference="", references=references, words=tuple(words), party_key=None, state=State.NEW, state_at=_NOW,
        reason=None, kind=None, payment_id=None,
    )  # fmt: skip


async def _book(hub: Hub, town: Town, number: int) -> float:
    """Bookings per second, by one worker, one after the other."""
    configured = hub.towns.by_slug[TOWN]
    done, seconds = 0, 0.0
    while done < number:
        entries = [_entry(configured.city.payees["grad"].account, town.obligations // WAVES) for _ in range(BATCH)]
        async with hub.database.town(configured.city.id) as connection:
            decided = await hub.reconciliation.matching.decided(connection, configured, entries)
            keys = await hub.vault.keys(connection, configured.city.id)
        begun = time.perf_counter()
        for entry in entries[: number - done]:
            booking = decided.get(entry.entry_id)
            if isinstance(booking, Booking):
                async with hub.database.town(configured.city.id) as connection:
                    wanted = wanted_of(booking, entry)
                    await enter(connection, keys, configured, hub.payments, entry, "grad", wanted, "bank", _NOW)
                done += 1
        seconds += time.perf_counter() - begun
    return done / seconds
