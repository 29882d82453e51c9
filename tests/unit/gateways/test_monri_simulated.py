"""Monri WebPay against its simulator: what the contract suite does not ask of every gateway."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from adapters.payment_gateway.monri import transactions
from hub.kernel.errors import RemoteFault, RemoteGarbage, RemoteUnavailable
from hub.kernel.money import Money
from hub.ports.payment_gateway import Asked, Outcome, RefundOutcome
from simulators import gateway_monri
from tests.support.gateways.driver import Stage, grounded, made, staged
from tests.support.gateways.monri import Driver

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENT = {"retry_window": "15m"}
Playing = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing() -> AsyncIterator[Playing]:
    """A stage with the given settings; one simulator for all."""
    driver = Driver()
    async with grounded(driver) as ground:
        yield lambda **settings: staged(driver, ground, **settings)


async def test_another_card_may_be_tried_and_only_time_ends_it():
    driver = Driver()
    driver.app = lambda clock: gateway_monri.app(clock.now)  # type: ignore[method-assign]
    async with grounded(driver) as ground, staged(driver, ground, **PATIENT) as stage:
        order = stage.order()
        started = await stage.gateway.start(order)
        page = await stage.open(started)
        page = await stage.press(page, do="pay", card="4000000000009995")
        asked = await stage.asked(order, started)
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.reason) == (Outcome.OPEN, "insufficient_funds")
        assert stage.shop.notified == []
        await stage.press(page, do="approve")
        assert (await stage.gateway.query(asked)).outcome is Outcome.CAPTURED
        assert len(stage.shop.notified) == 1


async def test_a_refused_card_is_final_once_the_window_is_over(playing: Playing):
    async with playing(**PATIENT) as stage:
        stage.clock.move(timedelta(minutes=-16))  # Monri's clock: it was a quarter of an hour ago
        order = stage.order()
        started = await stage.gateway.start(order)
        await stage.pay(started, do="decline")
        report = await stage.gateway.query(await stage.asked(order, started))
        assert (report.outcome, report.reason) == (Outcome.DECLINED, "declined_by_bank")


async def test_an_authorised_order_is_captured_when_it_is_asked_about(playing: Playing):
    async with playing(transaction_type="authorize") as stage:
        order = stage.order()
        started = await stage.gateway.start(order)
        await stage.pay(started, do="approve")
        [told] = [await stage.gateway.read_notification(one) for one in stage.shop.notified]
        assert (told.outcome, told.amount) == (Outcome.PENDING, order.amount)
        asked = await stage.asked(order, started)
        await stage.switch(wrong=["drop_after"])
        with pytest.raises(RemoteUnavailable) as doubt:
            await stage.gateway.query(asked)
        assert doubt.value.reached is None
        await stage.switch()
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.amount) == (Outcome.CAPTURED, order.amount)
        orders = (await stage.http.get(f"{stage.url}/_control/orders")).json()
        kinds = [(one["transaction_type"], one["status"]) for one in orders[order.number]]
        assert kinds == [("authorize", "approved"), ("capture", "approved")]


async def test_nothing_is_captured_on_other_terms_than_ordered(playing: Playing):
    async with playing(transaction_type="authorize") as stage:
        order = stage.order()
        started = await stage.gateway.start(order)
        await stage.pay(started, do="approve")
        asked = replace(await stage.asked(order, started), amount=Money(order.amount.minor + 1, "EUR"))
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.amount) == (Outcome.PENDING, order.amount)
        orders = (await stage.http.get(f"{stage.url}/_control/orders")).json()
        assert len(orders[order.number]) == 1


@pytest.mark.parametrize(("code", "outcome"), [("1050", Outcome.UNKNOWN), ("5000", Outcome.PENDING)])
async def test_nothing_is_captured_of_what_is_not_surely_reserved(playing: Playing, monkeypatch, code, outcome):
    """Approved with the code of a refusal, or while the request is in progress."""
    async with playing(transaction_type="authorize") as stage:
        order = stage.order()
        started = await stage.gateway.start(order)
        await stage.pay(started, do="approve")
        told = transactions.xml_fields
        monkeypatch.setattr(transactions, "xml_fields", lambda root: told(root) | {"response_code": code})
        assert (await stage.gateway.query(await stage.asked(order, started))).outcome is outcome
        orders = (await stage.http.get(f"{stage.url}/_control/orders")).json()
        assert [one["transaction_type"] for one in orders[order.number]] == ["authorize"]


async def test_once_given_back_nothing_more_is_sent(playing: Playing):
    async with playing(several_refunds=False) as stage:
        order, asked = await stage.paid(90_000)
        assert (await stage.gateway.refund(stage.refund(order, asked, 30_000))).outcome is RefundOutcome.DONE
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.refunded) == (Outcome.REFUNDED, Money(30_000, "EUR"))
        second = await stage.gateway.refund(stage.refund(order, asked, 10_000, already=30_000))
        assert (second.outcome, second.word) == (RefundOutcome.REFUSED, "second refund")
        orders = (await stage.http.get(f"{stage.url}/_control/orders")).json()
        assert len(orders[order.number]) == 2


async def test_the_whole_is_voided_first_where_the_merchant_wants_it(playing: Playing):
    async with playing(void_first=True) as stage:
        order, asked = await stage.paid()
        given = await stage.gateway.refund(stage.refund(order, asked, order.amount.minor))
        assert (given.outcome, given.word) == (RefundOutcome.DONE, "void approved 0000")
        assert (await stage.gateway.query(asked)).outcome is Outcome.REVERSED


async def test_webhooks_tell_what_is_done_at_monris_console(playing: Playing):
    async with playing(several_refunds=False) as stage:
        await stage.control("webhooks", urls=[f"{stage.shop.address}/notify"])
        order, _ = await stage.paid()
        await stage.control("console", order=order.number, do="refund", amount=1_000)
        events = [json.loads(one.body).get("event") for one in stage.shop.notified]
        assert events == [None, "transaction:purchase:approved", "transaction:refund:approved"]
        report = await stage.gateway.read_notification(stage.shop.notified[-1])
        assert (report.outcome, report.refunded) == (Outcome.REFUNDED, Money(1_000, "EUR"))


async def test_an_error_of_monris_is_none_of_an_order(playing: Playing):
    async with playing() as stage:
        _, asked = await stage.paid()
        await stage.switch(fault=True)
        with pytest.raises(RemoteFault) as fault:
            await stage.gateway.query(asked)
        assert fault.value.reached is None
        for switch in ("renamed", "mistyped"):
            await stage.switch(wrong_schema=switch)
            with pytest.raises(RemoteGarbage):
                await stage.gateway.query(asked)


async def test_a_question_under_another_address_is_no_unknown_order(playing: Playing):
    async with playing() as stage:
        elsewhere = made(stage.driver, f"{stage.url}/elsewhere", stage.shop.address)
        with pytest.raises(RemoteFault, match="404"):
            await elsewhere.query(Asked("1000000001", None, Money(1, "EUR")))
        await elsewhere.close()


async def test_a_wrong_key_gives_nothing_back(playing: Playing):
    async with playing() as stage:
        order, asked = await stage.paid()
        wrong = made(stage.driver, stage.url, stage.shop.address, stage.driver.wrong_secrets)
        given = await wrong.refund(stage.refund(order, asked, 1_000))
        assert (given.outcome, given.detail) == (RefundOutcome.REFUSED, "Digest is invalid")
        with pytest.raises(RemoteFault) as caught:
            await wrong.query(asked)
        assert caught.value.reached is True
        await wrong.close()
