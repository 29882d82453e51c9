"""ABO/GPC, the statement of Czech banks: records of 128 characters, `074` the balances, `075` an entry.

Sources: documents of Česká spořitelna (3-2267, 2025-04-26; 3-4341 for the extended form), Komerční banka (BDSK) and Fio
that Spoje-NET/php-abo-parser and vongrad/gpc-parser publish; tests of jakubzapletal/bank-statements.

What is told
- A Statement for each 074. Its `id` is account, number and day; where the number is 000, which Fio writes of any period
  that somebody chose, the first day too. The record has no bank: the account is
  `prefix-number`, or the IBAN where the filler holds its head (Komerční banka).
- Windows-1250, or UTF-8 where the whole file is, and koruna unless said otherwise; an entry whose data type is `0` and
  an ISO 4217 number (Fio) tells the currency, and all of a statement must tell the same.
- Posting code 1 is money out, 2 money in. A reversal has the sign of where the money went: of a debit it comes back.
  Komerční banka and Fio write 4 and 5 for reversals of debits and credits, Česká spořitelna 3 and 4 (setting
  `reversal_codes`, `45` where absent).
- Accounts may be stored with their digits exchanged ("internal form"). Without the setting `account_form` that is taken
  where the own account passes the modulo 11 check so, and not as it stands.
- Symbols lose the zeros in front: the record fills them. Texts are those of 078 and 079, else messages 1 to 4 of the
  extended form, else the note. Records 076 and others are skipped.
- The turnovers count a reversal against the side it reverses: OD is code 1 less reversed debits, OK code 2 less
  reversed credits. Differences are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import BinaryIO

from stdnum import iban

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit import cz_account
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

_LONGEST_LINE, _MOST_MESSAGES = 4096, 100
_CURRENCIES = {
    "203": "CZK", "978": "EUR", "840": "USD", "826": "GBP", "756": "CHF", "985": "PLN", "348": "HUF", "946": "RON",
}  # fmt: skip
_KINDS = {
    "45": {"1": (-1, False), "2": (1, False), "4": (1, True), "5": (-1, True)},
    "34": {"1": (-1, False), "2": (1, False), "3": (1, True), "4": (-1, True)},
}
# Of the internal form C0 C8 C9 C6 C1 C2 C3 C4 C5 C7 P1 … P6: where the digits P1 … P6 C1 … C9 C0 stand.
_INTERNAL = (10, 11, 12, 13, 14, 15, 4, 5, 6, 7, 8, 3, 9, 1, 2, 0)
_SYMBOLS = (("cz.variable_symbol", 61, 71), ("cz.constant_symbol", 77, 81), ("cz.specific_symbol", 81, 91))
_IBAN_HEAD = re.compile(r"CZ[0-9]{6}", re.ASCII)


class Gpc:
    """The format `gpc`."""

    id = "gpc"

    def recognises(self, head: bytes, name: str) -> bool:
        # A line of Halcom's may begin with an account of a bank 074.
        return re.match(rb"(?:\xef\xbb\xbf)?\s{0,8}074(?![0-9]{15}[1-4]0[0-9]{2}\.)", head) is not None

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:  # noqa: B008 frozen
        """Raises Broken with the line: no 074 in front, a record cut off or with letters where digits belong, a posting
        code that the bank does not have, two currencies in one statement.
        """
        current: _Reading | None = None
        for line in lines(file, options.encoding or usual_encoding(file), _LONGEST_LINE):
            kind = line.text[:3]
            if kind == "074":
                if current:
                    yield from current.end()
                current = _Reading(line, options)
            elif current is None:
                if line.text.strip():
                    raise Broken("does not begin with a record 074", line=line.number)
            elif kind == "075":
                yield from current.entry(line)
            elif kind in ("078", "079"):
                current.message(line)
            elif not re.fullmatch(r"[0-9]{3}.*|\s*", line.text, re.ASCII):
                raise Broken("is no record of three digits and text", line=line.number)
        if current is None:
            raise Broken("has no record 074", line=1)
        yield from current.end()


FORMAT = Gpc()


@dataclass(slots=True)
class _Pending:
    """An entry that records 078 and 079 may still follow."""

    entry: Entry
    messages: list[str] = field(default_factory=list)

    def done(self) -> Entry:
        if not self.messages:
            return self.entry
        (transaction,) = self.entry.transactions
        return replace(self.entry, transactions=(replace(transaction, text=" ".join(self.messages)),))


class _Reading:
    """One statement. It is told with its first entry, which may tell the currency."""

    def __init__(self, line: Line, options: Options) -> None:
        codes = options.reversal_codes or "45"
        if codes not in _KINDS:
            raise Broken(f"cannot be read: reversal_codes is {codes!r}, and may be 45 or 34")
        if len(line.text.rstrip()) < 114:
            raise Broken("is cut off: a record 074 has 114 characters at least", line=line.number)
        self._kinds, self._codes, self._century, self._head = _KINDS[codes], codes, options.century, line
        own = line.digits(3, 19, "the account")
        self._own = own.lstrip("0")
        self._internal = _is_internal(own, options.account_form)
        self._opened_on = self._day(line, 39)
        self._closed_on = self._day(line, 108)
        if self._closed_on is None:
            raise Broken("has no day of posting", line=line.number)
        self._balances = (_signed(line, 45, "+-"), _signed(line, 60, "+-"))
        self._turnovers = (_signed(line, 75, "+-0 "), _signed(line, 90, "+-0 "))
        self._number = line.text[105:108].strip()
        prefix_number = _plain(own, internal=self._internal)
        head = line.text[114:122]
        whole = f"{head}{prefix_number}"
        self._iban = whole if _IBAN_HEAD.fullmatch(head) and iban.is_valid(whole) else ""
        self._account = _edited(prefix_number)
        self._currency, self._sums, self._entries = "", Sums("CZK"), 0
        # Turnovers: of debits, of credits; and what reversals there were.
        self._counted, self._reversals = [0, 0], 0
        self._pending: _Pending | None = None

    def entry(self, line: Line) -> Iterator[Item]:
        if len(line.text.rstrip()) < 128:
            raise Broken("is cut off: a record 075 has 128 characters at least", line=line.number)
        own = line.digits(3, 19, "the own account", blank=True).lstrip("0")
        if own not in ("", self._own):
            raise Broken(f"is of the account {own}, its record 074 of {self._own}", line=line.number)
        type_ = line.text[118:122]
        currency = _CURRENCIES.get(type_[1:], "CZK") if type_[0] == "0" else "CZK"
        if not self._currency:
            yield from self._begin(currency)
        elif currency != self._currency:
            raise Broken(f"is in {currency}, the statement's first entry in {self._currency}", line=line.number)
        if self._pending:
            yield self._pending.done()
        self._pending = _Pending(self._read(line))
        self._sums.add(self._pending.entry)

    def message(self, line: Line) -> None:
        if self._pending is None:
            raise Broken("is a message, and there is no entry before it", line=line.number)
        if len(self._pending.messages) >= _MOST_MESSAGES:
            raise Broken(f"is one of more than {_MOST_MESSAGES} messages of an entry", line=line.number)
        if text := line.text[3:73].strip():
            self._pending.messages.append(text)

    def end(self) -> Iterator[Item]:
        if not self._currency:
            yield from self._begin("CZK")
        if self._pending:
            yield self._pending.done()
        told = [Money(minor, self._currency) for minor in self._turnovers]
        differences = [
            f"The statement says its {name} are {said}; they are {Money(counted, self._currency)}."
            + (f" There are {self._reversals} reversals, read by the codes {self._codes}." if self._reversals else "")
            for name, said, counted in zip(("debits", "credits"), told, self._counted, strict=True)
            if said.minor != counted
        ]
        end = self._sums.end(self._balance(0), self._balance(1), differences=differences)
        yield replace(end, told=Told(debits=told[0], credits=told[1]))

    def _begin(self, currency: str) -> Iterator[Item]:
        self._currency, self._sums = currency, Sums(currency)
        account = self._iban or self._account
        period = f"{self._closed_on}" if self._number.strip("0") else f"{self._opened_on or ''}/{self._closed_on}"
        yield Statement(
            kind=Kind.STATEMENT,
            format="gpc",
            id=f"{account}/{self._number}/{period}",
            account=account,
            scheme="iban" if self._iban else "cz",
            currency=currency,
            number=self._number or None,
            since=self._opened_on,
            until=self._closed_on,
            opening=self._balance(0),
        )

    def _balance(self, which: int) -> Balance:
        return Balance(Money(self._balances[which], self._currency), (self._opened_on, self._closed_on)[which])

    def _read(self, line: Line) -> Entry:
        code = line.text[60]
        if code not in self._kinds:
            known = ", ".join(self._kinds)
            raise Broken(
                f"has the posting code {code!r}; with reversal_codes {self._codes} there are {known}", line=line.number
            )
        sign, reversal = self._kinds[code]
        minor = int(line.digits(48, 60, "the amount"))
        # A reversed debit is taken from the debits, a reversed credit from the credits.
        debit = (sign < 0) != reversal
        self._counted[0 if debit else 1] += -minor if reversal else minor
        self._reversals += reversal
        self._entries += 1
        amount = Money(sign * minor, self._currency)
        booked_on = self._day(line, 122) or self._closed_on
        document = line.text[35:48].strip().lstrip("0")
        note = line.text[97:117].strip()
        extended = " ".join(filter(None, (line.text[at : at + 35].strip() for at in range(128, 268, 35))))
        transaction = Transaction(
            amount=amount,
            party=Party(name=note, account=self._other(line)),
            references=tuple(
                Reference(scheme, value)
                for scheme, start, stop in _SYMBOLS
                if (value := line.digits(start, stop, "a symbol", blank=True).lstrip("0"))
            ),
            text=extended or note,
            bank_reference=document,
        )
        return Entry(
            key=str(self._entries),
            amount=amount,
            booked_on=booked_on,
            valued_on=self._day(line, 91) or booked_on,
            status=Status.BOOKED,
            line=line.number,
            transactions=(transaction,),
            reversal=reversal,
            code=code,
            bank_reference=document,
            text=note,
        )

    def _other(self, line: Line) -> str:
        digits = line.digits(19, 35, "the other account", blank=True).rjust(16, "0")
        bank = line.digits(73, 77, "the other bank", blank=True)
        if not digits.strip("0"):
            return ""
        account = _edited(_plain(digits, internal=self._internal))
        return f"{account}/{bank}" if bank.strip("0") else account

    def _day(self, line: Line, start: int) -> date | None:
        digits = line.digits(start, start + 6, "a day", blank=True)
        if not digits.strip("0"):
            return None
        try:
            return date(self._century + int(digits[4:]), int(digits[2:4]), int(digits[:2]))
        except ValueError as error:
            raise Broken(f"has {digits} where a day is written ddmmyy", line=line.number) from error


def _signed(line: Line, start: int, signs: str) -> int:
    minor = int(line.digits(start, start + 14, "an amount"))
    sign = line.text[start + 14]
    if sign not in signs:
        raise Broken(f"has {sign!r} where the sign of an amount stands", line=line.number)
    return -minor if sign == "-" else minor


def _is_internal(digits: str, form: str | None) -> bool:
    if form not in (None, "plain", "internal"):
        raise Broken(f"cannot be read: account_form is {form!r}, and may be plain or internal")
    return form == "internal" or (form is None and not _passes(digits) and _passes(_plain(digits, internal=True)))


def _plain(digits: str, *, internal: bool) -> str:
    """Prefix (6) and number (10)."""
    return "".join(digits[at] for at in _INTERNAL) if internal else digits


def _passes(digits: str) -> bool:
    try:
        # Any bank will do: the check is of the prefix and of the number.
        cz_account.validate(f"{int(digits[:6])}-{int(digits[6:]):02}/0000")
    except ValueError:
        return False
    return True


def _edited(digits: str) -> str:
    prefix, number = digits[:6].lstrip("0"), digits[6:].lstrip("0")
    return f"{prefix}-{number}" if prefix else number
