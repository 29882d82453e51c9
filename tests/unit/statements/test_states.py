from __future__ import annotations

import pytest

from hub.kernel.errors import Conflict
from hub.kit.state_table import written
from hub.settings import PROJECT
from hub.statements.model import EDGES, Event, State, allow
from hub.statements.table import table


def test_the_document_shows_the_table():
    """Where this fails: `make tables`."""
    assert written(PROJECT / "docs" / "reconciliation.md") == table()


def test_what_is_no_edge_is_refused():
    allowed = {(edge.event, edge.source, edge.target) for edge in EDGES}
    for event in Event:
        for source in State:
            for target in State:
                if (event, source, target) in allowed:
                    assert allow(event, source, target) is target
                else:
                    with pytest.raises(Conflict):
                        allow(event, source, target)


def test_nothing_becomes_new_again_and_every_state_can_be_left():
    assert not [edge for edge in EDGES if edge.target is State.NEW]
    assert {edge.source for edge in EDGES} == set(State)
