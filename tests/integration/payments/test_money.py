"""Money that comes, is given, is given back and is taken: what the ledger says after each."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from hub.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.payments.model import Source, Wanted
from tests.integration.payments.till import Till, eur, of
from tests.support.records import IVO


async def test_a_card_pays_one_obligation(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    due = await desk.begin(charge)
    assert (due.amount, due.payee, due.title, due.login) == (eur(10000), "grad", "Komunalna naknada", "nias")
    assert await desk.state(charge) == "started"
    captured = await desk.capture(charge, 10000)
    assert (captured.first, captured.allocated, captured.unallocated) == (True, eur(10000), eur(0))
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 10000, "gateway": 10000}
    assert await desk.state(charge) == "paid"
    assert await desk.open_amount(fee) == 0
    [posting] = await desk.rows("postings")
    assert (posting["obligation_id"], posting["amount"], posting["method"]) == (fee, 10000, "card")
    assert await desk.alerts() == set()


async def test_the_same_source_counts_once(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    source = new_uuid()
    await desk.capture(charge, 10000, source_id=source)
    again = await desk.capture(charge, 10000, source_id=source)
    assert (again.first, again.allocated, again.unallocated) == (False, eur(0), eur(0))
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 10000, "gateway": 10000}
    assert len(await desk.rows("ledger_entries")) == 2
    with pytest.raises(Conflict, match="counted before"):
        await desk.capture(charge, 9999, source_id=source)
    other = await desk.charge(of(await desk.owe(10000)))
    with pytest.raises(Conflict, match="counted before"):
        await desk.capture(other, 10000, source_id=source)
    assert await desk.state(other) == "open"


async def test_several_payees_are_several_captures_under_one_roof(desk: Till):
    fee, water = await desk.owe(10000), await desk.owe(2500, payee="niskogradnja")
    payment = await desk.pay(of(fee), of(water))
    grad, niskogradnja = await desk.charges(payment)
    await desk.capture(grad, 10000)
    assert [row["state"] for row in await desk.rows("payments")] == ["part_paid"]
    await desk.capture(niskogradnja, 2500)
    assert [row["state"] for row in await desk.rows("payments")] == ["paid"]
    assert await desk.open_amount(water) == 0


async def test_a_part_then_the_rest(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee, 6000))
    await desk.capture(charge, 2000, "counter")
    assert await desk.state(charge) == "part_paid"
    assert (await desk.begin(charge)).amount == eur(4000)
    await desk.end(charge)
    assert await desk.state(charge) == "part_paid"
    await desk.begin(charge)
    await desk.capture(charge, 4000)
    assert await desk.state(charge) == "paid"
    assert await desk.open_amount(fee) == 4000


async def test_at_the_counter_while_a_card_is_under_way(desk: Till):
    """Both come: the second is an overpayment, which is told; it is nobody's to lose."""
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    await desk.begin(charge)
    await desk.capture(charge, 10000, "counter")
    assert await desk.state(charge) == "paid"
    with pytest.raises(Conflict, match="may still bring money"):
        await desk.begin(charge)
    await desk.pending(charge)
    assert await desk.state(charge) == "paid"
    late = await desk.capture(charge, 10000)
    assert (late.allocated, late.unallocated) == (eur(0), eur(10000))
    assert await desk.balances(charge) == {
        "captured": 20000, "allocated": 10000, "unallocated": 10000, "gateway": 10000, "counter": 10000,
    }  # fmt: skip
    assert await desk.alerts() == {"payment_unallocated"}


async def test_two_captures_race_for_the_last_euro(desk: Till):
    fee = await desk.owe(10000)
    charges = [await desk.charge(of(fee)), await desk.charge(of(fee))]
    told = await asyncio.gather(*(desk.capture(one, 10000) for one in charges))
    assert sorted(one.allocated.minor for one in told) == [0, 10000]
    assert await desk.open_amount(fee) == 0


async def test_two_that_want_the_same_two_in_another_order_do_not_wait_for_ever(desk: Till):
    first, second = await desk.owe(10000), await desk.owe(10000)
    for _ in range(5):
        one, other = await desk.charge(of(first, 10), of(second, 10)), await desk.charge(of(second, 10), of(first, 10))
        await asyncio.gather(desk.capture(one, 20), desk.capture(other, 20))
    assert await desk.open_amount(first) == 9900


