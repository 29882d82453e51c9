"""A payer pays, or does not, and the gateway is asked what became of it."""

from __future__ import annotations

import pytest

from hub.kernel.money import Money
from hub.ports.payment_gateway import Asked, Outcome
from tests.contract.payment_gateways.reports import NO_MONEY, about, amount_is_known, read
from tests.support.gateways.driver import Stage

DECLINING_CARD = "4000000000000002"
CHALLENGING_CARD = "4000000000003063"
PENDING_CARD = "4000000000000119"

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
