"""What the simulated back offices have really done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.towns import WRITES
from tests.chaos.world import World


@dataclass
class Book:
    """Of one back office: how often each key was done, the number it got, and everything in its order."""

    done: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, str] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)


async def read(world: World, office: str) -> Book:
    book = Book()
    for entry in (await world.look(WRITES[office], "writes"))["entries"]:
        if not entry["repeated"]:
            book.done[entry["key"]] += 1
            book.numbers[entry["key"]] = entry["number"]
            book.entries.append(entry)
    return book


async def read_all(world: World) -> dict[str, Book]:
    return {office: await read(world, office) for office in WRITES}
