"""Dead letters to their end: listed, looked into, corrected, tried again, given up; and whose data they hold back."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from hub.jobs.queue import Job
from hub.kernel.ids import parse_public_id, public_id
from tests.integration.portal_api.test_push_attacks import item
from tests.integration.push.conftest import OFFICE
from tests.support.records import ANA

ADMIN = "/pregrada/admin/v1"
KIND = "hr.pregrada.financije.stavka"


def event(number: int, *, data: object = None, **changes: object) -> dict:
    data = item(number) if data is None else data
    return {"specversion": "1.0", "id": f"e{number}", "source": "/f", "type": KIND, "data": data} | changes


async def push(door, *events: object, body: bytes | None = None) -> None:
    content = json.dumps(events).encode() if body is None else body
    headers = OFFICE | {"Content-Type": "application/cloudevents-batch+json"}
    await door.api.client.post("/pregrada/push/v1/events", content=content, headers=headers)
    await door.work()


async def call(door, method: str, path: str, status: int = 200, **given: object):
    answer = await door.api.client.request(method, f"{ADMIN}{path}", headers=door.api.staff("pregrada"), **given)
    assert answer.status_code == status, answer.text
    return answer.json()


async def replay(door, status: int = 202, **selection: object) -> dict:
    told = await call(door, "POST", "/replays", status, json=selection)
    if status != 202:
        return told
    await door.work()
    return await call(door, "GET", f"/replays/{told['id']}")


def counted(told: dict) -> tuple[int, ...]:
    return tuple(told[name] for name in ("total", "waiting", "through", "again", "cannot"))


async def owed(door) -> dict[str, int]:
    return {row[0]: row[1] for row in await door.rows("select source_key, original from obligations order by 1")}


async def test_listed_by_everything_an_administrator_asks_for(door):
    await push(door, *(event(n, data=item(n, Iznos="x")) for n in range(3)), event(3, type="unknown"))
    await push(door, body=b"{")
    reasons = sorted(one["reason"] for one in await door.letters())
    assert reasons == ["unknown_event_type", "unreadable_body"] + ["unreadable_record"] * 3
    assert len(await door.letters(reason="unreadable_record")) == 3
    assert len(await door.letters(field="original", feed="obligations", origin="push")) == 3
    assert await door.letters(origin="pull") == []
    assert await door.letters(back_office="urudzbeni") == []
    now = door.api.clock.now()
    assert await door.letters(since=(now + timedelta(seconds=1)).isoformat()) == []
    assert len(await door.letters(until=(now + timedelta(seconds=1)).isoformat())) == 5
    first = await call(door, "GET", "/dead-letters?limit=3")
    rest = await call(door, "GET", f"/dead-letters?limit=3&cursor={first['next_cursor']}")
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 5
    assert rest["next_cursor"] is None
    await call(door, "GET", "/dead-letters?cursor=xx", 422)
    await call(door, "GET", "/dead-letters?state=lost", 422)


async def test_looked_into_corrected_and_tried_again(door):
    ana = await door.api.subject("pregrada", hr_oib=ANA)
    await push(door, event(1, data=item(1, Iznos="12,5o")), event(2))
    (letter,) = await door.letters()
    seen = await call(door, "GET", f"/dead-letters/{letter['id']}?reason=KLASA 1")
    assert json.loads(seen["text"])["data"]["Iznos"] == "12,5o"
    assert seen["mapped"]["read_by"] == "obligation.event.yaml"
    places = {one["field"]: one for one in seen["mapped"]["places"]}
    assert places["original"]["found"].startswith("12,5o")
    assert "is not an amount" in places["original"]["error"]
    assert (places["outstanding"]["error"], places["outstanding"]["value"]) == (None, "12.00 EUR")
    assert seen["copies"] == []

    path = f"/dead-letters/{letter['id']}/corrections"
    await call(door, "POST", path, 422, json={"text": seen["text"], "why": "nothing changed"})
    await call(door, "POST", path, 422, json={"text": "a", "base64": "YQ==", "why": "two of them"})
    await call(door, "POST", path, 422, json={"text": "a", "why": "x"})
    right = seen["text"].replace("12,5o", "12,50")
    copy = await call(door, "POST", path, 201, json={"text": right, "why": "a letter for a figure"})
    assert (copy["who"], copy["why"], copy["text"]) == ("development", "a letter for a figure", right)
    seen = await call(door, "GET", f"/dead-letters/{letter['id']}")
    assert "12,5o" in seen["text"]  # the original stays as it was received
    assert [one["id"] for one in seen["copies"]] == [copy["id"]]
    assert {one["error"] for one in seen["mapped"]["places"]} == {None}

    assert counted(await replay(door, ids=[letter["id"]])) == (1, 0, 1, 0, 0)
    assert await owed(door) == {"S1": 1250, "S2": 1200}
    assert await door.letters() == []
    (settled,) = await door.letters(state="settled")
    assert settled["settled_by"] == "replayed"
    assert b"12,5o" in await _raw(door, letter["id"])
    # Once more is nothing more.
    assert (await replay(door, 409, ids=[letter["id"]]))["detail"] == "None of these letters is open."
    await call(door, "POST", path, 409, json={"text": right + " ", "why": "too late"})

    what = [
        (row["what"], row["why"])
        for row in await door.rows("select what, why from access_log where subject is not null order by entry_id")
    ]
    assert what[0] == ("read_dead_letter", f"KLASA 1, {letter['id']}")
    assert {name for name, _ in what} == {"read_dead_letter", "correct_dead_letter", "read_dead_letter_body"}
    mine = await door.api.client.get("/pregrada/v1/access-log", headers=door.api.token("pregrada", ana))
    assert len(mine.json()["items"]) == len(what)


async def _raw(door, letter_id: str) -> bytes:
    return (await call(door, "GET", f"/dead-letters/{letter_id}/body"))["text"].encode()


async def test_a_copy_that_is_wrong_too_keeps_the_original(door):
    await push(door, event(1, data=item(1, Iznos="x")))
    (letter,) = await door.letters()
    for wrong in ("y", "z"):
        text = json.dumps(event(1, data=item(1, Iznos=wrong)))
        await call(door, "POST", f"/dead-letters/{letter['id']}/corrections", 201, json={"text": text, "why": "guess"})
        assert counted(await replay(door, ids=[letter["id"]])) == (1, 0, 0, 1, 0)
    seen = await call(door, "GET", f"/dead-letters/{letter['id']}")
    assert json.loads(seen["text"])["data"]["Iznos"] == "x"
    assert [json.loads(one["text"])["data"]["Iznos"] for one in seen["copies"]] == ["z", "y"]
    assert seen["times"] == 3


async def _months_later(door, *, keys: bool) -> None:
    """Messages are gone with their month; with `keys` their keys are not yet."""
    async with door.api.worker.database.town(1) as connection:
        await connection.execute("delete from messages")
        if not keys:
            await connection.execute("delete from message_keys")
    door.api.clock.move(timedelta(days=150))


@pytest.mark.parametrize("keys", [False, True])
async def test_a_letter_that_outlived_its_message_is_tried_again(door, keys):
    """Invariant 4: what cannot be processed can be corrected and replayed, also when its month was dropped."""
    await push(door, event(1, data=item(1, Iznos="x")), event(2, data=item(2, Iznos="y")))
    came = door.api.clock.now()
    names = {(await _raw(door, one["id"])): one["id"] for one in await door.letters()}
    await _months_later(door, keys=keys)
    assert counted(await replay(door, back_office="financije")) == (2, 0, 0, 2, 0)
    # They failed again, as the same letters, with what was received.
    assert {(await _raw(door, one["id"])): one["id"] for one in await door.letters()} == names
    assert {one["times"] for one in await door.letters()} == {2}
    # What is tried again is no newer than it was.
    assert [row[0] for row in await door.rows("select received_at from messages")] == [came] * 2
    await _months_later(door, keys=keys)
    for body, name in names.items():
        right = body.decode().replace('"Iznos": "x"', '"Iznos": "10,00"').replace('"Iznos": "y"', '"Iznos": "20,00"')
        path = f"/dead-letters/{name}/corrections"
        await call(door, "POST", path, 201, json={"text": right, "why": "as on paper"})
    ids = [(await call(door, "POST", "/replays", 202, json={"back_office": "financije"}))["id"] for _ in range(2)]
    await door.work()
    assert [counted(await call(door, "GET", f"/replays/{one}")) for one in ids] == [(2, 0, 2, 0, 0)] * 2
    assert await owed(door) == {"S1": 1000, "S2": 2000}
    assert await door.value("select count(*) from messages where outcome = 'applied'") == 2


async def test_a_letter_whose_message_came_again_is_not_interpreted_twice(door):
    await push(door, event(1, data=item(1, Iznos="x")))
    (letter,) = await door.letters()
    await _months_later(door, keys=False)
    headers = OFFICE | {"Content-Type": "application/cloudevents-batch+json"}
    await door.api.client.post("/pregrada/push/v1/events", content=json.dumps([event(1)]), headers=headers)
    told = await call(door, "POST", "/replays", 202, json={"ids": [letter["id"]]})
    await _take_turn(door, told["id"])
    assert await door.value("select count(*) from messages") == 1
    await door.work()
    assert await owed(door) == {"S1": 1200}
    assert counted(await call(door, "GET", f"/replays/{told['id']}")) == (1, 0, 1, 0, 0)


async def test_all_of_a_back_office_oldest_first_and_the_newer_one_wins(door):
    older = item(1, Iznos="x", ZadnjaPromjena="18.11.2026 06:00:00")
    newer = item(1, Iznos="y", ZadnjaPromjena="18.11.2026 07:00:00")
    await push(door, event(1, data=newer), event(2, data=older), event(3, type="unknown"))
    await push(door, event(4, data=item(1, Iznos="30,00", ZadnjaPromjena="18.11.2026 08:00:00")))
    by_body = {(await _raw(door, one["id"])): one["id"] for one in await door.letters(reason="unreadable_record")}
    for body, name in by_body.items():
        text = body.decode().replace('"Iznos": "x"', '"Iznos": "10,00"').replace('"Iznos": "y"', '"Iznos": "20,00"')
        await call(door, "POST", f"/dead-letters/{name}/corrections", 201, json={"text": text, "why": "as on paper"})
    told = await replay(door, back_office="financije")
    assert (counted(told), told["done"]) == ((3, 0, 2, 1, 0), True)
    # What came after them is newer, and stays.
    assert await owed(door) == {"S1": 3000}
    outcomes = await door.rows("select external_id, outcome from messages order by sequence")
    assert [tuple(row) for row in outcomes] == [
        ("/f e1", "unchanged"),
        ("/f e2", "unchanged"),
        ("/f e3", None),
        ("/f e4", "applied"),
    ]
    await call(door, "POST", "/replays", 409, json={"back_office": "urudzbeni"})


async def test_two_replays_of_one_letter_apply_it_once(door):
    await push(door, event(1, data=item(1, Iznos="x")))
    (letter,) = await door.letters()
    text = json.dumps(event(1))
    await call(door, "POST", f"/dead-letters/{letter['id']}/corrections", 201, json={"text": text, "why": "right now"})
    ids = [(await call(door, "POST", "/replays", 202, json={"ids": [letter["id"]]}))["id"] for _ in range(2)]
    await door.work()
    assert [counted(await call(door, "GET", f"/replays/{one}")) for one in ids] == [(1, 0, 1, 0, 0)] * 2
    assert await door.value("select count(*) from messages where outcome = 'applied'") == 1


async def test_many_at_once_have_progress(door, monkeypatch):
    monkeypatch.setattr("hub.intake.replays._BATCH", 2)
    await push(door, *(event(n, data=item(n, Iznos="x")) for n in range(5)))
    told = await call(door, "POST", "/replays", 202, json={"back_office": "financije"})
    from hub.intake import replays

    replay_id = parse_public_id("rpl", told["id"])
    seen = []
    hub = door.api.worker
    while True:
        async with hub.database.town(1) as connection:
            keys = await hub.vault.keys(connection, 1)
            if await replays.take(connection, keys, replay_id, hub.clock.now()) is None:
                break
        await door.do(Job(1, 1, "intake.apply", None, {"back_office": "financije"}, 1, 5, None))
        seen.append(counted(await call(door, "GET", f"/replays/{told['id']}")))
    assert seen == [(5, 3, 0, 2, 0), (5, 1, 0, 4, 0), (5, 0, 0, 5, 0)]


async def test_a_body_that_was_no_event_comes_in_by_its_corrected_copy(door):
    await push(door, body=b'[{"specversion": "1.0"')
    (letter,) = await door.letters()
    told = await replay(door, ids=[letter["id"]])
    assert counted(told) == (1, 0, 0, 0, 1)
    assert told["notes"] == [
        {"id": letter["id"], "because": "no message could be made of it: correct it first, or have it sent again"}
    ]
    text = json.dumps([event(1), event(2)])
    await call(
        door, "POST", f"/dead-letters/{letter['id']}/corrections", 201, json={"text": text, "why": "the end was cut"}
    )
    assert counted(await replay(door, ids=[letter["id"]])) == (1, 0, 1, 0, 0)
    assert list(await owed(door)) == ["S1", "S2"]


async def test_given_up_for_a_reason(door):
    await push(door, *(event(n, data=item(n, Iznos="x")) for n in range(3)))
    names = [one["id"] for one in await door.letters()]
    given = {"ids": names[:2], "why": "test data of the vendor"}
    assert await call(door, "POST", "/discards", json=given) == {"discarded": 2}
    assert await call(door, "POST", "/discards", json=given) == {"discarded": 0}
    assert [one["id"] for one in await door.letters()] == names[2:]
    gone = (await door.letters(state="settled"))[0]
    assert [gone[f"settled_{name}"] for name in ("by", "who", "for")] == [
        "discarded",
        "development",
        "test data of the vendor",
    ]
    await call(door, "POST", "/discards", 422, json={"ids": names, "why": ""})
    nobody = public_id("dlt", "00000000-0000-0000-0000-000000000000")
    await call(door, "POST", "/discards", 404, json={"ids": [nobody], "why": "not there"})
    # It is not tried again with the others.
    assert counted(await replay(door, back_office="financije")) == (1, 0, 0, 1, 0)


async def _take_turn(door, replay_id: str) -> None:
    """Only the replay's own job: what it queues is not applied yet."""
    await door.do(Job(1, 1, "intake.replay", None, {"replay": str(parse_public_id("rpl", replay_id))}, 1, 5, None))


