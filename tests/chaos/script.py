"""What happens under one seed: who writes what and when, and what goes wrong meanwhile. The same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.towns import TLS
from tests.chaos.wire import OF_ALL, OF_TLS

ACTIVE = 1.5
"""Seconds in which things are sent and go wrong."""

PREGRADA, VZOROV = (0, 1, 2), (3, 4)
"""Numbers of the citizens of each town, in the order of the world's people."""


@dataclass(frozen=True)
class Write:
    """`title` is found nowhere else. `files`: the size of each, in bytes."""

    at: float
    person: int
    kind: str
    title: str
    files: tuple[int, ...]
    target: int = 0


@dataclass(frozen=True)
class Fault:
    """`what` happens at `at`, to `target`, and is over at `until`."""

    at: float
    until: float
    what: str
    target: str
    detail: Any = None

    def __str__(self) -> str:
        shown = f" {self.detail}" if self.detail else ""
        return f"{self.at:.2f}–{self.until:.2f} {self.what} {self.target}{shown}"


@dataclass(frozen=True)
class Push:
    """A change of one debt in the card of Pregrada, and how it is told to the hub."""

    at: float
    key: str
    cents: int
    mode: str
    order: dict[str, bool]


@dataclass
class Script:
    seed: int
    writes: list[Write] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    refreshes: list[tuple[float, int]] = field(default_factory=list)
    forgetful: bool = False
    """The registry of cases does again whatever it is sent again: only asking helps."""

    @property
    def shaken(self) -> bool:
        """Whether the API itself may be away for a moment."""
        return any(one.what in {"kill api", "database", "disk full"} for one in self.faults)

    def faults_of(self, *what: str) -> list[Fault]:
        return [one for one in self.faults if one.what in what]


WRITTEN = ("pregrada_urudzbeni", "vzorov_registr", "vzorov_podatelna")
"""The simulators that something is written to."""
DEBTS = ("2026-KN-000117", "2026-GN-000045")


def script(seed: int) -> Script:
    chosen = random.Random(f"chaos {seed}")
    made = Script(seed, forgetful=chosen.random() < 0.4)
    made.writes = sorted(_writes(chosen, seed), key=lambda one: one.at)
    made.faults = sorted(_faults(chosen), key=lambda one: one.at)
    for number in range(chosen.randint(2, 5)):
        made.pushes.append(
            Push(
                chosen.uniform(0, ACTIVE),
                f"C-{chosen.randrange(6)}",
                100 * (seed % 1000) + number + 1,
                chosen.choice(["single", "batch", "ndjson"]),
                {name: chosen.random() < 0.3 for name in ("duplicated", "out_of_order", "history")},
            )
        )
    made.pushes.sort(key=lambda one: one.at)
    made.refreshes = [(chosen.uniform(0, ACTIVE), chosen.randrange(5)) for _ in range(chosen.randint(1, 3))]
    if chosen.random() < 0.3:
        # From the first to the last moment, and for minutes: long enough that the hub leaves it alone.
        made.faults.insert(0, Fault(0.0, ACTIVE, "outage wire", chosen.choice([WRITTEN[0], *WRITTEN]), "refuse"))
    return made


def _writes(chosen: random.Random, seed: int) -> Iterator[Write]:
    kinds = {"open_case": 4, "problem_report": 2, "contact_change": 3, "answer_case": 3}
    for number in range(chosen.randint(6, 12)):
        kind = chosen.choices(list(kinds), list(kinds.values()))[0]
        # Only she has cases that take answers.
        person = 0 if kind == "answer_case" else chosen.choice((*PREGRADA, *VZOROV))
        most = {"open_case": 3, "answer_case": 1, "problem_report": 1}.get(kind, 0)
        sizes = tuple(int(10 ** chosen.uniform(2, 5)) for _ in range(chosen.randint(0, most)))
        at = chosen.uniform(0, ACTIVE * 0.8)
        yield Write(at, person, kind, f"s{seed}w{number}", sizes, chosen.randrange(2))


_SWITCHES: tuple[dict[str, Any], ...] = (
    {"down": "503"},
    {"down": "close"},
    {"garbage": "html"},
    {"garbage": "truncated"},
    {"garbage": "bytes"},
    {"fault": True},
    {"delay": 0.3},
    {"drip": 2.0},
    {"wrong_schema": "renamed"},
    {"wrong_schema": "mistyped"},
)
_MISDEEDS: tuple[dict[str, Any], ...] = (
    {"do": "error_before"},
    {"do": "drop_before"},
    {"do": "error_after"},
    {"do": "drop_after"},
    {"do": "garbage_after"},
    {"do": "half_after"},
    {"wait_after": 2.0},
    {"do": "refuse", "only_next": 1},
)


def _faults(chosen: random.Random) -> Iterator[Fault]:
    written = list(WRITTEN)
    offices = [*written, "pregrada_financije", "vzorov_ucetnictvi"]
    for _ in range(chosen.randint(2, 5)):
        at = chosen.uniform(0, ACTIVE * 0.7)
        until = min(at + chosen.uniform(0.2, 1.2), ACTIVE)
        what = chosen.choices(
            ["wire", "switch", "writes", "kill api", "kill worker", "stall worker", "database", "disk full", "skew"],
            [5, 4, 6, 1, 3, 1, 1, 1, 1],
        )[0]
        # Those that are written to are of more interest.
        office = chosen.choice(written * 3 + offices)
        match what:
            case "wire":
                faults = (*OF_ALL, *(OF_TLS if office in TLS else ()))
                yield Fault(at, until, what, office, chosen.choice(faults))
            case "switch":
                yield Fault(at, until, what, office, chosen.choice(_SWITCHES))
            case "writes":
                yield Fault(at, until, what, chosen.choice(written), chosen.choice(_MISDEEDS))
            case "kill api":
                yield Fault(at, at, what, "api")
            case "kill worker" | "stall worker":
                yield Fault(at, until, what, f"worker{chosen.randint(1, 2)}")
            case "database":
                yield Fault(at, at, what, "postgres", chosen.choice(["fast", "immediate"]))
            case "disk full":
                yield Fault(at, until, what, "disk")
            case "skew":
                yield Fault(at, until, what, office, chosen.choice([-7200, -60, 60, 7200]))
