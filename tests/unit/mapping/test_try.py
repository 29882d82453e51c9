"""`munihub mapping try` of delivery files and second calls, and `munihub mapping schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.kernel.errors import ConfigurationError
from hub.mapping.command import register
from hub.mapping.schema import mapping_schema
from tests.unit.mapping.engine import TARGETS

DELIVERY = """\
delivers: open_case
steps:
  - name: case
    call: { request: POST /cases }
    request:
      Naslov: { from: title, required: true }
      Kljuc: key
      Iznos: { from: fee, as: decimal_comma, currency: EUR }
    receipt: { number: Case.Number }
  - name: document
    each: documents
    call: { request: POST /documents }
    request: { Predmet: receipts.case.number, Ime: item.name, Sadrzaj: item.content, Tekst: { from: item.content, as: base64 } }
"""
RECORD = {
    "title": "Žalba [b]",
    "fee": {"minor": 150, "currency": "EUR"},
    "documents": [{"name": "a.pdf", "content": {"base64": "YWI="}}],
}
program = typer.Typer()
register(program, TARGETS, ("open_case",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "open_case.delivery.yaml"
    path.write_text(DELIVERY, "utf-8")
    return path


def sample(file: Path, content: Any) -> str:
    path = file.parent / "sample.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def run(*arguments: str, exit_code: int = 0) -> str:
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(program, ["mapping", *arguments])
    assert (ran.exit_code, ran.exception is None or isinstance(ran.exception, SystemExit)) == (exit_code, True), (
        ran.output
    )
    return ran.output


def test_what_each_step_would_send(file: Path) -> None:
    output = run("try", str(file), sample(file, RECORD), "--json")
    case, document = json.loads(output)
    assert (case["step"], case["request"]) == ("case", {"Naslov": "Žalba [b]", "Kljuc": "<key>", "Iznos": "1,50"})
    assert case["rows"][2] == {"place": "Iznos", "paths": ["fee"], "value": "1,50", "error": None}
    assert document == {
        "step": "document.1",
        "request": {"Predmet": "<case.number>", "Ime": "a.pdf", "Sadrzaj": "<2 bytes>", "Tekst": "YWI="},
        "rows": [
            {"place": "Predmet", "paths": ["receipts.case.number"], "value": "<case.number>", "error": None},
            {"place": "Ime", "paths": ["item.name"], "value": "a.pdf", "error": None},
            {"place": "Sadrzaj", "paths": ["item.content"], "value": "<2 bytes>", "error": None},
            {"place": "Tekst", "paths": ["item.content"], "value": "YWI=", "error": None},
        ],
    }
    table = run("try", str(file), sample(file, RECORD))
    assert "Žalba [b]" in table
    assert "2 requests, 0 of them refused" in table


def test_a_record_that_is_refused(file: Path) -> None:
    record = RECORD | {"title": "", "fee": {"minor": 1, "currency": "RSD"}}
    rows = json.loads(run("try", str(file), sample(file, record), "--json", exit_code=1))[0]["rows"]
    assert [row["error"] for row in rows] == [
        "is needed, and the record does not have it", None, "is an amount in RSD, and EUR is sent",
    ]  # fmt: skip
    assert "1 of them refused" in run("try", str(file), sample(file, record), exit_code=1)


def test_the_receipt_of_a_reply(file: Path) -> None:
    output = run("try", str(file), sample(file, {"Case": {"Number": 7}}), "--reply-to", "case", "--json")
    assert json.loads(output) == {"step": "case", "receipt": {"number": "7"}, "problems": []}
    (problem,) = json.loads(
        run("try", str(file), sample(file, {"Case": {}}), "--reply-to", "case", "--json", exit_code=1)
    )["problems"]
    assert (problem["field"], problem["path"]) == ("number", "Case.Number")
    assert "number" in run("try", str(file), sample(file, {"Case": {"Number": 7}}), "--reply-to", "case")
    with pytest.raises(ConfigurationError, match="there is no step 'cse' with a receipt"):
        CliRunner().invoke(
            program, ["mapping", "try", str(file), sample(file, {}), "--reply-to", "cse"], catch_exceptions=False
        )


def test_a_record_that_is_none(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a record of ours"):
        CliRunner().invoke(program, ["mapping", "try", str(file), sample(file, [])], catch_exceptions=False)


def test_a_mapping_with_a_second_call(tmp_path: Path) -> None:
    mapping, reply = tmp_path / "thing.yaml", tmp_path / "reply.json"
    mapping.write_text(
        "target: thing\nsource: { records: Items, detail: { id: { record: Id }, records: Thing } }\nkey: Id\n"
        "subject: { scheme: hr.oib, asked: true }\nfields: { number: Detail.Number }\n"
    )
    reply.write_text('{"Thing": {"Number": 5}}')
    items = sample(mapping, {"Items": [{"Id": "1"}, {"Id": "2"}]})
    result = json.loads(run("try", str(mapping), items, "--detail", str(reply), "--json"))
    assert [one["values"] for one in result["records"]] == [{"number": 5}, {"number": 5}]
    without = json.loads(run("try", str(mapping), items, "--json", exit_code=1))
    assert {row["error"] for row in without["rows"] if row["field"] == "detail"} == {
        "has no Detail: the second call for it was not made"
    }
    assert "is for delivery files" in run("try", str(mapping), items, "--reply-to", "case", exit_code=2)


def test_the_schema_is_printed() -> None:
    assert json.loads(run("schema")) == mapping_schema(TARGETS, ("open_case",))
