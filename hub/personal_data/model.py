"""What is said of a table with data of people: whose a row is, what of it she is given, what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spared:
    """Rows that stay for a while, changed by `set` (SQL) so that they are nobody's and `whose` finds them no more."""

    where: str
    set: str
    why: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The rows go, but for those that are spared."""

    spared: Spared | None = None


@dataclass(frozen=True, slots=True)
class Blank:
    """The rows stay, without what tells who it was. `set` is SQL; `why` says what the rest is kept for."""

    set: str
    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """The rows stay. `why` names the duty or right to keep them."""

    why: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A table with data of people.

    `whose`    SQL: the rows of the person
    `without`  columns she is not given, and why
    `given_as` columns given in another way than they are stored: an SQL expression
    `sealed`   encrypted columns she is given opened: the SQL of the row's id that the value is bound to
    """

    table: str
    whose: str
    erasure: Delete | Blank | Keep
    without: Mapping[str, str] = field(default_factory=dict)
    given_as: Mapping[str, str] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)
