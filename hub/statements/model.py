"""What files, statements and entries of a bank are to the hub, the states they can be in, and the tables of the edges
between those of statements and of entries.
"""

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


class FileState(StrEnum):
    ARRIVING = "arriving"
    BROKEN_OFF = "broken_off"  # it never came to its end
    RECEIVED = "received"  # kept whole, and to be read
    READ = "read"
    REFUSED = "refused"  # something is wrong with it, and nothing of it counts
    GIVEN_UP = "given_up"  # the hub could not read it, whatever is in it


class StatementState(StrEnum):
    COUNTS = "counts"
    HELD = "held"  # the bank tells with it otherwise what another one told that counts
    CORRECTED = "corrected"  # another one counts instead of it
    DISMISSED = "dismissed"  # it was held, and somebody said that it does not count


class StatementEvent(StrEnum):
    """What staff do with a statement. `statement_decisions` has one row for each."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    DISMISSED = "dismissed"
    LOOKED_AT = "looked_at"


class StatementEdge(NamedTuple):
    event: StatementEvent
    source: StatementState
    target: StatementState
    meaning: str


STATEMENT_EDGES: tuple[StatementEdge, ...] = (
    StatementEdge(
        StatementEvent.ACCEPTED, StatementState.HELD, StatementState.COUNTS, "it counts instead of the one before it"
    ),
    StatementEdge(
        StatementEvent.CORRECTED, StatementState.COUNTS, StatementState.CORRECTED, "another one counts instead of it"
    ),
    StatementEdge(
        StatementEvent.DISMISSED, StatementState.HELD, StatementState.DISMISSED, "the one before it stays as it is"
    ),
    StatementEdge(
        StatementEvent.ACCEPTED, StatementState.DISMISSED, StatementState.COUNTS, "it was dismissed by mistake"
    ),
    StatementEdge(
        StatementEvent.LOOKED_AT, StatementState.COUNTS, StatementState.COUNTS, "its balances do not agree, and may"
    ),
    StatementEdge(
        StatementEvent.LOOKED_AT,
        StatementState.CORRECTED,
        StatementState.CORRECTED,
        "what is booked of it stays so, though the bank does not tell it any more",
    ),
)
"""Every change of a statement is one of these, and each is somebody's of the staff."""


def allow_statement(event: StatementEvent, source: StatementState) -> StatementState:
    """Where it leads. Raises Conflict: the statement is not in a state for it."""
    for edge in STATEMENT_EDGES:
        if (edge.event, edge.source) == (event, source):
            return edge.target
    raise Conflict(STATEMENT_REMEDIES[source])


STATEMENT_REMEDIES = {
    StatementState.COUNTS: "This statement counts: only one that is held is accepted or dismissed.",
    StatementState.HELD: "This statement is held: accept or dismiss it.",
    StatementState.CORRECTED: "This statement was corrected: look at the one that counts instead of it.",
    StatementState.DISMISSED: "This statement was dismissed: accept it, where that was a mistake.",
}
"""What to do instead with a statement in a state that does not allow what was asked."""


class State(StrEnum):
    NEW = "new"  # imported, and not looked at yet
    HELD = "held"  # of a statement that is held
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
    ACCEPTED = "accepted"


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
    Edge(Event.ACCEPTED, State.HELD, State.NEW, "staff", "its statement counts, which was held"),
    Edge(Event.ACCEPTED, State.HELD, State.QUEUED, "staff", "the same, and it may stand for one that is booked"),
    Edge(Event.ACCEPTED, State.HELD, State.SET_ASIDE, "staff", "the same, and it is the copy of one that counts"),
    Edge(Event.SET_ASIDE, State.NEW, State.SET_ASIDE, "staff", "the bank does not tell it any more"),
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
    State.HELD: "its statement is to be accepted first, or dismissed",
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
    """A file of a bank as it came; `payees` those whose accounts it may be of, None: all. `problem` of one that was not
    read, `line` of one that was refused.
    """

    file_id: UUID
    name: str
    received_at: datetime
    by: str
    payees: Sequence[str] | None
    state: FileState
    size: int
    format: str | None
    problem: str | None
    line: int | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement as staff see it. Minor units of `currency`; `agrees` None: the bank tells nothing to compare with.

    `corrects` is the one that it was told instead of, `corrected_by` the one that counts instead of it.
    """

    statement_id: UUID
    file_id: UUID
    state: StatementState
    corrects: UUID | None
    corrected_by: UUID | None
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
    to_undo: int
    """Of one that was corrected: entries that are booked, though the bank does not tell them any more."""


@dataclass(frozen=True, slots=True)
class StatementDecision:
    """A line of what staff said of a statement or a file."""

    at: datetime
    event: StatementEvent
    by: str
    reason: str


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
