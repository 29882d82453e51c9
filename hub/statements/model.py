"""What a statement's entry is to the hub, the states it can be in, and the one table of the edges between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from hub.kernel.errors import Conflict
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.ports.bank_statement import Party

READ = "statements.read"
"""Kind of the job that reads a file."""


class State(StrEnum):
    NEW = "new"  # imported, and not looked at yet
    BOOKED = "booked"  # in the ledger
    QUEUED = "queued"  # somebody must say what it is
    SET_ASIDE = "set_aside"  # not the hub's: money that went, fees, what a report tells before its statement
    REVERSED = "reversed"  # the bank took it back


class Event(StrEnum):
    """What happens to an entry. `matches` has one row for each."""

    MATCHED = "matched"
    UNCLEAR = "unclear"
    SET_ASIDE = "set_aside"
    CONFIRMED = "confirmed"
    UNDONE = "undone"
    REOPENED = "reopened"
    REVERSED = "reversed"


class Edge(NamedTuple):
    """`by` is who causes it: hub or staff."""

    event: Event
    source: State
    target: State
    by: str
    meaning: str


EDGES: tuple[Edge, ...] = (
    Edge(Event.MATCHED, State.NEW, State.BOOKED, "hub", "there is one thing it can be for, and it is booked"),
    Edge(Event.UNCLEAR, State.NEW, State.QUEUED, "hub", "several things, or none: somebody is shown what is likely"),
    Edge(Event.SET_ASIDE, State.NEW, State.SET_ASIDE, "hub", "money that went, and to nobody we owed it"),
    Edge(Event.MATCHED, State.QUEUED, State.BOOKED, "hub", "what it is for has been found since"),
    Edge(Event.UNCLEAR, State.QUEUED, State.QUEUED, "hub", "what has been found since only somebody can decide"),
    Edge(Event.CONFIRMED, State.QUEUED, State.BOOKED, "staff", "somebody says what it is for, in one part or several"),
    Edge(Event.SET_ASIDE, State.QUEUED, State.SET_ASIDE, "staff", "somebody says that it is not the hub's"),
    Edge(Event.UNDONE, State.BOOKED, State.QUEUED, "staff", "it was for something else; what was booked is taken back"),
    Edge(Event.REOPENED, State.SET_ASIDE, State.QUEUED, "staff", "it is the hub's after all"),
    Edge(Event.REVERSED, State.BOOKED, State.REVERSED, "hub", "the bank took it back; what was booked is taken back"),
    Edge(Event.REVERSED, State.QUEUED, State.REVERSED, "hub", "the bank took it back before anybody booked it"),
    Edge(Event.REVERSED, State.BOOKED, State.REVERSED, "staff", "the same, where somebody had to say of which entry"),
    Edge(Event.UNDONE, State.REVERSED, State.QUEUED, "staff", "what seemed to take it back is undone; it waits again"),
)
"""Every change of an entry is one of these; docs/reconciliation.md shows the table, and a test compares them."""

_ALLOWED = frozenset((edge.event, edge.source, edge.target) for edge in EDGES)


def allow(event: Event, source: State, target: State) -> State:
    """`target`, where EDGES has that edge. Raises Conflict: the entry is not in a state for it."""
    if (event, source, target) not in _ALLOWED:
        raise Conflict(f"This entry is {source}: {REMEDIES[source]}.")
    return target


REMEDIES = {
    State.NEW: "the hub looks at it in a moment",
    State.BOOKED: "undo that first, or reassign it",
    State.QUEUED: "it waits for somebody to say what it is for",
    State.SET_ASIDE: "reopen it first",
    State.REVERSED: "undo the entry that took it back first",
}
"""What to do first, or instead, with an entry in a state that does not allow what was asked."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is kept encrypted of an entry."""

    party: Party
    text: str
    end_to_end: str
    returned: str


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One payment that a bank tells of. `amount` below zero: money went.

    `words` is everything that could be a reference, upper case, without blanks, dashes and leading zeros.
    `details` None where they were not opened.
    """

    entry_id: UUID
    statement_id: UUID
    account: str
    place: int
    part: int
    amount: Money
    booked_on: date | None
    valued_on: date | None
    reversal: bool
    batch: int | None
    code: str
    bank_reference: str
    references: tuple[Reference, ...]
    words: tuple[str, ...]
    party_key: bytes | None
    state: State
    state_at: datetime
    reason: str | None
    kind: str | None
    payment_id: UUID | None
    details: Details | None = None


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file of a bank as it came; `payees` those whose accounts it may be of, None: all. `problem` and `line` of one
    that was refused.
    """

    file_id: UUID
    name: str
    received_at: datetime
    by: str
    payees: Sequence[str] | None
    state: str
    size: int
    format: str | None
    problem: str | None
    line: int | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement as staff see it. Minor units of `currency`; `agrees` None: the bank tells nothing to compare with."""

    statement_id: UUID
    file_id: UUID
    kind: str
    format: str
    account: str
    currency: str
    number: str | None
    since: date | None
    until: date | None
    opening: int | None
    closing: int | None
    entries: int
    credits: int
    debits: int
    agrees: bool | None
    differences: Sequence[str]
    imported_at: datetime
    waiting: int
    """Of its entries those that somebody must look at."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A line of what was decided of an entry."""

    at: datetime
    event: Event
    source: State | None
    target: State
    by: str
    reason: str | None
    score: int | None
    why: Sequence[str]
    targets: Sequence[Mapping[str, Any]]
