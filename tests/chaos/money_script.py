"""The money of one seed: bills, who pays them how, and what goes wrong with gateways and accounting meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import towns
from tests.chaos.script import ACTIVE, Fault
from tests.chaos.wire import OF_ALL

GATEWAYS = {name: simulator for by_name in towns.GATEWAYS.values() for name, simulator in by_name.items()}
"""Gateway, as the towns call it → simulator."""
TOWN_OF = {name: town for town, by_name in towns.GATEWAYS.items() for name in by_name}
NOTIFYING = ("kartica", "netopia", "sluzby")
"""Gateways that tell by themselves."""
ACCOUNTING = {"pregrada": "pregrada_financije", "vzorov": "vzorov_ucetnictvi"}
"""Town → the simulator of the back office that is told of payments."""
_PAYEES = {"pregrada": ("grad", "niskogradnja"), "vzorov": ("mesto", "technicke_sluzby")}


@dataclass(frozen=True)
class Bill:
    """What `person` owes to `payee`; `key` is found nowhere else."""

    key: str
    number: int
    person: int
    town: str
    payee: str
    cents: int

    @property
    def currency(self) -> str:
        return {"pregrada": "EUR", "vzorov": "CZK"}[self.town]


@dataclass(frozen=True)
class Dispute:
    """The payer's bank takes back what a card brought.

    `soon`: while everything goes wrong, and `first`: before any of it is given back; else when all is quiet again.
    `told`: how often the gateway says so, and how often the clerk presses the button; 0: the gateway only says it when it
    is asked. `parts`: of what is left, in per cent, one letter each. `letter`: there is one beside what the gateway says.
    `won`: it is ours again.
    """

    soon: bool
    first: bool
    told: int
    parts: tuple[int, ...]
    letter: bool
    won: bool


@dataclass(frozen=True)
class CardPayment:
    """`bills` by their place. `cards`: what the payer does at the gateway, one try after the other, for each payee.

    `back`: whether the browser comes back: `yes`, `no`, `twice`, `soon` (before the card is entered, too).
    `refund`: how much of the first charge that is paid is given back, in per cent; 0: nothing.
    `doubt`: the gateway gives it back and does not answer, in this way; empty: it answers. `dispute`: of the first
    charge.
    """

    at: float
    name: str
    person: int
    bills: tuple[int, ...]
    part: bool
    cards: tuple[str, ...]
    back: str
    refund: int
    doubt: str
    dispute: Dispute | None


@dataclass(frozen=True)
class CounterPayment:
    """The clerk presses the button `times` times; `more` cents beyond what is owed."""

    at: float
    name: str
    bill: int
    more: int
    times: int


@dataclass(frozen=True)
class TransferPayment:
    bill: int
    more: int


@dataclass(frozen=True)
class Attack:
    """`kind`: forged, altered, foreign, stranger (no order of ours), replayed, return (forged as well)."""

    at: float
    kind: str
    gateway: str


@dataclass
class MoneyScript:
    seed: int
    bills: list[Bill] = field(default_factory=list)
    cards: list[CardPayment] = field(default_factory=list)
    counter: list[CounterPayment] = field(default_factory=list)
    transfers: list[TransferPayment] = field(default_factory=list)
    uploads_at: float = 0.0
    attacks: list[Attack] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def money_script(seed: int) -> MoneyScript:
    chosen = random.Random(f"money {seed}")
    made = MoneyScript(seed, uploads_at=chosen.uniform(0.2, ACTIVE * 0.7))
    for number in range(chosen.randint(4, 6)):
        town = chosen.choice(("pregrada", "vzorov"))
        person = chosen.choice({"pregrada": (0, 1, 2), "vzorov": (3, 4)}[town])
        key = {
            "pregrada": f"2026-KN-{seed * 10 + number + 900_000}",
            "vzorov": f"KO-2026-{seed * 10 + number + 900_000}",
        }
        cents = chosen.choice([chosen.randint(100, 99_999), 100 * chosen.randint(5, 500)])
        made.bills.append(Bill(key[town], number, person, town, chosen.choice(_PAYEES[town]), cents))
    made.cards = sorted(_cards(chosen, made), key=lambda one: one.at)
    for number in range(chosen.choice([0, 1, 1, 2])):
        at, bill = chosen.uniform(0, ACTIVE * 0.8), chosen.randrange(len(made.bills))
        more = chosen.choice([0, 0, chosen.randint(1, 500)])
        made.counter.append(CounterPayment(at, f"m{seed}c{number}", bill, more, chosen.choice([1, 2, 2])))
    for bill in chosen.sample(range(len(made.bills)), chosen.choice([0, 1, 2])):
        made.transfers.append(TransferPayment(bill, chosen.choice([0, 0, 0, 100])))
    kinds = ("forged", "altered", "foreign", "stranger", "replayed", "return")
    for _ in range(chosen.randint(2, 5)):
        kind = chosen.choice(kinds)
        gateways = tuple(GATEWAYS) if kind == "return" else NOTIFYING
        made.attacks.append(Attack(chosen.uniform(0.2, ACTIVE), kind, chosen.choice(gateways)))
    made.faults = sorted(_faults(chosen), key=lambda one: one.at)
    return made


def _cards(chosen: random.Random, made: MoneyScript) -> Iterator[CardPayment]:
    by_person: dict[int, list[int]] = {}
    for number, bill in enumerate(made.bills):
        by_person.setdefault(bill.person, []).append(number)
    # Twice the same bill at times: what comes twice is an overpayment.
    for number, person in enumerate([*by_person, *chosen.sample(list(by_person), 1)]):
        bills = by_person[person]
        cards = ("approve", "approve", "approve", "challenge", "decline", "cancel", "pending", "never")
        tries = tuple(chosen.choice(cards) for _ in range(chosen.randint(1, 2)))
        yield CardPayment(
            chosen.uniform(0, ACTIVE * 0.5),
            f"m{made.seed}p{number}",
            person,
            tuple(chosen.sample(bills, chosen.randint(1, len(bills)))),
            chosen.random() < 0.2,
            tries,
            chosen.choice(["yes", "yes", "no", "no", "twice", "soon"]),
            chosen.choice([0, 100, 40, 40, 25]),
            chosen.choice(["", "drop_after", "error_after"]),
            _dispute(chosen) if chosen.random() < 0.6 else None,
        )


def _dispute(chosen: random.Random) -> Dispute:
    return Dispute(
        soon=chosen.random() < 0.6,
        first=chosen.random() < 0.5,
        told=chosen.choice([0, 1, 2, 2]),
        parts=chosen.choice([(100,), (40,), (40, 60)]),
        letter=chosen.random() < 0.3,
        won=chosen.random() < 0.3,
    )


_WRONG: tuple[tuple[str, ...], ...] = (
    ("lost",),
    ("lost",),
    ("duplicate",),
    ("late",),
    ("reordered",),
    ("late", "duplicate"),
    ("wrong_signature",),
    ("altered_amount",),
    ("foreign_currency",),
    ("unknown_state",),
    ("three_d_secure_refused",),
    ("drop_after",),
    ("drop_after",),
    ("error_after",),
    ("drop_after", "lost"),
)
_DOWN: tuple[dict[str, Any], ...] = ({"down": "503"}, {"down": "close"}, {"garbage": "html"}, {"fault": True},
                                     {"delay": 0.3}, {"delay": 1.3})  # fmt: skip
_POSTING: tuple[dict[str, Any], ...] = (
    {"do": "error_before"},
    {"do": "drop_before"},
    {"do": "error_after"},
    {"do": "drop_after"},
    {"do": "garbage_after"},
    {"do": "half_after"},
    {"wait_after": 1.5},
    {"do": "refuse", "only_next": 1},
)


def _faults(chosen: random.Random) -> Iterator[Fault]:
    """At least one gateway is wrong, often from the first moment on; and some are away for hours."""
    if chosen.random() < 0.3:
        # Some have begun to pay there before.
        gateway, at = chosen.choice(sorted(set(GATEWAYS.values()))), chosen.uniform(0, 0.8)
        how = chosen.choice(["refuse", "503"])
        yield Fault(at, ACTIVE, *(("wire", gateway, how) if how == "refuse" else ("switch", gateway, {"down": how})))
        yield Fault(ACTIVE, ACTIVE, "outage gateway", gateway, how)
    for _ in range(chosen.randint(1, 3)):
        at = chosen.choice([0.0, chosen.uniform(0, ACTIVE * 0.7)])
        until = min(at + chosen.uniform(0.4, ACTIVE), ACTIVE)
        gateway = chosen.choice(sorted(set(GATEWAYS.values())))
        what = chosen.choices(["wrong", "down", "wire", "posting"], [5, 2, 2, 4])[0]
        match what:
            case "wrong":
                yield Fault(at, until, "switch", gateway, {"wrong": list(chosen.choice(_WRONG))})
            case "down":
                yield Fault(at, until, "switch", gateway, chosen.choice(_DOWN))
            case "wire":
                yield Fault(at, until, "wire", gateway, chosen.choice(OF_ALL))
            case "posting":
                office = chosen.choice(list(ACCOUNTING.values()))
                yield Fault(at, until, "writes", office, chosen.choice(_POSTING))
