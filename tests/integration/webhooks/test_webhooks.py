"""Front ends are told: whose account changed and nothing more, once for each id, in order, for days; and signed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from hub.alerts import service as alerts
from hub.back_offices.records import store
from hub.changes import service as changes
from hub.cities import told
from hub.kernel.ids import new_uuid, public_id
from hub.kit import webhooks as kit
from hub.mapping.model import PartyRef
from hub.subjects import service as subjects
from hub.webhooks.service import GIVE_UP, SEND, Webhooks
from tests.support.http_server import Answer, Request, serve
from tests.support.hub import Api
from tests.support.records import ANA, IVO, case

KEY, OLD = "whsec_" + "QUFB" * 8, "whsec_" + "QkJC" * 8
SECRETS = {"hook": SecretStr(KEY), "hook-old": SecretStr(OLD)}
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@dataclass
class Receiver:
    """`replies` are given in turn, the last one for ever."""

    replies: list[Answer] = field(default_factory=lambda: [Answer(status=204)])
    got: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Answer:
        self.got.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(one.body) for one in self.got]

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.got]


def configured(
    hub: Api, url: str, *, scopes=("account",), events=("account.changed", "submission.state_changed"), **more
):
    town = hub.worker.towns.by_slug["pregrada"]
    hook = told.Webhook.model_validate({"url": f"{url}/hook", "secret": {"secret": "hook"}, "events": events} | more)
    portal = town.city.clients["portal"].model_copy(update={"webhook": hook, "scopes": list(scopes)})
    return replace(town, city=town.city.model_copy(update={"clients": town.city.clients | {"portal": portal}}))


async def log_in(hub: Api, subject_id: UUID, client: str = "portal") -> None:
    now = hub.clock.now()
    async with hub.worker.database.town(1) as connection:
        await connection.execute(
            """insert into grants (city_id, grant_id, client, session_id, subject_id, scopes, assurance, methods,
                                   authenticated_at, created_at, expires_at)
               values (1, $1, $2, $1, $3, '{account}', 'high', '{}', $4, $4, $4)""",
            new_uuid(),
            client,
            subject_id,
            now,
        )


async def record(hub: Api, town, key: str, *oibs: str) -> None:
    """A case of these people, as a read of the registry brings it."""
    feed = replace(town.back_offices["urudzbeni"].feeds["cases"], city=town.city)
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        parties = tuple(PartyRef("applicant", "hr.oib", oib) for oib in oibs)
        made = replace(case(key), parties=parties)
        await store(connection, keys, feed, feed.source(hub.clock.now(), asked=True), [made], [])


async def noted(hub: Api, subject_id: UUID, state: str = "registered") -> None:
    async with hub.worker.database.town(1) as connection:
        await changes.of_matter(connection, 1, "submission", UUID(int=7), subject_id, state, hub.clock.now())


def sending(hub: Api) -> Webhooks:
    return Webhooks(hub.worker.database, hub.clock, SECRETS.__getitem__)


async def turn(hub: Api, town, *, times: int = 1, wait: timedelta = SECOND) -> None:
    """What the schedule and the queue do, every so often."""
    hooks = sending(hub)
    for _ in range(times):
        await hooks.fan_out(town)
        async with hub.worker.database.town(1) as connection:
            called = await connection.fetch(
                "delete from jobs where kind = $1 returning payload ->> 'client' as name", SEND
            )
        for one in called:
            await hooks.send(town, one["name"])
        hub.clock.at += wait


async def states(hub: Api) -> dict:
    answer = await hub.client.get("/pregrada/admin/v1/webhooks", headers=hub.staff("pregrada"))
    assert answer.status_code == 200
    return {one["client"]: one for one in answer.json()["items"]}


async def test_whose_account_changed_and_nothing_more(hub: Api):
    ana, ivo = await hub.subject("pregrada", hr_oib=ANA), await hub.subject("pregrada", "Ivo", hr_oib=IVO)
    await log_in(hub, ana)
    receiver = Receiver()
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        await record(hub, town, "k1", ANA, IVO)
        await record(hub, town, "k2", ANA)
        at = hub.clock.now()
        await turn(hub, town)
        await turn(hub, town)
        # Ivo has never logged in with this front end, so it does not hear that there is such a person.
        assert receiver.bodies == [
            {
                "type": "account.changed",
                "timestamp": at.isoformat(),
                "data": {"city": "pregrada", "sub": public_id("sub", ana), "noun": "case"},
            }
        ]
        await log_in(hub, ivo)
        await record(hub, town, "k3", IVO)
        await turn(hub, town)
        assert receiver.bodies[1]["data"]["sub"] == public_id("sub", ivo)
        await record(hub, town, "k3", IVO)  # nothing has changed
        await turn(hub, town)
        await record(hub, configured(hub, server.url, events=("submission.state_changed",)), "k4", IVO)
        await turn(hub, town)
        assert len(receiver.got) == 2
    for one in receiver.got:
        for personal in (b"Ana", b"Ivo", ANA.encode(), IVO.encode(), b"k1", b"cas_"):
            assert personal not in one.body


async def test_details_for_whom_they_are_allowed(hub: Api):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver()
    async with serve(receiver) as server:
        town = configured(hub, server.url, scopes=("account", "webhooks.details"))
        await record(hub, town, "k1", ANA)
        await record(hub, town, "k2", ANA)
        await noted(hub, ana)
        await turn(hub, town)
    first, second, third = (one["data"] for one in receiver.bodies)
    assert [len(one["ids"]) for one in (first, second)] == [1, 1]
    assert first["ids"][0].startswith("cas_")
    assert first["ids"] != second["ids"]
    assert (third["id"], third["state"]) == (public_id("sbm", UUID(int=7)), "registered")


async def test_what_is_gone_and_who_was_merged(hub: Api):
    ana, again = await hub.subject("pregrada", hr_oib=ANA), await hub.subject("pregrada", "A.")
    await log_in(hub, again)  # as whom the front end knows her
    receiver = Receiver()
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        await record(hub, town, "k1", ANA)
        async with hub.worker.database.town(1) as connection:
            await subjects.merge(connection, 1, again, ana, reason="same", actor="clerk", now=hub.clock.now())
            began = hub.clock.now()
            await connection.execute("update cases set gone_at = $1, changed_at = $1 where city_id = 1", began)
        await turn(hub, town)
        async with hub.worker.database.town(1) as connection:
            noted = ("case", "urudzbeni", "cases", began)
            await changes.of_records(connection, town.city, *noted, gone_at=began)
        await turn(hub, town)
    assert [one["data"]["sub"] for one in receiver.bodies] == [public_id("sub", again)] * 2


async def test_in_order_and_again_with_the_same_id(hub: Api):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver([Answer(status=500), Answer(status=302, headers={"location": "/other"}), Answer(status=200)])
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        for state in ("sending", "registered"):
            await noted(hub, ana, state)
        began = hub.clock.now()
        await turn(hub, town, times=40)
    # Five seconds after the first failure, thirty after the second; a redirect is not followed.
    assert [one.target for one in receiver.got] == ["/hook"] * 4
    times = [int(one.headers["webhook-timestamp"]) - int(began.timestamp()) for one in receiver.got]
    assert times == [0, 5, 35, 35]
    assert len(set(receiver.ids[:3])) == 1
    assert len(set(receiver.ids)) == 2
    assert await states(hub) == {}  # the API of this test knows no webhook: it is configured here alone


async def test_whoever_asks_to_be_left_alone_is(hub: Api):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver([Answer(status=429, headers={"retry-after": "600"}), Answer(status=204)])
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        await noted(hub, ana)
        began = hub.clock.now()
        await turn(hub, town, times=13, wait=MINUTE)
    times = [int(one.headers["webhook-timestamp"]) - int(began.timestamp()) for one in receiver.got]
    assert times == [0, 600]


async def test_whoever_is_slow_is_not_waited_for(hub: Api, monkeypatch):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    quick = kit.Timeouts(connect=SECOND, read=timedelta(seconds=0.2), total=timedelta(seconds=0.2))
    monkeypatch.setattr(kit, "_SETTINGS", kit._SETTINGS.model_copy(update={"timeout": quick}))
    never = asyncio.Event()
    got: list[str] = []

    async def handle(request: Request) -> Answer:
        got.append(request.headers["webhook-id"])
        if len(got) == 1:
            await never.wait()
        return Answer(status=200)

    async with serve(handle) as server:
        town = configured(hub, server.url)
        await noted(hub, ana)
        await turn(hub, town, times=7)
    assert len(got) == 2
    assert got[0] == got[1]


async def test_410_stops_it_and_a_replay_goes_on(hub: Api):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver([Answer(status=200), Answer(status=410), Answer(status=200)])
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        hub.hub.towns.by_slug["pregrada"] = town
        await noted(hub, ana, "sending")
        await turn(hub, town)
        middle = hub.clock.now()
        await noted(hub, ana, "registered")
        await turn(hub, town, times=5, wait=DAY)
        assert len(receiver.got) == 2
        state = (await states(hub))["portal"]
        assert (state["stopped_for"], state["waiting"], state["failures"]) == ("gone", 1, 1)
        async with hub.worker.database.town(1) as connection:
            (alert,) = await alerts.open_alerts(connection, 1)
        assert (alert.kind, alert.about, alert.detail["reason"]) == ("webhook_stopped", "portal", "gone")
        address = "/pregrada/admin/v1/webhooks/portal/replay"
        headers = hub.staff("pregrada")
        replayed = await hub.client.post(address, json={}, headers=headers)
        assert (replayed.status_code, replayed.json()) == (200, {"waiting": 1})
        await turn(hub, town)
        assert receiver.ids[2] == receiver.ids[1]
        async with hub.worker.database.town(1) as connection:
            assert await alerts.open_alerts(connection, 1) == []
        since = (middle - SECOND).isoformat()
        replayed = await hub.client.post(address, json={"since": since}, headers=headers)
        assert replayed.json() == {"waiting": 2}
        await turn(hub, town)
        assert receiver.ids[3:] == [receiver.ids[0], receiver.ids[1]]
        assert (await hub.client.post(address.replace("portal", "x"), json={}, headers=headers)).status_code == 404


async def test_after_days_of_failures_it_is_stopped_and_somebody_told(hub: Api):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver([Answer(status=503)])
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        await noted(hub, ana)
        began = hub.clock.now()
        hours = timedelta(hours=6)
        while hub.clock.now() - began < GIVE_UP + 2 * DAY:
            await turn(hub, town, wait=hours)
    assert 8 <= len(receiver.got) <= 20
    async with hub.worker.database.town(1) as connection:
        (alert,) = await alerts.open_alerts(connection, 1)
        stopped = await connection.fetchval("select stopped_at from webhook_clients where client = 'portal'")
    assert (alert.detail["reason"], alert.times) == ("failed_for_days", len(receiver.got))
    assert GIVE_UP <= stopped - began <= GIVE_UP + DAY
    # A front end that the configuration has no more troubles nobody; should it come back, it is tried again.
    await sending(hub).forget(town)
    async with hub.worker.database.town(1) as connection:
        assert await alerts.open_alerts(connection, 1) == [alert]
    await sending(hub).forget(hub.worker.towns.by_slug["pregrada"])
    async with hub.worker.database.town(1) as connection:
        assert await alerts.open_alerts(connection, 1) == []
    receiver.replies = [Answer(status=204)]
    async with serve(receiver) as server:
        await turn(hub, configured(hub, server.url))
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from webhook_messages where delivered_at is null") == 0


@pytest.fixture
def today() -> Iterator[datetime]:
    return datetime.now(UTC)


async def test_another_implementation_believes_the_signature_also_while_keys_change(hub: Api, today):
    hub.clock.at = today  # that one's clock cannot be set
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver()
    async with serve(receiver) as server:
        town = configured(hub, server.url, previous_secret={"secret": "hook-old"})
        await noted(hub, ana)
        await turn(hub, town)
    (got,) = receiver.got
    for key in (KEY, OLD):
        assert Webhook(key).verify(got.body, got.headers) == json.loads(got.body)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "Q0ND" * 8).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(got.body.replace(b"registered", b"x") + b" ", got.headers)


async def test_a_secret_that_is_none_is_told(hub: Api):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await log_in(hub, ana)
    receiver = Receiver()
    async with serve(receiver) as server:
        town = configured(hub, server.url)
        await noted(hub, ana)
        hooks = Webhooks(hub.worker.database, hub.clock, {"hook": SecretStr("plain")}.__getitem__)
        await hooks.fan_out(town)
        await hooks.send(town, "portal")
    assert receiver.got == []
    async with hub.worker.database.town(1) as connection:
        failure = await connection.fetchval("select last_failure from webhook_clients")
    assert failure.startswith("configuration: ")
    assert "clients.portal.webhook.secret" in failure
    assert "plain" not in failure
