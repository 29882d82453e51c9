"""Amounts as a back office reads them: written by one converter's rules and read back by that converter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.kernel.money import Money, NotExact, minor_units
from hub.mapping.amounts import AmountReader
from hub.mapping.converters import CONVERTERS, Options
from hub.mapping.our_record import money_of

Write = Callable[[Any], Any]

_EXACT_DIGITS = 15  # A number of JSON becomes a binary fraction on its way; up to here nothing is lost (IEEE 754).


def amount(name: str, put: Callable[[Money, Options], Any]) -> Callable[[Options], Write]:
    """The maker of a writer for the converter `name`, of which `put` knows the form."""

    def make(options: Options) -> Write:
        reader: AmountReader = CONVERTERS[name].make(options)
        put(Money(0, "EUR"), options)  # Says now what is wrong with the options.

        def write(value: Any) -> Any:
            amount = money_of(value)
            try:
                written = put(amount, options)
                back = reader(amount.currency, minor_units(amount.currency))(written)
            except NotExact:
                raise ValueError("cannot be written exactly") from None
            if back != amount:
                raise ValueError("cannot be written exactly")
            return written

        return write

    return make


def decimal(amount: Money, options: Options) -> str | float:
    if options.flag("number"):
        if len(str(abs(amount.minor))) > _EXACT_DIGITS:
            raise NotExact("too long for a number")
        return float(amount.to_decimal())
    return _written(amount, ".", options)


def decimal_comma(amount: Money, options: Options) -> str:
    return _written(amount, ",", options)


def _written(amount: Money, decimal: str, options: Options) -> str:
    """With the first of the marks behind it, where the mapping names some."""
    marks = options.words_in_order("negative"), options.words_in_order("positive")
    if not any(marks):
        return _grouped(f"{amount.to_decimal():f}", decimal, options.text("group"))
    mark = marks[0] if amount.minor < 0 else marks[1]
    plain = _grouped(f"{abs(amount.to_decimal()):f}", decimal, options.text("group"))
    return f"{plain} {mark[0]}" if mark else plain


def _grouped(plain: str, decimal: str, group: str | None) -> str:
    """`-1250.00` with the marks of a country: `-1.250,00`. No groups where no mark for them is named."""
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    whole, _, fraction = digits.partition(".")
    if group:
        whole = f"{int(whole):,}".replace(",", group)
    return f"{sign}{whole}{decimal + fraction if fraction else ''}"


def in_minor_units(amount: Money, _options: Options) -> int:
    return amount.minor
