"""Somebody at the town hall who does what alarms about money ask for: looks at the gateway, and says what is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.delivery.verbs import Desk
from hub.hub import Hub
from hub.kernel.errors import Conflict
from hub.kernel.ids import public_id
from tests.chaos import gateway_books
from tests.chaos.payers import Payers
from tests.chaos.world import World

_WHO = "stf_cashier"
_TOWNS = {1: "pregrada", 2: "vzorov"}


@dataclass
class Cashier:
    """`looked` counts what she had to do."""

    world: World
    hub: Hub
    payers: Payers
    since: datetime
    looked: int = 0

    async def work(self) -> int:
        """See to all that waits for a human; returns how much there was."""
        done = await self._postings() + await self._refunds()
        self.looked += done
        return done

    async def _postings(self) -> int:
        """The accounting takes now what it refused before."""
        connection = await self.world.db()
        rows = await connection.fetch(
            """select city_id, delivery_id from deliveries
               where noun = 'posting' and state in ('refused', 'in_doubt') and created_at >= $1""",
            self.since,
        )
        for row in rows:
            town = self.hub.towns.by_slug[_TOWNS[row["city_id"]]]
            async with self.hub.database.town(row["city_id"]) as own:
                keys = await self.hub.vault.keys(own, row["city_id"])
                desk = Desk(own, keys, town, self.hub.clock, _WHO)
                try:
                    await desk.retry(row["delivery_id"], "looked at it: they take it now")
                except Conflict:
                    continue
        return len(rows)

    async def _refunds(self) -> int:
        """Whether it was given back is seen at the gateway: more than is known here to be."""
        connection = await self.world.db()
        rows = await connection.fetch(
            """select r.city_id, r.refund_id, r.amount, a.gateway, a.number, a.refunded
               from refunds r join gateway_refunds g using (city_id, refund_id)
               join gateway_attempts a using (city_id, attempt_id) where r.state = 'in_doubt' and g.next_at is null""",
        )
        books = await gateway_books.read_all(self.world) if rows else {}
        for row in rows:
            happened = books[row["gateway"]][row["number"]].returned >= row["refunded"] + row["amount"]
            town, refund = _TOWNS[row["city_id"]], public_id("rfd", row["refund_id"])
            url = f"{self.world.api}/{town}/admin/v1/refunds/{refund}/outcome"
            body = {"outcome": "done" if happened else "again", "reason": "looked at the gateway"}
            await self.payers.ask(self.world.staff[town], "POST", url, f"{refund}", body, {409})
        return len(rows)
