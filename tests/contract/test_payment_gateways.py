"""One suite for every card gateway: what the hub may expect of any of them, against its simulator over real HTTP.

A gateway joins by its manifest and a driver in tests/support/gateways; without one the suite fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

import pytest
import pytest_asyncio

from hub.kernel.errors import RemoteError, RemoteGarbage, RemoteTimeout, RemoteUnavailable
from hub.kernel.money import Money
from hub.ports.payment_gateway import (
    REASONS,
    Asked,
    Forged,
    Outcome,
    RefundOrder,
    RefundOutcome,
    Report,
    Unreadable,
)
from tests.support.gateways.driver import MANIFESTS, Driving, Ground, Stage, grounded, made, staged

NO_MONEY = {Outcome.DECLINED, Outcome.CANCELLED, Outcome.EXPIRED}
GIVEN_BACK = {Outcome.REFUNDED, Outcome.REVERSED}
DECLINING_CARD = "4000000000000002"
CHALLENGING_CARD = "4000000000003063"
PENDING_CARD = "4000000000000119"


# One simulator of each gateway serves the whole file: to stop one takes longer than most tests.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=sorted(MANIFESTS))
def driver(request: pytest.FixtureRequest) -> Driving:
    driver: Driving = import_module(f"tests.support.gateways.{request.param}").Driver()
    return driver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grounds() -> AsyncIterator[Callable[[Driving], Awaitable[Ground]]]:
    async with AsyncExitStack() as stack:
        started: dict[str, Ground] = {}

        async def ground(driver: Driving) -> Ground:
            if driver.id not in started:
                started[driver.id] = await stack.enter_async_context(grounded(driver))
            return started[driver.id]

        yield ground


@pytest_asyncio.fixture(loop_scope="module")
async def stage(driver: Driving, grounds: Callable[[Driving], Awaitable[Ground]]) -> AsyncIterator[Stage]:
    async with staged(driver, await grounds(driver)) as stage:
        yield stage


def about(report: Report, order: Any) -> None:
    """Whatever a gateway says stands for this order, and says nothing a payer could not be told."""
    assert report.number == order.number
    assert report.reason is None or report.reason in REASONS
    assert report.card is None or sum(char.isdigit() for char in report.card) <= 10


def amount_is_known(report: Report, order: Any) -> bool:
    return report.amount == order.amount or (report.amount is None and report.signed_order)


async def read(stage: Stage, order: Any) -> list[Report]:
    """Everything that came, verified."""
    reports = [await stage.gateway.read_return(one) for one in stage.shop.returned]
    reports += [await stage.gateway.read_notification(one) for one in stage.shop.notified]
    for report in reports:
        about(report, order)
    return reports


async def until_given_back(stage: Stage, asked: Asked) -> Report:
    """A refund may take its time: at most four questions."""
    report = await stage.gateway.query(asked)
    for _ in range(3):
        if report.outcome in GIVEN_BACK or report.refunded:
            break
        report = await stage.gateway.query(asked)
    return report


# ── Paying ──


async def test_paid(stage: Stage) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    asked = await stage.asked(order, started)
    if stage.driver.starts_by_call:
        assert (await stage.gateway.query(asked)).outcome in {Outcome.OPEN, Outcome.PENDING}

    await stage.pay(started, do="approve")
    reports = await read(stage, order)
    assert len(stage.shop.notified) == (1 if stage.driver.notifies else 0)
    assert all(report.outcome in {Outcome.CAPTURED, Outcome.PENDING} for report in reports if report.believed)

    report = await stage.gateway.query(asked)
    about(report, order)
    assert report.outcome is Outcome.CAPTURED
    assert amount_is_known(report, order)
    assert (report.amount is not None) is stage.driver.query_tells_amount
    assert report.reference
    assert {one.reference for one in reports} <= {report.reference, None}


async def test_paid_after_the_bank_asked_the_payer(stage: Stage) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    question = await stage.press(await stage.open(started), do="pay", card=CHALLENGING_CARD)
    assert not stage.shop.returned
    assert (await stage.gateway.query(await stage.asked(order, started))).outcome not in {
        Outcome.CAPTURED,
        *NO_MONEY,
    }
    await stage.press(question, do="confirm")
    assert (await stage.gateway.query(await stage.asked(order, started))).outcome is Outcome.CAPTURED


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"do": "decline"}, Outcome.DECLINED),
        ({"do": "pay", "card": DECLINING_CARD}, Outcome.DECLINED),
        ({"do": "cancel"}, Outcome.CANCELLED),
    ],
)
async def test_no_money(stage: Stage, fields: dict[str, str], expected: Outcome) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    await stage.pay(started, **fields)
    for report in await read(stage, order):
        assert report.outcome in {expected, *NO_MONEY} or not report.believed
    report = await stage.gateway.query(await stage.asked(order, started))
    about(report, order)
    # A gateway that keeps nothing of a payer who gave up does not know the order.
    assert report.outcome in ({expected, Outcome.NOT_FOUND} if expected is Outcome.CANCELLED else {expected})


async def test_the_payer_is_not_confirmed(stage: Stage) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    page = await stage.open(started)
    await stage.switch(wrong=["three_d_secure_refused"])
    await stage.press(page, do="approve")
    await stage.switch()
    assert (await stage.gateway.query(await stage.asked(order, started))).outcome is Outcome.DECLINED


async def test_nobody_pays_in_time(stage: Stage) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    await stage.open(started)
    stage.clock.move(order.expires_at - order.now)
    stage.clock.move(order.expires_at - order.now)
    report = await stage.gateway.query(await stage.asked(order, started))
    about(report, order)
    assert report.outcome in {*NO_MONEY, Outcome.NOT_FOUND, Outcome.OPEN}


async def test_under_way_is_not_paid(stage: Stage) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    await stage.pay(started, do="pay", card=PENDING_CARD)
    assert (await stage.gateway.query(await stage.asked(order, started))).outcome is Outcome.PENDING


async def test_an_order_nobody_made_is_not_found(stage: Stage) -> None:
    asked = Asked("9999999999", stage.driver.unknown_reference, Money(100, stage.driver.currency))
    report = await stage.gateway.query(asked)
    assert (report.number, report.outcome) == ("9999999999", Outcome.NOT_FOUND)
    never_begun = await stage.gateway.query(Asked("9999999998", None, Money(100, stage.driver.currency)))
    assert never_begun.outcome is Outcome.NOT_FOUND


# ── Messages that cannot be trusted ──


async def test_what_is_changed_on_the_way_is_forged(stage: Stage) -> None:
    order = stage.order()
    brought = await stage.pay(await stage.gateway.start(order), do="approve")
    if stage.driver.signed_return:
        about(await stage.gateway.read_return(brought), order)
        forgeries = list(stage.driver.forged(brought))
        assert forgeries
        for forged in forgeries:
            with pytest.raises((Forged, Unreadable)):
                await stage.gateway.read_return(forged)
    for told in stage.shop.notified:
        for forged in stage.driver.forged_notifications(told):
            await is_not_believed(stage, forged)


async def is_not_believed(stage: Stage, message: Any) -> None:
    try:
        report = await stage.gateway.read_notification(message)
    except (Forged, Unreadable):
        return
    assert not stage.driver.signed_notifications
    assert not report.believed


async def test_a_signature_of_somebody_else_is_forged(stage: Stage) -> None:
    order = stage.order()
    page = await stage.open(await stage.gateway.start(order))
    await stage.switch(wrong=["wrong_signature"])
    await stage.press(page, do="approve")
    if stage.driver.signed_return:
        with pytest.raises(Forged):
            await stage.gateway.read_return(stage.shop.returned[-1])
    for told in stage.shop.notified:
        await is_not_believed(stage, told)


@pytest.mark.parametrize("switch", ["altered_amount", "foreign_currency"])
async def test_another_amount_is_told_as_it_came(stage: Stage, switch: str) -> None:
    """The hub compares; a plug-in must not put the order's amount in the place of what was said."""
    order = stage.order()
    started = await stage.gateway.start(order)
    page = await stage.open(started)
    await stage.switch(wrong=[switch])
    await stage.press(page, do="approve")
    reports = await read(stage, order)
    if stage.driver.query_tells_amount:
        reports.append(await stage.gateway.query(await stage.asked(order, started)))
    told = [report.amount for report in reports if report.amount is not None]
    assert told
    assert order.amount not in told


