"""From captured money into the accounting and back: what is due and what she reads at every moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.kernel.errors import Conflict, InvalidRequest
from hub.postings.model import State
from tests.integration.postings.conftest import LATER, Books

FEE, FINE, PARTS, WITH_INTEREST = "2026-KN-000117", "2026-KZ-000009", "2026-KD-000003", "2026-KN-000042"
WASTE, RENT = "KO-2026-000117", "NAJ-2026-000004"


async def test_a_payment_is_posted_once_and_counted_once(pregrada: Books):
    assert await pregrada.due(FINE) == (13272, "overdue", None)
    paid = await pregrada.pay(FINE, 13272)
    seen = await pregrada.seen(FINE)
    assert (seen["due"]["minor"], seen["outstanding"]["minor"], seen["state"]) == (0, 13272, "paid")
    assert seen["paid_here"] == {
        "state": "being_posted",
        "amount": {"minor": 13272, "currency": "EUR", "text": "132,72\N{NO-BREAK SPACE}€"},
        "text": "Plaćeno. Upisuje se u sustav „Financijska kartica”. Ne trebate ništa učiniti.",
    }
    assert await pregrada.state(paid) is State.BEING_POSTED
    await pregrada.send()
    assert await pregrada.due(FINE) == (0, "paid", "not_shown_yet")
    assert await pregrada.state(paid) is State.POSTED
    item = await pregrada.item(FINE)
    assert (item["Preostalo"], item["Status"], len(item["VanjskeUplate"])) == ("0,00", "P", 1)
    await pregrada.read()
    seen = await pregrada.seen(FINE)
    assert (seen["due"]["minor"], seen["outstanding"]["minor"], seen["paid_here"]) == (0, 0, None)
    assert await pregrada.state(paid) is State.COUNTED
    assert set((await pregrada.ledger())["counts"].values()) == {1}


async def test_in_part_by_instalment_and_taken_back(pregrada: Books):
    """Of an obligation in parts only the part whose day has passed is overdue, and a payment goes where it is meant."""
    seen = await pregrada.seen(PARTS)
    assert (seen["due"]["minor"], seen["overdue"]["minor"], seen["state"]) == (100000, 25000, "overdue")
    assert [one["due"]["minor"] for one in seen["instalments"]] == [0, 25000, 25000, 25000, 25000]
    paid = await pregrada.pay(PARTS, 25000, part=2)
    await pregrada.pay(PARTS, 10000)
    seen = await pregrada.seen(PARTS)
    assert (seen["due"]["minor"], seen["overdue"]["minor"], seen["state"]) == (65000, 0, "open")
    assert [one["due"]["minor"] for one in seen["instalments"]] == [0, 0, 15000, 25000, 25000]
    assert [one["outstanding"]["minor"] for one in seen["instalments"]] == [0, 25000, 25000, 25000, 25000]
    await pregrada.send()
    await pregrada.send()
    await pregrada.read()
    seen = await pregrada.seen(PARTS)
    assert [one["outstanding"]["minor"] for one in seen["instalments"]] == [0, 0, 15000, 25000, 25000]
    assert (seen["due"]["minor"], seen["paid_here"]) == (65000, None)
    # Taken back: from now on it is to be paid again, also before the office has heard of it.
    await pregrada.pay(PARTS, -25000, part=2, allocation=paid)
    seen = await pregrada.seen(PARTS)
    assert (seen["due"]["minor"], seen["outstanding"]["minor"]) == (90000, 65000)
    assert seen["paid_here"]["state"] == "taken_back"
    assert seen["paid_here"]["amount"]["minor"] == -25000
    await pregrada.send()
    await pregrada.read()
    seen = await pregrada.seen(PARTS)
    assert (seen["due"]["minor"], seen["outstanding"]["minor"], seen["paid_here"]) == (90000, 90000, None)
    assert [one["outstanding"]["minor"] for one in seen["instalments"]] == [0, 25000, 15000, 25000, 25000]
    assert await pregrada.state(paid) is State.COUNTED


@pytest.mark.parametrize("do", ["error_after", "half_after", "error_before"])
async def test_whatever_goes_wrong_it_is_posted_once(pregrada: Books, do: str):
    await pregrada.misbehave(do=do, only_next=1)
    paid = await pregrada.pay(WITH_INTEREST, 4897)
    await pregrada.pay(WITH_INTEREST, -4897, allocation=paid)
    for _ in range(4):
        await pregrada.send(LATER)
    entries = (await pregrada.ledger())["entries"]
    assert [(one["operation"], one["repeated"]) for one in entries] == [("uplata", False)] * 2
    item = await pregrada.item(WITH_INTEREST)
    assert (item["Preostalo"], item["Status"]) == ("48,97", "A")
    await pregrada.read()
    assert await pregrada.due(WITH_INTEREST) == (4897, "overdue", None)


async def test_the_source_lists_our_key_before_our_receipt_is_there(pregrada: Books):
    await pregrada.misbehave(do="drop_after", only_next=1)
    paid = await pregrada.pay(FEE, 4860)
    await pregrada.send()
    assert await pregrada.state(paid) is State.BEING_POSTED
    await pregrada.read()
    assert (await pregrada.due(FEE), await pregrada.state(paid)) == ((0, "paid", None), State.COUNTED)
    await pregrada.send(LATER)
    assert (await pregrada.due(FEE), await pregrada.state(paid)) == ((0, "paid", None), State.COUNTED)
    assert set((await pregrada.ledger())["counts"].values()) == {1}


async def test_what_is_refused_is_seen_and_somebody_is_told(pregrada: Books):
    await pregrada.misbehave(do="refuse", field="Sifra", only_next=1)
    paid = await pregrada.pay(FINE, 13272)
    await pregrada.send()
    assert (await pregrada.due(FINE), await pregrada.state(paid)) == ((0, "paid", "delayed"), State.REFUSED)
    assert "delivery_refused" in await pregrada.alerts()
    # The office shows the old amount at every read: it was paid here all the same.
    await pregrada.read()
    assert await pregrada.due(FINE) == (0, "paid", "delayed")
    seen = await pregrada.seen(FINE)
    assert seen["paid_here"]["text"].endswith("Ne plaćajte ponovno.")
    transfer = await pregrada.her.get(f"obligations/{seen['id']}/transfer")
    assert (transfer.status_code, transfer.json()["detail"]) == (409, "This is paid: there is nothing to transfer.")
    await pregrada.desk("retry", "they have corrected it")
    assert await pregrada.state(paid) is State.BEING_POSTED
    await pregrada.send()
    await pregrada.read()
    assert (await pregrada.due(FINE), await pregrada.state(paid)) == ((0, "paid", None), State.COUNTED)
    assert await pregrada.alerts() == []


async def test_what_is_given_up_stays_paid_until_a_clerk_books_it(pregrada: Books):
    await pregrada.misbehave(do="refuse", field="Sifra", only_next=1)
    paid = await pregrada.pay(FINE, 13272)
    await pregrada.send()
    await pregrada.desk("discard", "booked by hand")
    assert (await pregrada.due(FINE), await pregrada.state(paid)) == ((0, "paid", "not_shown_yet"), State.NOT_TOLD)
    await pregrada.read()
    assert await pregrada.due(FINE) == (0, "paid", "not_shown_yet")
    await pregrada.changes(FINE, Preostalo="0,00", Status="P")
    await pregrada.read()
    assert (await pregrada.due(FINE), await pregrada.state(paid)) == ((0, "paid", None), State.COUNTED)


async def test_an_office_that_takes_it_and_does_not_count_it_disagrees(vzorov: Books):
    """Its feed tells changes only: the assessment is not in the answer, and the answer is younger than our posting."""
    await vzorov.misbehave(uncounted=True, only_next=1)
    paid = await vzorov.pay(WASTE, 84000)
    await vzorov.send()
    assert (await vzorov.due(WASTE), await vzorov.state(paid)) == ((0, "paid", "not_shown_yet"), State.POSTED)
    await vzorov.read()
    assert (await vzorov.due(WASTE), await vzorov.state(paid)) == ((0, "paid", "disagrees"), State.DISAGREES)
    seen = await vzorov.seen(WASTE)
    assert seen["paid_here"]["text"] == (
        "Zaplaceno, ale systém „Osobní účet“ vede jiný stav. Někdo na úřadě to prověřuje. Neplaťte znovu."
    )
    assert await vzorov.alerts() == ["posting_disagrees"]
    account = (await vzorov.her.get("account")).json()["obligations"]
    assert WASTE not in {one["id"] for one in account["items"] if one["due"]["minor"]}
    assert account["totals"][0]["paid_here"]["minor"] == 84000
    # A clerk counts it, without our key.
    await vzorov.changes(WASTE, zbyva=0.0)
    await vzorov.read()
    assert (await vzorov.due(WASTE), await vzorov.state(paid)) == ((0, "paid", None), State.COUNTED)
    assert await vzorov.alerts() == []


async def test_a_payment_beside_ours_is_not_taken_for_it(vzorov: Books):
    """Once the source is known to list our keys, what falls without one is somebody else's."""
    await vzorov.pay(WASTE, 10000)
    await vzorov.send()
    await vzorov.read()
    assert await vzorov.due(WASTE) == (74000, "open", None)
    await vzorov.misbehave(do="error_before")
    await vzorov.pay(WASTE, 20000)
    await vzorov.send()
    assert await vzorov.due(WASTE) == (54000, "open", "being_posted")
    await vzorov.changes(WASTE, zbyva=700.0)
    await vzorov.read()
    assert await vzorov.due(WASTE) == (50000, "open", "being_posted")
    await vzorov.misbehave()
    await vzorov.send(LATER)
    await vzorov.read()
    assert await vzorov.due(WASTE) == (50000, "open", None)


