"""Monri WebPay: digests against published strings, the form, what comes back, the tables, the API when it differs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from adapters.payment_gateway.monri import statuses, transactions
from adapters.payment_gateway.monri.form import form_fields, order_digest
from adapters.payment_gateway.monri.gateway import Monri
from adapters.payment_gateway.monri.settings import MonriSettings, rehearsed
from hub.kernel.money import Money
from hub.ports.payment_gateway import REASONS, Forged, Incoming, Order, Outcome, Payer, Unreadable
from tests.support.gateways.driver import surroundings
from tests.support.gateways.monri import Driver

KEY = "2345klj"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOKEN = "7db11ea5d4a1af32421b564c79b946d1ead3daf0"
ADDRESS = "https://moja.pregrada.hr/payments/kartica"
ORDER = Order(
    number="1000000001",
    amount=Money(125_000, "EUR"),
    title="Komunalna naknada 2026",
    language="hr",
    now=NOW,
    expires_at=NOW + timedelta(minutes=20),
    payer=Payer(name="Željka Đurđević-Šćepan", email="zeljka@example.com"),
)

# docs.monri.com "Responses and notifications", as Monri's own client library prints it, with an order number of ours.
CALLBACK: dict[str, Any] = {
    "id": 186562,
    "acquirer": "integration_acq",
    "order_number": "1000000001",
    "amount": 125000,
    "currency": "EUR",
    "ch_full_name": "John Doe",
    "outgoing_amount": 125000,
    "outgoing_currency": "EUR",
    "approval_code": "914783",
    "response_code": "0000",
    "response_message": "approved",
    "reference_number": "000002902038",
    "systan": "186561",
    "eci": "05",
    "xid": "fake authenticated xid +=",
    "acsv": "fake authenticated cavv +=",
    "cc_type": "visa",
    "status": "approved",
    "created_at": "2019-09-06T14:24:44.906+02:00",
    "transaction_type": "purchase",
    "enrollment": "Y",
    "authentication": "Y",
    "pan_token": None,
    "masked_pan": "434179-xxx-xxx-0044",
    "issuer": "zaba-hr",
    "number_of_installments": None,
    "custom_params": "{a:b, c:d}",
}


def settings(**changes: Any) -> MonriSettings:
    given = {"authenticity_token": TOKEN, "merchant_key": {"secret": "pregrada-monri"}}
    return MonriSettings.model_validate(given | changes)


def gateway(**changes: Any) -> Monri:
    driver = Driver()
    return Monri(settings(**changes), surroundings(driver, ADDRESS, {"pregrada-monri": KEY}))


def returned(url: str) -> Incoming:
    return Incoming("GET", url, {}, b"", dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)), {})


def notified(document: Any, key: str = KEY, **headers: str) -> Incoming:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    digest = hashlib.sha512(key.encode() + body).hexdigest()
    return Incoming("POST", f"{ADDRESS}/notify", {"authorization": f"WP3-callback {digest}"} | headers, body, {}, {})


# ── Published strings ──


def test_the_digest_of_an_order_is_the_published_one():
    """docs.monri.com "How to calculate digest", which prints the first 90 characters; the rest is computed."""
    assert order_digest(KEY, "abcdef", Money(54321, "EUR")) == (
        "f71b8c1560bd7511ba2f0307b3823c06dd39042cd77480543e3d7bf9f3eefa6debed252979ba8edc7a82d9f111"
        "d90f8e31c1c7ab5af39796b26e59a0b2d7cf98"
    )


def test_the_xml_of_a_change_is_the_published_one():
    """docs.monri.com "Transaction management", the elements; its digest is of a key it does not print."""
    document = transactions.change_request("11qqaazz", Money(54321, "EUR"), token=TOKEN, key=KEY)
    assert document == (
        b"<?xml version='1.0' encoding='UTF-8'?>\n<transaction><amount>54321</amount><currency>EUR</currency>"
        b"<digest>885945c97f5470a4ef9e7fdb332e94191904bc5f</digest>"
        b"<authenticity-token>7db11ea5d4a1af32421b564c79b946d1ead3daf0</authenticity-token>"
        b"<order-number>11qqaazz</order-number></transaction>"
    )


def test_the_xml_of_a_question():
    document = transactions.show_request("abcdef", token=TOKEN, key=KEY)
    digest = hashlib.sha1(b"2345kljabcdef").hexdigest()
    assert f"<order-number>abcdef</order-number><authenticity-token>{TOKEN}</authenticity-token>" in document.decode()
    assert f"<digest>{digest}</digest></order>" in document.decode()


# ── The form ──


async def test_the_browser_is_sent_with_a_signed_form():
    started = await gateway().start(ORDER)
    assert started.url == "https://ipg.monri.com/v2/form"
    assert started.reference is None
    assert started.form == {
        "ch_full_name": "Željka Đurđević-Šćepan",
        "ch_email": "zeljka@example.com",
        "order_number": "1000000001",
        "order_info": "Komunalna naknada 2026",
        "amount": "125000",
        "currency": "EUR",
        "language": "hr",
        "transaction_type": "purchase",
        "authenticity_token": TOKEN,
        "digest": hashlib.sha512(b"2345klj1000000001125000EUR").hexdigest(),
        "supported_payment_methods": "card",
        "success_url_override": f"{ADDRESS}/return",
        "cancel_url_override": f"{ADDRESS}/return?order_number=1000000001",
        "callback_url_override": f"{ADDRESS}/notify",
    }


def test_what_the_payer_did_not_tell_is_said_by_the_town():
    chosen = settings(buyer={"address": "Ulica 1", "city": "Pregrada", "zip": "49218", "country": "HR"})
    payer = Payer(name="Jo", phone="+385 91\n234 5678", city="Krapina", ip="198.51.100.7")
    fields = form_fields(replace(ORDER, payer=payer, title="A", language="uk"), chosen, key=KEY, address=ADDRESS)
    assert {name: value for name, value in fields.items() if name.startswith("ch_")} == {
        "ch_address": "Ulica 1",
        "ch_city": "Krapina",
        "ch_zip": "49218",
        "ch_country": "HR",
        "ch_phone": "+385 91 234 5678",
    }
    assert fields["order_info"] == "A 1000000001"
    assert (fields["language"], fields["ip"]) == ("en", "198.51.100.7")


@given(name=st.text(max_size=80), title=st.text(max_size=200))
def test_no_text_of_a_payer_is_longer_or_shorter_than_monri_takes(name: str, title: str):
    order = replace(ORDER, payer=Payer(name=name), title=title)
    fields = form_fields(order, settings(), key=KEY, address=ADDRESS)
    assert 3 <= len(fields.get("ch_full_name", "xxx")) <= 30
    assert 3 <= len(fields["order_info"]) <= 100
    assert all(value.isprintable() for value in fields.values())


# ── The browser comes back ──

QUERY = (
    "acquirer=integration_acq&amount=125000&approval_code=629762&authentication=Y&cc_type=visa&ch_full_name=John+Doe"
    "&currency=EUR&custom_params=%7Ba%3Ab%2C+c%3Ad%7D&enrollment=Y&language=en&masked_pan=434179-xxx-xxx-0044"
    "&number_of_installments=&order_number=1000000001&response_code=0000"
)


def signed(query: str = QUERY, key: str = KEY) -> str:
    url = f"{ADDRESS}/return?{query}"
    return f"{url}&digest={hashlib.sha512((key + url).encode()).hexdigest()}"


async def test_a_return_is_verified_over_the_address_as_it_was_called():
    report = await gateway().read_return(returned(signed()))
    assert report.number == "1000000001"
    assert (report.outcome, report.amount, report.believed) == (Outcome.CAPTURED, Money(125_000, "EUR"), True)
    assert (report.approval, report.card) == ("629762", "434179-xxx-xxx-0044")


@pytest.mark.parametrize(
    "url",
    [
        signed(key="another"),
        signed().replace("amount=125000", "amount=1"),
        signed().replace("John+Doe", "John%20Doe"),
        signed() + "&amount=1",
        signed() + "&digest=" + "0" * 128,
        signed().rpartition("=")[0] + "=abc",
        f"{ADDRESS}/return?digest={'0' * 128}",
    ],
)
async def test_a_return_that_was_changed_is_forged(url: str):
    with pytest.raises(Forged):
        await gateway().read_return(returned(url))


@pytest.mark.parametrize("more", ["", "&order_number=1000000001", "?order_number=1000000001", "?response_code=1050"])
async def test_the_cancel_link_proves_nothing(more: str):
    report = await gateway().read_return(returned(f"{ADDRESS}/return?order_number=1000000001{more}"))
    assert (report.number, report.outcome, report.believed) == ("1000000001", Outcome.CANCELLED, False)


@pytest.mark.parametrize("query", ["", "?x=1", "?order_number=1000000001&order_number=1000000002", "?order_number=A1"])
async def test_a_return_about_no_order_is_unreadable(query: str):
    with pytest.raises(Unreadable):
        await gateway().read_return(returned(f"{ADDRESS}/return{query}"))


# ── Callbacks and webhooks ──


async def test_a_callback():
    report = await gateway().read_notification(notified(CALLBACK))
    assert report.number == "1000000001"
    assert (report.outcome, report.word) == (Outcome.CAPTURED, "purchase approved 0000")
    assert (report.amount, report.refunded) == (Money(125_000, "EUR"), None)
    assert (report.reference, report.message_id, report.approval) == ("1000000001", "186562", "914783")
    assert report.at == datetime(2019, 9, 6, 12, 24, 44, 906_000, tzinfo=UTC)
    assert report.card == "434179-xxx-xxx-0044"
    assert report.details["issuer"] == "zaba-hr"
    assert "xid" not in report.details


async def test_a_webhook_of_a_refund_tells_how_much():
    refund = CALLBACK | {"id": 186570, "transaction_type": "refund", "amount": 5_000}
    document = {"event": "transaction:refund:approved", "payload": refund}
    report = await gateway().read_notification(notified(document))
    assert (report.outcome, report.amount, report.refunded) == (Outcome.REFUNDED, None, Money(5_000, "EUR"))
    assert (report.reference, report.message_id) == ("1000000001", "186570")
    assert report.details["event"] == "transaction:refund:approved"
    many = await gateway(several_refunds=True).read_notification(notified(document))
    assert (many.outcome, many.refunded) == (Outcome.REFUNDED, None)
    assert many.details["transaction_amount"] == "50.00 EUR"


@pytest.mark.parametrize(
    "message",
    [
        notified(CALLBACK, key="another"),
        notified(CALLBACK, authorization=""),
        notified(CALLBACK, authorization="WP3-callback abc"),
        notified(CALLBACK, authorization="Bearer " + hashlib.sha512(KEY.encode() + b"{}").hexdigest()),
        replace(notified(CALLBACK), body=json.dumps(CALLBACK | {"amount": 1}).encode()),
        replace(notified(CALLBACK), body=notified(CALLBACK).body + b" "),
    ],
)
async def test_a_message_that_is_not_monris_is_forged(message: Incoming):
    with pytest.raises(Forged):
        await gateway().read_notification(message)


@pytest.mark.parametrize(
    "document",
    [
        b"not json",
        b"[1]",
        b'{"amount": NaN}',
        {},
        {"event": "payment-method:tokenized", "payload": {"pan_token": "x"}},
        {"event": "transaction:approved"},
        CALLBACK | {"order_number": "shop-17"},
        CALLBACK | {"amount": 1250.5},
        CALLBACK | {"amount": "sto"},
        CALLBACK | {"amount": -1},
        CALLBACK | {"currency": "KN"},
    ],
)
async def test_a_signed_message_that_makes_no_sense_is_unreadable(document: Any):
    with pytest.raises(Unreadable):
        await gateway().read_notification(notified(document))


async def test_a_refused_card_leaves_the_page_open():
    refused = CALLBACK | {"status": "declined", "response_code": "1016"}
    document = {"event": "transaction:purchase:declined", "payload": refused}
    report = await gateway().read_notification(notified(document))
    assert (report.outcome, report.reason) == (Outcome.OPEN, "insufficient_funds")
    closed = await gateway(retry_window=None).read_notification(notified(document))
    assert closed.outcome is Outcome.DECLINED


def test_acknowledgements():
    assert gateway().acknowledge(accepted=True).status == 200
    assert gateway().acknowledge(accepted=False).status == 400


# ── Tables ──


def test_every_reason_can_be_told():
    assert {reason for reason in statuses.REASONS.values() if reason} <= REASONS
    assert set(statuses.OUTCOMES) == {
        (kind, status)
        for kind in ("purchase", "authorize", "capture", "refund", "void")
        for status in ("approved", "declined", "invalid")
    }


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("purchase", "approved", "1050"), ("purchase", "declined", "0000"), ("purchase", "approved", ""),
     ("chargeback", "approved", "0000"), ("purchase", "settled", "0000"), ("", "", "")],
)  # fmt: skip
def test_what_contradicts_itself_is_unknown(kind: str, status: str, code: str):
    assert statuses.judge(kind, status, code).outcome is Outcome.UNKNOWN


def test_a_code_nobody_published_has_no_reason():
    assert statuses.judge("purchase", "declined", "7777") == statuses.Judged(
        Outcome.DECLINED, "purchase declined 7777", None
    )


# ── Settings ──


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"base_url": "https://ipgtest.monri.com/"}, "test system"),
        ({"base_url": "http://ipg.monri.com"}, "not https"),
        ({"authenticity_token": "6a13d79bde8da9320e88923cb3472fb638619ccb"}, "test merchant"),
    ],
)
def test_what_moves_no_money(changes: dict[str, Any], why: str | None):
    said = rehearsed(settings(**changes), SecretStr("a key of our own"))
    assert (said is None) if why is None else (why in str(said))


def test_the_published_key_moves_no_money():
    assert "test merchant" in str(rehearsed(settings(), SecretStr("TestKeyXULLyvgWyPJSwOHe")))


@pytest.mark.parametrize(
    "wrong",
    [{"authenticity_token": "short"}, {"merchant_key": "plain"}, {"retry_window": "0s"}, {"base_url": "ipg.monri.com"},
     {"base_url": "https://ipg.monri.com/?x"}, {"transaction_type": "sale"}],
)  # fmt: skip
def test_wrong_settings_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        settings(**wrong)
