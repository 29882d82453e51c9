"""What a mapping is compiled against (a target) and what it yields (records).

A noun declares its Target beside its tables; the engine checks every mapping against it when it is
loaded, so that mapping a record needs no second validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """Types of target fields and the Python value a record holds for each."""

    TEXT = "text"  # str
    LOCALISED = "localised_text"  # dict[str, str]
    MONEY = "money"  # hub.kernel.money.Money
    DATE = "date"  # datetime.date
    DATETIME = "datetime"  # aware datetime.datetime, UTC
    INTEGER = "integer"  # int
    BOOLEAN = "boolean"  # bool
    CHOICE = "choice"  # str, one of `choices`
    REFERENCES = "references"  # tuple[hub.kernel.references.Reference, ...]
    TEXTS = "texts"  # tuple[str, ...]
    LIST = "list"  # tuple[dict[str, Any], ...], each with the field's own `fields`


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a target. `required`: a record without it is refused."""

    kind: Kind
    help: str
    required: bool = False
    choices: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A noun that records can be mapped to. `roles` are the parts a party can have; the first is the default."""

    name: str
    fields: Mapping[str, Field]
    roles: tuple[str, ...]


class PartyRef(NamedTuple):
    """Who a record is about, as the source names them. `value` is normalised by its scheme."""

    role: str
    scheme: str
    value: str


@dataclass(slots=True)
class Record:
    """One mapped record.

    `version`  integer that grows with every change at the source (microseconds since 1970 where the
               source gives a time); None where it gives neither.
    `removed`  the source says the record is gone.
    `said_at`  when the source said so, where a record has a time of its own (a pushed event); else None.
    `values`   one entry per mapped field of the target; None where the source is silent.
    """

    key: str
    version: int | None
    parties: tuple[PartyRef, ...]
    values: dict[str, Any]
    removed: bool = False
    said_at: datetime | None = None


class RecordProblem(NamedTuple):
    """Why one record of a document was refused. `path` is where in the document, `value` is shortened."""

    position: int
    key: str | None
    field: str
    path: str
    value: str | None
    reason: str


class Drift(NamedTuple):
    """Something in a document that the mapping does not know.

    `what`: unknown_field · unknown_code (not in a table) · lenient (accepted although the schema says no)
    """

    what: str
    path: str
    sample: str


@dataclass(slots=True)
class Mapped:
    """What one document gave. `cursor` and `caught_up_to` as the document states them."""

    records: list[Record] = field(default_factory=list)
    problems: list[RecordProblem] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
