"""Each verb of a value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.mapping.model import Drift
from tests.unit.mapping.engine import json_reason, json_value, map_both, one, reason, value, with_field, xml

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def both(name: str, spec: str, inside: str, json: dict[str, Any]) -> Any:
    """The value that XML and JSON agree on."""
    got = value(name, spec, inside)
    assert json_value(name, spec, json) == got
    return got


def test_from() -> None:
    assert both("text", "A", "<A>x</A>", {"A": "x"}) == "x"
    assert both("text", "{ from: A.B.C }", "<A><B><C>x</C></B></A>", {"A": {"B": {"C": "x"}}}) == "x"
    assert both("text", "{ from: A.@b }", '<A b="x"/>', {"A": {"@b": "x"}}) == "x"
    assert value("text", r"{ from: 'a\.b' }", "<a.b>x</a.b>") == "x"
    assert json_value("text", r"{ from: 'a\:b.c\.d' }", {"a:b": {"c.d": "x"}}) == "x"


@pytest.mark.parametrize(
    ("inside", "json"),
    [
        ("", {}),
        ("<A/>", {"A": None}),
        ("<A></A>", {"A": ""}),
        ("<A>  \n </A>", {"A": "  \n "}),
        (f'<A {XSI} xsi:nil="true"/>', {"A": None}),
    ],
)
@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("text", "A"),
        ("title", "{ from: A, language: hr }"),
        ("amount", "{ from: A, as: decimal, currency: EUR }"),
        ("day", "A"),
        ("moment", "A"),
        ("number", "A"),
        ("flag", "A"),
        ("colour", "A"),
        ("colour", "{ from: A, table: { R: red } }"),
        ("text", "{ join: [A, A] }"),
        ("text", "{ first_of: [A, A] }"),
        ("title", "{ languages: { hr: A, en: { constant: x } } }"),
    ],
)
def test_missing_nil_and_empty_are_nothing(name: str, spec: str, inside: str, json: dict[str, Any]) -> None:
    got = both(name, spec, inside, json)
    assert got == ({"en": "x"} if "languages" in spec else None)


def test_table() -> None:
    spec = "{ from: A, table: { K: red, 'P': green, 7: red, true: green } }"
    for code, colour in (("K", "red"), (" P ", "green"), ("7", "red"), ("1", "green"), ("true", "green")):
        assert value("colour", spec, f"<A>{code}</A>") == colour
    assert json_value("colour", spec, {"A": 7}) == "red"
    assert json_value("colour", spec, {"A": True}) == "green"
    assert both("number", "{ from: A, table: { I: 1, II: 2 } }", "<A>II</A>", {"A": "II"}) == 2
    assert both("flag", "{ from: A, table: { D: true, N: false } }", "<A>N</A>", {"A": "N"}) is False
    assert both("text", "{ from: A, table: { 1: 10, NO: Norway } }", "<A>NO</A>", {"A": "NO"}) == "Norway"
    assert value("text", "{ from: A, table: { 0800: Česká spořitelna } }", "<A>0800</A>") == "Česká spořitelna"
    assert value("text", "{ from: A, table: { X: null } }", "<A>X</A>") is None


def test_a_code_written_out_wins_over_a_form_of_a_boolean() -> None:
    spec = "{ from: A, table: { true: red, '1': green } }"
    assert value("colour", spec, "<A>1</A>") == "green"
    assert value("colour", spec, "<A>true</A>") == "red"


def test_a_table_of_localised_texts() -> None:
    spec = "{ from: A, language: hr, table: { K: { hr: Naknada, en: Fee }, P: Porez } }"
    assert value("title", spec, "<A>K</A>") == {"hr": "Naknada", "en": "Fee"}
    assert value("title", spec, "<A>P</A>") == {"hr": "Porez"}


def test_an_unknown_code_is_nothing_and_drift() -> None:
    for mapped in map_both(
        with_field("colour", "{ from: A.B, table: { K: red } }"), "<A><B>Q</B></A>", {"A": {"B": "Q"}}
    ):
        assert one(mapped).values == {"colour": None}
        assert mapped.drift == [Drift("unknown_code", "A.B", "Q")]
    for mapped in map_both(with_field("colour", "A"), "<A>blue</A>", {"A": "blue"}):
        assert one(mapped).values == {"colour": None}
        assert mapped.drift == [Drift("unknown_code", "A", "blue")]
    assert value("colour", "A", "<A>green</A>") == "green"


def test_a_table_may_have_an_entry_for_all_others() -> None:
    assert both("colour", "{ from: A, table: { K: red, '*': green } }", "<A>Q</A>", {"A": "Q"}) == "green"


def test_constant() -> None:
    assert both("text", "{ constant: x }", "", {}) == "x"
    assert both("number", "{ constant: 3 }", "", {}) == 3
    assert both("flag", "{ constant: false }", "", {}) is False
    assert both("colour", "{ constant: red }", "", {}) == "red"
    assert both("day", "{ constant: 2026-01-31 }", "", {}) == date(2026, 1, 31)
    assert both("moment", "{ constant: '2026-01-31T08:00:00' }", "", {}) == datetime(2026, 1, 31, 7, tzinfo=UTC)
    assert both("amount", "{ constant: 12.5, currency: EUR }", "", {}) == Money(1250, "EUR")
    assert both("title", "{ constant: { hr: Naknada, en: Fee } }", "", {}) == {"hr": "Naknada", "en": "Fee"}
    assert both("title", "{ constant: Naknada, language: hr }", "", {}) == {"hr": "Naknada"}
    assert both("keys", "{ constant: [a, b] }", "", {}) == ("a", "b")


def test_first_of() -> None:
    spec = "{ first_of: [A, { from: B }, { constant: z }] }"
    assert both("text", spec, "<A>x</A><B>y</B>", {"A": "x", "B": "y"}) == "x"
    assert both("text", spec, "<A/><B>y</B>", {"A": None, "B": "y"}) == "y"
    assert both("text", spec, "", {}) == "z"


def test_alternatives_share_the_verbs_beside_first_of() -> None:
    spec = "{ first_of: [A, { from: B, as: date }], as: date, format: '%d.%m.%Y' }"
    assert both("day", spec, "<A>31.01.2026</A>", {"A": "31.01.2026"}) == date(2026, 1, 31)
    assert both("day", spec, "<B>2026-01-31</B>", {"B": "2026-01-31"}) == date(2026, 1, 31)
    spec = "{ first_of: [A, { constant: 1 }], as: decimal, currency: EUR }"
    assert both("amount", spec, "", {}) == Money(100, "EUR")
    spec = "{ first_of: [A, { from: B, table: { K: Naknada } }, { languages: { en: C } }], language: hr }"
    assert both("title", spec, "<B>K</B>", {"B": "K"}) == {"hr": "Naknada"}
    assert both("title", spec, "<C>x</C>", {"C": "x"}) == {"en": "x"}
    spec = "{ first_of: [{ from: A, table: { K: red } }, B], table: { P: green } }"
    assert both("colour", spec, "<B>P</B>", {"B": "P"}) == "green"
    assert both("keys", "{ first_of: [A, B] }", "<B>x</B>", {"B": ["x"]}) == ("x",)


def test_a_bad_first_alternative_is_an_error_unless_it_is_lenient() -> None:
    assert reason("number", "{ first_of: [A, B] }", "<A>x</A><B>1</B>") == "'x' is not a whole number"
    mapped = with_field("number", "{ first_of: [A, B], lenient: true }").map(
        xml("<Item><Id>1</Id><A>x</A><B>1</B></Item>")
    )
    assert one(mapped).values == {"number": 1}
    assert mapped.drift == [Drift("lenient", "A", "x")]


def test_join() -> None:
    spec = "{ join: [A, { from: B }, C] }"
    inside, json = "<A>Ana</A><B/><C>Horvat</C>", {"A": "Ana", "B": None, "C": "Horvat"}
    assert both("text", spec, inside, json) == "Ana Horvat"
    assert both("text", "{ join: [A, C], with: ', ' }", "<A>1</A><C>2</C>", {"A": 1, "C": 2}) == "1, 2"
    assert both("text", "{ join: [A, C], with: '' }", "<A>1</A><C>2</C>", {"A": 1, "C": 2}) == "12"


def test_a_join_of_constants_and_nothing_is_nothing() -> None:
    spec = "{ join: [{ constant: HR01 }, A], as: hr_reference }"
    assert both("text", spec, "<A>123-456</A>", {"A": "123-456"}) == "HR01 123-456"
    assert both("text", spec, "<A/>", {"A": ""}) is None


def test_what_is_joined_is_converted_together() -> None:
    spec = "{ join: [D, T], as: datetime, format: '%d.%m.%Y %H:%M' }"
    got = both("moment", spec, "<D>31.01.2026</D><T>08:00</T>", {"D": "31.01.2026", "T": "08:00"})
    assert got == datetime(2026, 1, 31, 7, tzinfo=UTC)
    assert reason("moment", spec, "<D>31.01.2026</D>").startswith("'31.01.2026' is not a moment")


def test_split_takes_a_part() -> None:
    inside, json = "<A>2026 / 00123 / K</A>", {"A": "2026 / 00123 / K"}
    assert both("number", "{ from: A, split: { by: /, part: 1 } }", inside, json) == 2026
    assert both("text", "{ from: A, split: { by: /, part: 2 } }", inside, json) == "00123"
    assert both("colour", "{ from: A, split: { by: /, part: -1 }, table: { K: red } }", inside, json) == "red"
    assert both("text", "{ from: A, split: { by: /, part: 4 } }", inside, json) is None
    assert both("text", "{ from: A, split: { by: /, part: -4 } }", inside, json) is None
    assert both("text", "{ from: A, split: { by: /, part: 2 } }", "<A>1//3</A>", {"A": "1//3"}) is None


def test_texts_are_all_at_a_path_and_can_be_split() -> None:
    inside = "<K><V>a</V><V/><V> b </V></K><K><V>c</V></K>"
    assert value("keys", "K.V", inside) == ("a", "b", "c")
    assert json_value("keys", "K.V", {"K": [{"V": ["a", None, " b "]}, {"V": "c"}]}) == ("a", "b", "c")
    assert both("keys", "{ from: A, split: ';' }", "<A>a; b;;c</A>", {"A": "a; b;;c"}) == ("a", "b", "c")
    assert both("keys", "A", "", {}) == ()
    assert both("keys", "{ from: A, default: [x] }", "", {}) == ("x",)
    assert both("keys", "{ from: A, empty: ['-'] }", "<A>-</A><A>b</A>", {"A": ["-", "b"]}) == ("b",)
    assert both("keys", "{ from: A, as: cz_symbol }", "<A>007</A>", {"A": "007"}) == ("007",)


def test_a_bad_one_among_texts() -> None:
    assert reason("keys", "{ from: A, as: cz_symbol }", "<A>1</A><A>x</A>") == "'x' is not a symbol of up to 10 digits"
    mapped = with_field("keys", "{ from: A, as: cz_symbol, lenient: true }").map(
        xml("<Item><Id>1</Id><A>1</A><A>x</A></Item>")
    )
    assert one(mapped).values == {"keys": ("1",)}
    assert mapped.drift == [Drift("lenient", "A", "x")]


def test_money() -> None:
    spec = "{ from: A, as: decimal_comma, currency: EUR }"
    assert both("amount", spec, "<A>1.250,00</A>", {"A": "1.250,00"}) == Money(125000, "EUR")
    assert json_reason("amount", spec, {"A": 1.125}) == "1.125 EUR has fractions of the smallest unit"
    assert json_value("amount", spec, {"A": 1250}) == Money(125000, "EUR")
    assert json_value("amount", "{ from: A, as: minor_units, currency: EUR }", {"A": 1250}) == Money(1250, "EUR")
    spec = "{ from: A, as: decimal, group: ',', currency: EUR }"
    assert both("amount", spec, "<A>1,250.00</A>", {"A": "1,250.00"}) == Money(125000, "EUR")
    assert (
        reason("amount", spec, "<A>1,25</A>")
        == "'1,25' has a group mark ',' in a wrong place; as: decimal_comma would read it"
    )
    assert reason("amount", "{ from: A, as: decimal, currency: EUR }", "<A>1.250,00</A>") == (
        "'1.250,00' is not an amount; as: decimal_comma would read it"
    )
    assert reason("amount", "{ from: A, as: decimal, currency: EUR }", "<A>x</A>") == "'x' is not an amount"


def test_a_number_of_json_stays_one_behind_empty() -> None:
    spec = "{ from: A, as: decimal_comma, currency: EUR, empty: ['-'] }"
    assert json_value("amount", spec, {"A": 1250.5}) == Money(125050, "EUR")
    assert both("amount", spec, "<A>-</A>", {"A": "-"}) is None


def test_the_currency_from_the_record() -> None:
    spec = "{ from: A, as: decimal, currency: { from: C } }"
    assert both("amount", spec, "<A>5</A><C>CZK</C>", {"A": "5", "C": "CZK"}) == Money(500, "CZK")
    assert both("amount", spec, "<A>5</A><C>JPY</C>", {"A": "5", "C": "JPY"}) == Money(5, "JPY")
    assert both("amount", spec, "<C>CZK</C>", {"C": "CZK"}) is None
    assert reason("amount", spec, "<A>5</A>") == "has no currency in this record"
    assert reason("amount", spec, "<A>5</A><C>Kč</C>") == "'Kč' is not an ISO 4217 currency code"
    spec = "{ from: A, as: decimal, currency: { from: C, table: { Kč: CZK, €: EUR } } }"
    assert both("amount", spec, "<A>5</A><C>Kč</C>", {"A": "5", "C": "Kč"}) == Money(500, "CZK")


def test_sign() -> None:
    spec = '{ from: V, as: decimal, currency: EUR, sign: { from: S, negative: ["-", D] } }'
    for mark, minor in (("+", 500), ("-", -500), (" D ", -500), ("", 500)):
        assert both("amount", spec, f"<V>5</V><S>{mark}</S>", {"V": "5", "S": mark}) == Money(minor, "EUR")
    assert both("amount", spec, "<V>5</V>", {"V": "5"}) == Money(500, "EUR")
    assert both("amount", spec, "<V>-5</V><S>+</S>", {"V": "-5", "S": "+"}) == Money(-500, "EUR")
    assert both("amount", spec, "<S>-</S>", {"S": "-"}) is None
    assert reason("amount", spec, "<V>-5</V><S>-</S>") == "has a minus of its own beside a sign that says minus"
    assert json_value("amount", "{ from: V, as: decimal, currency: EUR, sign: { from: S, negative: true } }",
                      {"V": 5, "S": True}) == Money(-500, "EUR")  # fmt: skip


def test_languages() -> None:
    spec = "{ languages: { hr: A, en: { constant: Fee }, sr-Cyrl: { join: [B, C] } } }"
    got = both(
        "title", spec, "<A>Naknada</A><B>Рачун</B><C>за воду</C>", {"A": "Naknada", "B": "Рачун", "C": "за воду"}
    )
    assert got == {"hr": "Naknada", "en": "Fee", "sr-Cyrl": "Рачун за воду"}
    assert both("title", "{ from: A, language: cs }", "<A>Žádost</A>", {"A": "Žádost"}) == {"cs": "Žádost"}
    assert both("title", "{ join: [A, B], language: hr }", "<A>x</A><B>y</B>", {"A": "x", "B": "y"}) == {"hr": "x y"}


def test_lenient() -> None:
    for mapped in map_both(with_field("day", "{ from: A, lenient: true }"), "<A>31.2.2026</A>", {"A": "31.2.2026"}):
        assert one(mapped).values == {"day": None}
        assert mapped.drift == [Drift("lenient", "A", "99.9.9999")]
    assert value("day", "{ from: A, lenient: true }", "<A>2026-01-31</A>") == date(2026, 1, 31)
    assert value("day", "{ from: A, lenient: false }", "<A>2026-01-31</A>") == date(2026, 1, 31)


def test_default() -> None:
    assert both("text", "{ from: A, default: x }", "<A/>", {}) == "x"
    assert both("text", "{ from: A, default: x }", "<A>y</A>", {"A": "y"}) == "y"
    assert both("amount", "{ from: A, as: decimal, currency: EUR, default: 0 }", "", {}) == Money(0, "EUR")
    assert both("title", "{ from: A, language: hr, default: Račun }", "", {}) == {"hr": "Račun"}
    mapped = with_field("colour", "{ from: A, table: { K: red }, default: green }").map({"Id": 1, "A": "Q"})
    assert one(mapped).values == {"colour": "green"}
    assert mapped.drift == [Drift("unknown_code", "A", "Q")]


def test_empty_are_texts_that_mean_nothing() -> None:
    spec = "{ from: A, as: date, empty: ['0001-01-01T00:00:00', '-', 0] }"
    for text in ("0001-01-01T00:00:00", " - ", "0"):
        assert both("day", spec, f"<A>{text}</A>", {"A": text}) is None
    assert json_value("day", spec, {"A": 0}) is None
    assert both("day", spec, "<A>2026-01-31</A>", {"A": "2026-01-31"}) == date(2026, 1, 31)
    assert both("colour", "{ from: A, table: { K: red }, empty: X }", "<A>X</A>", {"A": "X"}) is None


def test_references() -> None:
    spec = """
    - { scheme: cz.variable_symbol, from: VS }
    - { scheme: cz.specific_symbol, from: SS }
    - { scheme: hr.poziv_na_broj, join: [M, P] }
    - { scheme: text, from: T, as: text }
    - { scheme: iso11649, from: RF }"""
    inside = "<VS>0012</VS><SS/><M>01</M><P>123-456</P><RF>RF18 5390 0754 7034</RF>"
    json = {"VS": "0012", "SS": None, "M": "01", "P": "123-456", "RF": "RF18 5390 0754 7034"}
    assert both("references", spec, inside, json) == (
        Reference("cz.variable_symbol", "0012"),
        Reference("hr.poziv_na_broj", "HR01 123-456"),
        Reference("iso11649", "RF18539007547034"),
    )
    assert both("references", "[{ scheme: x.y, from: A }]", "", {}) == ()
    assert both("references", "[{ scheme: hr.poziv_na_broj, from: A, as: text }]", "<A>any</A>", {"A": "any"}) == (
        Reference("hr.poziv_na_broj", "any"),
    )
    assert reason("references", "[{ scheme: cz.variable_symbol, from: A }]", "<A>x</A>") == (
        "'x' is not a symbol of up to 10 digits"
    )


def test_a_comment_does_not_cut_a_value_in_two() -> None:
    document = xml("<Item><Id>1</Id><A>12<!-- a -->3<?pi x?>4</A><!-- b --></Item>")
    mapping = with_field("number", "A")
    assert one(mapping.map(document)).values == {"number": 1234}
    assert mapping.map(document).drift == []
    assert len(list(document.iter())) == 6  # The document itself is left as it was.
