"""What a posting is, and how it can stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hub.delivery.model import State as Delivered
from hub.kernel.errors import Conflict
from hub.obligations.judging import Standing

KIND = "post_payment"
"""The kind of delivery."""
NOUN = "posting"
NUMBER = "number"
"""Name of a receipt with a meaning here: under which number the office has it."""


class State(StrEnum):
    BEING_POSTED = "being_posted"  # on its way to the office
    POSTED = "posted"  # the office has taken it; its amounts do not show it yet
    COUNTED = "counted"  # its amounts contain it
    DISAGREES = "disagrees"  # it has taken it and caught up past it, and its amounts do not contain it
    REFUSED = "refused"  # it does not want it: a person decides
    IN_DOUBT = "in_doubt"  # nobody knows whether it has it: a person looks
    NOT_TOLD = "not_told"  # nobody tells it: its town has no delivery for that, or a person gave it up


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` None: it is new. `by`: who makes the change: `delivery`, or `office` by what its amounts say."""

    source: State | None
    target: State
    by: str
    when: str


EDGES: tuple[Edge, ...] = (
    Edge(None, State.BEING_POSTED, "payment", "an allocation is made or taken back"),
    Edge(None, State.NOT_TOLD, "payment", "the same, where no delivery is configured for the office"),
    Edge(State.BEING_POSTED, State.POSTED, "delivery", "its receipt is there"),
    Edge(State.BEING_POSTED, State.REFUSED, "delivery", "the office refuses it; told"),
    Edge(State.BEING_POSTED, State.IN_DOUBT, "delivery", "it may have happened, and nobody can be asked; told"),
    Edge(State.BEING_POSTED, State.NOT_TOLD, "delivery", "a person gives it up"),
    Edge(State.REFUSED, State.BEING_POSTED, "delivery", "a person sends it again"),
    Edge(State.REFUSED, State.POSTED, "delivery", "a worker believed dead got its answer"),
    Edge(State.REFUSED, State.NOT_TOLD, "delivery", "a person gives it up"),
    Edge(State.IN_DOUBT, State.BEING_POSTED, "delivery", "a person looked, and it is sent again or goes on"),
    Edge(State.IN_DOUBT, State.REFUSED, "delivery", "the same, and the office refuses it before it was told here"),
    Edge(State.REFUSED, State.IN_DOUBT, "delivery", "a person sends it again, and nobody knows what became of it"),
    Edge(State.IN_DOUBT, State.POSTED, "delivery", "it was there"),
    Edge(State.IN_DOUBT, State.NOT_TOLD, "delivery", "a person gives it up"),
    Edge(State.NOT_TOLD, State.POSTED, "delivery", "given up, and its answer came after all"),
    *(
        Edge(source, State.COUNTED, "office", "its amounts contain it, or it lists our key")
        for source in State
        if source is not State.COUNTED
    ),
    Edge(State.POSTED, State.DISAGREES, "office", "it has caught up past it, and its amounts do not contain it; told"),
)
"""Every change of a posting is one of these; docs/postings.md shows the table, and a test compares them."""

_BY_DELIVERY = frozenset((edge.source, edge.target) for edge in EDGES if edge.by == "delivery")

_DELIVERED = {
    Delivered.WAITING: State.BEING_POSTED,
    Delivered.SENDING: State.BEING_POSTED,
    Delivered.DELIVERED: State.POSTED,
    Delivered.IN_DOUBT: State.IN_DOUBT,
    Delivered.REFUSED: State.REFUSED,
    Delivered.DISCARDED: State.NOT_TOLD,
}


def after_delivery(before: State, delivered: Delivered, *, receipt: bool) -> State:
    """What a state of its delivery makes of a posting; the office has it once there is a receipt.

    Raises Conflict where EDGES has no such change.
    """
    after = State.POSTED if receipt else _DELIVERED[delivered]
    if after is not before and (before, after) not in _BY_DELIVERY:
        raise Conflict(f"A posting that is {before} cannot become {after}.")
    return after


def together(told: State, standing: Standing, *, gone: bool) -> State:
    """How a posting stands: what became of telling the office, and how its amounts stand to it.

    `gone`: the office no longer lists the obligation. Many list only what is open, so what it has taken it has counted.
    """
    if standing is Standing.COUNTED or (gone and told is State.POSTED):
        return State.COUNTED
    return State.DISAGREES if standing is Standing.DISAGREES else told


@dataclass(frozen=True, slots=True)
class Posting:
    """One allocation as it is told to its office; `amount` in minor units, below zero where it was taken back.

    `method`: card, transfer or counter.
    """

    posting_id: UUID
    allocation_id: UUID
    payment_id: UUID
    charge_id: UUID
    obligation_id: UUID
    instalment: int | None
    currency: str
    amount: int
    method: str
    paid_at: datetime
    back_office: str
    delivery_id: UUID | None
    state: State
    number: str | None
    created_at: datetime
    state_at: datetime
