"""The page of a payment, the citizen's and the staff's doors."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest

from hub.authorisation import CITIZEN_SCOPES, STAFF_SCOPES
from hub.gateways.model import State
from hub.kernel.ids import new_uuid, public_id
from hub.kernel.money import Money
from hub.obligations.projection import ObligationProjection
from hub.payments.model import Source, Wanted
from hub.payments.states import RefundState
from hub.payments.states import State as ChargeState
from hub.ports.payment_gateway import Started
from hub.subjects import rotation
from hub.subjects import service as subjects
from hub.subjects.model import SubjectKind
from hub.worker import Work
from portal_api.citizen import payment_texts
from portal_api.login.languages import catalogues
from portal_api.payments import pages
from tests.integration.gateways.harness import CARD, CITY_ID, Stage
from tests.support.records import obligation, source


async def page_of(town: Stage, charge: UUID) -> str:
    [row] = await town.rows("select payment_id from charges where charge_id = $1", charge)
    return town.town.address + await town.api.gateways.page_path(town.town, row["payment_id"])


async def person(town: Stage) -> tuple[UUID, dict[str, str]]:
    async with town.worker.database.town(CITY_ID) as connection:
        subject_id = await subjects.create(connection, CITY_ID, SubjectKind.PERSON, "Ana Šćrbačić")
    return subject_id, headers(town, subject_id, CITIZEN_SCOPES)


def headers(town: Stage, subject_id: UUID | None, scopes: Any) -> dict[str, str]:
    token = town.worker.tokens.sign(town.town.city, subject_id, scopes, timedelta(hours=1))
    return {"Authorization": f"Bearer {token}", "Accept-Language": "hr"}


def form(text: str) -> tuple[str, dict[str, str]]:
    action = re.search(r'<form method="post" action="([^"]+)"', text)
    assert action is not None
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return unescape(action[1]), {name: unescape(value) for name, value in fields}


async def test_the_page_from_the_first_try_to_the_money(town: Stage):
    charge = await town.charge()
    page = await page_of(town, charge)
    first = await town.client.get(page, headers={"accept-language": "hr"})
    assert first.status_code == 200
    assert "Još nije plaćeno" in first.text
    assert "125,50" in first.text
    assert "Komunalna" not in first.text  # What it is for is nobody's business here.
    assert "<script" not in first.text
    policy = first.headers["content-security-policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self';" in policy
    kept = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"}
    assert {name: first.headers[name] for name in kept} == kept
    assert "refresh" not in first.headers

    action, fields = form(first.text)
    begun = await town.client.post(town.url + action, data=fields)
    assert begun.status_code == 303
    under_way = await town.client.get(town.url + begun.headers["location"])
    link = re.search(r'class="button" href="([^"]+)"', under_way.text)
    assert link is not None
    assert unescape(link[1]).startswith(f"{town.sandbox}/pay/")
    assert "refresh" not in under_way.headers  # It would take the keyboard away from what there is to press.
    assert "Novac još nije stigao." in under_way.text  # Not "nothing to do": she has to enter a card.

    refused = await town.client.post(unescape(link[1]), data={"do": "pay", "card": "4000000000009995"})
    back = await town.client.get(refused.headers["location"])
    assert town.url + back.headers["location"] == f"{page}&lang=hr"
    await town.judge()
    after = await town.client.get(page, headers={"accept-language": "en"})
    assert "not enough money" in after.text
    assert "Try again" in after.text
    assert "refresh" not in after.headers

    action, fields = form(after.text)
    again = await town.client.get(
        town.url + (await town.client.post(town.url + action, data=fields)).headers["location"]
    )
    link = re.search(r'class="button" href="([^"]+)"', again.text)
    assert link is not None
    await town.wrong("lost")
    await town.client.post(unescape(link[1]), data={"do": "pay", "card": "4111111111111111"})
    # She looks at the page: the gateway is asked, whatever became of its message.
    town.clock.move(timedelta(seconds=6))
    await town.client.get(page)
    await town.ask(timedelta())
    paid = await town.client.get(page, headers={"accept-language": "hr"})
    assert "Plaćeno" in paid.text
    assert "<form" not in paid.text
    assert "refresh" not in paid.headers


async def test_a_chosen_language_stays_and_amounts_are_written_in_it(town: Stage):
    page = await page_of(town, await town.charge(125050))
    browser = {"accept-language": "hr"}
    first = await town.client.get(f"{page}&lang=uk", headers=browser)
    assert "1\N{NO-BREAK SPACE}250,50\N{NO-BREAK SPACE}EUR" in first.text  # And not as in Croatian, the town's own.
    action, fields = form(first.text)
    begun = await town.client.post(town.url + action, data=fields, headers=browser)
    assert begun.headers["location"].endswith("&lang=uk")
    under_way = await town.client.get(town.url + begun.headers["location"], headers=browser)
    assert under_way.headers["content-language"] == "uk"
    [again] = re.findall(r'<a href="([^"]+)">Подивитися', under_way.text)
    assert unescape(again).endswith("&lang=uk")
    stray = await town.client.get(f"{page}&lang=%22%3E", headers=browser)
    assert (stray.headers["content-language"], "%22" in stray.text) == ("hr", False)


async def test_who_comes_back_reads_the_language_she_left_in(town: Stage):
    charge = await town.charge()
    action, fields = form((await town.client.get(f"{await page_of(town, charge)}&lang=sr-Latn")).text)
    begun = await town.client.post(town.url + action, data=fields)
    under_way = await town.client.get(town.url + begun.headers["location"])
    [link] = re.findall(r'class="button" href="([^"]+)"', under_way.text)
    assert '<html lang="sr">' in (await town.client.get(link)).text  # The gateway's own page, too.
    said = (await town.client.post(link, data=CARD, headers={"accept": "application/json"})).json()
    back = await town.client.get(said["url"], params=said["fields"], headers={"accept-language": "hr"})
    assert back.headers["location"].endswith("&lang=sr-Latn")
    query = httpx.QueryParams(said["fields"])
    posted = await town.client.post(f"{said['url']}?{query}", data={"x": "1"}, headers={"origin": town.sandbox})
    assert posted.headers["location"] == back.headers["location"]
    # Where it is not known which payment it was, too, unless she chooses another there; and nobody else writes there.
    door = f"{town.url}/proba/payments/kartica/return"
    answers = [await town.client.get(f"{door}/{path}") for path in ("uk", "uk?lang=ro", "%22%3E")]
    assert [one.headers["content-language"] for one in answers] == ["uk", "ro", "hr"]
    stray = await town.client.get(f"{door}/%22%3E", params=said["fields"])
    assert (stray.status_code, "lang" in stray.headers["location"]) == (303, False)


async def test_a_front_end_in_another_language_has_the_page_in_it(town: Stage):
    subject, ana = await person(town)
    charge = await town.charge(subject=subject)
    [row] = await town.rows("select payment_id from charges where charge_id = $1", charge)
    url = f"{town.url}/proba/v1/payments/{public_id('pay', row['payment_id'])}/attempts"
    begun = await town.client.post(url, headers={**ana, "Accept-Language": "uk"})
    assert begun.json()["page"] == f"{await page_of(town, charge)}&lang=uk"
    said = (await town.client.post(begun.json()["url"], data=CARD, headers={"accept": "application/json"})).json()
    back = await town.client.get(said["url"], params=said["fields"])
    assert town.url + back.headers["location"] == begun.json()["page"]


async def test_the_page_says_when_in_the_towns_zone(town: Stage):
    """Half past eleven in the evening in London is the next day in Zagreb."""
    town.clock.move(timedelta(hours=13, minutes=30))
    assert town.clock.now().isoformat() == "2026-11-21T23:30:00+00:00"
    charge = await town.charge()
    page = await page_of(town, charge)
    until = (
        '<dt>Može se platiti do</dt><dd><time datetime="2026-11-23T00:30+01:00">23. studenoga 2026. 00:30</time></dd>'
    )
    assert until in (await town.client.get(page)).text
    action, fields = form((await town.client.get(page)).text)
    await town.client.post(town.url + action, data=fields)
    under_way = (await town.client.get(page)).text
    assert "Može se upisati do 01:00." in under_way
    assert "<dt>Zaprimljeno</dt>" not in under_way
    async with town.worker.database.town(CITY_ID) as connection:
        keys, now, till = await town.worker.vault.keys(connection, CITY_ID), town.clock.now(), town.worker.payments
        for minor, kind in ((5000, "counter"), (7550, "statement_entry")):
            source = Source(kind, new_uuid())
            await till.captured(connection, keys, town.town, charge, Money(minor, "EUR"), source, now, now)
    await till.ask_refund(town.town, charge, Money(1000, "EUR"), "overpaid", "stf_1", "bank")
    paid = (await town.client.get(page)).text.replace("\N{NO-BREAK SPACE}", " ")
    # A bank tells days, and nobody else's times are made up for it.
    assert '<dd>50,00 € – <time datetime="2026-11-22T00:30+01:00">22. studenoga 2026. 00:30</time></dd>' in paid
    assert '<dd>75,50 € – <time datetime="2026-11-22">22. studenoga 2026.</time></dd>' in paid
    assert '<time datetime="2026-11-22">22. studenoga 2026.</time> – ' in paid
    assert "Može se platiti do" not in paid


async def test_the_page_says_when_it_was_over(town: Stage):
    page = await page_of(town, await town.charge())
    town.clock.move(timedelta(days=2))
    async with town.worker.database.town(CITY_ID) as connection:
        await town.worker.payments.expire(connection, CITY_ID, town.clock.now())
    over = (await town.client.get(page)).text
    assert '<dt>Završeno</dt><dd><time datetime="2026-11-23T11:00+01:00">23. studenoga 2026. 11:00</time></dd>' in over


async def test_a_payee_is_read_out_in_the_language_it_is_written_in(town: Stage):
    page = await page_of(town, await town.charge())
    assert '<dd lang="hr">Grad</dd>' in (await town.client.get(f"{page}&lang=uk")).text


async def test_it_renews_itself_while_there_is_nothing_to_press(town: Stage):
    charge, onward = await town.begun()
    page = await page_of(town, charge)
    await town.pay(onward, {"do": "pay", "card": "4000000000000119"}, back=True)
    await town.judge()
    waits = await town.client.get(page, headers={"accept-language": "hr"})
    assert waits.headers["refresh"] == "3"
    assert "Ne plaćajte ponovno" in waits.text
    [stop] = re.findall(r'<a href="([^"]+still=1[^"]*)"', waits.text)
    stopped = await town.client.get(town.url + unescape(stop))
    assert (stopped.status_code, "refresh" in stopped.headers, "still=1" in stopped.text) == (200, False, True)
    for after, seconds in ((timedelta(seconds=6), "15"), (timedelta(hours=1), "60")):
        town.clock.move(after)
        assert (await town.client.get(page)).headers["refresh"] == seconds


async def test_who_came_back_without_paying_has_time_to_press(town: Stage):
    charge, _ = await town.begun()
    page = await page_of(town, charge)
    await town.rows(
        "update gateway_attempts set returned_at = $2 where charge_id = $1 returning 1", charge, town.clock.now()
    )
    assert (await town.client.get(page)).headers["refresh"] == "3"
    town.clock.move(timedelta(seconds=30))
    pressed = await town.client.get(page)
    assert 'class="button"' in pressed.text
    assert pressed.headers["refresh"] == "60"


async def test_what_was_paid_at_the_counter_meanwhile_is_not_to_be_paid_again(town: Stage):
    charge, _ = await town.begun()
    async with town.worker.database.town(CITY_ID) as connection:
        keys, now = await town.worker.vault.keys(connection, CITY_ID), town.clock.now()
        source = Source("counter", new_uuid())
        await town.worker.payments.captured(connection, keys, town.town, charge, Money(12550, "EUR"), source, now, now)
    seen = await town.client.get(await page_of(town, charge), headers={"accept-language": "hr"})
    assert "Novac je stigao." in seen.text
    assert ('class="button"' in seen.text, "refresh" in seen.headers) == (False, False)


@pytest.mark.parametrize(("came", "said"), [(12550, "to be paid now"), (50, "begin again when")])
async def test_a_try_that_was_begun_is_not_gone_on_with_where_less_is_due_now(town: Stage, came, said):
    subject, ana = await person(town)
    charge = await town.charge(subject=subject)
    [row] = await town.rows("select payment_id from charges where charge_id = $1", charge)
    url = f"{town.url}/proba/v1/payments/{public_id('pay', row['payment_id'])}/attempts"
    first = await town.client.post(url, headers=ana)
    again = await town.client.post(url, headers=ana)
    assert (again.status_code, again.json()["url"]) == (first.status_code, first.json()["url"])
    async with town.worker.database.town(CITY_ID) as connection:
        keys, now = await town.worker.vault.keys(connection, CITY_ID), town.clock.now()
        source = Source("counter", new_uuid())
        await town.worker.payments.captured(connection, keys, town.town, charge, Money(came, "EUR"), source, now, now)
    refused = await town.client.post(url, headers=ana)
    assert (refused.status_code, said in refused.json()["detail"]) == (409, True), refused.text


@pytest.mark.parametrize(("begun", "came"), [(True, 12550), (False, 50)])
async def test_what_was_paid_by_transfer_meanwhile_is_not_to_be_paid_by_card(town: Stage, begun, came):
    charge = await town.charge()
    await _meant_for(town, charge, 12550)
    page = f"{await page_of(town, charge)}&lang=en"
    action, fields = form((await town.client.get(page)).text)
    if begun:
        await town.client.post(town.url + action, data=fields)
    async with town.worker.database.town(CITY_ID) as connection:
        keys, now = await town.worker.vault.keys(connection, CITY_ID), town.clock.now()
        [row] = await connection.fetch("select obligation_id from charge_items where charge_id = $1", charge)
        await town.worker.payments.receive(
            connection, keys, town.town, payee="grad", amount=Money(came, "EUR"),
            source=Source("statement_entry", new_uuid()), at=now, now=now, allocations=[Wanted(row["obligation_id"])],
        )  # fmt: skip
    pressed = await town.client.post(town.url + action, data=fields)
    assert "trouble=conflict" in pressed.headers["location"]
    for _ in range(2):
        seen = (await town.client.get(page)).text
        assert re.findall(r"<strong>([^<]+)</strong>", seen) == ["Over"]
        assert "paid another way meanwhile, or less of it is owed now: do not pay it here" in seen
        assert ('class="button"' in seen, "<form" in seen, "Nothing has come" in seen) == (False, False, False)
        assert "takes no card for it now" not in seen
        # And likewise when it is over.
        town.clock.move(timedelta(minutes=31))
        await town.ask(timedelta())
        async with town.worker.database.town(CITY_ID) as connection:
            await town.worker.payments.end_settled(connection, CITY_ID, town.clock.now())
    assert await town.paid(charge) == ("expired", 0)


async def test_what_a_gateway_works_on_while_it_is_paid_by_transfer_is_told_so(town: Stage):
    charge = await town.charge()
    await _meant_for(town, charge, 12550)
    await town.pay(await town.start(charge), {"do": "pay", "card": "4000000000000119"})
    await town.judge()
    assert (await town.paid(charge))[0] == "processing"
    async with town.worker.database.town(CITY_ID) as connection:
        await connection.execute("update obligations set cancelled = true")
    seen = (await town.client.get(f"{await page_of(town, charge)}&lang=en")).text
    assert re.findall(r"<strong>([^<]+)</strong>", seen) == ["Being processed"]
    assert "<p>What this is for was paid another way meanwhile" in seen


async def _meant_for(town: Stage, charge: UUID, minor: int) -> None:
    """An obligation of Ana's that the charge is to pay."""
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
        owed = Money(minor, "EUR")
        record = obligation(str(charge), original=owed, outstanding=owed, instalments=())
        await ObligationProjection().apply(connection, keys, source(CITY_ID, town.clock.now()), [record])
        await connection.execute(
            """insert into charge_items (city_id, charge_id, number, obligation_id, amount)
               select city_id, $1, 1, obligation_id, $2 from obligations where source_key = $3""",
            charge, minor, str(charge),
        )  # fmt: skip


