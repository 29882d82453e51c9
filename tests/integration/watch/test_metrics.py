"""/metrics: for those who may, true over several processes, without anybody's data, and asked of the database seldom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.alerts import service as alerts
from hub.figures.counting import count
from hub.kernel.errors import RemoteTimeout
from hub.kit.measures import MeasuredOperation, MeasuredReader, Measures
from tests.support.hub import Api

_ORDER = ["city", "back_office", "what", "feed", "state", "reason", "kind", "code", "le", "generation", "version"]
_ORDER += ["implementation", "major", "minor", "patchlevel"]
TOKEN = {"Authorization": "Bearer a-token-of-the-operator"}


def allow(hub: Api) -> None:
    file = hub.hub.settings.secrets / "metrics-token"
    file.touch(mode=0o600)
    file.write_text("a-token-of-the-operator")


async def samples(hub: Api) -> dict[tuple[str, ...], float]:
    answer = await hub.client.get("/metrics", headers=TOKEN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4")
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels, key=_ORDER.index))): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


async def test_who_may(hub: Api, monkeypatch):
    assert (await hub.client.get("/metrics")).status_code == 401
    assert (await hub.client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 401
    allow(hub)
    for shown in ("Bearer wrong", "Basic a-token-of-the-operator", "a-token-of-the-operator"):
        refused = await hub.client.get("/metrics", headers={"Authorization": shown})
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (401, "unauthenticated")
    assert (await hub.client.get("/metrics", headers=TOKEN)).status_code == 200
    settings = replace(hub.hub.settings, metrics_from=(ip_network("127.0.0.0/8"),))
    object.__setattr__(hub.hub, "settings", settings)
    assert (await hub.client.get("/metrics")).status_code == 200
    for header in ("X-Forwarded-For", "Forwarded"):  # somebody behind a proxy on this machine
        assert (await hub.client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 401
    object.__setattr__(hub.hub, "settings", replace(settings, metrics_from=(ip_network("10.0.0.0/8"),)))
    assert (await hub.client.get("/metrics")).status_code == 401


async def test_what_several_workers_counted_is_added_up(hub: Api, monkeypatch):
    allow(hub)
    now = iter([0.0, 0.2, 10.0, 10.3, 20.0, 60.0, 70.0, 70.3])
    monkeypatch.setattr("hub.kit.measures.monotonic", now.__next__)

    class Operation:
        def __init__(self, error=None):
            self.error = error

        async def send(self, values, *, key):
            if self.error:
                raise self.error

    class Reader:
        async def read(self, arguments):
            yield "page"

    town = hub.worker.towns.by_slug["pregrada"]
    for worker in ("a", "b"):
        measures = Measures()
        office = replace(town.back_offices["urudzbeni"], measures=measures)
        counting = replace(town, back_offices={"urudzbeni": office})
        if worker == "a":
            await MeasuredOperation(Operation(), measures).send({}, key="k")
            async for _ in MeasuredReader(Reader(), measures).read(None):
                break
            await count(hub.worker.database, [counting])
        else:
            with pytest.raises(RemoteTimeout):
                await MeasuredOperation(Operation(RemoteTimeout("x")), measures).send({}, key="k")
            await MeasuredOperation(Operation(), measures).send({}, key="k")
        await count(hub.worker.database, [counting])
    monkeypatch.undo()
    found = await samples(hub)
    write = ("pregrada", "urudzbeni", "write")
    assert found["munihub_call_seconds_count", *write] == 3
    assert found["munihub_call_seconds_sum", *write] == pytest.approx(0.2 + 40 + 0.3)
    bounds = {
        labels[-1]: value for labels, value in found.items() if labels[:-1] == ("munihub_call_seconds_bucket", *write)
    }
    assert (bounds["0.1"], bounds["0.25"], bounds["0.5"], bounds["30.0"], bounds["+Inf"]) == (0, 1, 2, 2, 3)
    assert found["munihub_call_errors_total", *write, "back_office_timeout"] == 1
    assert found["munihub_call_seconds_count", "pregrada", "urudzbeni", "read"] == 1


async def test_states_of_the_database(hub: Api):
    allow(hub)
    now = hub.clock.now()
    async with hub.worker.database.town(1) as connection:
        await connection.execute(
            """insert into feed_states (city_id, back_office, feed, identifier_id, attempted_at, read_at, failing_since,
                                        failure)
               values (1, 'financije', 'obligations', $1, $3, $3, $3, 'x'), (1, 'financije', 'obligations', $2, $3, $4,
                       null, null)""",
            UUID(int=1),
            UUID(int=2),
            now,
            now - timedelta(minutes=5),
        )
        await connection.execute(
            """insert into delivery_offices (city_id, back_office, failures, failing_since, paused_until, last_failure)
               values (1, 'urudzbeni', 7, $1, $2, 'x')""",
            now,
            now + timedelta(minutes=1),
        )
        for number, state in ((1, "in_doubt"), (2, "refused"), (3, "waiting")):
            await connection.execute(
                """insert into deliveries (city_id, delivery_id, back_office, kind, noun, record_id, order_key, state,
                                           behind, next_at, deadline_at, created_at)
                   values (1, $1, 'urudzbeni', 'open_case', 'submission', $1, $2, $3, false, $4, $4, $5)""",
                UUID(int=number),
                str(number),
                state,
                now,
                now - timedelta(hours=1),
            )
        await connection.execute(
            """insert into dead_letters (city_id, dead_letter_id, back_office, origin, external_id, reason, detail, body,
                                         media_type, first_at, last_at)
               values (1, $1, 'financije', 'push', 'Ana Šćrbačić', 'r', '87582274224', '', 'text/plain', $2, $2)""",
            UUID(int=1),
            now,
        )
        await connection.execute(
            """insert into push_refusals (city_id, day, door, reason, address, back_office, first_at, last_at, times)
               values (1, $1, 'events', 'wrong_signature', '192.0.2.1', 'financije', $2, $2, 10),
                      (1, $1, 'soap', 'wrong_signature', '192.0.2.2', 'financije', $2, $2, 5)""",
            now.date(),
            now,
        )
        await alerts.raise_alert(connection, 1, kind="drift", about="x", detail={}, now=now)
    found = await samples(hub)
    assert found["munihub_feed_age_seconds", "pregrada", "financije", "obligations"] == 0
    assert found["munihub_feed_failing", "pregrada", "financije", "obligations"] == 1
    states = {labels[-1]: value for labels, value in found.items() if labels[0] == "munihub_deliveries"}
    assert states == {"in_doubt": 1, "refused": 1, "waiting": 1}
    assert found["munihub_deliveries_oldest_seconds", "pregrada", "urudzbeni", "waiting"] == 3600
    assert found["munihub_breaker_open", "pregrada", "urudzbeni"] == 1
    assert found["munihub_delivery_failures_in_a_row", "pregrada", "urudzbeni"] == 7
    assert found["munihub_dead_letters", "pregrada", "financije"] == 1
    assert found["munihub_push_refused_today", "pregrada", "financije", "wrong_signature"] == 15
    assert found["munihub_alerts_open", "pregrada", "drift"] == 1
    assert found["munihub_jobs", "pregrada", "queued"] == 1  # the alert's telling
    assert found["munihub_jobs", "vzorov", "queued"] == 0
    assert ("process_resident_memory_bytes",) in found
    text = (await hub.client.get("/metrics", headers=TOKEN)).text
    for personal in ("Ana", "87582274224", "192.0.2.1", str(UUID(int=1))):
        assert personal not in text


async def test_the_database_is_asked_seldom(hub: Api):
    allow(hub)
    before = await samples(hub)
    async with hub.worker.database.town(1) as connection:
        await alerts.raise_alert(connection, 1, kind="drift", about="x", detail={}, now=hub.clock.now())
    hub.clock.at += timedelta(seconds=9)
    assert ("munihub_alerts_open", "pregrada", "drift") not in before | await samples(hub)
    hub.clock.at += timedelta(seconds=1)
    assert (await samples(hub))["munihub_alerts_open", "pregrada", "drift"] == 1