async def test_what_is_given_up_while_it_waits_to_be_tried_again_is_not_tried(door):
    """Before its turn, and between its turn and the moment it would have been applied."""
    await push(door, *(event(n, data=item(n, Iznos="x")) for n in (1, 2)))
    first, second = sorted((one["id"] for one in await door.letters()), reverse=False)
    for number, name in ((1, first), (2, second)):
        text = json.dumps(event(number))
        await call(door, "POST", f"/dead-letters/{name}/corrections", 201, json={"text": text, "why": "right now"})
    told = await call(door, "POST", "/replays", 202, json={"ids": [first, second]})
    assert await call(door, "POST", "/discards", json={"ids": [first], "why": "a test"}) == {"discarded": 1}
    await _take_turn(door, told["id"])
    assert await call(door, "POST", "/discards", json={"ids": [second], "why": "a test"}) == {"discarded": 1}
    await door.work()
    assert await owed(door) == {}
    assert await door.letters() == []
    assert {one["settled_by"] for one in await door.letters(state="settled")} == {"discarded"}
    assert [row[0] for row in await door.rows("select distinct state from messages")] == ["dead"]
    assert counted(await call(door, "GET", f"/replays/{told['id']}")) == (2, 0, 2, 0, 0)


async def test_a_copy_made_while_it_waits_is_the_one_that_is_tried(door):
    await push(door, event(1, data=item(1, Iznos="x")))
    (letter,) = await door.letters()
    path = f"/dead-letters/{letter['id']}/corrections"
    wrong = json.dumps(event(1, data=item(1, Iznos="99,00")))
    await call(door, "POST", path, 201, json={"text": wrong, "why": "a guess"})
    told = await call(door, "POST", "/replays", 202, json={"ids": [letter["id"]]})
    await _take_turn(door, told["id"])
    right = json.dumps(event(1, data=item(1, Iznos="12,50")))
    await call(door, "POST", path, 201, json={"text": right, "why": "looked it up"})
    await door.work()
    assert await owed(door) == {"S1": 1250}


