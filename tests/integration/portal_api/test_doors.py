"""Who may come in, and what becomes of garbage at each door."""

import asyncio
import json
from datetime import timedelta

import pytest

from hub.kernel.errors import ConfigurationError
from portal_api.push import door
from portal_api.push.events import ReceiptOut
from tests.support.hub import SECRETS
from tests.support.records import ANA

ACCOUNT = "/pregrada/v1/account"
PUSH = "/pregrada/push/v1/events"
SINGLE = "application/cloudevents+json"
FINANCE = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}


def problem(answer, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"] == f"urn:munihub:problem:{code}"
    return body["detail"]


async def test_without_a_token(hub):
    answer = await hub.client.get(ACCOUNT)
    assert problem(answer, 401, "unauthenticated") == "Send an access token: `Authorization: Bearer …`."
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "Bearer", "é" * 10])
async def test_garbage_for_a_token(hub, token):
    answer = await hub.client.get(ACCOUNT, headers={"Authorization": f"Bearer {token}".encode()})
    problem(answer, 401, "unauthenticated")


async def test_a_token_ends(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    headers = hub.token("pregrada", ana)
    assert (await hub.client.get(ACCOUNT, headers=headers)).status_code == 200
    hub.clock.move(timedelta(hours=1))
    assert problem(await hub.client.get(ACCOUNT, headers=headers), 401, "unauthenticated") == (
        "The access token has expired."
    )


async def test_a_token_of_another_town(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    answer = await hub.client.get("/vzorov/v1/account", headers=hub.token("pregrada", ana))
    assert problem(answer, 401, "unauthenticated") == "The access token is not for this town."


async def test_a_token_whose_letters_were_changed(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    signed = hub.token("pregrada", ana)["Authorization"]
    head, payload, signature = signed.split(".")
    for forged in (
        f"{head}.{payload[:-2]}xx.{signature}",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload}.",
    ):
        problem(await hub.client.get(ACCOUNT, headers={"Authorization": forged}), 401, "unauthenticated")


async def test_a_token_without_the_scope(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    answer = await hub.client.get(ACCOUNT, headers=hub.token("pregrada", ana, ("refresh",)))
    assert problem(answer, 403, "forbidden") == "The access token lacks the scope 'account'."
    problem(await hub.client.get(ACCOUNT, headers=hub.token("pregrada", None, ("account",))), 403, "forbidden")
    problem(
        await hub.client.get("/pregrada/admin/v1/dead-letters", headers=hub.token("pregrada", ana)), 403, "forbidden"
    )


async def test_a_live_town_refuses_development(hub, monkeypatch):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    headers = hub.token("pregrada", ana)
    city = hub.hub.towns.by_slug["pregrada"].city
    monkeypatch.setitem(city.__dict__, "live", True)
    answer = await hub.client.get(ACCOUNT, headers=headers)
    assert problem(answer, 401, "unauthenticated") == "This town is live and does not accept development tokens."
    with pytest.raises(ConfigurationError, match="is live"):
        hub.hub.tokens.sign(city, ana, (), timedelta(hours=1))


@pytest.mark.parametrize("path", ["/nowhere/v1/account", "/pregrada/v1/nothing", "/", "/pregrada"])
async def test_addresses_that_are_not_there(hub, path):
    problem(await hub.client.get(path), 404, "not_found")


async def test_a_live_town_answers_at_its_host(hub, monkeypatch):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    city = hub.hub.towns.by_slug["pregrada"].city
    monkeypatch.setitem(city.__dict__, "hosts", ["moja.pregrada.test"])
    hub.hub.towns.__dict__.pop("hosts", None)
    headers = hub.token("pregrada", ana)
    answer = await hub.client.get("http://MOJA.pregrada.test:8443/v1/account", headers=headers)
    assert answer.status_code == 200
    assert (await hub.client.get("http://moja.pregrada.test/healthz")).text == "ok\n"
    monkeypatch.setitem(city.__dict__, "live", True)
    assert problem(await hub.client.get(ACCOUNT, headers=headers), 404, "not_found") == (
        "This town answers at moja.pregrada.test."
    )


async def push(hub, content: bytes, media_type: str = SINGLE, **headers):
    return await hub.client.post(PUSH, content=content, headers=FINANCE | {"Content-Type": media_type} | headers)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {SECRETS['pregrada-financije-push']}"}],
)
async def test_a_push_without_the_secret(hub, headers):
    answer = await hub.client.post(PUSH, content=b"{}", headers={"Content-Type": SINGLE} | headers)
    problem(answer, 401, "unauthenticated")


async def test_a_push_to_another_town_with_this_towns_secret(hub):
    answer = await hub.client.post("/vzorov/push/v1/events", content=b"{}", headers=FINANCE | {"Content-Type": SINGLE})
    problem(answer, 401, "unauthenticated")
    problem(await hub.client.post("/nowhere/push/v1/events", content=b"{}", headers=FINANCE), 404, "not_found")


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"", SINGLE, 400, "malformed_request"),
        (b"{broken", SINGLE, 400, "malformed_request"),
        ("Ž".encode("cp1250"), SINGLE, 400, "malformed_request"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "application/xml", 415, "unsupported_media"),
        (b"x", "", 415, "unsupported_media"),
        (b"[]" * 3, "application/cloudevents-batch+json", 400, "malformed_request"),
    ],
)
async def test_garbage_at_the_push_door(hub, content, media_type, status, code):
    answer = await push(hub, content, media_type)
    detail = problem(answer, status, code)
    letters = (await hub.client.get("/pregrada/admin/v1/dead-letters", headers=hub.staff("pregrada"))).json()["items"]
    if status == 400:
        assert [one["reason"] for one in letters] == ["unreadable_body"]
        assert letters[0]["id"] in detail
    else:
        assert letters == []


