"""Receipts: what is kept of a reply, as XML and as JSON, and what is said where it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import parse
from hub.mapping.block import Block
from hub.mapping.problems import MappingProblem
from hub.mapping.receipt import CompiledReceipt, compile_receipt
from tests.unit.mapping.engine import ZAGREB, xml

NUMBERS = "number: Case.Number\nyear: { from: Case.Number, split: { by: /, part: -1 } }\nlink: { from: Case.@href, required: false }\n"


def receipt(text: str, found: str | None = None) -> CompiledReceipt:
    document = parse(text, "case.delivery.yaml")
    return compile_receipt(Block(document, (), document.data), file=document.path, timezone=ZAGREB, found=found)


def complaints(compiled: CompiledReceipt, document: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(MappingProblem) as caught:
        compiled.read(document)
    return [(one.field, one.path, one.reason) for one in caught.value.complaints]


def test_named_texts_of_a_reply() -> None:
    compiled = receipt(NUMBERS)
    reply = xml('<Reply xmlns="urn:x"><Case href="/c/7"><Number> UP/7/26 </Number><More/></Case><!-- x --></Reply>')
    assert compiled.read(reply) == {"number": "UP/7/26", "year": "26", "link": "/c/7"}
    assert compiled.read({"Case": {"Number": "UP/7/26", "x": 1}}) == {"number": "UP/7/26", "year": "26"}
    assert receipt("number: .").read(17) == {"number": "17"}


def test_codes_defaults_and_identifiers() -> None:
    compiled = receipt(
        "state: { from: S, table: { 1: taken } }\nof: { from: O, as: identifier, scheme: cz.ico, default: none }\n"
    )
    assert compiled.read({"S": 1, "O": "258245"}) == {"state": "taken", "of": "00258245"}
    assert compiled.read({"S": "1"}) == {"state": "taken", "of": "none"}
    assert complaints(compiled, {"S": 2}) == [("state", "S", "the code '2' is not in the table (known: 1)")]


def test_what_is_missing_or_there_twice() -> None:
    missing = "is required, and the source gives nothing that can be used"
    compiled = receipt(NUMBERS)
    assert complaints(compiled, {"Case": {"Number": " "}}) == [
        ("number", "Case.Number", missing),
        ("year", "Case.Number", missing),
    ]
    twice = xml("<R><Case><Number>1</Number><Number>2</Number></Case></R>")
    assert complaints(compiled, twice)[0][:2] == ("number", "Case.Number")
    with pytest.raises(MappingProblem) as caught:
        compiled.read({"Case": {"Number": {"a": "secret"}}})
    assert "secret" not in str(caught.value)


def test_what_is_found_after_a_doubt() -> None:
    compiled = receipt("number: Number", "Cases.Case")
    assert compiled.read_all({"Cases": {"Case": []}}) == []
    assert compiled.read_all(xml("<R><Cases/></R>")) == []
    both = xml("<R><Cases><Case><Number>1</Number></Case><Case><Number>2</Number></Case></Cases></R>")
    assert compiled.read_all(both) == [{"number": "1"}, {"number": "2"}]
    assert complaints(compiled, both) == [
        ("receipt", "Cases.Case", "stands there 2 times, and one was asked about"),
    ]
    assert complaints(compiled, {}) == [("receipt", "Cases.Case", "is not there")]
    assert complaints(compiled, {"Cases": {"Case": [{"N": 1}]}})[0][:2] == ("number", "Cases.Case[0].Number")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "case.delivery.yaml:1: is not a block of names. Write { number: path in the reply }."),
        ("number: { form: A }", "number.form: unknown verb 'form'. Did you mean 'from'?"),
        ("number: { from: A, required: perhaps }", "number.required: is 'perhaps'. Write true or false."),
        ("number: { from: A, as: decimal }", "number.as: 'decimal' makes a money, and this field is a text"),
        ("number: a..b", "number: 'a..b': a name is missing"),
    ],
)
def test_a_block_that_cannot_work(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        receipt(text)
    assert message in str(caught.value)