async def test_two_that_take_the_same_letters_at_the_same_moment(door):
    """Neither says that the message is gone, because the other one was faster."""
    await push(door, *(event(n, data=item(n, Iznos="x")) for n in range(30)))
    told = [(await call(door, "POST", "/replays", 202, json={"back_office": "financije"}))["id"] for _ in range(2)]
    await asyncio.gather(*(_take_turn(door, one) for one in told))
    for one in told:
        seen = await call(door, "GET", f"/replays/{one}")
        assert (counted(seen), seen["notes"]) == ((30, 30, 0, 0, 0), [])


async def test_a_file_that_is_being_read_again_is_not_given_up(door):
    from tests.integration.push import test_files

    answer = await test_files.push(door, b'a;b\n"')
    await door.work()
    (letter,) = await door.letters()
    told = await call(door, "POST", "/replays", 202, json={"ids": [letter["id"]]})
    await _take_turn(door, told["id"])
    assert (await test_files.state(door, answer))["state"] == "received"
    await call(door, "POST", "/discards", 409, json={"ids": [letter["id"]], "why": "of no use"})
    await door.work()
    assert await call(door, "POST", "/discards", json={"ids": [letter["id"]], "why": "of no use"}) == {"discarded": 1}


async def test_whose_data_they_hold_back(door):
    ana = await door.api.subject("pregrada", hr_oib=ANA)
    other = await door.api.subject("pregrada", "Ivo Ivić", hr_oib="29471603856")
    await push(door, event(1, data=item(1, Iznos="x")), event(2, data=item(2, Iznos="x", OIB="29471603856")),
               event(3, data=item(3, Iznos="x")), event(4, data=item(4)))  # fmt: skip
    told = await call(door, "GET", "/affected-subjects?back_office=financije&reason=letter to citizens")
    assert told["items"] == [
        {"subject": public_id("sub", ana), "letters": 2},
        {"subject": public_id("sub", other), "letters": 1},
    ]
    assert (told["letters"], told["complete"], told["next_cursor"]) == (3, True, None)
    (letter,) = [one["id"] for one in await door.letters() if one["external_id"] == "/f e2"]
    alone = await call(door, "GET", f"/affected-subjects?dead_letter={letter}")
    assert [one["subject"] for one in alone["items"]] == [public_id("sub", other)]
    assert await door.value("select count(*) from access_log where what = 'list_affected_subjects'") == 4


