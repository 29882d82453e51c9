"""Raiffeisen OnLine (ROL), XML of Serbian banks (Raiffeisen, OTP): `Zaglavlje` and `Stavke` with attributes.

Source: the vendor's schemas and samples in Coriol-is/l10n_rs_bank_statement_import
(`TransakcioniRacunPrivredaIzvod` in dinars, `RacunPrivredaIzvod` in other currencies).

What is told
- One Statement a file. `id` is account, number and day. The account of 18 digits is told as its IBAN.
- The amount is Potrazuje less Duguje. A correction is written as a negative amount in its column, and the turnovers of
  the head count it there.
- A Stavke in dinars has a value date alone: it is booked on the statement's day.
- References: ours (PozivNaBrojZaduzenjaOdobrenja) first, then the other side's.

A file is a day of one account, and is read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import BinaryIO

from lxml import etree

from hub.kernel.money import Money, NotExact, minor_units
from hub.kit import rs_account, rs_reference
from hub.kit.statement_document import amount_of, day_of, line_of, root
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

_ROOTS = ("TransakcioniRacunPrivredaIzvod", "RacunPrivredaIzvod")


class Rol:
    """The format `rol`."""

    id = "rol"

    def recognises(self, head: bytes, name: str) -> bool:
        plain = head.replace(b"\0", b"")
        return any(f"<{name}".encode() in plain for name in _ROOTS)

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:  # noqa: B008 frozen
        """Raises Broken with the line: no XML, a DTD, no head, an amount or day that is none."""
        top = root(file, options.encoding)
        head = top.find("Zaglavlje")
        if top.tag not in _ROOTS or head is None:
            raise Broken(f"is no {' or '.join(_ROOTS)} with a Zaglavlje", line=line_of(top))
        currency = _attribute(head, "OznakaValute") or "RSD"
        currency = "RSD" if currency in ("DIN", "CSD") else currency
        try:
            minor_units(currency)
        except NotExact as error:
            raise Broken(f"has {currency[:10]!r} where the currency is", line=line_of(head)) from error
        account, day = _account(head), day_of(_attribute(head, "DatumIzvoda"), "dotted", head, "DatumIzvoda")
        before = _attribute(head, "DatumPrethodnogIzvoda")
        opening = Balance(
            _money(head, "PrethodnoStanje", currency),
            day_of(before, "dotted", head, "DatumPrethodnogIzvoda") if before else None,
        )
        number = _attribute(head, "BrojIzvoda")
        yield Statement(
            kind=Kind.STATEMENT,
            format="rol",
            id=f"{account}/{number}/{day}",
            account=account,
            scheme="iban" if account.startswith("RS") else "rs",
            currency=currency,
            number=number or None,
            since=day,
            until=day,
            opening=opening,
        )
        sums, columns = Sums(currency), [0, 0]
        for place, element in enumerate(top.iterfind("Stavke"), start=1):
            debit, credit = (_money(element, name, currency, blank=True).minor for name in ("Duguje", "Potrazuje"))
            columns[0] += debit
            columns[1] += credit
            entry = _entry(element, place, Money(credit - debit, currency), day)
            sums.add(entry)
            yield entry
        told = [_money(head, name, currency) for name in ("DugovniPromet", "PotrazniPromet")]
        differences = [
            f"The statement says its {name} are {said}; they are {Money(counted, currency)}."
            for name, said, counted in zip(("debits", "credits"), told, columns, strict=True)
            if said.minor != counted
        ]
        closing = Balance(_money(head, "NovoStanje", currency), day)
        yield replace(sums.end(opening, closing, differences=differences), told=Told(debits=told[0], credits=told[1]))


FORMAT = Rol()


def _entry(element: etree._Element, place: int, amount: Money, day: date) -> Entry:
    booked, valued = _attribute(element, "DatumObrade"), _attribute(element, "DatumValute")
    references = (
        rs_reference.told(_attribute(element, model), _attribute(element, number))
        for model, number in (
            ("ModelZaduzenjaOdobrenja", "PozivNaBrojZaduzenjaOdobrenja"),
            ("ModelKorisnika", "PozivNaBrojKorisnika"),
        )
    )
    other = _attribute(element, "BrojRacunaPrimaocaPosiljaoca") or _attribute(element, "RacunNalogodavacKorisnik")
    booked_on = day_of(booked, "dotted", element, "DatumObrade") if booked else day
    return Entry(
        key=str(place),
        amount=amount,
        booked_on=booked_on,
        valued_on=day_of(valued, "dotted", element, "DatumValute") if valued else booked_on,
        status=Status.BOOKED,
        line=line_of(element),
        transactions=(
            Transaction(
                amount=amount,
                party=Party(_attribute(element, "NalogKorisnik"), _local(other)),
                references=tuple(dict.fromkeys(one for one in references if one)),
                text=_attribute(element, "Opis"),
                bank_reference=_attribute(element, "BrojZaReklamaciju"),
            ),
        ),
        code=_attribute(element, "SifraPlacanja") or _attribute(element, "TipTransakcije"),
        bank_reference=_attribute(element, "Referenca"),
    )


def _attribute(element: etree._Element, name: str) -> str:
    return " ".join(str(element.get(name) or "").split())


def _money(element: etree._Element, name: str, currency: str, *, blank: bool = False) -> Money:
    text = _attribute(element, name)
    return Money(0, currency) if blank and not text else amount_of(text, currency, element, name)


def _account(head: etree._Element) -> str:
    text = _attribute(head, "Partija")
    if not text:
        raise Broken("has no account (Partija)", line=line_of(head))
    try:
        return rs_account.iban_of(text)
    except ValueError:
        return _local(text)


def _local(digits: str) -> str:
    return f"{digits[:3]}-{digits[3:16]}-{digits[16:]}" if len(digits) == 18 and digits.isdigit() else digits