async def test_nobody_guesses_the_address_of_a_page(town: Stage):
    charge = await town.charge()
    page = await page_of(town, charge)
    other = await page_of(town, await town.charge())
    for address in (page.partition("?")[0], page[:-1], f"{page.partition('?')[0]}?{other.partition('?')[2]}"):
        nowhere = await town.client.get(address, headers={"accept-language": "en"})
        assert (nowhere.status_code, "There is no payment here" in nowhere.text) == (404, True)
        action = address.partition("?")[0] + "/attempts"
        fields = {"t": address.partition("t=")[2], "charge": public_id("chg", charge)}
        assert (await town.client.post(action, data=fields)).status_code == 404
    assert await town.attempts(charge) == []


async def test_an_address_that_was_given_stays_good_when_the_keys_of_the_town_are_rotated(town: Stage):
    charge = await town.charge()
    page = await page_of(town, charge)
    await rotation.rotate(town.worker.database, town.worker.vault, CITY_ID)
    newer = await page_of(town, charge)
    assert newer != page
    assert [(await town.client.get(one)).status_code for one in (page, newer, newer[:-1])] == [200, 200, 404]


async def test_a_charge_of_another_payment_cannot_be_begun_on_a_page(town: Stage):
    page, other = await page_of(town, await town.charge()), await town.charge()
    fields = {"t": page.partition("t=")[2], "charge": public_id("chg", other)}
    assert (await town.client.post(page.partition("?")[0] + "/attempts", data=fields)).status_code == 404
    assert await town.attempts(other) == []


