"""Amounts in a request: the converter writes them, `currency` says of what, `sign` where a credit is marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.kernel.money import Money, NotExact, minor_units
from hub.mapping.block import Block
from hub.mapping.converters import CONVERTERS, Options
from hub.mapping.our_record import money_of
from hub.mapping.writers import WRITERS, Write


class Beside(NamedTuple):
    """A further key that a value fills: `to` as it is written, at its block for complaints."""

    to: Block
    make: Callable[[Any], Any]


def amount_writer(spec: Block, name: str, timezone: ZoneInfo) -> tuple[Write, tuple[Beside, ...]]:
    """Raises ConfigurationError where it is not said of which currency the amount is."""
    try:
        put = WRITERS[name].make(Options(spec.value, timezone))
    except ValueError as error:
        options = {**CONVERTERS[name].options, **WRITERS[name].options}
        at = next((option for option in options if option in str(error)), None)
        raise spec.error(str(error), at=at, remedy="Write one sign in quotes.") from error
    fits, currency_beside = _currency(spec)
    sign = spec.get("sign")
    if sign is None:
        return lambda value: put(fits(money_of(value))), currency_beside
    return lambda value: put(_unsigned(fits(money_of(value)))), (*currency_beside, _marked(sign))


def _currency(spec: Block) -> tuple[Callable[[Money], Money], tuple[Beside, ...]]:
    remedy = "Write currency: EUR, or currency: { to: Currency } to send it in a key of its own."
    block = spec.get("currency")
    if block is None:
        raise spec.error("has no currency", remedy=remedy)
    if isinstance(block.value, dict):
        block.keys(("to",))
        to = block.get("to")
        if to is None:
            raise block.error("does not say where the currency goes", remedy=remedy)
        return lambda amount: amount, (Beside(to, lambda value: money_of(value).currency),)
    code = block.text()
    try:
        minor_units(code)
    except NotExact as error:
        raise block.error(str(error), remedy=remedy) from error

    def fits(amount: Money) -> Money:
        if amount.currency != code:
            raise ValueError(f"is an amount in {amount.currency}, and {code} is sent")
        return amount

    return fits, ()


def _unsigned(amount: Money) -> Money:
    return Money(abs(amount.minor), amount.currency)


def _marked(block: Block) -> Beside:
    """`{ to: Side, negative: C, positive: D }`: the amount goes without its sign, and the code beside it says it."""
    remedy = "Write sign: { to: Side, negative: C, positive: D }; without positive a debit has no mark."
    block.keys(("to", "negative", "positive"))
    to, negative, positive = block.get("to"), block.get("negative"), block.get("positive")
    if to is None or negative is None:
        raise block.error("is not complete", remedy=remedy)
    minus = negative.code(negative.value)
    plus = positive.code(positive.value) if positive else None
    if minus == plus:
        raise block.error("has one code for both", at="positive", remedy=remedy)
    return Beside(to, lambda value: minus if money_of(value).minor < 0 else plus)
