"""Statements through the API: a cashier's morning, and what others may not."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.authorisation import Role
from hub.jobs.queue import Job
from hub.kernel.assurance import Assurance
from hub.kernel.ids import new_uuid, parse_public_id
from hub.logins import resolution
from hub.obligations.projection import ObligationProjection
from hub.staff import service as staff
from hub.staff.model import Grant
from hub.subjects import service as subjects
from hub.tokens.service import AccessToken
from hub.worker import Work
from tests.integration.reconciliation.books import Line, bill, camt
from tests.support.hub import Api, make_settings, opened
from tests.support.records import ANA, obligation, source

UTILITY = "HR1210010051863000160"


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api


async def owe(hub: Api, reference: str) -> None:
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        told = source(1, hub.clock.now(), payees=frozenset({"grad", "niskogradnja"}))
        made = obligation("o1", ANA, payee="grad", references=bill(reference))
        await ObligationProjection().apply(connection, keys, told, [made])


async def upload(hub: Api, headers: dict[str, str], content: bytes, name: str = "izvod.xml") -> dict[str, Any]:
    answer = await hub.client.post(
        "/pregrada/admin/v1/statement-files", params={"name": name}, content=content, headers=headers
    )
    assert answer.status_code == 202, answer.text
    file = answer.json()
    town = hub.worker.towns.by_slug["pregrada"]
    await hub.worker.reconciliation.read(town, parse_public_id("bsf", file["id"]))
    await hub.worker.reconciliation.match(town, queued=False)
    return file


async def cashier_of(hub: Api, payee: str) -> dict[str, str]:
    """Headers of somebody who handles the money of one payee."""
    town, now = hub.worker.towns.by_slug["pregrada"].city, hub.clock.now()
    async with hub.worker.database.town(town.id) as connection:
        grants = [Grant(Role.CASHIER, payee=payee)]
        staff_id = await staff.add(connection, town, "Kata Blagajnik", grants, by="test", now=now)
    text = secrets.token_urlsafe(32)
    # As if it had been verified a moment ago: signatures are tried in the tests of tokens.
    hub.hub.tokens._known[text, town.id] = AccessToken(
        city_id=town.id, scopes=frozenset({"money"}), expires_at=now + timedelta(minutes=5), client_id="console",
        assurance=Assurance.SUBSTANTIAL, subject_id=None, staff_id=staff_id,
    )  # fmt: skip
    return {"Authorization": f"Bearer {text}"}


async def get(hub: Api, headers: dict[str, str], path: str) -> Any:
    answer = await hub.client.get(f"/pregrada/admin/v1/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_cashiers_morning(hub):
    await owe(hub, "HR68 5720-87582274224")
    cashier = hub.staff("pregrada")
    lines = [Line("125.50", "HR68 5720-87582274225", text="komunalna", name="ANA HORVAT"), Line("-3.00")]
    file = await upload(hub, cashier, camt(*lines, opening="100.00"))
    assert (await get(hub, cashier, f"statement-files/{file['id']}"))["state"] == "read"
    [statement] = (await get(hub, cashier, "statements"))["items"]
    assert statement["closing"]["text"] == "222,50\N{NO-BREAK SPACE}€"
    assert (statement["agrees"], statement["waiting"], statement["payees"]) == (True, 1, ["grad"])
    [waiting] = (await get(hub, cashier, "statement-entries?state=queued"))["items"]
    assert (waiting["reason"], {"party", "text", "references"} & set(waiting)) == ("unknown_reference", set())
    whole = await get(hub, cashier, f"statement-entries/{waiting['id']}")
    assert (whole["party"]["name"], whole["text"]) == ("ANA HORVAT", "komunalna")
    assert [one["value"] for one in whole["references"]] == ["HR68 5720-87582274225"]
    [suggested] = whole["obligations"]
    assert {"amount", "nearly_reference"} <= set(suggested["why"])
    body = {"items": [{"obligation": suggested["obligation"]}], "reason": "one digit other"}
    path = f"/pregrada/admin/v1/statement-entries/{waiting['id']}"
    answer = await hub.client.post(f"{path}/confirm", json=body, headers=cashier)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["kind"]) == ("booked", "payment")
    assert [one["event"] for one in answer.json()["decisions"]] == ["unclear", "confirmed"]
    payment = await get(hub, cashier, f"payments/{answer.json()['payment']}")
    assert payment["charges"][0]["bank"]["minor"] == 12550
    again = await hub.client.post(f"{path}/confirm", json=body, headers=cashier)
    assert again.status_code == 409
    undone = await hub.client.post(f"{path}/undo", json={"reason": "it was another's"}, headers=cashier)
    assert undone.json()["state"] == "queued"
    assert undone.json()["obligations"], "it is due again"


async def test_who_answers_for_one_payee_sees_and_sends_that_ones_alone(hub):
    everybody = hub.staff("pregrada")
    utility = await cashier_of(hub, "niskogradnja")
    await upload(hub, everybody, camt(Line("1.00")), "grad.xml")
    assert (await get(hub, utility, "statements"))["items"] == []
    assert (await get(hub, utility, "statement-entries"))["items"] == []
    [theirs] = (await get(hub, everybody, "statement-entries"))["items"]
    answer = await hub.client.get(f"/pregrada/admin/v1/statement-entries/{theirs['id']}", headers=utility)
    assert answer.status_code == 404
    refused = await upload(hub, utility, camt(Line("2.00"), number="2"), "forged.xml")
    state = await get(hub, utility, f"statement-files/{refused['id']}")
    assert (state["state"], "does not answer" in state["problem"]) == ("refused", True)
    await upload(hub, utility, camt(Line("3.00"), number="3", account=UTILITY), "own.xml")
    assert [one["amount"]["minor"] for one in (await get(hub, utility, "statement-entries"))["items"]] == [300]


async def ana_at_the_till(hub: Api) -> dict[str, str]:
    """Headers of a cashier who is Ana, as one account at an eID shows."""
    town, now = hub.worker.towns.by_slug["pregrada"].city, hub.clock.now()
    ana = await hub.subject("pregrada", "Ana", hr_oib=ANA)
    herself = await cashier_of(hub, "grad")
    async with hub.hub.database.identity(town.id) as connection:
        # One account at an eID leads to both.
        staff_id = await connection.fetchval("select staff_id from staff where name = 'Kata Blagajnik'")
        keys = await hub.hub.vault.keys(connection, town.id)
        (login,) = (await subjects.identify(connection, keys, [("login.nias", "kata")])).values()
        await resolution.insert(connection, town.id, "nias", login, now, by="new", subject_id=ana)
        await resolution.insert(connection, town.id, "nias", login, now, by="clerk", staff_id=staff_id, staff=True)
    return herself


async def test_no_cashier_books_an_entry_for_what_she_owes_herself(hub):
    await owe(hub, "HR68 5720-87582274224")
    herself = await ana_at_the_till(hub)
    await upload(hub, herself, camt(Line("125.50", "HR68 5720-87582274225")))
    [waiting] = (await get(hub, herself, "statement-entries?state=queued"))["items"]
    [obligation] = (await get(hub, herself, f"statement-entries/{waiting['id']}"))["obligations"]
    body = {"items": [{"obligation": obligation["obligation"]}], "reason": "one digit other"}
    path = f"/pregrada/admin/v1/statement-entries/{waiting['id']}"
    for verb in ("confirm", "reassign"):
        answer = await hub.client.post(f"{path}/{verb}", json=body, headers=herself)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:munihub:problem:forbidden"), answer.text
    colleague = await hub.client.post(f"{path}/confirm", json=body, headers=hub.staff("pregrada"))
    assert colleague.json()["state"] == "booked"


async def test_no_cashier_decides_what_the_bank_took_back_of_what_she_owes_herself(hub):
    await owe(hub, "HR68 5720-87582274224")
    herself, colleague = await ana_at_the_till(hub), hub.staff("pregrada")
    mine = Line("125.50", "HR68 5720-87582274224", bank_reference="B1")
    await upload(hub, herself, camt(mine, Line("125.50"), Line("125.50", account="HR9023400091110000009"), number="1"))
    back = camt(Line("-125.50", reversal=True), Line("-1.00", reversal=True), number="2", opening="376.50")
    await upload(hub, herself, back)
    found = (await get(hub, herself, "statement-entries"))["items"]
    paid = next(one for one in found if one["state"] == "booked")
    taking = next(one for one in found if one["reason"] == "reversal_of_several")
    other = next(one for one in found if one["reason"] == "reversal")
    likely = (await get(hub, herself, f"statement-entries/{taking['id']}"))["takes_back"]
    assert (paid["id"] in likely, len(likely)) == (True, 2)
    neighbours = next(one for one in found if one["reason"] == "no_reference" and one["id"] not in likely)

    async def does(who: dict[str, str], what: Any, verb: str, **body: Any) -> tuple[int, str]:
        path = f"/pregrada/admin/v1/statement-entries/{what['id']}/{verb}"
        answer = await hub.client.post(path, json={"reason": "looked at it", **body}, headers=who)
        return answer.status_code, answer.json().get("state") or answer.json()["type"]

    refused = (403, "urn:munihub:problem:forbidden")
    assert await does(herself, taking, "set-aside") == refused
    for one in (*likely, neighbours["id"]):
        assert await does(herself, taking, "takes-back", entry=one) == refused
    assert await does(herself, other, "takes-back", entry=paid["id"]) == refused
    assert await does(herself, paid, "undo") == refused
    assert await does(herself, paid, "reassign", items=[]) == refused
    assert await does(herself, other, "set-aside") == (200, "set_aside"), "which is not hers"
    assert await does(colleague, taking, "takes-back", entry=paid["id"]) == (200, "booked")
    assert await does(herself, taking, "undo") == refused
    assert await does(colleague, taking, "undo") == (200, "queued")


async def test_what_is_wrong_is_said(hub):
    cashier = hub.staff("pregrada")
    for params, status in (({"name": "../izvod.xml"}, 422), ({}, 422), ({"name": "empty.xml"}, 422)):
        content = b"" if params.get("name") == "empty.xml" else camt(Line("1.00"))
        answer = await hub.client.post(
            "/pregrada/admin/v1/statement-files", params=params, content=content, headers=cashier
        )
        assert answer.status_code == status, answer.text
    path = "/pregrada/admin/v1/statement-entries"
    for query in ("amount=12 KUNA", "amount=12 XXX", "cursor=nonsense", "state=gone"):
        assert (await hub.client.get(f"{path}?{query}", headers=cashier)).status_code == 422, query


async def test_every_verb_says_what_it_makes_of_an_entry_or_why_not(hub):
    cashier = hub.staff("pregrada")
    await upload(hub, cashier, camt(Line("1.00")))
    [entry] = (await get(hub, cashier, "statement-entries"))["items"]
    path = f"/pregrada/admin/v1/statement-entries/{entry['id']}"
    why = {"reason": "looked at it"}
    verbs = [
        ("undo", why, 409, "it waits for somebody"),
        ("payout", {"since": "2026-11-20", "until": "2026-11-20", "fee": 0}, 422, "no such payout any more"),
        ("takes-back", {"entry": entry["id"]}, 422, "another amount"),
        ("set-aside", why, 200, "set_aside"),
        ("confirm", {"items": []}, 409, "reopen it first"),
        ("reopen", why, 200, "queued"),
        ("confirm", {"items": []}, 200, "booked"),
        ("confirm", {"items": []}, 409, "undo that first, or reassign it"),
        ("reassign", {"items": [], "payee": "niskogradnja", **why}, 422, "is not that of 'niskogradnja'"),
        ("reassign", {"items": [], **why}, 200, "booked"),
    ]
    for verb, body, status, says in verbs:
        answer = await hub.client.post(f"{path}/{verb}", json=body, headers=cashier)
        assert (answer.status_code, says in answer.text) == (status, True), (verb, answer.text)


async def test_a_file_that_stops_coming_is_given_up(hub, monkeypatch):
    monkeypatch.setattr("portal_api.push.door.SILENCE", 0.05)

    async def dripping():
        yield b"<"
        await asyncio.sleep(0.3)

    cashier = hub.staff("pregrada")
    answer = await hub.client.post(
        "/pregrada/admin/v1/statement-files?name=izvod.xml", content=dripping(), headers=cashier
    )
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert answer.json()["type"] == "urn:munihub:problem:request_timeout"
    [file] = (await get(hub, cashier, "statement-files"))["items"]
    assert (file["state"], file["problem"]) == ("broken_off", "Nothing more of it came.")


async def post(hub: Api, headers: dict[str, str], path: str, reason: str = "looked at it") -> tuple[int, Any]:
    answer = await hub.client.post(f"/pregrada/admin/v1/{path}", json={"reason": reason}, headers=headers)
    return answer.status_code, answer.json()


async def test_a_clerk_sees_what_a_corrected_statement_tells_otherwise_and_accepts_it(hub):
    await owe(hub, "HR68 5720-87582274224")
    cashier, utility = hub.staff("pregrada"), await cashier_of(hub, "niskogradnja")
    paid = Line("125.50", "HR68 5720-87582274224", bank_reference="B1", text="komunalna")
    await upload(hub, cashier, camt(paid, Line("5.00", text="stara")))
    other = Line("120.50", "HR68 5720-87582274224", bank_reference="B1", text="vodna")
    file = await upload(hub, cashier, camt(other, Line("9.00", text="nova")), "ispravak.xml")
    [held, first] = (await get(hub, cashier, "statements"))["items"]
    assert (held["state"], held["corrects"], held["file"]) == ("held", first["id"], file["id"])
    assert (await get(hub, cashier, "statements?state=held"))["items"] == [held]
    path = f"statements/{held['id']}"
    found = (await get(hub, cashier, f"{path}/differences"))["items"]
    assert [(one["kind"], one["what"]) for one in found] == [
        ("altered", ["amount", "text"]),
        ("gone", []),
        ("added", []),
    ]
    assert [one and one["amount"]["minor"] for one in (found[0]["before"], found[0]["after"])] == [12550, 12050]
    assert (found[0]["before"]["state"], found[0]["after"]["state"], found[1]["after"]) == ("booked", "held", None)
    first_page = await get(hub, cashier, f"{path}/differences?limit=2")
    rest = await get(hub, cashier, f"{path}/differences?limit=2&cursor={first_page['next_cursor']}")
    assert (first_page["items"] + rest["items"], rest["next_cursor"]) == (found, None)
    assert (await get(hub, cashier, f"statements/{first['id']}/differences"))["items"] == []
    for verb in ("accept", "dismiss", "looked-at"):
        assert (await post(hub, utility, f"{path}/{verb}"))[0] == 404
    assert (await hub.client.get(f"/pregrada/admin/v1/{path}/differences", headers=utility)).status_code == 404
    assert (await post(hub, cashier, f"{path}/accept", ""))[0] == 422
    status, accepted = await post(hub, cashier, f"{path}/accept", "the bank wrote so")
    assert (status, accepted["state"]) == (200, "counts")
    [said] = accepted["decisions"]
    assert (said["event"], said["reason"]) == ("accepted", "the bank wrote so")
    before = await get(hub, cashier, f"statements/{first['id']}")
    assert (before["state"], before["corrected_by"], before["to_undo"]) == ("corrected", held["id"], 1)
    assert (await post(hub, cashier, f"{path}/accept"))[0] == 409
    assert (await post(hub, cashier, f"statements/{first['id']}/looked-at"))[0] == 200
    assert (await hub.client.get(f"/pregrada/admin/v1/{path}/differences?cursor=x", headers=cashier)).status_code == 422


async def test_no_cashier_keeps_what_the_bank_tells_no_more_of_what_she_owes_herself(hub):
    await owe(hub, "HR68 5720-87582274224")
    herself, colleague = await ana_at_the_till(hub), hub.staff("pregrada")
    await upload(hub, herself, camt(Line("125.50", "HR68 5720-87582274224", bank_reference="B1")))
    await upload(hub, herself, camt(Line("9.00", text="nova")))
    [held, first] = (await get(hub, herself, "statements"))["items"]
    assert (await post(hub, herself, f"statements/{held['id']}/dismiss"))[0] == 403
    assert (await post(hub, herself, f"statements/{held['id']}/accept"))[0] == 200
    assert (await post(hub, herself, f"statements/{first['id']}/looked-at"))[0] == 403
    assert (await post(hub, colleague, f"statements/{first['id']}/looked-at"))[0] == 200


async def test_a_clerk_says_that_a_file_is_seen_to(hub):
    cashier, utility = hub.staff("pregrada"), await cashier_of(hub, "niskogradnja")
    file = await upload(hub, cashier, camt(Line("1.00"))[:-300])
    assert (await post(hub, utility, f"statement-files/{file['id']}/looked-at"))[0] == 404
    status, seen = await post(hub, cashier, f"statement-files/{file['id']}/looked-at", "the bank sent another one")
    assert (status, seen["state"], seen["decisions"][0]["reason"]) == (200, "refused", "the bank sent another one")
    assert (await get(hub, cashier, f"statement-files/{file['id']}"))["decisions"] == seen["decisions"]


async def test_the_watch_of_every_minute_finds_an_upload_that_was_cut_off(hub):
    async def killed():
        yield b"<"
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await hub.hub.statements.files.receive(1, "izvod.xml", killed(), by="stf_1")
    hub.clock.move(timedelta(minutes=16))
    await Work(hub.worker).watch(Job(1, 1, "watch", "watch", {}, 1, 1, new_uuid()))
    cashier = hub.staff("pregrada")
    [file] = (await get(hub, cashier, "statement-files?state=broken_off"))["items"]
    again = await hub.client.post(f"/pregrada/admin/v1/statement-files/{file['id']}/read-again", headers=cashier)
    assert (again.status_code, "send it again" in again.text) == (409, True)
