"""From the citizen's door into simulated back offices and back: what she sees at every moment, and what happened there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.delivery.model import State
from hub.delivery.sweep import Sweep
from hub.delivery.verbs import Desk
from hub.personal_data import erasure
from hub.storage import retention
from tests.integration.submissions.conftest import CASE, PNG, PROBLEM, FrontEnd, good
from tests.integration.submissions.sending import Sending, sending
from tests.support.hub import SECRETS

ZELJKA, RUZENA = "83100426579", "0572127050"
LATER = timedelta(minutes=30)
assert SECRETS


@pytest.fixture
async def pregrada(tmp_path, urls, clock) -> AsyncIterator[Sending]:
    async with sending(tmp_path, urls, clock, "pregrada", urudzbeni=("pregrada_urudzbeni", "base_url")) as town:
        yield town


@pytest.fixture
async def vzorov(tmp_path, urls, clock) -> AsyncIterator[Sending]:
    offices = {
        "podatelna": ("vzorov_podatelna", "endpoint/podatelna"),
        "registr": ("vzorov_registr", "endpoint/registr"),
    }
    async with sending(tmp_path, urls, clock, "vzorov", **offices) as town:
        yield town


async def zeljka(town: Sending) -> FrontEnd:
    subject_id = await town.api.subject("pregrada", "Željka Đurđević-Šćepan", hr_oib=ZELJKA)
    return FrontEnd(town.api, subject_id, {})


def refreshed(front_end: FrontEnd) -> FrontEnd:
    """With a token of now: the clock of these tests moves by hours."""
    front_end.headers = front_end.api.token(front_end.city, front_end.subject_id)
    return front_end


async def misbehave(town: Sending, office: str, **misdeeds: object) -> None:
    await town.offices[office].post("writes", **misdeeds)


async def test_a_case_with_documents_arrives_and_becomes_a_case_of_the_account(pregrada):
    her = refreshed(await zeljka(pregrada))
    first, second = [good(await her.upload(name=name), 201)["id"] for name in ("a.pdf", "b.pdf")]
    sent = good(await her.post("submissions", CASE | {"documents": [first, second]}), 201)
    await pregrada.send()
    body = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    assert (body["state"], body["status"]) == ("registered", "waiting_for_office")
    assert body["text"] == "Zaprimljeno u sustavu „Urudžbeni zapisnik” pod brojem 363-03/26-01/201."
    assert body["offices"][0]["number"] == "363-03/26-01/201"
    assert [one["event"] for one in body["events"]] == ["sent", "received", "registered"]
    ledger = await pregrada.ledger("urudzbeni")
    assert [one["operation"] for one in ledger["entries"]] == ["predmet", "dokument", "dokument"]
    assert set(ledger["counts"].values()) == {1}
    # No case yet; then the feed brings it, and it is one thing and not two.
    assert body["case"] is None
    assert [one["id"] for one in good(await her.get("account"))["sent"]] == [sent["id"]]
    await pregrada.read("urudzbeni", "cases", "hr.oib", ZELJKA)
    body = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    case = good(await her.get(f"cases/{body['case']}"))
    assert (case["title"], case["sent"]) == (CASE["title"], [sent["id"]])
    account = good(await her.get("account"))
    assert account["sent"] == []
    assert [one["title"] for one in account["cases"]["items"]].count(CASE["title"]) == 1


async def test_an_answer_arrives_on_its_case(pregrada):
    her = refreshed(await zeljka(pregrada))
    await pregrada.read("urudzbeni", "cases", "hr.oib", ZELJKA)
    cases = good(await refreshed(her).get("cases"))["items"]
    waiting = next(one for one in cases if one["status"] == "needs_you")
    for text in ("U prilogu je vlasnički list.", "I još jedan."):
        good(await her.post(f"cases/{waiting['id']}/answers", {"text": text}), 201)
    await pregrada.send()
    states = [one["state"] for one in good(await refreshed(her).get("submissions"))["items"]]
    assert states == ["registered", "registered"]
    await pregrada.read("urudzbeni", "cases", "hr.oib", ZELJKA)
    events = [one["text"] for one in good(await refreshed(her).get(f"cases/{waiting['id']}"))["events"]]
    assert events[-2:] == ["Zaprimljen podnesak: U prilogu je vlasnički list.", "Zaprimljen podnesak: I još jedan."]


async def test_a_problem_with_a_photo_arrives(pregrada):
    her = refreshed(await zeljka(pregrada))
    photo = good(await her.upload(PNG, "slika.png", "image/png"), 201)["id"]
    sent = good(await her.post("requests", PROBLEM | {"photos": [photo]}), 201)
    await pregrada.send()
    body = good(await refreshed(her).get(f"requests/{sent['id']}"))
    assert body["text"] == "Zaprimljeno u sustavu „Urudžbeni zapisnik” pod brojem P-2026/0001."


async def test_while_the_office_is_off_she_sees_since_when(pregrada):
    her = refreshed(await zeljka(pregrada))
    sent = good(await her.post("submissions", CASE), 201)
    await pregrada.offices["urudzbeni"].switch(down="503")
    await pregrada.send()
    body = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    assert body["state"] == "waiting"
    assert body["text"].startswith("Sustav gradske uprave „Urudžbeni zapisnik” ne odgovara od 21. 11. 2026. 11:00.")
    assert body["offices"][0]["not_answering_since"] == "2026-11-21T10:00:00Z"
    await pregrada.send(LATER)
    again = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    assert again["offices"][0]["not_answering_since"] == "2026-11-21T10:00:00Z"
    await pregrada.offices["urudzbeni"].switch()
    await pregrada.send(LATER)
    done = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    assert (done["state"], done["offices"][0]["not_answering_since"]) == ("registered", None)
    assert set((await pregrada.ledger("urudzbeni"))["counts"].values()) == {1}


@pytest.mark.parametrize(
    "do", ["error_after", "drop_after", "garbage_after", "half_after", "error_before", "drop_before"]
)
async def test_whatever_goes_wrong_it_is_done_once_where_it_can_be_asked(pregrada, do):
    her = refreshed(await zeljka(pregrada))
    document = good(await her.upload(), 201)["id"]
    sent = good(await her.post("submissions", CASE | {"documents": [document]}), 201)
    for operation in ("predmet", "dokument"):
        await misbehave(pregrada, "urudzbeni", do=do, operations=[operation], only_next=1)
        for _ in range(3):
            await pregrada.send(LATER)
    body = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    assert body["state"] == "registered"
    ledger = await pregrada.ledger("urudzbeni")
    assert sorted(ledger["counts"].values()) == [1, 1]


async def test_what_is_refused_names_the_field_and_somebody_looks(pregrada):
    her = refreshed(await zeljka(pregrada))
    sent = good(await her.post("submissions", CASE), 201)
    await misbehave(pregrada, "urudzbeni", do="refuse", field="opis")
    await pregrada.send()
    body = good(await refreshed(her).get(f"submissions/{sent['id']}"))
    assert (body["state"], body["status"]) == ("refused", "waiting_for_office")
    assert body["text"].startswith("Sustav „Urudžbeni zapisnik” to nije prihvatio")
    assert (await pregrada.ledger("urudzbeni"))["entries"] == []


async def test_an_office_that_cannot_be_asked_leaves_a_doubt_for_somebody(vzorov):
    subject_id = await vzorov.api.subject("vzorov", "Růžena Příhodová", cz_birth_number=RUZENA)
    her = refreshed(FrontEnd(vzorov.api, subject_id, {}, "vzorov"))
    arrived = good(await her.post("submissions", CASE), 201)
    await vzorov.send()
    doubtful = good(await refreshed(her).post("submissions", CASE), 201)
    await misbehave(vzorov, "podatelna", do="drop_after", only_next=1)
    for _ in range(3):
        await vzorov.send(LATER)
    refreshed(her)
    body = good(await her.get(f"submissions/{arrived['id']}"))
    assert body["text"] == "Přijato v systému „Podatelna“ pod číslem MUVZ/1001/2026."
    body = good(await her.get(f"submissions/{doubtful['id']}"))
    assert (body["state"], body["status"]) == ("in_doubt", "waiting_for_office")
    assert body["text"].startswith("Není jisté, zda to systém „Podatelna“ přijal.")
    # Done once there, however often we looked.
    assert (await vzorov.ledger("podatelna"))["counts"] == {arrived["number"]: 1, doubtful["number"]: 1}


async def test_a_contact_change_goes_to_the_register(vzorov):
    subject_id = await vzorov.api.subject("vzorov", "Růžena Příhodová", cz_birth_number=RUZENA)
    her = refreshed(FrontEnd(vzorov.api, subject_id, {}, "vzorov"))
    await misbehave(vzorov, "registr", do="error_after", only_next=1)
    good(await her.patch("contact-details", {"email": "ruzena@example.cz", "phone": "+420601234567"}))
    for _ in range(3):
        await vzorov.send(LATER)
    (change,) = good(await refreshed(her).get("contact-details"))["changes"]
    assert (change["state"], change["status"]) == ("registered", "closed")
    assert [one["text"] for one in change["offices"]] == ["Přijato v systému „Registr osob“."]
    assert set((await vzorov.ledger("registr"))["counts"].values()) == {1}


async def test_one_office_fails_and_the_other_is_not_taken_for_both(tmp_path, urls, clock):
    """A changed contact goes to two offices; she reads of each what became of it, and done is when both have it."""
    offices = {
        "urudzbeni": ("pregrada_urudzbeni", "base_url"),
        "financije": ("pregrada_financije", "endpoint/financije"),
    }
    async with sending(tmp_path, urls, clock, "pregrada", **offices) as pregrada:
        # Its security looks at the time at which a message was made.
        pregrada.offices["financije"].clock.at = datetime.now(UTC)
        her = refreshed(await zeljka(pregrada))

        async def change(**details: object) -> dict[str, Any]:
            good(await refreshed(her).patch("contact-details", details))
            return await latest()

        async def latest() -> dict[str, Any]:
            return good(await refreshed(her).get("contact-details"))["changes"][0]

        def texts(change: dict[str, Any]) -> dict[str, str]:
            return {one["back_office"]: one["text"] for one in change["offices"]}

        # The card is off: the registry has it, and nothing is called done.
        await pregrada.offices["financije"].switch(down="503")
        await change(email="zeljka@example.hr")
        await pregrada.send()
        one = await latest()
        assert (one["state"], one["status"]) == ("waiting", "waiting_for_office")
        assert texts(one)["urudzbeni"] == "Zaprimljeno u sustavu „Urudžbeni zapisnik”."
        assert texts(one)["financije"].startswith("Sustav gradske uprave „Financijska kartica” ne odgovara od")
        # It is back, does what it was sent, and its answer is lost: asked by our key, it happened once.
        await pregrada.offices["financije"].switch()
        await misbehave(pregrada, "financije", do="drop_after", only_next=1)
        for _ in range(3):
            await pregrada.send(LATER)
        one = await latest()
        assert (one["state"], one["status"]) == ("registered", "closed")
        assert texts(one)["financije"] == "Zaprimljeno u sustavu „Financijska kartica”."
        ledger = await pregrada.ledger("financije")
        assert (len(ledger["counts"]), set(ledger["counts"].values())) == (1, {1})
        # Refused by the one and given up: it has not arrived everywhere, and is not called so.
        await misbehave(pregrada, "financije", do="refuse", field="Telefon", only_next=1)
        await change(phone="+385991234567")
        await pregrada.send(LATER)
        one = await latest()
        assert one["state"] == "refused"
        async with pregrada.worker.database.town(pregrada.town.city.id) as connection:
            [refused] = await pregrada.worker.deliveries.listed(
                connection, pregrada.town.city.id, state=State.REFUSED, limit=5
            )
            keys = await pregrada.worker.vault.keys(connection, pregrada.town.city.id)
            desk = Desk(connection, keys, pregrada.town, clock, "stf_test")
            await desk.discard(refused.delivery_id, "told on the counter")
        parts = (pregrada.worker.database, pregrada.worker.vault, clock, pregrada.worker.deliveries)
        await Sweep(*parts).run(pregrada.town)
        one = await latest()
        assert (one["state"], one["status"]) == ("discarded", "closed")
        assert texts(one) == {
            "urudzbeni": "Zaprimljeno u sustavu „Urudžbeni zapisnik”.",
            "financije": "Službenik gradske uprave odlučio je da se dalje ne šalje u sustav „Financijska kartica”. "
            "Razlog Vam može reći gradska uprava.",
        }


async def test_what_is_on_its_way_of_somebody_who_is_erased_is_carried_out_and_then_nothing_is_left(pregrada):
    """Her file is not hers any more, and stays for as long as it waits to be sent, however long the office is off."""
    her = refreshed(await zeljka(pregrada))
    document = good(await her.upload(), 201)["id"]
    good(await her.upload(name="unused.pdf"), 201)
    good(await her.post("submissions", CASE | {"documents": [document]}), 201)
    await pregrada.offices["urudzbeni"].switch(down="503")
    await pregrada.send()
    city_id, database = pregrada.town.city.id, pregrada.worker.database

    async def left() -> list[tuple[object, ...]]:
        async with database.town(city_id) as connection:
            return [tuple(row) for row in await connection.fetch("select name, matter_id from blobs")]

    async with database.town(city_id) as connection:
        await erasure.erase(connection, city_id, her.subject_id, pregrada.clock.now())
    assert await left() == [("file", None)]
    pregrada.clock.move(timedelta(days=3))
    await retention.keep(database, [city_id], pregrada.clock.now())
    assert await left() == [("file", None)]
    await pregrada.offices["urudzbeni"].switch()
    for _ in range(3):
        await pregrada.send(LATER)
    ledger = await pregrada.ledger("urudzbeni")
    assert ([one["operation"] for one in ledger["entries"]], set(ledger["counts"].values())) == (
        ["predmet", "dokument"],
        {1},
    )
    await retention.keep(database, [city_id], pregrada.clock.now())
    assert await left() == []
    pregrada.clock.move(timedelta(days=31))
    await retention.keep(database, [city_id], pregrada.clock.now())
    async with database.town(city_id) as connection:
        assert await connection.fetchval("select count(*) from delivery_values") == 0
        [row] = await connection.fetch("select state, subject_id from deliveries")
        assert tuple(row) == ("delivered", None)
