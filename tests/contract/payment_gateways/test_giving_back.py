"""Money is given back: a part, all of it, and never more than came."""

from __future__ import annotations

import pytest

from hub.kernel.errors import RemoteError
from hub.kernel.money import Money
from hub.ports.payment_gateway import Asked, Outcome, RefundOrder, RefundOutcome, Report
from tests.contract.payment_gateways.reports import about
from tests.support.gateways.driver import Stage

GIVEN_BACK = {Outcome.REFUNDED, Outcome.REVERSED}

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def until_given_back(stage: Stage, asked: Asked) -> Report:
    """A refund may take its time: at most four questions."""
    report = await stage.gateway.query(asked)
    for _ in range(3):
        if report.outcome in GIVEN_BACK or report.refunded:
            break
        report = await stage.gateway.query(asked)
    return report


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
