"""Several at once, each on its own connection: what each sees is whole, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from hub.kernel.errors import Conflict
from hub.kernel.ids import new_uuid
from hub.payments.charges import locked
from hub.payments.model import Source
from tests.integration.payments.till import eur, of


async def waits_for_a_lock(desk) -> None:
    """Until somebody of this database waits for somebody else."""
    for _ in range(400):
        async with desk.database.town(1) as connection:
            if await connection.fetchval("select exists (select from pg_locks where not granted)"):
                return
        await asyncio.sleep(0.005)
    raise AssertionError("nobody waited")


async def test_refunds_asked_at_once_are_no_more_than_there_is(desk):
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    for approval in ("two_people", "one"):
        desk.with_approval(approval)
        asked = await asyncio.gather(*(desk.ask(charge, 3000) for _ in range(4)), return_exceptions=True)
        refused = [one for one in asked if isinstance(one, BaseException)]
        assert all(isinstance(one, Conflict) for one in refused)
    rows = await desk.rows("refunds")
    assert sum(row["amount"] for row in rows) == 9000


async def test_a_refund_is_decided_once(desk):
    desk.with_approval("two_people")
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 10000)
    refund = await desk.ask(charge, 6000)
    done = await asyncio.gather(
        *(desk.decide(refund, "approve", f"stf_{n}") for n in (2, 3, 4)), return_exceptions=True
    )
    assert [type(one) for one in done].count(Conflict) == 2
    assert await desk.balances(charge) == {"captured": 10000, "allocated": 4000, "refunding": 6000, "gateway": 10000}


async def test_giving_up_a_payment_and_money_for_another_part_of_it_do_not_wait_for_each_other(desk):
    payment = await desk.pay(of(await desk.owe(1000)), of(await desk.owe(2000, payee="niskogradnja")))
    first, second = sorted(await desk.charges(payment))
    async with desk.database.town(1) as connection:
        await locked(connection, 1, second)
        given_up = asyncio.create_task(desk.cancel(payment))
        await waits_for_a_lock(desk)
        charge = await locked(connection, 1, second)
        await desk.payments.captured(
            connection,
            desk.keys,
            desk.town,
            second,
            eur(charge.amount),
            Source("counter", new_uuid()),
            desk.now,
            desk.now,
        )
    with pytest.raises(Conflict):
        await given_up
    assert (await desk.state(first), await desk.state(second)) == ("open", "paid")
