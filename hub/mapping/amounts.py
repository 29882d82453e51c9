"""Reads amounts as sources write them: exact, or an error.

A reader is made for one currency and its decimals (EUR 2, JPY 0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hub.kernel.money import Money, NotExact
from hub.mapping.scalars import shorten, text_of

ReadMoney = Callable[[Any], Money | None]
"""From a text (XML) or any scalar (JSON) to an amount, None for a blank text; raises ValueError."""

AmountReader = Callable[[str, int], ReadMoney]
"""Makes a ReadMoney for a currency and its decimals."""

_SPACES = str.maketrans(
    dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}", " ")
    | {"\N{MINUS SIGN}": "-", "\N{RIGHT SINGLE QUOTATION MARK}": "'"}
)
_new = tuple.__new__  # A named tuple's own constructor takes twice as long, and this runs for each amount.

# A JSON number becomes a binary fraction on the way here. Up to 15 digits nothing is lost (IEEE 754 binary64).
_EXACT_DIGITS = 15
_LONGEST = 28  # Nothing that fits into PostgreSQL's bigint is longer, groups and all.
_SAFE_DIGITS = 18  # Any number of 18 digits fits into PostgreSQL's bigint.


def decimal_point(group: str | None) -> AmountReader:
    """`1250.00`; with a group mark also `1,250.00`."""
    return _reader(".", _mark(group, "."))


def decimal_comma(group: str | None) -> AmountReader:
    """`1.250,00` and `1 250,00`; with a group mark, that one only."""
    return _reader(",", _mark(group, ",") if group is not None else None)


def marked(reader: AmountReader, negative: frozenset[str] | None, positive: frozenset[str] | None) -> AmountReader:
    """`1250,00 CR`: amounts with a mark in the same text, before or behind the number.

    With marks for both an amount without one is refused. Raises ValueError for a mark that could be a number.
    """
    if negative is None and positive is None:
        return reader
    if negative is None or negative & (positive or frozenset()):
        raise ValueError("negative is missing, or names a mark that positive has too")
    signs = dict.fromkeys(positive or (), 1) | dict.fromkeys(negative, -1)
    for mark in signs:
        if not mark.strip() or any(sign in "0123456789.,-+' " for sign in mark):
            raise ValueError(f"the mark {mark!r} in negative or positive could be a part of a number")
    return _marked(reader, signs, always=positive is not None)


def _marked(reader: AmountReader, signs: Mapping[str, int], *, always: bool) -> AmountReader:
    longest_first = sorted(signs, key=len, reverse=True)

    def make(currency: str, decimals: int) -> ReadMoney:
        read = reader(currency, decimals)

        def read_marked(value: Any) -> Money | None:
            if not isinstance(value, str) or not (plain := value.strip()):
                return read(value)
            for mark in longest_first:
                if plain.endswith(mark) or plain.startswith(mark):
                    rest = plain.removesuffix(mark) if plain.endswith(mark) else plain.removeprefix(mark)
                    money = read(rest)
                    if money is None or money.minor < 0:
                        raise NotExact(f"{shorten(plain)!r} is not an amount with one mark")
                    return Money(signs[mark] * money.minor, currency)
            if always:
                raise NotExact(f"{shorten(plain)!r} has no mark (known: {', '.join(signs)})")
            return read(value)

        return read_marked

    return make


def in_minor_units(currency: str, decimals: int) -> ReadMoney:  # noqa: ARG001  (an AmountReader)
    def read(value: Any) -> Money | None:
        if isinstance(value, float):
            raise NotExact(f"{value!r} is not a whole number of minor units")
        plain = text_of(value).strip()
        if not plain:
            return None
        digits = plain[1:] if plain[0] in "+-" else plain
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _SAFE_DIGITS):
            raise NotExact(f"{shorten(plain)!r} is not a whole number of minor units")
        return Money(int(plain), currency)

    return read


def _mark(group: str | None, decimal: str) -> str:
    if group is None:
        return ""
    if len(group) != 1 or group.isdigit() or group in {decimal, "-", "+"}:
        raise ValueError(f"group is {group!r}, not one sign other than the decimal mark {decimal!r}")
    return group


def _reader(decimal: str, group: str | None) -> AmountReader:
    """`group` None: a dot or a space, whichever the text has."""
    usual = "." if group is None else group

    def make(currency: str, decimals: int) -> ReadMoney:
        def read(value: Any) -> Money | None:
            if not isinstance(value, str):
                return _number(value, currency)
            # The forms nearly every amount has need no more than this; all others take the careful way.
            whole, _, fraction = value.partition(decimal)
            if usual and usual in whole:
                head, *groups = whole.split(usual)
                if len(head) > 3 or not head or [part for part in groups if len(part) != 3]:
                    head = "?"
                whole = head + "".join(groups)
            digits = whole + fraction
            if (
                len(fraction) == decimals > 0
                and decimals < len(digits) <= _SAFE_DIGITS
                and digits.isascii()
                and digits.isdigit()
            ):
                return _new(Money, (int(digits), currency))
            plain = value.translate(_SPACES).strip()
            if not plain:
                return None
            if len(plain) > _LONGEST:
                raise NotExact(f"{shorten(plain)!r} is too long for an amount")
            if plain[-1] == "-" and plain[0].isdigit():
                plain = "-" + plain[:-1].rstrip()  # SAP and mainframes write the minus behind.
            mark = group if group is not None else (" " if " " in plain else ".")
            return _parse(plain, currency, decimal, mark)

        return read

    return make


def _parse(text: str, currency: str, decimal: str, group: str) -> Money:
    """Raises NotExact, which names the converter that would read it: for whoever writes the mapping."""
    try:
        return Money.parse(text, currency, decimal=decimal, group=group)
    except NotExact as error:
        other, name = (",", "decimal_comma") if decimal == "." else (".", "decimal")
        try:
            Money.parse(text, currency, decimal=other, group=decimal)
        except NotExact:
            raise error from None
        raise NotExact(f"{error}; as: {name} would read it") from None


def _number(value: Any, currency: str) -> Money:
    """A JSON number has no decimal comma and no groups, whatever the mapping says about texts."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        text_of(value)  # Objects and lists say what they are.
        raise NotExact(f"{value!r} is not an amount")
    most = _EXACT_DIGITS if isinstance(value, float) else _LONGEST
    amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not amount.is_finite() or amount.adjusted() > _SAFE_DIGITS:
        raise NotExact(f"{shorten(str(value))} is no amount of money")
    if len(amount.as_tuple().digits) > most:
        raise NotExact(f"a number of more than {most} digits is not exact; the source must send a text")
    return Money.from_decimal(amount, currency)
