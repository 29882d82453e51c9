"""Amounts: exact or an error, quickly or carefully with the same result."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hub.kernel.money import Money, NotExact, minor_units
from hub.mapping.amounts import AmountReader, decimal_comma, decimal_point, in_minor_units

POINT = decimal_point(None)
POINT_GROUPED = decimal_point(",")
COMMA = decimal_comma(None)


def minor(reader: AmountReader, value: Any, currency: str = "EUR") -> int | None:
    money = reader(currency, minor_units(currency))(value)
    assert money is None or money == Money(money.minor, currency)
    return None if money is None else money.minor


@pytest.mark.parametrize(
    ("reader", "value", "units"),
    [
        (POINT, "1250.00", 125000),
        (POINT, "0.05", 5),
        (POINT, "1250", 125000),
        (POINT, "1250.5", 125050),
        (POINT, " -12.50\n", -1250),
        (POINT, "+12.50", 1250),
        (POINT, "\N{MINUS SIGN}12.50", -1250),
        (POINT, "12.5000", 1250),
        (POINT, "92233720368547758.07", 2**63 - 1),
        (POINT_GROUPED, "1,250.00", 125000),
        (POINT_GROUPED, "1,250,000.00", 125000000),
        (POINT_GROUPED, "1250.00", 125000),
        (COMMA, "1.250,00", 125000),
        (COMMA, "12.345.678,90", 1234567890),
        (COMMA, "1250,00", 125000),
        (COMMA, "1 250,00", 125000),
        (COMMA, "1\N{NO-BREAK SPACE}250,00", 125000),
        (COMMA, "1\N{NARROW NO-BREAK SPACE}250 000,00", 125000000),
        (COMMA, "1.250", 125000),
        (COMMA, "-1.250,00", -125000),
        (COMMA, "0,01", 1),
        (decimal_comma("'"), "1'250,00", 125000),
        (in_minor_units, "125000", 125000),
        (in_minor_units, " -5 ", -5),
        (in_minor_units, 125000, 125000),
    ],
)
def test_read(reader: AmountReader, value: Any, units: int) -> None:
    assert minor(reader, value) == units


@pytest.mark.parametrize("reader", [POINT, COMMA, in_minor_units])
@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_text_is_nothing(reader: AmountReader, blank: str) -> None:
    assert minor(reader, blank) is None


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (POINT, "1,250.00"),
        (POINT, "12.505"),
        (POINT, "12.50.00"),
        (POINT, ".50"),
        (POINT, "12 50"),
        (POINT, "1e3"),
        (POINT, "NaN"),
        (POINT, "1_000.00"),
        (POINT, "١٢.٥٠"),
        (POINT, "--1.00"),
        (POINT, "92233720368547758.08"),
        (POINT, "0.0100000000000000000000000000001"),
        (POINT, "12.50 EUR"),
        (POINT_GROUPED, "1,25.00"),
        (POINT_GROUPED, "12,5,000.00"),
        (COMMA, "1.25"),
        (COMMA, "1.25,00"),
        (COMMA, "1250.000,00"),
        (COMMA, ".250,00"),
        (COMMA, "1..250,00"),
        (COMMA, "1,250,00"),
        (COMMA, "1.250 000,00"),
        (decimal_comma("'"), "1.250,00"),
        (in_minor_units, "12.50"),
        (in_minor_units, "12.0"),
        (in_minor_units, 12.5),
        (in_minor_units, "1" * 19),
        (in_minor_units, "1_0"),
    ],
)
def test_refused(reader: AmountReader, value: Any) -> None:
    with pytest.raises(NotExact):
        minor(reader, value)


@pytest.mark.parametrize(
    ("currency", "text", "units"),
    [("JPY", "1250", 1250), ("KWD", "1.250", 1250), ("RSD", "10.00", 1000), ("HRK", "7.53", 753)],
)
def test_decimals_are_those_of_the_currency(currency: str, text: str, units: int) -> None:
    assert minor(POINT, text, currency) == units
    with pytest.raises(NotExact):
        minor(POINT, text + "1", "JPY") if currency == "KWD" else minor(POINT, "0.0001", currency)


@pytest.mark.parametrize("text", ["1250.", "1250.5", "1.250,"])
def test_a_currency_without_decimals(text: str) -> None:
    for reader in (POINT, COMMA):
        with pytest.raises(NotExact):
            minor(reader, text, "JPY")
    assert minor(COMMA, "1.250", "JPY") == 1250


@pytest.mark.parametrize(
    ("value", "units"),
    [(1250, 125000), (12.5, 1250), (0.1, 10), (1125.05, 112505), (Decimal("12.50"), 1250), (-3, -300), (0, 0)],
)
@pytest.mark.parametrize("reader", [POINT, COMMA])
def test_a_json_number_has_no_decimal_comma(reader: AmountReader, value: Any, units: int) -> None:
    assert minor(reader, value) == units


@pytest.mark.parametrize(
    "value",
    [
        True,
        {"minor": 1},
        [1],
        0.1 + 0.2,
        1.125,
        float("nan"),
        float("inf"),
        1e22,
        10**30,
        Decimal("1e999999"),
        Decimal("1e-999999"),
        Decimal("0.0100000000000000000000000000001"),
        Decimal("Infinity"),
        1234567890123.4567,
    ],
)
def test_a_json_value_that_is_no_exact_amount(value: Any) -> None:
    for reader in (POINT, COMMA):
        with pytest.raises(ValueError, match=r"\w"):
            minor(reader, value)


@pytest.mark.parametrize("group", ["", "..", "1", "-", "+", "."])
def test_a_group_mark_that_cannot_be_one(group: str) -> None:
    with pytest.raises(ValueError, match="not one sign other than the decimal mark"):
        decimal_point(group)


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["EUR", "JPY", "KWD"]))
@example(5, "EUR")
def test_every_amount_comes_back(units: int, currency: str) -> None:
    money = Money(units, currency)
    plain = f"{money.to_decimal():f}"
    grouped = f"{money.to_decimal():,f}"
    assert minor(POINT, plain, currency) == units
    assert minor(POINT_GROUPED, grouped, currency) == units
    assert minor(COMMA, grouped.translate(str.maketrans(",.", ".,")), currency) == units
    assert minor(COMMA, grouped.replace(",", " ").replace(".", ","), currency) == units
    assert minor(COMMA, plain.replace(".", ","), currency) == units
    assert minor(in_minor_units, str(units), currency) == units if abs(units) < 10**18 else True
    assert minor(POINT, money.to_decimal(), currency) == units


@given(st.text("0123456789.,- +\u00a0", max_size=16))
def test_the_quick_way_and_the_careful_way_agree(text: str) -> None:
    assume(not (text.strip()[:1].isdigit() and text.strip().endswith("-")))  # Money.parse knows no minus behind.
    for reader, decimal, group in ((POINT, ".", ""), (POINT_GROUPED, ".", ",")):
        try:
            expected = Money.parse(text, "EUR", decimal=decimal, group=group).minor if text.strip() else None
        except NotExact:
            with pytest.raises(NotExact):
                minor(reader, text)
        else:
            assert minor(reader, text) == expected


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for reader in (POINT, POINT_GROUPED, COMMA, in_minor_units):
        try:
            assert isinstance(minor(reader, text), int | None)
        except ValueError as error:
            assert len(str(error)) < 200  # noqa: PT017  (both are answers)