async def test_a_gateway_that_wants_a_form_gets_it_from_our_page_alone(town: Stage, monkeypatch):
    async def start(order):
        return Started("https://ipg.example.hr/v2/form", {"digest": "ab<c", "order_number": order.number})

    monkeypatch.setattr(town.town.gateways["kartica"], "start", start)
    subject, ana = await person(town)
    charge = await town.charge(subject=subject)
    [row] = await town.rows("select payment_id from charges where charge_id = $1", charge)
    url = f"{town.url}/proba/v1/payments/{public_id('pay', row['payment_id'])}/attempts"
    begun = (await town.client.post(url, headers=ana)).json()
    assert begun["url"] == begun["page"] == f"{await page_of(town, charge)}&lang=hr"
    shown = await town.client.get(begun["page"])
    action, fields = form(shown.text)
    assert (action, fields["digest"]) == ("https://ipg.example.hr/v2/form", "ab<c")
    assert "form-action 'self' https:" in shown.headers["content-security-policy"]


async def test_a_citizen_begins_to_pay_her_own_payment_only(town: Stage):
    subject, ana = await person(town)
    _, ivo = await person(town)
    charge = await town.charge(subject=subject)
    [row] = await town.rows("select payment_id from charges where charge_id = $1", charge)
    url = f"{town.url}/proba/v1/payments/{public_id('pay', row['payment_id'])}/attempts"
    assert (await town.client.post(url)).status_code == 401
    assert (await town.client.post(url, headers=ivo)).status_code == 404
    stranger = {"charge": public_id("chg", await town.charge())}
    assert (await town.client.post(url, headers=ana, json=stranger)).status_code == 404
    begun = await town.client.post(url, headers=ana)
    assert begun.status_code == 201
    said = begun.json()
    assert said["url"].startswith(f"{town.sandbox}/pay/")
    assert (said["charge"], said["page"]) == (public_id("chg", charge), f"{await page_of(town, charge)}&lang=hr")
    assert (await town.client.post(url, headers=ana)).json() == said
    await town.client.post(said["url"], data={"do": "pay", "card": "4111111111111111"})
    await town.judge()
    again = await town.client.post(url, headers=ana)
    assert again.status_code == 409
    assert len(await town.attempts(charge)) == 1


