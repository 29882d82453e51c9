"""The Czech domestic form of an account number, `prefix-number/bank` (ČNB decree 169/2011 Coll.)."""

from __future__ import annotations

import re

from stdnum import iban

_LOCAL = re.compile(r"(?:(?P<prefix>[0-9]{1,6})-)?(?P<number>[0-9]{2,10})/(?P<bank>[0-9]{4})", re.ASCII)
# Weights of the last digit, the one before it, … for the number; the prefix uses as many as it has digits.
_WEIGHTS = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)


def local_account(account: str) -> str | None:
    """`CZ6508000000192000145399` → `19-2000145399/0800`; None for anything but a valid Czech IBAN.

    The domestic form says the same as the IBAN, so it is not checked further; see `validate`.
    """
    if not (account.startswith("CZ") and account.isascii() and iban.is_valid(account)):
        return None
    bank, prefix, number = account[4:8], account[8:14].lstrip("0"), account[14:].lstrip("0")
    return f"{prefix}-{number}/{bank}" if prefix else f"{number}/{bank}"


def iban_of(account: str) -> str:
    """`19-2000145399/0800` → `CZ6508000000192000145399`, checking the form alone. Raises ValueError."""
    parts = _parts(account)
    bban = f"{parts['bank']}{parts['prefix'] or '':0>6}{parts['number']:0>10}"
    return f"CZ{iban.calc_check_digits(f'CZ00{bban}')}{bban}"


def validate(account: str) -> None:
    """Check the form and both check digits (weighted sum modulo 11) of a domestic account number.

    Raises ValueError with the reason. Whether such a bank exists is not asked.
    """
    parts = _parts(account)
    for name in ("prefix", "number"):
        digits = parts[name] or "0"
        if sum(int(digit) * weight for digit, weight in zip(reversed(digits), _WEIGHTS, strict=False)) % 11:
            raise ValueError(f"the {name} of the account does not pass the modulo 11 check")


def _parts(account: str) -> re.Match[str]:
    parts = _LOCAL.fullmatch(account)
    if not parts:
        raise ValueError("a Czech account is written prefix-number/bank, such as 19-2000145399/0800")
    return parts
