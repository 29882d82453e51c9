"""Alerts: told once, counted, acknowledged, settled; behind the walls; at the door of staff."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from hub.alerts import service as alerts
from hub.authorisation import Role
from hub.kernel.errors import NotFound
from hub.kernel.ids import public_id
from hub.staff.model import Grant
from hub.storage.database import NIL, Database
from hub.watch.letters import catalogues
from tests.integration.authorisation.conftest import House
from tests.support.hub import Api, make_settings, opened
from tests.support.records import make_town

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api


@pytest.fixture
def house(hub) -> House:
    return House(hub, NIL, NIL, {})


async def test_the_same_again_is_counted_and_what_is_over_begins_anew(worker: Database, tmp_path, clock):
    await make_town(worker, tmp_path, 1)
    now = clock.now()
    async with worker.town(1) as connection:
        first = await alerts.raise_alert(connection, 1, kind="drift", about="a", detail={"n": 1}, now=now)
        again = await alerts.raise_alert(connection, 1, kind="drift", about="a", detail={"n": 2}, now=now + MINUTE)
        other = await alerts.raise_alert(connection, 1, kind="in_doubt", about="a", detail={"ž": "š"}, now=now)
        assert (again.alert_id, again.times, again.detail) == (first.alert_id, 2, {"n": 2})
        assert (again.opened_at, again.last_at) == (now, now + MINUTE)
        assert {one.alert_id for one in await alerts.open_alerts(connection, 1)} == {first.alert_id, other.alert_id}

        assert await alerts.settle(connection, 1, kind="drift", about="a", now=now + MINUTE)
        assert not await alerts.settle(connection, 1, kind="drift", about="a", now=now + MINUTE)
        assert [one.alert_id for one in await alerts.open_alerts(connection, 1)] == [other.alert_id]
        anew = await alerts.raise_alert(connection, 1, kind="drift", about="a", detail={}, now=now + 2 * MINUTE)
        assert (anew.times, anew.alert_id != first.alert_id) == (1, True)
        every = await alerts.list_alerts(connection, 1, settled=True, limit=10)
        assert [(one.kind, one.settled_at) for one in every if one.kind == "drift"] == [
            ("drift", None),
            ("drift", now + MINUTE),
        ]


async def test_who_acknowledged_first_stays_and_a_stranger_cannot(worker: Database, tmp_path, clock):
    await make_town(worker, tmp_path, 1)
    now = clock.now()
    detail = {"back_office": "financije"}
    async with worker.town(1) as connection:
        alert = await alerts.raise_alert(connection, 1, kind="drift", about="a", detail=detail, now=now)
        for by, at in (("stf_a", now), ("stf_b", now + MINUTE)):
            seen = await alerts.acknowledge(connection, 1, alert.alert_id, by=by, now=at)
        assert (seen.acknowledged_by, seen.acknowledged_at, seen.settled_at) == ("stf_a", now, None)
        with pytest.raises(NotFound, match=public_id("alt", alert.alert_id)):
            await alerts.acknowledge(connection, 1, alert.alert_id, by="x", now=now, back_offices=["urudzbeni"])
        assert await alerts.list_alerts(connection, 1, back_offices=["urudzbeni"], limit=5) == []
        assert len(await alerts.list_alerts(connection, 1, back_offices=["financije"], limit=5)) == 1


async def test_nobody_sees_the_alerts_of_another_town_or_on_a_citizens_path(
    worker: Database, api: Database, tmp_path, clock
):
    for city_id in (1, 2):
        await make_town(worker, tmp_path, city_id)
        async with worker.town(city_id) as connection:
            await alerts.raise_alert(connection, city_id, kind="k", about=f"town {city_id}", detail={}, now=clock.now())
    async with api.town(1) as connection:
        rows = await connection.fetch("select about from alerts")
        assert [row["about"] for row in rows] == ["town 1"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from alerts")
    async with api.town(1) as connection:
        await connection.execute(
            "select set_config('munihub.subjects', '{00000000-0000-0000-0000-000000000001}', true)"
        )
        assert await connection.fetch("select * from alerts") == []


async def raised(hub: Api, about: str, back_office: str | None = None) -> str:
    detail = {"back_office": back_office} if back_office else {}
    async with hub.worker.database.town(1) as connection:
        found = await alerts.raise_alert(connection, 1, kind="drift", about=about, detail=detail, now=hub.clock.now())
    hub.clock.at += MINUTE
    return public_id("alt", found.alert_id)


async def test_staff_list_them_page_by_page_and_acknowledge(hub: Api):
    made = [await raised(hub, about) for about in "abc"]
    headers = hub.staff("pregrada")
    first = (await hub.client.get("/pregrada/admin/v1/alerts?limit=2", headers=headers)).json()
    assert [one["id"] for one in first["items"]] == [made[2], made[1]]
    second = await hub.client.get(
        "/pregrada/admin/v1/alerts", params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers
    )
    assert ([one["id"] for one in second.json()["items"]], second.json()["next_cursor"]) == ([made[0]], None)
    # In words, as in a mail: nobody has to know what a kind means.
    drift = catalogues()["hr"].kinds["drift"]
    lines = second.json()["items"][0]["text"].splitlines()
    assert (lines[0], lines[-1]) == (drift["title"].format(name="a"), f"Što učiniti: {drift['do']}")

    done = await hub.client.post(f"/pregrada/admin/v1/alerts/{made[0]}/acknowledge", headers=headers)
    assert (done.status_code, done.json()["acknowledged_by"]) == (200, "development")
    assert done.json()["opened_at"] == "2026-11-21T10:00:00Z"
    async with hub.worker.database.town(1) as connection:
        await alerts.settle(connection, 1, kind="drift", about="a", now=hub.clock.now())
    for query, expected in (("", made[:0:-1]), ("?settled=true", made[::-1])):
        listed = await hub.client.get(f"/pregrada/admin/v1/alerts{query}", headers=headers)
        assert [one["id"] for one in listed.json()["items"]] == expected
    there = f"/vzorov/admin/v1/alerts/{made[1]}/acknowledge"
    assert (await hub.client.post(there, headers=hub.staff("vzorov"))).status_code == 404
    refused = await hub.client.get("/pregrada/admin/v1/alerts?cursor=x", headers=headers)
    assert refused.status_code == 422


@pytest.mark.parametrize(("kind", "feed"), [("deliveries_paused", None), ("reading_failed", "obligations")])
async def test_its_figures_are_counted_by_the_doors_own_role(hub: Api, kind, feed):
    detail = {"back_office": "financije"} | ({"feed": feed} if feed else {})
    async with hub.worker.database.town(1) as connection:
        await alerts.raise_alert(connection, 1, kind=kind, about="x", detail=detail, now=hub.clock.now())
    listed = await hub.client.get("/pregrada/admin/v1/alerts", headers=hub.staff("pregrada"))
    (one,) = listed.json()["items"]
    assert one["text"].startswith(catalogues()["hr"].kinds[kind]["title"].format(name="Financijska kartica"))


async def test_a_role_for_one_payee_sees_what_concerns_its_back_offices(house: House):
    theirs, others, _ = [
        await raised(house.api, about, office)
        for about, office in (("a", "financije"), ("b", "urudzbeni"), ("c", None))
    ]
    member = await house.employ(Grant(Role.SUPPORT, payee="grad"))
    headers = house.token(staff_id=member)
    listed = await house.api.client.get("/pregrada/admin/v1/alerts", headers=headers)
    assert [one["id"] for one in listed.json()["items"]] == [theirs]
    refused = await house.api.client.post(f"/pregrada/admin/v1/alerts/{others}/acknowledge", headers=headers)
    assert refused.status_code == 404


async def test_the_drift_of_a_back_office_is_shown_to_whom_it_concerns(house: House):
    for path, headers, expected in (
        ("/pregrada/admin/v1/back-offices/financije/drift", house.api.staff("pregrada"), 200),
        ("/pregrada/admin/v1/back-offices/nowhere/drift", house.api.staff("pregrada"), 404),
        (
            "/pregrada/admin/v1/back-offices/urudzbeni/drift",
            house.token(staff_id=await house.employ(Grant(Role.SUPPORT, payee="grad"))),
            404,
        ),
    ):
        assert (await house.api.client.get(path, headers=headers)).status_code == expected
    there = "/pregrada/admin/v1/back-offices/financije/drift"
    found = (await house.api.client.get(there, headers=house.api.staff("pregrada"))).json()
    assert found == {"back_office": "financije", "checked_at": None, "compared": [], "findings": [], "met": []}
