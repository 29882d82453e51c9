"""Attempts over real HTTP: begun, paid, refused, in doubt, late."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from hub.gateways.model import State
from hub.kernel.errors import Conflict, NotReady
from tests.integration.gateways.harness import CARD, CITY_ID, THREE_DS, Stage


async def test_a_notification_pays_and_a_return_does_not(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("late")
    back = await town.pay(onward, back=True)
    assert back.status_code == 303
    assert await town.paid(charge) == ("started", 0)
    await town.control("/messages/release")
    assert await town.paid(charge) == ("started", 0)  # Kept, and not judged yet.
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)
    assert await town.messages() == [("return", "asked", "browser"), ("notification", "applied", None)]
    attempt = await town.attempt(charge)
    assert (attempt.state, attempt.word, attempt.settled_at) == (State.CAPTURED, "captured", town.clock.now())
    assert await town.events(charge) == [
        ("created", "created"),
        ("started", "open"),
        ("returned", "open"),
        ("captured", "captured"),
    ]
    assert await town.alerts() == []


async def test_a_lost_notification_is_found_by_asking_within_seconds_of_the_return(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("lost")
    await town.pay(onward, back=True)
    assert await town.rows("select kind from jobs where kind = 'gateways.ask'")
    await town.ask(timedelta())
    assert await town.paid(charge) == ("paid", 12550)


async def test_money_is_found_also_where_the_browser_never_came_back(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("lost")
    await town.pay(onward)
    await town.ask()
    assert await town.paid(charge) == ("paid", 12550)


@pytest.mark.parametrize(
    ("card", "state", "reason"),
    [
        ({"do": "pay", "card": "4000000000000002"}, State.DECLINED, "declined_by_bank"),
        ({"do": "pay", "card": "4000000000009995"}, State.DECLINED, "insufficient_funds"),
        ({"do": "cancel"}, State.CANCELLED, "cancelled_by_payer"),
    ],
)
async def test_after_a_refusal_the_payer_tries_again(town: Stage, card, state, reason):
    charge, onward = await town.begun()
    await town.pay(onward, card)
    await town.judge()
    attempt = await town.attempt(charge)
    assert (attempt.state, attempt.reason) == (state, reason)
    assert await town.paid(charge) == ("open", 0)
    again = await town.start(charge)
    assert again.attempt_id != onward.attempt_id
    await town.pay(again)
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)


async def test_3d_secure_confirmed_and_refused(town: Stage):
    charge, onward = await town.begun()
    assert (await town.pay(onward, THREE_DS)).status_code == 200
    await town.ask()
    assert (await town.attempt(charge)).state is State.PENDING
    assert await town.paid(charge) == ("processing", 0)
    await town.pay(onward, {"do": "refuse", "card": THREE_DS["card"]})
    await town.judge()
    attempt = await town.attempt(charge)
    assert (attempt.state, attempt.reason) == (State.DECLINED, "authentication_failed")
    second = await town.start(charge)
    await town.pay(second, THREE_DS)
    await town.pay(second, {"do": "confirm", "card": THREE_DS["card"]})
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)


async def test_beginning_twice_goes_on_with_the_same_attempt_and_nobody_pays_twice(town: Stage):
    charge, onward = await town.begun()
    assert (await town.start(charge)).url == onward.url
    assert len(await town.attempts(charge)) == 1
    await town.pay(onward)
    await town.judge()
    with pytest.raises(Conflict):
        await town.start(charge)


async def test_two_beginnings_at_once_make_one_attempt(town: Stage):
    charge = await town.charge()
    results = await asyncio.gather(town.start(charge), town.start(charge), return_exceptions=True)
    assert len(await town.attempts(charge)) == 1
    assert all(isinstance(one, Conflict) or one.url for one in results)
    assert sum(not isinstance(one, Conflict) for one in results) >= 1


@pytest.mark.parametrize("how", ["drop_after", "error_after"])
async def test_a_start_in_doubt_is_found_by_its_number(town: Stage, how):
    charge = await town.charge()
    await town.wrong(how, only_next=1)
    with pytest.raises(NotReady):
        await town.start(charge)
    unsure = await town.attempt(charge)
    assert (unsure.state, unsure.reference) == (State.UNSURE, None)
    with pytest.raises(Conflict):
        await town.start(charge)  # It may still bring money.
    await town.ask()
    found = await town.attempt(charge)
    assert found.state is State.OPEN
    assert found.reference is not None
    assert await town.events(charge) == [("created", "created"), ("start_doubt", "unsure"), ("open", "open")]


async def test_a_start_that_never_arrived_is_over_when_the_gateway_had_time(town: Stage):
    charge = await town.charge()
    await town.control("", down="close", only_next=1)
    with pytest.raises(NotReady):
        await town.start(charge)
    await town.ask(timedelta(minutes=1))
    assert (await town.attempt(charge)).state is State.UNSURE  # It may still be on its way.
    await town.ask(timedelta(minutes=3))
    attempt = await town.attempt(charge)
    assert (attempt.state, attempt.reason) == (State.FAILED, "technical")
    assert await town.paid(charge) == ("open", 0)
    await town.pay(await town.start(charge))
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)


async def test_a_refused_start_can_be_tried_again_at_once(town: Stage):
    charge = await town.charge(minor=1)
    gateway = town.town.gateways["kartica"]
    real = gateway._settings
    gateway._settings = real.model_copy(update={"merchant": "nobody"})
    with pytest.raises(NotReady):
        await town.start(charge)
    assert (await town.attempt(charge)).state is State.FAILED
    assert await town.alerts("gateway_failing") == [("gateway_failing", "back_office_refused")]
    gateway._settings = real
    assert (await town.start(charge)).url
    assert await town.alerts("gateway_failing") == []


async def test_killed_between_the_call_and_its_answer(town: Stage, monkeypatch):
    """The row is there before the call, so that the order is found by its number."""
    charge = await town.charge()
    gateway = town.town.gateways["kartica"]
    start = gateway.start

    async def dies(order):
        await start(order)
        raise asyncio.CancelledError

    monkeypatch.setattr(gateway, "start", dies)
    with pytest.raises(asyncio.CancelledError):
        await town.start(charge)
    created = await town.attempt(charge)
    assert (created.state, created.reference) == (State.CREATED, None)
    [order] = (await town.client.get(f"{town.sandbox}/_control/orders")).json()
    assert order["number"] == created.number
    await town.happen(created.number, state="captured")
    await town.ask()
    assert await town.paid(charge) == ("paid", 12550)


async def test_nobody_pays_in_time_and_late_money_is_money(town: Stage):
    charge, _onward = await town.begun()
    await town.ask(timedelta(minutes=31))
    attempt = await town.attempt(charge)
    assert (attempt.state, attempt.reason) == (State.EXPIRED, "timed_out")
    assert await town.paid(charge) == ("open", 0)
    await town.happen(attempt.number, state="captured")
    await town.ask(timedelta(minutes=59))
    assert (await town.attempt(charge)).state is State.EXPIRED
    await town.ask(timedelta(minutes=2))
    assert (await town.attempt(charge)).state is State.CAPTURED
    assert await town.paid(charge) == ("paid", 12550)


async def test_captured_notified_after_it_expired(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("late")
    await town.pay(onward)
    attempt = await town.attempt(charge)
    await town.happen(attempt.number, state="expired")
    await town.ask()
    assert (await town.attempt(charge)).state is State.EXPIRED
    await town.control("/messages/release")
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)


async def test_two_attempts_that_both_bring_money(town: Stage):
    """The late one is counted, too: it is unallocated, and given back by somebody."""
    charge, _first = await town.begun()
    await town.ask(timedelta(minutes=31))
    second = await town.start(charge)
    await town.pay(second)
    await town.happen((await town.attempts(charge))[0].number, state="captured")
    await town.judge()
    await town.ask(timedelta(hours=1))
    assert [one.state for one in await town.attempts(charge)] == [State.CAPTURED, State.CAPTURED]
    assert await town.paid(charge) == ("paid", 25100)


async def test_one_that_is_over_and_contradicted_does_not_end_the_one_under_way(town: Stage):
    charge, _first = await town.begun()
    await town.ask(timedelta(minutes=31))
    assert await town.paid(charge) == ("open", 0)
    town.clock.move(timedelta(minutes=50))
    await town.start(charge)
    await town.wrong("altered_amount")
    await town.ask(timedelta(minutes=11))  # About the first one for the last time in this hour: of another amount.
    assert ("contradicted", "expired") in await town.events(charge)
    assert await town.paid(charge) == ("started", 0)


async def test_a_message_hours_later_that_it_is_still_pending_is_told_at_once(town: Stage):
    """Not only by the next question, which may be hours away by then."""
    charge, onward = await town.begun()
    await town.wrong("late")
    await town.pay(onward, CARD | {"card": "4000000000000119"})
    town.clock.move(timedelta(hours=3))
    await town.control("/messages/release")
    await town.judge()
    assert (await town.attempt(charge)).state is State.PENDING
    assert await town.alerts() == [("attempt_unknown", "no_end")]


async def test_a_gateway_that_is_away_is_asked_again_and_somebody_is_told(town: Stage):
    charge, _onward = await town.begun()
    await town.control("", down="503")
    for _ in range(3):
        await town.ask(timedelta(hours=1))
    attempt = await town.attempt(charge)
    assert attempt.state is State.OPEN  # Nothing is believed to be over because nobody answers.
    assert await town.alerts() == [("attempt_unknown", "no_end")]
    assert [event for event, _ in await town.events(charge)].count("ask_failed") == 1
    await town.wrong()
    await town.happen(attempt.number, state="captured")
    await town.ask(timedelta(hours=7))
    assert await town.paid(charge) == ("paid", 12550)
    assert await town.alerts() == []


async def test_a_gateway_that_blinks_is_asked_again_soon_however_old_the_attempt_is(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("lost")
    await town.pay(onward, THREE_DS)
    await town.ask()
    await town.happen((await town.attempt(charge)).number, state="captured")
    await town.control("", down="close", only_next=1)
    await town.ask(timedelta(hours=10))
    assert (await town.paid(charge))[1] == 0
    # Slower each time, and not slower than an answer would have it.
    await town.control("", down="close", only_next=1)
    await town.ask(timedelta(minutes=1))
    await town.ask(timedelta(minutes=1))
    assert (await town.paid(charge))[1] == 0
    await town.ask(timedelta(minutes=1))
    assert await town.paid(charge) == ("paid", 12550)


async def test_a_state_nobody_knows_is_told_and_asked_about(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("unknown_state")
    await town.pay(onward)
    await town.judge()
    assert await town.messages() == [("notification", "asked", "unknown_state")]
    await town.ask(timedelta())
    attempt = await town.attempt(charge)
    assert (attempt.state, attempt.word) == (State.UNKNOWN, "teleported")
    assert await town.alerts() == [("attempt_unknown", "unknown_state")]
    assert await town.paid(charge) == ("started", 0)
    await town.wrong()
    await town.ask()
    assert await town.paid(charge) == ("paid", 12550)
    assert await town.alerts() == []


async def test_the_gateway_is_chosen_by_payee_and_login(town: Stage):
    for payee, login, gateway in (("grad", None, "kartica"), ("grad", "nias", "kartica"), ("voda", "password", "voda")):
        charge = await town.charge(payee=payee, login=login)
        await town.start(charge)
        assert (await town.attempt(charge)).gateway == gateway
    with pytest.raises(Conflict):
        await town.start(await town.charge(payee="voda", login="nias"))


async def test_order_numbers_are_ten_random_digits_and_taken_once(town: Stage, monkeypatch):
    charge, _ = await town.begun()
    number = (await town.attempt(charge)).number
    assert len(number) == 10
    assert number.isdecimal()
    assert number[0] != "0"
    numbers = iter([number, number, "1234567890"])
    monkeypatch.setattr("hub.gateways.starting.new_number", lambda: next(numbers))
    other, _ = await town.begun()
    assert (await town.attempt(other)).number == "1234567890"


async def test_where_the_payer_goes_is_forgotten_when_it_is_over(town: Stage):
    _charge, onward = await town.begun()
    [before] = await town.rows("select onward is null as gone from gateway_attempts")
    await town.pay(onward)
    await town.judge()
    [after] = await town.rows("select onward is null as gone from gateway_attempts")
    assert (before["gone"], after["gone"]) == (False, True)


async def test_chargebacks_and_refunds_at_the_console_are_noticed(town: Stage):
    charge, onward = await town.begun()
    await town.pay(onward)
    await town.judge()
    number = (await town.attempt(charge)).number
    await town.happen(number, state="refunded", refunded=2550)
    await town.ask(timedelta(days=1))
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 10000, "refunded": 2550}
    await town.happen(number, state="refunded", refunded=3000)
    await town.ask(timedelta(days=6))
    assert await town.balances(charge) == {"captured": 12550, "unallocated": 9550, "refunded": 3000}
    await town.happen(number, state="charged_back")
    await town.ask(timedelta(days=23))
    assert (await town.attempt(charge)).state is State.CHARGED_BACK
    assert await town.balances(charge) == {"captured": 12550, "charged_back": 9550, "refunded": 3000}


async def test_all_of_it_let_go_at_the_console(town: Stage):
    charge, onward = await town.begun()
    await town.pay(onward)
    await town.judge()
    await town.happen((await town.attempt(charge)).number, state="reversed")
    await town.ask(timedelta(days=1))
    assert (await town.attempt(charge)).state is State.REVERSED
    assert await town.balances(charge) == {"captured": 12550, "refunded": 12550}


async def test_a_chargeback_heard_of_before_the_money_is_both(town: Stage):
    charge, _onward = await town.begun()
    await town.happen((await town.attempt(charge)).number, state="charged_back")
    await town.ask()
    assert await town.balances(charge) == {"captured": 12550, "charged_back": 12550}


async def test_staff_can_have_any_attempt_asked_about(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("lost")
    await town.pay(onward)
    async with town.api.database.town(CITY_ID) as connection:
        await town.api.gateways.ask_now(connection, CITY_ID, onward.attempt_id, by="stf_x")
    await town.ask(timedelta())
    assert await town.paid(charge) == ("paid", 12550)


async def test_a_database_that_is_away_for_a_moment_is_no_reason_to_call_somebody(town: Stage, monkeypatch):
    _charge, _onward = await town.begun()

    async def lost(*_: object) -> None:
        raise asyncpg.DeadlockDetectedError

    asking = town.worker.gateways._asking
    monkeypatch.setattr(asking, "ask", lost)
    town.clock.move(timedelta(minutes=31))
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await asking.run(town.town)
    assert await town.alerts() == []
