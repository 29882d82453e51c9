"""Live replies compared with the recorded ones: what vanished, what is new, what is written differently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.contracts.judge import Reader, finding
from hub.contracts.model import Finding, Severity
from hub.contracts.replies import Shape, below
from hub.contracts.uses import Use
from hub.kernel.errors import ConfigurationError
from hub.kit.interfaces.diff import Change, What
from hub.kit.yaml_document import load
from hub.mapping.mapping import Mapping as RecordMapping
from hub.mapping.model import Drift, RecordProblem
from hub.mapping.samples import load_sample, read_xml

_ENOUGH = 5
"""Live records, from which on a place that was in half of the recorded ones and is in none of them is gone."""


def recorded_shape(mapping: RecordMapping, records: str) -> Shape:
    """The places of the records in the mapping's examples; those that show a fault or drift do not count."""
    shape = Shape()
    if mapping.examples is None or not mapping.examples.is_file():
        return shape
    for entry in load(mapping.examples).data or ():
        if isinstance(entry, dict) and not entry.get("problems") and not entry.get("drift"):
            document = _input(mapping, entry.get("input"))
            for record in below(document, records) if document is not None else ():
                shape.add(record)
    return shape


def _input(mapping: RecordMapping, given: Any) -> Any:
    assert mapping.examples is not None
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("<"):
        return read_xml(given.encode(), "input")
    try:
        return load_sample(mapping.examples.parent / given)
    except ConfigurationError:
        return None


def compared(
    reader: Reader,
    documents: Sequence[Any],
    asked: Mapping[str, str],
    *,
    refused: str | None,
) -> list[Finding]:
    """Findings of the live `documents` of one feed. `refused` is why the connector did not accept the last of them."""
    mapping, uses = reader.feed.mapping, reader.uses
    assert mapping is not None
    was, now = recorded_shape(mapping, uses.records), Shape()
    problems: list[RecordProblem] = []
    drift: dict[tuple[str, str], Drift] = {}
    for document in documents:
        for record in below(document, uses.records):
            now.add(record)
        mapped = mapping.map(document, asked=asked)
        problems += mapped.problems
        drift |= {(one.what, one.path): one for one in mapped.drift}
    found = list(_of_places(reader, was, now, drift, strict=refused is not None))
    found += _of_forms(reader, was, now, problems)
    found += [of_drift(reader, one, "records") for one in drift.values()]
    if refused is not None and not any(one.severity is Severity.BREAKS for one in found):
        found.append(unreadable(reader, refused))
    return found


def unreadable(reader: Reader, why: str) -> Finding:
    """The whole answer cannot be used."""
    change = Change(What.TYPE, reader.uses.operation, "reply", "", "", why)
    return _renamed_kind(finding(Severity.BREAKS, "records", change, [reader], []), "unreadable")


def _of_places(
    reader: Reader, was: Shape, now: Shape, drift: dict[tuple[str, str], Drift], *, strict: bool
) -> Iterator[Finding]:
    """Places that were there and are not; one new name beside a vanished one is taken for its new name."""
    if not now.records:
        return
    for path, place in was.places.items():
        always = place.times == was.records
        usual = place.times * 2 >= was.records and now.records >= _ENOUGH
        if now.under(path) or not (always or usual):
            continue
        parent = path.rpartition(".")[0]
        if parent and not now.under(parent):
            continue  # The whole of it is told where it begins, or is a list that is empty now.
        uses = _uses_at(reader, path)
        new = [
            other
            for other, seen in now.places.items()
            if other.rpartition(".")[0] == parent
            and other not in was.places
            and seen.forms <= (place.forms or seen.forms)
        ]
        renamed = new[0] if len(new) == 1 else None
        if renamed:
            drift.pop(("unknown_field", renamed), None)
        what = What.RENAMED if renamed else What.GONE
        whole = _whole(reader, path)
        now_name = _whole(reader, renamed) if renamed else ""
        change = Change(
            what, reader.uses.operation, "reply", whole, ", ".join(sorted(place.forms)) or "there", now_name
        )
        yield finding(
            _lost(uses, strict=strict), "records", change, [reader] if uses or strict else [], _with(reader, uses)
        )


def _of_forms(reader: Reader, was: Shape, now: Shape, problems: Iterable[RecordProblem]) -> Iterator[Finding]:
    """Values that are written as none was before, where somebody reads them by a converter; and what cannot be read."""
    faulty = {_without_positions(one.path): one for one in problems}
    for path, place in now.places.items():
        before = was.places.get(path)
        uses = _uses_at(reader, path)
        whole = _whole(reader, path)
        problem = faulty.get(whole) or faulty.get(path)
        if before is None or not before.forms or not uses:
            continue
        strange = place.forms - before.forms
        if not strange or ("words" in before.forms and problem is None):
            continue
        severity = Severity.BREAKS if problem else Severity.LOSES
        if problem is None and not any(use.converter for use in uses):
            continue
        change = Change(What.FORM, reader.uses.operation, "reply", whole, _listed(before.forms), _listed(strange))
        yield _renamed_kind(finding(severity, "records", change, [reader], _with(reader, uses)), "format")


def of_drift(reader: Reader, drift: Drift, source: str) -> Finding:
    """What a mapping met that it does not know, as a finding."""
    whole = _whole(reader, drift.path)
    uses = [use for use in reader.uses.uses if use.path in (whole, drift.path)] if drift.what != "unknown_field" else []
    severity = _lost(uses, strict=False) if uses else Severity.NEW
    change = Change(What.NEW, reader.uses.operation, "reply", whole, "", drift.sample)
    told = finding(severity, source, change, [reader] if uses else [], _with(reader, uses))
    return _renamed_kind(told, drift.what)


def _renamed_kind(found: Finding, what: str) -> Finding:
    return replace(found, what=what)


def _lost(uses: Sequence[Use], *, strict: bool) -> Severity:
    if strict or any(use.required for use in uses):
        return Severity.BREAKS
    return Severity.LOSES if uses else Severity.NEW


def _uses_at(reader: Reader, path: str) -> list[Use]:
    return reader.uses.of(_whole(reader, path))


def _with(reader: Reader, uses: Sequence[Use]) -> list[tuple[Reader, Use]]:
    return [(reader, use) for use in uses]


def _whole(reader: Reader, path: str) -> str:
    """From the message's element, for a path from the record."""
    records = reader.uses.records
    if not records or path == records or path.startswith(f"{records}."):
        return path
    return f"{records}.{path}" if path not in ("", ".") else records


def _without_positions(path: str) -> str:
    return "".join(part.partition("]")[2] if index else part for index, part in enumerate(path.split("[")))


def _listed(forms: Iterable[str]) -> str:
    return ", ".join(sorted(forms))
