"""States of charges, payments, refunds and chargebacks, the tables of edges between them, and their public faces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hub.kernel.errors import Conflict


class State(StrEnum):
    """Of a charge, and of a payment (`together`)."""

    OPEN = "open"  # nothing has come, and nothing is under way
    STARTED = "started"  # the payer is at the gateway: money may come
    PROCESSING = "processing"  # the gateway says that it is under way
    PART_PAID = "part_paid"  # some of it has come
    PAID = "paid"  # all of it has come, or more
    RETURNED = "returned"  # it had come, and was given back
    CHARGED_BACK = "charged_back"  # it had come, and the payer's bank took it back
    WITHDRAWN = "withdrawn"  # what was booked here was not for this, or the bank took its entry back
    CANCELLED = "cancelled"  # given up before anything came
    EXPIRED = "expired"  # nobody paid in time, or it was paid another way


class Event(StrEnum):
    """What happens to a charge."""

    CREATED = "created"
    STARTED = "started"
    PROCESSING = "processing"
    FAILED = "failed"
    CAPTURED = "captured"
    ALLOCATED = "allocated"
    UNALLOCATED = "unallocated"
    TAKEN_BACK = "taken_back"
    REFUNDED = "refunded"
    REFUND_CAME_BACK = "refund_came_back"
    CHARGED_BACK = "charged_back"
    CHARGEBACK_WON = "chargeback_won"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class RefundState(StrEnum):
    ASKED = "asked"  # somebody else decides; nothing is set aside yet
    APPROVED = "approved"  # set aside, to be sent
    SENT = "sent"  # told to the gateway; it has not said that it is done
    IN_DOUBT = "in_doubt"  # it may have been given back or not: stays set aside, somebody looks
    DONE = "done"  # given back
    REFUSED = "refused"  # the gateway or the bank did not: the money is here, unallocated
    DECLINED = "declined"  # who had to decide said no: nothing happened
    CAME_BACK = "came_back"  # transferred, and sent back by the payer's bank: the money is here, unallocated


class RefundEvent(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"
    SENT = "sent"
    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    DOUBT = "doubt"
    AGAIN = "again"
    CAME_BACK = "came_back"
    ELSEWHERE = "elsewhere"


class ChargebackState(StrEnum):
    TAKEN = "taken"
    WON = "won"


class ChargebackEvent(StrEnum):
    TAKEN = "taken"
    WON = "won"


class Edge(NamedTuple):
    """`by` is who causes it: payer, gateway, bank, staff, hub."""

    event: StrEnum
    source: StrEnum | None
    target: StrEnum
    by: str
    meaning: str


_S, _E = State, Event
UNDER_WAY = (State.STARTED, State.PROCESSING)
"""A try may bring money."""
_REST = (_S.OPEN, _S.PART_PAID, _S.RETURNED, _S.CHARGED_BACK, _S.WITHDRAWN, _S.CANCELLED, _S.EXPIRED)
"""What a charge is at when nothing is under way and it is not paid."""
_BEFORE = (_S.OPEN, _S.PART_PAID, _S.RETURNED, _S.CHARGED_BACK, _S.WITHDRAWN)
"""Those of them in which a charge is not closed."""
_WITH_MONEY = (_S.STARTED, _S.PROCESSING, _S.PART_PAID, _S.PAID)
_AFTER = (_S.STARTED, _S.PROCESSING, _S.PART_PAID, _S.PAID, _S.RETURNED, _S.CHARGED_BACK)
"""What a charge can be at after money has come."""


def _edges(event: Event, by: str, meaning: str, *moves: tuple[Iterable[State], Iterable[State]]) -> list[Edge]:
    return [Edge(event, old, new, by, meaning) for sources, to in moves for old in sources for new in to]


def _stays(event: Event, by: str, meaning: str, states: Iterable[State]) -> list[Edge]:
    return [Edge(event, state, state, by, meaning) for state in states]


EDGES: tuple[Edge, ...] = (
    Edge(_E.CREATED, None, _S.OPEN, "payer", "somebody means to pay; or money comes that nobody had announced"),
    *_edges(_E.STARTED, "payer", "a try at a gateway begins", ((_S.OPEN, _S.PART_PAID), (_S.STARTED,))),
    *_edges(
        _E.PROCESSING,
        "gateway",
        "it is under way there; also where the try was believed to be over",
        ((_S.STARTED, *_REST), (_S.PROCESSING,)),
    ),
    *_edges(
        _E.FAILED,
        "gateway, staff",
        "the try is over and brought nothing",
        ((_S.STARTED,), _BEFORE),
        ((_S.PROCESSING,), _REST),
    ),
    *_edges(
        _E.CAPTURED,
        "gateway, bank, staff",
        "money came: in time, late, twice, in part or too much",
        ((*UNDER_WAY, *_REST), (_S.PAID, _S.PART_PAID)),
    ),
    *_stays(_E.CAPTURED, "staff", "some came another way while a try is under way", UNDER_WAY),
    *_stays(_E.CAPTURED, "gateway, bank, staff", "more came than was asked for", (_S.PAID,)),
    *_stays(_E.ALLOCATED, "staff", "unallocated money was given to an obligation", _WITH_MONEY),
    *_stays(_E.UNALLOCATED, "staff", "an allocation was taken back: its money belongs to nothing", _WITH_MONEY),
    *_stays(_E.TAKEN_BACK, "staff, bank", "a booking was wrong; other money is there", _AFTER),
    *_edges(
        _E.TAKEN_BACK,
        "staff, bank",
        "a booking was wrong: the only way in which what is paid is so no more",
        ((_S.PAID,), (*UNDER_WAY, _S.PART_PAID, _S.RETURNED, _S.CHARGED_BACK, _S.WITHDRAWN)),
        ((_S.PART_PAID,), (_S.RETURNED, _S.CHARGED_BACK, _S.WITHDRAWN)),
    ),
    *_stays(_E.REFUNDED, "staff, gateway", "some was given back", (*_AFTER, _S.WITHDRAWN)),
    *_edges(
        _E.REFUNDED,
        "staff, gateway",
        "all was given back",
        ((_S.PAID, _S.PART_PAID), (_S.RETURNED, _S.CHARGED_BACK)),
    ),
    *_stays(
        _E.REFUND_CAME_BACK,
        "staff",
        "the payer's bank sent a transfer back",
        (*UNDER_WAY, _S.PART_PAID, _S.PAID),
    ),
    *_edges(
        _E.REFUND_CAME_BACK,
        "staff",
        "the payer's bank sent a transfer back",
        ((_S.RETURNED, _S.CHARGED_BACK), (_S.PAID, _S.PART_PAID)),
    ),
    *_stays(
        _E.CHARGED_BACK,
        "gateway, staff",
        "the payer's bank took some of it back, or more than was left",
        (*_AFTER, _S.WITHDRAWN),
    ),
    *_edges(
        _E.CHARGED_BACK,
        "gateway, staff",
        "the payer's bank took back what was left",
        ((_S.PAID, _S.PART_PAID), (_S.CHARGED_BACK,)),
    ),
    *_stays(_E.CHARGEBACK_WON, "staff", "it is ours again", (*_AFTER, _S.WITHDRAWN)),
    *_edges(
        _E.CHARGEBACK_WON,
        "staff",
        "it is ours again",
        ((_S.CHARGED_BACK,), (_S.PAID, _S.PART_PAID)),
    ),
    Edge(_E.CANCELLED, _S.OPEN, _S.CANCELLED, "payer, staff", "given up; money that comes all the same is money"),
    Edge(
        _E.EXPIRED,
        _S.OPEN,
        _S.EXPIRED,
        "hub",
        "its time is over, or less is owed now than it asks for; money that comes all the same is money",
    ),
)
"""Every change of a charge is one of these."""

_R, _RE = RefundState, RefundEvent
REFUND_EDGES: tuple[Edge, ...] = (
    Edge(_RE.ASKED, None, _R.ASKED, "staff", "wanted, with a reason"),
    Edge(_RE.ELSEWHERE, None, _R.DONE, "gateway", "it was given back at the gateway's own console, or let go there"),
    Edge(_RE.APPROVED, _R.ASKED, _R.APPROVED, "staff", "allocations are taken back, and the money is set aside"),
    Edge(_RE.DECLINED, _R.ASKED, _R.DECLINED, "staff", "it is not given back; nothing was touched"),
    Edge(_RE.SENT, _R.APPROVED, _R.SENT, "hub", "the intent to send it, written before it is sent"),
    *(Edge(_RE.SENT, one, _R.SENT, "hub", "it surely did not happen: sent again") for one in (_R.SENT, _R.IN_DOUBT)),
    Edge(_RE.PENDING, _R.SENT, _R.SENT, "gateway", "taken on there; asked again later"),
    Edge(_RE.PENDING, _R.IN_DOUBT, _R.SENT, "gateway", "it was taken on after all"),
    *(Edge(_RE.DONE, state, _R.DONE, "gateway, staff", "given back") for state in (_R.APPROVED, _R.SENT, _R.IN_DOUBT)),
    Edge(_RE.DONE, _R.REFUSED, _R.DONE, "gateway, staff", "it was given back after all, and the money was still here"),
    *(
        Edge(_RE.REFUSED, state, _R.REFUSED, "gateway, staff", "nothing was given back; the money is unallocated; told")
        for state in (_R.APPROVED, _R.SENT, _R.IN_DOUBT)
    ),
    Edge(_RE.DOUBT, _R.SENT, _R.IN_DOUBT, "gateway", "it may have happened, and cannot be asked; told"),
    Edge(_RE.AGAIN, _R.IN_DOUBT, _R.APPROVED, "staff", "somebody looked: it did not happen; sent again"),
    Edge(
        _RE.CAME_BACK, _R.DONE, _R.CAME_BACK, "staff", "a transfer that the payer's bank sent back: unallocated; told"
    ),
)
CHARGEBACK_EDGES: tuple[Edge, ...] = (
    Edge(ChargebackEvent.TAKEN, None, ChargebackState.TAKEN, "gateway, staff", "the payer's bank has taken it; told"),
    Edge(ChargebackEvent.WON, ChargebackState.TAKEN, ChargebackState.WON, "staff", "it came back to us"),
)
TABLES: Mapping[str, tuple[Edge, ...]] = {"charge": EDGES, "refund": REFUND_EDGES, "chargeback": CHARGEBACK_EDGES}
_ALLOWED = {noun: frozenset(edge[:3] for edge in edges) for noun, edges in TABLES.items()}


def allow(noun: str, event: StrEnum, source: StrEnum | None, target: StrEnum) -> None:
    """Raises Conflict where the noun's table has no such edge."""
    if (event, source, target) not in _ALLOWED[noun]:
        raise Conflict(f"A {noun} that is {source} does not become {target} by {event}.")


