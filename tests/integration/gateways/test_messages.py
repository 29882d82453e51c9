"""What comes to the doors: forged, altered, repeated, out of order, slow, too large. Nothing changes wrongly, all is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from hub.gateways import messages
from hub.gateways.model import State
from hub.kernel.errors import Conflict, NotReady
from hub.kernel.money import Money
from hub.ports.payment_gateway import Outcome, Report
from portal_api.payments import gateways as doors
from tests.integration.gateways.harness import CITY_ID, Stage
from tests.support.hub import SECRETS


async def tell(town: Stage, number: str, *, gateway: str = "kartica", signed: bool = True, **changes: Any) -> Any:
    """A notification as the sandbox sends it; `changes` are under a good signature."""
    order = {
        "merchant": "pregrada",
        "id": changes.pop("id", None) or await reference(town, number),
        "number": number,
        "state": "captured",
        "amount": 12550,
        "currency": "EUR",
        "refunded": 0,
        "at": town.clock.now().isoformat(),
        **changes,
    }
    body = json.dumps(order).encode()
    key = SECRETS["pregrada-sandbox"] if signed else "guessed"
    signature = hmac.new(key.encode(), b"notification\n\n" + body, hashlib.sha256).hexdigest()
    url = f"{town.url}/proba/payments/{gateway}/notify"
    return await town.client.post(url, content=body, headers={"sandbox-signature": signature})


async def reference(town: Stage, number: str) -> str:
    rows = await town.rows("select reference from gateway_attempts where number = $1", number)
    return rows[0]["reference"] if rows else "none"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": 12549}, "other_amount"),
        ({"amount": 1255000}, "other_amount"),
        ({"currency": "HUF"}, "other_currency"),
        ({"id": "another"}, "other_reference"),
        ({"refunded": 99999}, "other_amount"),
    ],
)
async def test_what_is_not_what_was_ordered_changes_nothing(town: Stage, changes, why):
    charge, _ = await town.begun()
    before = await town.attempt(charge)
    assert (await tell(town, before.number, **changes)).status_code == 200
    await town.judge()
    assert await town.attempt(charge) == before
    assert await town.paid(charge) == ("started", 0)
    assert await town.messages() == [("notification", "refused", why)]
    assert await town.alerts() == [("gateway_message_refused", why)]


async def test_forged_unreadable_and_foreign_messages_are_kept_and_refused(town: Stage):
    charge, _ = await town.begun()
    number = (await town.attempt(charge)).number
    assert (await tell(town, number, signed=False)).status_code == 400
    assert (await tell(town, number, merchant="vzorov")).status_code == 400  # Another merchant's, well signed.
    url = f"{town.url}/proba/payments/kartica/notify"
    assert (await town.client.post(url, content=b"\x00\xff", headers={"content-type": "x/y"})).status_code == 400
    assert (await tell(town, "1234567890")).status_code == 200
    assert (await tell(town, number, gateway="voda")).status_code == 400  # To another gateway of the town.
    assert (await town.client.post(f"{town.url}/proba/payments/nobody/notify", content=b"x")).status_code == 404
    await town.judge()
    assert [(verdict, why) for _, verdict, why in await town.messages()] == [
        ("refused", "forged"),
        ("refused", "forged"),
        ("refused", "forged"),
        ("refused", "unknown_order"),
        ("refused", "forged"),
    ]
    assert {kind for kind, _ in await town.alerts()} == {"gateway_message_refused"}
    assert await town.paid(charge) == ("started", 0)


async def test_a_repeated_message_counts_once(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("duplicate")
    await town.pay(onward)
    await town.judge()
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)
    assert [verdict for _, verdict, _ in await town.messages()] == ["applied", "repeated"]


async def test_declined_told_after_captured_changes_nothing_and_is_asked_about(town: Stage):
    charge, onward = await town.begun()
    await town.pay(onward)
    await town.judge()
    number = (await town.attempt(charge)).number
    assert (await tell(town, number, state="declined")).status_code == 200
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)
    assert await town.alerts() == [("gateway_contradiction", "captured_before")]
    await town.ask(timedelta())  # The gateway says captured: the message had been overtaken.
    assert await town.alerts() == []
    assert (await town.attempt(charge)).state is State.CAPTURED
    await tell(town, number, state="pending")
    await town.judge()
    assert (await town.messages())[-1] == ("notification", "repeated", "late")


async def test_a_gateway_that_takes_back_its_word_is_told_to_somebody(town: Stage):
    charge, onward = await town.begun()
    await town.pay(onward)
    await town.judge()
    await town.happen((await town.attempt(charge)).number, state="declined")
    await town.ask(timedelta(days=1))
    assert await town.paid(charge) == ("paid", 12550)
    assert (await town.attempt(charge)).state is State.CAPTURED
    assert await town.alerts() == [("gateway_contradiction", "captured_before")]


async def test_an_altered_answer_to_our_question_is_not_believed(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("lost")
    await town.pay(onward)
    await town.wrong("wrong_signature")
    await town.ask()
    assert await town.paid(charge) == ("started", 0)
    await town.wrong("altered_amount")
    await town.ask()
    assert await town.paid(charge) == ("started", 0)
    assert (await town.attempt(charge)).state is State.UNKNOWN
    assert await town.alerts() == [("attempt_unknown", "other_amount")]
    await town.wrong()
    await town.ask(timedelta(minutes=30))
    assert await town.paid(charge) == ("paid", 12550)
    assert await town.alerts() == []


async def test_a_message_is_kept_as_it_came_without_the_browsers_cookies(town: Stage):
    charge, _ = await town.begun()
    number = (await town.attempt(charge)).number
    await town.client.post(
        f"{town.url}/proba/payments/kartica/return?a=%2B&a=2",
        content=b"q=%C4%8D+x",
        headers={"content-type": "application/x-www-form-urlencoded", "cookie": "munihub_session_proba=x"},
    )
    await tell(town, number, note="čć")
    [first, second] = await town.rows("select message_id, content from gateway_messages order by message_id")
    assert number.encode() not in second["content"]  # It is encrypted.
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        [_, returned], [_, told] = [
            await messages.opened(connection, keys, row["message_id"]) or ("", {}) for row in (first, second)
        ]
    assert returned["url"] == f"{town.url}/proba/payments/kartica/return?a=%2B&a=2"
    assert returned["body"] == "cT0lQzQlOEQreA=="
    assert returned["problem"] == "unreadable"
    assert "cookie" not in returned["headers"]
    assert told["read"]["number"] == number


@pytest.mark.parametrize(
    ("signs_by", "sent", "kept"),
    [
        ("WP3-callback", "wp3-callback 0a1b", "wp3-callback 0a1b"),
        ("WP3-callback", "Basic YW5hOnRham5h", None),
        ("WP3-callback", "Bearer abc", None),
        ("WP3-callback", "abc", None),
        (None, "WP3-callback 0a1b", None),
        (None, "Basic YW5hOnRham5h", None),
    ],
)
async def test_authorization_is_kept_where_it_is_the_signature_and_no_credentials(
    town: Stage, monkeypatch, signs_by, sent, kept
):
    monkeypatch.setattr(type(town.town.gateways["kartica"]), "signs_by", signs_by)
    for door in ("notify", "return"):
        url = f"{town.url}/proba/payments/kartica/{door}"
        await town.client.post(url, content=b"{}", headers={"authorization": sent})
    found = []
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        for row in await connection.fetch("select message_id from gateway_messages"):
            _, content = await messages.opened(connection, keys, row["message_id"]) or ("", {})
            found.append(content["headers"].get("authorization"))
    assert found == [kept, kept]


async def test_a_flood_fills_no_disk(town: Stage, monkeypatch):
    monkeypatch.setattr(messages, "MOST_REFUSED", 3)
    for _ in range(5):
        await town.client.post(f"{town.url}/proba/payments/kartica/notify", content=b"{}")
    assert len(await town.messages()) == 3
    [row] = await town.rows("select times from alerts where kind = 'gateway_message_refused'")
    assert row["times"] == 5
    charge, onward = await town.begun()  # What is true gets through.
    await town.pay(onward)
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)


async def test_too_large_and_too_slow_messages(town: Stage, monkeypatch):
    url = f"{town.url}/proba/payments/kartica/notify"
    assert (await town.client.post(url, content=b"x" * (doors.LARGEST + 1))).status_code == 413
    monkeypatch.setattr(doors, "PATIENCE", 0.05)

    async def dripping():
        yield b"{"
        import asyncio

        await asyncio.sleep(0.5)
        yield b"}"

    assert (await town.client.post(url, content=dripping())).status_code == 400
    assert await town.messages() == []


async def test_a_browser_that_proves_nothing_is_led_nowhere(town: Stage):
    charge, _onward = await town.begun()
    number = (await town.attempt(charge)).number
    forged = await town.client.get(
        f"{town.url}/proba/payments/kartica/return",
        params={"merchant": "pregrada", "number": number, "id": "x", "state": "captured", "signature": "00"},
    )
    assert forged.status_code == 200
    assert "location" not in forged.headers
    assert await town.paid(charge) == ("started", 0)
    assert (await town.attempt(charge)).returned_at is None
    assert await town.messages() == [("return", "refused", "forged")]


async def test_our_own_mistake_keeps_the_message_and_does_not_say_that_all_is_well(town: Stage, monkeypatch):
    charge, _ = await town.begun()

    async def breaks(_):
        raise ZeroDivisionError

    monkeypatch.setattr(town.town.gateways["kartica"], "read_notification", breaks)
    assert (await tell(town, (await town.attempt(charge)).number)).status_code == 400
    assert await town.messages() == [("notification", "refused", "adapter_failed")]


@pytest.mark.parametrize("changes", [{"believed": False}, {"amount": Money(1, "EUR")}])
async def test_what_is_not_believed_leaves_no_name_of_the_order_behind(town: Stage, monkeypatch, changes):
    charge = await town.charge()
    await town.wrong("drop_after", only_next=1)
    with pytest.raises(NotReady):
        await town.start(charge)
    number = (await town.attempt(charge)).number
    said = {"amount": Money(12550, "EUR"), "reference": "chosen by a stranger", **changes}

    async def sealed_by_anybody(_):
        return Report(number, Outcome.CAPTURED, "confirmed", **said)

    monkeypatch.setattr(town.town.gateways["kartica"], "read_notification", sealed_by_anybody)
    await town.client.post(f"{town.url}/proba/payments/kartica/notify", content=b"x")
    await town.judge()
    assert (await town.attempt(charge)).reference is None
    await town.ask()
    assert (await town.attempt(charge)).state is State.OPEN


async def test_one_good_return_brought_again_and_again_fills_no_disk_and_asks_the_gateway_seldom(
    town: Stage, monkeypatch
):
    monkeypatch.setattr(messages, "MOST_RETURNS", 3)
    charge, _ = await town.begun()
    signed = {"merchant": "pregrada", "number": (await town.attempt(charge)).number}
    signed |= {"id": (await town.attempt(charge)).reference or "", "state": "open"}
    text = "|".join(signed.values()).encode()
    key = SECRETS["pregrada-sandbox"].encode()
    signature = hmac.new(key, b"return\n\n" + text, hashlib.sha256).hexdigest()
    for _ in range(5):
        back = await town.client.get(
            f"{town.url}/proba/payments/kartica/return", params={**signed, "signature": signature}
        )
        assert back.status_code == 303
    assert await town.messages() == [("return", "asked", "browser")] * 3
    await town.ask(timedelta(seconds=1))
    asked = (await town.attempt(charge)).asks
    await town.client.get(f"{town.url}/proba/payments/kartica/return", params={**signed, "signature": signature})
    await town.ask(timedelta(0))
    assert (await town.attempt(charge)).asks == asked


async def test_what_cannot_be_booked_waits_and_somebody_is_told(town: Stage, monkeypatch):
    charge, onward = await town.begun()
    await town.pay(onward)

    async def cannot(*_, **__):
        raise Conflict("This money was counted before.")

    monkeypatch.setattr(town.worker.payments, "captured", cannot)
    await town.judge()
    assert await town.messages() == [("notification", "waiting", None)]
    assert await town.alerts("gateway_message_waits") == [("gateway_message_waits", "conflict")]
    monkeypatch.undo()
    await town.judge()
    assert (await town.paid(charge), await town.alerts("gateway_message_waits")) == (("paid", 12550), [])
