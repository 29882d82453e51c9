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
    """One mapped record. Of a removed one only key and version are known: it has no parties and no values.

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
    """One thing for which a record of a document was refused; a record may have several.

    `position`  of the record among all in the document, from 0. `key` None where the key itself is at fault.
    `field`     of the target, with a dot before that of a list's item; or `key`, `version`, `parties`, …
    `path`      where in the document, items counted from 0: `Items.Item[3].Total`.
    `value`     what stands there, shortened; None for identifiers.
    """

    position: int
    key: str | None
    field: str
    path: str
    value: str | None
    reason: str


class Drift(NamedTuple):
    """Something in a document that the mapping does not know.

    `what`    unknown_field · unknown_code (not in a table) · lenient (accepted although the schema says no)
    `path`    from the record, as `ignore:` would name it.
    `sample`  the code itself, where it is one; else what the value looks like, without what it says.
    """

    what: str
    path: str
    sample: str


@dataclass(slots=True)
class Mapped:
    """What one document gave."""

    records: list[Record] = field(default_factory=list)
    problems: list[RecordProblem] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