async def test_staff_see_what_happened_and_ask_now(town: Stage):
    subject, ana = await person(town)
    charge = await town.charge(subject=subject)
    onward = await town.start(charge)
    await town.wrong("lost")
    await town.pay(onward, back=True)
    clerk = headers(town, None, STAFF_SCOPES)
    admin = f"{town.url}/proba/admin/v1"
    [listed] = (await town.client.get(f"{admin}/attempts", headers=clerk)).json()["items"]
    assert (listed["state"], listed["amount"]["minor"]) == ("open", 12550)
    asked = await town.client.post(f"{admin}/attempts/{listed['id']}/ask", headers=clerk)
    assert asked.status_code == 202
    await town.ask(timedelta())
    seen = (await town.client.get(f"{admin}/attempts/{listed['id']}", headers=clerk)).json()
    assert seen["state"] == "captured"
    assert re.fullmatch("[0-9A-F]{6}", seen["details"]["approval"])
    assert seen["details"]["card"] == "411111******1111"
    assert [one["event"] for one in seen["journal"]] == ["created", "started", "returned", "ask_now", "captured"]
    assert [one["reason"] for one in seen["journal"]] == [None] * 5
    assert (await town.client.post(f"{town.url}/proba/payments/kartica/notify", content=b"x")).status_code == 400
    forged, message = (await town.client.get(f"{admin}/gateway-messages", headers=clerk)).json()["items"]
    assert (forged["kind"], forged["verdict"], forged["reason"]) == ("notification", "refused", "forged")
    assert (message["kind"], message["verdict"], message["attempt"]) == ("return", "asked", listed["id"])
    whole = (await town.client.get(f"{admin}/gateway-messages/{message['id']}", headers=clerk)).json()
    assert whole["content"]["read"]["number"] == listed["number"]
    log = await town.rows("select what from access_log order by at, what")
    assert [row["what"] for row in log] == ["read_attempt", "read_gateway_message"]
    # Whose data are in what was refused nobody knows; that somebody looked is known.
    assert (await town.client.get(f"{admin}/gateway-messages/{forged['id']}", headers=clerk)).status_code == 200
    [nobodys] = await town.rows("select what, why from access_log where subject is null")
    assert (nobodys["what"], nobodys["why"].endswith(forged["id"])) == ("read_gateway_message", True)
    assert (await town.client.get(f"{admin}/attempts", headers=ana)).status_code == 403


