"""What a bank tells of its entries becomes rows, one for each payment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from hub.kernel.ids import new_uuid
from hub.ports.bank_statement import Broken, Entry, Item, Statement, Status, Transaction
from hub.ports.bank_statement import Kind as StatementKind
from hub.statements.likeness import likeness_key, likeness_of, party_key
from hub.statements.model import State
from hub.statements.words import of_references, of_text
from hub.storage.vault import TownKeys


class Rows:
    """Makes rows of entries, and the digest of a statement's whole content."""

    def __init__(self, keys: TownKeys, statement: Statement, statement_id: UUID, account: str, now: datetime) -> None:
        self._keys, self._statement, self._now = keys, statement, now
        self.statement_id, self.account = statement_id, account
        self.digest = hashlib.sha256()
        self._place = 0

    def of(self, item: Item) -> Iterator[tuple[Any, ...]]:
        """A row for each payment in it; one for the whole where the bank does not tell them, or not so that they add
        up. Raises Broken for what is no entry.
        """
        if not isinstance(item, Entry):
            raise Broken("begins a statement within another one")
        self._place += 1
        whole = Transaction(item.amount, bank_reference=item.bank_reference, text=item.text)
        parts = item.transactions
        if not parts or (item.disagrees and len(parts) > 1):
            # Whatever could tell what it is, so that somebody who looks finds it.
            found = tuple(dict.fromkeys(one for part in parts for one in part.references))
            text = " ".join(filter(None, (item.text, *(part.text for part in parts))))
            parts = (replace(whole, references=found, text=text),)
        for number, part in enumerate(parts, start=1):
            if part.amount.minor != 0:
                yield self._row(item, number, part)

    def _row(self, entry: Entry, number: int, part: Transaction) -> tuple[Any, ...]:
        entry_id, keys, party = new_uuid(), self._keys, part.party
        reference = (part.bank_reference or entry.bank_reference)[:200]
        text = part.text or entry.text
        alike = likeness_of(
            part.amount, entry.booked_on, entry.valued_on, reference, part.references,
            account=party.account, end_to_end=part.end_to_end, text=text,
        )  # fmt: skip
        self.digest.update(alike.encode())
        details = orjson.dumps({
            "name": party.name, "account": party.account, "identifier": party.identifier,
            "text": text, "end_to_end": part.end_to_end, "returned": part.returned,
        })  # fmt: skip
        words = [*of_references(part.references), *of_text(f"{part.text} {part.end_to_end}")]
        state, reason = _first_state(self._statement, entry)
        return (
            *(keys.city_id, entry_id, self.statement_id, self.account, self._place, number),
            *(part.amount.currency, part.amount.minor, entry.booked_on, entry.valued_on),
            *(entry.reversal, entry.batch, entry.code[:100], reference),
            orjson.dumps([{"scheme": one.scheme, "value": one.value} for one in part.references]).decode(),
            " ".join(dict.fromkeys(words)),
            keys.encrypt("statement_entries", "details", str(entry_id), details),
            party_key(keys, party.account),
            likeness_key(keys, alike),
            *(state, self._now, reason),
        )


def _first_state(statement: Statement, entry: Entry) -> tuple[State, str | None]:
    if entry.status is not Status.BOOKED:
        return State.SET_ASIDE, entry.status.value
    if statement.kind is not StatementKind.STATEMENT:
        # Its day's statement tells the same again, and that one counts.
        return State.SET_ASIDE, statement.kind.value
    return (State.QUEUED, "disagrees") if entry.disagrees else (State.NEW, None)