async def test_what_was_cancelled_meanwhile_takes_nothing(desk: Till):
    fee, other = await desk.owe(10000), await desk.owe(500)
    charge = await desk.charge(of(fee), of(other))
    await desk.cancel_obligation(fee)
    captured = await desk.capture(charge, 10500)
    assert (captured.allocated, captured.unallocated) == (eur(500), eur(10000))
    assert await desk.state(charge) == "paid"
    assert await desk.alerts() == {"payment_unallocated"}
    await desk.ask(charge, 10000)
    assert await desk.alerts() == set()


async def test_late_money_is_money(desk: Till):
    fee = await desk.owe(10000)
    payment = await desk.pay(of(fee))
    [charge] = await desk.charges(payment)
    desk.clock.move(timedelta(days=1))
    assert await desk.expire() == 1
    assert await desk.expire() == 0
    with pytest.raises(Conflict, match="expired"):
        await desk.begin(charge)
    await desk.capture(charge, 10000)
    assert await desk.state(charge) == "paid"
    assert await desk.open_amount(fee) == 0


async def test_a_payment_under_way_is_neither_cancelled_nor_expired(desk: Till):
    payment = await desk.pay(of(await desk.owe(10000)))
    [charge] = await desk.charges(payment)
    await desk.begin(charge)
    with pytest.raises(Conflict, match="under way"):
        await desk.cancel(payment)
    desk.clock.move(timedelta(days=2))
    assert await desk.expire() == 0
    await desk.end(charge)
    await desk.cancel(payment)
    await desk.cancel(payment)
    assert await desk.state(charge) == "cancelled"
    await desk.pending(charge)
    assert await desk.state(charge) == "processing"
    await desk.end(charge)
    assert await desk.state(charge) == "cancelled"
    paid = await desk.pay(of(await desk.owe(10000)))
    await desk.capture((await desk.charges(paid))[0], 1)
    with pytest.raises(Conflict, match="Money has come"):
        await desk.cancel(paid)


async def test_another_currency_is_refused_and_nothing_is_booked(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    with pytest.raises(InvalidRequest, match="in EUR"):
        await desk.capture(charge, 10000, currency="CZK")
    assert await desk.balances(charge) == {}
    with pytest.raises(NotFound):
        await desk.capture(new_uuid(), 10000)


async def test_more_than_was_asked_for(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee, 4000))
    captured = await desk.capture(charge, 5000)
    assert (captured.allocated, captured.unallocated) == (eur(4000), eur(1000))
    await desk.allocate(charge, of(fee))
    assert await desk.balances(charge) == {"captured": 5000, "allocated": 5000, "gateway": 5000}
    assert await desk.open_amount(fee) == 5000
    assert await desk.alerts() == set()


async def test_money_from_the_bank_without_a_charge(desk: Till):
    fee, entry = await desk.owe(10000), new_uuid()
    payment = await desk.receive(12000, of(fee), source_id=entry)
    assert await desk.receive(12000, of(fee), source_id=entry) == payment
    with pytest.raises(Conflict, match="counted before"):
        await desk.receive(12001, of(fee), source_id=entry)
    [charge] = await desk.charges(payment)
    assert await desk.balances(charge) == {"captured": 12000, "allocated": 10000, "unallocated": 2000, "bank": 12000}
    assert await desk.state(charge) == "paid"
    [row] = await desk.rows("payments")
    assert (row["subject_id"], row["method"], row["money"]) == (None, "transfer", True)


async def test_the_same_bank_entry_brought_twice_at_once(desk: Till):
    fee, entry = await desk.owe(10000), new_uuid()
    made = await asyncio.gather(*(desk.receive(10000, of(fee), source_id=entry) for _ in range(3)))
    assert len(set(made)) == 1
    assert await desk.open_amount(fee) == 0


async def test_unknown_money_has_an_owner_row(desk: Till):
    [charge] = await desk.charges(await desk.receive(777))
    assert await desk.balances(charge) == {"captured": 777, "unallocated": 777, "bank": 777}
    assert await desk.alerts() == {"payment_unallocated"}


