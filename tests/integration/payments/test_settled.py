"""What a payment is for is paid another way before its card is: it is neither begun nor gone on with, and ends."""

from __future__ import annotations

import pytest

from hub.kernel.errors import Conflict
from hub.kernel.references import Reference
from hub.payments.model import Wanted
from tests.integration.payments.till import Till, eur, of
from tests.support.records import IVO


@pytest.mark.parametrize("came", [10000, 2500])
async def test_what_was_paid_by_transfer_meanwhile_is_neither_begun_nor_gone_on_with(desk: Till, came):
    fee = await desk.owe(10000)
    begun, new = await desk.pay(of(fee)), await desk.pay(of(fee))
    [trying], [waiting] = await desk.charges(begun), await desk.charges(new)
    await desk.begin(trying)
    await desk.goes_on(trying, 10000)
    assert (await desk.settled(begun), await desk.settled(new), await desk.end_settled()) == ([False], [False], 0)
    await desk.receive(came, of(fee))
    with pytest.raises(Conflict, match="paid another way meanwhile, or less of it is owed now: do not go on"):
        await desk.goes_on(trying, 10000)
    with pytest.raises(Conflict, match="paid another way meanwhile, or less of it is owed now: begin a new payment"):
        await desk.begin(waiting)
    assert (await desk.settled(begun), await desk.settled(new)) == ([True], [True])
    # Who is at the gateway may pay all the same: that ends when it is clear that she has not.
    assert (await desk.end_settled(), await desk.end_settled()) == (1, 0)
    assert (await desk.state(trying), await desk.state(waiting)) == ("started", "expired")
    [last] = await desk.rows("payment_events", "charge_id = $1 and event = 'expired'", waiting)
    assert (last["by"], last["reason"]) == ("hub", "settled")
    await desk.end(trying)
    assert (await desk.end_settled(), await desk.state(trying)) == (1, "expired")
    await desk.capture(trying, 10000)
    there = {"allocated": 10000 - came, "unallocated": came, "captured": 10000, "gateway": 10000}
    assert await desk.balances(trying) == {name: minor for name, minor in there.items() if minor}


async def test_what_is_still_owed_of_several_parts_is_begun(desk: Till):
    parts = tuple(
        {"number": n, "due_on": desk.now.date(), "amount": eur(3000), "outstanding": eur(3000)} for n in (1, 2, 3)
    )
    fee, other = await desk.owe(9000, instalments=parts), await desk.owe(1000)
    first, last = await desk.pay(of(fee, 3000, 1)), await desk.pay(of(fee, 3000, 3), of(other))
    [one], [two] = await desk.charges(first), await desk.charges(last)
    await desk.receive(3000, of(fee, instalment=1))
    assert (await desk.settled(first), await desk.settled(last), await desk.end_settled()) == ([True], [False], 1)
    assert (await desk.begin(two)).amount == eur(4000)
    assert await desk.state(one) == "expired"
    await desk.capture(two, 1500, "counter")
    await desk.goes_on(two, 2500)
    await desk.cancel_obligation(other)
    with pytest.raises(Conflict, match="less of it is owed now"):
        await desk.goes_on(two, 2500)


async def test_of_what_is_named_by_its_reference_it_is_told_only_whether_it_is_paid(desk: Till):
    ivos = await desk.owe(5000, IVO, references=(Reference("hr.poziv_na_broj", "HR68 1234-5"),))
    more = await desk.pay(Wanted(payee="grad", reference="HR68 1234-5", amount=eur(8000)))
    [charge] = await desk.charges(more)
    await desk.receive(4000, of(ivos))
    assert (await desk.settled(more), await desk.end_settled()) == ([False], 0)
    await desk.begin(charge)
    await desk.receive(1000, of(ivos))
    assert await desk.settled(more) == [True]


async def test_a_transfer_that_was_announced_is_waited_for_though_it_is_owed_no_more(desk: Till):
    fee = await desk.owe(10000)
    announced = await desk.pay(of(fee), method="transfer")
    [charge] = await desk.charges(announced)
    await desk.receive(10000, of(fee))
    assert (await desk.settled(announced), await desk.end_settled(), await desk.state(charge)) == ([True], 0, "open")
