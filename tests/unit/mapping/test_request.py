"""From a record of ours to the input of an operation: what is sent, what is not, and what is said instead."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.kernel.errors import ConfigurationError, InvalidRequest
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit.yaml_document import load, parse
from hub.mapping.block import Block
from hub.mapping.problems import MappingProblem
from hub.mapping.request import CompiledRequest, compile_request
from tests.unit.mapping.engine import ZAGREB


def request(text: str) -> CompiledRequest:
    document = parse(text, "case.delivery.yaml")
    return compile_request(Block(document, (), document.data), file=document.path, timezone=ZAGREB)


def sent(spec: str, **record: Any) -> Any:
    """What one key is filled with; None where it is absent."""
    return request(f"A: {spec}\n").build(record).get("A")


def refusal(spec: str, **record: Any) -> str:
    with pytest.raises(MappingProblem) as caught:
        request(f"A: {spec}\n").build(record)
    (complaint,) = caught.value.complaints
    return complaint.reason


def error(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        request(text)
    return str(caught.value)


WHOLE = """\
Kljuc: key
Predmet:
  Naslov: { from: title, language: hr, required: true }
  Vrsta: { from: kind, table: { Z: request, P: complaint } }
Predmet.Broj: receipts.case.number
Iznos:
  from: fee
  as: decimal_comma
  group: "."
  currency: { to: Valuta }
  sign: { to: Strana, negative: P, positive: D }
Rok: { from: due, as: date, format: "%-d.%-m.%Y.", nil: true }
Prilozi.Prilog:
  each: documents
  where: { from: kind, not_in: [draft] }
  fields: { Rb: number, Naziv: name, Sadrzaj: { from: content, as: base64 }, Predmet: receipts.case.number }
