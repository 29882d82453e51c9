"""A mapping compiled for one form of documents: how records are found, read and made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub.mapping.detail import Detail, Wanted, said_of, shown
from hub.mapping.group import Complaint, Group, Value
from hub.mapping.layout import Raw
from hub.mapping.medium import Medium
from hub.mapping.model import Mapped, PartyRef, Record, RecordProblem
from hub.mapping.paths import Path, join_paths
from hub.mapping.run import Run

NO_KEY = "is missing: no record is kept without one"

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


Row = tuple[int, int, Raw, Misfits]
"""One record as it stands: its position among all, that of the element it is in, its slots, its misfits."""


@dataclass(slots=True)
class Plan:
    """`known` are shown paths outside the records that the mapping reads too. `levels` are the slots and
    readers of the elements along `each`, whose every occurrence makes a record.
    """

    medium: Medium
    records: Path
    records_path: str
    known: frozenset[str]
    levels: Sequence[Level]
    start: Callable[[Any, Run], Raw]
    key: Value
    version: Value | None
    parties: Sequence[Value]
    where: Sequence[Test]
    removed: Test | None
    fields: Group
    detail: tuple[Detail, int] | None = None  # And the slot of what is said of its call.

    def map(self, document: Any, run: Run) -> Mapped:
        mapped = Mapped()
        records, accept = mapped.records, self._acceptor(run)
        for row in self.rows(document, run):
            try:
                record = accept(row)
                if record is not None:
                    records.append(record)
            except ValueError:
                mapped.problems += self.problems(row, run)
        mapped.drift = run.drift
        return mapped

    def rows(self, document: Any, run: Run) -> Iterator[Row]:
        """All records as they stand in the document, those that `where` leaves out too."""
        document = self.medium.prepare(document)
        start, levels, position = self.start, self.levels, 0
        for index, element in enumerate(self.medium.select(document, self.records, run, self.known)):
            raw = start(element, run)
            misfits = run.take_misfits() if run.misfits else []
            if not levels:
                yield index, index, raw, misfits
                continue
            for copy, more in self._copies(raw, levels, misfits, run):
                yield position, index, copy, more
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

    def _acceptor(self, run: Run) -> Callable[[Row], Record | None]:
        """A function that makes the record; None where `where` leaves it out. Raises ValueError where it
        cannot be taken.
        """
        where, removed, make, detail = self.where, self.removed, self.fields.make, self.detail
        key_of, version_of = self.key.build, self.version.build if self.version else _no_version
        parties_of = self.parties[0].build if len(self.parties) == 1 else self._parties

        def accept(row: Row) -> Record | None:
            _, _, raw, misfits = row
            for test in where:
                if not test.holds(raw, run):
                    return None
            key = key_of(raw, run)
            if misfits or key is None:
                raise ValueError
            version = version_of(raw, run)
            if removed is not None and removed.holds(raw, run):
                return Record(key, version, (), {}, removed=True)
            if detail is not None and said_of(detail[0], raw[detail[1]]) is not None:
                raise ValueError
            return Record(key, version, parties_of(raw, run), make(raw, run))

        return accept

    def _parties(self, raw: Raw, run: Run) -> tuple[PartyRef, ...]:
        return tuple(party for value in self.parties for party in value.build(raw, run))

    def problems(self, row: Row, run: Run) -> list[RecordProblem]:
        """Everything wrong with a record that was not accepted."""
        position, index, raw, misfits = row
        fields, path = self.fields, f"{self.records_path.removeprefix('.')}[{index}]"
        found: list[Complaint] = fields.misfits(misfits)
        key: str | None = None
        removed = False
        for name, value in self.beside_fields():
            try:
                made = value.build(raw, run)
            except ValueError as error:
                found.append(fields.complaint(name, value, raw, str(error)))
                continue
            if name == "key" and (key := made) is None:
                found.append(fields.complaint(name, value, raw, NO_KEY))
            removed = removed or (name == "removed" and self.removed is not None and made in self.removed.codes)
        # Of a record that is gone nothing else is used, and without its detail half of it would be wrong.
        if self.detail is not None and not removed and (said := said_of(self.detail[0], raw[self.detail[1]])):
            found.append(Complaint("detail", shown(self.detail[0]), None, said))
        elif not removed:
            found += fields.complaints(raw, run)
        return [
            RecordProblem(
                position,
                key,
                complaint.field,
                join_paths(path, complaint.path),
                complaint.value,
                complaint.reason,
            )
            for complaint in found
        ]

    def details_wanted(self, document: Any) -> list[Wanted]:
        """The records of a prepared document that need a second call, with what it names of each."""
        assert self.detail is not None
        detail, run = self.detail[0], Run({})
        elements = self.medium.select(document, self.records, run, ())
        needed: dict[int, Any] = {}
        for _, index, raw, _ in self.rows(document, run):
            kept = all(test.holds(raw, run) for test in self.where)
            if kept and not (self.removed is not None and self.removed.holds(raw, run)):
                needed[index] = elements[index]
        run.take_misfits()
        return [
            Wanted(element, {text: self._one_text(element, path) for text, path in detail.by.items()})
            for element in needed.values()
            if isinstance(element, dict) or etree.iselement(element)
        ]

    def _one_text(self, element: Any, path: Path) -> str:
        """The one text at a path of a record; an empty one where there is none, or no single one."""
        try:
            texts = [
                self.medium.text_of(value).strip()
                for value in self.medium.values_at(element, path)
                if value is not None
            ]
        except ValueError:
            return ""
        return texts[0] if len(texts) == 1 else ""

    def beside_fields(self) -> list[tuple[str, Value]]:
        """What a record has beside its fields, under the names of the mapping."""
        found = [("key", self.key)]
        if self.version is not None:
            found.append(("version", self.version))
        found += [("where", test.value) for test in self.where]
        if self.removed is not None:
            found.append(("removed", self.removed.value))
        found += [("parties", value) for value in self.parties]
        return found


def _no_version(_raw: Raw, _run: Run) -> None:
    return None
