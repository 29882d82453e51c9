"""A town with obligations and its payments, on a real database: what the tests of this noun speak to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.back_offices.model import Town
from hub.cities.loader import load_city
from hub.cities.money import Refunds
from hub.delivery.service import DeliveryService
from hub.kernel.clock import FixedClock
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.obligations.projection import ObligationProjection
from hub.payments import views
from hub.payments.model import Captured, Payer, Source, Wanted
from hub.payments.service import PaymentService
from hub.ports.payment_gateway import Outcome
from hub.postings.service import PostingService
from hub.settings import PROJECT
from hub.storage.database import Connection, Database
from hub.storage.provision import DatabaseUrls
from hub.storage.vault import TownKeys
from tests.support.records import ANA, make_subject, make_town, obligation, source

_numbers = count(1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def of(obligation_id: UUID, minor: int | None = None, instalment: int | None = None) -> Wanted:
    return Wanted(obligation_id, instalment, None if minor is None else eur(minor))


@dataclass
class Till:
    """`database` is the worker's, `app` the API's: what citizens ask is asked with the rights of their door."""

    database: Database
    app: Database
    keys: TownKeys
    town: Town
    clock: FixedClock
    payments: PaymentService
    postings: PostingService
    ana: UUID
    api: PaymentService = field(repr=False, default=None)  # type: ignore[assignment] # the same, with the API's rights

    @property
    def now(self):
        return self.clock.now()

    def with_approval(self, approval: str) -> None:
        city = self.town.city.model_copy(update={"refunds": Refunds(approval=approval)})
        self.town = replace(self.town, city=city)

    async def owe(self, minor: int = 10000, oib: str = ANA, **values: Any) -> UUID:
        """An obligation of Ana's to the town."""
        key = f"o-{next(_numbers)}"
        values = {"original": eur(minor), "outstanding": eur(minor), "references": (), **values}
        async with self.database.town(1) as connection:
            told = source(1, self.now)
            await ObligationProjection().apply(connection, self.keys, told, [obligation(key, oib, None, **values)])
            return await connection.fetchval("select obligation_id from obligations where source_key = $1", key)

    async def pay(self, *wanted: Wanted, method: str = "card", key: str | None = None) -> UUID:
        """What Ana does; returns the payment."""
        payer = Payer(self.ana, self.ana, "nias", "hr", key or f"key-{next(_numbers)}")
        return await self.api.create(self.town, payer, wanted, method)  # type: ignore[arg-type]

    async def charges(self, payment_id: UUID) -> list[UUID]:
        rows = await self.rows("charges", "payment_id = $1 order by payee", payment_id)
        return [row["charge_id"] for row in rows]

    async def charge(self, *wanted: Wanted) -> UUID:
        [charge] = await self.charges(await self.pay(*wanted))
        return charge

    async def begin(self, charge_id: UUID) -> Any:
        async with self.database.town(1) as connection:
            return await self.payments.begin_attempt(connection, 1, charge_id, self.now)

    async def end(self, charge_id: UUID, outcome: Outcome = Outcome.DECLINED) -> None:
        async with self.database.town(1) as connection:
            await self.payments.attempt_ended(connection, 1, charge_id, outcome=outcome, reason=None, now=self.now)

    async def pending(self, charge_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.attempt_pending(connection, 1, charge_id, now=self.now)

    async def capture(
        self, charge_id: UUID, minor: int, kind: str = "attempt", source_id: UUID | None = None, currency: str = "EUR"
    ) -> Captured:
        where = Source(kind, source_id or new_uuid())  # type: ignore[arg-type]
        async with self.database.town(1) as connection:
            return await self.payments.captured(
                connection, self.keys, self.town, charge_id, Money(minor, currency), where, self.now, self.now
            )

    async def receive(
        self, minor: int, *wanted: Wanted, source_id: UUID | None = None, kind: str = "statement_entry"
    ) -> UUID:
        where = Source(kind, source_id or new_uuid())  # type: ignore[arg-type]
        async with self.database.town(1) as connection:
            return await self.payments.receive(
                connection, self.keys, self.town,
                payee="grad", amount=eur(minor), source=where, at=self.now, now=self.now, allocations=wanted,
            )  # fmt: skip

    async def take_back(self, source_id: UUID, kind: str = "statement_entry", reason: str = "not hers") -> None:
        async with self.database.town(1) as connection:
            where = Source(kind, source_id)  # type: ignore[arg-type]
            await self.payments.take_back(
                connection, self.keys, self.town, where, by="stf_1", reason=reason, now=self.now
            )

    async def allocate(self, charge_id: UUID, *wanted: Wanted) -> None:
        async with self.database.town(1) as connection:
            await self.payments.allocate(connection, self.keys, self.town, charge_id, wanted, by="stf_1", now=self.now)

    async def unallocate(self, allocation_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.unallocate(
                connection, self.keys, self.town, allocation_id, by="stf_1", reason="mistake", now=self.now
            )

    async def ask(self, charge_id: UUID, minor: int, to: str = "gateway", allocations: Sequence[UUID] = ()) -> UUID:
        return await self.payments.ask_refund(
            self.town,
            charge_id,
            eur(minor),
            "overpaid",
            "stf_1",
            to,
            allocations=allocations,  # type: ignore[arg-type]
        )

    async def decide(self, refund_id: UUID, decision: str, by: str = "stf_2") -> None:
        await self.payments.decide_refund(self.town, refund_id, decision, by)  # type: ignore[arg-type]

    async def sent(self, refund_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.refund_sent(connection, 1, refund_id, self.now)

    async def again(self, refund_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.refund_again(connection, 1, refund_id, by="stf_1", reason="looked", now=self.now)

    async def heard(self, refund_id: UUID, outcome: str) -> None:
        async with self.database.town(1) as connection:
            await self.payments.refund_heard(
                connection,
                self.keys,
                self.town,
                refund_id,
                outcome,
                "word",
                None,
                self.now,  # type: ignore[arg-type]
            )

    async def came_back(self, refund_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.refund_came_back(
                connection, 1, refund_id, "R1", self.now, by="stf_1", reason="account closed"
            )

    async def letter(self, charge_id: UUID, minor: int, chargeback_id: UUID | None = None) -> UUID:
        """A chargeback that somebody read of."""
        async with self.database.town(1) as connection:
            return await self.payments.charged_back_by_letter(
                connection, self.keys, self.town, charge_id, eur(minor), chargeback_id or new_uuid(),
                by="stf_1", now=self.now,
            )  # fmt: skip

    async def charged_back(self, charge_id: UUID, minor: int, source_id: UUID | None = None) -> UUID:
        where = Source("attempt", source_id or new_uuid())
        async with self.database.town(1) as connection:
            return await self.payments.charged_back(
                connection, self.keys, self.town, charge_id, eur(minor), where, now=self.now
            )

    async def won(self, chargeback_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.chargeback_won(connection, self.keys, self.town, chargeback_id, now=self.now)

    async def reversed(self, charge_id: UUID, minor: int) -> UUID:
        where = Source("attempt", new_uuid())
        async with self.database.town(1) as connection:
            return await self.payments.reversed_at_gateway(
                connection, self.keys, self.town, charge_id, eur(minor), where, now=self.now
            )

    async def paid_out(self, *lines: tuple[UUID, Money], entry: UUID, fees: Sequence[tuple[UUID, Money]] = ()) -> None:
        async with self.database.town(1) as connection:
            await self.payments.in_bank(connection, 1, lines, entry, self.now, fees=fees)

    async def cancel(self, payment_id: UUID) -> None:
        async with self.database.town(1) as connection:
            await self.payments.cancel(connection, 1, payment_id, by="payer", now=self.now)

    async def goes_on(self, charge_id: UUID, minor: int) -> None:
        async with self.database.town(1) as connection:
            await self.payments.attempt_goes_on(connection, 1, charge_id, eur(minor))

    async def end_settled(self) -> int:
        async with self.database.town(1) as connection:
            return await self.payments.end_settled(connection, 1, self.now)

    async def settled(self, payment_id: UUID) -> list[bool]:
        """Of each charge, as somebody who opens the payment's page sees it."""
        async with self.app.town(1) as connection:
            return [one.settled for one in (await views.one(connection, 1, payment_id)).charges]

    async def expire(self) -> int:
        async with self.database.town(1) as connection:
            return await self.payments.expire(connection, 1, self.now)

    async def cancel_obligation(self, obligation_id: UUID, *, cancelled: bool = True) -> None:
        """As its office would say in the next read."""
        async with self.database.town(1) as connection:
            await connection.execute(
                "update obligations set cancelled = $2 where obligation_id = $1", obligation_id, cancelled
            )

    async def rows(self, table: str, where: str = "true", *arguments: object) -> list[Any]:
        async with self.database.town(1) as connection:
            return await connection.fetch(f"select * from {table} where {where}", *arguments)

    async def balances(self, charge_id: UUID) -> dict[str, int]:
        """What is not nothing."""
        [row] = await self.rows("charge_balances", "charge_id = $1", charge_id)
        return {name: value for name, value in row.items() if isinstance(value, int) and value and name != "city_id"}

    async def state(self, charge_id: UUID) -> str:
        [row] = await self.rows("charges", "charge_id = $1", charge_id)
        return str(row["state"])

    async def alerts(self) -> set[str]:
        return {row["kind"] for row in await self.rows("alerts", "settled_at is null")}

    async def open_amount(self, obligation_id: UUID) -> int:
        from hub.obligations import service as obligations

        async with self.database.town(1) as connection:
            return (await obligations.open_amount(connection, 1, obligation_id, lock=False)).due.minor


@asynccontextmanager
async def till(folder: Path, urls: DatabaseUrls, clock: FixedClock) -> AsyncIterator[Till]:
    worker = await Database.open(urls.worker, size=4)
    app = await Database.open(urls.app, size=4)
    try:
        vault, keys = await make_town(worker, folder)
        city = load_city(PROJECT / "config" / "cities" / "pregrada" / "city.yaml")
        postings = PostingService(DeliveryService(clock), clock)
        payments = PaymentService(worker, vault, clock, postings)
        api = PaymentService(app, vault, clock, postings)
        ana = await make_subject(worker, keys, ANA)
        yield Till(worker, app, keys, Town(city, {}), clock, payments, postings, ana, api)
    finally:
        await app.close()
        await worker.close()


__all__ = ["Connection", "Till", "eur", "of", "till", "timedelta"]
