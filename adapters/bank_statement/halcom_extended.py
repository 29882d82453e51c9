"""Halcom Hal E-Bank, the extended export ("prošireni"): a row of Slovenian names of columns, then an entry on each row,
with `#` between the columns.

Source: three real files and the reader of Coriol-is/l10n_rs_bank_statement_import; the vendor's document describes the
fixed columns alone (`halcom`).

What is told
- A Statement for each run of rows with the same account, number, currency and day of the statement. `id` is account,
  number and day. There are no balances.
- ZNESEK_V_BREME took money, ZNESEK_V_DOBRO brought it; one of them is filled, and OZNAKA_KNJ says the same (1 and 2).
  What it says of a storno is not known: any other mark is refused.
- References: of the side that is ours first, as in `halcom`. `text` is NAMEN, else OPIS.
- Windows-1250, or UTF-8 where the whole file is, unless said otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import BinaryIO

from hub.kernel.money import Money, NotExact, minor_units
from hub.kit import rs_account, rs_reference
from hub.kit.statement_lines import Line, lines, usual_encoding
from hub.kit.statement_sums import Sums
from hub.ports.bank_statement import Broken, Entry, Item, Kind, Options, Party, Statement, Status, Transaction

_LONGEST_LINE = 8192
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,8}ST_RACUNA#")
_NEEDED = ("ST_RACUNA", "DATUM_OBD", "VALUTA", "ZNESEK_V_BREME", "ZNESEK_V_DOBRO", "OZNAKA_KNJ")
_AMOUNT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*,[0-9]{2}", re.ASCII)
_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", re.ASCII)


class HalcomExtended:
    """The format `halcom_extended`."""

    id = "halcom_extended"

    def recognises(self, head: bytes, name: str) -> bool:
        return _HEAD.match(head) is not None

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:  # noqa: B008 frozen
        """Raises Broken with the line: a column that is missing or twice, a row of another length, an amount, mark or
        day that is none.
        """
        rows = _rows(file, options)
        for (account, number, currency, day), run in groupby(rows, key=_statement_of):
            yield Statement(
                kind=Kind.STATEMENT,
                format="halcom_extended",
                id=f"{account}/{number}/{day}",
                account=account,
                scheme="iban" if account.startswith("RS") else "rs",
                currency=currency,
                number=number or None,
                since=day,
                until=day,
            )
            sums = Sums(currency)
            for place, row in enumerate(run, start=1):
                entry = row.entry(place, currency, day)
                sums.add(entry)
                yield entry
            yield sums.end(None, None)


FORMAT = HalcomExtended()


class _Row:
    def __init__(self, line: Line, columns: Mapping[str, int]) -> None:
        self.number, self._columns, self._values = line.number, columns, line.text.split("#")
        if len(self._values) != len(columns):
            problem = f"has {len(self._values)} columns, and the first line names {len(columns)}"
            raise Broken(problem, line=line.number)

    def __getitem__(self, name: str) -> str:
        """The text in a column, on one line; empty where the file has no such column."""
        return " ".join(self._values[self._columns[name]].split()) if name in self._columns else ""

    def day(self, name: str) -> date:
        found = _DAY.fullmatch(self[name])
        try:
            if found:
                return date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:
            pass
        raise Broken(f"has {self[name][:20]!r} where {name} is, DD.MM.YYYY", line=self.number)

    def amount(self, currency: str) -> Money:
        """With the sign of where the money went."""
        for name, other, mark, sign in (
            ("ZNESEK_V_BREME", "ZNESEK_V_DOBRO", "1", -1),
            ("ZNESEK_V_DOBRO", "ZNESEK_V_BREME", "2", 1),
        ):
            if not self[name] or self[other]:
                continue
            if self["OZNAKA_KNJ"] != mark:
                said = self["OZNAKA_KNJ"][:10]
                raise Broken(f"has {said!r} where OZNAKA_KNJ is {mark}, with an amount in {name}", line=self.number)
            if not _AMOUNT.fullmatch(self[name]) or len(self[name]) > 20:
                raise Broken(f"has {self[name][:20]!r} where {name} is, such as 1.250,00", line=self.number)
            found = Money.parse(self[name].replace(".", "").replace(",", "."), currency)
            return Money(sign * found.minor, currency)
        raise Broken("has no amount, or both in ZNESEK_V_BREME and ZNESEK_V_DOBRO", line=self.number)

    def entry(self, place: int, currency: str, day: date) -> Entry:
        amount = self.amount(currency)
        debit = rs_reference.told(self["MODEL_OBREM"], self["SKLIC_OBREM"])
        credit = rs_reference.told(self["MODEL_ODOBR"], self["SKLIC_ODOBR"])
        ours = (credit, debit) if amount.minor >= 0 else (debit, credit)
        booked_on = self.day("DATUM_KNJ") if self["DATUM_KNJ"] else day
        return Entry(
            key=str(place),
            amount=amount,
            booked_on=booked_on,
            valued_on=self.day("DATUM_VAL") if self["DATUM_VAL"] else booked_on,
            status=Status.BOOKED,
            line=self.number,
            transactions=(
                Transaction(
                    amount=amount,
                    party=Party(self["NAZIV_NAL_PREJ"].rstrip("; "), self["RAC_NAL_PREJ"]),
                    references=tuple(dict.fromkeys(one for one in ours if one)),
                    text=self["NAMEN"] or self["OPIS"],
                    bank_reference=self["ID_NALOGA"],
                ),
            ),
            code=self["OZN_VRSTE_POSLA"],
            bank_reference=self["ID_NALOGA"],
        )


def _rows(file: BinaryIO, options: Options) -> Iterator[_Row]:
    columns: dict[str, int] = {}
    for line in lines(file, options.encoding or usual_encoding(file), _LONGEST_LINE):
        if not line.text.strip():
            continue
        if columns:
            yield _Row(line, columns)
            continue
        names = [name.strip() for name in line.text.split("#")]
        columns = {name: place for place, name in enumerate(names)}
        missing = [name for name in _NEEDED if name not in columns]
        if missing or len(columns) != len(names):
            problem = f"has no column {missing[0]}" if missing else "names a column twice"
            raise Broken(problem, line=line.number)


def _statement_of(row: _Row) -> tuple[str, str, str, date]:
    """Account, number, currency and day of the statement that a row is of."""
    try:
        minor_units(row["VALUTA"])
    except NotExact as error:
        raise Broken(f"has {row['VALUTA'][:10]!r} where VALUTA is", line=row.number) from error
    account = row["ST_RACUNA"]
    if not account:
        raise Broken("has no account (ST_RACUNA)", line=row.number)
    for written in (account, account.replace("-", "")):
        try:
            account = rs_account.iban_of(written)
            break
        except ValueError:
            continue
    return account, row["ST_IZPISKA"], row["VALUTA"], row.day("DATUM_OBD")