async def test_a_match_undone_and_made_elsewhere(desk: Till):
    wrong, right, entry = await desk.owe(10000), await desk.owe(10000), new_uuid()
    [charge] = await desk.charges(await desk.receive(10000, of(wrong), source_id=entry))
    await desk.take_back(entry)
    await desk.take_back(entry)
    assert await desk.balances(charge) == {}
    assert await desk.state(charge) == "withdrawn"
    assert await desk.open_amount(wrong) == 10000
    assert sorted(row["amount"] for row in await desk.rows("postings")) == [-10000, 10000]
    [other] = await desk.charges(await desk.receive(10000, of(right), source_id=entry))
    assert other != charge
    assert await desk.open_amount(right) == 0
    with pytest.raises(NotFound):
        await desk.take_back(new_uuid())


async def test_an_entry_the_bank_takes_back_after_it_was_given_back_is_lost(desk: Till):
    fee, entry = await desk.owe(6000), new_uuid()
    [charge] = await desk.charges(await desk.receive(10000, of(fee), source_id=entry))
    await desk.heard(await desk.ask(charge, 4000, "bank"), "done")
    await desk.take_back(entry, reason="reversed by the bank")
    assert await desk.balances(charge) == {"captured": 4000, "refunded": 4000, "bank": -4000, "lost": 4000}
    assert await desk.alerts() == {"payment_money_lost"}
    assert await desk.open_amount(fee) == 6000


async def test_allocations_are_given_and_taken_by_staff(desk: Till):
    fee, water = await desk.owe(10000), await desk.owe(3000, payee="niskogradnja")
    [charge] = await desk.charges(await desk.receive(10000))
    with pytest.raises(InvalidRequest, match="niskogradnja"):
        await desk.allocate(charge, of(water, 3000))
    with pytest.raises(Conflict, match="cannot be allocated"):
        await desk.allocate(charge, of(fee, 10001))
    await desk.allocate(charge, of(fee, 7000))
    [allocation] = await desk.rows("allocations")
    await desk.unallocate(allocation["allocation_id"])
    await desk.unallocate(allocation["allocation_id"])
    assert await desk.balances(charge) == {"captured": 10000, "unallocated": 10000, "bank": 10000}
    assert await desk.open_amount(fee) == 10000
    with pytest.raises(NotFound):
        await desk.unallocate(new_uuid())


async def test_instalments(desk: Till):
    parts = (
        {"number": 1, "due_on": desk.now.date(), "amount": eur(4000), "outstanding": eur(4000)},
        {"number": 2, "due_on": desk.now.date(), "amount": eur(6000), "outstanding": eur(6000)},
    )
    fee = await desk.owe(10000, instalments=parts)
    with pytest.raises(InvalidRequest, match="there twice"):
        await desk.pay(of(fee), of(fee, None, 2))
    charge = await desk.charge(of(fee, None, 2))
    assert (await desk.begin(charge)).amount == eur(6000)
    await desk.capture(charge, 6000)
    [posting] = await desk.rows("postings")
    assert (posting["instalment"], posting["amount"]) == (2, 6000)
    with pytest.raises(Conflict, match="This is paid"):
        await desk.pay(of(fee, None, 2))
    with pytest.raises(InvalidRequest, match="no instalment 3"):
        await desk.pay(of(fee, None, 3))
    assert await desk.open_amount(fee) == 4000


async def test_for_somebody_else_by_reference(desk: Till):
    from hub.kernel.references import Reference

    reference = Reference("hr.poziv_na_broj", "HR68 5720-33392005961")
    fee = await desk.owe(10000, IVO, references=(reference,))
    with pytest.raises(NotFound):
        await desk.pay(of(fee))
    wanted = Wanted(payee="grad", reference="HR68 5720-33392005961", amount=eur(10000))
    charge = await desk.charge(wanted)
    [item] = await desk.rows("charge_items")
    assert (item["obligation_id"], item["title"], item["reference"]) == (fee, None, "HR68 5720-33392005961")
    await desk.capture(charge, 10000)
    assert await desk.open_amount(fee) == 0
    with pytest.raises(NotFound, match="Nothing is to be paid"):
        await desk.pay(Wanted(payee="grad", reference="HR68 5720-1", amount=eur(1)))
    with pytest.raises(InvalidRequest, match="how much"):
        await desk.pay(Wanted(payee="grad", reference="HR68 5720-33392005961"))
    with pytest.raises(InvalidRequest, match="no payee"):
        await desk.pay(Wanted(payee="nobody", reference="1", amount=eur(1)))


