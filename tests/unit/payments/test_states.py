"""The tables of states: exactly what can happen, and the same in the document."""

from __future__ import annotations

import pytest

from hub.kernel.errors import Conflict
from hub.kit.state_table import written
from hub.payments.states import (
    CHARGEBACK_EDGES,
    EDGES,
    FACES,
    REFUND_EDGES,
    REFUND_FACES,
    TABLES,
    UNDER_WAY,
    Balances,
    ChargebackState,
    Event,
    RefundState,
    State,
    allow,
    state_of,
    together,
)
from hub.payments.table import table
from hub.settings import PROJECT

AMOUNT, MOST = 3, 5
"""Of a charge in coins, and how many may come: in part, in whole, and twice as much."""

Facts = tuple[int, int, int, int, str | None, str | None, bool]
"""kept unallocated, kept allocated, refunded, charged back, attempt, closed, had money."""


def state(facts: Facts) -> State:
    unallocated, allocated, refunded, charged_back, attempt, closed, had_money = facts
    captured = unallocated + allocated + refunded + charged_back
    balances = Balances(captured, allocated, unallocated, 0, refunded, charged_back)
    return state_of(AMOUNT, balances, attempt=attempt, closed=closed, had_money=had_money)


def following(facts: Facts) -> list[tuple[Event, Facts]]:  # noqa: C901 - one line for each event
    """What can happen to a charge, by what the events are and not by the table."""
    free, given, back, taken, attempt, closed, had_money = facts
    now, captured = state(facts), free + given + back + taken
    out: list[tuple[Event, Facts]] = []
    if now in {State.OPEN, State.PART_PAID} and attempt is None and closed is None:
        out.append((Event.STARTED, (free, given, back, taken, "started", closed, had_money)))
    if attempt != "processing" and captured < AMOUNT:
        out.append((Event.PROCESSING, (free, given, back, taken, "processing", closed, had_money)))
    if now in UNDER_WAY:
        out.append((Event.FAILED, (free, given, back, taken, None, closed, had_money)))
    if captured < MOST:
        out += [(Event.CAPTURED, (free + 1, given, back, taken, over, closed, True)) for over in {attempt, None}]
        out += [(Event.CAPTURED, (free + AMOUNT, given, back, taken, over, closed, True)) for over in {attempt, None}]
    if free:
        out.append((Event.ALLOCATED, (free - 1, given + 1, back, taken, attempt, closed, True)))
        out.append((Event.REFUNDED, (free - 1, given, back + 1, taken, attempt, closed, True)))
        out.append((Event.CHARGED_BACK, (free - 1, given, back, taken + 1, attempt, closed, True)))
        out += [
            (Event.TAKEN_BACK, (free - coins, given, back, taken, attempt, closed, True))
            for coins in range(1, free + 1)
        ]
    if given:
        out.append((Event.UNALLOCATED, (free + 1, given - 1, back, taken, attempt, closed, True)))
    if had_money:
        if captured:
            out.append((Event.TAKEN_BACK, facts))
        # Of money that is gone by then: the town loses it, and the charge stays where it is.
        out += [(event, facts) for event in (Event.CHARGED_BACK, Event.REFUNDED, Event.CHARGEBACK_WON)]
    if back:
        out.append((Event.REFUND_CAME_BACK, (free + 1, given, back - 1, taken, attempt, closed, True)))
    if taken:
        out.append((Event.CHARGEBACK_WON, (free + 1, given, back, taken - 1, attempt, closed, True)))
    if now is State.OPEN:
        out.append((Event.CANCELLED, (free, given, back, taken, attempt, "cancelled", had_money)))
        out.append((Event.EXPIRED, (free, given, back, taken, attempt, "expired", had_money)))
    return out


def explored() -> set[tuple[Event, State, State]]:
    """Every change of a small charge, by walking through all it can be."""
    first: Facts = (0, 0, 0, 0, None, None, False)
    seen, todo, found = {first}, [first], set()
    while todo:
        facts = todo.pop()
        for event, after in following(facts):
            found.add((event, state(facts), state(after)))
            if after not in seen and sum(after[:4]) <= MOST:
                seen.add(after)
                todo.append(after)
    return found


def test_the_table_is_what_can_happen_and_nothing_else():
    edges = {(edge.event, edge.source, edge.target) for edge in EDGES if edge.source is not None}
    walked = explored()
    assert walked - edges == set(), "happens, and is no edge"
    assert edges - walked == set(), "an edge that nothing takes"


def test_paid_becomes_unpaid_by_a_correction_alone():
    """Money that was given back or taken back by the bank was paid once, and its states say so."""
    unpaid = {State.OPEN, *UNDER_WAY, State.PART_PAID, State.WITHDRAWN, State.CANCELLED, State.EXPIRED}
    events = {edge.event for edge in EDGES if edge.source is State.PAID and edge.target in unpaid}
    assert events == {Event.TAKEN_BACK}


def test_late_money_is_money():
    for over in (State.CANCELLED, State.EXPIRED, State.WITHDRAWN, State.RETURNED, State.CHARGED_BACK):
        allow("charge", Event.CAPTURED, over, State.PAID)


@pytest.mark.parametrize(
    ("edges", "states"),
    [(EDGES, State), (REFUND_EDGES, RefundState), (CHARGEBACK_EDGES, ChargebackState)],
)
def test_every_state_is_reached_and_no_edge_is_there_twice(edges, states):
    assert {edge.target for edge in edges} == set(states)
    assert len({edge[:3] for edge in edges}) == len(edges)


def test_every_state_has_a_public_face():
    assert set(FACES) == set(State)
    assert set(REFUND_FACES) == set(RefundState)
    assert set(TABLES) == {"charge", "refund", "chargeback"}


def test_an_edge_that_is_not_there():
    with pytest.raises(Conflict, match="paid does not become open by failed"):
        allow("charge", Event.FAILED, State.PAID, State.OPEN)


@pytest.mark.parametrize(
    ("states", "payment"),
    [
        ({State.OPEN}, State.OPEN),
        ({State.PAID}, State.PAID),
        ({State.PAID, State.STARTED}, State.STARTED),
        ({State.STARTED, State.PROCESSING}, State.PROCESSING),
        ({State.PAID, State.OPEN}, State.PART_PAID),
        ({State.PAID, State.CANCELLED}, State.PART_PAID),
        ({State.PAID, State.PART_PAID}, State.PART_PAID),
        ({State.PAID, State.RETURNED}, State.PAID),
        ({State.OPEN, State.EXPIRED}, State.OPEN),
        ({State.OPEN, State.RETURNED}, State.OPEN),
        ({State.RETURNED, State.CHARGED_BACK}, State.CHARGED_BACK),
        ({State.RETURNED, State.CANCELLED}, State.RETURNED),
        ({State.WITHDRAWN, State.EXPIRED}, State.WITHDRAWN),
        ({State.EXPIRED, State.CANCELLED}, State.EXPIRED),
    ],
)
def test_a_payment_is_at_what_its_charges_are_at(states, payment):
    assert together(states) is payment


def test_the_document_shows_the_tables():
    """Where this fails: `make tables`."""
    assert written(PROJECT / "docs" / "payments.md") == table()
