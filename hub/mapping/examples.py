"""Examples of a mapping: documents and what they become, run by the contract suite.

An examples file is a list, each entry with

    name          what it shows
    input         a file beside it (.xml, .json), or the document itself: a block, a list, or XML as a text
    asked         identifiers of the subject asked about, by scheme
    details       replies to second calls, as `input`, by what they are asked for (several values with / between)
    records       what comes out, as hub.mapping.plain writes it
    problems      [{ key, field, path }] of the records that are refused
    drift         [{ what, path }]
    caught_up_to  the moment the document states
    cursor        the cursor after it

What is not written is expected not to be there: an example that causes drift says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import load
from hub.mapping.block import Block
from hub.mapping.detail import Detail
from hub.mapping.mapping import Mapping
from hub.mapping.plain import plain_record
from hub.mapping.samples import load_sample, read_xml

_KEYS = ("name", "input", "asked", "details", "records", "problems", "drift", "caught_up_to", "cursor")


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """`differences` between what the example says and what came out; none where it holds."""

    name: str
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


def run_examples(mapping: Mapping) -> list[ExampleResult]:
    """All examples of a mapping, in the order of the file.

    Raises ConfigurationError where the mapping names no examples, or the file cannot be used.
    """
    if mapping.examples is None:
        raise ConfigurationError(
            "has no examples", file=str(mapping.file), key="examples", remedy="Add examples: examples/<name>.yaml."
        )
    document = load(mapping.examples)
    entries = Block(document, (), document.data).entries("Write a list: [{ input: …, records: [] }].")
    if not entries:
        raise ConfigurationError(
            "holds no example", file=str(mapping.examples), remedy="Add one with input and records."
        )
    return [_run(mapping, entry, index) for index, entry in enumerate(entries)]


def _run(mapping: Mapping, entry: Block, index: int) -> ExampleResult:
    entry.keys(_KEYS)
    said = entry.value
    if "input" not in said or not isinstance(said.get("records"), list):
        raise entry.error("has no input or no list of records", remedy="Write { input: file, records: [] }.")
    document = _document(mapping, said["input"], entry)
    if mapping.detail is not None:
        document = _with_details(mapping, mapping.detail, document, said.get("details") or {}, entry)
    mapped = mapping.map(document, asked=said.get("asked") or {})
    got: dict[str, Any] = {
        "records": [plain_record(record) for record in mapped.records],
        "problems": [{"key": problem.key, "field": problem.field, "path": problem.path} for problem in mapped.problems],
        "drift": [{"what": drift.what, "path": drift.path} for drift in mapped.drift],
        "caught_up_to": mapping.caught_up_to(document),
        "cursor": mapping.cursor(document, None),
    }
    differences: list[str] = []
    for part, value in got.items():
        expected = said.get(part, [] if part in ("records", "problems", "drift") else None)
        differences += _differences(part, expected, value)
    return ExampleResult(str(said.get("name", f"example {index + 1}")), tuple(differences))


def _document(mapping: Mapping, given: Any, entry: Block) -> Any:
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("<"):
        return read_xml(given.encode(), "input")
    assert mapping.examples is not None
    beside = mapping.examples.parent / given
    if not beside.is_file():
        raise entry.error(f"there is no {given}", at="input", remedy=f"Put it beside {Path(mapping.examples).name}.")
    return load_sample(beside)


def _with_details(mapping: Mapping, detail: Detail, document: Any, replies: Any, entry: Block) -> Any:
    """The document with its details; a record for which the example has no reply is as one whose call failed."""
    document, wanted = mapping.details_wanted(document)
    by_name = {str(name): reply for name, reply in replies.items()} if isinstance(replies, dict) else {}
    for one in wanted:
        name = "/".join(one.by.values())
        if name not in by_name:
            detail.mark(one.record, "the example has no reply for it")
            continue
        found = mapping.details_found(_document(mapping, by_name[name], entry))
        if len(found) == 1:
            detail.put(one.record, found[0])
        else:
            detail.mark(one.record, f"the second call for it gave {len(found)} records")
    return document


def _differences(path: str, expected: Any, got: Any) -> list[str]:
    """What differs, by path. YAML leaves open whether 40017 is a number, and a moment has several texts."""
    if isinstance(expected, dict) and isinstance(got, dict):
        keys = [*expected, *(key for key in got if key not in expected)]
        return [found for key in keys for found in _differences(f"{path}.{key}", expected.get(key), got.get(key))]
    if isinstance(expected, list) and isinstance(got, list):
        found = [] if len(expected) == len(got) else [f"{path}: expected {len(expected)}, got {len(got)}"]
        for index, (one, other) in enumerate(zip(expected, got, strict=False)):
            found += _differences(f"{path}[{index}]", one, other)
        return found
    return [] if _same(expected, got) else [f"{path}: expected {expected!r}, got {got!r}"]


def _same(expected: Any, got: Any) -> bool:
    if expected is None or got is None or isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if str(expected) == str(got):
        return True
    try:
        return datetime.fromisoformat(str(expected)) == datetime.fromisoformat(str(got))
    except ValueError:
        return False
