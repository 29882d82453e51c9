"""The payers' banks, which take back what was paid by card: a gateway tells of it, or a letter, or nobody; and some of it
is won again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import asyncpg

from hub.kernel.ids import public_id
from tests.chaos import gateway_books
from tests.chaos.gateway_books import Taken
from tests.chaos.money_script import GATEWAYS, TOWN_OF, CardPayment, Dispute, MoneyScript
from tests.chaos.payers import Payers
from tests.chaos.world import World

TELLING = {"netopia", "sluzby"}
"""Gateways that know of chargebacks; of the others a letter comes."""
_BEGUN, _ACCEPTED, _PAID, _CREDITED = 9, 10, 3, 8
_WHILE = 3.0

_PAID_BY = """
    select a.*, (select state from refunds r where r.charge_id = a.charge_id and r.way = 'gateway' limit 1) as refund
    from gateway_attempts a join payments p using (city_id, payment_id)
    where p.request_key = $1 and p.created_at >= now() - interval '1 h' order by a.charge_id, a.created_at"""


@dataclass
class Disputes:
    """`letters`: by gateway and order, what letters say was taken and not given again, in minor units.

    `taken` are the attempts of which something was taken back, by the name of the payment; `won` those of which it was
    won, by their public id.
    """

    world: World
    money: MoneyScript
    payers: Payers
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: dict[str, asyncpg.Record] = field(default_factory=dict)
    won: set[str] = field(default_factory=set)

    async def soon(self) -> None:
        """While everything goes wrong, as soon as there is something to take back."""
        await asyncio.gather(*(self._wait(one, one.dispute) for one in self.money.cards if one.dispute))

    async def later(self) -> None:
        """When all is quiet: what was not paid before, or was to be refunded first."""
        for one in self.money.cards:
            if one.dispute and one.name not in self.taken:
                await self._take_back(one, one.dispute)

    async def _wait(self, one: CardPayment, dispute: Dispute) -> None:
        deadline = time.monotonic() + one.at + _WHILE
        while dispute.soon and time.monotonic() < deadline:
            if await self._take_back(one, dispute):
                return
            await asyncio.sleep(0.1)

    async def _take_back(self, one: CardPayment, dispute: Dispute) -> bool:
        """Whether there was anything to take back."""
        books = await gateway_books.read_all(self.world)
        for row in await self.world.rows(_PAID_BY, one.name):
            there = books[row["gateway"]].get(row["number"])
            if there is None or not there.times or there.minor == there.returned:
                continue
            if self._is_early(one, dispute, row):
                continue
            self.taken[one.name] = row
            await (self._told if row["gateway"] in TELLING else self._written)(one, dispute, row, there)
            return True
        return False

    @staticmethod
    def _is_early(one: CardPayment, dispute: Dispute, row: asyncpg.Record) -> bool:
        if row["gateway"] not in TELLING and row["captured_at"] is None:
            return True
        if row["gateway"] == "netopia":
            # It does not tell how much was given back of what was taken back: that must be known by then.
            return row["refund"] in {"asked", "approved", "sent", "in_doubt"} or (dispute.soon and one.refund > 0)
        return dispute.soon and one.refund > 0 and not dispute.first and row["refund"] in {None, "asked", "approved"}

    async def _told(self, one: CardPayment, dispute: Dispute, row: asyncpg.Record, there: Taken) -> None:
        """By the gateway, to which a clerk is at times faster with the bank's letter of the same."""
        if dispute.letter and not one.refund and row["captured_at"] is not None:
            await self._letter(one, dispute, row, there.minor, allowed={409})
        if row["gateway"] == "netopia" and dispute.told:
            await self._becomes(row, _BEGUN, "", tell=True)
        for _ in range(max(dispute.told, 1)):
            await self._becomes(row, _ACCEPTED, "charged_back", tell=bool(dispute.told))

    async def _written(self, one: CardPayment, dispute: Dispute, row: asyncpg.Record, there: Taken) -> None:
        """By letters, which a clerk books."""
        left = there.minor - there.returned
        for part in dispute.parts:
            minor = max(left * part // 100, 1)
            if await self._letter(one, dispute, row, minor, allowed=set()):
                self.letters[row["gateway"], row["number"]] += minor

    async def _letter(
        self, one: CardPayment, dispute: Dispute, row: asyncpg.Record, minor: int, *, allowed: set[int]
    ) -> bool:
        """She presses the button twice at times."""
        town, charge = TOWN_OF[row["gateway"]], public_id("chg", row["charge_id"])
        url = f"{self.world.api}/{town}/admin/v1/charges/{charge}/chargebacks"
        body = {"amount": {"minor": minor, "currency": row["currency"]}}
        key = f"{one.name}b{self.letters[row['gateway'], row['number']]}"
        token = self.world.staff[town]
        asked = (self.payers.ask(token, "POST", url, key, body, allowed) for _ in range(max(dispute.told, 1)))
        return any(await asyncio.gather(*asked))

    async def _becomes(self, row: asyncpg.Record, status: int, state: str, *, tell: bool) -> None:
        simulator, number = GATEWAYS[row["gateway"]], row["number"]
        if simulator == "gateway_netopia":
            await self.world.control(simulator, "/_control/become", order=number, status=status, tell=tell)
        else:
            await self.world.control(simulator, "/_control/happen", number=number, state=state, tell=tell)

    async def win(self) -> bool:
        """What was contested with success is ours again: the gateway has it so, and a clerk says so. Whether any was."""
        for one in self.money.cards:
            if one.dispute and one.dispute.won and one.name in self.taken:
                await self._win(one, self.taken[one.name])
        return bool(self.won)

    async def _win(self, one: CardPayment, row: asyncpg.Record) -> None:
        town, token = TOWN_OF[row["gateway"]], self.world.staff[TOWN_OF[row["gateway"]]]
        at, attempt = f"{self.world.api}/{town}/admin/v1", public_id("tra", row["attempt_id"])
        if row["gateway"] in TELLING:
            returned = (await gateway_books.read_all(self.world))[row["gateway"]][row["number"]].returned
            await self._becomes(
                row, _CREDITED if returned else _PAID, "refunded" if returned else "captured", tell=True
            )
        rows = await self.world.rows(
            "select chargeback_id from chargebacks where source_id = $1 and state = 'taken'", row["attempt_id"]
        )
        for number, found in enumerate(rows):
            url = f"{at}/chargebacks/{public_id('cbk', found['chargeback_id'])}/won"
            asked = (self.payers.ask(token, "POST", url, f"{one.name}w{number}", {}, set()) for _ in range(2))
            await asyncio.gather(*asked)
        self.letters.pop((row["gateway"], row["number"]), None)
        if row["gateway"] in TELLING:
            await self.payers.ask(token, "POST", f"{at}/attempts/{attempt}/ask", f"{one.name}a", {}, set())
            self.won.add(attempt)
