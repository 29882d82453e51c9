"""What back offices tell the hub by themselves: a debt changes in the card of Pregrada, and the card pushes it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from tests.chaos.script import Push, Script
from tests.chaos.world import World

OFFICE = "pregrada_financije"
_OIBS = ("83100426579", "29471603856", "17305492686")
_PATIENCE = 120.0


@dataclass
class Pushes:
    """`told` are the debts that the hub has confirmed to have been told of."""

    world: World
    script: Script
    told: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)

    async def send_all(self) -> None:
        began = time.monotonic()
        for push in self.script.pushes:
            await asyncio.sleep(max(0.0, began + push.at - time.monotonic()))
            await self._send(push)

    async def _send(self, push: Push) -> None:
        """Until the hub has confirmed every request; what was not confirmed is sent again, as it must be."""
        whole, rest = divmod(push.cents, 100)
        number = int(push.key.partition("-")[2])
        await self.world.control(
            OFFICE, "/_control/items",
            Sifra=push.key, OIB=_OIBS[number % len(_OIBS)], Vrsta="KN", Opis="Komunalna naknada", Godina=2026,
            Strana="D", Valuta="EUR", Iznos="99.999,00", Preostalo=f"{whole},{rest:02d}", Primatelj="GRAD", Status="A",
        )  # fmt: skip
        order = {"hub": f"{self.world.api}/pregrada/push/v1/events", "keys": [push.key], "mode": push.mode}
        order |= {name: on for name, on in push.order.items() if on}
        if "history" in order:
            order["history"] = len(await self.world.look(OFFICE, f"items/{push.key}")) <= 20
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                done = await self.world.control(OFFICE, "/_control/push", **order)
            except httpx.HTTPStatusError as error:
                statuses = [error.response.status_code]
            else:
                statuses = [one["status"] for one in done["answers"]]
                if all(status == 202 for status in statuses):
                    self.told.add(push.key)
                    return
            if bad := [one for one in statuses if one not in {202, 429, 502, 503}]:
                self.findings.append(f"ANSWERED {bad[0]} to a push of {push.key}")
            if not self.script.shaken:
                self.findings.append(f"a push of {push.key} was answered {statuses}, though nothing was wrong")
            await asyncio.sleep(0.1)
        self.findings.append(f"a push of {push.key} was not taken within {_PATIENCE:.0f} seconds")

    async def pending(self, since: datetime) -> int:
        connection = await self.world.db()
        return await connection.fetchval(
            "select count(*) from messages where received_at >= $1 and state = 'received'", since
        )

    async def judge(self, since: datetime) -> list[str]:
        """Every state that was told is applied once, and the account has the newest."""
        found = list(self.findings)
        connection = await self.world.db()
        twice = await connection.fetch(
            """select external_id, count(*) from messages where received_at >= $1
               group by city_id, back_office, external_id having count(*) > 1""",
            since,
        )
        found += [f"INTAKE kept {row['external_id']} {row['count']} times" for row in twice]
        dead = await connection.fetch(
            "select reason, detail from dead_letters where first_at >= $1 and origin = 'push'", since
        )
        found += [f"INTAKE gave up a message: {row['reason']} {row['detail']}" for row in dead]
        if not self.told:
            return found
        truth = {one["Sifra"]: one for one in await self.world.look(OFFICE, "items")}
        rows = await connection.fetch(
            "select source_key, outstanding from obligations where source_key = any ($1) and gone_at is null",
            list(self.told),
        )
        shown = {row["source_key"]: row["outstanding"] for row in rows}
        for key in sorted(self.told):
            wanted = _cents(truth[key])
            if key not in shown:
                found.append(f"INTAKE lost {key}: it was confirmed, and no account has it")
            elif shown[key] != wanted:
                found.append(f"INTAKE shows {shown[key]} for {key}, which is {wanted}")
        return found


def _cents(item: dict[str, Any]) -> int:
    return int(str(item["Preostalo"]).replace(".", "").replace(",", ""))