UNDER_REVIEW = CARD | {"card": "4000000000000119"}
LOOKED = {"reason": "nothing on the console, cancelled there"}


async def looked(town: Stage, attempt_id: UUID) -> httpx.Response:
    url = f"{town.url}/proba/admin/v1/attempts/{public_id('tra', attempt_id)}/brought-nothing"
    return await town.client.post(url, headers=headers(town, None, STAFF_SCOPES), json=LOOKED)


async def test_one_that_never_ends_is_ended_by_who_looked_and_its_late_money_is_money(town: Stage):
    subject, _ = await person(town)
    charge = await town.charge(subject=subject)
    onward = await town.start(charge)
    await town.pay(onward, UNDER_REVIEW)
    await town.judge()
    assert (await town.attempt(charge)).state is State.PENDING
    assert (await looked(town, onward.attempt_id)).status_code == 409  # Its time is not over.
    town.clock.move(timedelta(hours=2, minutes=30))
    assert (await looked(town, onward.attempt_id)).status_code == 409  # Nobody has been called to look.
    assert await town.paid(charge) == ("processing", 0)
    await town.ask(timedelta())
    assert await town.alerts() == [("attempt_unknown", "no_end")]

    ended = await looked(town, onward.attempt_id)
    assert ended.status_code == 200
    assert (ended.json()["state"], ended.json()["reason"]) == ("expired", None)
    assert await town.alerts() == []
    assert await town.paid(charge) == ("open", 0)
    assert (await looked(town, onward.attempt_id)).status_code == 409
    page = (await town.client.get(await page_of(town, charge), headers={"accept-language": "en"})).text
    assert "The payment did not succeed. Nothing was taken by this try." in page
    assert "Try again" in page
    [journal] = await town.rows("select by, why, state from gateway_journal where event = 'brought_nothing'")
    assert tuple(journal) == ("development", LOOKED["reason"], "expired")
    [event] = await town.rows("select by, reason from payment_events where event = 'failed'")
    assert tuple(event) == ("development", LOOKED["reason"])
    log = await town.rows("select what from access_log where subject is not null")
    assert [row["what"] for row in log] == ["attempt_brought_nothing"]

    again = await town.start(charge)
    assert again.attempt_id != onward.attempt_id
    await town.pay(again)
    await town.judge()
    assert await town.paid(charge) == ("paid", 12550)
    await town.happen((await town.attempts(charge))[0].number, state="captured")
    await town.ask(timedelta(hours=1))
    assert [one.state for one in await town.attempts(charge)] == [State.CAPTURED, State.CAPTURED]
    assert await town.balances(charge) == {"captured": 25100, "unallocated": 25100}
    assert len(await town.alerts("payment_unallocated")) == 1
    assert (await looked(town, onward.attempt_id)).status_code == 409