async def test_a_state_nobody_published_is_unknown(stage: Stage) -> None:
    order, asked = await stage.paid()
    await stage.switch(wrong=["unknown_state"])
    report = await stage.gateway.query(asked)
    about(report, order)
    assert report.outcome is Outcome.UNKNOWN


async def test_every_published_state_has_a_meaning(driver: Driving) -> None:
    assert driver.states
    assert {word: driver.outcome_of(word) for word in driver.states} == dict(driver.states)
    assert Outcome.UNKNOWN not in {outcome for outcome in driver.states.values() if outcome}
    assert {driver.outcome_of(word) for word in ("unheard-of", "99")} == {Outcome.UNKNOWN}


# ── Messages that come otherwise than one hopes ──


async def test_messages_twice_late_or_never(stage: Stage) -> None:
    if not stage.driver.notifies:
        with pytest.raises((Unreadable, Forged)):
            await stage.gateway.read_notification(
                await stage.pay(await stage.gateway.start(stage.order()), do="approve")
            )
        assert stage.gateway.acknowledge(accepted=False).status >= 400
        return
    for switch, arrive in (("duplicate", 2), ("late", 0), ("lost", 0)):
        stage.shop.notified.clear()
        stage.shop.returned.clear()
        order = stage.order()
        started = await stage.gateway.start(order)
        page = await stage.open(started)
        await stage.switch(wrong=[switch])
        await stage.press(page, do="approve")
        await stage.switch()
        assert len(stage.shop.notified) == arrive, switch
        if switch == "late":
            await stage.control("messages/release")
            assert len(stage.shop.notified) == 1
        reports = [await stage.gateway.read_notification(one) for one in stage.shop.notified]
        assert all(report == reports[0] for report in reports)
        report = await stage.gateway.query(await stage.asked(order, started))
        assert report.outcome is Outcome.CAPTURED, "a lost message is found by asking"
    assert stage.gateway.acknowledge(accepted=True).status == 200