async def test_the_third_part_of_four(vzorov: Books):
    paid = await vzorov.pay(RENT, 420000, part=3)
    await vzorov.send()
    item = await vzorov.item(RENT)
    assert [one["zbyva"] for one in item["splatky"]] == [0.0, 0.0, 0.0, 4200.0]
    await vzorov.read()
    assert (await vzorov.due(RENT), await vzorov.state(paid)) == ((420000, "open", None), State.COUNTED)


async def test_an_unchanged_obligation_is_told_to_be_younger(pregrada: Books):
    before = (await pregrada.seen(FEE))["caught_up_to"]
    pregrada.ahead = timedelta(minutes=2)
    await pregrada.read()
    assert (await pregrada.seen(FEE))["caught_up_to"] > before


async def test_told_once_whoever_asks_twice(pregrada: Books):
    paid = await pregrada.pay(FEE, 1000)
    await pregrada.pay(FEE, 1000, allocation=paid)
    assert await pregrada.due(FEE) == (3860, "open", "being_posted")
    with pytest.raises(Conflict):
        await pregrada.pay(FEE, 999, allocation=paid)
    with pytest.raises(InvalidRequest):
        await pregrada.pay(FEE, 0)
    with pytest.raises(InvalidRequest):
        await pregrada.pay(FEE, 100, part=7)
    await pregrada.send()
    assert len((await pregrada.ledger())["entries"]) == 1
