"""What an entry that nobody could book by itself may be for: the likely ones, each with a score and reasons.

Worked out when somebody looks, from what is due just then. A suggestion is never booked by itself. Points, of 100:

    40  a reference of the bill stands in the entry           25  one that differs by a letter, as a slip of the finger
    30  exactly the amount that is due                        10  a part of it
    20  the account has paid for the same debtor before       10  the names are alike
"""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from hub.back_offices.model import Town
from hub.kit.transliteration import serbian_latin
from hub.obligations import candidates
from hub.obligations.candidates import Candidate
from hub.statements.accounts import payees_of
from hub.statements.model import StatementEntry
from hub.storage.database import Connection

MOST = 10

_LEAST = 25

_POINTS = {"reference": 40, "nearly_reference": 25, "amount": 30, "part": 10, "account": 20, "name": 10}
_LETTERS = "0123456789"
_LOOKED_AT = 40


@dataclass(slots=True)
class Suggestion:
    """`why` are keys of the table above."""

    candidate: Candidate
    why: set[str] = field(default_factory=set)

    @property
    def score(self) -> int:
        return min(100, sum(_POINTS[one] for one in self.why))


async def suggestions(connection: Connection, town: Town, entry: StatementEntry, today: date) -> list[Suggestion]:
    """The likeliest first, at most MOST; none below a quarter of the points. The entry has its details."""
    found: dict[UUID, Suggestion] = {}
    for why, several in [one async for one in _found(connection, town, entry, today)]:
        for one in several:
            if one.payable > 0 and one.currency == entry.amount.currency:
                found.setdefault(one.obligation_id, Suggestion(one)).why.add(why)
    names = await candidates.names_of_debtors(connection, town.city.id, list(found))
    for suggestion in found.values():
        _weigh(suggestion, entry, names.get(suggestion.candidate.obligation_id, ()))
    likely = [one for one in found.values() if one.score >= _LEAST]
    return sorted(likely, key=lambda one: (-one.score, str(one.candidate.obligation_id)))[:MOST]


async def _found(
    connection: Connection, town: Town, entry: StatementEntry, today: date
) -> AsyncIterator[tuple[str, Collection[Candidate]]]:
    """Where to look: the reason, and what is found for it."""
    city_id, payees = town.city.id, payees_of(town.city, entry.account)
    yield "reference", await candidates.by_words(connection, city_id, payees, entry.words, today)
    slips = {slip for word in entry.words for slip in one_slip(word)} - set(entry.words)
    if slips:
        yield "nearly_reference", await candidates.by_words(connection, city_id, payees, slips, today)
    before = await _paid_before(connection, city_id, entry)
    if before:
        theirs = await candidates.of_the_same_debtors(connection, city_id, payees, before, today, _LOOKED_AT)
        yield "account", theirs
    amount = entry.amount
    yield (
        "amount",
        await candidates.by_amount(connection, city_id, payees, amount.minor, amount.currency, today, _LOOKED_AT),
    )


def _weigh(suggestion: Suggestion, entry: StatementEntry, names: Collection[str]) -> None:
    due, amount, why = suggestion.candidate.payable, entry.amount.minor, suggestion.why
    if due == amount:
        why.add("amount")
    elif amount < due:
        why.add("part")
    if entry.details and any(alike(entry.details.party.name, name) for name in names):
        why.add("name")
    if "reference" in why:
        why.discard("nearly_reference")


def one_slip(word: str) -> Iterator[str]:
    """What somebody may have meant by a number: one digit other, missing, too many, or two in the wrong order."""
    if not (word.isascii() and word.isdigit() and 5 <= len(word) <= 22):
        return
    for place in range(len(word)):
        yield (word[:place] + word[place + 1 :]).lstrip("0")
        if place + 1 < len(word):
            yield (word[:place] + word[place + 1] + word[place] + word[place + 2 :]).lstrip("0")
        for digit in _LETTERS:
            yield (word[:place] + digit + word[place + 1 :]).lstrip("0")
            yield (word[:place] + digit + word[place:]).lstrip("0")


def alike(one: str, other: str) -> bool:
    """Two words of a name in common, however they are written: order, capitals, diacritics, Cyrillic do not matter."""
    return len(_words(one) & _words(other)) >= 2


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", serbian_latin(name).replace("đ", "d").replace("Đ", "D").casefold())
    letters = "".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    return {word for word in letters.split() if len(word) > 1}


async def _paid_before(connection: Connection, city_id: int, entry: StatementEntry) -> Sequence[UUID]:
    """Obligations that this other side's account has paid before, as it was booked."""
    if entry.party_key is None:
        return ()
    rows: list[Any] = await connection.fetch(
        """select distinct a.obligation_id from statement_entries e
           join charges c on c.city_id = e.city_id and c.payment_id = e.payment_id
           join allocations a on a.city_id = c.city_id and a.charge_id = c.charge_id and a.amount > 0
           where e.city_id = $1 and e.party_key = $2 and e.state = 'booked' limit 100""",
        city_id,
        entry.party_key,
    )
    return [row["obligation_id"] for row in rows]
