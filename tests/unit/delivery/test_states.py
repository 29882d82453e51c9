"""The table of states: closed, reachable, and the same in the document."""

from __future__ import annotations

import pytest

from hub.delivery.model import EDGES, OPEN, Event, State, allow, key_of, targets
from hub.delivery.table import table
from hub.kernel.errors import Conflict
from hub.kernel.ids import new_uuid, public_id
from hub.kit.state_table import written
from hub.settings import PROJECT


def test_the_document_shows_the_table():
    """Where this fails: `make tables`."""
    assert written(PROJECT / "docs" / "deliveries.md") == table()


def test_every_state_is_reached_and_every_open_one_is_left():
    assert {edge.target for edge in EDGES} == set(State)
    assert {edge.source for edge in EDGES if edge.source is not None and edge.target is not edge.source} == OPEN
    assert len(set(EDGES)) == len({(edge.event, edge.source, edge.target) for edge in EDGES}) == len(EDGES)


def test_what_is_over_stays_over():
    for state in set(State) - OPEN:
        # What is heard after all is written down, and moves nothing.
        assert all(targets(event, state) <= ({state} if event is Event.HEARD else set()) for event in Event)


def test_a_doubt_is_left_by_staff_alone():
    """Or by an answer that comes after all, to a worker that was believed dead."""
    for state in (State.IN_DOUBT, State.REFUSED):
        events = {edge.event for edge in EDGES if edge.source is state and edge.by == "worker"}
        assert events == {Event.HEARD}


def test_an_edge_that_is_not_there():
    assert allow(Event.EDIT, State.REFUSED, State.WAITING) is State.WAITING
    with pytest.raises(Conflict, match="delivered"):
        allow(Event.RETRY, State.DELIVERED, State.WAITING)


def test_our_key():
    one = new_uuid()
    assert key_of(one, "document.2") == f"{public_id('dlv', one)}:document.2"
