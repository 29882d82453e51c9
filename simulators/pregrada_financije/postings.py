"""Payments that others announce to the card: counted at once, under the key of whoever announces them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.kit.accounts import Balance, Part, after
from simulators.kit.store import Item, Refused, Store
from simulators.kit.writes import Ledger, Rejected
from simulators.pregrada_financije.data import amount


class Postings:
    """What `KnjiziUplatu` does, and what `ProvjeriUplatu` tells of it."""

    def __init__(self, items: Store, ledger: Ledger) -> None:
        self._items, self._ledger = items, ledger

    def post(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """`asked` by the names of the request; the receipt by those of the reply."""
        key = asked["Kljuc"]

        def act() -> tuple[str, dict[str, str]]:
            self._count(asked)
            number = f"UP-{sum(not one.repeated for one in self._ledger.entries) + 1:05d}"
            return number, {"Kljuc": key, "Temeljnica": number}

        return self._ledger.perform("uplata", key, asked["Sifra"], act)

    def asked(self, key: str) -> dict[str, Any] | None:
        return self._ledger.asked(key, "uplata")

    def _count(self, asked: Mapping[str, str]) -> None:
        try:
            state = self._items.states(asked["Sifra"])[-1]
        except Refused:
            raise Rejected("Sifra", "Stavka s tom šifrom ne postoji.") from None
        item = state.data
        if state.removed or item["Status"] == "S":
            raise Rejected("Sifra", "Stavka je stornirana ili je više nema.")
        if asked["Valuta"] != item["Valuta"]:
            raise Rejected("Valuta", f"Stavka se vodi u valuti {item['Valuta']}.")
        part = int(asked["Obrok"]) if asked.get("Obrok") else None
        if part is not None and all(one["RedniBroj"] != part for one in item.get("Obroci") or ()):
            raise Rejected("Obrok", "Stavka nema taj obrok.")
        if not self._ledger.uncounted:
            paid = _cents(asked["Iznos"]) * (-1 if asked.get("Storno") == "true" else 1)
            self._items.put(_paid(item, paid, part, asked["Kljuc"]))


def _paid(item: Item, paid: int, part: int | None, key: str) -> Item:
    parts = item.get("Obroci") or []
    balance = Balance(
        None if item.get("Preostalo") is None else _cents(item["Preostalo"]),
        _cents(item.get("Kamata") or "0,00"),
        tuple(
            Part(one["RedniBroj"], _cents(one["Preostalo"]) if "Preostalo" in one else None, _cents(one["Iznos"]))
            for one in parts
        ),
    )
    now = after(balance, paid, part)
    changed: Item = {"Sifra": item["Sifra"], "VanjskeUplate": [*item.get("VanjskeUplate", []), key]}
    if now.left is not None:
        # An item that was paid too much is the town's debt: an amount has no sign of its own.
        changed |= {"Preostalo": amount(max(now.left, 0)), "Status": "A" if now.left > 0 else "P"}
    if "Kamata" in item:
        changed["Kamata"] = amount(now.interest)
    if parts:
        changed["Obroci"] = [
            one if each.left is None else {**one, "Preostalo": amount(each.left)}
            for one, each in zip(parts, now.parts, strict=True)
        ]
    return changed


def _cents(text: str) -> int:
    return int(text.replace(".", "").replace(",", ""))
