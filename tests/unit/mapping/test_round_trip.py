"""What a request writes, the mapping reads back: the same value, as XML and as JSON, for every converter there is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from stdnum import iso11649
from stdnum.iso7064 import mod_11_10, mod_97_10

from hub.kernel.money import Money
from hub.kit.hr_reference import mod11ini
from hub.mapping.converters import CONVERTERS
from hub.mapping.problems import MappingProblem
from hub.mapping.request import compile_request
from hub.mapping.writers import WRITERS
from tests.unit.mapping.engine import ZAGREB, one, with_field

# What XML can carry, without white space around it: reading takes that away.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and bool(text)
)
DAYS = st.dates(date(1000, 1, 1), date(9998, 12, 31))
MOMENTS = st.datetimes(datetime(1900, 3, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SECONDS = MOMENTS.map(lambda moment: moment.replace(microsecond=0))
AMOUNTS = st.integers(-(10**17), 10**17).map(lambda minor: Money(minor, "EUR"))
NUMBERS = st.integers(-(10**15) + 1, 10**15 - 1).map(lambda minor: Money(minor, "EUR"))
DIGITS = st.text("0123456789", min_size=1, max_size=9)
OIBS = st.text("0123456789", min_size=10, max_size=10).map(lambda head: head + mod_11_10.calc_check_digit(head))
HR01 = DIGITS.map(lambda number: f"HR01 {number}{mod11ini(number)}")
RS97 = DIGITS.map(lambda number: f"97 {mod_97_10.calc_check_digits(number)}-{number}")

CASES: list[tuple[str, str, str, st.SearchStrategy[Any]]] = [
    ("text", "text", "", TEXTS),
    ("integer", "number", "", st.integers(-(2**63) + 1, 2**63 - 1)),
    ("year", "number", "", st.integers(1000, 9999)),
    ("boolean", "flag", "", st.booleans()),
    ("boolean", "flag", "true: [D, DA], false: [N, NE]", st.booleans()),
    ("boolean", "flag", "true: [ANO], false: [NE]", st.booleans()),
    ("boolean", "flag", "true: так, false: ні", st.booleans()),
    ("boolean", "flag", "true: [1], false: [0]", st.booleans()),
    ("date", "day", "", DAYS),
    *(("date", "day", f"format: '{pattern}'", DAYS)
      for pattern in ("%d.%m.%Y", "%-d. %-m. %Y.", "%d.%m.%Y.", "%Y%m%d", "%d/%m/%Y", "%Y-%j")),
    ("date", "day", "format: '%d.%m.%y', pivot: 1930", st.dates(date(1930, 1, 1), date(2029, 12, 31))),
    ("date", "day", "format: excel", st.dates(date(1900, 1, 1), date(9998, 12, 31))),
    ("datetime", "moment", "", MOMENTS),
    ("datetime", "moment", "format: '%Y-%m-%d %H:%M:%S %z'", SECONDS),
    ("datetime", "moment", "format: '%Y%m%d%H%M%S', timezone: UTC", SECONDS),
    ("datetime", "moment", "format: excel, timezone: UTC", SECONDS),
    ("datetime", "moment", "format: dotnet", SECONDS),
    ("datetime", "moment", "format: unix", SECONDS),
    ("datetime", "moment", "format: unix_ms", SECONDS),
    ("decimal", "amount", "currency: EUR", AMOUNTS),
    ("decimal", "amount", "currency: EUR, group: ','", AMOUNTS),
    ("decimal", "amount", "currency: EUR, group: \"'\"", AMOUNTS),
    ("decimal", "amount", "currency: EUR, negative: [CR], positive: [DR]", AMOUNTS),
    ("decimal_comma", "amount", "currency: EUR", AMOUNTS),
    ("decimal_comma", "amount", "currency: EUR, group: '.'", AMOUNTS),
    ("decimal_comma", "amount", "currency: EUR, group: ' '", AMOUNTS),
    ("decimal_comma", "amount", "currency: EUR, negative: C", AMOUNTS),
    ("minor_units", "amount", "currency: EUR", AMOUNTS),
    ("hr_reference", "text", "", HR01),
    ("hr_reference", "text", "check: true", HR01),
    ("rs_reference", "text", "", RS97),
    ("cz_symbol", "text", "", st.text("0123456789", min_size=1, max_size=10)),
    ("iso11649", "text", "", DIGITS.map(lambda number: f"RF{mod_97_10.calc_check_digits(number + 'RF')}{number}")),
    ("identifier", "text", "scheme: hr.oib", OIBS),
    ("serbian_latin", "text", "", st.text("abčćžšđĐŠ -", min_size=1).map(str.strip).filter(bool)),
]  # fmt: skip


def test_every_converter_is_among_them() -> None:
    assert {name for name, *_ in CASES} == set(CONVERTERS) == set(WRITERS) - {"base64"}


def test_the_generated_references_are_good() -> None:
    assert iso11649.is_valid(f"RF{mod_97_10.calc_check_digits('5390RF')}5390")


@pytest.mark.parametrize(("name", "field", "options", "values"), CASES, ids=lambda part: str(part)[:40])
def test_comes_back(name: str, field: str, options: str, values: st.SearchStrategy[Any]) -> None:
    spec = f"{{ from: A, as: {name}{', ' + options if options else ''} }}"
    mapping = with_field(field, spec)
    write = compile_request({"A": mapping_value(spec)}, file="f.yaml", timezone=ZAGREB)

    @settings(max_examples=25)
    @given(values)
    def check(value: Any) -> None:
        for form in (value, json_form(value)):
            sent = write.build({"A": form})["A"]
            item = etree.Element("Item")
            etree.SubElement(item, "Id").text = "1"
            etree.SubElement(item, "A").text = as_text(sent)
            assert one(mapping.map(item)).values[field] == value
            # Through real JSON, as a service would send it back.
            document = json.loads(json.dumps({"Id": "1", "A": sent}), parse_float=Decimal)
            assert one(mapping.map(document)).values[field] == value

    check()


def mapping_value(spec: str) -> Any:
    from hub.kit.yaml_document import parse

    return parse(spec, "f.yaml").data


def json_form(value: Any) -> Any:
    """The value as a record kept in JSON has it."""
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    return value.isoformat() if isinstance(value, date) else value


def as_text(sent: Any) -> str:
    """As an element holds it (XML Schema Part 2)."""
    if isinstance(sent, bool):
        return "true" if sent else "false"
    return repr(sent) if isinstance(sent, float) else str(sent)


@settings(max_examples=50)
@given(NUMBERS)
def test_a_number_of_json_comes_back(value: Money) -> None:
    write = compile_request(
        {"A": {"from": "A", "as": "decimal", "currency": "EUR", "number": True}}, file="f.yaml", timezone=ZAGREB
    )
    sent = json.dumps({"Id": "1", **write.build({"A": value})})
    mapping = with_field("amount", "{ from: A, as: decimal, currency: EUR }")
    assert one(mapping.map(json.loads(sent, parse_float=Decimal))).values["amount"] == value


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=100))
def test_a_document_comes_back(content: bytes) -> None:
    write = compile_request({"A": {"from": "A", "as": "base64"}, "B": "A"}, file="f.yaml", timezone=ZAGREB)
    built = write.build({"A": content})
    assert (base64.b64decode(built["A"], validate=True), built["B"]) == (content, content)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from("ABCDEF"), st.sampled_from(["red", "green"]), min_size=1))
def test_a_table_turned_round_is_unambiguous_or_refused(table: dict[str, str]) -> None:
    from hub.kernel.errors import ConfigurationError

    block = {"A": {"from": "A", "table": table}}
    if len(set(table.values())) < len(table):
        with pytest.raises(ConfigurationError, match="has the code"):
            compile_request(block, file="f.yaml", timezone=ZAGREB)
        return
    write = compile_request(block, file="f.yaml", timezone=ZAGREB)
    mapping = with_field("colour", f"{{ from: A, table: {json.dumps(table)} }}")
    for colour in set(table.values()):
        assert one(mapping.map({"Id": "1", **write.build({"A": colour})})).values["colour"] == colour


@settings(max_examples=100)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
                    max_leaves=8))  # fmt: skip
def test_any_record_is_written_or_refused(record: Any) -> None:
    write = compile_request(
        {"A": "a", "B": {"from": "b", "as": "date"}, "C": {"each": "c", "fields": {"D": "a", "E": {"join": ["b", "c"]}}},
         "F": {"from": "a", "as": "decimal", "currency": {"to": "G"}}},
        file="f.yaml", timezone=ZAGREB,
    )  # fmt: skip
    try:
        built = write.build(record if isinstance(record, dict) else {"a": record})
    except MappingProblem as problem:
        assert problem.complaints  # noqa: PT017  (both are answers)
    else:
        assert nothing_empty(built)


def nothing_empty(value: Any) -> bool:
    """No part of a request is there without a content."""
    if isinstance(value, dict):
        return all(part not in ({}, [], "", b"", None) and nothing_empty(part) for part in value.values())
    return not isinstance(value, list) or all(map(nothing_empty, value))
