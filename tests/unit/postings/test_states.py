"""States of a posting: what delivery and the office's amounts make of it, and the table in the documents."""

import pytest

from hub.delivery.model import State as Delivered
from hub.kernel.errors import Conflict
from hub.kit.state_table import written
from hub.obligations.judging import Standing
from hub.postings.model import State, after_delivery, together
from hub.postings.table import table
from hub.settings import PROJECT


def test_the_document_shows_the_table():
    """Where this fails: `make tables`."""
    assert written(PROJECT / "docs" / "postings.md") == table()


@pytest.mark.parametrize(
    ("before", "delivered", "receipt", "after"),
    [
        (State.BEING_POSTED, Delivered.SENDING, False, State.BEING_POSTED),
        (State.BEING_POSTED, Delivered.DELIVERED, True, State.POSTED),
        (State.BEING_POSTED, Delivered.REFUSED, False, State.REFUSED),
        (State.BEING_POSTED, Delivered.IN_DOUBT, False, State.IN_DOUBT),
        (State.REFUSED, Delivered.WAITING, False, State.BEING_POSTED),
        (State.IN_DOUBT, Delivered.WAITING, True, State.POSTED),
        (State.IN_DOUBT, Delivered.DISCARDED, False, State.NOT_TOLD),
        # Its receipt is there, so it has it, whatever becomes of the rest.
        (State.BEING_POSTED, Delivered.DISCARDED, True, State.POSTED),
    ],
)
def test_what_delivery_makes_of_it(before, delivered, receipt, after):
    assert after_delivery(before, delivered, receipt=receipt) is after


def test_what_there_is_no_edge_for():
    with pytest.raises(Conflict):
        after_delivery(State.POSTED, Delivered.REFUSED, receipt=False)


def test_together_with_what_the_office_says():
    assert together(State.IN_DOUBT, Standing.COUNTED, gone=False) is State.COUNTED
    assert together(State.POSTED, Standing.DISAGREES, gone=False) is State.DISAGREES
    assert together(State.POSTED, Standing.OPEN, gone=True) is State.COUNTED
    assert together(State.REFUSED, Standing.OPEN, gone=True) is State.REFUSED