async def test_messages_out_of_their_order(stage: Stage) -> None:
    if not stage.driver.notifies:
        assert not stage.shop.notified
        return
    orders = [stage.order(), stage.order(minor=200)]
    for order in orders:
        page = await stage.open(await stage.gateway.start(order))
        await stage.switch(wrong=["reordered"])
        await stage.press(page, do="approve")
        await stage.switch()
    reports = [await stage.gateway.read_notification(one) for one in stage.shop.notified]
    assert [report.number for report in reports] == [order.number for order in reversed(orders)]
    for report, order in zip(reports, reversed(orders), strict=True):
        assert report.outcome is Outcome.CAPTURED
        assert report.amount in {None, order.amount}


# ── Giving back ──


async def test_a_part_and_then_the_rest_is_given_back(stage: Stage) -> None:
    order, asked = await stage.paid(90_000)
    await stage.driver.settle(stage)
    first = await stage.gateway.refund(stage.refund(order, asked, 30_000))
    assert first.outcome in {RefundOutcome.DONE, RefundOutcome.PENDING}
    report = await until_given_back(stage, asked)
    about(report, order)
    assert report.outcome is Outcome.REFUNDED or report.refunded == Money(30_000, order.amount.currency)
    assert report.refunded in {None, Money(30_000, order.amount.currency)}

    rest = await stage.gateway.refund(stage.refund(order, asked, 60_000, already=30_000))
    assert rest.outcome in {RefundOutcome.DONE, RefundOutcome.PENDING}
    report = await until_given_back(stage, asked)
    assert report.outcome in GIVEN_BACK
    assert report.refunded in {None, order.amount}


async def test_the_whole_is_given_back_before_settlement(stage: Stage) -> None:
    order, asked = await stage.paid()
    given = await stage.gateway.refund(stage.refund(order, asked, order.amount.minor))
    assert given.outcome in {RefundOutcome.DONE, RefundOutcome.PENDING}
    report = await until_given_back(stage, asked)
    assert report.outcome in GIVEN_BACK
    assert report.refunded in {None, order.amount}


async def test_more_than_there_is_is_not_given_back(stage: Stage) -> None:
    order, asked = await stage.paid(90_000)
    await stage.driver.settle(stage)
    await is_refused(stage, stage.refund(order, asked, 90_001))
    assert (await stage.gateway.query(asked)).outcome is Outcome.CAPTURED


async def test_nothing_is_given_back_of_what_was_not_paid(stage: Stage) -> None:
    order = stage.order()
    started = await stage.gateway.start(order)
    await stage.pay(started, do="decline")
    asked = await stage.asked(order, started)
    await is_refused(stage, stage.refund(order, asked, order.amount.minor))


async def is_refused(stage: Stage, wanted: RefundOrder) -> None:
    """As a report, or as an error that says it was read and refused."""
    outcome, reached = RefundOutcome.REFUSED, True
    try:
        outcome = (await stage.gateway.refund(wanted)).outcome
    except RemoteError as error:
        reached = error.reached is True
    assert (outcome, reached) == (RefundOutcome.REFUSED, True)