async def test_too_large_a_push_is_refused_whatever_its_length_says(hub, monkeypatch):
    monkeypatch.setattr(door, "LARGEST", 1000)
    assert "send several" in problem(await push(hub, b"x" * 1001), 413, "too_large")

    async def drip():
        for _ in range(20):
            yield b"x" * 100

    answer = await hub.client.post(PUSH, content=drip(), headers=FINANCE | {"Content-Type": SINGLE})
    problem(answer, 413, "too_large")


async def test_a_receipt_accounts_for_every_message(hub):
    good = {"specversion": "1.0", "id": "1", "source": "/f", "type": "hr.pregrada.financije.stavka", "data": {}}
    batch = json.dumps([good, good, {"no": "event"}, good | {"id": "2"}]).encode()
    answer = await push(hub, batch, "application/cloudevents-batch+json; charset=utf-8")
    assert answer.status_code == 202
    receipt = ReceiptOut.model_validate_json(answer.content)
    assert (receipt.accepted, receipt.duplicates, len(receipt.dead_letters)) == (2, 1, 1)
    again = (await push(hub, batch, "application/cloudevents-batch+json")).json()
    assert (again["accepted"], again["duplicates"]) == (0, 3)


async def test_concurrent_pushes_of_the_same_batch_store_it_once(hub):
    batch = json.dumps(
        [{"specversion": "1.0", "id": str(n), "source": "/f", "type": "t", "data": {}} for n in range(50)]
    ).encode()
    answers = await asyncio.gather(*(push(hub, batch, "application/cloudevents-batch+json") for _ in range(8)))
    assert sum(one.json()["accepted"] for one in answers) == 50
    assert sum(one.json()["duplicates"] for one in answers) == 350


async def test_letters_come_in_pages(hub):
    for n in range(5):
        await push(hub, b"{broken %d" % n)
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (
            await hub.client.get("/pregrada/admin/v1/dead-letters", params=params, headers=hub.staff("pregrada"))
        ).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


async def test_ready_and_alive(hub):
    assert (await hub.client.get("/healthz")).text == "ok\n"
    body = (await hub.client.get("/readyz")).json()
    assert body == {"status": "ready", "towns": ["pregrada", "vzorov"], "left_out": [], "locked": []}


@pytest.mark.parametrize("lost", [["pregrada"], ["pregrada", "vzorov"]])
async def test_a_town_whose_keys_do_not_open_takes_no_other_out_of_service(hub, lost):
    """They are wrapped by a master key that is not in the file, as after a restore with another one."""
    for slug in lost:
        city_id = hub.worker.towns.by_slug[slug].city.id
        async with hub.worker.database.town(city_id) as connection:
            await connection.execute("update city_keys set master_id = 'gone' where city_id = $1", city_id)
    answer = await hub.client.get("/readyz")
    if len(lost) == 2:
        problem(answer, 503, "not_ready")
    else:
        assert answer.json() == {"status": "ready", "towns": ["vzorov"], "left_out": [], "locked": lost}


async def test_without_the_database_every_door_says_not_now(hub, postgres):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    headers = hub.token("pregrada", ana)
    hub.hub.database.pool.terminate()
    for answer in (
        await hub.client.get(ACCOUNT, headers=headers),
        await hub.client.get("/readyz"),
        await push(hub, b"{}"),
    ):
        problem(answer, 503, "not_ready")
        assert answer.headers["retry-after"] == "5"
    assert (await hub.client.get("/healthz")).status_code == 200
