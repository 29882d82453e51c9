"""docs/mapping.schema.json is made from the code, accepts every mapping there is and refuses what the compiler refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest

from hub.bootstrap.nouns import TARGETS as NOUNS
from hub.cities.back_offices import DeliveryKind
from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import load, parse
from hub.mapping.schema import mapping_schema
from tests.unit.mapping import test_documentation as documentation
from tests.unit.mapping import test_mapping_errors as errors
from tests.unit.mapping import test_request as requests
from tests.unit.mapping.engine import HEAD, TARGETS

PROJECT = Path(__file__).parents[3]
FILE = PROJECT / "docs" / "mapping.schema.json"
MAPPINGS = sorted((PROJECT / "mappings").glob("*/*.yaml"))
SCHEMA = jsonschema_rs.Draft202012Validator(mapping_schema(TARGETS))


def as_an_editor_sees_it(value: Any) -> Any:
    """Keys are texts there."""
    if isinstance(value, dict):
        return {
            str(key).lower() if isinstance(key, bool) else str(key): as_an_editor_sees_it(part)
            for key, part in value.items()
        }
    return [as_an_editor_sees_it(part) for part in value] if isinstance(value, list) else value


def refused(text: str) -> bool:
    try:
        data = parse(text, "x.yaml").data
    except ConfigurationError:
        return True
    return not SCHEMA.is_valid(as_an_editor_sees_it(data))


def delivery(block: str) -> str:
    indented = block.replace("\n", "\n      ")
    return f"delivers: open_case\nsteps:\n  - name: case\n    call: {{}}\n    request:\n      {indented}\n"


def cases(function: Any) -> list[tuple[Any, ...]]:
    """The arguments another test is run with."""
    (mark,) = [mark for mark in function.pytestmark if mark.name == "parametrize"]
    return list(mark.args[1])


def test_the_file_is_that_of_the_code() -> None:
    written = json.dumps(mapping_schema(NOUNS, get_args(DeliveryKind)), ensure_ascii=False, indent=2) + "\n"
    assert FILE.read_text("utf-8") == written, "run `make schema`"


@pytest.mark.parametrize("file", MAPPINGS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_mapping_fits_and_names_it(file: Path) -> None:
    schema = jsonschema_rs.Draft202012Validator(json.loads(FILE.read_text("utf-8")))
    assert [str(error) for error in schema.iter_errors(as_an_editor_sees_it(load(file).data))] == []
    assert file.read_text("utf-8").startswith("# yaml-language-server: $schema=../../docs/mapping.schema.json\n")


def test_what_the_guide_shows_fits() -> None:
    schema = jsonschema_rs.Draft202012Validator(mapping_schema(NOUNS))
    shown = [block for block in documentation.BLOCKS if "target:" in block]
    assert len(shown) == 2
    for block in shown:
        assert schema.is_valid(as_an_editor_sees_it(parse(block, "docs.yaml").data))


def test_what_a_schema_cannot_say() -> None:
    """All that the compiler refuses and the schema does not: nothing else may join this list unnoticed."""
    not_seen = {text for text, _ in cases(errors.test_the_mapping) if not refused(text)}
    not_seen |= {
        spec for spec, _ in cases(errors.test_parties) if not refused(f"target: thing\nkey: Id\n{spec}\nfields: {{}}\n")
    }
    not_seen |= {
        f"{name}: {spec}"
        for name, spec, _ in cases(errors.test_fields)
        if not refused(f"{HEAD}fields:\n  {name}: {spec}\n")
    }
    assert not_seen == EXPECTED


def test_what_it_cannot_say_of_requests() -> None:
    not_seen = {text for text, _ in cases(requests.test_a_block_that_cannot_work) if not refused(delivery(text))}
    assert not_seen == OF_REQUESTS


@pytest.mark.parametrize("spec", [case[0] for case in cases(requests.test_sent)])
def test_what_can_be_sent_fits(spec: str) -> None:
    assert not refused(delivery(f"A: {spec}"))


def test_a_whole_delivery_fits() -> None:
    assert not refused(delivery(requests.WHOLE.rstrip()))


@pytest.mark.parametrize(
    "text",
    [
        "delivers: open_case\nsteps: []\n",
        "delivers: open_case\nsteps: [{ name: A, call: {}, request: { A: b } }]\n",
        "delivers: open_case\nsteps: [{ name: a, call: {} }]\n",
        "delivers: open_case\nsteps: [{ name: a, call: {}, request: { A: b }, receipts: {} }]\n",
        "delivers: open_case\nsteps: [{ name: a, call: {}, request: { A: b }, receipt: { n: { form: A } } }]\n",
        "steps: [{ name: a, call: {}, request: { A: b } }]\n",
    ],
)  # fmt: skip
def test_a_delivery_that_cannot_work(text: str) -> None:
    assert refused(text)


_START = "target: thing\nkey: Id\nsubject: { scheme: hr.oib, from: S }\n"
EXPECTED = {
    # A path and a list that holds it; prefixes and whether they are declared; what strptime can do; names of zones.
    f"{_START}fields:\n  text: P.N\n  parts: {{ each: P, fields: {{ name: M }} }}\n",
    f"{_START}ignore: [a:B]\n",
    f"{_START}namespaces: {{ a: 'urn:a' }}\nfields: {{ text: A, number: 'a:A' }}\n",
    f"{_START}namespaces: {{ a: 'urn:a' }}\nignore: ['a:S']\n",
    f"{_START}source: {{ caught_up_to: {{ from: A, format: '%H' }} }}\n",
    f"{_START}source: {{ timezone: Europe/Zagrb }}\n",
    "flag: { from: A, as: boolean, true: [D], false: [D] }",
    "moment: { from: A, as: datetime, timezone: Zagreb }",
    "text: a:b",
}
OF_REQUESTS = {
    # Keys that are one place in two forms; two values that must differ; a format and what it lacks.
    "A: x\nA.B: y",
    "A: x\nB: { from: f, as: decimal, currency: { to: A } }",
    "A: { B: x }\nA.B: y",
    "A: { from: x, as: datetime, format: '%d.%m.%Y' }",
    "A: { from: x, as: decimal, currency: EUR, sign: { to: S, negative: P, positive: P } }",
    "A: { from: x, table: { K: 1, L: '1' } }",
    "A: { from: x, table: { K: fee, L: fee } }",
}