async def test_one_whose_gateway_left_the_configuration_is_told_and_ended(town: Stage, monkeypatch):
    charge = await town.charge()
    onward = await town.start(charge)
    for hub in (town.api, town.worker):
        for name in ("kartica", "voda"):
            monkeypatch.delitem(town.town_of(hub).gateways, name)
    schedules = {one.name: one.every for one in Work(town.worker).schedules()}
    assert schedules["gateways.ask"] == timedelta(hours=1)  # Nobody would be told of it otherwise.
    await town.ask(timedelta(hours=3))
    assert await town.alerts() == [("attempt_unknown", "no_end")]
    assert (await looked(town, onward.attempt_id)).status_code == 200
    assert await town.paid(charge) == ("open", 0)
    assert await town.alerts() == []


async def test_one_of_which_somebody_is_called_at_once_is_ended_when_its_time_is_long_over(town: Stage):
    _charge, onward = await town.begun()
    await town.wrong("unknown_state")
    await town.pay(onward)
    await town.ask()
    assert await town.alerts() == [("attempt_unknown", "unknown_state")]
    assert (await looked(town, onward.attempt_id)).status_code == 409  # It may still be on its way.
    assert await town.alerts() == [("attempt_unknown", "unknown_state")]
    town.clock.move(timedelta(hours=3))
    assert (await looked(town, onward.attempt_id)).json()["state"] == "expired"
    assert await town.alerts() == []