async def test_after_a_doubt_asking_tells_whether_it_was_given_back(stage: Stage) -> None:
    order, asked = await stage.paid()
    await stage.driver.settle(stage)
    await stage.switch(wrong=["drop_after"])
    with pytest.raises(RemoteError) as caught:
        await stage.gateway.refund(stage.refund(order, asked, order.amount.minor))
    assert caught.value.reached is None
    await stage.switch()
    if stage.gateway.refund_is_asked:
        report = await until_given_back(stage, asked)
        assert report.outcome in GIVEN_BACK or report.refunded == order.amount


# ── When it does not answer ──


async def calls(stage: Stage) -> list[tuple[Any, bool | None]]:
    """Each call a gateway makes, not begun yet, and what is known of it where nothing was answered."""
    order, asked = await stage.paid()
    await stage.driver.settle(stage)
    refund = False if stage.driver.refund_asks_first else None
    made_calls: list[tuple[Any, bool | None]] = [
        (lambda: stage.gateway.query(asked), None),
        (lambda: stage.gateway.refund(stage.refund(order, asked, order.amount.minor)), refund),
    ]
    if stage.driver.starts_by_call:
        made_calls.append((lambda: stage.gateway.start(stage.order()), None))
    return made_calls


@pytest.mark.parametrize(
    ("switches", "error"),
    [
        ({"down": "close"}, RemoteUnavailable),
        ({"down": "503"}, RemoteUnavailable),
        ({"garbage": "html"}, RemoteError),
        ({"garbage": "truncated"}, RemoteError),
    ],
)
async def test_whether_it_acted_is_not_known(stage: Stage, switches: dict[str, Any], error: type[RemoteError]) -> None:
    for call, known in await calls(stage):
        await stage.switch(**switches)
        with pytest.raises(error) as caught:
            await call()
        assert caught.value.reached is known
        await stage.switch()


async def test_too_slow(driver: Driving, grounds: Callable[[Driving], Awaitable[Ground]]) -> None:
    quick = {"timeout": {"connect": "5s", "read": "1s", "total": "1s"}, "retries": {"attempts": 1}}
    async with staged(driver, await grounds(driver), **quick) as stage:
        # All at once, so that the test waits once.
        wanted = await calls(stage)
        await stage.switch(delay=1.2)
        failed = await asyncio.gather(*(call() for call, _ in wanted), return_exceptions=True)
        assert [type(error) for error in failed] == [RemoteTimeout] * len(wanted)
        assert [error.reached for error in failed if isinstance(error, RemoteError)] == [known for _, known in wanted]


async def test_nobody_listens(stage: Stage) -> None:
    order, asked = await stage.paid()
    gone = made(stage.driver, "http://127.0.0.1:9", stage.shop.address)
    wanted = [gone.query(asked), gone.refund(stage.refund(order, asked, order.amount.minor))]
    if stage.driver.starts_by_call:
        wanted.append(gone.start(stage.order()))
    for call in wanted:
        with pytest.raises(RemoteUnavailable) as caught:
            await call
        assert caught.value.reached is False
    await gone.close()


async def test_an_answer_that_makes_no_sense(stage: Stage) -> None:
    _, asked = await stage.paid()
    await stage.switch(garbage="bytes")
    with pytest.raises(RemoteGarbage):
        await stage.gateway.query(asked)


# ── Before it serves ──


async def test_doctor(stage: Stage) -> None:
    steps = await stage.gateway.check()
    assert steps
    assert [step.name for step in steps if not step.ok] == []

    assert stage.driver.wrong_secrets, "say with which secrets the gateway accepts nothing"
    wrong = made(stage.driver, stage.url, stage.shop.address, stage.driver.wrong_secrets)
    refused = await wrong.check()
    await wrong.close()
    assert [step.name for step in refused if not step.ok] == ["credentials"]
    said = " ".join(step.detail for step in refused)
    assert not [value for value in stage.driver.wrong_secrets.values() if value in said]

    gone = made(stage.driver, "http://127.0.0.1:9", stage.shop.address)
    unreachable = await gone.check()
    await gone.close()
    assert [step.name for step in unreachable if not step.ok] == ["connection"]


async def test_a_live_town_must_not_use_a_simulator(stage: Stage) -> None:
    assert stage.gateway.simulated or stage.gateway.rehearsal()


async def test_every_gateway_says_what_it_can(driver: Driving) -> None:
    plugin = MANIFESTS[driver.id].load()
    assert MANIFESTS[driver.id].kind == "payment_gateway"
    assert {type(getattr(plugin, name)) for name in ("simulated", "lists", "refund_is_asked")} == {bool}
