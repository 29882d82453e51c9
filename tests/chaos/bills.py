"""The bills of a seed, in the accounting of each town and in the hub."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.kernel.ids import public_id
from simulators.pregrada_financije.data import amount, hr01
from tests.chaos.money_script import ACCOUNTING, Bill, MoneyScript
from tests.chaos.towns import Person
from tests.chaos.world import Broken, World


async def owed(world: World, money: MoneyScript) -> dict[str, str]:
    """Brings them there; returns the public id that each has in the hub, by its key in the accounting."""
    for bill in money.bills:
        person = world.people[bill.person]
        await world.control(ACCOUNTING[bill.town], "/_control/items", **_item(bill, person, money.seed))
    for town, office in ACCOUNTING.items():
        if keys := [one.key for one in money.bills if one.town == town]:
            hub = f"{world.api}/{town}/push/v1/events"
            await world.control(office, "/_control/push", hub=hub, keys=keys, mode="batch")
    wanted = [one.key for one in money.bills]
    connection = await world.db()
    for _ in range(1000):
        rows = await connection.fetch(
            "select source_key, obligation_id from obligations where source_key = any ($1)", wanted
        )
        found = {row["source_key"]: public_id("obl", row["obligation_id"]) for row in rows}
        if len(found) == len(wanted):
            return found
        await asyncio.sleep(0.03)
    raise Broken(f"the hub does not learn of the bills {wanted}")


def _item(bill: Bill, person: Person, seed: int) -> dict[str, Any]:
    number = f"{seed * 10 + bill.number}"
    if bill.town == "pregrada":
        return {
            "Sifra": bill.key, "OIB": person.identifier, "Vrsta": "KN", "Opis": f"Naknada {number}", "Godina": 2026,
            "Strana": "D", "Valuta": "EUR", "Iznos": amount(bill.cents), "Preostalo": amount(bill.cents),
            "Primatelj": {"grad": "GRAD", "niskogradnja": "NISKOGRADNJA"}[bill.payee], "Status": "A",
            **hr01("77001", "2026", number),
        }  # fmt: skip
    return {
        "id": bill.key, "druh": "KO", "nazev": f"Poplatek {number}", "rok": 2026,
        "poplatnik": {"typ": "FO", "rodne_cislo": person.identifier, "ico": None},
        "castka": bill.cents / 100, "zbyva": bill.cents / 100, "mena": "CZK",
        "prijemce": {"mesto": "MESTO", "technicke_sluzby": "TS"}[bill.payee],
        "variabilni_symbol": f"{77_0000_0000 + int(number)}", "stornovano": False,
    }  # fmt: skip
