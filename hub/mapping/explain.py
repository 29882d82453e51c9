"""Shows what a mapping makes of a document, place by place: the preview of `munihub mapping try` and of the
administrators' API.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterator
from typing import Any, NamedTuple

from hub.mapping.detail import said_of
from hub.mapping.detail import shown as shown_detail
from hub.mapping.group import MISSING, Group, Value
from hub.mapping.layout import Raw
from hub.mapping.mapping import Mapping
from hub.mapping.model import Mapped
from hub.mapping.paths import join_paths
from hub.mapping.plain import plain
from hub.mapping.plan import NO_KEY, Plan
from hub.mapping.run import Run
from hub.mapping.scalars import shorten, shown


class ExplainedRow(NamedTuple):
    """One field of one record; or (with `drift`, and no record) something the mapping does not know.

    `path` is where the value was looked for, `raw` what stands there, `value` what it became, in the plain
    form. Nothing is masked: this is for the person who writes the mapping, with a sample of her own.
    """

    record: int | None
    field: str
    path: str
    raw: str | None
    value: Any = None
    error: str | None = None
    drift: str | None = None


class Explanation(NamedTuple):
    rows: list[ExplainedRow]
    mapped: Mapped


def explain(mapping: Mapping, document: Any, *, asked: collections.abc.Mapping[str, str] | None = None) -> Explanation:
    """Every field of every record with its source, then what the document has beside them."""
    plan, asked = mapping.plan(document), asked or {}
    mapped = mapping.map(document, asked=asked, sample=shorten)
    run = Run(asked, shorten)
    rows = [
        row
        for position, _, raw, misfits in plan.rows(document, run)
        for row in _record(plan, position, raw, misfits, run)
    ]
    rows += [ExplainedRow(None, "", drift.path, drift.sample or None, drift=drift.what) for drift in mapped.drift]
    return Explanation(rows, mapped)


def _record(plan: Plan, position: int, raw: Raw, misfits: list[tuple[int, str]], run: Run) -> Iterator[ExplainedRow]:
    for name, value in plan.beside_fields():
        row = _row(position, name, value, raw, run, plan.fields.paths)
        yield row._replace(error=NO_KEY) if name == "key" and row.value is None and row.error is None else row
    for test in plan.where:
        if not test.holds(raw, run):
            yield ExplainedRow(position, "where", "", None, "left out")
            return
    if plan.removed is not None and plan.removed.holds(raw, run):
        yield ExplainedRow(position, "removed", "", None, value=True)
        return
    if plan.detail is not None:
        detail, slot = plan.detail
        said = said_of(detail, raw[slot])
        yield ExplainedRow(position, "detail", shown_detail(detail), raw[slot], error=said)
        if said is not None:
            return
    for complaint in plan.fields.misfits(misfits):
        yield ExplainedRow(position, complaint.field, complaint.path, None, error=complaint.reason)
    yield from _group(position, "", plan.fields, raw, run)


def _group(position: int, prefix: str, group: Group, raw: Raw, run: Run) -> Iterator[ExplainedRow]:
    for name, value in group.values.items():
        if value.items is None:
            row = _row(position, prefix + name, value, raw, run, group.paths)
            if row.error is None and row.value is None and name in group.required:
                row = row._replace(error=MISSING)
            yield row
            continue
        path = group.paths[value.slots[0]]
        for index, item in enumerate(value.items.raws(raw, run)):
            inside, at = f"{prefix}{name}[{index}].", f"{path}[{index}]"
            misfits = value.items.group.misfits(run.take_misfits())
            for row in _group(position, inside, value.items.group, item, run):
                yield row._replace(path=join_paths(at, row.path))
            for one in misfits:
                yield ExplainedRow(position, inside + one.field, join_paths(at, one.path), None, error=one.reason)


def _row(
    position: int, name: str, value: Value, raw: Raw, run: Run, paths: collections.abc.Sequence[str]
) -> ExplainedRow:
    path = ", ".join(dict.fromkeys(paths[slot] for slot in value.slots))
    there = [text for slot in value.slots if (text := shown(raw[slot])) is not None]
    seen = " | ".join(there) if there else None
    try:
        return ExplainedRow(position, name, path, seen, plain(value.build(raw, run)))
    except ValueError as error:
        return ExplainedRow(position, name, path, seen, error=str(error))
