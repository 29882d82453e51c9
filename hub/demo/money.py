"""What the steps about money share: what is owed, where a payment stands, and what the accounting did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.demo.guide import Guide, Headers, expect


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that is owed: its key in the accounting, and (part of) its reference, by which the tour finds it."""

    key: str
    reference: str


FEE = Owed("2026-KN-000042", "5720-83100426579-00006")
WATER = Owed("2026-VO-008800", "004711-2611-88000")
SHARED = Owed("2026-KN-000117", "5720-83100426579-00012")
FINE = Owed("2026-KZ-000009", "7706-83100426579-00009")
DOG = Owed("PES-2026-000031", "0026000031")
WASTE = Owed("KO-2026-000117", "0026000117")


class Money:
    """Steps look here at what is owed and at what the accounting has."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide

    def find(self, town: str, token: Headers, owed: Owed) -> dict[str, Any]:
        items: list[dict[str, Any]] = self._guide.get(f"/{town}/v1/obligations?limit=100", token)["items"]
        found = [one for one in items if any(each["value"].endswith(owed.reference) for each in one["references"])]
        expect(bool(found), f"no obligation has the reference {owed.reference}")
        return max(found, key=lambda one: one["due_on"])  # last year's had the same

    def one(self, town: str, token: Headers, obligation: str) -> dict[str, Any]:
        one: dict[str, Any] = self._guide.get(f"/{town}/v1/obligations/{obligation}", token)
        return one

    def posted_once(self, simulator: str, owed: tuple[Owed, ...]) -> None:
        """Waits until the accounting has each; looks whether it was done once, however often it was told or asked."""
        guide = self._guide

        def posted() -> list[dict[str, Any]] | None:
            entries = [one for one in guide.controls(simulator, "/writes")["entries"] if not one["repeated"]]
            done = [one for one in entries if one["operation"] in {"uplata", "uhrada"}]
            return done if {one.key for one in owed} <= {one["about"] for one in done} else None

        entries = guide.wait_for(posted, "the posting in the accounting", patience=40)
        for one in owed:
            numbers = [entry["number"] for entry in entries if entry["about"] == one.key]
            expect(len(numbers) == 1, f"{one.key} was posted as {numbers}")
            guide.seen(f"the accounting posted {one.key} once, as {numbers[0]}")