async def test_what_cannot_be_paid(desk: Till):
    fee, foreign = await desk.owe(10000), await desk.owe(10000, original=Money(1, "CZK"), outstanding=Money(1, "CZK"))
    for wanted, refusal in (
        ([], "one to 50"),
        ([of(fee)] * 51, "one to 50"),
        ([of(fee), of(fee)], "twice"),
        ([of(fee), of(foreign)], "one currency"),
        ([of(fee, 10001)], "are owed"),
        ([of(fee, 0)], "are owed"),
        ([of(foreign, 1)], "owed in CZK"),
    ):
        with pytest.raises(InvalidRequest, match=refusal):
            await desk.pay(*wanted)
    await desk.cancel_obligation(fee)
    with pytest.raises(Conflict, match="cancelled or withdrawn"):
        await desk.pay(of(fee))
    assert await desk.rows("payments") == []


async def test_the_same_request_is_the_same_payment(desk: Till):
    fee = await desk.owe(10000)
    first = await desk.pay(of(fee), key="k")
    assert await desk.pay(of(fee), key="k") == first
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await desk.pay(of(fee, 1), key="k")
    made = await asyncio.gather(*(desk.pay(of(fee), key="other") for _ in range(3)))
    assert len(set(made)) == 1
    assert len(await desk.rows("payments")) == 2


async def test_what_she_is_paying_is_not_begun_again(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    await desk.pay(of(fee))
    await desk.begin(charge)
    onward = r"paying this already \((pay_\w+)\): go on at its page, whose address POST /v1/payments/\1/attempts gives"
    with pytest.raises(Conflict, match=onward):
        await desk.pay(of(fee))


# ── Given back ──


async def test_the_newest_allocation_goes_first_and_its_posting_is_reversed(desk: Till):
    old, new = await desk.owe(6000), await desk.owe(4000)
    charge = await desk.charge(of(old), of(new))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 5000)
    assert await desk.balances(charge) == {
        "captured": 10000, "allocated": 5000, "refunding": 5000, "gateway": 10000,
    }  # fmt: skip
    assert (await desk.open_amount(old), await desk.open_amount(new)) == (1000, 4000)
    [wanted] = await _to_send(desk)
    assert (wanted.refund_id, wanted.charge_id, wanted.amount) == (refund, charge, eur(5000))
    await desk.sent(refund)
    assert await _to_send(desk) == []
    await desk.heard(refund, "pending")
    await desk.heard(refund, "done")
    await desk.heard(refund, "done")
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 5000, "refunded": 5000, "gateway": 5000}
    assert await desk.state(charge) == "paid"
    with pytest.raises(Conflict, match="done does not become refused"):
        await desk.heard(refund, "refused")


async def test_whoever_asks_may_say_which_allocation(desk: Till):
    old, new = await desk.owe(6000), await desk.owe(4000)
    charge = await desk.charge(of(old), of(new))
    await desk.capture(charge, 10000)
    [chosen] = await desk.rows("allocations", "obligation_id = $1", old)
    await desk.ask(charge, 5000, allocations=[chosen["allocation_id"]])
    assert (await desk.open_amount(old), await desk.open_amount(new)) == (5000, 0)
    with pytest.raises(InvalidRequest, match="no allocation"):
        await desk.ask(charge, 1, allocations=[new_uuid()])


async def test_a_refused_refund_returns_what_was_set_aside(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 10000)
    await desk.sent(refund)
    await desk.heard(refund, "refused")
    assert await desk.balances(charge) == {"captured": 10000, "unallocated": 10000, "gateway": 10000}
    assert await desk.alerts() == {"refund_refused", "payment_unallocated"}
    await desk.ask(charge, 10000, "bank")
    assert await desk.alerts() == {"refund_to_transfer"}
    with pytest.raises(Conflict, match="went elsewhere"):
        await desk.heard(refund, "done")


async def test_a_refund_that_was_refused_and_happened_after_all(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 10000)
    await desk.sent(refund)
    await desk.heard(refund, "refused")
    await desk.heard(refund, "done")
    assert await desk.balances(charge) == {"captured": 10000, "refunded": 10000}
    assert await desk.state(charge) == "returned"


