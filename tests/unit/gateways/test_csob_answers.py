"""ČSOB's answers that are errors, or no answers at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.payment_gateway.csob.gateway import Csob
from adapters.payment_gateway.csob.settings import CsobSettings
from adapters.payment_gateway.csob.signing import sign
from hub.kernel.errors import RemoteFault, RemoteGarbage, RemoteRefused, RemoteUnavailable
from hub.kernel.money import Money
from hub.ports.payment_gateway import Asked, Order, Outcome, Payer, RefundOrder
from simulators.kit.keys import credential
from tests.support.gateways.csob import Driver
from tests.support.gateways.driver import SECRETS, surroundings
from tests.support.http_server import Answer, Request, serve

DRIVER = Driver()


@asynccontextmanager
async def bank(said: dict[str, Any] | bytes, *, by: str = "csob") -> AsyncIterator[Csob]:
    """The gateway before a bank that always says the same."""

    async def answer(_: Request) -> Answer:
        return Answer(said if isinstance(said, bytes) else json.dumps(signed(said, by)).encode())

    async with serve(answer) as server, at(server.url) as gateway:
        yield gateway


@asynccontextmanager
async def at(url: str, **settings: Any) -> AsyncIterator[Csob]:
    given = CsobSettings.model_validate(DRIVER.settings(url) | {"retries": {"attempts": 1}} | settings)
    gateway = Csob(given, surroundings(DRIVER, "https://moje.vzorov.cz/payments/kartica", SECRETS))
    yield gateway
    await gateway.close()


def signed(said: dict[str, Any], by: str = "csob") -> dict[str, Any]:
    """In the order it is written down."""
    text = "|".join(str(value) for value in said.values())
    return said | {"signature": sign(text, credential(by).private)}


SAID = {"payId": "pay", "dttm": "20260102030405", "resultCode": 0, "resultMessage": "OK", "paymentStatus": 7}
ASKED = Asked("1000000001", "pay", Money(100, "CZK"))


async def test_a_bank_that_says_it_well():
    async with bank(SAID) as gateway:
        assert (await gateway.query(ASKED)).outcome is Outcome.CAPTURED


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b"[" * 50_000,
        json.dumps(SAID).encode(),
        json.dumps(SAID | {"signature": "x"}).encode(),
        json.dumps(SAID | {"signature": {"a": 1}}).encode(),
        SAID | {"resultCode": "zero"},
        SAID | {"paymentStatus": "seven"},
        SAID | {"payId": "another"},
    ],
)
async def test_an_answer_that_cannot_be_used(said):
    async with bank(said) as gateway:
        with pytest.raises(RemoteGarbage) as caught:
            await gateway.query(ASKED)
        assert caught.value.reached is None


async def test_an_answer_signed_by_a_stranger():
    async with bank(SAID, by="stranger") as gateway:
        with pytest.raises(RemoteGarbage, match="not signed by the bank's key"):
            await gateway.query(ASKED)


@pytest.mark.parametrize(
    ("code", "error", "reached"),
    [(110, RemoteFault, True), (120, RemoteRefused, True), (900, RemoteFault, None), (4711, RemoteFault, None)],
)
async def test_codes_that_are_errors(code, error, reached):
    async with bank({"payId": "pay", "dttm": "20260102030405", "resultCode": code, "resultMessage": "No"}) as gateway:
        for call in (gateway.query(ASKED), gateway.start(_order())):
            with pytest.raises(error, match=str(code)) as caught:
                await call
            assert (caught.value.reached, caught.value.evidence) == (reached, "No")


@pytest.mark.parametrize(
    ("closed", "outcome"),
    [
        ({"resultCode": 0, "resultMessage": "OK", "paymentStatus": 7}, Outcome.CAPTURED),
        # Somebody closed it meanwhile.
        ({"resultCode": 150, "resultMessage": "Payment not in valid state", "paymentStatus": 7}, Outcome.CAPTURED),
        ({"resultCode": 110, "resultMessage": "Invalid parameter"}, None),
        ({"resultCode": 900, "resultMessage": "Internal error"}, None),
    ],
)
async def test_how_closing_is_answered(closed, outcome):
    asked: list[Request] = []

    async def answer(request: Request) -> Answer:
        asked.append(request)
        said = {"payId": "pay", "dttm": "20260102030405"}
        said |= closed if request.method == "PUT" else {"resultCode": 0, "resultMessage": "OK", "paymentStatus": 4}
        return Answer(json.dumps(signed(said)).encode())

    async with serve(answer) as server, at(server.url, close="by_us") as gateway:
        if outcome is None:
            with pytest.raises(RemoteFault, match=f"payment/close with resultCode {closed['resultCode']}"):
                await gateway.query(ASKED)
        else:
            assert (await gateway.query(ASKED)).outcome is outcome
    assert [one.method for one in asked] == ["GET", "PUT"]
    assert json.loads(asked[1].body) | {"dttm": "", "signature": ""} == {
        "merchantId": "M1VZOROV01",
        "payId": "pay",
        "dttm": "",
        "totalAmount": 100,
        "signature": "",
    }


async def test_an_init_without_a_payment_id():
    async with bank({"dttm": "20260102030405", "resultCode": 0, "resultMessage": "OK"}) as gateway:
        with pytest.raises(RemoteGarbage, match="without a payId"):
            await gateway.start(_order())


def _order() -> Order:
    now = datetime.now(UTC)
    return Order("1000000001", Money(100, "CZK"), "Pes", "cs", now, now + timedelta(minutes=20), Payer())


async def test_what_may_have_had_an_effect_is_never_repeated():
    """With the repetitions a town has by default."""
    asked: list[str] = []

    async def answer(request: Request) -> Answer:
        asked.append(request.method)
        if request.method != "GET":
            return Answer(status=503)
        return Answer(json.dumps(signed(SAID | {"paymentStatus": 8})).encode())

    async with serve(answer) as server, at(server.url, retries={}) as gateway:
        money = Money(100, "CZK")
        for call in (
            gateway.start(_order()),
            gateway.refund(RefundOrder("k", "1000000001", "pay", money, money, Money(0, "CZK"))),
        ):
            with pytest.raises(RemoteUnavailable) as caught:
                await call
            assert caught.value.reached is None
    assert asked == ["POST", "GET", "PUT"]
