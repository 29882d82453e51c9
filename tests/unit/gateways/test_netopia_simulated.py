"""NETOPIA, version 2, against its simulator and against answers it might give: what the contract suite does not ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from hub.kernel.errors import RemoteFault, RemoteGarbage, RemoteRefused, RemoteUnavailable
from hub.kernel.money import Money
from hub.ports.payment_gateway import Asked, Order, Outcome, Payer, RefundOrder, RefundOutcome
from tests.support.gateways.driver import Stage, grounded, made, staged
from tests.support.gateways.netopia import Driver
from tests.support.http_server import Answer, Request, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ORDER = Order("1000000001", Money(20_010, "RON"), "Impozit", "ro", NOW, NOW + timedelta(minutes=20), Payer())
Playing = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing() -> AsyncIterator[Playing]:
    driver = Driver()
    async with grounded(driver) as ground:
        yield lambda **settings: staged(driver, ground, **settings)


async def test_the_page_is_netopias_and_the_reference_is_kept(playing: Playing):
    async with playing() as stage:
        started = await stage.gateway.start(stage.order())
        assert started.form is None
        assert started.url == f"{stage.url}/ui/card?p={started.reference}"


async def test_the_same_order_twice_is_refused(playing: Playing):
    async with playing() as stage:
        order = stage.order()
        await stage.gateway.start(order)
        with pytest.raises(RemoteFault, match="56 Order closed") as caught:
            await stage.gateway.start(order)
        assert caught.value.reached is True


async def test_a_wrong_key_is_told_as_such(playing: Playing):
    async with playing() as stage:
        wrong = made(stage.driver, stage.url, stage.shop.address, stage.driver.wrong_secrets)
        with pytest.raises(RemoteRefused) as caught:
            await wrong.start(stage.order())
        assert caught.value.reached is True
        assert "stranger-secret" not in str(caught.value)
        await wrong.close()


async def test_a_refund_without_a_reference_asks_for_it_first(playing: Playing):
    async with playing() as stage:
        order, asked = await stage.paid()
        unknown = Asked(asked.number, None, asked.amount)
        given = await stage.gateway.refund(stage.refund(order, unknown, order.amount.minor))
        assert (given.outcome, given.reference) == (RefundOutcome.DONE, asked.reference)


async def test_a_refund_that_got_no_further_than_its_question_surely_did_not_happen(playing: Playing):
    async with playing() as stage:
        order, asked = await stage.paid()
        wanted = stage.refund(order, Asked(asked.number, None, asked.amount), order.amount.minor)
        await stage.switch(down="close")
        with pytest.raises(RemoteUnavailable) as caught:
            await stage.gateway.refund(wanted)
        assert caught.value.reached is False
        await stage.switch()
        assert (await stage.gateway.query(asked)).outcome is Outcome.CAPTURED


async def test_what_a_payment_becomes_by_itself_is_told(playing: Playing):
    becomes = {9: Outcome.UNKNOWN, 10: Outcome.CHARGED_BACK, 17: Outcome.REVERSED, 4: Outcome.REVERSED,
               13: Outcome.PENDING, 23: Outcome.EXPIRED}  # fmt: skip
    async with playing() as stage:
        order, asked = await stage.paid()
        for status, outcome in becomes.items():
            await stage.control("become", order=order.number, status=status)
            told = await stage.gateway.read_notification(stage.shop.notified[-1])
            assert (told.number, told.outcome, told.believed) == (order.number, outcome, True)
            assert (await stage.gateway.query(asked)).outcome is outcome


async def test_a_refund_tells_that_and_not_how_much(playing: Playing):
    async with playing() as stage:
        order, asked = await stage.paid()
        await stage.gateway.refund(stage.refund(order, asked, 1_000))
        told = await stage.gateway.read_notification(stage.shop.notified[-1])
        assert (told.outcome, told.amount, told.refunded) == (Outcome.REFUNDED, None, None)
        assert told.details["payment_amount"] == "10.00 RON"


# ── Answers it might give ──


async def answered(body: Any, status: int = 200) -> tuple[Any, Any, list[Request]]:
    """A gateway of ours at a server that always answers `body`."""
    seen: list[Request] = []

    async def answer(request: Request) -> Answer:
        seen.append(request)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Answer(content, status=status, headers={"content-type": "application/json"})

    context = serve(answer)
    server = await context.__aenter__()
    return made(Driver(), server.url, "http://127.0.0.1/payments/kartica"), context, seen


def start_answer(url: str, code: str = "101") -> dict[str, Any]:
    return {"error": {"code": code, "message": "x"}, "payment": {"paymentURL": url, "ntpID": "1", "status": 1}}


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://secure.mobilpay.ro/pay/ui/card?p=1", True),
        ("https://secure-sandbox.netopia-payments.com/ui/card?p=1", True),
        ("https://secure.netopia-payments.com.evil.example/x", False),
        ("https://evilmobilpay.ro/x", False),
        ("http://secure.mobilpay.ro/pay/ui/card?p=1", False),
        ("https://secure.mobilpay.ro:8443/x", False),
        ("https://user@secure.mobilpay.ro/x", False),
        ("https://evil.example\\.secure.mobilpay.ro/x", False),
        ("https://evil.example\\@secure.mobilpay.ro/x", False),
        ("https://evil.example%2f.mobilpay.ro/x", False),
        ("https:\\\\evil.example/.mobilpay.ro", False),
        ("javascript:alert(1)", False),
    ],
)
async def test_the_browser_is_sent_to_netopia_only(url: str, *, taken: bool):
    gateway, context, seen = await answered(start_answer(url))
    if taken:
        assert (await gateway.start(ORDER)).url == url
    else:
        with pytest.raises(RemoteGarbage):
            await gateway.start(ORDER)
    assert len(seen) == 1
    assert seen[0].headers["authorization"] == "netopia-api-secret"
    await gateway.close()
    await context.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (
            {"error": {"code": "00"}, "payment": {"ntpID": "1", "status": 8, "amount": 10.0, "currency": "RON"}},
            200,
            "done",
        ),
        ({"error": {"code": "0"}, "payment": {"ntpID": "1", "status": 8}}, 200, "done"),
        ({"error": {"code": "54", "message": "too high"}, "payment": {"status": 5}}, 200, "refused"),
        ({"code": "400", "message": "bad"}, 400, "refused"),
        # Seen at NETOPIA: approved, and nothing was given back.
        (
            {"error": {"code": "00"}, "payment": {"ntpID": "1", "status": 5, "amount": 10.0, "currency": "RON"}},
            200,
            None,
        ),
        (
            {"error": {"code": "00"}, "payment": {"ntpID": "1", "status": 8, "amount": 0.0, "currency": "RON"}},
            200,
            None,
        ),
        ({"error": {"code": "00"}, "payment": {}}, 200, None),
        ({"payment": {"ntpID": "1", "status": 8}}, 200, None),
        ({"code": "500", "message": "down"}, 500, None),
        (b"<html>", 200, None),
    ],
)
async def test_given_back_or_refused_or_in_doubt(answer: Any, status: int, expected: str | None):
    gateway, context, seen = await answered(answer, status)
    wanted = RefundOrder("k", ORDER.number, "1", Money(1_000, "RON"), ORDER.amount, Money(0, "RON"))
    if expected is None:
        with pytest.raises((RemoteGarbage, RemoteFault)) as caught:
            await gateway.refund(wanted)
        assert caught.value.reached is None
    else:
        assert (await gateway.refund(wanted)).outcome is RefundOutcome(expected)
    assert [json.loads(one.body) for one in seen] == [{"ntpID": "1", "split": [], "amount": 10.0}]
    await gateway.close()
    await context.__aexit__(None, None, None)


@pytest.mark.parametrize(
    "answer",
    [
        {"order": {"orderID": "7"}, "payment": {"status": 3, "ntpID": "1", "amount": 10, "currency": "RON"}},
        {"payment": {"status": 3, "ntpID": "2", "amount": 10, "currency": "RON"}},
        {"payment": {"status": "paid", "ntpID": "1"}},
        {"payment": {"status": 3, "ntpID": "1"}},
        {"payment": {"status": 3, "ntpID": "1", "amount": "1,00", "currency": "RON"}},
        [1],
    ],
)
async def test_an_answer_about_something_else_is_garbage(answer: Any):
    gateway, context, _ = await answered(answer)
    with pytest.raises(RemoteGarbage):
        await gateway.query(Asked("1000000001", "1", Money(1_000, "RON")))
    await gateway.close()
    await context.__aexit__(None, None, None)
