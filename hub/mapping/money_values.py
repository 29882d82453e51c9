"""Amounts: the converter reads them, `currency` says of what they are, `sign` says which way they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.kernel.money import Money, NotExact, minor_units
from hub.mapping import shaping
from hub.mapping.amounts import AmountReader, ReadMoney, decimal_point
from hub.mapping.block import Block
from hub.mapping.context import Context, path_block
from hub.mapping.converters import CONVERTERS, Options
from hub.mapping.group import Value
from hub.mapping.layout import Raw
from hub.mapping.model import Field, Kind
from hub.mapping.run import Run
from hub.mapping.shaping import Shape, code_texts

CompileValue = Callable[[Context, Block, Field], Value]


def shape(context: Context, spec: Block, field: Field, compile_value: CompileValue) -> Shape:
    name = shaping.converter_name(spec, field)
    try:
        reader: AmountReader = CONVERTERS[name].make(Options(spec.value, context.timezone))
    except ValueError as error:
        raise spec.error(str(error), remedy="Write one sign in quotes.", at="group") from error
    block = spec.get("currency")
    if block is None:
        raise spec.error("has no currency", remedy="Add currency: EUR, or currency: { from: path }.")
    if isinstance(block.value, str):
        amount = _fixed(reader, _code(block))
    else:
        amount = _varying(reader, compile_value(context, block, Field(Kind.TEXT, "A currency.")))
    sign = spec.get("sign")
    return amount if sign is None else _signed(context, amount, sign)


def constant(block: Block, spec: Block) -> Money:
    """An amount written in the mapping: `{ constant: "12.50", currency: EUR }`."""
    currency = spec.get("currency")
    if currency is None or not isinstance(currency.value, str):
        raise spec.error("an amount written here needs a currency written here", remedy="Add currency: EUR.")
    code = _code(currency)
    try:
        amount = decimal_point(None)(code, minor_units(code))(str(block.value))
    except NotExact as error:
        raise block.error(str(error), remedy='Write "12.50".') from error
    if amount is None:
        raise block.error("is empty", remedy='Write "12.50".')
    return amount


def _code(block: Block) -> str:
    code = block.text()
    try:
        minor_units(code)
    except NotExact as error:
        raise block.error(str(error), remedy="Write EUR, or { from: path } for a path.") from error
    return code


def _fixed(reader: AmountReader, currency: str) -> Shape:
    read = reader(currency, minor_units(currency))
    return shaping.pure_shape(read, read)


def _varying(reader: AmountReader, currency: Value) -> Shape:
    readers: dict[str, ReadMoney] = {}
    currency_of = currency.build

    def full(value: Any, raw: Raw, run: Run) -> Money | None:
        code = currency_of(raw, run)
        if code is None:
            raise NotExact("has no currency in this record")
        read = readers.get(code)
        if read is None:
            read = readers[code] = reader(code, minor_units(code))
        return read(value)

    return Shape(full, slots=currency.slots)


def _signed(context: Context, amount: Shape, block: Block) -> Shape:
    """`{ from: path, negative: [codes] }`: amounts with one of these codes beside them are credits."""
    block.keys(("from", "negative"))
    codes = block.get("negative")
    if codes is None or block.get("from") is None:
        raise block.error("is not complete", remedy='Write sign: { from: path, negative: ["-"] }.')
    slot = context.slot(path_block(block, "from"))
    negative = frozenset(text for code in codes.codes() for text in code_texts(code))
    full_amount, text_of = amount.full, context.medium.text_of

    def full(value: Any, raw: Raw, run: Run) -> Money | None:
        money: Money | None = full_amount(value, raw, run)
        mark = raw[slot]
        if money is None or mark is None or text_of(mark).strip() not in negative:
            return money
        if money.minor < 0:
            raise NotExact("has a minus of its own beside a sign that says minus")
        return Money(-money.minor, money.currency)

    return Shape(full, slots=(*amount.slots, slot))
