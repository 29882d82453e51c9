"""Halcom Hal E-Bank, the statement of many Serbian banks: an entry on a line of 280 characters, and its recap.

Source: Halcom, "Formati uvozno/izvoznih datoteka" 15 (2011), sections 1.3 and 1.4, and the real files beside it in
Coriol-is/l10n_rs_bank_statement_import.

What is told
- A Statement for each run of lines with the same own account and day of booking. The balances, the number and the
  turnovers are in the recap alone (`…_cov.txt`, 147 characters): its lines may stand in front of or behind the entries
  they are about in one file; a recap file without entries is told as statements without entries.
- `id` is account and day; of a recap alone `/recap` follows.
- Posting code 10 takes money, 20 brings it, 30 brings back what was taken and 40 takes back what was brought. No real
  file with 30 or 40 is known; the document says what they mean.
- References: of the side that is ours first. On money that came in this is "poziv na broj odobrenja".
- The bank's reference is not unique. Windows-1250 unless the file is in UTF-8 or said to be in something else.
- A turnover of debits may have a minus in front. Whether it counts reversals with their sign is not documented: both
  ways agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import BinaryIO

from hub.kernel.money import Money
from hub.kit import rs_account, rs_reference
from hub.kit.statement_lines import Line, lines, usual_encoding
from hub.kit.statement_sums import Sums
from hub.ports.bank_statement import (
    Balance,
    Broken,
    Entry,
    Item,
    Kind,
    Options,
    Party,
    Statement,
    Status,
    Told,
    Transaction,
)

_LONGEST_LINE = 1024
_ENTRY = re.compile(rb"(?:\xef\xbb\xbf)?[0-9 ]{18}[1-4]0[0-9]{2}\.[0-9]{2}\.[0-9]{2}(?:S | {2})")
_RECAP = re.compile(rb"(?:\xef\xbb\xbf)?01[0-9]{18}[0-9]{16}[0-9 -][0-9]{17}[0-9]{6}[0-9 -][0-9]{17}[0-9]{6}")
_RECAP_TEXT = re.compile(r"01[0-9]{34}[0-9 -]{111}\s*", re.ASCII)
_KINDS = {"10": (-1, False), "20": (1, False), "30": (1, True), "40": (-1, True)}


class Halcom:
    """The format `halcom`."""

    id = "halcom"

    def recognises(self, head: bytes, name: str) -> bool:
        return bool(_ENTRY.match(head) or _RECAP.match(head))

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:  # noqa: B008 frozen
        """Raises Broken with the line that is cut off, or has letters where digits belong."""
        reading = _Reading(options.century)
        for line in lines(file, options.encoding or usual_encoding(file), _LONGEST_LINE):
            if _RECAP_TEXT.fullmatch(line.text):
                yield from reading.recap(_Recap(line))
            elif line.text.strip():
                yield from reading.entry(line)
        yield from reading.end()
        if reading.empty:
            raise Broken("has neither entries nor a recap", line=1)


FORMAT = Halcom()


class _Reading:
    """The run of entries that is being read, or the recap of entries that follow."""

    def __init__(self, century: int) -> None:
        self._century, self.empty = century, True
        self._run: _Run | None = None
        self._waiting: _Recap | None = None

    def recap(self, told: _Recap) -> Iterator[Item]:
        self.empty = False
        if self._run and self._run.about(told) and self._run.recap is None:
            self._run.recap = told
            yield from self.end()
        else:
            yield from self.end()
            self._waiting = told

    def entry(self, line: Line) -> Iterator[Item]:
        self.empty = False
        run = _Run(_own(line), _booked(line, self._century), None)
        if self._waiting and run.about(self._waiting):
            run.recap, self._waiting = self._waiting, None
        if self._run is None or (run.account, run.day) != (self._run.account, self._run.day):
            yield from self.end()
            self._run = run
            yield run.statement()
        yield self._run.entry(line, self._century)

    def end(self) -> Iterator[Item]:
        if self._run:
            yield from self._run.end()
        if self._waiting:
            alone = _Run(self._waiting.account, self._waiting.day, self._waiting)
            # Another id: the entries come in another file, which must not be taken for known.
            head = alone.statement()
            yield replace(head, id=f"{head.id}/recap")
            yield from alone.end()
        self._run = self._waiting = None


class _Recap:
    """A line of the recap."""

    def __init__(self, line: Line) -> None:
        self.account = _account(line.digits(2, 20, "the account"))
        self.day = _day8(line, 20)
        self.before = _day8(line, 28) if line.text[28:36].strip("0 ") else None
        self.opening, self.closing = _signed(line, 36), _signed(line, 102)
        self.debits, self.credits = abs(_signed(line, 60)), abs(_signed(line, 84))
        self.number_of_debits = int(line.digits(54, 60, "the number of debits"))
        self.number_of_credits = int(line.digits(78, 84, "the number of credits"))
        self.number = line.text[144:147].strip()


class _Run:
    """The entries of one account and day."""

    def __init__(self, account: str, day: date, recap: _Recap | None) -> None:
        self.account, self.day, self.recap = account, day, recap
        self._sums, self._entries = Sums("RSD"), 0
        self._of_code = dict.fromkeys(_KINDS, 0)

    def about(self, recap: _Recap) -> bool:
        return (recap.account, recap.day) == (self.account, self.day)

    def statement(self) -> Statement:
        recap = self.recap
        return Statement(
            kind=Kind.STATEMENT,
            format="halcom",
            id=f"{self.account}/{self.day}",
            account=self.account,
            scheme="iban" if self.account.startswith("RS") else "rs",
            currency="RSD",
            number=recap.number if recap else None,
            since=self.day,
            until=self.day,
            opening=Balance(Money(recap.opening, "RSD"), recap.before) if recap else None,
        )

    def entry(self, line: Line, century: int) -> Entry:
        code = line.text[18:20]
        if code not in _KINDS:
            raise Broken(f"has the posting code {code!r}; there are {', '.join(_KINDS)}", line=line.number)
        sign, reversal = _KINDS[code]
        if line.text[28:30].strip() and not reversal:
            raise Broken(f"is marked as a storno and has the posting code {code}, which is none", line=line.number)
        minor = int(line.digits(90, 105, "the amount"))
        self._of_code[code] += minor
        self._entries += 1
        amount = Money(sign * minor, "RSD")
        debit = rs_reference.told(line.text[111:113], line.text[113:135])
        credit = rs_reference.told(line.text[135:137], line.text[137:159])
        # Of an incoming payment the account credited is ours, of an outgoing one the account debited; a reversal goes
        # the other way round and is about the same two.
        ours = (credit, debit) if code in ("20", "40") else (debit, credit)
        entry = Entry(
            key=str(self._entries),
            amount=amount,
            booked_on=self.day,
            valued_on=_day6(line, 66, century) or self.day,
            status=Status.BOOKED,
            line=line.number,
            transactions=(
                Transaction(
                    amount=amount,
                    party=Party(" ".join(line.text[205:240].split()), _local(line.text[:18])),
                    references=tuple(dict.fromkeys(one for one in ours if one)),
                    text=" ".join(line.text[159:195].split()),
                    bank_reference=line.text[240:262].strip(),
                ),
            ),
            reversal=reversal,
            code=" ".join((code, line.text[105:111].strip())).strip(),
            bank_reference=line.text[240:262].strip(),
        )
        self._sums.add(entry)
        return entry

    def end(self) -> Iterator[Item]:
        recap, of = self.recap, self._of_code
        if recap is None:
            yield self._sums.end(None, None)
            return
        differences = []
        if self._entries:
            for name, said, plain, net in (
                ("debits", recap.debits, of["10"] + of["40"], of["10"] - of["30"]),
                ("credits", recap.credits, of["20"] + of["30"], of["20"] - of["40"]),
            ):
                if said not in (plain, net, abs(net)):
                    differences.append(
                        f"The recap says its {name} are {Money(said, 'RSD')}; they are {Money(plain, 'RSD')}."
                    )
            if recap.number_of_debits + recap.number_of_credits != self._entries:
                number = recap.number_of_debits + recap.number_of_credits
                differences.append(f"The recap says there are {number} entries; there are {self._entries}.")
        opening = Balance(Money(recap.opening, "RSD"), recap.before)
        closing = Balance(Money(recap.closing, "RSD"), self.day)
        # A recap alone is compared with nothing: its entries are in another file.
        end = self._sums.end(opening, closing, differences=differences, compare_balances=self._entries > 0)
        yield replace(
            end,
            told=Told(
                credits=Money(recap.credits, "RSD"),
                debits=Money(recap.debits, "RSD"),
                number_of_credits=recap.number_of_credits,
                number_of_debits=recap.number_of_debits,
            ),
        )


def _own(line: Line) -> str:
    if len(line.text.rstrip()) < 105:
        raise Broken("is cut off: an entry has 280 characters", line=line.number)
    return _account(line.digits(72, 90, "the own account"))


def _account(digits: str) -> str:
    """The IBAN, or the bank's own form where the check digits are wrong."""
    try:
        return rs_account.iban_of(digits)
    except ValueError:
        return _local(digits)


def _local(digits: str) -> str:
    plain = digits.strip()
    return f"{plain[:3]}-{plain[3:16]}-{plain[16:]}" if len(plain) == 18 else plain


def _booked(line: Line, century: int) -> date:
    text = line.text[20:28]
    found = re.fullmatch(r"([0-9]{2})\.([0-9]{2})\.([0-9]{2})", text, re.ASCII)
    try:
        if found:
            return date(century + int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise Broken(f"has {text!r} where the day of booking is, DD.MM.YY", line=line.number)


def _day6(line: Line, start: int, century: int) -> date | None:
    digits = line.digits(start, start + 6, "the value date", blank=True)
    if not digits.strip("0"):
        return None
    try:
        return date(century + int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError as error:
        raise Broken(f"has {digits} where a day is written DDMMYY", line=line.number) from error


def _day8(line: Line, start: int) -> date:
    digits = line.digits(start, start + 8, "a day")
    try:
        return date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError as error:
        raise Broken(f"has {digits} where a day is written DDMMYYYY", line=line.number) from error


def _signed(line: Line, start: int) -> int:
    negative = line.text[start] == "-"
    minor = int(line.digits(start + negative, start + 18, "an amount"))
    return -minor if negative else minor
