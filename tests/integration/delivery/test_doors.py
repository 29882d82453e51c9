"""Deliveries at the doors: put in line on a citizen's path, looked after by staff, every opening on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from hub.delivery import command
from hub.delivery.model import State
from hub.kernel.ids import public_id
from tests.integration.delivery.harness import CITY, write_town
from tests.support.hub import Api, make_settings, opened
from tests.support.records import ANA, IVO

NOWHERE = "http://127.0.0.1:9"
BASE = "/proba/admin/v1/deliveries"


@pytest.fixture
async def api(tmp_path, urls, clock) -> AsyncIterator[Api]:
    config = write_town(tmp_path / "config", {"asked": NOWHERE, "dumb": NOWHERE})
    async with opened(make_settings(tmp_path, urls, config), urls, clock) as opened_api:
        yield opened_api


async def put(api: Api, subject_id: UUID, title: str = "Rupa", kind: str = "open_case", **more: Any) -> UUID:
    """As a citizen's request does it: the API's role, within her walls."""
    async with api.hub.database.citizen(CITY, subject_id) as connection:
        [delivery_id, *_] = await api.hub.deliveries.enqueue(
            connection,
            await api.hub.vault.keys(connection, CITY),
            town=api.hub.towns.by_slug["proba"],
            kind=kind,
            noun="submission",
            record_id=more.pop("record_id", None) or uuid4(),
            values={"title": title},
            **more,
        )
    return delivery_id


async def stand(api: Api, delivery_id: UUID, state: str) -> None:
    """As if the worker had come so far."""
    async with api.worker.database.town(CITY) as connection:
        await connection.execute(
            """update deliveries set state = $2, reason = 'back_office_fault', field = 'title', detail = 'too long',
                      step = case when $2 = 'in_doubt' then 'case' end,
                      sent_at = case when $2 = 'in_doubt' then timestamptz '2000-01-01' end where delivery_id = $1""",
            delivery_id,
            state,
        )


async def test_a_citizen_puts_in_line_and_sees_her_own_only(api):
    ana, ivo = await api.subject("proba", hr_oib=ANA), await api.subject("proba", "Ivo", hr_oib=IVO)
    record = uuid4()
    first = await put(api, ana, record_id=record, order="street")
    second = await put(api, ivo, order="street")
    async with api.worker.database.town(CITY) as connection:
        rows = await connection.fetch("select delivery_id, subject_id, behind from deliveries order by sequence")
    # She does not see his, and yet stands behind it.
    assert [tuple(row.values()) for row in rows] == [(first, ana, False), (second, ivo, True)]
    async with api.hub.database.citizen(CITY, ana) as connection:
        seen = await connection.fetch("select delivery_id from deliveries")
        assert [row["delivery_id"] for row in seen] == [first]
        [progress] = await api.hub.deliveries.progress(connection, CITY, "submission", record)
        assert (progress.state, progress.kind) == (State.WAITING, "open_case")
        # What is sent of hers and what happened to it is hers too (hub.personal_data); nobody else's is there.
        for table in ("delivery_values", "deliveries_journal"):
            rows = await connection.fetch(f"select delivery_id from {table}")
            assert {row["delivery_id"] for row in rows} == {first}, table
        for table in ("delivery_offices", "delivery_receipts"):
            assert await connection.fetch(f"select from {table}") == [], table
        # Nor does she add to what is his.
        for change in (
            f"insert into delivery_values (city_id, delivery_id, content) values ({CITY}, $1, '')",
            f"""insert into deliveries_journal (city_id, delivery_id, at, event, state, by)
                values ({CITY}, $1, now(), 'x', 'waiting', 'x')""",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(change, second)
    async with api.hub.database.citizen(CITY, ivo) as connection:
        assert await api.hub.deliveries.progress(connection, CITY, "submission", record) == []


async def test_staff_list_by_page_and_filter_without_anybodys_data(api):
    ana = await api.subject("proba", hr_oib=ANA)
    ids = [await put(api, ana, f"Tajna {number}") for number in range(3)]
    await put(api, ana, "Tajna", kind="answer_case")
    await stand(api, ids[1], "refused")
    staff = api.staff("proba")
    everything = (await api.client.get(BASE, headers=staff)).json()
    assert [one["back_office"] for one in everything["items"]] == ["dumb", "asked", "asked", "asked"]
    assert "Tajna" not in json.dumps(everything)
    page = (await api.client.get(BASE, headers=staff, params={"kind": "open_case", "limit": 2})).json()
    rest = await api.client.get(
        BASE, headers=staff, params={"kind": "open_case", "limit": 2, "cursor": page["next_cursor"]}
    )
    found = [one["id"] for one in (*page["items"], *rest.json()["items"])]
    assert found == [public_id("dlv", one) for one in reversed(ids)]
    assert rest.json()["next_cursor"] is None
    [refused] = (await api.client.get(BASE, headers=staff, params={"state": "refused"})).json()["items"]
    assert (refused["id"], refused["field"], refused["reason"]) == (
        public_id("dlv", ids[1]),
        "title",
        "back_office_fault",
    )
    assert (await api.client.get(BASE, headers=staff, params={"back_office": "none"})).json()["items"] == []
    assert (await api.client.get(BASE, headers=staff, params={"cursor": "WyJ4Il0"})).status_code == 422
    assert (await api.client.get(BASE, headers=api.token("proba", ana))).status_code == 403


async def test_opening_and_editing_are_on_record_for_the_person(api):
    ana = await api.subject("proba", hr_oib=ANA)
    delivery_id = await put(api, ana, "Tajna")
    await stand(api, delivery_id, "refused")
    name, staff = public_id("dlv", delivery_id), api.staff("proba")
    inspected = (await api.client.get(f"{BASE}/{name}", headers=staff)).json()
    assert [line["event"] for line in inspected["journal"]] == ["queued"]
    assert "Tajna" not in json.dumps(inspected)
    opened_values = await api.client.get(f"{BASE}/{name}/values", headers=staff, params={"reason": "she called"})
    assert opened_values.json() == {"id": name, "values": {"title": "Tajna"}}
    edited = await api.client.post(
        f"{BASE}/{name}/edit", headers=staff, json={"values": {"title": "Rupa"}, "reason": "shortened with her"}
    )
    assert (edited.status_code, edited.json()["state"]) == (200, "waiting")
    async with api.worker.database.audit(CITY) as connection:
        rows = await connection.fetch("select what, why from access_log order by at, entry_id")
    assert [tuple(row) for row in rows] == [
        ("read_delivery_values", f"she called, {name}"),
        ("edit_delivery", f"shortened with her, {name}"),
    ]
    async with api.worker.database.town(CITY) as connection:
        keys = await api.worker.vault.keys(connection, CITY)
        assert await api.worker.deliveries.open_values(connection, keys, delivery_id) == {"title": "Rupa"}
        await connection.execute("delete from delivery_values")
    assert (await api.client.get(f"{BASE}/{name}/values", headers=staff)).status_code == 410


@pytest.mark.parametrize(
    ("state", "verb", "body"),
    [
        ("in_doubt", "happened", b'{"receipts": {"number": "a\\u0000b"}, "reason": "seen there"}'),
        ("in_doubt", "happened", b'{"receipts": {"number": "1", "\\u0000": "x"}, "reason": "seen there"}'),
        ("refused", "edit", b'{"values": {"title": "\\ud800"}, "reason": "shortened"}'),
        ("refused", "edit", b'{"values": {"\\ud800": "x"}, "reason": "shortened"}'),
    ],
)
async def test_texts_that_nothing_can_keep_are_refused(api, state, verb, body):
    delivery_id = await put(api, await api.subject("proba", hr_oib=ANA))
    await stand(api, delivery_id, state)
    address = f"{BASE}/{public_id('dlv', delivery_id)}/{verb}"
    headers = api.staff("proba") | {"Content-Type": "application/json"}
    assert (await api.client.post(address, headers=headers, content=body)).status_code == 422


@pytest.mark.parametrize(
    ("state", "verb", "body", "status", "becomes"),
    [
        ("in_doubt", "happened", {"receipts": {"number": "C1"}}, 200, "waiting"),
        ("in_doubt", "happened", {"receipts": {}}, 422, "in_doubt"),
        ("in_doubt", "did-not-happen", {}, 200, "waiting"),
        ("in_doubt", "discard", {}, 200, "discarded"),
        ("refused", "retry", {}, 200, "waiting"),
        ("refused", "happened", {"receipts": {"number": "C1"}}, 409, "refused"),
        ("waiting", "edit", {"values": {}}, 409, "waiting"),
    ],
)
async def test_verbs(api, state, verb, body, status, becomes):
    ana = await api.subject("proba", hr_oib=ANA)
    delivery_id = await put(api, ana)
    if state != "waiting":
        await stand(api, delivery_id, state)
    name, staff = public_id("dlv", delivery_id), api.staff("proba")
    assert (await api.client.post(f"{BASE}/{name}/{verb}", headers=staff, json=body)).status_code == 422, "no reason"
    done = await api.client.post(f"{BASE}/{name}/{verb}", headers=staff, json=body | {"reason": "looked it up"})
    assert done.status_code == status, done.text
    if status == 409:
        can = {"refused": "retry, edit, discard", "waiting": "retry, discard"}[state]
        assert done.json()["detail"] == f"This delivery is {state}. What it takes then: {can}."
    inspected = (await api.client.get(f"{BASE}/{name}", headers=staff)).json()
    assert inspected["state"] == becomes
    if status == 200:
        last = inspected["journal"][-1]
        assert (last["event"], last["by"], last["reason"]) == (
            verb.replace("-", "_"),
            "development",
            "looked it up",
        )


async def test_the_command(api, tmp_path):
    ana = await api.subject("proba", hr_oib=ANA)
    delivery_id = await put(api, ana, "Tajna")
    await stand(api, delivery_id, "refused")
    name = public_id("dlv", delivery_id)
    loop = asyncio.get_running_loop()
    app = typer.Typer()

    @app.callback()
    def _root() -> None: ...

    def with_hub(work):
        return asyncio.run_coroutine_threadsafe(work(api.worker), loop).result(20)

    command.register(app, with_hub, lambda hub, slug: hub.towns.by_slug[slug])

    async def run(*arguments: str):
        return await asyncio.to_thread(CliRunner().invoke, app, ["deliveries", *arguments])

    listed = await run("list", "--city", "proba", "--json", "--state", "refused")
    assert json.loads(listed.output)["id"] == name
    # Whole, on a screen as narrow as a plain terminal's.
    assert (await run("list", "--city", "proba")).output.splitlines()[:4] == [
        name,
        "  back office: asked",
        "  kind: open_case",
        "  state: refused",
    ]
    shown = json.loads((await run("show", name, "--city", "proba")).output)
    assert ("values" in shown, shown["journal"][0]["event"]) == (False, "queued")
    assert (await run("show", name, "--city", "proba", "--values")).exit_code != 0
    told = json.loads((await run("show", name, "--city", "proba", "--values", "--why", "she called")).output)
    assert told["values"] == {"title": "Tajna"}
    file = tmp_path / "values.json"
    file.write_text('{"title": "Rupa"}')
    edited = await run("edit", name, str(file), "--city", "proba", "--why", "shortened")
    assert edited.output == f"{name} is waiting\n"
    await stand(api, delivery_id, "in_doubt")
    done = await run("happened", name, "--city", "proba", "--why", "seen", "--receipt", "number=C=1")
    assert done.output == f"{name} is waiting\n"
    assert (await run("discard", name, "--city", "proba", "--why", "withdrawn")).output == f"{name} is discarded\n"
    async with api.worker.database.audit(CITY) as connection:
        rows = await connection.fetch("select what, role from access_log order by at, entry_id")
        assert [tuple(row) for row in rows] == [
            ("read_delivery_values", "munihub deliveries"),
            ("edit_delivery", "munihub deliveries"),
        ]
