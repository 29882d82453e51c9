"""The same money told of by two: by staff and the gateway, by the payer's bank and a refund, by a message and an answer
that is older. It is booked once, and what cannot be true is told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.gateways import messages
from hub.gateways.model import State
from hub.kernel.errors import RemoteUnavailable
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.ports.payment_gateway import Outcome, RefundOutcome, RefundReport, Report
from tests.integration.gateways.harness import CITY_ID, Stage
from tests.integration.gateways.test_refunds import paid, refunded_there, state, wanted


async def said(town: Stage, refund: UUID, outcome: str) -> None:
    """What somebody of the staff says of a refund."""
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        await town.worker.payments.refund_heard(
            connection, keys, town.town_of(town.worker), refund, outcome, "seen to", None, town.clock.now(), by="stf_a"
        )  # type: ignore[arg-type]


async def letter(town: Stage, charge: UUID, minor: int) -> None:
    """A chargeback that somebody read of."""
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        await town.worker.payments.charged_back_by_letter(
            connection, keys, town.town_of(town.worker), charge, Money(minor, "EUR"), new_uuid(),
            by="stf_a", now=town.clock.now(),
        )  # fmt: skip


async def won(town: Stage) -> None:
    """What somebody of the staff says of the only chargeback."""
    [chargeback] = await town.rows("select chargeback_id from chargebacks")
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        await town.worker.payments.chargeback_won(
            connection, keys, town.town_of(town.worker), chargeback[0], now=town.clock.now(), by="stf_a"
        )


async def asked_now(town: Stage) -> None:
    await town.rows("update gateway_attempts set ask_at = now() - interval '1 year' returning 1")
    await town.worker.gateways.ask(town.town_of(town.worker))


def gateway_of(town: Stage):
    return town.town_of(town.worker).gateways["kartica"]


async def test_staff_gave_it_back_at_the_console_before_it_was_sent(town: Stage):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await said(town, refund, "done")
    await town.happen((await town.attempt(charge)).number, state="refunded", refunded=2550)
    await town.ask(timedelta(days=1))
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 10000, "refunded": 2550}
    assert await state(town, refund) == ("done", "done")
    # What somebody gave back besides is something else.
    await town.happen((await town.attempt(charge)).number, state="refunded", refunded=5550)
    await town.ask(timedelta(days=7))
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 7000, "refunded": 5550}


async def test_the_gateway_refused_what_it_has_given_back(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)

    async def refuses(_):
        return RefundReport(RefundOutcome.REFUSED, "no")

    monkeypatch.setattr(gateway_of(town), "refund", refuses)
    await town.refund()
    monkeypatch.undo()
    assert await state(town, refund) == ("refused", "refused")
    await said(town, refund, "done")
    await town.happen((await town.attempt(charge)).number, state="refunded", refunded=2550)
    await town.ask(timedelta(days=1))
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 10000, "refunded": 2550}
    # The rest can still be given back.
    rest = await wanted(town, charge, 10000)
    await town.refund()
    assert await state(town, rest) == ("done", "done")


@pytest.mark.parametrize("told_by", ["gateway", "letter"])
async def test_what_the_payers_bank_took_is_not_given_back_as_well(town: Stage, monkeypatch, told_by):
    charge = await paid(town)
    refund = await wanted(town, charge, 12550)

    async def away(_):
        raise RemoteUnavailable("nobody answers", reached=False)

    monkeypatch.setattr(gateway_of(town), "refund", away)
    await town.refund()
    assert await state(town, refund) == ("sent", "waiting")
    if told_by == "gateway":
        await town.happen((await town.attempt(charge)).number, state="charged_back")
        await town.ask(timedelta(days=1))
    else:
        await letter(town, charge, 12550)
        town.clock.move(timedelta(days=1))
    sent = []

    async def gives(order):
        sent.append(order)
        return RefundReport(RefundOutcome.DONE, "done")

    monkeypatch.setattr(gateway_of(town), "refund", gives)
    await town.refund()
    assert sent == []
    assert await state(town, refund) == ("refused", "refused")
    assert await town.balances(charge) == {"captured": 12550, "charged_back": 12550}


async def test_a_part_known_by_letter_and_the_gateways_word(town: Stage):
    """Whether it means that part or the rest it does not say: somebody looks, and nothing is taken from the payer."""
    charge = await paid(town)
    await letter(town, charge, 5000)
    await town.happen((await town.attempt(charge)).number, state="charged_back")
    await town.ask(timedelta(days=1))
    assert (await town.balances(charge))["charged_back"] == 5000
    assert await town.alerts() == [("gateway_contradiction", "charged_back_in_part_before")]
    assert (await town.attempt(charge)).state is State.CHARGED_BACK


async def test_all_known_by_letter_and_the_gateways_word(town: Stage):
    charge = await paid(town)
    await letter(town, charge, 12550)
    await town.happen((await town.attempt(charge)).number, state="charged_back")
    await town.ask(timedelta(days=1))
    assert (await town.balances(charge))["charged_back"] == 12550
    assert await town.alerts() == []


async def test_a_worker_died_while_it_sent_and_staff_were_faster(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)

    async def dies(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(gateway_of(town), "refund", dies)
    with pytest.raises(KeyboardInterrupt):
        await town.refund()
    monkeypatch.undo()
    await said(town, refund, "refused")
    town.clock.move(timedelta(minutes=1))
    await town.refund()
    assert await state(town, refund) == ("refused", "sending"), "the worker may still be at it"
    town.clock.move(timedelta(minutes=2))
    await town.refund()
    assert await state(town, refund) == ("refused", "refused")
    other = await wanted(town, charge, 1000)
    await town.refund()
    assert await state(town, other) == ("done", "done")
    assert await refunded_there(town) == 1000


async def test_an_answer_that_a_message_has_overtaken_contradicts_nothing(town: Stage, monkeypatch):
    charge, onward = await town.begun()
    gateway, query = gateway_of(town), gateway_of(town).query

    async def slow(asked):
        told = await query(asked)
        assert told.outcome is Outcome.OPEN
        monkeypatch.undo()
        await town.pay(onward)
        town.clock.move(timedelta(seconds=1))
        await town.judge()
        assert await town.paid(charge) == ("paid", 12550)
        return told

    monkeypatch.setattr(gateway, "query", slow)
    await town.ask()
    assert await town.alerts() == []
    await town.ask(timedelta())
    assert (await town.attempt(charge)).state is State.CAPTURED
    assert await town.alerts() == []
    assert [event for event, _ in await town.events(charge)].count("contradicted") == 0


@pytest.mark.parametrize("at_once", [1, 200])
async def test_one_that_cannot_be_judged_holds_up_nobody(town: Stage, monkeypatch, at_once):
    monkeypatch.setattr("hub.gateways.hearing._AT_ONCE", at_once)
    first, onward = await town.begun()
    await town.pay(onward)
    second, onward = await town.begun()
    await town.pay(onward)
    captured = town.worker.payments.captured

    async def fails(connection, keys, city, charge, *more, **named):
        if charge == first:
            raise ValueError("nobody thought of this")
        return await captured(connection, keys, city, charge, *more, **named)

    monkeypatch.setattr(town.worker.payments, "captured", fails)
    await town.judge()
    assert await town.paid(second) == ("paid", 12550)
    await town.ask()
    assert (await town.paid(first))[0] != "paid"
    assert await town.alerts("gateway_message_waits", "attempt_unknown") == [
        ("attempt_unknown", "ValueError"),
        ("gateway_message_waits", "ValueError"),
    ]
    monkeypatch.setattr(town.worker.payments, "captured", captured)
    await town.judge()
    assert await town.paid(first) == ("paid", 12550)
    assert await town.alerts("gateway_message_waits", "attempt_unknown") == []


@pytest.mark.parametrize("year", [1, 2206])
async def test_a_gateway_whose_clock_is_wrong(town: Stage, monkeypatch, year):
    charge, onward = await town.begun()
    begun = town.clock.now()
    await town.wrong("lost")
    await town.pay(onward)
    gateway, query = gateway_of(town), gateway_of(town).query

    async def elsewhen(asked):
        return replace(await query(asked), at=datetime(year, 1, 1, tzinfo=UTC))

    monkeypatch.setattr(gateway, "query", elsewhen)
    await town.ask()
    [row] = await town.rows("select at from captures where charge_id = $1", charge)
    assert row["at"] == (begun if year == 1 else town.clock.now())


async def test_unsigned_messages_fill_no_disk(town: Stage, monkeypatch):
    monkeypatch.setattr(messages, "MOST_REFUSED", 3)
    charge, _ = await town.begun()
    number = (await town.attempt(charge)).number

    async def unsigned(_):
        return Report(number, Outcome.PENDING, "anybody's", believed=False)

    monkeypatch.setattr(town.town.gateways["kartica"], "read_notification", unsigned)
    for text in "abcde":
        answer = await town.client.post(f"{town.url}/proba/payments/kartica/notify", content=text)
        assert (answer.status_code, answer.text) == (200, "ok")
    assert await town.messages() == [("notification", "waiting", "unsigned")] * 3
    await town.judge()
    assert await town.messages() == [("notification", "asked", "unsigned")] * 3
    await town.client.post(f"{town.url}/proba/payments/kartica/notify", content="f")
    assert len(await town.messages()) == 3


async def test_a_refused_card_is_told_while_the_page_takes_another_one(town: Stage, monkeypatch):
    charge, onward = await town.begun()
    gateway, query = gateway_of(town), gateway_of(town).query

    async def refused(asked):
        return replace(await query(asked), outcome=Outcome.OPEN, word="declined", reason="insufficient_funds")

    monkeypatch.setattr(gateway, "query", refused)
    await town.ask()
    assert ((await town.attempt(charge)).state, (await town.attempt(charge)).reason) == (
        State.OPEN, "insufficient_funds",
    )  # fmt: skip
    path = await town.api.gateways.page_path(town.town, onward.payment_id)
    page = (await town.client.get(f"{town.url}/proba{path}&lang=en")).text
    assert "There was not enough money on the card." in page
    assert "Go on to the card gateway" in page
    monkeypatch.undo()
    await town.pay(onward)
    await town.judge()
    assert (await town.attempt(charge)).reason is None


async def test_a_refund_that_a_gateway_never_ends_is_looked_after(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)

    async def takes_it_on(_):
        return RefundReport(RefundOutcome.PENDING, "5000")

    monkeypatch.setattr(gateway_of(town), "refund", takes_it_on)
    monkeypatch.setattr(type(gateway_of(town)), "refund_is_asked", False)
    await town.refund()
    assert await state(town, refund) == ("sent", "pending")
    town.clock.move(timedelta(days=1))
    await town.refund()
    assert await state(town, refund) == ("sent", "pending")
    town.clock.move(timedelta(days=1))
    await town.refund()
    assert await state(town, refund) == ("in_doubt", "in_doubt")
    assert [kind for kind, _ in await town.alerts("refund_in_doubt")] == ["refund_in_doubt"]


async def test_a_refund_of_a_gateway_that_is_not_configured_any_more_is_told(town: Stage, monkeypatch):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    monkeypatch.delitem(town.town_of(town.worker).gateways, "kartica")
    await town.refund()
    assert await state(town, refund) == ("approved", "waiting")
    assert await town.alerts("refund_not_sent") == [("refund_not_sent", "not_configured")]
    monkeypatch.undo()
    town.clock.move(timedelta(hours=6))
    await town.refund()
    assert await state(town, refund) == ("done", "done")
    assert await town.alerts("refund_not_sent") == []


async def test_after_a_chargeback_was_won(town: Stage):
    """Captured is what it is then. Charged back may be old or new: told, and booked by somebody."""
    charge = await paid(town)
    number = (await town.attempt(charge)).number
    await town.happen(number, state="charged_back")
    await town.ask(timedelta(days=1))
    await won(town)
    await asked_now(town)
    assert await town.alerts() == [("gateway_contradiction", "charged_back_again")]
    assert "charged_back" not in await town.balances(charge)
    await town.happen(number, state="captured")
    await asked_now(town)
    assert await town.alerts() == []
    await letter(town, charge, 12550)
    assert (await town.balances(charge))["charged_back"] == 12550
    await asked_now(town)
    assert await town.alerts() == [("gateway_contradiction", "charged_back_before")]


async def test_what_the_payers_bank_took_after_a_refund_that_was_not_answered(town: Stage):
    """The gateway says how much was given back before: that is the refund, and the rest is the chargeback."""
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await town.wrong("drop_after", only_next=1)
    await town.refund()
    assert await state(town, refund) == ("in_doubt", "in_doubt")
    await town.happen((await town.attempt(charge)).number, state="charged_back")
    await town.ask(timedelta(days=1))
    assert await state(town, refund) == ("done", "done")
    assert await town.balances(charge) == {"captured": 12550, "refunded": 2550, "charged_back": 10000}


async def test_a_refund_in_doubt_that_the_payers_bank_came_before_ends(town: Stage):
    charge = await paid(town)
    refund = await wanted(town, charge, 2550)
    await town.control("", down="close", only_next=1)  # it did not arrive
    await town.refund()
    assert await state(town, refund) == ("in_doubt", "in_doubt")
    await town.happen((await town.attempt(charge)).number, state="charged_back")
    await town.ask(timedelta(days=1))
    for _ in range(2):
        await town.refund()
    assert await state(town, refund) == ("refused", "refused")
    assert await town.balances(charge) == {"captured": 12550, "charged_back": 12550}


async def test_a_chargeback_of_a_part_that_was_left_is_won(town: Stage):
    """The gateway says of the order that some of it was given back, as before."""
    charge = await paid(town)
    await wanted(town, charge, 2550)
    await town.refund()
    number = (await town.attempt(charge)).number
    await town.happen(number, state="charged_back")
    await town.ask(timedelta(days=1))
    await town.happen(number, state="refunded")
    await asked_now(town)
    assert await town.alerts() == [("gateway_contradiction", "charged_back_before")]
    await won(town)
    await asked_now(town)
    assert await town.alerts() == []
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 10000, "refunded": 2550}