class Status(StrEnum):
    """The public face of a payment and its charges: what it means for the payer."""

    TO_PAY = "to_pay"
    UNDER_WAY = "under_way"
    PART_PAID = "part_paid"
    PAID = "paid"
    RETURNED = "returned"
    TAKEN_BACK = "taken_back"
    CORRECTED = "corrected"
    ENDED = "ended"


FACES: Mapping[State, Status] = {
    State.OPEN: Status.TO_PAY,
    State.STARTED: Status.UNDER_WAY,
    State.PROCESSING: Status.UNDER_WAY,
    State.PART_PAID: Status.PART_PAID,
    State.PAID: Status.PAID,
    State.RETURNED: Status.RETURNED,
    State.CHARGED_BACK: Status.TAKEN_BACK,
    State.WITHDRAWN: Status.CORRECTED,
    State.CANCELLED: Status.ENDED,
    State.EXPIRED: Status.ENDED,
}


class RefundStatus(StrEnum):
    """The public face of a refund."""

    BEING_DECIDED = "being_decided"
    ON_ITS_WAY = "on_its_way"
    BEING_CHECKED = "being_checked"
    DONE = "done"
    NOT_GIVEN = "not_given"


REFUND_FACES: Mapping[RefundState, RefundStatus] = {
    RefundState.ASKED: RefundStatus.BEING_DECIDED,
    RefundState.APPROVED: RefundStatus.ON_ITS_WAY,
    RefundState.SENT: RefundStatus.ON_ITS_WAY,
    RefundState.IN_DOUBT: RefundStatus.BEING_CHECKED,
    RefundState.DONE: RefundStatus.DONE,
    RefundState.REFUSED: RefundStatus.NOT_GIVEN,
    RefundState.DECLINED: RefundStatus.NOT_GIVEN,
    RefundState.CAME_BACK: RefundStatus.NOT_GIVEN,
}