async def test_what_came_with_an_answer_is_read_again(door):
    from hub.intake import dead_letters
    from hub.intake.model import Fault

    hub = door.api.worker
    async with hub.database.town(1) as connection:
        keys = await hub.vault.keys(connection, 1)
        fault = Fault("unreadable_record", "'x' is not an amount", "obligations", "original", "Iznos")
        written = await dead_letters.write(connection, keys, "financije", "pull", "obligations/S1", fault, b"<Stavka><Sifra>S1</Sifra></Stavka>", "application/xml", now=hub.clock.now())  # fmt: skip
    name = public_id("dlt", written)
    seen = await call(door, "GET", f"/dead-letters/{name}")
    assert {one["field"]: one["value"] for one in seen["mapped"]["places"]}["key"] == "S1"
    answer = await call(door, "POST", f"/dead-letters/{name}/corrections", 409, json={"text": "x", "why": "cannot be"})
    assert "correct it there" in answer["detail"]
    told = await call(door, "POST", "/replays", 202, json={"ids": [name]})
    await door.work()
    kinds = await hub.database.pool.fetch("select kind, payload ->> 'feed' as feed from jobs")
    assert [tuple(row) for row in kinds] == [("feed.sweep", "obligations")]
    assert counted(await call(door, "GET", f"/replays/{told['id']}")) == (1, 1, 0, 0, 0)


