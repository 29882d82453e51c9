"""Examples beside a mapping, the preview, and `munihub mapping try`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.kernel.errors import ConfigurationError, RemoteGarbage
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.mapping.command import register
from hub.mapping.compile import compile_mapping
from hub.mapping.examples import ExampleResult, run_examples
from hub.mapping.explain import ExplainedRow, explain
from hub.mapping.mapping import Mapping
from hub.mapping.model import PartyRef, Record
from hub.mapping.plain import plain, plain_record
from hub.mapping.samples import load_sample
from tests.unit.mapping.engine import OIB, TARGETS, ZAGREB, compiled, xml

MAPPING = """\
target: thing
source: { records: I, cursor: Next, caught_up_to: At }
key: Id
version: V
parties:
  - { role: debtor, scheme: hr.oib, from: S }
  - { role: co_owner, scheme: tax.x, asked: true }
removed: { from: Gone, values: [true] }
where: { from: W, not_in: [X] }
fields:
  text: A
  amount: { from: M, as: decimal, currency: { from: C } }
  day: D
  references: [{ scheme: cz.variable_symbol, from: VS }]
  parts: { each: P, fields: { name: N, day: D } }
examples: examples/thing.yaml
"""
REPLY = {
    "At": "2026-01-31T08:00:00+01:00",
    "Next": 7,
    "I": [
        {"Id": 1, "V": 2, "S": OIB, "A": "x", "M": 5, "C": "EUR", "D": "2026-01-31", "VS": "007", "P": [{"N": "a"}]},
        {"Id": 2, "V": 3, "Gone": True},
        {"Id": 3, "M": "y", "C": "EUR", "Extra": "Ana"},
        {"Id": 4, "W": "X"},
    ],
}
RECORDS = f"""
    - key: '1'
      version: 2
      parties: [debtor hr.oib {OIB}]
      values:
        text: x
        amount: 5.00 EUR
        day: 2026-01-31
        references: [cz.variable_symbol 007]
        parts: [{{ name: a }}]
    - {{ key: 2, version: 3, removed: true }}
"""
GOOD = f"""\
- name: everything
  input: thing.json
  records: {RECORDS}
  problems: [{{ key: '3', field: amount, path: 'I[2].M' }}]
  drift: [{{ what: unknown_field, path: Extra }}]
  caught_up_to: 2026-01-31 07:00:00+00:00
  cursor: 7
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    (tmp_path / "examples").mkdir()
    (tmp_path / "thing.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "examples" / "thing.json").write_text(json.dumps(REPLY), "utf-8")
    return compile_mapping(tmp_path / "thing.yaml", TARGETS, timezone=ZAGREB)


def examples(mapping: Mapping, text: str) -> list[ExampleResult]:
    assert mapping.examples is not None
    mapping.examples.write_text(text, "utf-8")
    return run_examples(mapping)


def test_plain_forms() -> None:
    assert plain(
        {
            "money": Money(-4860, "EUR"),
            "reference": (Reference("hr.klasa", "UP/I-1"),),
            "day": date(2026, 1, 31),
            "moment": datetime(2026, 1, 31, 7, tzinfo=UTC),
            "silent": None,
            "no items": (),
            "items": ({"a": 1, "b": None}, {"a": True}),
            "title": {"hr": "Račun"},
        }
    ) == {
        "money": "-48.60 EUR",
        "reference": ["hr.klasa UP/I-1"],
        "day": "2026-01-31",
        "moment": "2026-01-31T07:00:00+00:00",
        "items": [{"a": 1}, {"a": True}],
        "title": {"hr": "Račun"},
    }
    assert plain_record(Record("1", None, (PartyRef("debtor", "hr.oib", OIB),), {"text": None})) == {
        "key": "1",
        "parties": [f"debtor hr.oib {OIB}"],
        "values": {},
    }
    assert plain_record(Record("1", 5, (), {}, removed=True)) == {"key": "1", "version": 5, "removed": True}


def test_examples_that_hold(mapping: Mapping) -> None:
    inline = "- input: { I: [] }\n  records: []\n- input: [1]\n  records: []\n"
    soap = (
        "- input: '<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><R/></e:Body></e:Envelope>'"
    )
    results = examples(mapping, GOOD + inline + soap + "\n  records: []\n")
    assert [(result.name, result.differences, result.ok) for result in results] == [
        ("everything", (), True),
        ("example 2", (), True),
        ("example 3", (), True),
        ("example 4", (), True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("text: x", "text: y", "records[0].values.text: expected 'y', got 'x'"),
        ("text: x\n", "\n", "records[0].values.text: expected None, got 'x'"),
        ("text: x", "text: x\n        number: 5", "records[0].values.number: expected 5, got None"),
        ("version: 2", "version: 1", "records[0].version: expected 1, got 2"),
        ("removed: true", "removed: false", "records[1].removed: expected False, got True"),
        ("[debtor", "[co_owner", f"records[0].parties[0]: expected 'co_owner hr.oib {OIB}', got 'debtor hr.oib {OIB}'"),
        ("field: amount", "field: day", "problems[0].field: expected 'day', got 'amount'"),
        ("  drift: [{ what: unknown_field, path: Extra }]\n", "", "drift: expected 0, got 1"),
        ("cursor: 7", "cursor: 8", "cursor: expected 8, got '7'"),
        ("07:00:00", "08:00:00", "caught_up_to: expected '2026-01-31 08:00:00+00:00', got "),
        ("2026-01-31\n", "yesterday\n", "records[0].values.day: expected 'yesterday', got '2026-01-31'"),
    ],
)
def test_an_example_that_does_not_hold(mapping: Mapping, old: str, new: str, difference: str) -> None:
    assert old in GOOD
    (result,) = examples(mapping, GOOD.replace(old, new, 1))
    assert not result.ok
    (found,) = result.differences
    assert found.startswith(difference)


def test_an_example_is_about_somebody(mapping: Mapping) -> None:
    (result,) = examples(
        mapping,
        "- input: { I: { Id: 1 } }\n  asked: { tax.x: '5' }\n"
        "  records: [{ key: '1', parties: [co_owner tax.x 5], values: {} }]\n",
    )
    assert result.differences == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "thing.yaml: holds no example. Add one with input and records."),
        ("a: 1", "thing.yaml:1: is not a list."),
        ("- input: x.json", "thing.yaml:1: [0]: has no input or no list of records."),
        ("- records: []", "thing.yaml:1: [0]: has no input or no list of records."),
        ("- input: x.json\n  record: []", "thing.yaml:2: [0].record: unknown key 'record'. Did you mean 'records'?"),
        ("- input: x.json\n  records: []", "thing.yaml:1: [0].input: there is no x.json. Put it beside thing.yaml."),
        (
            "- input: thing.txt\n  records: []",
            "thing.txt: is neither .xml nor .json. Rename the file after its content.",
        ),
    ],
)
def test_examples_that_cannot_be_run(mapping: Mapping, text: str, message: str) -> None:
    assert mapping.examples is not None
    (mapping.examples.parent / "thing.txt").write_text("x")
    with pytest.raises(ConfigurationError) as caught:
        examples(mapping, text)
    assert str(caught.value).startswith(str(mapping.examples.parent / message.split(":", maxsplit=1)[0]))
    assert message in str(caught.value)


