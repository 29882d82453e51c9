"""Reads MT940 and MT942 files: one statement after the other, one entry held back until its text is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from adapters.bank_statement.mt940 import values
from adapters.bank_statement.mt940.details import details, ns
from adapters.bank_statement.mt940.fields import END, MOST_LINES, Field, fields
from hub.kernel.references import Reference
from hub.kit import statement_symbols as symbols
from hub.kit.statement_sums import Sums
from hub.kit.statement_symbols import account_scheme
from hub.kit.statement_text import settle, text_lines
from hub.ports.bank_statement import (
    Balance,
    Broken,
    Entry,
    Item,
    Kind,
    Options,
    Statement,
    Status,
    Told,
    Transaction,
)

_A_FIELD = re.compile(rb"(?:\A|[\r\n])[ \x01]{0,3}:(?:20|25P?|28C?|6[02][FM]|61|64|86|90[CD]|34F|13D?|NS):")
_LONGEST_TEXT = 64 * 1024
"""Characters of all `:86:` of an entry: a hundred times what banks write."""
USUAL = Options()


class Mt940:
    """The format `mt940`, which also reads MT942."""

    id = "mt940"

    def recognises(self, head: bytes, name: str) -> bool:
        """By a tag at the beginning of a line."""
        return _A_FIELD.search(head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf")) is not None

    def read(self, file: BinaryIO, options: Options = USUAL) -> Iterator[Item]:
        """Raises Broken."""
        current: _Message | None = None
        found = None
        for found in fields(text_lines(file, options.encoding)):
            try:
                if found.tag == "20" or (found.tag == END and current):
                    if current:
                        yield from current.end()
                    current = _Message(found, options.century) if found.tag == "20" else None
                elif found.tag == END:
                    continue
                elif current is None:
                    raise Broken(f":{found.tag}: stands outside a statement, which begins with :20:")
                else:
                    yield from current.take(found)
            except Broken as error:
                error.line = error.line or found.line
                raise
        if current:
            yield from current.end()
        if found is None:
            raise Broken("holds no field of an MT940", line=1)


class _Message:
    """One statement while its fields pass."""

    def __init__(self, reference: Field, century: int) -> None:
        self._reference, self._begins, self._century = reference.value, reference.line, century
        self._account = self._scheme = self._currency = self._number = ""
        self._opening: Balance | None = None
        self._closing: Balance | None = None
        self._created: datetime | None = None
        self._interim = False
        self._statement: Statement | None = None
        self._entry: _Held | None = None
        self._entries = 0
        self._sums = Sums("")
        self._told = Told()
        self._differences: list[str] = []

    def take(self, found: Field) -> Iterator[Item]:
        if found.tag in ("86", "NS"):
            self._free_text(found)
            return
        if self._entry:
            yield self._release()
        if found.tag == "61":
            yield from self._take_entry(found)
        elif found.tag in ("62F", "62M"):
            yield from self._close(found)
        elif found.tag in ("90C", "90D"):
            self._take_total(found)
        elif found.tag not in ("21", "64", "65"):
            self._take_head(found)

    def _take_head(self, found: Field) -> None:
        tag, value = found.tag, found.value
        if self._statement and tag not in ("13", "13D", "34F"):
            raise Broken(f":{tag}: stands after an entry or a balance")
        if tag in ("28", "28C"):
            self._number = value
        elif tag in ("60F", "60M"):
            self._opening = values.balance(value, self._century)
            self._currency = self._opening.amount.currency
        elif tag in ("13", "13D"):
            self._interim, self._created = True, values.moment(value, self._century)
        elif tag == "34F":
            self._interim, self._currency = True, value[:3] or self._currency
        elif self._account:
            raise Broken("the account stands twice in one statement")
        else:
            self._account, self._scheme, self._currency = values.account(value)

    def end(self) -> Iterator[Item]:
        """Raises Broken where the statement is not complete."""
        if self._entry:
            yield self._release()
        if not self._statement:
            if not self._interim:
                raise Broken("was cut off, or is no statement: it has no balances", line=self._begins)
            yield self._begin()
        if self._opening and not self._closing:
            raise Broken("was cut off: the statement that begins here has no closing balance :62F:", line=self._begins)
        yield self._sums.end(self._opening, self._closing, self._told, differences=self._differences)

    def _begin(self, first: str = "") -> Statement:
        if not self._account:
            raise Broken("a statement has no account :25:", line=self._begins)
        if not self._opening and not self._interim:
            raise Broken("a statement has no opening balance :60F:", line=self._begins)
        if not self._currency:
            raise Broken("a statement has no currency", line=self._begins)
        opening = self._opening
        if opening:
            identity = [self._account, self._number, str(opening.on), str(opening.amount)]
        else:
            # ČSOB writes neither a time nor a number, and the owner's name for a reference.
            created = self._created.isoformat() if self._created else first
            identity = [self._account, self._number, self._reference, created]
        self._sums = Sums(self._currency)
        self._statement = Statement(
            kind=Kind.STATEMENT if opening else Kind.REPORT,
            format="mt940" if opening else "mt942",
            id="/".join(identity),
            account=self._account,
            scheme=self._scheme,
            currency=self._currency,
            number=self._number or None,
            created_at=self._created,
            since=opening.on if opening else None,
            opening=opening,
        )
        return self._statement

    def _take_entry(self, found: Field) -> Iterator[Item]:
        if self._closing:
            raise Broken("an entry stands after the closing balance")
        if not self._statement:
            yield self._begin(found.value)
        self._entry = _Held(found, values.line([settle(one) for one in found.lines], self._currency, self._century))

    def _release(self) -> Entry:
        assert self._entry is not None
        self._entries += 1
        entry = self._entry.entry(self._entries, self._account)
        self._entry = None
        self._sums.add(entry)
        return entry

    def _close(self, found: Field) -> Iterator[Item]:
        if not self._opening:
            raise Broken("a statement has a closing balance and no opening one :60F:")
        if self._closing:
            raise Broken("a statement has two closing balances")
        if not self._statement:
            yield self._begin()
        self._closing = values.balance(found.value, self._century, self._currency)
        if self._closing.amount.currency != self._currency:
            self._differences.append(
                f"The closing balance is in {self._closing.amount.currency}, the opening balance in {self._currency}."
            )

    def _take_total(self, found: Field) -> None:
        number, amount = values.total(found.value)
        told = self._told
        if found.tag == "90C":
            self._told = Told(None, amount, told.debits, number, told.number_of_debits)
        else:
            self._told = Told(None, told.credits, amount, told.number_of_credits, number)

    def _free_text(self, found: Field) -> None:
        if self._entry:
            text = self._entry.text if found.tag == "86" else self._entry.ns
            text.extend(found.lines)
            if len(text) > MOST_LINES or sum(map(len, text)) > _LONGEST_TEXT:
                raise Broken(f"the :{found.tag}: of one entry have more than {MOST_LINES} lines or 64 KiB")
        elif self._closing and (totals := values.ing_totals(found.value, self._currency)):
            debits, credits_, debit, credit = totals
            self._told = Told(None, credit, debit, credits_, debits)


class _Held:
    """An entry whose text is still to come."""

    def __init__(self, found: Field, line: values.Line) -> None:
        self._at, self._line = found.line, line
        self.text: list[str] = []
        self.ns: list[str] = []

    def entry(self, number: int, account: str) -> Entry:
        line = self._line
        said = details(self.text, account, credit=(line.amount.minor >= 0) is not line.reversal)
        if self.ns and not self.text:
            said = ns(self.ns)
        found: list[Reference] = []
        for place in (said.end_to_end, line.reference):
            found += symbols.of_end_to_end(place) if place else []
        for text in (said.text, line.supplement):
            found += symbols.of_text(text) if text else []
        party = said.party
        if party.account and account.endswith(f"/{party.account}"):
            # Triodos writes our own number where others write theirs.
            party = replace(party, account="")
        if not party.account and account_scheme(line.supplement) == "iban":
            # Rabobank writes the other account into the second line of :61:.
            party = replace(party, account=line.supplement)
        transaction = Transaction(
            amount=line.amount,
            party=party,
            references=symbols.unique(found),
            end_to_end=said.end_to_end or line.reference,
            text=said.text or line.supplement,
            bank_reference=line.bank_reference,
            returned=said.returned,
        )
        return Entry(
            key=str(number),
            amount=line.amount,
            booked_on=line.booked_on,
            valued_on=line.valued_on,
            status=Status.PENDING if line.expected else Status.BOOKED,
            line=self._at,
            transactions=(transaction,),
            reversal=line.reversal,
            code=line.kind,
            bank_reference=line.bank_reference,
            text=line.supplement,
        )
