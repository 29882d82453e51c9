"""Towns whose accounting is a simulator over real HTTP, and payments as the ledger tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.delivery.sweep import Sweep
from hub.delivery.verbs import Desk
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.postings.model import State
from hub.storage.database import NIL
from tests.integration.submissions.conftest import FrontEnd, good
from tests.integration.submissions.sending import Sending, sending

ZELJKA, RUZENA = "83100426579", "0572127050"
LATER = timedelta(minutes=30)


@dataclass
class Books:
    """`town` sends and is asked; `office` is its accounting; `her` the citizen whose obligations are paid."""

    town: Sending
    office: str
    her: FrontEnd
    scheme: str
    value: str
    currency: str
    ahead: timedelta = timedelta()

    @property
    def city_id(self) -> int:
        return self.town.town.city.id

    async def read(self) -> None:
        """What a refresh reads: her obligations, or what has changed of everybody's."""
        self.town.clock.move(timedelta(seconds=1))
        self._set_clock()
        feed = self.town.town.back_offices[self.office].feeds["obligations"]
        found = NIL
        if feed.needs:
            async with self.town.worker.database.town(self.city_id) as connection:
                found = await connection.fetchval(
                    "select identifier_id from identifiers where city_id = $1 and scheme = $2 limit 1",
                    self.city_id,
                    self.scheme,
                )
        report = await self.town.worker.feeds.read(self.town.town, feed, found)
        assert report.failure is None

    def _set_clock(self) -> None:
        # The card's security looks at the time at which a message was really made.
        real = self.office == "financije"
        now = datetime.now(UTC) + self.ahead if real else self.town.clock.now()
        self.town.offices[self.office].clock.at = now

    async def id_of(self, key: str) -> UUID:
        async with self.town.worker.database.town(self.city_id) as connection:
            return await connection.fetchval(
                "select obligation_id from obligations where city_id = $1 and source_key = $2", self.city_id, key
            )

    async def pay(self, key: str, minor: int, *, part: int | None = None, allocation: UUID | None = None) -> UUID:
        """What the ledger does with captured money, at a door of the API: with the API's rights, on nobody's path."""
        allocation, hub = allocation or new_uuid(), self.town.api.hub
        obligation_id = await self.id_of(key)
        async with hub.database.town(self.city_id) as connection:
            keys = await hub.vault.keys(connection, self.city_id)
            await hub.postings.post(
                connection,
                keys,
                hub.towns.by_slug[self.town.city],
                allocation_id=allocation,
                payment_id=new_uuid(),
                charge_id=new_uuid(),
                obligation_id=obligation_id,
                instalment=part,
                amount=Money(minor, self.currency),
                method="card",
                paid_at=self.town.clock.now(),
                now=self.town.clock.now(),
            )
        return allocation

    async def send(self, after: timedelta = timedelta()) -> None:
        self.town.clock.move(after)
        self._set_clock()
        await self.town.send()

    async def state(self, allocation: UUID) -> State:
        hub = self.town.api.hub
        async with hub.database.town(self.city_id) as connection:
            return (await hub.postings.state(connection, self.city_id, [allocation]))[allocation]

    async def seen(self, key: str) -> dict[str, Any]:
        """The obligation as she sees it."""
        from hub.kernel.ids import public_id

        self.her.headers = self.her.api.token(self.her.city, self.her.subject_id)
        return good(await self.her.get(f"obligations/{public_id('obl', await self.id_of(key))}"))

    async def due(self, key: str) -> tuple[int, str, str | None]:
        """What is due, the state, and how what was paid here stands."""
        seen = await self.seen(key)
        return seen["due"]["minor"], seen["state"], (seen["paid_here"] or {}).get("state")

    async def misbehave(self, **misdeeds: object) -> None:
        await self.town.offices[self.office].post("writes", **misdeeds)

    async def changes(self, key: str, **fields: object) -> None:
        """What a clerk of the office does to an item."""
        self._set_clock()
        name = "Sifra" if self.office == "financije" else "id"
        await self.town.offices[self.office].post("items", **{name: key}, **fields)

    async def item(self, key: str) -> dict[str, Any]:
        items = (await self.town.offices[self.office].client.get("/_control/items")).json()
        return next(one for one in items if key in {one.get("Sifra"), one.get("id")})

    async def ledger(self) -> dict[str, Any]:
        return await self.town.ledger(self.office)

    async def alerts(self) -> list[str]:
        from hub.alerts import service as alerts

        async with self.town.worker.database.town(self.city_id) as connection:
            return [one.kind for one in await alerts.open_alerts(connection, self.city_id)]

    async def desk(self, verb: str, *values: object) -> None:
        """A verb on the one delivery that needs somebody, and the sweep that tells its noun."""
        worker = self.town.worker
        async with worker.database.town(self.city_id) as connection:
            keys = await worker.vault.keys(connection, self.city_id)
            one = await connection.fetchval(
                "select delivery_id from deliveries where state in ('in_doubt', 'refused') order by sequence limit 1"
            )
            await getattr(Desk(connection, keys, self.town.town, self.town.clock, "stf_test"), verb)(one, *values)
        await Sweep(worker.database, worker.vault, self.town.clock, worker.deliveries).run(self.town.town)


@pytest.fixture
async def pregrada(tmp_path, urls, clock) -> AsyncIterator[Books]:
    offices = {"financije": ("pregrada_financije", "endpoint/financije")}
    async with sending(tmp_path, urls, clock, "pregrada", **offices) as town:
        subject_id = await town.api.subject("pregrada", "Željka Đurđević-Šćepan", hr_oib=ZELJKA)
        books = Books(town, "financije", FrontEnd(town.api, subject_id, {}), "hr.oib", ZELJKA, "EUR")
        await books.read()
        yield books


@pytest.fixture
async def vzorov(tmp_path, urls, clock) -> AsyncIterator[Books]:
    offices = {"ucetnictvi": ("vzorov_ucetnictvi", "base_url auth.token_url/oauth/token")}
    async with sending(tmp_path, urls, clock, "vzorov", **offices) as town:
        subject_id = await town.api.subject("vzorov", "Růžena Příhodová", cz_birth_number=RUZENA)
        her = FrontEnd(town.api, subject_id, {}, "vzorov")
        books = Books(town, "ucetnictvi", her, "cz.birth_number", RUZENA, "CZK")
        await books.read()
        yield books
