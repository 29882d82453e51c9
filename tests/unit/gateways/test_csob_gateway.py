"""What the contract suite does not ask of every gateway: ČSOB's own settings, states and mistakes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
import pytest_asyncio

from adapters.payment_gateway.csob import signing
from adapters.payment_gateway.csob.gateway import Csob
from adapters.payment_gateway.csob.signing import sign, signed_text
from hub.kernel.errors import ConfigurationError, RemoteFault, RemoteRefused
from hub.kernel.money import Money
from hub.ports.payment_gateway import Asked, Forged, Incoming, Outcome, RefundOutcome, Unreadable
from simulators.kit.keys import certificate, credential, public_key
from tests.support.gateways.csob import Driver
from tests.support.gateways.driver import Ground, Stage, grounded, staged

pytestmark = pytest.mark.asyncio(loop_scope="module")
DRIVER = Driver()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    async with grounded(DRIVER) as ground:
        yield ground


@pytest_asyncio.fixture(loop_scope="module")
async def stage(ground: Ground) -> AsyncIterator[Stage]:
    async with staged(DRIVER, ground) as stage:
        yield stage


async def payment(stage: Stage, asked: Asked) -> dict[str, Any]:
    """As the simulator has it."""
    listed = (await stage.http.get(f"{stage.url}/_control/payments")).json()
    return next(one for one in listed if one["payId"] == asked.reference)


# ── Settings by which the sources differ ──


async def test_the_browser_comes_back_by_get(ground):
    async with staged(DRIVER, ground, return_method="GET") as stage:
        order = stage.order()
        started = await stage.gateway.start(order)
        brought = await stage.pay(started, do="approve")
        assert brought.method == "GET"
        report = await stage.gateway.read_return(brought)
        assert (report.number, report.amount, report.outcome) == (order.number, order.amount, Outcome.CAPTURED)
        assert report.reference == started.reference
        for forged in DRIVER.forged(brought):
            with pytest.raises((Forged, Unreadable)):
                await stage.gateway.read_return(forged)


async def test_we_close_what_is_confirmed(ground):
    async with staged(DRIVER, ground, close="by_us") as stage:
        order, asked = await stage.paid()
        assert (await payment(stage, asked))["paymentStatus"] == 4
        await stage.switch(wrong=["drop_after"])
        with pytest.raises(Exception, match="payment/close"):
            await stage.gateway.query(asked)
        assert (await payment(stage, asked))["paymentStatus"] == 7
        await stage.switch()
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.word) == (Outcome.CAPTURED, "7 awaiting settlement")
        assert (await payment(stage, asked))["totalAmount"] == order.amount.minor


async def test_somebody_else_closes(ground):
    async with staged(DRIVER, ground, close="elsewhere") as stage:
        _, asked = await stage.paid()
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.word) == (Outcome.PENDING, "4 confirmed")
        assert (await payment(stage, asked))["paymentStatus"] == 4
    async with staged(DRIVER, ground, close="elsewhere", captured_from=4) as stage:
        assert (await stage.gateway.query(asked)).outcome is Outcome.CAPTURED


async def test_money_only_when_it_is_charged(ground):
    async with staged(DRIVER, ground, captured_from=8) as stage:
        _, asked = await stage.paid()
        assert (await stage.gateway.query(asked)).outcome is Outcome.PENDING
        await stage.control("day-end")
        report = await stage.gateway.query(asked)
        assert (report.outcome, report.word) == (Outcome.CAPTURED, "8 charged")


async def test_the_signature_of_a_cart_without_description(ground):
    """The gateway follows the specification, so that the setting for another one is refused by it."""
    async with staged(DRIVER, ground, empty_slots=True) as stage:
        with pytest.raises(RemoteRefused, match="401"):
            await stage.gateway.start(stage.order(title="Pes"))
        assert await stage.gateway.start(stage.order(title="Poplatek za komunální odpad 2026"))


# ── Giving back ──


async def test_a_part_before_settlement_is_refused_and_the_whole_reversed(stage):
    order, asked = await stage.paid(90_000)
    report = await stage.gateway.refund(stage.refund(order, asked, 30_000))
    assert (report.outcome, report.word) == (RefundOutcome.REFUSED, "7 awaiting settlement")
    assert "next day" in report.detail
    assert (await payment(stage, asked))["paymentStatus"] == 7

    whole = await stage.gateway.refund(stage.refund(order, asked, 90_000))
    assert (whole.outcome, whole.word, whole.reference) == (RefundOutcome.DONE, "5 revoked", asked.reference)
    again = await stage.gateway.refund(stage.refund(order, asked, 90_000))
    assert (again.outcome, again.word) == (RefundOutcome.DONE, "5 revoked")
    assert (await stage.gateway.query(asked)).outcome is Outcome.REVERSED


async def test_a_gateway_that_refunds_before_settlement(ground):
    async with staged(DRIVER, ground, refund_from=7) as stage:
        order, asked = await stage.paid(90_000)
        report = await stage.gateway.refund(stage.refund(order, asked, 30_000))
        # It was asked, and says itself that it does not.
        assert (report.outcome, report.word) == (
            RefundOutcome.REFUSED,
            "150 payment not in valid state, 7 awaiting settlement",
        )


async def test_a_refund_takes_its_time_and_is_not_sent_twice_meanwhile(stage):
    order, asked = await stage.paid(90_000)
    await stage.control("day-end")
    wanted = stage.refund(order, asked, 30_000)
    first = await stage.gateway.refund(wanted)
    assert (first.outcome, first.word) == (RefundOutcome.PENDING, "8 charged")
    second = await stage.gateway.refund(wanted)
    assert (second.outcome, second.word) == (RefundOutcome.PENDING, "9 refund processing")
    assert (await payment(stage, asked))["refunded"] == 30_000
    assert (await stage.gateway.query(asked)).word == "10 refunded"


async def test_what_was_given_back_without_our_knowing_is_in_doubt(stage):
    order, asked = await stage.paid(90_000)
    await stage.control("day-end")
    wanted = stage.refund(order, asked, 30_000)
    await stage.gateway.refund(wanted)
    while (await stage.gateway.query(asked)).outcome is not Outcome.REFUNDED:
        pass
    with pytest.raises(RemoteFault, match="not known here") as caught:
        await stage.gateway.refund(wanted)
    assert caught.value.reached is None
    assert (await payment(stage, asked))["refunded"] == 30_000

    known = await stage.gateway.refund(stage.refund(order, asked, 60_000, already=30_000))
    assert (known.outcome, known.word) == (RefundOutcome.DONE, "10 refunded")
    assert (await payment(stage, asked))["refunded"] == 90_000


async def test_a_refund_without_a_payment_id(stage):
    order = stage.order()
    report = await stage.gateway.refund(stage.refund(order, Asked(order.number, None, order.amount), 100))
    assert (report.outcome, report.word) == (RefundOutcome.REFUSED, "no payId")


# ── What it says ──


async def test_reasons_are_told_where_the_bank_tells_them(stage):
    declined = stage.order()
    started = await stage.gateway.start(declined)
    report = await stage.gateway.read_return(await stage.pay(started, do="pay", card="4000000000009995"))
    assert (report.outcome, report.reason) == (Outcome.DECLINED, "declined_by_bank")
    assert report.details == {"resultCode": "0", "statusDetail": "insufficient funds"}

    cancelled = await stage.gateway.start(stage.order())
    report = await stage.gateway.read_return(await stage.pay(cancelled, do="cancel"))
    assert (report.outcome, report.reason) == (Outcome.CANCELLED, "cancelled_by_payer")


async def test_too_late_at_the_page(stage):
    order = stage.order()
    started = await stage.gateway.start(order)
    stage.clock.move(timedelta(minutes=21))
    page = await stage.open(started)
    # The page itself sends the browser home: by a form, which a program without scripts does not follow.
    fields = dict(_hidden(page.text))
    assert (fields["resultCode"], fields["paymentStatus"]) == ("130", "6")
    brought = Incoming("POST", f"{stage.shop.address}/return", {}, b"", {}, fields)
    report = await stage.gateway.read_return(brought)
    assert (report.outcome, report.reason, report.number) == (Outcome.EXPIRED, "timed_out", order.number)
    # Asked, the bank has one state for what expired and what was refused, and gives no reason.
    report = await stage.gateway.query(Asked(order.number, started.reference, order.amount))
    assert (report.outcome, report.reason) == (Outcome.DECLINED, None)


def _hidden(text: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', text)
    return [(unescape(name), unescape(value)) for name, value in found]


async def test_approval_and_reference(stage):
    _, asked = await stage.paid()
    report = await stage.gateway.query(asked)
    assert report.approval is not None
    assert len(report.approval) == 6
    assert (report.reference, report.amount, report.signed_order) == (asked.reference, None, True)


async def test_a_return_of_which_something_is_missing(stage):
    brought = await stage.pay(await stage.gateway.start(stage.order()), do="approve")
    for name in ("payId", "dttm", "resultCode", "signature"):
        form = {key: value for key, value in brought.form.items() if key != name}
        with pytest.raises(Unreadable, match=name):
            await stage.gateway.read_return(replace(brought, form=form))
    with pytest.raises(Unreadable):
        await stage.gateway.read_return(replace(brought, method="GET"))
    more = await stage.gateway.read_return(replace(brought, form={**brought.form, "utm_source": "x"}))
    assert more.outcome is Outcome.CAPTURED


async def test_a_return_cut_at_another_place_is_forged(stage):
    """The same signed text can be had from other values; none of them is a message of the bank."""
    brought = await stage.pay(await stage.gateway.start(stage.order()), do="approve")
    form = dict(brought.form)
    moved = {**form, "resultMessage": f"{form['resultMessage']}|{form['paymentStatus']}|{form['authCode']}"}
    del moved["paymentStatus"], moved["authCode"]
    assert signed_text(moved, signing.RETURN) == signed_text(form, signing.RETURN)
    with pytest.raises(Forged, match="separator"):
        await stage.gateway.read_return(replace(brought, form=moved))


async def test_a_message_of_the_bank_that_is_not_about_our_order(stage):
    said = {"payId": "x", "dttm": "20260102030405", "resultCode": "0", "resultMessage": "OK", "paymentStatus": "7"}
    said["signature"] = sign(signed_text(said, signing.RETURN), credential("csob").private)
    with pytest.raises(Unreadable, match="merchantData"):
        await stage.gateway.read_return(Incoming("POST", "", {}, b"", {}, said))


@pytest.mark.parametrize("title", ["Pes", "x" * 200, "Žluťoučký kůň | úpěl ďábelské ódy na poplatek"])
async def test_whatever_the_title(stage, title):
    started = await stage.gateway.start(stage.order(title=title))
    assert started.url.startswith(f"{stage.url}/api/v1.9/payment/process/M1VZOROV01/")
    assert (await stage.open(started)).status_code == 200


async def test_the_signature_is_one_part_of_the_path(stage):
    """It has `/`, `+` and `=`, which mean something else in an address."""
    address = (await stage.gateway.start(stage.order())).url.removeprefix(f"{stage.url}/api/v1.9/payment/process/")
    merchant, pay_id, dttm, signature = address.split("/")
    assert not set("+=") & set(signature)
    text = "|".join((merchant, unquote(pay_id), dttm))
    own = public_key(certificate("vzorov-csob"))
    assert signing.made_by(unquote(signature), text, [own])


async def test_the_page_takes_no_other_signature(stage):
    started = await stage.gateway.start(stage.order())
    other = await stage.gateway.start(stage.order())
    mixed = started.url.replace(str(started.reference).replace("@", "%40"), str(other.reference).replace("@", "%40"))
    assert mixed != started.url
    assert (await stage.http.get(mixed)).status_code == 401


async def test_a_currency_the_bank_does_not_take(stage):
    with pytest.raises(ConfigurationError, match=r"ČSOB takes no UAH\. It takes CZK, EUR"):
        await stage.gateway.start(stage.order(amount=Money(100, "UAH")))


async def test_nothing_is_listed(stage):
    now = datetime.now(UTC)
    assert await stage.gateway.listed(now - timedelta(days=1), now) == ()
    assert Csob.lists is False
