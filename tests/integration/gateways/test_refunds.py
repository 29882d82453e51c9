"""Money given back once, also after a doubt; and what a gateway lists compared with what is known here."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from hub.gateways.model import State
from hub.kernel.errors import RemoteUnavailable
from hub.kernel.money import Money
from tests.integration.gateways.harness import CITY_ID, Stage


async def paid(town: Stage) -> UUID:
    charge, onward = await town.begun()
    await town.pay(onward)
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)
    return charge


async def wanted(town: Stage, charge: UUID, minor: int) -> UUID:
    """A refund that somebody asked for, in a town where that is enough."""
    amount = Money(minor, "EUR")
    return await town.worker.payments.ask_refund(
        town.town_of(town.worker), charge, amount, "paid twice", "stf_a", "gateway"
    )


async def state(town: Stage, refund: UUID) -> tuple[str, str]:
    """With the payment, and at the gateway."""
    [row] = await town.rows(
        """select r.state as here, g.state as there from refunds r left join gateway_refunds g using (city_id, refund_id)
           where refund_id = $1""",
        refund,
    )
    return row["here"], row["there"]


async def refunded_there(town: Stage) -> int:
    return sum(one["refunded"] for one in (await town.client.get(f"{town.sandbox}/_control/orders")).json())


async def test_given_back_in_parts(town: Stage):
    charge = await paid(town)
    first = await wanted(town, charge, 2550)
    await town.refund()
    second = await wanted(town, charge, 10000)
    await town.refund()
    assert [await state(town, one) for one in (first, second)] == [("done", "done")] * 2
    assert await town.balances(charge) == {"captured": 12550, "refunded": 12550}
    await town.ask(timedelta(days=1))  # It is not taken for one that somebody made at the console.
    assert await town.balances(charge) == {"captured": 12550, "refunded": 12550}
    assert await refunded_there(town) == 12550


@pytest.mark.parametrize("how", ["drop_after", "error_after"])
async def test_a_refund_in_doubt_is_found_by_asking_and_not_sent_again(town: Stage, how):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await town.wrong(how, only_next=1)
    await town.refund()
    assert await state(town, refund) == ("in_doubt", "in_doubt")
    assert [kind for kind, _ in await town.alerts("refund_in_doubt")] == ["refund_in_doubt"]
    town.clock.move(timedelta(minutes=1))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 10000, "refunded": 2550}
    assert await refunded_there(town) == 2550
    assert await town.alerts("refund_in_doubt") == []


async def test_a_refund_that_surely_did_not_happen_is_sent_again(town: Stage):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await town.control("", down="close", only_next=1)  # Nobody knows whether it arrived; it did not.
    await town.refund()
    assert await state(town, refund) == ("in_doubt", "in_doubt")
    for minutes in (1, 5, 5):
        town.clock.move(timedelta(minutes=minutes))
        await town.refund()
        assert await state(town, refund) == ("in_doubt", "in_doubt")
    town.clock.move(timedelta(minutes=10))
    await town.refund()
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    assert await refunded_there(town) == 2550


async def test_a_refund_is_noticed_by_the_question_about_its_attempt_too(town: Stage):
    charge = await paid(town)
    refund = await wanted(town, charge, 12550)
    await town.wrong("drop_after", only_next=1)
    await town.refund()
    await town.ask(timedelta(days=1))
    assert await state(town, refund) == ("done", "done")
    assert await town.balances(charge) == {"captured": 12550, "refunded": 12550}


async def test_a_worker_that_dies_while_it_sends(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    gateway = town.town_of(town.worker).gateways["kartica"]
    give_back = gateway.refund

    async def dies(order):
        await give_back(order)
        raise KeyboardInterrupt

    monkeypatch.setattr(gateway, "refund", dies)
    with pytest.raises(KeyboardInterrupt):
        await town.refund()
    assert await state(town, refund) == ("sent", "sending")
    monkeypatch.undo()
    town.clock.move(timedelta(minutes=3))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    assert await refunded_there(town) == 2550


async def test_a_refusal_leaves_the_money_here(town: Stage):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await town.happen((await town.attempt(charge)).number, state="charged_back")
    await town.refund()
    assert await state(town, refund) == ("refused", "refused")
    assert (await town.balances(charge))["captured"] == 12550


async def test_money_given_back_here_and_over_there_at_the_same_time(town: Stage):
    charge = await paid(town)
    await wanted(town, charge, 2550)
    await town.wrong("drop_after", only_next=1)
    await town.refund()
    await town.happen((await town.attempt(charge)).number, state="refunded", refunded=5550)
    await town.ask(timedelta(days=1))
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 7000, "refunded": 5550}


async def test_what_the_gateway_lists_is_compared(town: Stage):
    missed, onward = await town.begun()
    await town.wrong("lost")
    await town.pay(onward)  # Nobody told us, and it is not asked about yet.
    fine = await paid_by_asking(town)
    await town.rows("update gateway_attempts set number = '1000000009' where charge_id = $1 returning 1", fine)
    town.clock.move(timedelta(hours=7))
    await town.compare()
    rows = await town.rows("select kind, here, there from gateway_differences order by kind")
    assert [(row["kind"], row["here"], row["there"]) for row in rows] == [
        ("missing_here", None, "captured 125.50 EUR"),
        ("missing_there", "captured 125.50 EUR", None),
        ("state", "open 125.50 EUR", "captured 125.50 EUR"),
    ]
    assert [kind for kind, _ in await town.alerts("gateway_differs")] == ["gateway_differs"]
    await town.ask(timedelta())
    assert await town.paid(missed) == ("paid", 12550)
    await town.compare()
    open_ = await town.rows("select kind from gateway_differences where settled_at is null order by kind")
    assert [row["kind"] for row in open_] == ["missing_here", "missing_there"]


async def paid_by_asking(town: Stage) -> UUID:
    charge, onward = await town.begun()
    await town.pay(onward)
    attempt = await town.attempt(charge)
    async with town.worker.database.town(CITY_ID) as connection:
        await connection.execute(
            "update gateway_attempts set ask_at = $2 where attempt_id = $1", attempt.attempt_id, town.clock.now()
        )
    await town.ask(timedelta())
    assert (await town.attempt(charge)).state is State.CAPTURED
    return charge


@pytest.mark.parametrize("said", ["done", "refused"])
async def test_what_staff_did_while_the_gateway_was_away_is_over_and_holds_up_no_other_refund(
    town: Stage, monkeypatch, said
):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)

    async def away(_):
        raise RemoteUnavailable("nobody answers", reached=False)

    monkeypatch.setattr(town.town_of(town.worker).gateways["kartica"], "refund", away)
    await town.refund()
    assert await state(town, refund) == ("sent", "waiting")
    monkeypatch.undo()
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        await town.worker.payments.refund_heard(
            connection, keys, town.town_of(town.worker), refund, said, "seen to", None, town.clock.now(), by="stf_a"
        )
    town.clock.move(timedelta(hours=7))
    await town.refund()
    assert await state(town, refund) == (said, said)
    assert await refunded_there(town) == 0
    assert await town.alerts("refund_not_sent") == []
    other = await wanted(town, charge, 1000)
    await town.refund()
    await town.refund()
    assert await state(town, other) == ("done", "done")
