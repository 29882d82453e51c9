"""What an attempt is, the states it can be in, and the one table of the edges between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from hub.kernel.errors import Conflict
from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.ports.payment_gateway import Acknowledgement, Incoming, Outcome, Payer

__all__ = ["Acknowledgement", "Incoming", "Outcome", "Payer"]


class State(StrEnum):
    CREATED = "created"  # its row and number are there, and the gateway is being told
    UNSURE = "unsure"  # the gateway may know it: our call had no clear end
    OPEN = "open"  # the gateway knows it, and no card has been entered
    PENDING = "pending"  # under way: 3-D Secure, the bank, a review
    UNKNOWN = "unknown"  # the gateway says something nobody understands: somebody must look, and it is still asked
    CAPTURED = "captured"  # the money came
    FAILED = "failed"  # never came to be: the gateway surely does not have it
    DECLINED = "declined"  # refused, no money
    CANCELLED = "cancelled"  # given up by the payer, no money
    EXPIRED = "expired"  # nobody paid in time
    REVERSED = "reversed"  # was taken or reserved, and all of it let go again at the gateway
    CHARGED_BACK = "charged_back"  # the payer's bank took it back


UNDER_WAY = frozenset({State.CREATED, State.UNSURE, State.OPEN, State.PENDING, State.UNKNOWN})
"""It may still bring money, and is asked about until it does or does not."""

WITHOUT_MONEY = frozenset({State.FAILED, State.DECLINED, State.CANCELLED, State.EXPIRED})
"""Over, and no money came. Money that comes all the same is money: an edge leads to `captured`."""


class Event(StrEnum):
    """What happens to an attempt. The journal has one row for each."""

    CREATED = "created"
    STARTED = "started"
    NOT_STARTED = "not_started"
    START_DOUBT = "start_doubt"
    RETURNED = "returned"
    OPEN = "open"
    PENDING = "pending"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NOT_THERE = "not_there"
    UNCLEAR = "unclear"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    CHARGED_BACK = "charged_back"
    CONTRADICTED = "contradicted"
    ASK_FAILED = "ask_failed"
    ASK_NOW = "ask_now"
    BROUGHT_NOTHING = "brought_nothing"


class Edge(NamedTuple):
    """`by` is who causes it: payer, gateway (a verified message or the answer to a question), worker or staff."""

    event: Event
    source: State | None
    target: State
    by: str
    meaning: str


_ORDERED = (State.CREATED, State.UNSURE, State.OPEN, State.PENDING, State.UNKNOWN)
_MONEYLESS = (State.FAILED, State.DECLINED, State.CANCELLED, State.EXPIRED)

EDGES: tuple[Edge, ...] = (
    Edge(
        Event.CREATED,
        None,
        State.CREATED,
        "payer",
        "its row and its order number are written before the gateway is told",
    ),
    Edge(Event.STARTED, State.CREATED, State.OPEN, "payer", "the gateway has taken it; its reference is stored"),
    Edge(Event.NOT_STARTED, State.CREATED, State.FAILED, "payer", "the gateway surely does not have it"),
    Edge(Event.START_DOUBT, State.CREATED, State.UNSURE, "payer", "the call had no clear end: it is asked about"),
    *(
        Edge(Event.RETURNED, one, one, "payer", "the browser came back: asked about soon, and nothing else")
        for one in State
    ),
    *(Edge(Event.OPEN, one, State.OPEN, "gateway", "known there, no card yet") for one in _ORDERED),
    *(Edge(Event.PENDING, one, State.PENDING, "gateway", "under way there") for one in _ORDERED),
    *(
        Edge(Event.CAPTURED, one, State.CAPTURED, "gateway", "the money came; what was ordered equals what is told")
        for one in _ORDERED
    ),
    *(Edge(Event.CAPTURED, one, State.CAPTURED, "gateway", "late money is money") for one in _MONEYLESS),
    Edge(
        Event.CAPTURED,
        State.REVERSED,
        State.CAPTURED,
        "gateway",
        "let go before anything was taken, and taken after all",
    ),
    *(Edge(Event.DECLINED, one, State.DECLINED, "gateway", "refused") for one in _ORDERED),
    *(Edge(Event.CANCELLED, one, State.CANCELLED, "gateway", "given up by the payer") for one in _ORDERED),
    *(
        Edge(
            Event.EXPIRED,
            one,
            State.EXPIRED,
            "gateway",
            "it takes no card any more, or nobody entered one long after its time",
        )
        for one in _ORDERED
    ),
    *(
        Edge(Event.NOT_THERE, one, State.FAILED, "worker", "the gateway does not know it, and had time to")
        for one in (State.CREATED, State.UNSURE)
    ),
    *(
        Edge(Event.NOT_THERE, one, State.EXPIRED, "worker", "the gateway does not know it, and its time is over")
        for one in (State.OPEN, State.UNKNOWN)
    ),
    *(
        Edge(Event.NOT_THERE, one, State.UNKNOWN, "worker", "the gateway forgot what was under way there; told")
        for one in (State.PENDING,)
    ),
    *(
        Edge(Event.UNCLEAR, one, State.UNKNOWN, "gateway", "a state nobody knows, or another amount; told")
        for one in _ORDERED
    ),
    *(Edge(Event.REVERSED, one, State.REVERSED, "gateway", "let go before it was taken") for one in _ORDERED),
    Edge(
        Event.REVERSED,
        State.CAPTURED,
        State.REVERSED,
        "gateway",
        "all of it was given back at the gateway's own console",
    ),
    Edge(
        Event.REFUNDED, State.CAPTURED, State.CAPTURED, "gateway", "some of it was given back, by us or at its console"
    ),
    Edge(Event.CHARGED_BACK, State.CAPTURED, State.CHARGED_BACK, "gateway", "the payer's bank took it back"),
    *(
        Edge(Event.CONTRADICTED, one, one, "gateway", "it says what cannot be; nothing changes, told, asked about")
        for one in State
    ),
    *(
        Edge(Event.ASK_FAILED, one, one, "worker", "the gateway could not be asked; it is asked again later")
        for one in State
    ),
    *(Edge(Event.ASK_NOW, one, one, "staff", "somebody wants it asked now") for one in State),
    *(
        Edge(Event.BROUGHT_NOTHING, one, State.EXPIRED, "staff", "long after its time somebody looked: no money came")
        for one in _ORDERED
    ),
)
"""Every change of an attempt is one of these; docs/gateways.md shows the table, and a test compares them."""

_ALLOWED = frozenset((edge.event, edge.source, edge.target) for edge in EDGES)


def allow(event: Event, source: State | None, target: State) -> State:
    """`target`, where EDGES has that edge. Raises Conflict: the attempt is not in a state for it."""
    if (event, source, target) not in _ALLOWED:
        raise Conflict(f"An attempt that is {source} cannot become {target} by {event}.")
    return target


class Verdict(StrEnum):
    """What became of a message."""

    WAITING = "waiting"  # kept, not judged yet
    APPLIED = "applied"  # it changed the attempt
    REPEATED = "repeated"  # it says what is known
    ASKED = "asked"  # it proves nothing by itself: the gateway is asked
    REFUSED = "refused"  # forged, unreadable, or not about what was ordered; nothing changed


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to pay a charge at a gateway. `gateway` is the name of a block of city.yaml.

    `refunded` is what is known to be given back, by us or at the gateway's console. `captured_at`: when we knew.
    """

    attempt_id: UUID
    charge_id: UUID
    payment_id: UUID
    gateway: str
    payee: str
    number: str
    amount: Money
    state: State
    reference: str | None
    word: str | None
    reason: str | None
    refunded: int
    asks: int
    ask_at: datetime | None
    created_at: datetime
    expires_at: datetime
    returned_at: datetime | None
    captured_at: datetime | None
    settled_at: datetime | None
    changed_at: datetime

    @property
    def id(self) -> str:
        return public_id("tra", self.attempt_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an attempt's journal, without personal data. `by`: payer, gateway, worker, or who of the staff."""

    at: datetime
    event: Event
    state: State
    by: str
    word: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was kept, without its content. `kind`: return or notification."""

    message_id: UUID
    gateway: str
    kind: str
    attempt_id: UUID | None
    received_at: datetime
    verdict: Verdict
    why: str | None
    word: str | None


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser of a payer goes. `form`: by POST of these fields, from a page of ours."""

    attempt_id: UUID
    payment_id: UUID
    url: str
    form: Mapping[str, str] | None = None
