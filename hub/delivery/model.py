"""What a delivery is, the states it can be in, and the one table of the edges between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from hub.cities.model import City
from hub.kernel.errors import Conflict
from hub.kernel.ids import public_id
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


class State(StrEnum):
    WAITING = "waiting"  # its turn has not come, or it is tried again later
    SENDING = "sending"  # a worker has it
    DELIVERED = "delivered"  # every step has its receipt
    IN_DOUBT = "in_doubt"  # a step may have happened and nobody can be asked: somebody must look
    REFUSED = "refused"  # the back office does not want it as it is: somebody must look
    DISCARDED = "discarded"  # given up by somebody, with a reason


OPEN = frozenset({State.WAITING, State.SENDING, State.IN_DOUBT, State.REFUSED})
"""While a delivery is in one of these, later ones of its order key wait."""


class Event(StrEnum):
    """What happens to a delivery. The journal has one row for each."""

    QUEUED = "queued"
    TAKEN = "taken"
    SENT = "sent"
    RECEIPT = "receipt"
    DELIVERED = "delivered"
    NOT_REACHED = "not_reached"
    DOUBT = "doubt"
    ASKED = "asked"
    FOUND = "found"
    HEARD = "heard"
    NOT_FOUND = "not_found"
    UNCLEAR = "unclear"
    REFUSED = "refused"
    HELD = "held"
    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did_not_happen"
    RETRY = "retry"
    EDIT = "edit"
    DISCARD = "discard"
    LATE = "late"


class Edge(NamedTuple):
    """`by` is who causes it: worker or staff."""

    event: Event
    source: State | None
    target: State
    by: str
    meaning: str


EDGES: tuple[Edge, ...] = (
    Edge(Event.QUEUED, None, State.WAITING, "worker", "put in line in the transaction of what caused it"),
    Edge(Event.TAKEN, State.WAITING, State.SENDING, "worker", "it is due, and the first of its order key"),
    Edge(Event.SENT, State.SENDING, State.SENDING, "worker", "the intent to send a step, written before it is sent"),
    Edge(Event.TAKEN, State.SENDING, State.WAITING, "worker", "the worker that had it died; it is taken up again"),
    Edge(Event.RECEIPT, State.SENDING, State.SENDING, "worker", "a step happened; the next one follows"),
    Edge(Event.RECEIPT, State.SENDING, State.WAITING, "worker", "a step happened, and its noun is told again later"),
    Edge(Event.ASKED, State.SENDING, State.SENDING, "worker", "after a doubt the back office is asked by our key"),
    Edge(Event.FOUND, State.SENDING, State.SENDING, "worker", "it knows our key: what it says is the receipt"),
    Edge(Event.FOUND, State.SENDING, State.WAITING, "worker", "the same, and its noun is told again later"),
    *(
        Edge(Event.HEARD, state, State.WAITING, "worker", "a worker believed dead got an answer: the step happened")
        for state in (State.WAITING, State.IN_DOUBT, State.REFUSED)
    ),
    *(
        Edge(Event.HEARD, state, state, "worker", "the same, while another worker has it or after it was over")
        for state in (State.SENDING, State.DELIVERED, State.DISCARDED)
    ),
    Edge(Event.NOT_FOUND, State.SENDING, State.WAITING, "worker", "it does not know our key yet: asked again later"),
    Edge(Event.NOT_FOUND, State.SENDING, State.SENDING, "worker", "nor after the time it needs: sent again"),
    Edge(Event.DELIVERED, State.SENDING, State.DELIVERED, "worker", "the last step has its receipt"),
    Edge(Event.NOT_REACHED, State.SENDING, State.WAITING, "worker", "surely nothing was done: tried again later"),
    Edge(Event.HELD, State.SENDING, State.WAITING, "worker", "our credentials or configuration are wrong; told"),
    Edge(Event.DOUBT, State.SENDING, State.WAITING, "worker", "it may have happened, and can be asked"),
    Edge(Event.DOUBT, State.SENDING, State.IN_DOUBT, "worker", "it may have happened, and cannot be asked; told"),
    Edge(Event.UNCLEAR, State.SENDING, State.IN_DOUBT, "worker", "it was asked, and its answer tells nothing; told"),
    Edge(Event.REFUSED, State.SENDING, State.REFUSED, "worker", "it was read and is not wanted; told"),
    Edge(Event.LATE, State.SENDING, State.SENDING, "worker", "the same, while it is being sent"),
    Edge(Event.LATE, State.WAITING, State.WAITING, "worker", "its deadline passed; told, and still tried"),
    Edge(Event.HAPPENED, State.IN_DOUBT, State.WAITING, "staff", "somebody looked: it is there; goes on with the next"),
    Edge(Event.DID_NOT_HAPPEN, State.IN_DOUBT, State.WAITING, "staff", "somebody looked: it is not there; sent again"),
    Edge(Event.RETRY, State.IN_DOUBT, State.WAITING, "staff", "the back office is asked again, where it can be"),
    Edge(Event.RETRY, State.REFUSED, State.WAITING, "staff", "sent again as it is"),
    Edge(Event.RETRY, State.WAITING, State.WAITING, "staff", "tried now instead of later"),
    Edge(Event.EDIT, State.REFUSED, State.WAITING, "staff", "corrected, and sent again"),
    Edge(Event.DISCARD, State.IN_DOUBT, State.DISCARDED, "staff", "given up; those behind it go on"),
    Edge(Event.DISCARD, State.REFUSED, State.DISCARDED, "staff", "given up; those behind it go on"),
    Edge(Event.DISCARD, State.WAITING, State.DISCARDED, "staff", "given up; those behind it go on"),
)
"""Every change of a delivery is one of these; docs/deliveries.md shows the table, and a test compares them."""

_ALLOWED = frozenset((edge.event, edge.source, edge.target) for edge in EDGES)


def allow(event: Event, source: State | None, target: State) -> State:
    """`target`, where EDGES has that edge. Raises Conflict: the delivery is not in a state for it."""
    if (event, source, target) not in _ALLOWED:
        raise Conflict(f"A delivery that is {source} cannot become {target} by {event}.")
    return target


def targets(event: Event, source: State) -> frozenset[State]:
    """Where `event` leads from `source`; empty where it is not possible."""
    return frozenset(edge.target for edge in EDGES if edge.event is event and edge.source is source)


Receipts = Mapping[str, Mapping[str, str]]
"""By step (`case`, `document.1`), the named texts of its receipt."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a noun is told when a receipt or a state of one of its deliveries changes, and what a citizen may see.

    `step` is the step the delivery stands at: the one that has just got its receipt, else the one that is next or in
    question; None where it has not begun.
    """

    delivery_id: UUID
    back_office: str
    kind: str
    noun: str
    record_id: UUID
    state: State
    step: str | None
    receipts: Receipts


Handler = Callable[[Connection, TownKeys, Progress], Awaitable[None]]
"""Of a noun. Runs in the transaction that stores the receipt or the state."""

OpenBlob = Callable[[Connection, TownKeys, UUID], Awaitable[bytes]]
"""`hub.blobs`: the content of a blob."""


class Town(Protocol):
    """A town as deliveries see it."""

    @property
    def city(self) -> City: ...
    @property
    def back_offices(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as staff see it, without personal data.

    `sequence` orders those of an order key. `step` and `sent_at`: the step whose intent to send was written and whose
    end is not known; `over_at`: when nothing of it was under way any more. `reason` is a stable code, `field` what the
    back office complained of where it says so, `detail` the operator's text.
    """

    delivery_id: UUID
    sequence: int
    back_office: str
    kind: str
    noun: str
    record_id: UUID
    subject_id: UUID | None
    state: State
    behind: bool
    step: str | None
    sent_at: datetime | None
    over_at: datetime | None
    attempts: int
    next_at: datetime
    deadline_at: datetime
    created_at: datetime
    settled_at: datetime | None
    reason: str | None
    field: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, without personal data. `by` is `worker`, or who of the staff."""

    at: datetime
    event: Event
    state: State
    step: str | None
    by: str
    reason: str | None


def key_of(delivery_id: UUID, step: str) -> str:
    """Our key of a step, the same at every try: `dlv_06h3…:case`."""
    return f"{public_id('dlv', delivery_id)}:{step}"
