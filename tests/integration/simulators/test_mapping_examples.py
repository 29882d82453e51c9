"""Every mapping of the demo towns gives what its examples say.

A file of examples is a list of { name, input, asked, caught_up_to, cursor, records, problems, drift }. `input`
stands beside it: a reply as it was received (of SOAP the whole envelope), or the data of an event. Amounts are
written `48.60 EUR`, references `scheme value`, parties `role scheme value`; what the source is silent about is
left out, and so are lists without items.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit.xml import parse
from hub.mapping.model import PartyRef, Record
from tests.integration.simulators.test_demo_mappings import ROOT, mapping

MAPPINGS = sorted(
    path.relative_to(ROOT / "mappings").as_posix()
    for path in ROOT.glob("mappings/*/*.yaml")
    if not path.name.endswith(".delivery.yaml")
)


def plain(value: Any) -> Any:
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, Reference | PartyRef):
        return " ".join(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None and item != ()}
    return value


def written(record: Record) -> dict[str, Any]:
    if record.removed:
        return {"key": record.key, "version": record.version, "removed": True}
    return {
        "key": record.key,
        "version": record.version,
        "parties": plain(record.parties),
        "values": plain(record.values),
    }


def document(path: Path) -> Any:
    if path.suffix == ".json":
        return json.loads(path.read_text("utf-8"))
    (child,) = parse(path.read_bytes()).find("{*}Body")
    return child


def test_there_is_something_to_run() -> None:
    assert len(MAPPINGS) == 7


@pytest.mark.parametrize("name", MAPPINGS)
def test_examples(name: str) -> None:
    compiled = mapping(name)
    assert compiled.examples is not None
    examples = yaml.safe_load(compiled.examples.read_text("utf-8"))
    used = {compiled.examples.name} | {example["input"] for example in examples}
    prefix = f"{compiled.file.stem}."
    others = tuple(f"{Path(other).stem}." for other in MAPPINGS if Path(other).stem.startswith(prefix))
    beside = {
        path.name
        for path in compiled.examples.parent.iterdir()
        if path.name.startswith(prefix) and not path.name.startswith(others or ("\0",))
    }
    assert used == beside
    for example in examples:
        source = document(compiled.examples.parent / example["input"])
        mapped = compiled.map(source, asked=example.get("asked", {}))
        assert [written(record) for record in mapped.records] == example["records"], example["name"]
        assert [
            {"key": problem.key, "field": problem.field, "path": problem.path} for problem in mapped.problems
        ] == example.get("problems", [])
        assert [{"what": drift.what, "path": drift.path} for drift in mapped.drift] == example.get("drift", [])
        assert compiled.caught_up_to(source) == example.get("caught_up_to")
        assert compiled.cursor(source, None) == example.get("cursor")
