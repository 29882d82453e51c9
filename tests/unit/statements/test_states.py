from __future__ import annotations

import pytest

from hub.kernel.errors import Conflict
from hub.kit.state_table import written
from hub.settings import PROJECT
from hub.statements.model import (
    EDGES,
    STATEMENT_EDGES,
    STATEMENT_REMEDIES,
    Event,
    State,
    StatementEvent,
    StatementState,
    allow,
    allow_statement,
)
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
    assert {edge.source for edge in EDGES if edge.target is State.NEW} == {State.HELD}
    assert not [edge for edge in EDGES if edge.target is State.HELD]
    assert {edge.source for edge in EDGES} == set(State)


def test_what_is_no_edge_of_a_statement_is_refused():
    allowed = {(edge.event, edge.source): edge.target for edge in STATEMENT_EDGES}
    assert len(allowed) == len(STATEMENT_EDGES), "what happens says where it leads"
    for event in StatementEvent:
        for source in StatementState:
            if (event, source) in allowed:
                assert allow_statement(event, source) is allowed[event, source]
            else:
                with pytest.raises(Conflict, match=STATEMENT_REMEDIES[source]):
                    allow_statement(event, source)


def test_a_statement_that_does_not_count_was_one_that_another_one_corrects():
    assert not [edge for edge in STATEMENT_EDGES if edge.target is StatementState.HELD]
    assert {edge.source for edge in STATEMENT_EDGES if edge.target is StatementState.CORRECTED} == {
        StatementState.COUNTS, StatementState.CORRECTED,
    }  # fmt: skip