@dataclass(frozen=True, slots=True)
class Balances:
    """Of a charge, in minor units: `captured` is the others together (0014); `lost` was taken beyond that; `gateway` is
    what its gateway has, below zero where it gave back what it had paid out.
    """

    captured: int = 0
    allocated: int = 0
    unallocated: int = 0
    refunding: int = 0
    refunded: int = 0
    charged_back: int = 0
    lost: int = 0
    gateway: int = 0

    @property
    def kept(self) -> int:
        return self.captured - self.refunded - self.charged_back


def state_of(amount: int, balances: Balances, *, attempt: str | None, closed: str | None, had_money: bool) -> State:
    """What a charge is at: by the money first, then by what is under way, then by how it was closed.

    `attempt` is `started` or `processing` while a try may bring money, `closed` `cancelled` or `expired`, `had_money`
    whether something was ever booked.
    """
    gone = State.CHARGED_BACK if balances.charged_back else State.RETURNED
    if balances.captured >= amount:
        return State.PAID if balances.kept else gone
    if attempt is not None:
        return State(attempt)
    if balances.captured:
        return State.PART_PAID if balances.kept else gone
    if had_money:
        return State.WITHDRAWN
    return State.OPEN if closed is None else State(closed)


def together(states: Iterable[State]) -> State:
    """The state of a payment from those of its charges: what is under way first, then whether money is missing."""
    found = set(states)
    if len(found) == 1:
        return found.pop()
    for state in (State.PROCESSING, State.STARTED):
        if state in found:
            return state
    if found & {State.PAID, State.PART_PAID}:
        missing = {State.PART_PAID, State.OPEN, State.CANCELLED, State.EXPIRED, State.WITHDRAWN}
        return State.PART_PAID if found & missing else State.PAID
    order = (State.OPEN, State.CHARGED_BACK, State.RETURNED, State.WITHDRAWN, State.EXPIRED, State.CANCELLED)
    return next(state for state in order if state in found)
