"""What becomes of an entry whose payments do not add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.ports.bank_statement import Entry, Kind, Party, Statement, Status, Transaction
from hub.statements.rows import Rows
from hub.storage.vault import TownKeys

KEYS = TownKeys(1, {1: AESGCM(b"k" * 32)}, {1: b"i" * 32}, {})
PAID = Transaction(Money(1000, "EUR"), party=Party("Ana", "HR1723600001101234565"), end_to_end="E1", text="water")
AMOUNT, STATE, REASON = 7, -3, -1


@pytest.mark.parametrize(
    ("payments", "name", "text"),
    [
        # Of one it is certain who paid, and of several not which of them paid how much.
        ((PAID,), "Ana", "water"),
        ((PAID, replace(PAID, amount=Money(1, "EUR"), text="bins")), "", "water bins"),
    ],
)
def test_an_entry_that_disagrees_is_one_row_for_somebody(
    payments: tuple[Transaction, ...], name: str, text: str
) -> None:
    day = date(2026, 3, 1)
    entry = Entry("1", Money(1000, "EUR"), day, day, Status.BOOKED, 1, payments, disagrees="They are not as much.")
    head = Statement(Kind.STATEMENT, "camt.053.001.08", "S1", "HR1723600001101234565", "iban", "EUR")
    (row,) = Rows(KEYS, head, new_uuid(), head.account, datetime(2026, 3, 2, tzinfo=UTC)).of(entry)
    kept = orjson.loads(KEYS.decrypt("statement_entries", "details", str(row[1]), row[16]))
    assert (row[AMOUNT], row[STATE], row[REASON]) == (1000, "queued", "disagrees")
    assert (kept["name"], kept["text"]) == (name, text)