async def test_one_that_money_came_of_is_not_ended(town: Stage):
    _charge, onward = await town.begun()
    await town.pay(onward)
    await town.judge()
    town.clock.move(timedelta(hours=3))
    assert (await looked(town, onward.attempt_id)).status_code == 409
    assert (await looked(town, new_uuid())).status_code == 404


async def test_a_difference_is_seen_to(town: Stage):
    charge, onward = await town.begun()
    await town.pay(onward)
    await town.rows("update gateway_attempts set number = '1000000009' where charge_id = $1 returning 1", charge)
    town.clock.move(timedelta(minutes=1))
    await town.compare()
    clerk, admin = headers(town, None, STAFF_SCOPES), f"{town.url}/proba/admin/v1/gateway-differences"
    [one] = (await town.client.get(admin, headers=clerk)).json()["items"]
    assert (one["kind"], one["there"]) == ("missing_here", "captured 125.50 EUR")
    done = await town.client.post(f"{admin}/{one['id']}/settle", headers=clerk, json={"reason": "given back there"})
    assert (done.json()["settled_by"], done.json()["settled_for"]) == ("development", "given back there")
    assert (await town.client.get(admin, headers=clerk)).json() == {"items": []}
    assert await town.alerts("gateway_differs") == []


async def test_a_return_by_post_is_read_and_never_pays(town: Stage):
    charge, onward = await town.begun()
    await town.wrong("lost")
    said = (await town.pay(onward)).json()
    query = httpx.QueryParams(said["fields"])
    back = await town.client.post(f"{said['url']}?{query}", data={"x": "1"}, headers={"origin": town.sandbox})
    assert back.status_code == 303
    assert await town.paid(charge) == ("started", 0)
    assert (await town.attempt(charge)).state is State.OPEN


@pytest.mark.parametrize("language", sorted(catalogues()))
def test_every_text_in_every_language(language: str):
    own, english = pages.texts(language), pages.texts("en")
    assert own.keys() == english.keys()
    assert all(text.strip() for text in own.values())
    assert language == "en" or not set(own.values()) & set(english.values())


def test_every_state_has_its_words_in_every_language():
    told = [*payment_texts.STATES.values(), *payment_texts.REFUNDS.values()]
    assert (set(payment_texts.STATES), set(payment_texts.REFUNDS)) == (set(ChargeState), set(RefundState))
    every = [*told, payment_texts.UNALLOCATED, payment_texts.TAKEN, payment_texts.WON]
    assert {frozenset(texts) for texts in every} == {frozenset(catalogues())}
