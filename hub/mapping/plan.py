"""A mapping compiled for one form of documents: how records are found, read and made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.mapping.group import Complaint, Group, Value
from hub.mapping.layout import Node, Raw
from hub.mapping.medium import Medium
from hub.mapping.model import Mapped, PartyRef, Record, RecordProblem
from hub.mapping.paths import Path, join_paths
from hub.mapping.run import Run

Misfits = list[tuple[int, str]]
Level = tuple[int, Callable[[Any, Raw, Run], None]]


@dataclass(frozen=True, slots=True)
class Test:
    """Whether the text that `value` makes is one of `codes` (or, `negated`, none of them)."""

    value: Value
    codes: frozenset[str]
    negated: bool = False

    def holds(self, raw: Raw, run: Run) -> bool:
        return (self.value.build(raw, run) in self.codes) is not self.negated


class Row(NamedTuple):
    """The slots of one record, its position among all of them, and its shown path."""

    position: int
    path: str
    raw: Raw
    misfits: Misfits


@dataclass(slots=True)
class Plan:
    """`known` are shown paths outside the records that the mapping reads too; `levels` the nodes along
    `each`, whose every occurrence makes a record.
    """

    medium: Medium
    records: Path
    records_path: str
    known: frozenset[str]
    levels: Sequence[Node]
    start: Callable[[Any, Run], Raw]
    key: Value
    version: Value | None
    parties: Sequence[Value]
    where: Sequence[Test]
    removed: Test | None
    fields: Group

    def map(self, document: Any, run: Run) -> Mapped:
        mapped = Mapped()
        records, accept = mapped.records, self._accept
        for row in self.rows(document, run):
            try:
                record = accept(row, run)
            except ValueError:
                mapped.problems += self.problems(row, run)
            else:
                if record is not None:
                    records.append(record)
        mapped.drift = run.drift
        return mapped

    def rows(self, document: Any, run: Run) -> Iterator[Row]:
        """All records as they stand in the document, those that `where` leaves out too."""
        document = self.medium.prepare(document)
        start, path, position = self.start, self.records_path, 0
        levels: list[Level] = [
            (node.copies, self.medium.node_reader(node)) for node in self.levels if node.copies is not None
        ]
        for index, element in enumerate(self.medium.select(document, self.records, run, self.known)):
            raw = start(element, run)
            misfits = run.take_misfits() if run.misfits else []
            if not levels:
                yield Row(index, f"{path}[{index}]", raw, misfits)
                continue
            for copy, more in self._copies(raw, levels, misfits, run):
                yield Row(position, f"{path}[{index}]", copy, more)
                position += 1

    def _copies(self, raw: Raw, levels: Sequence[Level], misfits: Misfits, run: Run) -> Iterator[tuple[Raw, Misfits]]:
        slot, read = levels[0]
        for element in self.medium.children_of(raw, slot):
            copy = raw.copy()
            read(element, copy, run)
            more = misfits + run.take_misfits()
            if len(levels) == 1:
                yield copy, more
            else:
                yield from self._copies(copy, levels[1:], more, run)

    def _accept(self, row: Row, run: Run) -> Record | None:
        """The record; None where `where` leaves it out. Raises ValueError where it cannot be taken."""
        raw = row.raw
        for test in self.where:
            if not test.holds(raw, run):
                return None
        if row.misfits:
            raise ValueError
        key = self.key.build(raw, run)
        if key is None:
            raise ValueError
        version = self.version.build(raw, run) if self.version is not None else None
        if self.removed is not None and self.removed.holds(raw, run):
            return Record(key, version, (), {}, removed=True)
        return Record(key, version, self._parties(raw, run), self.fields.make(raw, run))

    def _parties(self, raw: Raw, run: Run) -> tuple[PartyRef, ...]:
        if len(self.parties) == 1:
            parties: tuple[PartyRef, ...] = self.parties[0].build(raw, run)
            return parties
        return tuple(party for value in self.parties for party in value.build(raw, run))

    def problems(self, row: Row, run: Run) -> list[RecordProblem]:
        """Everything wrong with a record that was not accepted."""
        raw, fields = row.raw, self.fields
        found: list[Complaint] = fields.misfits(row.misfits)
        key: str | None = None
        for name, value in self.beside_fields():
            try:
                made = value.build(raw, run)
            except ValueError as error:
                found.append(fields.complaint(name, value, raw, str(error)))
            else:
                if name == "key" and (key := made) is None:
                    found.append(fields.complaint(name, value, raw, "is missing: no record is kept without one"))
        found += fields.complaints(raw, run)
        return [
            RecordProblem(
                row.position,
                key,
                complaint.field,
                join_paths(row.path, complaint.path),
                complaint.value,
                complaint.reason,
            )
            for complaint in found
        ]

    def beside_fields(self) -> list[tuple[str, Value]]:
        """What a record has beside its fields, under the names of the mapping."""
        found = [("key", self.key)]
        if self.version is not None:
            found.append(("version", self.version))
        found += [("parties", value) for value in self.parties]
        found += [("where", test.value) for test in self.where]
        if self.removed is not None:
            found.append(("removed", self.removed.value))
        return found
