"""Delivery files: what is in them, and what is said of one that is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from hub.delivery.definition import Definition, compile_delivery
from hub.kernel.errors import ConfigurationError, InvalidRequest
from hub.mapping.problems import MappingProblem

ZONE = ZoneInfo("Europe/Zagreb")
GOOD = """
delivers: open_case
order: [applicant.id, street]
steps:
  - name: case
    call: { request: POST /cases }
    request: { title: title, key: key }
    receipt: { number: Number, note: { from: Note, required: false } }
    ask: { call: { request: GET /cases }, request: { key: key }, found: Cases.Case, settle: 90s }
  - name: document
    each: documents
    call: { request: POST /documents }
    request: { name: item.name }
"""


def compiled(tmp_path: Path, text: str = GOOD, kind: str = "open_case", connector: Any = None) -> Definition:
    file = tmp_path / "open_case.delivery.yaml"
    file.write_text(text, "utf-8")
    return compile_delivery(file, kind, timezone=ZONE, connector=connector)


def test_steps_turns_and_order(tmp_path):
    definition = compiled(tmp_path)
    case, document = definition.steps
    assert case.ask is not None
    assert (case.name, case.names, case.ask.settle, document.ask) == ("case", ("number",), timedelta(seconds=90), None)
    values = {"applicant": {"id": 7}, "street": "A", "documents": [{"name": "x"}, {"name": "y"}]}
    assert [(turn.name, turn.item) for turn in definition.turns(values)] == [
        ("case", None),
        ("document.1", {"name": "x"}),
        ("document.2", {"name": "y"}),
    ]
    assert [turn.name for turn in definition.turns({})] == ["case"]
    with pytest.raises(InvalidRequest, match="documents is not a list"):
        list(definition.turns({"documents": "x"}))
    assert definition.order_of(values) == "7\0A"
    with pytest.raises(ValueError, match="street has no text"):
        definition.order_of({"applicant": {"id": 7}})
    assert definition.step("document.2") is document
    assert definition.step("other") is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, []),
        ({"Cases": {"Case": []}}, []),
        ({"Cases": None}, []),
        ({"Cases": {"Case": {"Number": "1"}}}, [{"number": "1"}]),
        (
            {"Cases": {"Case": [{"Number": "1"}, {"Number": "2", "Note": "n"}]}},
            [{"number": "1"}, {"number": "2", "note": "n"}],
        ),
        # Not the answer that was expected: it tells nothing.
        ({}, None),
        ({"error": "what?"}, None),
        ("text", None),
        (etree.XML("<Reply/>"), []),
        (etree.XML("<Reply><Cases/></Reply>"), []),
        (etree.XML("<Reply><Cases><Case><Number>1</Number></Case></Cases></Reply>"), [{"number": "1"}]),
        (etree.XML("<Reply><Error>no</Error></Reply>"), None),
    ],
)
def test_what_an_answer_says_of_our_key(tmp_path, document, expected):
    ask = compiled(tmp_path).steps[0].ask
    assert ask is not None
    assert ask.found(document, "our-key") == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"Cases": {"Case": {"Number": "1", "Key": "dlv_1:document.1"}}}, [{"number": "1"}]),
        # A search for a part of the key finds the tenth, one that takes no notice of it finds anybody's.
        ({"Cases": {"Case": {"Number": "10", "Key": "dlv_1:document.10"}}}, None),
        ({"Cases": {"Case": {"Number": "10"}}}, None),
        (
            {
                "Cases": {
                    "Case": [{"Number": "10", "Key": "dlv_1:document.10"}, {"Number": "1", "Key": "dlv_1:document.1"}]
                }
            },
            [{"number": "1"}],
        ),
        ({"Cases": {"Case": []}}, []),
        (None, []),
    ],
)
def test_what_carries_another_key_is_not_ours(tmp_path, document, expected):
    ask = compiled(tmp_path, GOOD.replace("found: Cases.Case,", "found: Cases.Case, key: Key,")).steps[0].ask
    assert ask is not None
    assert ask.found(document, "dlv_1:document.1") == expected


def test_something_found_that_cannot_be_read(tmp_path):
    ask = compiled(tmp_path).steps[0].ask
    assert ask is not None
    with pytest.raises(MappingProblem):
        ask.found({"Cases": {"Case": [{"Note": "n"}]}}, "our-key")


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (("delivers: open_case", "delivers: answer_case"), "delivers", "is not 'open_case'"),
        (("delivers: open_case\n", ""), None, "says not what it delivers"),
        (("steps:", "stepz:"), "stepz", "unknown key 'stepz'"),
        (("name: document", "name: case"), "steps[1].name", "there is a step 'case' already"),
        (("name: document", "name: Doc-1"), "steps[1].name", "has no name in a-z"),
        (("    call: { request: POST /documents }\n", ""), "steps[1]", "has no call"),
        (("    request: { name: item.name }\n", ""), "steps[1]", "has no request"),
        (("settle: 90s", "settle: soon"), "steps[0].ask", "is not a duration"),
        (("found: Cases.Case", "found: Cases..Case"), "steps[0].ask", "a name is missing"),
        (("settle: 90s", "receipt: { note: Note }"), "steps[0].ask.receipt", "number is not among them"),
        (("each: documents", "eech: documents"), "steps[1].eech", "unknown key 'eech'"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path, change, key, said):
    assert change[0] in GOOD
    with pytest.raises(ConfigurationError) as caught:
        compiled(tmp_path, GOOD.replace(*change))
    error = caught.value
    assert (error.key, said in error.problem) == (key, True), str(error)
    assert error.file
    assert error.remedy


def test_what_the_connector_does_not_know_is_said_of_the_file(tmp_path):
    class Connector:
        def operation(self, call: Any) -> Any:
            raise ConfigurationError("is not a request", key="request", remedy="Write one.")

    with pytest.raises(ConfigurationError) as caught:
        compiled(tmp_path, connector=Connector())
    assert (caught.value.key, caught.value.line) == ("steps[0].call.request", 6)
