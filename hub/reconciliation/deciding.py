"""What an entry is for, as far as that is certain. Nothing here reads or writes anything.

Money is booked without a human only for what the payer named: by the symbol of the bill, or by a number in her text and
the amount that goes with it. Amounts, accounts and names alone make suggestions (`hub.reconciliation.suggesting`).

    one obligation has the symbol                                      whatever the amount
    one has a number that stands in the text                           and the amount is what is due, or of one part
    several have it                                                    and the amount is due of one of them, or of all

Of several those count that most of her symbols name: a specific symbol is often that of a year or of a kind of fee. It
names nothing by itself where she gave a variable symbol.

What is paid above what is due stays unallocated, which hub.payments tells. Where nothing is due of what she named,
somebody looks: the office may have booked this money from its own statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.obligations.candidates import Candidate


class Unclear(StrEnum):
    """Why an entry is not booked by itself, for who has to look."""

    NO_REFERENCE = "no_reference"
    UNKNOWN_REFERENCE = "unknown_reference"
    SEVERAL = "several_obligations"
    AMOUNT_DIFFERS = "amount_differs"
    NOTHING_DUE = "nothing_due"
    OTHER_CURRENCY = "other_currency"
    SUMMARISED = "summarised"
    RETURNED = "returned"
    REVERSAL = "reversal"
    REVERSAL_OF_SEVERAL = "reversal_of_several"
    FAILED = "not_booked"


FOR_SOMEBODY = (
    *("perhaps_repeated", "disagrees"),
    *(Unclear.RETURNED, Unclear.NOTHING_DUE, Unclear.REVERSAL_OF_SEVERAL),
)
"""Why an entry waits that is never booked by itself, whatever comes to be due or is decided of others."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be paid: `amount` in minor units."""

    obligation_id: UUID
    instalment: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class Booking:
    """What an entry is surely for. `why` are codes, `score` of 100 says how sure: 100 where amount and symbol agree."""

    payee: str
    targets: tuple[Target, ...]
    score: int
    why: tuple[str, ...]

    @property
    def by_symbol(self) -> bool:
        return "symbol" in self.why


Parts = Mapping[UUID, Sequence[tuple[int, int]]]
"""By obligation: number of each part, and what is due of it."""


def decide(
    amount: int, currency: str, symbols: Collection[str], found: Sequence[Candidate], parts: Parts
) -> Booking | Unclear:
    """`amount` above zero; `symbols` those of the references the payer gave as such, `found` by these and by the text.

    `parts` of those found that are paid in parts.
    """
    known = {one.obligation_id: one for one in found}
    if not known:
        return Unclear.UNKNOWN_REFERENCE if symbols else Unclear.NO_REFERENCE
    named = _most_named(known, found, symbols)
    by_symbol = bool(named)
    open_ones = {key: one for key, one in (named or known).items() if one.payable > 0}
    if not open_ones:
        # What is paid under a number that is closed is not for another one that stands in the text by chance.
        return Unclear.NOTHING_DUE
    fitting = [one for one in open_ones.values() if one.currency == currency]
    if not fitting:
        return Unclear.OTHER_CURRENCY
    why = "symbol" if by_symbol else "text"
    exact = [target for one in fitting for target in _exactly(one, amount, found, parts)]
    if len(exact) == 1 or len({one.obligation_id for one in exact}) == 1:
        return _booking(fitting, exact[:1], 100 if by_symbol else 90, why, "amount")
    if exact:
        return Unclear.SEVERAL
    if len(fitting) > 1:
        whole = [Target(one.obligation_id, None, one.payable) for one in fitting]
        together = sum(one.amount for one in whole) == amount and len({one.payee for one in fitting}) == 1
        return _booking(fitting, whole, 95, why, "amount_of_all") if together and by_symbol else Unclear.SEVERAL
    if not by_symbol:
        return Unclear.AMOUNT_DIFFERS
    one = fitting[0]
    # What is more than is due of the part she named is for the others, too.
    due = dict(parts.get(one.obligation_id, ()))
    instalment = next((each for each in _own_parts(one, found, symbols) if amount <= due.get(each, 0)), None)
    target = Target(one.obligation_id, instalment, min(amount, one.payable))
    return _booking(fitting, [target], 85, why, "part" if amount < one.payable else "more_than_due")


def _most_named(
    known: Mapping[UUID, Candidate], found: Sequence[Candidate], symbols: Collection[str]
) -> dict[UUID, Candidate]:
    """Those that most of the symbols name, where any does."""
    times = {key: len({one.word for one in found if one.obligation_id == key} & set(symbols)) for key in known}
    most = max(times.values())
    return {key: one for key, one in known.items() if 0 < times[key] == most}


def _own_parts(one: Candidate, found: Sequence[Candidate], words: Collection[str | None]) -> list[int]:
    """Parts of this obligation that one of the words is the reference of."""
    return [
        each.instalment
        for each in found
        if each.obligation_id == one.obligation_id and each.instalment and each.word in words
    ]


def _exactly(one: Candidate, amount: int, found: Sequence[Candidate], parts: Parts) -> list[Target]:
    """Of this obligation what is due in exactly this amount: the whole, else the first such part."""
    if one.payable == amount:
        return [Target(one.obligation_id, None, amount)]
    own = _own_parts(one, found, {each.word for each in found})
    fitting = [
        number for number, due in parts.get(one.obligation_id, ()) if due == amount and (not own or number in own)
    ]
    return [Target(one.obligation_id, number, amount) for number in fitting[:1]]


def _booking(fitting: Sequence[Candidate], targets: Sequence[Target], score: int, *why: str) -> Booking:
    wanted = {one.obligation_id for one in targets}
    payee = next(one.payee for one in fitting if one.obligation_id in wanted)
    return Booking(payee, tuple(targets), score, why)
