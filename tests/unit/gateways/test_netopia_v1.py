"""NETOPIA, version 1 (mobilPay): the envelope, the XML, and that nothing of it is believed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lxml import etree

from adapters.payment_gateway.netopia import envelope, order_xml, statuses
from adapters.payment_gateway.netopia.gateway import Netopia
from adapters.payment_gateway.netopia.settings import NetopiaSettings, rehearsed
from hub.kernel.clock import FixedClock
from hub.kernel.errors import ConfigurationError, RemoteFault
from hub.kernel.money import Money
from hub.kit.certificates import read_private_key
from hub.ports.payment_gateway import (
    Asked,
    Forged,
    Incoming,
    Order,
    Outcome,
    Payer,
    RefundOrder,
    RefundOutcome,
    Unreadable,
)
from simulators.gateway_netopia import sealed
from simulators.kit.keys import certificate, public_key
from tests.support.gateways.driver import SECRETS, Stage, grounded, staged, surroundings
from tests.support.gateways.netopia import Driver

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
POS = "MUNI-HUBS-IMUL-ATOR-POS1"
ADDRESS = "https://moja.primaria.ro/payments/card"
SEAL = {"certificate": "netopia.crt", "private_key": {"secret": "netopia-pos-key"}}
V1 = {"protocol": "v1", "seal": SEAL, "api_key": None, "public_keys": []}
OURS = read_private_key(SECRETS["netopia-pos-key"].encode())
# Sealed by PHP 8.2's own openssl_seal to simulators/keys/netopia-pos.crt, as NETOPIA seals.
SEALED = {one["cipher"]: one for one in json.loads((Path(__file__).parent / "netopia_sealed.json").read_text())}
ORDER = Order(
    number="1000000001",
    amount=Money(20_010, "RON"),
    title="Impozit & taxe <2026>",
    language="ro",
    now=NOW,
    expires_at=NOW + timedelta(minutes=20),
    payer=Payer(name="Ileana Țepeș", email="ileana@example.com"),
)


def settings(**changes: Any) -> NetopiaSettings:
    return NetopiaSettings.model_validate({"pos_signature": POS} | V1 | changes)


def gateway(**changes: Any) -> Netopia:
    return Netopia(settings(**changes), surroundings(Driver(), ADDRESS, SECRETS), FixedClock(NOW))


def notified(form: dict[str, str]) -> Incoming:
    return Incoming("POST", f"{ADDRESS}/notify", {}, b"", {}, form)


def told(
    action: str = "confirmed", code: str = "0", processed: str = "200.10", pos: str = POS, number: str = "1"
) -> bytes:
    return (
        f'<order type="card" id="{number}"><signature>{pos}</signature><invoice currency="RON" amount="200.10"/>'
        f'<mobilpay timestamp="20261122110130" crc="c"><action>{action}</action><purchase>77</purchase>'
        f'<processed_amount>{processed}</processed_amount><error code="{code}">x</error></mobilpay></order>'
    ).encode()


async def read(document: bytes) -> Any:
    return await gateway().read_notification(
        notified(envelope.seal(document, cipher="aes-256-cbc", to=OURS.public_key()))
    )


# ── The envelope ──


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "rc4"])
async def test_what_php_sealed_is_opened(cipher: str):
    report = await gateway(seal=SEAL | {"cipher": cipher}).read_notification(notified(SEALED[cipher]))
    assert (report.number, report.reference, report.message_id) == (
        "1000000001",
        "3022507",
        "7c6a180b36896a0a8c02787eeafb0e4c",
    )
    assert (report.outcome, report.word, report.amount) == (Outcome.CAPTURED, "confirmed 0", Money(20_010, "RON"))
    assert report.at == datetime(2026, 11, 22, 10, 1, 30, tzinfo=UTC)
    assert report.card == "9****5098"
    assert report.details["message"] == "Tranzactia aprobata"
    assert not report.believed


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "rc4"])
async def test_what_we_seal_mobilpay_opens(cipher: str):
    started = await gateway(seal=SEAL | {"cipher": cipher}).start(ORDER)
    assert started.url == "https://secure.mobilpay.ro"
    assert started.form is not None
    assert set(started.form) == {"env_key", "data", "cipher", "iv"}
    order = sealed.opened(started.form)
    assert order.attrib == {"type": "card", "id": "1000000001", "timestamp": "20261122100000"}
    assert [child.tag for child in order] == ["signature", "invoice", "ipn_cipher", "url"]
    assert order.find("invoice").attrib == {"currency": "RON", "amount": "200.10"}  # type: ignore[union-attr]
    assert order.findtext("invoice/details") == "Impozit+%26+taxe+%3C2026%3E"
    assert sealed.text(order, "invoice/contact_info/billing/last_name") == "Țepeș"
    assert order.findtext("ipn_cipher") == cipher
    assert order.findtext("url/confirm") == f"{ADDRESS}/notify"
    assert order.findtext("url/return") == f"{ADDRESS}/return?order=1000000001"
    again = await gateway(seal=SEAL | {"cipher": cipher}).start(ORDER)
    assert again.form is not None
    assert again.form["data"] != started.form["data"]


async def test_the_page_speaks_english_to_others():
    assert (await gateway().start(replace(ORDER, language="uk"))).url == "https://secure.mobilpay.ro/en"


@pytest.mark.parametrize(
    "form",
    [
        SEALED["rc4"],
        {name: value for name, value in SEALED["aes-256-cbc"].items() if name != "cipher"},
        SEALED["aes-256-cbc"] | {"env_key": SEALED["rc4"]["env_key"]},
        SEALED["aes-256-cbc"] | {"iv": ""},
        SEALED["aes-256-cbc"] | {"data": SEALED["aes-256-cbc"]["data"][:-24]},
        envelope.seal(told(), cipher="aes-256-cbc", to=public_key(certificate("stranger"))),
    ],
)
async def test_what_is_not_sealed_to_us_is_forged(form: dict[str, str]):
    with pytest.raises((Forged, Unreadable)):
        await gateway().read_notification(notified(form))


@pytest.mark.parametrize(
    "form", [{}, {"env_key": "x", "data": ""}, {"env_key": "é", "data": "é", "cipher": "aes-256-cbc"}]
)
async def test_what_is_no_envelope_is_unreadable(form: dict[str, str]):
    with pytest.raises(Unreadable):
        await gateway().read_notification(notified(form))


# ── What stands in it ──


@pytest.mark.parametrize(
    ("action", "code", "outcome", "reason"),
    [
        ("confirmed", "0", Outcome.CAPTURED, None),
        ("confirmed", "20", Outcome.DECLINED, "insufficient_funds"),
        ("paid", "0", Outcome.PENDING, None),
        ("paid", "35", Outcome.DECLINED, "declined_by_bank"),
        ("paid_pending", "0", Outcome.PENDING, None),
        ("confirmed_pending", "0", Outcome.PENDING, None),
        ("canceled", "0", Outcome.REVERSED, None),
        ("credit", "0", Outcome.REFUNDED, None),
        ("credit", "54", Outcome.UNKNOWN, None),
        ("canceled", "51", Outcome.UNKNOWN, None),
        ("munihub_new", "0", Outcome.UNKNOWN, None),
        ("", "0", Outcome.UNKNOWN, None),
    ],
)
async def test_actions(action: str, code: str, outcome: Outcome, reason: str | None):
    report = await read(told(action, code))
    assert (report.outcome, report.reason, report.believed) == (outcome, reason, False)
    assert report.amount == (None if action == "credit" else Money(20_010, "RON"))


async def test_the_table_of_actions_is_total():
    assert set(statuses.ACTIONS) == {"paid_pending", "confirmed_pending", "paid", "confirmed", "credit", "canceled"}


async def test_an_action_without_an_error_element_did_not_succeed():
    document = told().replace(b'<error code="0">x</error>', b"")
    assert (await read(document)).outcome is Outcome.DECLINED


async def test_what_was_processed_counts_and_not_what_was_ordered():
    assert (await read(told(processed="100.00"))).amount == Money(10_000, "RON")


@pytest.mark.parametrize(
    "document",
    [
        b"not xml",
        b"<!DOCTYPE order [<!ENTITY a 'b'>]>" + told(),
        b"<bestellung/>",
        told(number="R-973"),
        told(processed="1.001"),
        told(processed="sto"),
        told().replace(b"<mobilpay", b"<mobil").replace(b"</mobilpay", b"</mobil"),
    ],
)
async def test_a_document_that_makes_no_sense_is_unreadable(document: bytes):
    with pytest.raises(Unreadable):
        await read(document)


async def test_another_point_of_sale_is_forged():
    with pytest.raises(Forged):
        await read(told(pos="ANOT-HERP-OINT-OFSA-LE01"))


async def test_our_xml_is_read_by_nobody_but_as_it_was_meant():
    zone = surroundings(Driver(), ADDRESS, SECRETS).timezone
    document = order_xml.order_document(
        replace(ORDER, title="]]> <x/>"), settings(), address=ADDRESS, zone=zone, cipher="rc4"
    )
    assert sealed.text(etree.fromstring(document), "invoice/details") == "]]> <x/>"


# ── What cannot be done ──


async def test_without_an_api_key_somebody_must_look():
    with pytest.raises(RemoteFault, match="without api_key") as caught:
        await gateway().query(Asked("1000000001", None, Money(20_010, "RON")))
    assert caught.value.reached is False
    steps = await gateway().check()
    assert [(step.name, step.ok) for step in steps] == [("settings", True), ("connection", False)]


@pytest.mark.parametrize("key", [None, {"secret": "netopia-api"}])
async def test_nothing_is_given_back(key: dict[str, str] | None):
    order = RefundOrder("k", "1000000001", "77", Money(100, "RON"), Money(20_010, "RON"), Money(0, "RON"))
    given = await gateway(api_key=key).refund(order)
    assert (given.outcome, given.word) == (RefundOutcome.REFUSED, "v1")


async def test_acknowledgements():
    taken, refused = gateway().acknowledge(accepted=True), gateway().acknowledge(accepted=False)
    assert (taken.status, taken.media_type) == (200, "application/xml")
    assert taken.body == b'<?xml version="1.0" encoding="utf-8"?>\n<crc>OK</crc>'
    assert refused.body == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<crc error_type="1" error_code="268435713">the message was not accepted</crc>'
    )


async def test_what_moves_no_money():
    assert rehearsed(settings()) is None
    assert "test system" in str(rehearsed(settings(page_url="https://sandboxsecure.mobilpay.ro")))


async def test_a_key_that_is_none_is_refused():
    with pytest.raises(ConfigurationError) as caught:
        gateway(seal=SEAL | {"certificate": "README.md"})
    assert caught.value.key == "seal.certificate"


# ── Against the simulator ──

Playing = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing() -> AsyncIterator[Playing]:
    driver = Driver()
    async with grounded(driver) as ground:
        yield lambda **settings: staged(driver, ground, **(V1 | {"page_url": ground.url} | settings))


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "rc4"])
async def test_paid_and_told_and_not_believed(playing: Playing, cipher: str):
    async with playing(seal=SEAL | {"cipher": cipher}) as stage:
        order = stage.order(language="ro")
        started = await stage.gateway.start(order)
        assert started.reference is None
        brought = await stage.pay(started, do="approve")
        assert (await stage.gateway.read_return(brought)).number == order.number
        [message] = stage.shop.notified
        report = await stage.gateway.read_notification(message)
        assert (report.number, report.outcome, report.amount) == (order.number, Outcome.CAPTURED, order.amount)
        assert not report.believed


async def test_with_an_api_key_an_order_of_version_1_is_asked_about(playing: Playing):
    async with playing(api_key={"secret": "netopia-api"}) as stage:
        order = stage.order(language="ro")
        started = await stage.gateway.start(order)
        await stage.pay(started, do="approve")
        report = await stage.gateway.query(await stage.asked(order, started))
        assert (report.outcome, report.amount, report.believed) == (Outcome.CAPTURED, order.amount, True)


@pytest.mark.parametrize(
    ("switch", "outcome", "minor"),
    [("altered_amount", Outcome.CAPTURED, 123_455), ("unknown_state", Outcome.UNKNOWN, 123_456)],
)
async def test_what_is_wrong_is_told_as_it_came(playing: Playing, switch: str, outcome: Outcome, minor: int):
    async with playing() as stage:
        page = await stage.open(await stage.gateway.start(stage.order(language="ro")))
        await stage.switch(wrong=[switch])
        await stage.press(page, do="approve")
        report = await stage.gateway.read_notification(stage.shop.notified[-1])
        assert (report.outcome, report.amount) == (outcome, Money(minor, "RON"))


async def test_what_is_sealed_to_somebody_else_is_forged(playing: Playing):
    async with playing() as stage:
        page = await stage.open(await stage.gateway.start(stage.order(language="ro")))
        await stage.switch(wrong=["wrong_signature"])
        await stage.press(page, do="approve")
        with pytest.raises(Forged):
            await stage.gateway.read_notification(stage.shop.notified[-1])