async def test_a_refund_in_doubt_stays_set_aside(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 10000)
    await desk.sent(refund)
    await desk.heard(refund, "in_doubt")
    assert await desk.balances(charge) == {"captured": 10000, "refunding": 10000, "gateway": 10000}
    assert await desk.alerts() == {"refund_in_doubt"}
    with pytest.raises(Conflict):
        await desk.ask(charge, 1)
    await desk.again(refund)
    assert await desk.alerts() == set()
    [wanted] = await _to_send(desk)
    assert wanted.refund_id == refund
    await desk.sent(refund)
    await desk.heard(refund, "done")
    assert await desk.state(charge) == "returned"


async def test_two_people(desk: Till):
    desk.with_approval("two_people")
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 8000)
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 10000, "gateway": 10000}
    assert await desk.alerts() == {"refund_to_decide"}
    with pytest.raises(Conflict, match="can be given back"):
        await desk.ask(charge, 2001)
    with pytest.raises(Forbidden, match="a colleague decides"):
        await desk.decide(refund, "approve", "stf_1")
    await desk.decide(refund, "approve")
    assert await desk.alerts() == set()
    assert await desk.open_amount(fee) == 8000
    with pytest.raises(Conflict, match="approved does not become"):
        await desk.decide(refund, "approve")
    other = await desk.ask(charge, 2000)
    await desk.decide(other, "refuse")
    assert await desk.balances(charge) == {
        "captured": 10000, "allocated": 2000, "refunding": 8000, "gateway": 10000,
    }  # fmt: skip


async def test_what_was_asked_for_and_is_gone_by_the_decision(desk: Till):
    desk.with_approval("two_people")
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 8000)
    await desk.charged_back(charge, 5000)
    with pytest.raises(Conflict, match="are left"):
        await desk.decide(refund, "approve")
    assert await desk.balances(charge) == {
        "captured": 10000, "allocated": 5000, "charged_back": 5000, "gateway": 5000,
    }  # fmt: skip


async def test_a_gateway_gives_back_only_what_came_by_it(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 3000)
    await desk.capture(charge, 7000, "counter")
    with pytest.raises(Conflict, match=r"30\.00 EUR of this charge can be given back by its gateway"):
        await desk.ask(charge, 3001)
    await desk.ask(charge, 3000)
    with pytest.raises(Conflict, match=r"0\.00 EUR of this charge can be given back by its gateway"):
        await desk.ask(charge, 1)
    with pytest.raises(Conflict, match="can be given back"):
        await desk.ask(charge, 7001, "bank")
    await desk.ask(charge, 7000, "bank")


async def test_given_back_at_the_gateways_own_console(desk: Till):
    fee = await desk.owe(10000)
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 10000)
    await desk.reversed(charge, 4000)
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 6000, "refunded": 4000, "gateway": 6000}
    await desk.reversed(charge, 7000)
    assert await desk.balances(charge) == {"captured": 10000, "refunded": 10000, "gateway": -1000, "lost": 1000}
    assert await desk.alerts() == {"payment_money_lost"}
    assert await desk.state(charge) == "returned"


async def test_a_chargeback_and_winning_it(desk: Till):
    fee, source = await desk.owe(10000), new_uuid()
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 10000)
    chargeback = await desk.charged_back(charge, 10000, source)
    assert await desk.charged_back(charge, 10000, source) == chargeback
    assert await desk.balances(charge) == {"captured": 10000, "charged_back": 10000}
    assert await desk.state(charge) == "charged_back"
    assert await desk.open_amount(fee) == 10000
    assert await desk.alerts() == {"payment_charged_back"}
    await desk.won(chargeback)
    await desk.won(chargeback)
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 10000, "gateway": 10000}
    assert await desk.state(charge) == "paid"
    assert await desk.open_amount(fee) == 0
    assert await desk.alerts() == set()


async def test_a_chargeback_larger_than_what_is_left(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 6000)
    await desk.sent(refund)
    await desk.heard(refund, "done")
    chargeback = await desk.charged_back(charge, 10000)
    assert await desk.balances(charge) == {
        "captured": 10000, "refunded": 6000, "charged_back": 4000, "gateway": -6000, "lost": 6000,
    }  # fmt: skip
    assert await desk.alerts() == {"payment_charged_back", "payment_money_lost"}
    await desk.won(chargeback)
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 4000, "refunded": 6000, "gateway": 4000}
    assert await desk.alerts() == set()


