"""What every matter has in common, and the table of its states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from hub.cases.model import PublicStatus
from hub.delivery.model import State as Delivered
from hub.kernel.errors import Conflict

Noun = Literal["submission", "request", "contact_change"]


class State(StrEnum):
    """How far a matter has come on its way into the back offices it goes to."""

    WAITING = "waiting"  # kept here; its turn comes, or the office does not answer and is tried again
    SENDING = "sending"
    IN_DOUBT = "in_doubt"  # the office may have it or not, and cannot be asked: somebody looks
    REFUSED = "refused"  # the office's system does not take it as it is: somebody looks
    REGISTERED = "registered"  # every office has it
    DISCARDED = "discarded"  # somebody at the town hall decided that it is not sent on, to one of them at least


class Event(StrEnum):
    """What is told of a matter, in its order. Attempts are not: there may be hundreds."""

    SENT = "sent"  # she sent it, and it is kept here
    RECEIVED = "received"  # the office gave it a number
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    GOES_ON = "goes_on"  # somebody looked, and it is sent on
    REGISTERED = "registered"
    DISCARDED = "discarded"


OPEN = frozenset({State.WAITING, State.SENDING, State.IN_DOUBT, State.REFUSED})

EDGES = frozenset((one, to) for one in OPEN for to in State if one is not to)
"""Every change of a matter: while it is open it follows its deliveries; registered or discarded it is at its end."""

_OF_AN_OFFICE: Mapping[Delivered, Event] = {
    Delivered.IN_DOUBT: Event.IN_DOUBT,
    Delivered.REFUSED: Event.REFUSED,
    Delivered.DISCARDED: Event.DISCARDED,
}
_LOOKED_AT = frozenset({Delivered.IN_DOUBT, Delivered.REFUSED})


def moved(old: State, new: State) -> bool:
    """Whether a matter changes. Raises Conflict for a change that is no edge."""
    if old is not new and (old, new) not in EDGES:
        raise Conflict(f"A matter that is {old} does not become {new}.")
    return old is not new


def event_of(old: Delivered, new: Delivered) -> Event | None:
    """What is told when the delivery to one office changes; each office's own, whatever the others do."""
    if old is new:
        return None
    if old in _LOOKED_AT and new in {Delivered.WAITING, Delivered.SENDING}:
        return Event.GOES_ON
    return _OF_AN_OFFICE.get(new)


def together(states: Iterable[Delivered]) -> State:
    """The state of a matter that goes to several offices: what needs somebody's eye first, then what is still open.

    It is registered when every office has it. One that an office does not get is not, whatever the others have.
    Of one that goes to none there is nothing to wait for.
    """
    found = set(states)
    for theirs, ours in (
        (Delivered.IN_DOUBT, State.IN_DOUBT),
        (Delivered.REFUSED, State.REFUSED),
        (Delivered.SENDING, State.SENDING),
        (Delivered.WAITING, State.WAITING),
    ):
        if theirs in found:
            return ours
    return State.DISCARDED if Delivered.DISCARDED in found else State.REGISTERED


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of matter. `name` is also the kind of its deliveries; `statuses` says in six words whose turn it is."""

    name: str
    noun: Noun
    statuses: Mapping[State, PublicStatus]

    def status(self, state: State) -> PublicStatus:
        return self.statuses[state]


def statuses(*, registered: PublicStatus) -> Mapping[State, PublicStatus]:
    """Until the office has it, it waits for the office, also while somebody there looks at what went wrong."""
    return {
        **dict.fromkeys(OPEN, PublicStatus.WAITING_FOR_OFFICE),
        State.REGISTERED: registered,
        State.DISCARDED: PublicStatus.CLOSED,
    }


@dataclass(frozen=True, slots=True)
class Office:
    """What one back office made of a matter. `state` is delivery's word.

    `failing_since`: it answers nobody since then, and something of this matter still waits for it.
    `number` is under which the office has it; `source_key` by which its feed calls the case made of it.
    """

    back_office: str
    state: Delivered
    since: datetime
    failing_since: datetime | None = None
    number: str | None = None
    source_key: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One line of what has happened. `number` is under which `back_office` has it since then."""

    at: datetime
    event: Event
    back_office: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter as its owner sees it. `case_id` is the case that was made of it, or that an answer is for."""

    matter_id: UUID
    kind: str
    number: str
    title: str | None
    category: str | None
    case_id: UUID | None
    state: State
    status: PublicStatus
    opened_at: datetime
    state_at: datetime
    offices: tuple[Office, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, latest first. `next` continues after its last row, None where there is no more."""

    rows: list[Matter]
    next: tuple[datetime, UUID] | None