Poruka.from: { constant: portal }
"""
RECORD: dict[str, Any] = {
    "key": "0197-a",
    "title": {"hr": "Žalba na rješenje", "en": "Appeal"},
    "kind": "complaint",
    "receipts": {"case": {"number": "UP-7/26"}},
    "fee": {"minor": -125000, "currency": "EUR"},
    "due": date(2026, 1, 5),
    "documents": [
        {"number": 1, "name": "Čestitka.pdf", "content": b"\x00\xff", "kind": "final"},
        {"number": 2, "name": "no.pdf", "content": b"x", "kind": "draft"},
    ],
}


def test_a_whole_request() -> None:
    built = request(WHOLE).build(RECORD)
    assert built == {
        "Kljuc": "0197-a",
        "Predmet": {"Naslov": "Žalba na rješenje", "Vrsta": "P", "Broj": "UP-7/26"},
        "Iznos": "1.250,00",
        "Valuta": "EUR",
        "Strana": "P",
        "Rok": "5.1.2026.",
        "Prilozi": {"Prilog": [{"Rb": 1, "Naziv": "Čestitka.pdf", "Sadrzaj": "AP8=", "Predmet": "UP-7/26"}]},
        "Poruka": {"from": "portal"},
    }
    # In the order of the block, which matters to services that are strict about it.
    assert list(built) == ["Kljuc", "Predmet", "Iznos", "Valuta", "Strana", "Rok", "Prilozi", "Poruka"]
    assert list(built["Predmet"]) == ["Naslov", "Vrsta", "Broj"]


def test_what_is_not_there_is_not_sent() -> None:
    text = WHOLE.replace(", required: true", "")
    assert request(text).build({}) == {"Rok": None, "Poruka": {"from": "portal"}}
    empty = {"title": {"hr": "  "}, "kind": "", "fee": None, "documents": [], "due": None, "key": ""}
    assert request(text).build(empty) == {"Rok": None, "Poruka": {"from": "portal"}}


def test_the_paths_it_reads() -> None:
    compiled = request("A: key\nB: { each: parts, fields: { C: name, D: { each: subs, from: . }, E: key } }\n")
    assert compiled.paths == {"key", "parts", "parts.name", "parts.subs"}


@pytest.mark.parametrize(
    ("spec", "record", "value"),
    [
        ("x", {"x": "Ђорђе"}, "Ђорђе"),
        ("x", {"x": " a "}, " a "),
        ("x", {"x": 5}, 5),
        ("x", {"x": 45.5}, 45.5),
        ("x", {"x": False}, False),
        ("x", {"x": b"\x00"}, b"\x00"),
        ("x", {"x": b""}, None),
        ("x", {"x": date(2026, 1, 31)}, "2026-01-31"),
        ("x", {"x": datetime(2026, 7, 1, 12, tzinfo=UTC)}, "2026-07-01T14:00:00+02:00"),
        ("x.y", {"x": {"y": "1"}}, "1"),
        (r"x\.y", {"x.y": "1"}, "1"),
        ("x.currency", {"x": Money(1, "RSD")}, "RSD"),
        ("{ constant: [1, 2] }", {}, [1, 2]),
        ("{ first_of: [a, { constant: 5 }] }", {}, 5),
        ("{ first_of: [a, b], as: date, format: '%Y%m%d' }", {"b": "2026-01-31"}, "20260131"),
        ("{ join: [a, b], with: '/' }", {"a": "1", "b": 2}, "1/2"),
        ("{ join: [a, { constant: x }], with: '/' }", {}, None),
        ("{ from: a, default: none }", {}, "none"),
        ("{ from: a, split: { by: ' ', part: 2 } }", {"a": "HR01 12-3"}, "12-3"),
        ("{ from: a, empty: ['-'] }", {"a": "-"}, None),
        ("{ from: a, table: { 1: true, 2: false } }", {"a": False}, 2),
        ("{ from: a, table: { true: open } }", {"a": "open"}, True),
        ("{ from: a, table: { K: fee, X: null, '*': tax } }", {"a": "fee"}, "K"),
        ("{ from: a, language: [de, en] }", {"a": {"en": "Fee", "hr": "Naknada"}}, "Fee"),
        ("{ from: a, language: sr-Latn }", {"a": {"sr-Cyrl": "Његош"}}, "Njegoš"),
        ("{ from: a, language: sr-Latn }", {"a": {"sr-Latn": "Njegoš", "sr-Cyrl": "x"}}, "Njegoš"),
        ("{ from: a, language: sr-Cyrl }", {"a": {"sr-Latn": "Njegoš"}}, None),
        ("{ from: a, as: serbian_latin }", {"a": "Чачак"}, "Čačak"),
        ("{ from: a, scheme: cz.variable_symbol }", {"a": (Reference("cz.variable_symbol", "01"),)}, "01"),
        ("{ from: a, scheme: hr.oib }", {"a": [{"scheme": "x.y", "value": "1"}]}, None),
        ("{ from: a, as: identifier, scheme: cz.birth_number, separators: true }", {"a": "7103192745"}, "710319/2745"),
        ("{ from: a, as: identifier, scheme: ua.unzr, separators: true }", {"a": "1948122801234"}, "19481228-01234"),
        ("{ from: a, as: decimal, currency: EUR, number: true }", {"a": Money(4860, "EUR")}, 48.6),
        ("{ from: a, as: minor_units, currency: EUR }", {"a": Money(-4860, "EUR")}, -4860),
        ("{ from: a, as: decimal, currency: EUR, negative: [CR], positive: [DR] }", {"a": Money(-1, "EUR")}, "0.01 CR"),
        ("{ from: a, as: decimal, currency: EUR, negative: [CR] }", {"a": Money(1, "EUR")}, "0.01"),
        ("{ from: a, as: decimal_comma, currency: JPY }", {"a": Money(5, "JPY")}, "5"),
        ("{ from: a, as: boolean, true: [D, Da], false: N }", {"a": True}, "D"),
        ("{ from: a, as: boolean, false: [N] }", {"a": True}, "true"),
        ("{ from: a, as: boolean }", {"a": False}, False),
        ("{ from: a, as: text }", {"a": 7}, "7"),
        ("{ from: a, as: text, encoding: windows-1250 }", {"a": "Šárka"}, "Šárka"),
        ("{ from: a, as: integer }", {"a": "7"}, 7),
        ("{ from: a, as: year }", {"a": date(2026, 1, 1)}, 2026),
        ("{ from: a, as: date, format: '%d.%m.%y', pivot: 1950 }", {"a": date(1950, 2, 1)}, "01.02.50"),
        ("{ from: a, as: date, format: excel }", {"a": date(1900, 3, 1)}, 61),
        ("{ from: a, as: datetime, format: excel }", {"a": datetime(2026, 1, 1, 11, tzinfo=UTC)}, 46023.5),
        ("{ from: a, as: datetime, format: dotnet }", {"a": datetime(2026, 1, 1, tzinfo=UTC)}, "/Date(1767225600000)/"),
        ("{ from: a, as: datetime, format: unix }", {"a": "2026-01-01T00:00:00.9Z"}, 1767225600),
        ("{ from: a, as: datetime, format: '%d.%m.%Y %H:%M' }", {"a": "2026-01-01T23:59:59Z"}, "02.01.2026 00:59"),
        ("{ from: a, as: date }", {"a": datetime(2026, 1, 1, 23, 30, tzinfo=UTC)}, "2026-01-02"),
        ("{ each: a, from: . }", {"a": ["x", "y"]}, ["x", "y"]),
        ("{ each: a, from: ., default: [] }", {"a": []}, []),
        ("{ each: a, from: ., nil: true }", {"a": [None, 1]}, [None, 1]),
        ("{ each: a, where: { from: k, in: [true] }, from: v }", {"a": [{"k": True, "v": 1}, {"k": False, "v": 2}]}, [1]),
        ("{ B: x, C.D: y }", {"y": 1}, {"C": {"D": 1}}),
        ("{ B: x }", {}, None),
    ],
)  # fmt: skip
def test_sent(spec: str, record: dict[str, Any], value: Any) -> None:
    got = sent(spec, **record)
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(
    ("spec", "record", "reason"),
    [
        ("{ from: a, required: true }", {}, "is needed, and the record does not have it"),
        ("{ each: a, from: ., required: true }", {"a": []}, "is needed, and the record does not have it"),
        ("a.b", {"a": [1]}, "is a list, and 'b' is looked for in one thing; repeat it with `each`"),
        ("a.b", {"a": "x"}, "is a single value, and 'b' is looked for inside it"),
        ("a.minr", {"a": Money(1, "EUR")}, "has no 'minr', only minor and currency"),
        ("a", {"a": [1]}, "is a list; repeat it with `each`"),
        ("a", {"a": {"hr": "x"}}, "is a block of values; name one inside it, or for texts by language add `language:`"),
        ("a", {"a": Money(1, "EUR")}, "is an amount; add `as: decimal` and `currency:`"),
        ("a", {"a": float("nan")}, "is not a number"),
        ("a", {"a": "x\x00"}, "has control characters in it, which no document can carry"),
        ("a", {"a": "\ud800"}, "has half a surrogate pair in it"),
        ("{ from: a, as: text }", {"a": True}, "is a boolean; add `as: boolean`, or a table"),
        ("{ from: a, as: text }", {"a": b"x"}, "is a document; add `as: base64`"),
        ("{ from: a, as: text, encoding: windows-1250 }", {"a": "Київ"},
         "has the character U+041A, which windows-1250 does not have"),
        ("{ from: a, as: base64 }", {"a": "x"}, "is not a document (bytes)"),
        ("{ from: a, as: decimal, currency: EUR }", {"a": Money(1, "RSD")}, "is an amount in RSD, and EUR is sent"),
        ("{ from: a, as: decimal, currency: EUR }", {"a": "1.00"}, "is not an amount"),
        ("{ from: a, as: decimal, currency: EUR }", {"a": {"minor": True, "currency": "EUR"}}, "is not an amount"),
        ("{ from: a, as: decimal, currency: EUR, number: true }", {"a": Money(10**15, "EUR")},
         "cannot be written exactly"),
        ("{ from: a, as: minor_units, currency: EUR }", {"a": Money(2**62, "EUR")}, "cannot be written exactly"),
        ("{ from: a, as: integer }", {"a": "1.5"}, "is not a whole number of at most 64 bits"),
        ("{ from: a, as: boolean }", {"a": "true"}, "is neither true nor false"),
        ("{ from: a, as: date }", {"a": "31.01.2026"}, "is not a date"),
        ("{ from: a, as: date, format: '%d.%m.%y', pivot: 1950 }", {"a": date(2050, 1, 1)},
         "cannot be written as %d.%m.%y without loss"),
        ("{ from: a, as: date, format: excel }", {"a": date(1899, 1, 1)}, "cannot be written as excel without loss"),
        ("{ from: a, as: datetime }", {"a": datetime(2026, 1, 1)}, "is not a moment with an offset"),  # noqa: DTZ001
        # The second of the two hours of a night in autumn: local time alone would mean the first.
        ("{ from: a, as: datetime, format: '%d.%m.%Y %H:%M' }", {"a": "2026-10-25T01:30:00Z"},
         "cannot be written as %d.%m.%Y %H:%M without meaning another moment"),
        ("{ from: a, as: identifier, scheme: hr.oib }", {"a": "12345678901"}, "is not a hr.oib"),
        ("{ from: a, as: hr_reference, check: true }", {"a": "HR01 123-456-780"}, "is not a hr_reference"),
        ("{ from: a, table: { K: fee } }", {"a": "tax"}, "has no code in the table (known: fee)"),
        ("{ from: a, table: { K: fee } }", {"a": True}, "has no code in the table (known: fee)"),
        ("{ from: a, language: hr }", {"a": "text"}, "is not a text by language"),
        ("{ from: a, scheme: x.y }", {"a": [{"scheme": "x.y", "value": "1"}] * 2},
         "has 2 entries of x.y, and one is sent"),
        ("{ from: a, scheme: x.y }", {"a": "1"}, "is not a list of { scheme, value }"),
        ("{ each: a, from: . }", {"a": "x"}, "is not a list"),
        ("{ each: a, fields: { B: b } }", {"a": [{}]}, "has nothing that is sent"),
        ("{ each: a, from: b, where: { from: c.d, in: [1] } }", {"a": [{"b": 1, "c": "x"}]},
         "cannot be chosen: is a single value, and 'd' is looked for inside it"),
        ("a", {"a": "\uffff"}, "has control characters in it, which no document can carry"),
        ("{ join: [{ from: a, required: true }, b] }", {"b": "x"}, "needs a, which is missing"),
    ],
)  # fmt: skip
def test_refused(spec: str, record: dict[str, Any], reason: str) -> None:
    assert refusal(spec, **record) == reason


def test_every_fault_is_told_with_both_places_and_no_value() -> None:
    record = RECORD | {"title": {}, "fee": "secret", "documents": [{"content": "secret"}, {"name": "a"}]}
    with pytest.raises(MappingProblem) as caught:
        request(WHOLE).build(record)
    assert isinstance(caught.value, InvalidRequest)
    assert caught.value.field == "title"
    assert [(one.field, one.path) for one in caught.value.complaints] == [
        ("title", "Predmet.Naslov"),
        ("fee", "Iznos"),
        ("documents[0].content", "Prilozi.Prilog[0].Sadrzaj"),
    ]
    assert str(caught.value) == "title (Predmet.Naslov) is needed, and the record does not have it (2 more)"
    assert "secret" not in repr(caught.value.complaints)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "case.delivery.yaml:1: is not a block of keys. Write { key of the back office: path of ours, … }."),
        ("A: { from: x, tabel: {} }", "A.tabel: unknown verb 'tabel'. Did you mean 'table'?"),
        ("A: { from: x, constant: y }", "A: has from and constant. Write exactly one of: from, constant, first_of, join."),
        ("A: { as: decimal }", "A.as: does not say where the value is from."),
        ("A: { from: x, as: datum }", "A.as: unknown converter 'datum'. Did you mean 'date'?"),
        ("A: { from: x, as: date, format: dd }", "A.format: format 'dd' is neither a pattern"),
        ("A: { from: x, as: datetime, format: '%d.%m.%Y' }", "A.format: format '%d.%m.%Y' has no time of day."),
        ("A: { from: x, as: year, format: '%Y' }", "A.format: format is not for writing"),
        ("A: { from: x, as: decimal }", "A: has no currency. Write currency: EUR, or currency: { to: Currency }"),
        ("A: { from: x, as: decimal, currency: KN }", "A.currency: 'KN' is not an ISO 4217 currency code."),
        ("A: { from: x, as: decimal, currency: { from: y } }", "A.currency.from: unknown key 'from'."),
        ("A: { from: x, as: decimal, currency: EUR, sign: { to: S } }", "A.sign: is not complete."),
        ("A: { from: x, as: decimal, currency: EUR, sign: { to: S, negative: P, positive: P } }",
         "A.sign.positive: has one code for both."),
        ("A: { from: x, as: text, encoding: latin }", "A.encoding: 'latin' is not an encoding"),
        ("A: { from: x, as: identifier }", "A: scheme is missing."),
        ("A: { from: x, as: identifier, scheme: hr.oib, separators: true }", "A.separators: separators: hr.oib is"),
        ("A: { from: x, table: { K: fee, L: fee } }", "A.table.L: 'fee' has the code 'K' already"),
        ("A: { from: x, table: { K: 1, L: '1' } }", "A.table.L: '1' has the code 'K' already"),
        ("A: { from: x, table: { K: { hr: a } } }", "A.table.K: is not one value."),
        ("A: { from: x, table: {} }", "A.table: is not a table of codes."),
        ("A: { from: x, table: { K: a }, as: text }", "A.as: has a table and a converter."),
        ("A: { from: x, lenient: true }", "A.lenient: 'lenient' is for reading only. Remove it"),
        ("A: { from: x, required: true, nil: true }", "A.nil: is required and has nil. Keep one of them."),
        ("A: { each: x }", "A: does not say what is sent of each. Add fields: { … }, or from: . for the item itself."),
        ("A: { each: x, fields: { B: b }, as: text }", "A.as: unknown verb 'as'."),
        ("A: { each: x, from: ., default: [1] }", "A.default: is not an empty list."),
        ("A: { each: x, from: ., where: { from: y } }", "A.where: is not complete."),
        ("A: { first_of: [] }", "A: first_of is empty. Write a list: [PathA, { from: PathB }]."),
        ("A: { join: [] }", "A: join is empty. Write a list: [path, path]."),
        ("A: { join: [{ from: f, as: decimal, currency: { to: B } }] }", "A.join[0]: fills other keys too."),
        ("A: { join: [{ from: f, nil: true }] }", "A.join[0].nil: is a part, which cannot be nil."),
        ("A: { first_of: [{ from: f, required: true }] }", "A.first_of[0].required: is required. Write it beside"),
        ("A: x\nA.B: y", "A.B: 'A' holds a value already, and keys cannot stand in it."),
        ("A: { B: x }\nA.B: y", "A.B: the key 'A.B' stands here already."),
        ("A: x\nB: { from: f, as: decimal, currency: { to: A } }", "B.currency.to: the key 'A' stands here already."),
        ("A..B: x", "A..B: a name is missing in the key."),
        ("A: {}", "A: is empty."),
        ("A: a..b", "A: 'a..b': a name is missing"),
    ],
)  # fmt: skip
def test_a_block_that_cannot_work(text: str, message: str) -> None:
    said = error(text)
    assert said.startswith("case.delivery.yaml:")
    assert message in said


def test_a_plain_dict_is_taken_too() -> None:
    assert compile_request({"A": "x"}, file="f.yaml", timezone=ZAGREB).build({"x": 1}) == {"A": 1}
    with pytest.raises(ConfigurationError, match=r"^f.yaml: A.form: unknown verb 'form'"):
        compile_request({"A": {"from": "x", "form": 1}}, file="f.yaml", timezone=ZAGREB)


def test_a_table_in_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "office"
    (folder / "codes").mkdir(parents=True)
    (tmp_path / "codes").mkdir()
    (folder / "codes" / "kinds.yaml").write_text("Z: request\nP: complaint\n")
    (tmp_path / "codes" / "shared.yaml").write_text("A: request\nB: request\n")
    file = folder / "x.delivery.yaml"

    def compiled(name: str) -> CompiledRequest:
        file.write_text(f"A: {{ from: k, table: {{ file: {name} }} }}\n")
        document = load(file)
        return compile_request(Block(document, (), document.data), file=file, timezone=ZAGREB)

    assert compiled("codes/kinds.yaml").build({"k": "complaint"}) == {"A": "P"}
    # A complaint about what is in it names that file and its line.
    with pytest.raises(ConfigurationError, match=r"codes/shared\.yaml:2: B: 'request' has the code 'A' already"):
        compiled("codes/shared.yaml")
    for bad, why in (("codes/none.yaml", "there is no codes/none.yaml"), ("../codes/kinds.yaml", "leads out of")):
        with pytest.raises(ConfigurationError, match=why):
            compiled(bad)
