"""References and transfer orders are values: equal by content, and not to be changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder


def test_a_reference_is_its_scheme_and_value():
    scheme, value = Reference("cz.variable_symbol", "0012345")
    assert (scheme, value) == ("cz.variable_symbol", "0012345")
    assert len({Reference("cz.variable_symbol", "0012345"), Reference("cz.variable_symbol", "0012345")}) == 1
    assert Reference("cz.variable_symbol", "12345") != Reference("cz.variable_symbol", "0012345")


def test_an_order_is_written_once():
    order = TransferOrder(PostalName("Grad Pregrada"), "HR1723600001101234565", Money(1250, "EUR"), "EUR")
    assert (order.references, order.message, order.due_on, order.bic, order.purpose, order.payer) == (
        (), "", None, "", "", None,
    )  # fmt: skip
    with pytest.raises(FrozenInstanceError):
        order.account = "HR1210010051863000160"  # type: ignore[misc]
