"""By what an entry, or the other side's account, is found again without being read: keyed hashes of the town's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.storage.vault import TownKeys


def likeness_of(
    amount: Money,
    booked_on: date | None,
    valued_on: date | None,
    bank_reference: str,
    references: Iterable[Reference],
    *,
    account: str,
    end_to_end: str,
    text: str,
) -> str:
    """What is the same of the same booking in another statement; all of it is kept with an entry."""
    said = (*amount, booked_on, valued_on, bank_reference, "".join(account.split()), end_to_end, text)
    return "\0".join(map(str, (*said, *sorted(map(str, references)))))


def likeness_key(keys: TownKeys, alike: str) -> bytes:
    """By which the same booking is found in another statement."""
    return keys.blind_indexes("statement_entry", alike)[0][1]


def party_key(keys: TownKeys, account: str) -> bytes | None:
    """By which the other side's account is found again; None where the bank does not tell it."""
    plain = "".join(account.split()).upper()
    return keys.blind_indexes("bank_account", plain)[0][1] if plain else None