async def test_a_chargeback_while_a_refund_is_under_way(desk: Till):
    """What is set aside may be given back at this moment: it is not what the bank takes."""
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 6000)
    await desk.sent(refund)
    await desk.charged_back(charge, 10000)
    assert await desk.balances(charge) == {
        "captured": 10000, "refunding": 6000, "charged_back": 4000, "lost": 6000,
    }  # fmt: skip
    assert await desk.alerts() == {"payment_charged_back", "payment_money_lost"}
    # What the mails say is there: how much, of which payment, whose.
    [lost] = await desk.rows("alerts", "kind = 'payment_money_lost'")
    [taken] = await desk.rows("alerts", "kind = 'payment_charged_back'")
    for told, minor in ((lost, 6000), (taken, 10000)):
        detail = orjson.loads(told["detail"])
        assert (detail["amount"], detail["payee"]) == ({"minor": minor, "currency": "EUR"}, "grad")
        assert detail["payment"].startswith("pay_")
    await desk.heard(refund, "refused")
    assert await desk.balances(charge) == {"captured": 10000, "charged_back": 10000}
    assert await desk.state(charge) == "charged_back"
    assert await desk.alerts() == {"payment_charged_back"}


async def test_the_gateway_pays_out(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    entry = new_uuid()
    for _ in range(2):
        await desk.paid_out((charge, eur(9800)), entry=entry, fees=[(charge, eur(200))])
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 10000, "bank": 9800, "fee": 200}


async def _to_send(desk: Till):
    async with desk.database.town(1) as connection:
        return await desk.payments.refunds_to_send(connection, 1)


async def test_money_in_no_currency_is_refused_at_the_counter(desk):
    with pytest.raises(InvalidRequest):
        async with desk.database.town(1) as connection:
            await desk.payments.receive(
                connection, desk.keys, desk.town,
                payee="grad", amount=Money(1, "AAA"), source=Source("counter", new_uuid()), at=desk.now, now=desk.now,
            )  # fmt: skip


# ── What an audit found ──


async def test_a_transfer_that_the_payers_bank_sent_back(desk: Till):
    fee = await desk.owe(6000)
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 4000, "bank")
    with pytest.raises(Conflict, match="approved does not become came_back"):
        await desk.came_back(refund)
    await desk.heard(refund, "done")
    assert await desk.balances(charge) == {
        "captured": 10000, "allocated": 6000, "refunded": 4000, "gateway": 10000, "bank": -4000,
    }  # fmt: skip
    await desk.came_back(refund)
    await desk.came_back(refund)
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 6000, "unallocated": 4000, "gateway": 10000}
    assert await desk.alerts() == {"refund_refused", "payment_unallocated"}
    [row] = await desk.rows("refunds")
    assert (row["state"], row["word"], row["reference"]) == ("came_back", "account closed", "R1")
    with pytest.raises(Conflict, match="came_back does not become done"):
        await desk.heard(refund, "done")
    again = await desk.ask(charge, 4000, "bank")
    assert await desk.alerts() == {"refund_to_transfer"}
    await desk.heard(again, "done")
    assert await desk.balances(charge) == {
        "captured": 10000, "allocated": 6000, "refunded": 4000, "gateway": 10000, "bank": -4000,
    }  # fmt: skip


async def test_what_was_given_back_whole_and_came_back(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000, "counter")
    refund = await desk.ask(charge, 10000, "bank")
    await desk.heard(refund, "done")
    assert await desk.state(charge) == "returned"
    await desk.came_back(refund)
    assert await desk.state(charge) == "paid"


async def test_what_a_gateway_gave_back_does_not_come_back_by_the_bank(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 10000)
    await desk.heard(refund, "done")
    with pytest.raises(Conflict, match="not given back by a transfer"):
        await desk.came_back(refund)


