"""Money is a whole number of minor units with an ISO 4217 currency: exact, or an error."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact
from typing import NamedTuple

# ISO 4217 (2026) without metals and test codes, and the currencies that older books of European towns are kept
# in. A code that is none (DIN, KN, KČ, EURO) is an error and not a currency of two decimals.
_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
    UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    ATS BGN CSD CYP DEM EEK FIM FRF HRK IEP LTL LVL MTL NLG SIT SKK
"""
_CURRENCIES = frozenset(_CODES.split())

# ISO 4217 (2026), minor units that are not 2. CLDR shows RSD with 0 decimals; the standard says 2 and so do we.
_MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
# PostgreSQL bigint; no town owes more.
_LARGEST = 2**63 - 1
# The default context rounds what has more than 28 digits and says nothing.
_EXACT = Context(prec=60, traps=[Inexact])


class NotExact(ValueError):
    """An amount that is not a whole number of minor units, or not a number at all."""


def minor_units(currency: str) -> int:
    """How many decimals `currency` has (EUR 2, JPY 0)."""
    if currency not in _CURRENCIES:
        raise NotExact(f"{_short(currency)!r} is not an ISO 4217 currency code")
    return _MINOR_UNITS.get(currency, 2)


class Money(NamedTuple):
    """`Money(125000, "EUR")` is 1,250.00 €. Negative amounts are credits."""

    minor: int
    currency: str

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Money:
        """Exact conversion; raises NotExact for fractions of a minor unit, NaN and overflow."""
        decimals = minor_units(currency)
        if not amount.is_finite():
            raise NotExact(f"{_short(amount)} is not an amount")
        # Looked at before it is scaled: 1E+999999 is short to write and long to compute.
        if amount and amount.adjusted() > len(str(_LARGEST)):
            raise NotExact(f"{_short(amount)} {currency} is too large")
        try:
            minor = int(amount.scaleb(decimals, _EXACT).to_integral_exact(context=_EXACT))
        except Inexact as error:
            raise NotExact(f"{_short(amount)} {currency} has fractions of the smallest unit") from error
        if abs(minor) > _LARGEST:
            raise NotExact(f"{_short(amount)} {currency} is too large")
        return cls(minor, currency)

    @classmethod
    def parse(cls, text: str, currency: str, *, decimal: str = ".", group: str = "") -> Money:
        """Read `text` with the given decimal mark and group mark.

        Group marks must stand between groups of three digits, so that `1.25` read with decimal
        comma is an error and not 125.
        """
        plain, group = _plain(text).strip(), _plain(group)
        sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain.removeprefix("+"))
        whole, mark, fraction = digits.partition(decimal)
        if group and group in whole:
            head, *groups = whole.split(group)
            if not 1 <= len(head) <= 3 or any(len(part) != 3 for part in groups):
                raise NotExact(f"{_short(text)!r} has a group mark {group!r} in a wrong place")
            whole = "".join((head, *groups))
        if not (whole.isascii() and whole.isdigit()) or (mark and not (fraction.isascii() and fraction.isdigit())):
            raise NotExact(f"{_short(text)!r} is not an amount")
        return cls.from_decimal(Decimal(f"{sign}{whole}.{fraction or '0'}"), currency)

    def to_decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-minor_units(self.currency))

    def __str__(self) -> str:
        """`1250.00 EUR`: for logs and payloads, never for citizens."""
        return f"{self.to_decimal():f} {self.currency}"


def _plain(text: str) -> str:
    """Spaces and minus signs as a keyboard has them."""
    text = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    return text.replace("\N{MINUS SIGN}", "-")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
