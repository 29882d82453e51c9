"""What a browser or the gateway brings: forged, wrong, twice, late, out of order, or never."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.gateways.messages import kept_headers
from hub.ports.payment_gateway import Forged, Outcome, Unreadable
from tests.contract.payment_gateways.reports import about, read
from tests.support.gateways.driver import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def test_what_is_kept_of_a_message_still_proves_it(stage: Stage) -> None:
    """The signature is among it, wherever it stands; see `signs_by`."""
    order = stage.order()
    await stage.pay(await stage.gateway.start(order), do="approve")
    assert stage.shop.notified or not stage.driver.notifies
    for told in stage.shop.notified:
        kept = replace(told, headers=kept_headers(told.headers, stage.gateway.signs_by))
        assert await stage.gateway.read_notification(kept) == await stage.gateway.read_notification(told)


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