async def test_a_bank_charges_back_in_parts(desk: Till):
    fee, card, letter = await desk.owe(10000), new_uuid(), new_uuid()
    charge = await desk.charge(of(fee))
    await desk.capture(charge, 10000, source_id=card)
    await desk.capture(charge, 5000, "counter")
    first = await desk.letter(charge, 3000, letter)
    assert await desk.letter(charge, 3000, letter) == first == letter
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await desk.letter(charge, 3001, letter)
    second = await desk.letter(charge, 3000)
    with pytest.raises(Conflict, match=r"40\.00 EUR are not charged back yet"):
        await desk.letter(charge, 4001)
    rows = await desk.rows("chargebacks", "true order by chargeback_id")
    assert {(row["chargeback_id"], row["amount"], row["source_id"]) for row in rows} == {
        (first, 3000, card), (second, 3000, card),
    }  # fmt: skip
    assert (await desk.balances(charge))["charged_back"] == 6000
    assert {row["by"] for row in await desk.rows("payment_events", "event in ('taken', 'charged_back')")} == {"stf_1"}
    await desk.won(first)
    await desk.letter(charge, 7000)
    assert (await desk.balances(charge))["charged_back"] == 10000


async def test_letters_at_once_are_no_more_than_was_paid(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    await desk.capture(charge, 10000, "counter")
    told = await asyncio.gather(*(desk.letter(charge, 6000) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in told].count(Conflict) == 2
    assert (await desk.balances(charge))["charged_back"] == 6000


async def test_what_the_bank_took_back_is_not_given_back_as_well(desk: Till):
    """A card and the counter: what is left is the counter's, and no gateway gives that back."""
    desk.with_approval("two_people")
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    await desk.capture(charge, 10000, "counter")
    refund = await desk.ask(charge, 10000)
    await desk.letter(charge, 10000)
    with pytest.raises(Conflict, match="taken back, too much"):
        await desk.decide(refund, "approve")
    assert (await desk.balances(charge)).get("refunding", 0) == 0


async def test_what_went_at_the_console_while_it_was_set_aside_was_not_lost(desk: Till):
    """The payer has it: the money of the refused refund is that, and not there to be given to her again."""
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 10000)
    await desk.sent(refund)
    await desk.reversed(charge, 10000)
    assert await desk.balances(charge) == {"captured": 10000, "refunding": 10000, "lost": 10000}
    await desk.heard(refund, "refused")
    assert await desk.balances(charge) == {"captured": 10000, "refunded": 10000}
    assert await desk.alerts() == set()
    assert await desk.state(charge) == "returned"


async def test_what_the_bank_reversed_while_it_was_set_aside_was_not_lost(desk: Till):
    fee, entry = await desk.owe(6000), new_uuid()
    [charge] = await desk.charges(await desk.receive(10000, of(fee), source_id=entry))
    refund = await desk.ask(charge, 4000, "bank")
    await desk.take_back(entry, reason="reversed by the bank")
    assert await desk.balances(charge) == {"captured": 4000, "refunding": 4000, "lost": 4000}
    await desk.heard(refund, "refused")
    assert await desk.balances(charge) == {}
    assert await desk.alerts() == set()
    assert await desk.state(charge) == "withdrawn"


async def test_a_transfer_that_came_back_covers_what_was_lost_by_a_chargeback(desk: Till):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 10000, "bank")
    await desk.heard(refund, "done")
    await desk.letter(charge, 10000)
    assert await desk.balances(charge) == {"captured": 10000, "refunded": 10000, "bank": -10000, "lost": 10000}
    await desk.came_back(refund)
    assert await desk.balances(charge) == {"captured": 10000, "charged_back": 10000}
    assert await desk.state(charge) == "charged_back"


async def test_a_payment_by_transfer_takes_no_card(desk: Till):
    """Whoever has the address of its page could begin one."""
    [charge] = await desk.charges(await desk.pay(of(await desk.owe(10000)), method="transfer"))
    with pytest.raises(Conflict, match="not by card"):
        await desk.begin(charge)


@pytest.mark.parametrize("approval", ["one", "two_people"])
async def test_what_is_approved_is_sent_at_once(desk: Till, approval):
    """Its job is in the queue when the decision is, and not by the next look alone."""
    desk.with_approval(approval)
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 4000, "gateway")
    if approval == "two_people":
        assert await desk.rows("jobs", "kind = 'gateways.refund'") == []
        await desk.decide(refund, "approve")
    assert len(await desk.rows("jobs", "kind = 'gateways.refund'")) == 1