async def _sent(door, *events: object) -> dict:
    headers = OFFICE | {"Content-Type": "application/cloudevents-batch+json"}
    answer = await door.api.client.post("/pregrada/push/v1/events", content=json.dumps(events), headers=headers)
    assert answer.status_code == 202, answer.text
    await door.work()
    return answer.json()


async def _corrected(door, letter: dict, text: str) -> None:
    path = f"/dead-letters/{letter['id']}/corrections"
    await call(door, "POST", path, 201, json={"text": text, "why": "the counter had begun anew"})


async def test_an_id_that_came_before_with_other_content_is_a_letter_and_gets_an_id_of_its_own(door):
    await _sent(door, event(1))
    other = event(1, data=item(2))
    for times in (1, 2, 3):
        # Within one request once, and sent again the same one; what is really the same stays a duplicate.
        told = await _sent(door, other, event(1), other)
        assert (told["accepted"], told["duplicates"]) == (0, 1)
        (letter,) = await door.letters()
        assert [one["id"] for one in told["dead_letters"]] == [letter["id"]] * 2
        assert "came before with other content" in told["dead_letters"][0]["reason"]
        assert (letter["reason"], letter["origin"], letter["times"]) == ("id_used", "push", times)
    assert await owed(door) == {"S1": 1200}
    assert json.loads(await _raw(door, letter["id"])) == other
    # As it is it cannot be taken, and so with another id that is used.
    assert counted(await replay(door, ids=[letter["id"]])) == (1, 0, 0, 0, 1)
    await _sent(door, event(5))
    await _corrected(door, letter, json.dumps(event(5, data=item(2))))
    assert counted(await replay(door, ids=[letter["id"]])) == (1, 0, 0, 0, 1)
    assert len(await door.letters()) == 1
    await _corrected(door, letter, json.dumps(event(9, data=item(2))))
    assert counted(await replay(door, ids=[letter["id"]])) == (1, 0, 1, 0, 0)
    assert await owed(door) == {"S1": 1200, "S2": 1200, "S5": 1200}
    # It has been seen to: sent once more it is known.
    assert (await _sent(door, other)) == {"accepted": 0, "duplicates": 1, "dead_letters": []}
    assert await door.letters() == []


