from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.payment_gateway.csob.messages import CURRENCIES, OurOrder, init, merchant_data, our_order
from hub.kernel.money import Money, minor_units
from hub.ports.payment_gateway import Order, Payer

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
ORDER = Order(
    number="1000000042",
    amount=Money(123456, "CZK"),
    title="Poplatek za psa",
    language="cs",
    now=NOW,
    expires_at=NOW + timedelta(minutes=15),
    payer=Payer(),
)


def body(order: Order = ORDER, *, with_customer: bool = True) -> dict:
    url = "https://moje.vzorov.cz/payments/kartica/return"
    return init(order, return_url=url, return_method="POST", close_at_once=True, with_customer=with_customer)


def test_the_whole_of_an_init():
    assert body() == {
        "orderNo": "1000000042",
        "payOperation": "payment",
        "payMethod": "card",
        "totalAmount": 123456,
        "currency": "CZK",
        "closePayment": True,
        "returnUrl": "https://moje.vzorov.cz/payments/kartica/return",
        "returnMethod": "POST",
        "cart": [{"name": "Poplatek za psa", "quantity": 1, "amount": 123456}],
        "merchantData": "MTAwMDAwMDA0MnwxMjM0NTZ8Q1pL",
        "language": "cs",
        "ttlSec": 900,
    }


@pytest.mark.parametrize(
    ("title", "item"),
    [
        ("Příspěvek na hasiče", {"name": "Příspěvek na hasiče"}),
        ("Poplatek za komunální odpad 2026, II. pololetí",
         {"name": "Poplatek za komunáln", "description": "Poplatek za komunální odpad 2026, II. po"}),
        ("  a|b \n c ", {"name": "a b c"}),
        (" | ", {"name": "1000000042"}),
    ],
)  # fmt: skip
def test_what_the_payer_reads(title, item):
    assert body(replace(ORDER, title=title))["cart"] == [item | {"quantity": 1, "amount": 123456}]


@pytest.mark.parametrize(
    ("payer", "customer"),
    [
        (Payer(), None),
        (Payer(name=" Růžena Příhodová ", email="r@example.com", phone="+420 603 123 456"),
         {"name": "Růžena Příhodová", "email": "r@example.com", "mobilePhone": "+420.603123456"}),
        (Payer(phone="+385 91 (234) 5678"), {"mobilePhone": "+385.912345678"}),
        (Payer(phone="+49-170.1234567"), {"mobilePhone": "+49.1701234567"}),
        (Payer(phone="+1 202 555 0123"), {"mobilePhone": "+1.2025550123"}),
        (Payer(phone="603123456"), None),
        (Payer(email="not an address"), None),
        (Payer(email="x" * 95 + "@e.com"), None),
        (Payer(name="x" * 50), {"name": "x" * 45}),
        (Payer(street="Dlouhá 1", ip="192.0.2.1"), None),
    ],
)  # fmt: skip
def test_the_customer_as_far_as_known(payer, customer):
    assert body(replace(ORDER, payer=payer)).get("customer") == customer
    assert "customer" not in body(replace(ORDER, payer=payer), with_customer=False)


@pytest.mark.parametrize(("language", "sent"), [("cs", "cs"), ("hr", "hr"), ("uk", "en"), ("sr-Latn", "en")])
def test_a_language_the_page_has(language, sent):
    assert body(replace(ORDER, language=language))["language"] == sent


@pytest.mark.parametrize(("minutes", "seconds"), [(-5, 300), (1, 300), (5, 300), (17, 1020), (30, 1800), (90, 1800)])
def test_how_long_the_page_lives(minutes, seconds):
    assert body(replace(ORDER, expires_at=NOW + timedelta(minutes=minutes)))["ttlSec"] == seconds


def test_all_amounts_are_hundredths():
    assert {minor_units(currency) for currency in CURRENCIES} == {2}


@given(st.integers(10**9, 10**10 - 1), st.integers(1, 10**14), st.sampled_from(sorted(CURRENCIES)))
def test_our_order_comes_back(number, minor, currency):
    order = replace(ORDER, number=str(number), amount=Money(minor, currency))
    data = merchant_data(order)
    assert our_order(data) == OurOrder(str(number), Money(minor, currency))
    assert len(data) <= 255


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "1000000042|1", "1000000042|-1|CZK", "0000000042|1|CZK", "1000000042|1|czk", "1000000042|1.5|CZK"),
        *("1000000042|1|CZK\n", " 1000000042|1|CZK", "1000000042|1|CZK|", "10000000420|1|CZK", "1000000042|٣|CZK"),
    ],
)
def test_what_is_not_our_order(text):
    assert our_order(base64.b64encode(text.encode()).decode()) is None


@pytest.mark.parametrize("data", ["", "?", "MTAwMDAwMDA0MnwxMjM0NTZ8Q1pL\n", "ž", "/w=="])
def test_what_is_not_even_base64_of_text(data):
    assert our_order(data) is None