def test_a_mapping_without_examples() -> None:
    with pytest.raises(ConfigurationError) as caught:
        run_examples(compiled(MAPPING.replace("examples: examples/thing.yaml\n", "")))
    assert str(caught.value) == "thing.yaml: examples: has no examples. Add examples: examples/<name>.yaml."


def test_samples(tmp_path: Path) -> None:
    def sample(name: str, content: bytes) -> Any:
        (tmp_path / name).write_bytes(content)
        return load_sample(tmp_path / name)

    for version in ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"):
        envelope = f'<e:Envelope xmlns:e="{version}"><e:Header/><e:Body><!-- x --><R/></e:Body></e:Envelope>'
        assert sample("a.xml", envelope.encode()).tag == "R"
    assert sample("a.XML", b"<Envelope><Body/></Envelope>").tag == "Envelope"
    assert str(sample("a.json", b'{"a": 1.10}')["a"]) == "1.10"
    with pytest.raises(ConfigurationError, match="is a SOAP envelope with an empty body"):
        sample("a.xml", b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>')
    with pytest.raises(ConfigurationError, match="is not JSON"):
        sample("a.json", b"{")
    with pytest.raises(RemoteGarbage, match="carries a DTD"):
        sample("a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_sample(tmp_path / "missing.xml")


def test_explain(mapping: Mapping) -> None:
    explanation = explain(mapping, REPLY, asked={"tax.x": "5"})
    assert [record.key for record in explanation.mapped.records] == ["1", "2"]
    first = [row for row in explanation.rows if row.record == 0]
    assert first == [
        ExplainedRow(0, "key", "Id", "1", "1"),
        ExplainedRow(0, "version", "V", "2", 2),
        ExplainedRow(0, "where", "W", None, None),
        ExplainedRow(0, "removed", "Gone", None, None),
        ExplainedRow(0, "parties", "S", OIB, [f"debtor hr.oib {OIB}"]),
        ExplainedRow(0, "parties", "", None, ["co_owner tax.x 5"]),
        ExplainedRow(0, "text", "A", "x", "x"),
        ExplainedRow(0, "amount", "M, C", "5 | EUR", "5.00 EUR"),
        ExplainedRow(0, "day", "D", "2026-01-31", "2026-01-31"),
        ExplainedRow(0, "references", "VS", "007", ["cz.variable_symbol 007"]),
        ExplainedRow(0, "parts[0].name", "P[0].N", "a", "a"),
        ExplainedRow(0, "parts[0].day", "P[0].D", None, None),
    ]
    assert [row for row in explanation.rows if row.record == 1][-1] == ExplainedRow(1, "removed", "", None, value=True)
    assert [row for row in explanation.rows if row.record == 3][-1] == ExplainedRow(3, "where", "", None, "left out")
    assert [row for row in explanation.rows if row.error] == [
        ExplainedRow(2, "amount", "M, C", "y | EUR", error="'y' is not an amount")
    ]
    # Whoever writes the mapping sees what a drift report leaves out.
    assert explanation.rows[-1] == ExplainedRow(None, "", "Extra", "Ana", drift="unknown_field")


def test_explain_tells_every_kind_of_fault() -> None:
    mapping = compiled(
        "target: strict\nkey: Id\nsubject: { scheme: hr.oib, from: S }\nfields: { colour: C, text: T, number: N }\n"
    )
    explanation = explain(mapping, xml("<I><C>red</C><C>green</C><N>1</N><S>1</S></I>"))
    assert [(row.field, row.path, row.error) for row in explanation.rows if row.error] == [
        ("key", "Id", "is missing: no record is kept without one"),
        ("parties", "S", "is not a hr.oib: wrong number of characters"),
        ("colour", "C", "stands there more than once, and a field takes one"),
        ("text", "T", "is required, and the source gives nothing that can be used"),
    ]
    mapping = compiled(
        "target: thing\nkey: Id\nsubject: { scheme: x.y, asked: true }\n"
        "fields: { keys: K, parts: { each: P, fields: { name: N } } }\n"
    )
    explanation = explain(mapping, xml("<I><Id>1</Id><K>a</K><K>b</K><P><N>a</N><N>b</N></P></I>"))
    assert [
        (row.field, row.path, row.raw, row.error) for row in explanation.rows if row.field.startswith(("k", "p"))
    ] == [
        ("key", "Id", "1", None),
        ("parties", "", None, None),
        ("keys", "K", "a list of 2", None),
        ("parts[0].name", "P[0].N", "a", None),
        ("parts[0].name", "P[0].N", None, "stands there more than once, and a field takes one"),
    ]


@pytest.fixture
def program() -> typer.Typer:
    app = typer.Typer()
    register(app, TARGETS)

    @app.command()
    def other() -> None:
        """Makes it a program of several commands, as the hub's is."""

    return app


def test_the_command(mapping: Mapping, program: typer.Typer) -> None:
    sample = mapping.file.parent / "examples" / "thing.json"
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(program, ["mapping", "try", str(mapping.file), str(sample)])
    assert ran.exit_code == 1
    assert "'y' is not an amount" in ran.output
    assert "unknown_field" in ran.output
    assert ran.output.endswith("2 records, 1 problems, 1 unknown places\n")
    sample.write_text('{ "I": { "Id": 1 } }')
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(program, ["mapping", "try", str(mapping.file), str(sample)])
    assert ran.exit_code == 0
    assert "drift" not in ran.output
    assert ran.output.endswith("1 records, 0 problems, 0 unknown places\n")


def test_the_command_as_json(mapping: Mapping, program: typer.Typer) -> None:
    sample = mapping.file.parent / "sample.json"
    sample.write_text(
        '{ "I": { "Id": 1, "A": "[red]Đuro[/red]", "D": "2026-01-31T00:00:00+05:00", "Ž": "x" } }', "utf-8"
    )
    arguments = ["mapping", "try", str(mapping.file), str(sample), "--timezone", "Europe/Zagreb"]
    ran = CliRunner().invoke(program, [*arguments, "--json"])
    assert ran.exit_code == 0
    told = json.loads(ran.output)
    assert told["records"] == [
        {"key": "1", "parties": [], "values": {"text": "[red]Đuro[/red]", "day": "2026-01-30"}},
    ]
    assert told["problems"] == []
    assert told["drift"] == [{"what": "unknown_field", "path": "Ž", "sample": "x"}]
    assert {"record": 0, "field": "text", "path": "A", "raw": "[red]Đuro[/red]", "value": "[red]Đuro[/red]",
            "error": None, "drift": None} in told["rows"]  # fmt: skip
    # Square brackets of a value are no markup of the terminal.
    assert "[red]Đuro[/red]" in CliRunner(env={"COLUMNS": "200"}).invoke(program, arguments).output


def test_the_command_refuses_a_wrong_zone(mapping: Mapping, program: typer.Typer) -> None:
    sample = mapping.file.parent / "examples" / "thing.json"
    ran = CliRunner().invoke(program, ["mapping", "try", str(mapping.file), str(sample), "--timezone", "Zagreb"])
    assert ran.exit_code == 2
    assert "is not a time zone" in ran.output


def test_the_command_lets_the_programs_own_errors_through(mapping: Mapping, program: typer.Typer) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        CliRunner().invoke(program, ["mapping", "try", str(mapping.file), "missing.xml"], catch_exceptions=False)