async def test_of_two_contents_with_one_id_in_one_request_the_second_is_a_letter(door):
    told = await _sent(door, event(1), event(1, data=item(2)), event(1))
    assert (told["accepted"], told["duplicates"], len(told["dead_letters"])) == (1, 1, 1)
    (letter,) = await door.letters()
    given_up = {"ids": [letter["id"]], "why": "the same number twice"}
    await call(door, "POST", "/discards", json=given_up)
    # Given up is given up.
    assert (await _sent(door, event(1, data=item(2))))["duplicates"] == 1


async def test_what_failed_does_not_take_its_next_content_along(door):
    """The letter of a message and that of another content with its id are two, and each is settled by itself."""
    await _sent(door, event(1, data=item(1, Iznos="x")))
    await _sent(door, event(1))
    assert sorted(one["reason"] for one in await door.letters()) == ["id_used", "unreadable_record"]
    (failed,) = await door.letters(reason="unreadable_record")
    await _corrected(door, failed, json.dumps(event(1, data=item(1, Iznos="7,00"))))
    assert counted(await replay(door, ids=[failed["id"]])) == (1, 0, 1, 0, 0)
    assert [one["reason"] for one in await door.letters()] == ["id_used"]


async def test_when_the_first_of_an_id_is_forgotten_the_other_one_can_be_taken_as_it_is(door):
    await _sent(door, event(1))
    await _sent(door, event(1, data=item(2)))
    await _months_later(door, keys=False)
    assert counted(await replay(door, back_office="financije")) == (1, 0, 1, 0, 0)
    assert await owed(door) == {"S1": 1200, "S2": 1200}
