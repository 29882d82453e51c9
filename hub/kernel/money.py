"""Money is a whole number of minor units with an ISO 4217 currency: exact, or an error."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

# ISO 4217 (2026), minor units that are not 2. CLDR shows RSD with 0 decimals; the standard says 2 and so do we.
_MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
# PostgreSQL bigint; no town owes more.
_LARGEST = 2**63 - 1


class NotExact(ValueError):
    """An amount that is not a whole number of minor units, or not a number at all."""


def minor_units(currency: str) -> int:
    """How many decimals `currency` has (EUR 2, JPY 0)."""
    if not _CURRENCY.match(currency):
        raise NotExact(f"{currency!r} is not an ISO 4217 currency code")
    return _MINOR_UNITS.get(currency, 2)


class Money(NamedTuple):
    """`Money(125000, "EUR")` is 1,250.00 €. Negative amounts are credits."""

    minor: int
    currency: str

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Money:
        """Exact conversion; raises NotExact for fractions of a minor unit, NaN and overflow."""
        if not amount.is_finite():
            raise NotExact(f"{amount} is not an amount")
        scaled = amount.scaleb(minor_units(currency))
        if scaled != scaled.to_integral_value():
            raise NotExact(f"{amount} {currency} has fractions of the smallest unit")
        minor = int(scaled)
        if abs(minor) > _LARGEST:
            raise NotExact(f"{amount} {currency} is too large")
        return cls(minor, currency)

    @classmethod
    def parse(cls, text: str, currency: str, *, decimal: str = ".", group: str = "") -> Money:
        """Read `text` with the given decimal mark and group mark.

        Group marks must stand between groups of three digits, so that `1.25` read with decimal
        comma is an error and not 125.
        """
        plain = text.strip().replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
        plain = plain.replace("\N{MINUS SIGN}", "-")
        sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain.removeprefix("+"))
        whole, mark, fraction = digits.partition(decimal)
        if group and group in whole:
            head, *groups = whole.split(group)
            if not 1 <= len(head) <= 3 or any(len(part) != 3 for part in groups):
                raise NotExact(f"{text!r} has a group mark {group!r} in a wrong place")
            whole = "".join((head, *groups))
        if not (whole.isascii() and whole.isdigit()) or (mark and not (fraction.isascii() and fraction.isdigit())):
            raise NotExact(f"{text!r} is not an amount")
        try:
            return cls.from_decimal(Decimal(f"{sign}{whole}.{fraction or '0'}"), currency)
        except InvalidOperation as error:
            raise NotExact(f"{text!r} is not an amount") from error

    def to_decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-minor_units(self.currency))

    def __str__(self) -> str:
        """`1250.00 EUR`: for logs and payloads, never for citizens."""
        return f"{self.to_decimal():f} {self.currency}"
