"""Asseco Office Banking and FX Client, XML of Serbian banks (Banca Intesa, Erste, …): `stmtrs` and `pmtnotification`.

Source: Asseco, "Office Banking, specifikacija XML formata", read through Coriol-is/l10n_rs_bank_statement_import
(docs/fx_ob_spec.txt and its samples).

What is told
- A Statement for each `stmtrs` (also several in `stmtrslist`); a `pmtnotification` is a notification of the same
  layout. `id` is account, number and day. `DIN` is RSD.
- `ledgerbal` is the closing balance of the statement before, `availbal` the one of this.
- An entry's key is `fitid`, the bank's own, which a notification and the statement after it share.
- References: `refnumber`, ours, first; then `payeerefnumber`, the other side's. Real files fill either.

Statements in foreign currencies (`ibank.fps…`) have another layout and are refused. A file is a day of one account, and
is read as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from hub.kernel.money import Money, NotExact, minor_units
from hub.kit import rs_account, rs_reference
from hub.kit.statement_document import amount_of, day_of, line_of, root, text_of
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

_TYPES = {
    "stmtrs": ("ibank.payment.stmtrs.ledger", Kind.STATEMENT),
    "pmtnotification": ("ibank.payment.notification.ledger", Kind.NOTIFICATION),
}
_SIGNS = {"credit": 1, "debit": -1}


class Asseco:
    """The format `asseco`."""

    id = "asseco"

    def recognises(self, head: bytes, name: str) -> bool:
        plain = head.replace(b"\0", b"")
        return any(tag in plain for tag in (b"<stmtrs>", b"<stmtrs ", b"<stmtrslist", b"<pmtnotification"))

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:  # noqa: B008 frozen
        """Raises Broken with the line: no XML, a DTD, another kind of statement, an error told by the bank, an amount
        or day that is none.
        """
        top = root(file, options.encoding)
        statements = [one for one in top if one.tag in _TYPES] if top.tag == "stmtrslist" else [top]
        if not statements or any(one.tag not in _TYPES for one in statements):
            raise Broken("has no stmtrs and no pmtnotification at its top", line=line_of(top))
        for one in statements:
            yield from _statement(one)


FORMAT = Asseco()


def _statement(top: etree._Element) -> Iterator[Item]:
    wanted, kind = _TYPES[str(top.tag)]
    said = next((text for name in ("rstype", "notiftype", "notificationtype") if (text := text_of(top, name))), wanted)
    if said != wanted:
        raise Broken(f"is of the type {said[:60]!r}; only {wanted} is read", line=line_of(top))
    if (code := text_of(top, "status/code")) not in ("", "0"):
        raise Broken(f"tells an error of the bank: code {code[:20]!r}", line=line_of(top))
    currency = _currency(text_of(top, "curdef"), top)
    account = _account(text_of(top, "acctid"))
    if not account:
        raise Broken("has no account (acctid)", line=line_of(top))
    opening, closing = _balance(top, "ledgerbal", currency), _balance(top, "availbal", currency)
    number = text_of(top, "stmtnumber")
    yield Statement(
        kind=kind,
        format="asseco",
        id=f"{account}/{number}/{closing.on if closing else ''}",
        account=account,
        scheme="iban" if account.startswith("RS") else "rs",
        currency=currency,
        number=number or None,
        until=closing.on if closing else None,
        opening=opening,
    )
    sums, seen = Sums(currency), Counter[str]()
    for element in top.iterfind("trnlist/stmttrn"):
        entry = _entry(element, currency, seen)
        sums.add(entry)
        yield entry
    count = next((one.get("count", "") for one in top.iterfind("trnlist")), "")
    known = count.isascii() and count.isdigit() and len(count) < 10
    yield sums.end(opening, closing, Told(entries=int(count) if known else None))


def _entry(element: etree._Element, currency: str, seen: Counter[str]) -> Entry:
    benefit = text_of(element, "benefit")
    if benefit not in _SIGNS:
        raise Broken(f"has {benefit[:20]!r} where benefit is credit or debit", line=line_of(element))
    if text_of(element, "curdef") and _currency(text_of(element, "curdef"), element) != currency:
        raise Broken("is in another currency than its statement", line=line_of(element))
    size = amount_of(text_of(element, "trnamt"), currency, element, "the amount (trnamt)")
    amount = Money(_SIGNS[benefit] * size.minor, currency)
    booked_on = day_of(text_of(element, "dtposted"), "iso", element, "the day of booking (dtposted)")
    valued = text_of(element, "dtavail")
    fitid = text_of(element, "fitid")
    seen[fitid] += 1
    references = (
        rs_reference.told(text_of(element, f"{side}model"), text_of(element, f"{side}number"))
        for side in ("ref", "payeeref")
    )
    return Entry(
        key=fitid if fitid and seen[fitid] == 1 else f"{fitid}/{seen[fitid]}",
        amount=amount,
        booked_on=booked_on,
        valued_on=day_of(valued, "iso", element, "the value date (dtavail)") if valued else booked_on,
        status=Status.BOOKED,
        line=line_of(element),
        transactions=(
            Transaction(
                amount=amount,
                party=Party(text_of(element, "payeeinfo/name"), text_of(element, "payeeaccountinfo/acctid")),
                references=tuple(dict.fromkeys(one for one in references if one)),
                text=text_of(element, "purpose"),
                bank_reference=fitid,
            ),
        ),
        code=" ".join(filter(None, (text_of(element, "trntype"), text_of(element, "purposecode")))),
        bank_reference=fitid,
    )


def _balance(top: etree._Element, name: str, currency: str) -> Balance | None:
    text, day = text_of(top, f"{name}/balamt"), text_of(top, f"{name}/dtasof")
    if not text:
        return None
    return Balance(
        amount_of(text, currency, top, f"the balance ({name})"),
        day_of(day, "iso", top, f"the day of the balance ({name})") if day else None,
    )


def _currency(text: str, element: etree._Element) -> str:
    currency = "RSD" if text in ("DIN", "CSD", "") else text
    try:
        minor_units(currency)
    except NotExact as error:
        raise Broken(f"has {text[:10]!r} where the currency (curdef) is", line=line_of(element)) from error
    return currency


def _account(text: str) -> str:
    try:
        return rs_account.iban_of(text)
    except ValueError:
        return text
