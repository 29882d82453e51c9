"""Money: what is printed is read back, and what cannot be exact is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel.core import get_global
from babel.numbers import get_territory_currencies
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel import money
from hub.kernel.money import Money, NotExact, minor_units

MINOR = st.integers(-(2**63 - 1), 2**63 - 1)
CURRENCY = st.sampled_from(["EUR", "CZK", "RSD", "JPY", "KWD", "CLF"])
NBSP, NARROW, MINUS = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("RSD", 2), ("HRK", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]
)
def test_currencies_have_the_decimals_of_the_standard(currency, decimals):
    assert minor_units(currency) == decimals


@pytest.mark.parametrize("code", ["eur", "EURO", "DIN", "KN", "KČ", "", "EUR\n", "XXX", "XAU", "978"])
def test_what_is_no_currency_has_no_decimals(code):
    with pytest.raises(NotExact, match="is not an ISO 4217 currency code"):
        minor_units(code)
    with pytest.raises(NotExact):
        Money.parse("1", code)


def test_every_currency_that_is_money_somewhere_is_known():
    """Against CLDR's list, made by others."""
    day = date(2026, 11, 21)
    current = {
        code
        for territory in get_global("territory_currencies")
        for code in get_territory_currencies(territory, day, day, tender=True)
    }
    assert len(current) > 150
    assert current - money._CURRENCIES == set()
    assert set(money._MINOR_UNITS) <= money._CURRENCIES


@given(MINOR, CURRENCY)
def test_what_is_printed_is_read_back(minor, currency):
    amount = Money(minor, currency)
    text, _, code = str(amount).partition(" ")
    assert code == currency
    assert len(text.partition(".")[2]) == minor_units(currency)
    assert Money.parse(text, currency) == amount
    assert Money.from_decimal(amount.to_decimal(), currency) == amount


@given(MINOR, st.sampled_from([(",", "."), (",", " "), (",", NBSP), (",", NARROW), (".", ","), (".", "'"), (".", "")]))
def test_groups_are_read_back(minor, marks):
    decimal, group = marks
    plain = f"{Money(minor, 'EUR').to_decimal():,.2f}"
    text = plain.translate({ord(","): group, ord("."): decimal, ord("-"): MINUS})
    assert Money.parse(f" {text}{NBSP}", "EUR", decimal=decimal, group=group).minor == minor


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-(10**20), 10**20, places=4), CURRENCY)
def test_a_number_is_taken_exactly_or_refused(number, currency):
    decimals = minor_units(currency)
    exact = number.is_finite() and Decimal(number).scaleb(decimals) % 1 == 0 if abs(number.adjusted()) < 20 else None
    try:
        taken = Money.from_decimal(number, currency)
    except NotExact:
        assert exact is not True or abs(number) * 10**decimals > 2**63 - 1
    else:
        assert taken.to_decimal() == number


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("0.005", "has fractions of the smallest unit"),
        # More digits than the default context keeps: rounded, these would be 1.00 and 0.00.
        ("1.00000000000000000000000000001", "has fractions"),
        ("1E-999999", "has fractions"),
        ("0." + "0" * 100 + "1", "has fractions"),
        ("92233720368547758.08", "is too large"),
        ("-92233720368547758.08", "is too large"),
        ("1E+30", "is too large"),
        ("1E+999999", "is too large"),
        ("NaN", "is not an amount"),
        ("sNaN", "is not an amount"),
        ("-Infinity", "is not an amount"),
    ],
)
def test_a_number_that_is_not_whole_cents_is_refused(number, reason):
    with pytest.raises(NotExact, match=reason) as refusal:
        Money.from_decimal(Decimal(number), "EUR")
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize(
    ("number", "minor"),
    [("92233720368547758.07", 2**63 - 1), ("1." + "0" * 80, 100), ("0E+30", 0), ("-0.00", 0), ("1E+2", 10000)],
)
def test_long_writing_is_no_obstacle(number, minor):
    assert Money.from_decimal(Decimal(number), "EUR") == Money(minor, "EUR")


@pytest.mark.parametrize(
    ("text", "marks", "minor"),
    [
        ("1250", {}, 125000),
        ("1250.5", {}, 125050),
        ("+1250.50", {}, 125050),
        (f"{MINUS}1250,50", {"decimal": ","}, -125050),
        ("1.250,00", {"decimal": ",", "group": "."}, 125000),
        ("1.250", {"decimal": ",", "group": "."}, 125000),
        ("1250,00", {"decimal": ",", "group": "."}, 125000),
        ("007", {}, 700),
        (" 12.30 ", {}, 1230),
    ],
)
def test_texts_as_offices_write_them(text, marks, minor):
    assert Money.parse(text, "EUR", **marks) == Money(minor, "EUR")


@pytest.mark.parametrize("text", ["1.25", "12.50", "1250.000", "1.2500", ".250", "1..250", "1.25.000", "1.250.00"])
def test_a_group_mark_in_a_wrong_place_is_refused(text):
    with pytest.raises(NotExact, match=r"has a group mark '\.' in a wrong place"):
        Money.parse(text, "EUR", decimal=",", group=".")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "+", "--5", "+-5", "-+5", "- 5", ".5", "5.", "1.2.3", "1e3", "1E3", "0x10", "1_000", "NaN",
        "Infinity", "12.30 EUR", "€12", "١٢", "²", "1\n2", "1 250",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(NotExact, match="is not an amount"):
        Money.parse(text, "EUR")


@given(st.text("0123456789.,-+ ' e", max_size=12), st.sampled_from([".", ","]), st.sampled_from(["", ".", " "]))
def test_any_text_is_an_amount_with_its_own_digits_or_refused(text, decimal, group):
    try:
        amount = Money.parse(text, "CZK", decimal=decimal, group=group)
    except NotExact:
        return
    digits = "".join(letter for letter in text if letter.isdigit())
    # Nothing but trailing zeros is added, nothing but zeros is dropped.
    assert str(abs(amount.minor)).strip("0") == digits.strip("0")


def test_an_endless_number_is_refused_in_few_words():
    for text in ("9" * 100_000, "9" * 100_000 + "x", "1." + "1" * 100_000):
        with pytest.raises(NotExact) as refusal:
            Money.parse(text, "EUR")
        assert len(str(refusal.value)) < 100
