"""Money given back once, also after a doubt; and what a gateway lists compared with what is known here."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from hub.gateways.model import State
from hub.gateways.refunding import Refunding
from hub.kernel.errors import RemoteTimeout, RemoteUnavailable
from hub.kernel.money import Money
from hub.ports.payment_gateway import Outcome, RefundOutcome, RefundReport, Report
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
    await dies_while_it_sends(town, monkeypatch)
    assert await state(town, refund) == ("sent", "sending")
    town.clock.move(timedelta(minutes=3))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    assert await refunded_there(town) == 2550


async def test_one_that_is_being_sent_is_not_in_doubt_though_others_took_long_before_it(town: Stage, monkeypatch):
    gateway = town.town_of(town.worker).gateways["kartica"]
    refunds = [await wanted(town, await paid(town), 2550) for _ in range(2)]
    calls, refund = [], gateway.refund

    async def slow(order):
        calls.append(order.key)
        if len(calls) == 1:
            town.clock.move(timedelta(minutes=3))
        else:
            monkeypatch.setattr(gateway, "refund", refund)
            await town.refund()  # Another worker, to which the job seems to be left alone.
            assert ("sent", "sending") in [await state(town, one) for one in refunds]
        return await refund(order)

    monkeypatch.setattr(gateway, "refund", slow)
    await town.refund()
    assert [await state(town, one) for one in refunds] == [("done", "done")] * 2
    assert await refunded_there(town) == 5100


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


def gateways_of(town: Stage):
    """Those that the worker knows, by the names of their blocks."""
    return town.town_of(town.worker).gateways


async def dies_while_it_sends(town: Stage, monkeypatch) -> None:
    """The worker is gone as soon as the gateway has given the money back."""
    kartica = gateways_of(town)["kartica"]
    give_back = kartica.refund

    async def dies(order):
        await give_back(order)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kartica, "refund", dies)
        with pytest.raises(KeyboardInterrupt):
            await town.refund()


async def test_a_question_that_was_not_answered_is_asked_again_soon_however_old_the_refund_is(town: Stage):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await town.wrong("drop_after", only_next=1)
    await town.refund()
    town.clock.move(timedelta(hours=10))
    await town.control("", down="close", only_next=1)
    await town.refund()
    assert await state(town, refund) == ("in_doubt", "in_doubt")
    town.clock.move(timedelta(minutes=5))
    await town.refund()
    assert await state(town, refund) == ("done", "done")


async def test_a_refund_that_surely_was_not_sent_is_sent_again_soon_however_old_it_is(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)

    async def away(_):
        raise RemoteUnavailable("the breaker is open", reached=False)

    monkeypatch.setattr(gateways_of(town)["kartica"], "refund", away)
    await town.refund()
    town.clock.move(timedelta(days=3))
    await town.refund()
    monkeypatch.undo()
    assert await state(town, refund) == ("sent", "waiting")
    town.clock.move(timedelta(minutes=5))
    await town.refund()
    assert await state(town, refund) == ("done", "done")


async def test_refunds_that_cannot_leave_hold_up_no_other(town: Stage, monkeypatch):
    """A town has a new gateway, and many refunds of payments at the old one."""
    stuck, sent = [await paid(town) for _ in range(3)], await paid(town)
    monkeypatch.setattr("hub.gateways.refunding._AT_ONCE", 2)
    there = gateways_of(town)
    kartica = there.pop("kartica")
    there["nova"] = kartica
    try:
        await town.rows("update gateway_attempts set gateway = 'nova' where charge_id = $1 returning 1", sent)
        old = []
        for charge in stuck:
            old.append(await wanted(town, charge, 2550))
            town.clock.move(timedelta(seconds=1))
        refund = await wanted(town, sent, 2550)
        for _ in range(2):
            await town.refund()
        assert await state(town, refund) == ("done", "done")
        # Each of the others is told.
        told = await town.rows("select about from alerts where kind = 'refund_not_sent' and settled_at is null")
        assert len(told) == len(old)
        assert [await state(town, one) for one in old] == [("approved", "waiting")] * len(old)
    finally:
        there["kartica"] = there.pop("nova")


@pytest.mark.parametrize("step", ["_take_up", "_ended_by_staff", "_send"])
async def test_a_refund_that_fails_every_time_holds_up_no_other(town: Stage, monkeypatch, step):
    broken, fine = await paid(town), await paid(town)
    ill = await wanted(town, broken, 2550)
    take_a_step = getattr(Refunding, step)

    async def fails(self, there, one, *more):
        if one.refund_id == ill:
            raise ValueError(one.refund_id)
        await take_a_step(self, there, one, *more)

    if step == "_ended_by_staff":
        await town.control("", down="close", only_next=1)
        await town.refund()
        async with town.worker.database.town(CITY_ID) as connection:
            keys = await town.worker.vault.keys(connection, CITY_ID)
            await town.worker.payments.refund_heard(
                connection, keys, town.town_of(town.worker), ill, "refused", "seen to", None, town.clock.now(), by="stf_a"
            )  # fmt: skip
    monkeypatch.setattr(Refunding, step, fails)
    refund = await wanted(town, fine, 2550)
    await town.refund()
    assert await state(town, refund) == ("done", "done")


async def test_a_database_that_is_away_says_nothing_about_a_refund(town: Stage, monkeypatch):
    await wanted(town, await paid(town), 2550)

    async def away(*_):
        raise ConnectionResetError

    monkeypatch.setattr(Refunding, "_send", away)
    with pytest.raises(ConnectionResetError):
        await town.refund()


async def test_a_doubt_while_the_gateway_is_not_configured_is_asked_about_when_it_is_again(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    there = gateways_of(town)
    await dies_while_it_sends(town, monkeypatch)
    kartica = there.pop("kartica")
    try:
        for _ in range(2):
            town.clock.move(timedelta(minutes=3))
            await town.refund()
        assert await state(town, refund) == ("in_doubt", "in_doubt")
    finally:
        there["kartica"] = kartica
    town.clock.move(timedelta(hours=6))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    assert await refunded_there(town) == 2550


async def test_a_doubt_at_a_gateway_that_cannot_be_asked_waits_for_somebody(town: Stage, monkeypatch):
    """Its block was away when the worker died: it is not claimed again and again once it is back."""
    refund = await wanted(town, await paid(town), 2550)
    kartica = gateways_of(town)["kartica"]
    monkeypatch.setattr(type(kartica), "refund_is_asked", False)
    await town.wrong("drop_after", only_next=1)
    await town.refund()
    await town.rows(
        "update gateway_refunds set next_at = $2 where refund_id = $1 returning 1", refund, town.clock.now()
    )
    await town.refund()
    [row] = await town.rows("select state, next_at from gateway_refunds")
    assert tuple(row) == ("in_doubt", None)


@pytest.mark.parametrize("how", ["times out", "surely not", "under way"])
async def test_an_answer_that_comes_after_a_question_was_faster_changes_nothing(town: Stage, monkeypatch, how):
    """Told meanwhile that the money is given back: that stays, and the other refund of the run is carried out."""
    first, second = await paid(town), await paid(town)
    refund, other = await wanted(town, first, 2550), await wanted(town, second, 1000)
    kartica = gateways_of(town)["kartica"]
    give_back, number = kartica.refund, (await town.attempt(first)).number

    async def slow(order):
        report = await give_back(order)
        if order.number != number:
            return report
        await town.rows(
            "update gateway_attempts set ask_at = $1 where number = $2 returning 1", town.clock.now(), number
        )
        await town.ask(timedelta())
        assert await state(town, refund) == ("done", "done")
        if how == "under way":
            return RefundReport(RefundOutcome.PENDING, "in progress")
        raise RemoteTimeout("too slow", reached=None if how == "times out" else False)

    monkeypatch.setattr(kartica, "refund", slow)
    await town.refund()
    assert [await state(town, one) for one in (refund, other)] == [("done", "done")] * 2
    assert await town.balances(first) == {"captured": 12550, "unallocated": 10000, "refunded": 2550}
    assert await town.alerts("refund_not_sent", "refund_in_doubt") == []


async def test_a_worker_believed_dead_whose_refund_is_known_by_now(town: Stage, monkeypatch):
    """It was claimed as one that is being sent, and told of before its turn came."""
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await dies_while_it_sends(town, monkeypatch)
    take_turn = Refunding._ask

    async def late(self, there, one):
        await town.rows("update gateway_attempts set ask_at = $1 returning 1", town.clock.now())
        await town.ask(timedelta())
        await take_turn(self, there, one)

    monkeypatch.setattr(Refunding, "_ask", late)
    town.clock.move(timedelta(minutes=3))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    [row] = await town.rows("select next_at from gateway_refunds")
    assert row["next_at"] is None


async def test_a_refund_under_way_is_no_contradiction(town: Stage, monkeypatch):
    """A gateway may tell of the order what it tells of the refund: that it is in progress."""
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    kartica = gateways_of(town)["kartica"]
    query = kartica.query

    async def taken_on(_):
        return RefundReport(RefundOutcome.PENDING, "refund 5000")

    async def in_progress(asked):
        return Report(asked.number, Outcome.PENDING, "refund 5000")

    monkeypatch.setattr(kartica, "refund", taken_on)
    monkeypatch.setattr(kartica, "query", in_progress)
    await town.refund()
    for _ in range(2):
        town.clock.move(timedelta(minutes=1))
        await town.refund()
    assert await state(town, refund) == ("sent", "pending")
    assert await town.alerts() == []
    assert "contradicted" not in [event for event, _ in await town.events(charge)]
    assert (await town.attempt(charge)).state is State.CAPTURED
    monkeypatch.setattr(kartica, "query", query)
    await town.happen((await town.attempt(charge)).number, state="refunded", refunded=2550)
    town.clock.move(timedelta(minutes=2))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    # Without one it is.
    monkeypatch.setattr(kartica, "query", in_progress)
    await town.ask(timedelta(days=1))
    assert await town.alerts() == [("gateway_contradiction", "captured_before")]
