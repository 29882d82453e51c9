"""Somebody at the town hall who does what the alarms ask for: looks, and says truthfully what she has found."""

from __future__ import annotations

from datetime import timedelta

import asyncpg

from hub.delivery.verbs import Desk
from hub.hub import Hub
from hub.kernel.errors import Conflict
from tests.chaos import ledgers
from tests.chaos.judge import HUMAN
from tests.chaos.towns import CANNOT_BE_ASKED
from tests.chaos.world import World

_WHO = "stf_chaos"
_LATER = timedelta(seconds=30)


class Clerk:
    """`hub` is a program of the hub at which she works. `looked` counts what she had to do."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world, self._hub = world, hub
        self.looked = 0

    async def work(self, rows: list[asyncpg.Record]) -> int:
        """See to everything that stands at a human; returns how many there are."""
        books = await ledgers.read_all(self._world)
        standing = [row for row in rows if row["state"] in HUMAN]
        for row in standing:
            try:
                await self._see_to(row, books)
                self.looked += 1
            except Conflict:
                # What was sent may still be on its way: she looks again later.
                await self._world.pass_time(_LATER)
        return len(standing)

    async def _see_to(self, row: asyncpg.Record, books: dict[str, ledgers.Book]) -> None:
        town = next(one for one in self._hub.towns.by_slug.values() if one.city.id == row["city_id"])
        async with self._hub.database.town(row["city_id"]) as connection:
            keys = await self._hub.vault.keys(connection, row["city_id"])
            desk = Desk(connection, keys, town, self._hub.clock, _WHO)
            if row["state"] == "refused" or row["back_office"] not in CANNOT_BE_ASKED:
                await desk.retry(row["delivery_id"], "looked at it: they take it now")
                return
            number = books[row["back_office"]].numbers.get(row["number"])
            if number is None:
                await desk.did_not_happen(row["delivery_id"], "looked: it is not there")
            else:
                await desk.happened(row["delivery_id"], {"number": number}, f"looked: it is there as {number}")
