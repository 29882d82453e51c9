"""The stand-in for ČSOB, asked as a merchant's program would ask it: what it refuses, and how."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.payment_gateway.csob import signing
from adapters.payment_gateway.csob.signing import signed_by, signed_text
from simulators.kit.keys import certificate, credential, public_key
from tests.support.gateways.csob import Driver
from tests.support.gateways.driver import SECRETS, Ground, grounded

pytestmark = pytest.mark.asyncio(loop_scope="module")
OURS: Any = load_pem_private_key(SECRETS["vzorov-csob-key"].encode(), None)
BANK = [public_key(certificate("csob"))]
INIT = {
    "merchantId": "M1VZOROV01",
    "orderNo": "1000000001",
    "dttm": "20260314093000",
    "payOperation": "payment",
    "payMethod": "card",
    "totalAmount": 90000,
    "currency": "CZK",
    "closePayment": True,
    "returnUrl": "https://moje.vzorov.cz/payments/karta/return",
    "returnMethod": "POST",
    "cart": [{"name": "Pes", "quantity": 1, "amount": 90000}],
    "language": "cs",
    "ttlSec": 900,
}


class Merchant:
    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url, self.http = url, http

    async def say(
        self, method: str, path: str, fields: Any, message: dict[str, Any], key: Any = OURS
    ) -> httpx.Response:
        signed = message | {"signature": signing.sign(signed_text(message, fields), key)}
        return await self.http.request(method, f"{self.url}/api/v1.9/{path}", json=signed)

    async def init(self, **changes: Any) -> dict[str, Any]:
        message = {name: value for name, value in (INIT | changes).items() if value is not None}
        return self.read(await self.say("POST", "payment/init", signing.INIT, message), signing.INIT_ANSWER)

    async def put(self, operation: str, pay_id: str, fields: Any = signing.PAYMENT, **more: Any) -> dict[str, Any]:
        message = {"merchantId": "M1VZOROV01", "payId": pay_id, "dttm": "20260314093000"} | more
        return self.read(await self.say("PUT", f"payment/{operation}", fields, message), signing.ANSWER)

    async def status(self, pay_id: str) -> dict[str, Any]:
        return self.read(await self.http.get(self.address("payment/status", pay_id)), signing.ANSWER)

    def address(self, operation: str, pay_id: str) -> str:
        values = {"merchantId": "M1VZOROV01", "payId": pay_id, "dttm": "20260314093000"}
        signature = signing.sign(signed_text(values, signing.PAYMENT), OURS)
        return (
            f"{self.url}/api/v1.9/{operation}/{'/'.join(quote(one, safe='') for one in (*values.values(), signature))}"
        )

    def read(self, answer: httpx.Response, fields: Any) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        message: dict[str, Any] = answer.json()
        assert signed_by(message, fields, BANK)
        return message

    async def paid(self, **changes: Any) -> str:
        pay_id: str = (await self.init(**changes))["payId"]
        assert (await self.http.get(self.address("payment/process", pay_id))).status_code == 200
        await self.http.post(f"{self.url}/pay/{pay_id}", data={"do": "approve"})
        return pay_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    async with grounded(Driver()) as ground:
        yield ground


@pytest_asyncio.fixture(loop_scope="module")
async def merchant(ground: Ground) -> AsyncIterator[Merchant]:
    async with httpx.AsyncClient(verify=False, trust_env=False) as http:
        yield Merchant(ground.url, http)


async def test_an_order_is_taken(merchant):
    answer = await merchant.init()
    assert len(answer["payId"]) == 15
    assert {name: answer[name] for name in ("resultCode", "resultMessage", "paymentStatus")} == {
        "resultCode": 0,
        "resultMessage": "OK",
        "paymentStatus": 1,
    }
    assert (await merchant.status(answer["payId"]))["paymentStatus"] == 1


@pytest.mark.parametrize(
    "name", ["orderNo", "totalAmount", "currency", "returnUrl", "returnMethod", "cart", "language"]
)
async def test_what_is_missing(merchant, name):
    answer = await merchant.init(**{name: None})
    assert (answer["resultCode"], answer["resultMessage"]) == (100, f"Missing parameter {name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orderNo", "12345678901"),
        ("orderNo", "12A"),
        ("totalAmount", 0),
        ("totalAmount", "900"),
        ("currency", "UAH"),
        ("payOperation", "gift"),
        ("payMethod", "cash"),
        ("closePayment", "true"),
        ("returnUrl", "https://a.cz/" + "x" * 300),
        ("returnUrl", "ftp://a.cz"),
        ("returnMethod", "PUT"),
        ("cart", [{"name": "x" * 21, "quantity": 1, "amount": 1}]),
        ("cart", [{"name": "x", "quantity": 1, "amount": 1, "description": "x" * 41}]),
        ("cart", [{"name": "x", "quantity": 1, "amount": 1}] * 3),
        ("merchantData", "x" * 256),
        ("language", "uk"),
        ("ttlSec", 299),
        ("ttlSec", 1801),
    ],
)
async def test_what_is_invalid(merchant, name, value):
    answer = await merchant.init(**{name: value})
    assert (answer["resultCode"], answer["resultMessage"]) == (110, f"Invalid parameter {name}")
    assert "payId" not in answer


async def test_what_is_not_signed_by_a_known_merchant(merchant):
    for message, key in ((INIT, credential("stranger").private), (INIT | {"merchantId": "M2"}, OURS)):
        answer = await merchant.say("POST", "payment/init", signing.INIT, message, key)
        assert answer.status_code == 401
    good = INIT | {"signature": signing.sign(signed_text(INIT, signing.INIT), OURS)}
    altered = await merchant.http.post(f"{merchant.url}/api/v1.9/payment/init", json=good | {"totalAmount": 1})
    assert altered.status_code == 401
    assert (await merchant.http.post(f"{merchant.url}/api/v1.9/payment/init", json=[])).status_code == 401
    assert (await merchant.http.post(f"{merchant.url}/api/v1.9/payment/init", json=INIT)).status_code == 401


async def test_a_payment_nobody_made(merchant):
    assert (await merchant.status("29068865300f@GE"))["resultCode"] == 140
    assert (await merchant.put("reverse", "29068865300f@GE"))["resultCode"] == 140
    assert (await merchant.http.get(merchant.address("payment/process", "29068865300f@GE"))).status_code == 404
    assert (await merchant.http.post(f"{merchant.url}/pay/29068865300f@GE", data={"do": "approve"})).status_code == 404


async def test_from_created_to_refunded(merchant):
    pay_id = await merchant.paid()
    assert (await merchant.status(pay_id))["paymentStatus"] == 7
    early = await merchant.put("refund", pay_id, signing.REFUND, amount=100)
    assert (early["resultCode"], early["paymentStatus"]) == (150, 7)
    assert (await merchant.put("close", pay_id, signing.CLOSE, totalAmount=90000))["resultCode"] == 150

    await merchant.http.post(f"{merchant.url}/_control/day-end")
    assert (await merchant.status(pay_id))["paymentStatus"] == 8
    assert (await merchant.put("reverse", pay_id))["resultCode"] == 150
    assert (await merchant.put("refund", pay_id, signing.REFUND, amount=90001))["resultCode"] == 110
    part = await merchant.put("refund", pay_id, signing.REFUND, amount=30000)
    assert (part["resultCode"], part["paymentStatus"]) == (0, 8)
    assert [(await merchant.status(pay_id))["paymentStatus"] for _ in range(3)] == [9, 10, 10]
    assert (await merchant.put("refund", pay_id, signing.REFUND))["paymentStatus"] == 10
    assert (await merchant.put("refund", pay_id, signing.REFUND, amount=1))["resultCode"] == 110


async def test_confirmed_and_closed_for_less(merchant):
    pay_id = await merchant.paid(closePayment=False)
    assert (await merchant.status(pay_id))["paymentStatus"] == 4
    assert (await merchant.put("close", pay_id, signing.CLOSE, totalAmount=90001))["resultCode"] == 110
    assert (await merchant.put("close", pay_id, signing.CLOSE, totalAmount=80000))["paymentStatus"] == 7
    listed = (await merchant.http.get(f"{merchant.url}/_control/payments")).json()
    assert next(one for one in listed if one["payId"] == pay_id)["totalAmount"] == 80000
    assert (await merchant.put("reverse", pay_id))["paymentStatus"] == 5
    assert (await merchant.put("reverse", pay_id))["resultCode"] == 150


async def test_echo_by_both_methods(merchant):
    message = {"merchantId": "M1VZOROV01", "dttm": "20260314093000"}
    answer = merchant.read(await merchant.say("POST", "echo", signing.ECHO, message), signing.ECHO_ANSWER)
    assert sorted(answer) == ["dttm", "resultCode", "resultMessage", "signature"]
    signature = quote(signing.sign(signed_text(message, signing.ECHO), OURS), safe="")
    by_get = await merchant.http.get(f"{merchant.url}/api/v1.9/echo/M1VZOROV01/20260314093000/{signature}")
    assert merchant.read(by_get, signing.ECHO_ANSWER)["resultCode"] == 0


async def test_a_page_answers_once(merchant):
    pay_id = await merchant.paid()
    again = await merchant.http.post(
        f"{merchant.url}/pay/{pay_id}", data={"do": "cancel"}, headers={"accept": "application/json"}
    )
    assert again.json()["fields"]["paymentStatus"] == "7"
    assert (await merchant.status(pay_id))["paymentStatus"] == 7


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_browser_is_sent_home(merchant, method):
    pay_id = (await merchant.init(returnMethod=method))["payId"]
    answer = await merchant.http.post(f"{merchant.url}/pay/{pay_id}", data={"do": "approve"})
    if method == "GET":
        assert answer.status_code == 303
        home = httpx.URL(answer.headers["location"])
        assert str(home.copy_with(query=None)) == INIT["returnUrl"]
        brought = dict(home.params)
    else:
        assert f'<form method="post" action="{INIT["returnUrl"]}">' in answer.text
        fields = re.findall(r'name="([^"]+)" value="([^"]+)"', answer.text)
        brought = {name: unescape(value) for name, value in fields}
    assert signed_by(brought, signing.RETURN, BANK)
    assert (brought["payId"], brought["paymentStatus"]) == (pay_id, "7")


async def test_broken_over_there(merchant):
    await merchant.http.post(f"{merchant.url}/_control", json={"fault": True, "only_next": 1})
    answer = await merchant.init()
    assert (answer["resultCode"], answer["resultMessage"]) == (900, "Internal error")
