"""Whose account a statement is of: the payees' of the town, by IBAN or as a bank writes its own accounts."""

from __future__ import annotations

import re

from hub.cities.model import City
from hub.kit import cz_account

_SERBIAN = re.compile(r"(\d{3})-?(\d{1,13})-?(\d{2})\Z")
_CZECH = re.compile(r"(?:(\d{1,6})-)?(\d{1,10})\Z|(\d{16})\Z")


def payees_of(city: City, account: str) -> list[str]:
    """The payees whose account it is, in the order of city.yaml; several may share one."""
    written = _plain(account)
    return [name for name, payee in city.payees.items() if _same(_plain(payee.account), written)]


def iban_of(city: City, account: str) -> str | None:
    """The account as city.yaml has it; None where it is no payee's."""
    payees = payees_of(city, account)
    return _plain(city.payees[payees[0]].account) if payees else None


def _same(iban: str, written: str) -> bool:
    if iban == written:
        return True
    if iban.startswith("CZ"):
        if "/" in written:
            try:
                return cz_account.iban_of(written) == iban
            except ValueError:
                return False
        # ABO/GPC writes the prefix and the number of its own account, without the bank's code.
        if match := _CZECH.match(written):
            return (match[3] or f"{match[1] or '':0>6}{match[2]:0>10}") == iban[-16:]
    if iban.startswith("RS") and (match := _SERBIAN.match(written)):
        return iban[4:] == f"{match[1]}{match[2]:0>13}{match[3]}"
    return False


def _plain(account: str) -> str:
    return "".join(account.split()).upper()
