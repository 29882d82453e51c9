"""What a citizen sends, at the door: kept, queued and answered, without any back office being called."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

from hub.authorisation import HEADER
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.mandates import service as mandates
from hub.mandates.model import MandateKind
from hub.subjects import rotation
from tests.integration.portal_api.test_account import read
from tests.integration.submissions.conftest import CASE, PNG, PROBLEM, good, refused
from tests.support.records import ANA, case

WAITING = "Sačuvano je kod nas i čeka na slanje u sustav „Urudžbeni zapisnik”. Ne trebate ništa učiniti."
LETTER = "[0-9A-HJKMNP-TV-Z]"


async def deliveries(hub) -> list[dict]:
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        rows = await connection.fetch("select * from deliveries order by sequence")
        return [
            dict(row) | {"values": await hub.worker.deliveries.open_values(connection, keys, row["delivery_id"])}
            for row in rows
        ]


# ── Opening a case ──


async def test_a_case_is_kept_and_on_its_way(hub, ana):
    document = good(await ana.upload(), 201)
    answer = await ana.post("submissions", CASE | {"documents": [document["id"]]})
    body = good(answer, 201)
    assert answer.headers["location"] == f"/pregrada/v1/submissions/{body['id']}"
    assert re.fullmatch(f"{LETTER}{{4}}-{LETTER}{{4}}-{LETTER}{{2}}", body["number"])
    expected = {
        "kind": "open_case",
        "title": CASE["title"],
        "status": "waiting_for_office",
        "state": "waiting",
        "text": WAITING,
        "case": None,
        "sent_at": "2026-11-21T10:00:00Z",
        "changed_at": "2026-11-21T10:00:00Z",
        "words": CASE["text"],
        "documents": [document],
    }
    assert {name: body[name] for name in expected} == expected
    assert [one["back_office"] for one in body["offices"]] == ["urudzbeni"]
    assert [(one["event"], one["text"]) for one in body["events"]] == [("sent", "Poslali ste, i sačuvano je kod nas.")]
    assert good(await ana.get(f"submissions/{body['id']}")) == body
    shown = body.keys() - {"words", "documents", "events"}
    listed = good(await ana.get("submissions"))
    assert listed == {"items": [{name: body[name] for name in shown}], "next_cursor": None}
    assert good(await ana.get("account"))["sent"] == listed["items"]


async def test_what_the_back_office_will_be_sent(hub, ana):
    document = good(await ana.upload(), 201)
    body = good(await ana.post("submissions", CASE | {"documents": [document["id"]]}), 201)
    (delivery,) = await deliveries(hub)
    assert (delivery["kind"], delivery["noun"], delivery["back_office"]) == ("open_case", "submission", "urudzbeni")
    assert (delivery["record_id"], delivery["subject_id"]) == (parse_public_id("sbm", body["id"]), ana.subject_id)
    assert delivery["values"] == {
        "id": str(parse_public_id("sbm", body["id"])),
        "number": body["number"],
        "language": "hr",
        "sent_at": "2026-11-21T10:00:00Z",
        "applicant": {"kind": "person", "name": "Ana Šćrbačić", "identifiers": {"hr.oib": ANA}},
        "title": CASE["title"],
        "text": CASE["text"],
        "documents": [
            {
                "name": "vlasnički list.pdf",
                "media_type": "application/pdf",
                "size": document["size"],
                "sha256": document["sha256"],
                "blob": str(parse_public_id("att", document["id"])),
            }
        ],
    }


async def test_nothing_personal_lies_open_in_the_database(hub, ana):
    await ana.post("submissions", CASE)
    await ana.post("requests", PROBLEM)
    await ana.patch("contact-details", {"email": "ana.scrbacic@example.hr"})
    async with hub.worker.database.town(1) as connection:
        for table in (
            "submissions",
            "requests",
            "contact_changes",
            "contact_details",
            "delivery_values",
            "matter_events",
        ):
            text = " ".join(str(row) for row in await connection.fetch(f"select * from {table}"))
            assert text
            for secret in (CASE["text"], PROBLEM["text"], "example.hr", "fašizma", "15.75", ANA, "Ana"):
                assert secret not in text, (table, secret)


async def test_the_same_key_is_one_submission_of_one_person(hub, ana, ivo):
    first = good(await ana.post("submissions", CASE, key="one"), 201)
    again = good(await ana.post("submissions", CASE, key="one"), 201)
    assert again == first
    assert len(await deliveries(hub)) == 1
    refused(await ana.post("submissions", CASE | {"title": "Nešto drugo"}, key="one"), 409, "conflict")
    assert len(await deliveries(hub)) == 1
    other = good(await ana.post("submissions", CASE, key="two"), 201)
    assert other["number"] != first["number"]
    assert good(await ivo.post("submissions", CASE, key="one"), 201)["id"] != first["id"]


async def test_twice_at_once_is_once(hub, ana):
    answers = await asyncio.gather(*(ana.post("submissions", CASE, key="one") for _ in range(4)))
    assert len({good(one, 201)["id"] for one in answers}) == 1
    assert len(await deliveries(hub)) == 1


async def test_a_key_is_forgotten_with_its_class(hub, ana, clock):
    from hub.storage import retention

    first = good(await ana.post("submissions", CASE, key="one"), 201)
    clock.move(timedelta(days=8))
    await retention.keep(hub.worker.database, [1], clock.now())
    fresh = hub.token("pregrada", ana.subject_id)
    ana.headers = fresh
    assert good(await ana.post("submissions", CASE, key="one"), 201)["id"] != first["id"]


async def test_what_makes_no_sense_is_refused_and_leaves_nothing(hub, ana):
    for wrong in (
        {},
        {"title": "x"},
        CASE | {"title": "   "},
        CASE | {"title": "x" * 201},
        CASE | {"text": "a\x00b"},
        CASE | {"text": "a\x1b[2J"},
        CASE | {"text": "x" * 10_001},
        CASE | {"status": "decided"},
        CASE | {"documents": ["x"] * 21},
    ):
        refused(await ana.post("submissions", wrong), 422, "invalid_request")
        assert await deliveries(hub) == []
        assert good(await ana.get("submissions"))["items"] == []


async def test_without_a_key_nothing_is_done(hub, ana):
    answer = await hub.client.post("/pregrada/v1/submissions", json=CASE, headers=ana.headers)
    assert refused(answer, 422, "invalid_request")["faults"][0]["at"] == "header.Idempotency-Key"


async def test_a_request_is_the_same_also_after_the_keys_of_the_town_were_rotated(hub, ana):
    first = good(await ana.post("submissions", CASE, "k1"), 201)
    await rotation.rotate(hub.worker.database, hub.worker.vault, 1)
    assert good(await ana.post("submissions", CASE, "k1"), 201)["id"] == first["id"]
    refused(await ana.post("submissions", CASE | {"title": "Drugo"}, "k1"), 409, "conflict")
    assert len(await deliveries(hub)) == 1


async def test_a_file_is_used_once_and_by_its_owner(hub, ana, ivo):
    document = good(await ana.upload(), 201)["id"]
    refused(await ivo.post("submissions", CASE | {"documents": [document]}), 404, "not_found")
    refused(await ana.post("submissions", CASE | {"documents": [public_id("att", new_uuid())]}), 404, "not_found")
    assert await deliveries(hub) == []
    good(await ana.post("submissions", CASE | {"documents": [document]}), 201)
    refused(await ana.post("submissions", CASE | {"documents": [document]}), 409, "conflict")
    assert len(await deliveries(hub)) == 1


async def test_pages_and_filters(hub, ana, clock):
    for number in range(5):
        clock.move(timedelta(seconds=1))
        await ana.post("submissions", CASE | {"title": f"Zahtjev {number}"})
    titles, cursor = [], ""
    while cursor is not None:
        page = good(await ana.get(f"submissions?limit=2{cursor and f'&cursor={cursor}'}"))
        titles += [one["title"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert titles == [f"Zahtjev {number}" for number in (4, 3, 2, 1, 0)]
    assert good(await ana.get("submissions?status=closed"))["items"] == []
    assert len(good(await ana.get("submissions?status=waiting_for_office"))["items"]) == 5


async def test_an_answer_has_an_etag(hub, ana):
    body = good(await ana.post("submissions", CASE), 201)
    answer = await ana.get(f"submissions/{body['id']}")
    unchanged = await ana.get(f"submissions/{body['id']}", **{"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_it_is_told_in_her_language(hub, ana):
    good(await ana.post("submissions", CASE), 201)
    for language, text in (
        ("cs", "Máme to uložené a čeká to na odeslání do systému „Urudžbeni zapisnik“. Nemusíte nic dělat."),
        ("uk", "Збережено в нас і чекає на надсилання до системи «Urudžbeni zapisnik». Вам нічого не потрібно робити."),
        ("sr", "Сачувано је код нас и чека на слање у систем „Urudžbeni zapisnik”. Не треба ништа да предузимате."),
        (
            "sr-Latn",
            "Sačuvano je kod nas i čeka na slanje u sistem „Urudžbeni zapisnik”. Ne treba ništa da preduzimate.",
        ),
        ("en", "We have kept it, and it waits to be sent to “Registry of cases”. You need not do anything."),
    ):
        (item,) = good(await ana.get("submissions", **{"Accept-Language": language}))["items"]
        assert item["text"] == text


# ── Whose it is ──


async def test_nobody_sees_what_another_sent(hub, ana, ivo):
    submission = good(await ana.post("submissions", CASE), 201)["id"]
    request = good(await ana.post("requests", PROBLEM), 201)["id"]
    document = good(await ana.upload(), 201)["id"]
    await ana.patch("contact-details", {"email": "ana@example.hr"})
    for path in (f"submissions/{submission}", f"requests/{request}", f"attachments/{document}"):
        good(await ana.get(path)) if "attachments" not in path else None
        refused(await ivo.get(path), 404, "not_found")
    for path in ("submissions", "requests"):
        assert good(await ivo.get(path))["items"] == []
    assert good(await ivo.get("contact-details")) == {
        "email": None,
        "phone": None,
        "postal_address": None,
        "changed_at": None,
        "changes": [],
    }
    assert good(await ivo.get("account"))["sent"] == []
    # A submission is no request, nor the other way round, whoever asks.
    other = public_id("req", parse_public_id("sbm", submission))
    refused(await ana.get(f"requests/{other}"), 404, "not_found")


async def test_a_guardian_sends_for_her_child_and_the_office_is_told_of_the_child(hub, ana):
    child = await hub.subject("pregrada", "Dijete Malo", hr_oib="85821130368")
    async with hub.worker.database.town(1) as connection:
        await mandates.record(
            connection, 1, ana.subject_id, child, kind=MandateKind.GUARDIANSHIP, source="rodni list", by="test",
            valid_from=hub.clock.now(), valid_until=None, now=hub.clock.now(),
        )  # fmt: skip
    acting = {HEADER: public_id("sub", child)}
    body = good(await ana.post("submissions", CASE, **acting), 201)
    assert good(await ana.get("submissions"))["items"] == []
    assert [one["id"] for one in good(await ana.get("submissions", **acting))["items"]] == [body["id"]]
    (delivery,) = await deliveries(hub)
    assert delivery["values"]["applicant"] == {
        "kind": "person", "name": "Dijete Malo", "identifiers": {"hr.oib": "85821130368"},
    }  # fmt: skip
    async with hub.worker.database.town(1) as connection:
        row = await connection.fetchrow("select subject_id, actor_id from matters")
    assert tuple(row) == (child, ana.subject_id)


# ── Answering on a case ──


async def test_an_answer_goes_to_the_office_that_has_the_case(hub, ana):
    # The feed of the tests is the financial card's: the registry's own has the same records.
    await read(hub, "cases", ANA, case("40112", numbers=()))
    item = good(await ana.get("cases"))["items"][0]
    async with hub.worker.database.town(1) as connection:
        await connection.execute("update cases set back_office = 'urudzbeni'")
    body = good(await ana.post(f"cases/{item['id']}/answers", {"text": "U prilogu je vlasnički list."}), 201)
    assert (body["kind"], body["case"], body["title"]) == ("answer_case", item["id"], "Odgovor na predmet")
    (delivery,) = await deliveries(hub)
    assert delivery["values"]["case"] == {"key": "40112", "numbers": []}
    assert good(await ana.get(f"cases/{item['id']}"))["sent"] == [body["id"]]


async def test_an_answer_on_a_case_of_an_office_that_takes_none(hub, ana):
    await read(hub, "cases", ANA, case())
    item = good(await ana.get("cases"))["items"][0]
    async with hub.worker.database.town(1) as connection:
        await connection.execute("update cases set back_office = 'financije'")
    refused(await ana.post(f"cases/{item['id']}/answers", {"text": "x"}), 409, "conflict")


async def test_an_answer_on_another_persons_case_is_an_answer_on_none(hub, ana, ivo):
    await read(hub, "cases", ANA, case())
    item = good(await ana.get("cases"))["items"][0]
    told = {(await ivo.post(f"cases/{one}/answers", {"text": "x"})).text for one in (item["id"], item["id"])}
    refused(await ivo.post(f"cases/{item['id']}/answers", {"text": "x"}), 404, "not_found")
    assert len(told) == 1
    # Before anything is said about the content.
    refused(await ivo.post(f"cases/{item['id']}/answers", {}), 404, "not_found")


# ── Reporting a problem ──


async def test_a_problem_is_reported(hub, ana):
    photo = good(await ana.upload(PNG, "slika.png", "image/png"), 201)
    body = good(await ana.post("requests", PROBLEM | {"photos": [photo["id"]]}), 201)
    assert (body["kind"], body["title"], body["category"]) == ("problem_report", "Javna rasvjeta", "rasvjeta")
    assert body["place"] == PROBLEM["place"]
    assert body["photos"] == [photo]
    (delivery,) = await deliveries(hub)
    assert delivery["values"]["category"] == {
        "code": "rasvjeta",
        "name": {"hr": "Javna rasvjeta", "en": "Street lighting"},
    }
    assert good(await ana.get(f"requests/{body['id']}")) == body


async def test_a_problem_is_somewhere_and_of_a_category_the_town_has(hub, ana):
    for place in ({}, {"lat": 46.1}, {"lat": 91, "lon": 0}, {"address": " "}, {"lat": "NaN", "lon": 0}, None, {"x": 1}):
        refused(await ana.post("requests", PROBLEM | {"place": place}), 422, "invalid_request")
    body = refused(await ana.post("requests", PROBLEM | {"category": "psi"}), 422, "invalid_request")
    assert body["faults"] == [
        {"at": "body.category", "detail": "There is no such category; there are: rasvjeta, ceste, otpad, zelenilo."}
    ]
    listed = good(await ana.get("requests/categories"))["items"]
    assert listed[0] == {"code": "rasvjeta", "name": "Javna rasvjeta"}


async def test_a_photo_is_a_picture(hub, ana):
    document = good(await ana.upload(), 201)
    refused(await ana.post("requests", PROBLEM | {"photos": [document["id"]]}), 422, "invalid_request")
    assert await deliveries(hub) == []


# ── Contact details ──


async def test_contact_details_are_kept_at_once_and_told_to_each_office(hub, ana):
    address = {"street": "Trg kralja Tomislava 4", "postcode": "49218", "place": "Pregrada", "country": "HR"}
    body = good(await ana.patch("contact-details", {"email": "ana@example.hr", "postal_address": address}))
    assert (body["email"], body["phone"], body["postal_address"]) == ("ana@example.hr", None, address)
    (change,) = body["changes"]
    assert change["changed"] == ["email", "postal_address"]
    sent = {one["back_office"]: one["values"] for one in await deliveries(hub)}
    assert {one["back_office"]: one["state"] for one in change["offices"]} == dict.fromkeys(sent, "waiting")
    assert sent["urudzbeni"]["email"] == "ana@example.hr"
    assert "phone" not in sent["urudzbeni"]
    good(await ana.patch("contact-details", {"phone": "+385991234567"}))
    known = good(await ana.get("contact-details"))
    assert (known["email"], known["phone"]) == ("ana@example.hr", "+385991234567")


async def test_changes_of_one_person_stand_in_one_line(hub, ana):
    for email in ("a@example.hr", "b@example.hr"):
        good(await ana.patch("contact-details", {"email": email}))
    lines = [(one["back_office"], one["order_key"]) for one in await deliveries(hub)]
    offices = {office for office, _ in lines}
    assert len(lines) == 2 * len(offices)
    assert len(set(lines)) == len(offices)
    assert str(ana.subject_id) not in str([one["values"].get("order") for one in await deliveries(hub)])


async def test_what_nobody_can_be_reached_by(hub, ana):
    for wrong in (
        {},
        {"email": "ana"},
        {"email": "ana@localhost"},
        {"email": "a@b.hr\r\nBcc: x@y.hr"},
        {"email": None},
        {"phone": "091 234"},
        {"postal_address": None},
        {"postal_address": {"street": "x"}},
        {"name": "x"},
    ):
        refused(await ana.patch("contact-details", wrong), 422, "invalid_request")
    assert await deliveries(hub) == []
