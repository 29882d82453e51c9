"""What a bank keeps of an account: bookings, the balance, and the statements it has closed. Amounts in minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_OPENING = 1_000_000


class Payer(BaseModel):
    """Who pays. `account` is an IBAN."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("Marko Marić", max_length=70)
    account: str = Field("HR6523400091110651272", max_length=34)


@dataclass(frozen=True, slots=True)
class Booking:
    """`references`: vs, ss, ks (Czech symbols), model and number (Croatian, glued), rf (ISO 11649), end_to_end.

    `amount` below zero went out. `reverses` is the number of the booking that this one takes back;
    `summed` stands on the first of those that are entered as one.
    """

    amount: int
    payer: Payer
    message: str
    references: Mapping[str, str]
    payout: bool = False
    number: int = 0
    at: datetime = datetime.min  # noqa: DTZ901 set when booked
    reverses: int | None = None
    summed: bool = False

    def told(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "amount": f"{self.amount / 100:.2f}",
            "at": self.at.isoformat(),
            "references": dict(self.references),
            "reverses": self.reverses,
        }


@dataclass(frozen=True, slots=True)
class Closed:
    """A statement. `batch`: `listed` or `summary`, where transfers are one booking."""

    number: int
    on: date
    at: datetime
    since: date | None
    opening: int
    closing: int
    bookings: tuple[Booking, ...]
    batch: str | None

    def groups(self) -> list[list[Booking]]:
        """Bookings as they are entered: transfers in a row are one where the bank sums them up; a payout or a reversal
        stands alone.
        """
        found: list[list[Booking]] = []
        for one in self.bookings:
            summed = self.batch is not None and not one.payout and one.reverses is None and one.amount > 0
            if summed and found and found[-1][0].summed:
                found[-1].append(one)
            else:
                found.append([replace(one, summed=summed)])
        return found

    def told(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "on": self.on.isoformat(),
            "opening": f"{self.opening / 100:.2f}",
            "closing": f"{self.closing / 100:.2f}",
            "bookings": len(self.bookings),
        }


@dataclass(slots=True)
class Account:
    iban: str
    currency: str
    balance: int = _OPENING
    open: list[Booking] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    _count: int = 0

    @property
    def is_czech(self) -> bool:
        """GPC has koruna alone."""
        return self.iban.startswith("CZ") and self.currency == "CZK"

    def book(self, booking: Booking, at: datetime) -> Booking:
        self._count += 1
        booked = replace(booking, number=self._count, at=at)
        self.open.append(booked)
        self.balance += booked.amount
        return booked

    def reverse(self, booking: Booking, at: datetime) -> Booking:
        return self.book(replace(booking, amount=-booking.amount, reverses=booking.number), at)

    def close(self, at: datetime, *, balance_off: int, batch: str | None) -> Closed:
        """Numbers begin anew each year."""
        same_year = [one for one in self.closed if one.on.year == at.year]
        statement = Closed(
            number=len(same_year) + 1,
            on=at.date(),
            at=at,
            since=self.closed[-1].on if self.closed else None,
            opening=self.balance - sum(one.amount for one in self.open),
            closing=self.balance + balance_off,
            bookings=tuple(self.open),
            batch=batch,
        )
        self.closed.append(statement)
        self.open = []
        return statement

    def told(self) -> dict[str, Any]:
        return {
            "iban": self.iban,
            "currency": self.currency,
            "balance": f"{self.balance / 100:.2f}",
            "not_on_a_statement": len(self.open),
            "statements": len(self.closed),
        }
