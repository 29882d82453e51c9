"""Makes the fields of a record, or of an item in one of its lists, and collects everything wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.mapping.layout import Raw
from hub.mapping.model import Field
from hub.mapping.run import Run
from hub.mapping.scalars import shown

MISSING = "is required, and the source gives nothing that can be used"

Build = Callable[[Raw, Run], Any]
"""Makes a value from the slots of a record, None where the source is silent. Raises ValueError."""


class Direct(NamedTuple):
    """A slot and its converter: one for texts, and one for anything that can stand there."""

    slot: int
    from_text: Callable[[str], Any]
    convert: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Value:
    """How one value is made.

    `slots`: where it is read from, the main place first. `secret`: what is there is an identifier.
    `items`: of a list, what it is made of.
    `direct` where nothing but a converter is needed; it saves calls for each field and record.
    """

    build: Build
    slots: tuple[int, ...] = ()
    direct: Direct | None = None
    secret: bool = False
    items: Items | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a list: `raws` gives the slots of each in a record."""

    group: Group
    raws: Callable[[Raw, Run], Iterator[Raw]]


class Complaint(NamedTuple):
    """One thing wrong with a record. `path` is the place within it; see RecordProblem."""

    field: str
    path: str
    value: str | None
    reason: str


class Refused(ValueError):
    """A record, or an item of a list, that cannot be taken."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__("; ".join(f"{complaint.field}: {complaint.reason}" for complaint in complaints))
        self.complaints = list(complaints)


class Group:
    """Named values over one layout. `paths` are the layout's, by slot."""

    def __init__(self, values: Mapping[str, Value], fields: Mapping[str, Field], paths: Sequence[str]) -> None:
        self.values = values
        self.required = tuple(name for name in values if fields[name].required)
        self.paths = paths
        self.make = self._maker()

    def _maker(self) -> Callable[[Raw, Run], dict[str, Any]]:
        direct = [(name, *value.direct) for name, value in self.values.items() if value.direct]
        built = [(name, value.build) for name, value in self.values.items() if not value.direct]
        required = self.required

        def make(raw: Raw, run: Run) -> dict[str, Any]:
            """All values by name. Raises Refused with every complaint."""
            values: dict[str, Any] = {}
            try:
                for name, slot, from_text, convert in direct:
                    value = raw[slot]
                    if value.__class__ is str:
                        values[name] = from_text(value)
                    else:
                        values[name] = None if value is None else convert(value)
                for name, build in built:
                    values[name] = build(raw, run)
            except ValueError:
                raise Refused(self.complaints(raw, run)) from None
            for name in required:
                if values[name] is None:
                    raise Refused(self.complaints(raw, run))
            return values

        return make

    def complaints(self, raw: Raw, run: Run) -> list[Complaint]:
        found: list[Complaint] = []
        for name, value in self.values.items():
            try:
                if value.build(raw, run) is None and name in self.required:
                    found.append(self.complaint(name, value, raw, MISSING))
            except Refused as refusal:
                found += refusal.complaints
            except ValueError as error:
                found.append(self.complaint(name, value, raw, str(error)))
        return found

    def complaint(self, name: str, value: Value, raw: Raw, reason: str) -> Complaint:
        """The place is the first one that has something in it; what is read from nowhere cannot fail."""
        slot = next((slot for slot in value.slots if raw[slot] is not None), value.slots[0])
        return Complaint(name, self.paths[slot], None if value.secret else shown(raw[slot]), reason)

    def misfits(self, slots: Sequence[tuple[int, str]]) -> list[Complaint]:
        """Complaints about places that hold something else than one value."""
        found = []
        for slot, reason in dict(slots).items():
            name = next((name for name, value in self.values.items() if slot in value.slots), "")
            found.append(Complaint(name, self.paths[slot], None, reason))
        return found
