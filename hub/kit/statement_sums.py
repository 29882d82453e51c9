"""Adds up the entries of a bank statement and compares with what the statement says of itself.

A difference is told and never corrected: whoever books the entries decides what it means. Nothing is kept of an entry
but its amount, so that memory stays flat.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.kernel.money import Money
from hub.ports.bank_statement import Balance, Entry, StatementEnd, Status, Told

NOTHING_TOLD = Told()


class Sums:
    """The sums of one statement in `currency`."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self._entries = self._booked = 0
        # Of booked entries, and of all: credits, debits, their numbers; in minor units.
        self._of_booked = [0, 0, 0, 0]
        self._of_all = [0, 0, 0, 0]
        self._others: dict[tuple[str, bool], int] = {}

    def add(self, entry: Entry) -> None:
        minor, currency = entry.amount
        booked = entry.status is Status.BOOKED
        self._entries += 1
        self._booked += booked
        if currency != self.currency:
            if booked:
                key = (currency, minor < 0)
                self._others[key] = self._others.get(key, 0) + minor
            return
        place = 0 if minor >= 0 else 1
        size = abs(minor)
        self._of_all[place] += size
        self._of_all[place + 2] += 1
        if booked:
            self._of_booked[place] += size
            self._of_booked[place + 2] += 1

    def end(
        self,
        opening: Balance | None,
        closing: Balance | None,
        told: Told = NOTHING_TOLD,
        *,
        differences: Sequence[str] = (),
        compare_balances: bool = True,
    ) -> StatementEnd:
        """`differences` are those the format found itself. Balances in another currency than the statement's, and told
        sums where entries are in several currencies, are not compared.
        """
        credits_, debits, _, _ = self._of_booked
        found = list(differences)
        compared = bool(found)
        if opening and closing and compare_balances and self._same(opening.amount, closing.amount):
            compared = True
            counted = opening.amount.minor + credits_ - debits
            if counted != closing.amount.minor:
                found.append(
                    f"The closing balance is {closing.amount}; the opening balance {opening.amount} and the booked "
                    f"entries give {self._money(counted)}: {self._money(closing.amount.minor - counted)} apart."
                )
        compared |= self._compare_told(told, found)
        return StatementEnd(
            closing=closing,
            entries=self._entries,
            credits=self._money(credits_),
            debits=self._money(debits),
            agrees=not found if compared else None,
            differences=tuple(found),
            other_currencies=tuple(Money(minor, key[0]) for key, minor in sorted(self._others.items())),
            told=told,
        )

    def _compare_told(self, told: Told, found: list[str]) -> bool:
        """Whether anything was compared. Statements differ in whether they count what is not booked: both are right."""
        numbers = (
            ("entries", told.entries, self._booked, self._entries),
            ("credits", told.number_of_credits, self._of_booked[2], self._of_all[2]),
            ("debits", told.number_of_debits, self._of_booked[3], self._of_all[3]),
        )
        compared = False
        for name, said, booked, everything in numbers:
            # Numbers of credits and debits are counted in one currency only.
            if said is None or (self._others and name != "entries"):
                continue
            compared = True
            if said not in (booked, everything):
                found.append(f"The statement says it has {said} {name}; there are {everything}.")
        amounts = (
            ("credits", told.credits, self._of_booked[0], self._of_all[0]),
            ("debits", told.debits, self._of_booked[1], self._of_all[1]),
        )
        for name, sum_said, booked, everything in amounts:
            if sum_said is None or self._others or not self._same(sum_said):
                continue
            compared = True
            if sum_said.minor not in (booked, everything):
                apart = self._money(sum_said.minor - booked)
                found.append(
                    f"The statement says its {name} are {sum_said}; they are {self._money(booked)}: {apart} apart."
                )
        return compared

    def _same(self, *amounts: Money) -> bool:
        return all(amount.currency == self.currency for amount in amounts)

    def _money(self, minor: int) -> Money:
        return Money(minor, self.currency)
