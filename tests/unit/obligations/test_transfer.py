"""What is written on a transfer, and when nothing is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.cities.loader import load_city
from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.obligations.service import Instalment, transfer
from hub.settings import PROJECT

CITY = load_city(PROJECT / "config" / "cities" / "pregrada" / "city.yaml")
TODAY = date(2026, 11, 21)
OWN = (Reference("hr.poziv_na_broj", "HR68 1"),)
PARTS = (
    Instalment(1, date(2026, 10, 1), Money(5000, "EUR"), Money(0, "EUR"), (), Money(0, "EUR")),
    Instalment(2, date(2026, 12, 1), Money(5000, "EUR"), Money(2500, "EUR"), OWN, Money(2500, "EUR")),
    Instalment(3, date(2027, 1, 1), Money(5000, "EUR"), None, (), Money(5000, "EUR")),
)


def row(**values: Any) -> dict[str, Any]:
    return {
        "payee": "grad",
        "currency": "EUR",
        "original": 15000,
        "outstanding": 7500,
        "due": 7500,
        "due_on": date(2026, 12, 31),
        "cancelled": False,
        "gone_at": None,
        "reference": [{"scheme": "hr.poziv_na_broj", "value": "HR68 0"}],
        "message": None,
        "title": {"hr": "Komunalni doprinos"},
        **values,
    }


@pytest.mark.parametrize(
    ("instalment", "amount", "due_on", "reference"),
    [
        (None, 7500, date(2026, 12, 31), "HR68 0"),
        (2, 2500, date(2026, 12, 1), "HR68 1"),
        # The source does not say what is left of it: the part as assessed, with the reference of the whole.
        (3, 5000, date(2027, 1, 1), "HR68 0"),
    ],
)
def test_the_whole_or_a_part(instalment, amount, due_on, reference):
    order = transfer(CITY, row(), PARTS, (), TODAY, instalment=instalment).order
    assert (order.amount, order.due_on, order.message) == (Money(amount, "EUR"), due_on, "Komunalni doprinos")
    assert [one.value for one in order.references] == [reference]
    assert (order.payee.name, order.account) == ("Grad Pregrada", "HR1723600001101234565")


def test_a_day_that_has_passed_is_left_out():
    assert transfer(CITY, row(due_on=date(2026, 11, 20)), (), (), TODAY).order.due_on is None
    assert transfer(CITY, row(due_on=TODAY), (), (), TODAY).order.due_on == TODAY


@pytest.mark.parametrize(
    ("values", "instalment", "detail"),
    [
        ({"due": 0}, None, "This is paid: there is nothing to transfer."),
        ({"due": 0}, 3, "This is paid: there is nothing to transfer."),
        ({}, 1, "This is paid: there is nothing to transfer."),
        ({"cancelled": True}, 2, "The office has cancelled or withdrawn this obligation: there is nothing to pay."),
        ({"payee": "left_the_town"}, None, "The town no longer says where to pay this: ask the office."),
    ],
)
def test_when_nothing_can_be_paid(values, instalment, detail):
    with pytest.raises(Conflict) as refusal:
        transfer(CITY, row(**values), PARTS, (), TODAY, instalment=instalment)
    assert str(refusal.value) == detail


def test_an_instalment_there_is_not():
    with pytest.raises(InvalidRequest, match="no instalment 4"):
        transfer(CITY, row(), PARTS, (), TODAY, instalment=4)
