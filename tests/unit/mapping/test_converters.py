"""Converters as a mapping names them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.converters import BY_REFERENCE_SCHEME, CONVERTERS, Options
from hub.mapping.model import Kind
from tests.unit.mapping.engine import ZAGREB, json_reason, json_value, reason, value


def convert(name: str, text: str, **options: Any) -> Any:
    return CONVERTERS[name].make(Options(options, ZAGREB))(text)


@pytest.mark.parametrize(
    ("name", "text", "options", "result"),
    [
        ("text", "  Đakovačka ulica  ", {}, "Đakovačka ulica"),
        ("text", "Рачун за воду\n", {}, "Рачун за воду"),
        ("integer", " 12 ", {}, 12),
        ("integer", "-12", {}, -12),
        ("integer", "+12", {}, 12),
        ("integer", "9223372036854775807", {}, 2**63 - 1),
        ("boolean", "true", {}, True),
        ("boolean", "True", {}, True),
        ("boolean", " 1 ", {}, True),
        ("boolean", "FALSE", {}, False),
        ("boolean", "0", {}, False),
        ("boolean", "D", {"true": ["D", "Da"], "false": "N"}, True),
        ("boolean", "N", {"true": ["D", "Da"], "false": "N"}, False),
        ("boolean", "0", {"true": ["D"]}, False),
        ("boolean", "5", {"true": [5], "false": [6]}, True),
        ("hr_reference", "HR01 123-456-789", {}, "HR01 123-456-789"),
        ("hr_reference", "HR01123-456-789", {}, "HR01 123-456-789"),
        ("hr_reference", "hr 01  123-456 -789", {}, "HR01 123-456-789"),
        ("hr_reference", "01 123-456-789", {}, "HR01 123-456-789"),
        ("hr_reference", "HR68 5720-87892589782-00019", {}, "HR68 5720-87892589782-00019"),
        ("hr_reference", "HR99", {}, "HR99"),
        ("hr_reference", "99", {}, "HR99"),
        ("cz_symbol", "0012 345678", {}, "0012345678"),
        ("iso11649", "RF18 5390 0754 7034", {}, "RF18539007547034"),
        ("iso11649", "rf96tu06fx", {}, "RF96TU06FX"),
        ("identifier", "710319/2745", {"scheme": "cz.birth_number"}, "7103192745"),
        *((name, blank, {"scheme": "hr.oib"}, None) for name in CONVERTERS for blank in ("  ",)
          if CONVERTERS[name].kind is not Kind.MONEY),
    ],
)  # fmt: skip
def test_converted(name: str, text: str, options: dict[str, Any], result: Any) -> None:
    assert convert(name, text, **options) == result


@pytest.mark.parametrize(
    ("name", "text", "options", "why"),
    [
        ("integer", "1.5", {}, "'1.5' is not a whole number"),
        ("integer", "1_000", {}, "'1_000' is not a whole number"),
        ("integer", "9223372036854775808", {}, "'9223372036854775808' is not a whole number"),
        ("integer", "--1", {}, "'--1' is not a whole number"),
        ("integer", "٣", {}, "'٣' is not a whole number"),
        ("boolean", "yes", {}, "'yes' is neither true nor false (known: 1, true, 0, false)"),
        ("boolean", "d", {"true": ["D"], "false": ["N"]}, "'d' is neither true nor false (known: D, N)"),
        ("hr_reference", "123-456-789", {}, "'123-456-789' has no model in front of the number, such as HR01"),
        ("hr_reference", "HR", {}, "'HR' has no model in front of the number, such as HR01"),
        ("hr_reference", "HR01", {}, "'HR01' is not a model and a number of digits and hyphens"),
        ("hr_reference", "HR99 123", {}, "'HR99 123' is not a model and a number of digits and hyphens"),
        ("hr_reference", "HR01 123--4", {}, "'HR01 123--4' is not a model and a number of digits and hyphens"),
        ("hr_reference", "HR01 1-2-3-4-5", {}, "'HR01 1-2-3-4-5' is not a model and a number of digits and hyphens"),
        ("hr_reference", "HR01 1234567890123", {}, "is not a model and a number of digits and hyphens"),
        ("hr_reference", "HR01 123456789012-1234567890", {}, "is not a model and a number of digits and hyphens"),
        ("hr_reference", "HR01 12A", {}, "'HR01 12A' is not a model and a number of digits and hyphens"),
        ("cz_symbol", "12345678901", {}, "'12345678901' is not a symbol of up to 10 digits"),
        ("cz_symbol", "12/34", {}, "'12/34' is not a symbol of up to 10 digits"),
        ("iso11649", "RF17539007547034", {}, "'RF17539007547034' is not an ISO 11649 reference"),
        ("iso11649", "539007547034", {}, "'539007547034' is not an ISO 11649 reference"),
        ("identifier", "33392005962", {"scheme": "hr.oib"}, "is not a hr.oib: the check digit does not match"),
    ],
)  # fmt: skip
def test_refused(name: str, text: str, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        convert(name, text, **options)
    assert str(caught.value).endswith(why)


def test_a_long_text_is_shortened_in_the_reason() -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        convert("integer", "x" * 500)
    assert str(caught.value) == f"'{'x' * 59}…' is not a whole number"


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("boolean", {"true": ["D"], "false": ["D", "N"]}, "D stands for true and for false"),
        ("boolean", {"true": []}, "true is not a list of words"),
        ("boolean", {"true": [True]}, "true is not a list of words"),
        ("date", {"format": 5}, "format is not a text"),
        ("identifier", {}, "scheme is missing"),
        ("identifier", {"scheme": "hr.oibb"}, "'hr.oibb' is not a scheme of identifiers (did you mean hr.oib?)"),
        ("datetime", {"timezone": "Europe/Zagrb"}, "'Europe/Zagrb' is not a time zone such as Europe/Zagreb"),
    ],
)
def test_options_that_cannot_be_used(name: str, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        CONVERTERS[name].make(Options(options, ZAGREB))
    assert str(caught.value).startswith(why)


def test_every_reference_scheme_has_a_converter_of_text() -> None:
    assert {CONVERTERS[name].kind for name in BY_REFERENCE_SCHEME.values()} == {Kind.TEXT}


@given(st.text(max_size=40))
def test_any_text_is_converted_or_refused(text: str) -> None:
    for name, converter in CONVERTERS.items():
        if converter.kind is Kind.MONEY:
            continue
        try:
            converter.make(Options({"scheme": "hr.oib"}, ZAGREB))(text)
        except ValueError as error:
            assert str(error), name  # noqa: PT017  (both are answers)


@given(st.from_regex(r"HR(?!99)[0-9]{2} [0-9]{1,6}(-[0-9]{1,6}){0,2}", fullmatch=True))
def test_a_normalised_reference_stays_as_it_is(text: str) -> None:
    assert convert("hr_reference", text) == text
    assert convert("hr_reference", text.replace(" ", "")) == text
    assert convert("hr_reference", text.removeprefix("HR")) == text


# In a mapping: the same for XML and for what JSON has beside texts.


def test_times_in_the_zone_of_the_mapping_of_the_source_and_of_the_field() -> None:
    inside = "<At>2026-07-31T08:00:00</At>"
    assert value("moment", "At", inside).hour == 6
    assert value("moment", "At", inside, "source: { timezone: Europe/Kyiv }").hour == 5
    assert value("moment", "{ from: At, as: datetime, timezone: UTC }", inside).hour == 8


@pytest.mark.parametrize(
    ("name", "spec", "there", "result"),
    [
        ("text", "A", 12, "12"),
        ("text", "A", Decimal("1.10"), "1.10"),
        ("text", "A", 0.5, "0.5"),
        ("text", "A", 1e21, "1000000000000000000000"),
        ("text", "A", True, "true"),
        ("text", "A", " x ", "x"),
        ("text", "A", "two\nlines", "two\nlines"),
        ("text", "A", "", None),
        ("text", "A", None, None),
        ("number", "A", 12, 12),
        ("number", "A", "12", 12),
        ("flag", "A", False, False),
        ("flag", "A", "1", True),
        ("flag", "A", 0, False),
        ("day", "A", "2026-01-31", "2026-01-31"),
        ("day", "{ from: A, as: date, format: '%Y%m%d' }", 20260131, "2026-01-31"),
        ("number", "{ from: A, as: year }", 2026, 2026),
        ("text", "{ from: A, as: identifier, scheme: hr.oib }", 87582274224, "87582274224"),
        ("text", "{ from: A, as: cz_symbol }", "0012", "0012"),
    ],
)
def test_json_scalars(name: str, spec: str, there: Any, result: Any) -> None:
    got = json_value(name, spec, {"A": there})
    assert (got.isoformat() if name == "day" else got) == result


@pytest.mark.parametrize(
    ("name", "spec", "there", "why"),
    [
        ("text", "A", {"x": 1}, "an object stands where one value is expected"),
        ("text", "A", ["x"], "a list stands where one value is expected"),
        ("text", "A", "a\0b", "has the character NUL in it"),
        ("text", "A", "a\ud800", "has half a surrogate pair in it"),
        ("text", "A", float("nan"), "nan stands where one value is expected"),
        ("text", "A", Decimal("1e999999"), "1E+999999 stands where one value is expected"),
        ("number", "A", True, "'true' is not a whole number"),
        ("number", "A", 1.5, "'1.5' is not a whole number"),
        ("flag", "A", 2, "'2' is neither true nor false (known: 1, true, 0, false)"),
        ("day", "A", 20260131, "'20260131' is not a date such as 2026-01-31"),
    ],
)
def test_json_values_that_do_not_fit(name: str, spec: str, there: Any, why: str) -> None:
    assert json_reason(name, spec, {"A": there}) == why


@pytest.mark.parametrize("scheme", ["cz.birth_number", "ua.rnokpp"])
def test_a_number_may_have_lost_its_zeros_where_that_cannot_be_seen(scheme: str) -> None:
    spec = f"{{ from: A, as: identifier, scheme: {scheme} }}"
    # 0103012340 without its zero would be the valid number of a woman born in 1910.
    assert json_reason("text", spec, {"A": 103012340}) == (
        "is written as a number, which loses leading zeros; the source must send a text"
    )
    assert reason("text", spec, "<A>x</A>").startswith(f"is not a {scheme}")
