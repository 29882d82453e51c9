"""Alerts go out: at once, again ever more seldom, over; no storm; nothing lost while the mail server is away."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from pydantic import SecretStr
from standardwebhooks import Webhook

from hub.alerts import service as alerts
from hub.alerts.model import TELL
from hub.back_offices.model import Town
from hub.cities.told import Alerts
from hub.kit.mail import Mailer, MailSettings
from hub.kit.secrets import SecretRef
from hub.watch.senders import Senders
from hub.watch.tellings import Tellings, check
from tests.support.http_server import Answer, answer, serve
from tests.support.hub import Api
from tests.support.mail_server import mail_server

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
IT = "it@pregrada.hr"
KEY = "whsec_" + "QUFB" * 8
SECRETS = {"alerts": SecretStr(KEY)}


def told(hub: Api, **configured) -> Town:
    town = hub.worker.towns.by_slug["pregrada"]
    return replace(town, city=town.city.model_copy(update={"alerts": Alerts.model_validate(configured)}))


def tellings(hub: Api, port: int | None = None) -> Tellings:
    settings = port and MailSettings.of(f"smtp+plain://127.0.0.1:{port}", sender="munihub@pregrada.hr")
    mailer = Mailer(settings, secret=SECRETS.__getitem__) if settings else None
    return Tellings(hub.worker.database, hub.clock, Senders(mailer, hub.clock, SECRETS.__getitem__))


async def raised(hub: Api, about: str = "financije", kind: str = "deliveries_paused", **detail):
    async with hub.worker.database.town(1) as connection:
        detail = {"back_office": "financije"} | detail
        return await alerts.raise_alert(connection, 1, kind=kind, about=about, detail=detail, now=hub.clock.now())


async def settled(hub: Api, about: str = "financije", kind: str = "deliveries_paused") -> None:
    async with hub.worker.database.town(1) as connection:
        assert await alerts.settle(connection, 1, kind=kind, about=about, now=hub.clock.now())


async def test_at_once_again_ever_more_seldom_and_over(hub: Api):
    town = told(hub, email=[IT], repeat="1h")
    async with mail_server() as server:
        sending = tellings(hub, server.port)
        await sending.tell(town)
        assert server.mails == []
        async with hub.worker.database.town(1) as connection:
            await connection.execute(
                """insert into delivery_offices (city_id, back_office, failures, failing_since, last_failure)
                   values (1, 'financije', 240, $1, 'x')""",
                hub.clock.now(),
            )
        await raised(hub, says="Ana Šćrbačić 87582274224 odbijena", since=hub.clock.now().isoformat())
        sent_after = []
        for minute in range(8 * 60):
            before = len(server.mails)
            await sending.tell(town)
            if len(server.mails) > before:
                sent_after.append(minute)
            hub.clock.at += MINUTE
        assert sent_after == [0, 60, 180, 420]
        await raised(hub)
        await settled(hub)
        await sending.tell(town)
        await sending.tell(town)
    assert [mail["Subject"] for mail in server.mails] == [
        "Grad Pregrada: Financijska kartica ne prima ono što građani šalju",
        *["Grad Pregrada: još uvijek: Financijska kartica ne prima ono što građani šalju"] * 3,
        "Grad Pregrada: završeno: Financijska kartica ne prima ono što građani šalju",
    ]
    first = server.mails[0].get_content()
    assert "Od 21. 11. 2026. 11:00, broj puta: 240." in first
    assert "Što učiniti: Provjerite radi li sustav" in first
    assert "munihub alerts list --city pregrada" in first
    for mail in server.mails:
        assert "Ana" not in mail.get_content()
        assert "87582274224" not in mail.get_content()
    assert "trajalo 8 h." in server.mails[-1].get_content()
    assert len({mail["Message-ID"] for mail in server.mails}) == 5


async def test_whoever_sees_to_it_is_reminded_once_a_day(hub: Api):
    town = told(hub, email=[IT])
    async with mail_server() as server:
        sending = tellings(hub, server.port)
        alert = await raised(hub)
        await sending.tell(town)
        async with hub.worker.database.town(1) as connection:
            await alerts.acknowledge(connection, 1, alert.alert_id, by="stf_a", now=hub.clock.now())
        hub.clock.at += 23 * HOUR
        await sending.tell(town)
        assert len(server.mails) == 1
        hub.clock.at += HOUR
        await sending.tell(town)
        assert len(server.mails) == 2


async def test_many_go_together_and_no_more_than_so_many_an_hour(hub: Api):
    town = told(hub, email=[IT], at_most=2)
    async with mail_server() as server:
        sending = tellings(hub, server.port)
        await raised(hub, "dlv_0", "delivery_in_doubt")
        await sending.tell(town)
        for number in range(1, 41):
            await raised(hub, f"dlv_{number}", "delivery_in_doubt")
        await sending.tell(town)
        await raised(hub, "dlv_41", "delivery_in_doubt")
        await raised(hub, "dlv_42", "delivery_in_doubt")
        hub.clock.at += 59 * MINUTE
        await sending.tell(town)
        assert len(server.mails) == 2
        hub.clock.at += MINUTE
        await sending.tell(town)
    assert server.mails[1]["Subject"] == "Grad Pregrada: obavijesti huba (40)"
    digest = server.mails[1].get_content()
    assert digest.count("Što učiniti") == 20
    assert "  20 × ne zna se ima li Financijska kartica nešto" in digest
    last = server.mails[2].get_content()
    assert ("dlv_41" in last, "dlv_42" in last, len(server.mails)) == (True, True, 3)


async def test_what_lasts_does_not_stand_before_what_is_new(hub: Api):
    """However many doubts wait for somebody, each with an alert of its own."""
    town = told(hub, email=[IT])
    async with mail_server() as server:
        sending = tellings(hub, server.port)
        async with hub.worker.database.town(1) as connection:
            await connection.execute(
                """insert into alerts (city_id, alert_id, kind, about, detail, opened_at, last_at, times)
                   select 1, gen_random_uuid(), 'delivery_in_doubt', 'dlv_' || n,
                          '{"back_office": "financije"}', $1, $1, 1 from generate_series(1, 500) n""",
                hub.clock.now(),
            )
        await sending.tell(town)
        hub.clock.at += MINUTE
        await raised(hub)
        await sending.tell(town)
        assert len(server.mails) == 2
        assert "Financijska kartica" in server.mails[1]["Subject"]
        hub.clock.at += HOUR
        await settled(hub)
        await sending.tell(town)
    assert len(server.mails) == 3


async def test_a_mail_server_that_is_down_loses_nothing_and_is_seen(hub: Api):
    town = told(hub, email=[IT, "b@pregrada.hr"])
    async with mail_server() as server:
        port = server.port
    sending = tellings(hub, port)
    await raised(hub)
    for _ in range(60):
        await sending.tell(town)
        hub.clock.at += MINUTE
    await settled(hub)
    await raised(hub, "urudzbeni", "dead_letters", back_office="urudzbeni", reason="unreadable_record")
    body = (await hub.client.get("/pregrada/admin/v1/alerts", headers=hub.staff("pregrada"))).json()
    failing = next(one for one in body["told"] if one["address"] == f"mailto:{IT}")
    assert failing["failing_since"] == "2026-11-21T10:00:00Z"
    assert failing["last_failure"].startswith("back_office_down: The mail server 127.0.0.1:")
    assert 5 <= failing["failures"] <= 12  # not sixty: it is left alone for growing times
    steps = {one.name: one for one in await check(hub.worker.database, town, hub.worker.settings)}
    assert (steps[f"mailto:{IT}"].ok, steps["mail server"].ok) == (False, False)
    async with mail_server(port=port) as server:
        hub.clock.at += 15 * MINUTE
        await sending.tell(town)
        server.refusals = ["RCPT 450 later"]
        await raised(hub, "x", "drift")
        await sending.tell(town)
        hub.clock.at += MINUTE
        await sending.tell(town)
    to_it = [mail for mail in server.mails if mail["To"] == IT]
    # The night as one mail: what is over, and what is true now. What was put off came the next time.
    assert [mail["Subject"] for mail in to_it] == [
        "Grad Pregrada: obavijesti huba (2)",
        "Grad Pregrada: sučelje sustava Financijska kartica promijenilo se",
    ]
    night = to_it[0].get_content()
    assert "ZAVRŠENO: Financijska kartica ne prima" in night
    assert "trajalo 1 h." in night
    assert "Razlog: unreadable_record" in night
    assert len(server.mails) == 4
    steps = {one.name: one for one in await check(hub.worker.database, town, hub.worker.settings)}
    assert steps[f"mailto:{IT}"].ok


async def test_a_webhook_is_signed_and_a_redirect_is_not_followed(hub: Api):
    replies = [Answer(status=302, headers={"location": "http://127.0.0.1:1/"}), Answer(status=503), Answer(status=204)]

    async def handle(_):
        return replies.pop(0)

    async with serve(handle) as server:
        town = told(hub, webhook={"url": f"{server.url}/alerts", "secret": SecretRef(secret="alerts")})
        sending = tellings(hub)
        alert = await raised(hub, "financije/obligations", "reading_failed", feed="obligations", people=12)
        for _ in range(8):
            await sending.tell(town)
            hub.clock.at += 2 * MINUTE
    assert [one.target for one in server.requests] == ["/alerts"] * 3
    assert len({one.headers["webhook-id"] for one in server.requests}) == 1
    body = server.requests[-1].body
    headers = server.requests[-1].headers
    told_data = json.loads(body)
    (one,) = told_data["data"]["alerts"]
    assert (one["kind"], one["what"], one["times"], one["affected"]) == ("reading_failed", "new", 1, 12)
    assert one["since"] == alert.opened_at.isoformat()
    assert "Pogođeno građana: 12." in told_data["data"]["text"]
    # An implementation of somebody else judges the signature; its own clock is left out of it.
    verified = Webhook(KEY)
    expected = verified.sign(headers["webhook-id"], _moment(headers), body.decode())
    assert headers["webhook-signature"] == expected


def _moment(headers):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


async def test_what_was_over_before_somebody_was_told_is_not_told(hub: Api):
    await raised(hub)
    await settled(hub)
    hub.clock.at += MINUTE
    async with serve(answer(status=200)) as server:
        town = told(hub, webhook={"url": server.url, "secret": SecretRef(secret="alerts")})
        await tellings(hub).tell(town)
        assert server.requests == []
        await tellings(hub).tell(replace(town, city=town.city.model_copy(update={"alerts": None})))
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from alert_destinations") == 0


async def test_a_new_alert_and_its_end_call_the_worker(hub: Api):
    await raised(hub)
    await raised(hub)
    await settled(hub)
    async with hub.worker.database.town(1) as connection:
        jobs = await connection.fetch("select kind, key from jobs where kind = $1", TELL)
    assert [(job["kind"], job["key"]) for job in jobs] == [(TELL, TELL)] * 2
