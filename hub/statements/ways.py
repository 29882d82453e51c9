"""What a bank does its own way, as `statements` of city.yaml says it of the town or of one payee's account."""

from __future__ import annotations

from collections.abc import Generator
from typing import BinaryIO

from hub.cities.model import City
from hub.ports.bank_statement import Broken, Options, Statement, StatementFormat
from hub.statements.accounts import payees_of


def ways_of(city: City, account: str) -> Options:
    """Of an account: those of the first of its payees that has any, else the town's."""
    own = (city.payees[payee].statements for payee in payees_of(city, account))
    said = next(filter(None, own), city.statements)
    return Options(said.encoding, said.reversal_codes, said.account_form)


def ways_for(city: City, file: BinaryIO, known: StatementFormat) -> Options:
    """Of a file, at its beginning and left there: those of the account of its first statement.

    Which account that is may only be seen by the ways of its bank, so those of each payee are tried.
    """
    for payee in city.payees.values():
        ways = ways_of(city, payee.account)
        if payee.statements and (first := _first_account(file, known, ways)) and ways_of(city, first) == ways:
            return ways
    return ways_of(city, "")


def _first_account(file: BinaryIO, known: StatementFormat, ways: Options) -> str | None:
    items = known.read(file, ways)
    try:
        first = next(items, None)
    except Broken:
        return None
    finally:
        if isinstance(items, Generator):
            items.close()
        file.seek(0)
    return first.account if isinstance(first, Statement) else None
