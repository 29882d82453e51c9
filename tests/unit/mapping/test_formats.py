"""The formats of five countries: dates, amounts and references as their systems write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.kernel.errors import ConfigurationError
from hub.kernel.money import Money
from hub.mapping.compile import compile_mapping
from hub.mapping.converters import CONVERTERS, Options
from tests.unit.mapping.engine import HEAD, TARGETS, ZAGREB, json_value, map_both, one, reason, value, with_field


def convert(name: str, text: str, **options: Any) -> Any:
    return CONVERTERS[name].make(Options(options, ZAGREB))(text)


@pytest.mark.parametrize(
    ("text", "options", "day"),
    [
        ("5.1.2026.", {"format": "%d.%m.%Y."}, date(2026, 1, 5)),
        ("5. 1. 2026.", {"format": "%-d. %-m. %Y."}, date(2026, 1, 5)),
        ("05.01.2026", {"format": "%d.%m.%Y"}, date(2026, 1, 5)),
        ("20260131", {"format": "%Y%m%d"}, date(2026, 1, 31)),
        ("20260131235959", {"format": "%Y%m%d%H%M%S"}, date(2026, 1, 31)),
        ("31.01.49", {"format": "%d.%m.%y", "pivot": 1950}, date(2049, 1, 31)),
        ("31.01.50", {"format": "%d.%m.%y", "pivot": 1950}, date(1950, 1, 31)),
        ("29.02.00", {"format": "%d.%m.%y", "pivot": 1950}, date(2000, 2, 29)),
        ("310126", {"format": "%d%m%y", "pivot": 1970}, date(2026, 1, 31)),
        ("1", {"format": "excel"}, date(1900, 1, 1)),
        ("59", {"format": "excel"}, date(1900, 2, 28)),
        ("61", {"format": "excel"}, date(1900, 3, 1)),
        ("46053", {"format": "excel"}, date(2026, 1, 31)),
        ("46053.999", {"format": "excel"}, date(2026, 1, 31)),
        # Two hours before midnight in London is the next day in Zagreb, in summer.
        ("/Date(1782856800000)/", {"format": "dotnet"}, date(2026, 7, 1)),
        ("/Date(-62135596800000)/", {"format": "dotnet"}, date(1, 1, 1)),
        ("1782856800", {"format": "unix"}, date(2026, 7, 1)),
    ],
)
def test_dates(text: str, options: dict[str, Any], day: date) -> None:
    assert convert("date", text, **options) == day
    assert convert("date", f" {text} ", **options) == day


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("2026111", {"format": "%Y%m%d"}),  # The 11th of January or the 1st of November.
        ("1012026", {"format": "%d%m%Y"}),
        ("20260231", {"format": "%Y%m%d"}),
        ("2026 131", {"format": "%Y%m%d"}),
        ("31.01.2026", {"format": "%d.%m.%y", "pivot": 1950}),
        ("29.02.00", {"format": "%d.%m.%y", "pivot": 1850}),  # 1900 was no leap year.
        ("60", {"format": "excel"}),  # The 29th of February 1900 never was.
        ("-1", {"format": "excel"}),
        ("99999999", {"format": "excel"}),
        ("9999999", {"format": "excel"}),
        ("46053,5", {"format": "excel"}),
        ("/Date(1)", {"format": "dotnet"}),
        ("/Date(999999999999999)/", {"format": "dotnet"}),
        ("1782856800.5", {"format": "unix"}),
    ],
)
def test_what_is_no_date(text: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a date such as"):
        convert("date", text, **options)


@pytest.mark.parametrize(
    ("text", "options", "moment"),
    [
        ("20260701120000", {"format": "%Y%m%d%H%M%S"}, datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("20260701120000", {"format": "%Y%m%d%H%M%S", "timezone": "Europe/Kyiv"}, datetime(2026, 7, 1, 9, tzinfo=UTC)),
        ("20260701120000+0300", {"format": "%Y%m%d%H%M%S%z"}, datetime(2026, 7, 1, 9, tzinfo=UTC)),
        ("1.7.2026. 12:00", {"format": "%-d.%-m.%Y. %H:%M"}, datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("46204.5", {"format": "excel"}, datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("46204.50001157407", {"format": "excel"}, datetime(2026, 7, 1, 10, 0, 1, tzinfo=UTC)),
        ("/Date(1782856800123+0200)/", {"format": "dotnet"}, datetime(2026, 6, 30, 22, 0, 0, 123000, tzinfo=UTC)),
        ("1782856800", {"format": "unix"}, datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("1782856800123", {"format": "unix_ms"}, datetime(2026, 6, 30, 22, 0, 0, 123000, tzinfo=UTC)),
    ],
)
def test_moments(text: str, options: dict[str, Any], moment: datetime) -> None:
    assert convert("datetime", text, **options) == moment


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"format": "%d.%m.%y"}, "has a year of two digits: say by pivot from which year on they count"),
        ({"format": "%d.%m.%Y", "pivot": 1950}, "pivot is for years of two digits"),
        ({"pivot": 1950}, "pivot is for a format with a year of two digits"),
        ({"format": "%d.%m.%y", "pivot": 0}, "pivot is 0, not a year"),
        ({"format": "%d.%m.%y", "pivot": True}, "pivot is not a whole number"),
        ({"format": "%Y%-m%d"}, "has numbers of open length side by side"),
        ({"format": "exel"}, "is neither a pattern of strptime nor one of excel, dotnet, unix, unix_ms"),
    ],
)
def test_a_format_that_cannot_work(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        convert("date", "1", **options)


@pytest.mark.parametrize(
    ("spec", "text", "minor"),
    [
        ("as: decimal_comma", "1 250,00", 125000),
        ("as: decimal_comma", "1\u00a0250,00", 125000),
        ("as: decimal_comma", "1\u202f250,00", 125000),
        ("as: decimal_comma", "1\u2009250,00", 125000),
        ("as: decimal_comma", "1.250,00-", -125000),
        ("as: decimal_comma", "1.250,00 -", -125000),
        ("as: decimal_comma", "\u2212 5,00".replace(" ", ""), -500),
        ('as: decimal, group: "\'"', "1'250.00", 125000),
        ('as: decimal, group: "\'"', "1\u2019250.00", 125000),
        ("as: decimal", "12.50-", -1250),
        ("as: decimal, negative: [CR], positive: [DR]", "1250.00 CR", -125000),
        ("as: decimal, negative: [CR], positive: [DR]", "DR1250.00", 125000),
        ("as: decimal_comma, negative: C", "1.250,00C", -125000),
        ("as: decimal_comma, negative: C", "1.250,00", 125000),
        ("as: decimal_comma, negative: [P], positive: [D, DP]", "5,00 DP", 500),
    ],
)
def test_amounts(spec: str, text: str, minor: int) -> None:
    assert value("amount", f"{{ from: A, currency: EUR, {spec} }}", f"<A>{text}</A>") == Money(minor, "EUR")


@pytest.mark.parametrize(
    ("spec", "text", "why"),
    [
        ("as: decimal_comma", "-5,00-", "'-5,00-' is not an amount"),
        ("as: decimal_comma", "-", "'-' is not an amount"),
        ("as: decimal", "1'250.00", '"1\'250.00" is not an amount'),
        ("as: decimal, negative: [CR], positive: [DR]", "5.00", "'5.00' has no mark (known: DR, CR)"),
        ("as: decimal, negative: [CR]", "-5.00 CR", "'-5.00 CR' is not an amount with one mark"),
        ("as: decimal, negative: [CR]", "5.00 DR", "'5.00 DR' is not an amount"),
        ("as: decimal, negative: [CR]", "CR", "'CR' is not an amount with one mark"),
    ],
)
def test_what_is_no_amount(spec: str, text: str, why: str) -> None:
    assert reason("amount", f"{{ from: A, currency: EUR, {spec} }}", f"<A>{text}</A>") == why


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"positive": ["DR"]}, "negative is missing"),
        ({"negative": ["C"], "positive": ["C"]}, "names a mark that positive has too"),
        ({"negative": ["-"]}, "could be a part of a number"),
        ({"negative": ["9"]}, "could be a part of a number"),
    ],
)
def test_marks_that_cannot_be_ones(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        CONVERTERS["decimal"].make(Options(options, ZAGREB))


@pytest.mark.parametrize(
    ("yes", "no"), [("D", "N"), ("A", "N"), ("ANO", "NE"), ("DA", "NU"), ("так", "ні"), ("1", "0")]
)
def test_words_for_yes_and_no(yes: str, no: str) -> None:
    spec = f"{{ from: A, as: boolean, true: ['{yes}'], false: ['{no}'] }}"
    assert value("flag", spec, f"<A>{yes}</A>") is True
    assert value("flag", spec, f"<A>{no}</A>") is False


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("97 20-12345", "97 20-12345"),
        ("9728-12345a", "97 28-12345A"),
        ("22-223-23456715", "22 223-23456715"),
        ("97163220000111111111000", "97 163220000111111111000"),
        ("00 123", "00 123"),
        ("11-45 6", "11 456"),
    ],
)
def test_serbian_references(text: str, reference: str) -> None:
    assert convert("rs_reference", text) == reference
    assert convert("rs_reference", reference) == reference
    mapping = with_field("references", "[{ scheme: rs.poziv_na_broj, from: A }]")
    for mapped in map_both(mapping, f"<A>{text}</A>", {"A": text}):
        assert one(mapped).values["references"] == (("rs.poziv_na_broj", reference),)


@pytest.mark.parametrize(
    "text", ["97 20-123456", "9728-12345b", "22-223-23456718", "12345", "97", "00123", "97 20-12_3"]
)
def test_what_is_no_serbian_reference(text: str) -> None:
    with pytest.raises(ValueError, match=r"has no model|does not pass|is not model"):
        convert("rs_reference", text)


def test_check_digits_of_croatian_references() -> None:
    assert convert("hr_reference", "HR01 123-456-780") == "HR01 123-456-780"
    assert convert("hr_reference", "01 123-456-789", check=True) == "HR01 123-456-789"
    with pytest.raises(ValueError, match="the check digit of HR01 is wrong"):
        convert("hr_reference", "HR01 123-456-780", check=True)


def test_serbian_in_both_scripts() -> None:
    spec = "{ languages: { sr-Cyrl: { from: A }, sr-Latn: { from: A, as: serbian_latin } } }"
    assert json_value("title", spec, {"A": "Њива у Љигу"}) == {"sr-Cyrl": "Њива у Љигу", "sr-Latn": "Njiva u Ljigu"}


def test_a_table_that_mappings_share(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "colours.yaml").write_text("R: red\n'1': green\n")
    file = tmp_path / "thing.yaml"
    file.write_text(f"{HEAD}fields:\n  colour: {{ from: A, table: {{ file: codes/colours.yaml }} }}\n")
    mapping = compile_mapping(file, TARGETS, timezone=ZAGREB)
    for text, colour in (("R", "red"), ("1", "green")):
        for mapped in map_both(mapping, f"<A>{text}</A>", {"A": text}):
            assert one(mapped).values["colour"] == colour
    (tmp_path / "codes" / "colours.yaml").write_text("R: red\nB: blue\n")
    with pytest.raises(ConfigurationError, match=r"codes/colours\.yaml:2: B: 'blue' is not a choice"):
        compile_mapping(file, TARGETS, timezone=ZAGREB)
    (tmp_path / "codes" / "colours.yaml").write_text("[]\n")
    with pytest.raises(ConfigurationError, match=r"codes/colours\.yaml:1: is not a table of codes"):
        compile_mapping(file, TARGETS, timezone=ZAGREB)
