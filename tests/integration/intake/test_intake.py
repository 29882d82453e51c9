"""Invariant 4: kept before understood; what is acknowledged is applied once; what is not understood is a letter."""

import json

import pytest

from hub.intake import cloudevents, dead_letters
from hub.intake.model import Fault
from hub.intake.service import APPLY, Intake
from hub.kernel.courtesy import Courtesy
from hub.kernel.errors import MalformedRequest, UnsupportedMedia
from tests.support.records import make_town

SINGLE, BATCH, NDJSON = cloudevents.SINGLE, cloudevents.BATCH, cloudevents.NDJSON[0]


def event(number: int = 1, **changes) -> dict:
    return {"specversion": "1.0", "id": f"e{number}", "source": "/fin", "type": "item", "data": {"n": number}} | changes


@pytest.fixture
async def intake(worker, api, tmp_path, clock):
    vault, _ = await make_town(worker, tmp_path)
    return Intake(api, vault, clock, Courtesy())


@pytest.fixture
async def applying(worker, intake, clock):
    """The worker's side of the same town."""
    return Intake(worker, intake._vault, clock, Courtesy())


async def count(worker, table: str, where: str = "true") -> int:
    query = f"select count(*) from {table} where {where}"
    if table == "jobs":
        return await worker.pool.fetchval(query)
    async with worker.town(1) as connection:
        return await connection.fetchval(query)


async def letters(worker) -> list[dead_letters.DeadLetter]:
    async with worker.town(1) as connection:
        return await dead_letters.listed(connection, 1, dead_letters.Filters())


async def test_one_event_is_kept_as_it_came_and_a_job_will_read_it(worker, intake):
    body = b' {"specversion":"1.0","id":"1","source":"s","type":"t","data":{"name":"\xc5\xa0"}}\n'
    receipt = await intake.accept(1, "fin", body, SINGLE, {})
    assert (receipt.accepted, receipt.duplicates, receipt.dead_letters) == (1, 0, ())
    async with worker.town(1) as connection:
        row = await connection.fetchrow("select * from messages")
        keys = await intake._vault.keys(connection, 1)
    assert (row["external_id"], row["state"], row["back_office"]) == ("s 1", "received", "fin")
    assert keys.decrypt("messages", "body", str(row["message_id"]), row["body"]) == body
    assert "Š".encode() not in row["body"]
    assert await count(worker, "jobs", f"kind = '{APPLY}' and key = '{APPLY}/fin'") == 1


@pytest.mark.parametrize("media_type", [BATCH, NDJSON])
async def test_a_batch_is_cut_without_losing_a_byte(worker, intake, media_type):
    events = [event(n, data={"amount": "1.250,00", "big": 10**20, "n": n}) for n in range(1, 4)]
    texts = [
        json.dumps(one, indent=1 if media_type == BATCH else None, ensure_ascii=n == 0) for n, one in enumerate(events)
    ]
    body = f"[ {' , '.join(texts)} ]" if media_type == BATCH else "\n\n".join(texts) + "\n"
    receipt = await intake.accept(1, "fin", body.encode(), media_type, {})
    assert receipt.accepted == 3
    async with worker.town(1) as connection:
        keys = await intake._vault.keys(connection, 1)
        rows = await connection.fetch("select * from messages order by sequence")
    kept = [keys.decrypt("messages", "body", str(row["message_id"]), row["body"]).decode() for row in rows]
    assert kept == texts


async def test_binary_mode(worker, intake):
    headers = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/fin%20a", "ce-type": "item"}
    receipt = await intake.accept(1, "fin", b'{"n": 7}', "application/json", headers)
    assert receipt.accepted == 1
    async with worker.town(1) as connection:
        assert await connection.fetchval("select external_id from messages") == "/fin%20a 7"


async def test_no_message_has_the_database_ask_anything_of_its_own(worker):
    """A trigger, also that of a foreign key, is run for every row: a fifth of what the database did."""
    tables = "array['messages', 'message_keys']::regclass[]"
    assert await worker.pool.fetchval(f"select count(*) from pg_trigger where tgrelid = any ({tables})") == 0


async def test_the_same_event_twice_is_one_message(worker, intake):
    twice = json.dumps([event(1), event(1), event(2)]).encode()
    first = await intake.accept(1, "fin", twice, BATCH, {})
    again = await intake.accept(1, "fin", twice, BATCH, {})
    elsewhere = await intake.accept(1, "tax", twice, BATCH, {})
    assert [(one.accepted, one.duplicates) for one in (first, again, elsewhere)] == [(2, 1), (0, 3), (2, 1)]
    assert await count(worker, "messages") == 4


async def test_the_same_event_written_otherwise_is_a_duplicate_and_another_one_a_letter(worker, intake):
    """Whoever sends a batch again one by one may write it with other blanks, or its attributes in headers."""
    await intake.accept(1, "fin", json.dumps([event(1), event(2)], indent=3).encode(), BATCH, {})
    attributes = {f"ce-{name}": event(2)[name] for name in ("type", "source", "specversion", "id")}
    for body, media_type, headers in (
        (json.dumps(event(1), separators=(",", ":"), sort_keys=True).encode(), SINGLE, {}),
        (b'{"n":2}', "application/json", attributes),
    ):
        receipt = await intake.accept(1, "fin", body, media_type, headers)
        if media_type == SINGLE:
            assert (receipt.duplicates, receipt.dead_letters) == (1, ())
        else:
            # In binary mode it says a media type, which the other one did not.
            assert (receipt.duplicates, len(receipt.dead_letters)) == (0, 1)
    for other in (event(1, data={"n": 1.0}), event(1, data={"n": "x" * 9000}), event(1, time="2026-11-21T10:00:00Z")):
        receipt = await intake.accept(1, "fin", json.dumps(other).encode(), SINGLE, {})
        assert (receipt.accepted, receipt.duplicates, len(receipt.dead_letters)) == (0, 0, 1)
    await intake.accept(1, "fin", json.dumps(event(3, data={"n": "x" * 9000})).encode(), SINGLE, {})
    # One that is far longer is not even read.
    assert len((await intake.accept(1, "fin", json.dumps(event(3)).encode(), SINGLE, {})).dead_letters) == 1
    assert await count(worker, "messages") == 3
    assert {letter.reason for letter in await letters(worker)} == {"id_used"}
    # Each back office has ids of its own.
    assert (await intake.accept(1, "tax", json.dumps(event(3)).encode(), SINGLE, {})).accepted == 1


@pytest.mark.parametrize(
    ("body", "media_type", "reason"),
    [
        (b"", SINGLE, "the event is not JSON"),
        (b"{", SINGLE, "the event is not JSON"),
        (b"\xff\xfe{}", SINGLE, r"the event is not UTF-8 \(byte 0\)"),
        (b'{"a": NaN}', SINGLE, "NaN is not JSON"),
        (b'{"a": "\x00"}', SINGLE, "NUL"),
        (b"[" * 100_000, SINGLE, "nested too deep"),
        (b"{}", BATCH, "a batch is a JSON array"),
        (b"[{}", BATCH, "neither ',' nor ']'"),
        (b"[{} {}]", BATCH, "neither ',' nor ']'"),
        (b"[{},]", BATCH, "event 2 of the batch is not JSON"),
        (b"[] []", BATCH, "more text after"),
        (b"[" * 100_000, BATCH, "nested too deep"),
        ('{"name": "Žarko"}'.encode("cp1250"), SINGLE, "not UTF-8"),
    ],
)
async def test_a_body_that_cannot_be_cut_is_a_letter_with_its_bytes(worker, intake, body, media_type, reason):
    for times in (1, 2):
        with pytest.raises(MalformedRequest, match=reason) as refusal:
            await intake.accept(1, "fin", body, media_type, {})
        (letter,) = await letters(worker)
        assert (letter.reason, letter.times, letter.origin) == ("unreadable_body", times, "push")
        assert "dlt_" in str(refusal.value)
    async with worker.town(1) as connection:
        keys = await intake._vault.keys(connection, 1)
        row = await dead_letters.find(connection, 1, letter.dead_letter_id)
    assert keys.decrypt("dead_letters", "body", str(letter.dead_letter_id), row["body"]) == body
    assert await count(worker, "messages") == 0


@pytest.mark.parametrize(
    "broken",
    [event(id=""), event(id=7), event(specversion="0.3"), {"a": 1}, [1], "text", event(source="x" * 501), None],
)
async def test_a_piece_that_is_no_event_does_not_stop_the_others(worker, intake, broken):
    body = json.dumps([event(1), broken, event(2)]).encode()
    receipt = await intake.accept(1, "fin", body, BATCH, {})
    assert (receipt.accepted, receipt.duplicates, len(receipt.dead_letters)) == (2, 0, 1)
    (letter,) = await letters(worker)
    assert letter.reason == "not_a_cloudevent"
    assert letter.external_id.startswith("sha256:")


async def test_a_broken_line_does_not_stop_the_others(worker, intake):
    body = b"\n".join([json.dumps(event(1)).encode(), b"{broken", json.dumps(event(2)).encode()])
    receipt = await intake.accept(1, "fin", body, NDJSON, {})
    assert (receipt.accepted, len(receipt.dead_letters)) == (2, 1)
    (letter,) = await letters(worker)
    assert letter.detail.startswith("line 2 is not JSON")


async def test_another_content_type_is_refused_and_nothing_kept(worker, intake):
    with pytest.raises(UnsupportedMedia, match="cloudevents"):
        await intake.accept(1, "fin", b"<a/>", "application/xml", {})
    assert await letters(worker) == []


async def test_messages_are_interpreted_in_order_and_once(worker, intake, applying):
    await intake.accept(1, "fin", json.dumps([event(n) for n in range(1, 6)]).encode(), BATCH, {})
    seen = []

    async def interpret(_connection, _keys, back_office, messages):
        seen.extend((back_office, one.external_id) for one in messages)
        return {one.message_id: "applied" for one in messages}

    assert await applying.apply_waiting(1, "fin", interpret) == 5
    assert await applying.apply_waiting(1, "fin", interpret) == 0
    assert seen == [("fin", f"/fin e{n}") for n in range(1, 6)]
    assert await count(worker, "messages", "state = 'applied' and outcome = 'applied' and settled_at is not null") == 5


async def test_one_that_breaks_the_batch_is_found_and_kept(worker, intake, applying):
    await intake.accept(1, "fin", json.dumps([event(n) for n in range(1, 4)]).encode(), BATCH, {})

    async def interpret(connection, _keys, _back_office, messages):
        await connection.execute(
            "insert into drift values (1, 'fin', 'f', 'w', $1, 's', now(), now())", messages[-1].external_id
        )
        if any("e2" in one.external_id for one in messages):
            await connection.execute("select 1 / 0")
        return {one.message_id: "applied" for one in messages}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.intake.service.log.exception", lambda *_, **__: None)
        assert await applying.apply_waiting(1, "fin", interpret) == 3
    (letter,) = await letters(worker)
    assert (letter.external_id, letter.reason) == ("/fin e2", "hub_error")
    assert await count(worker, "messages", "state = 'applied'") == 2
    # What the batch had written before it broke is undone; each good one wrote once.
    assert await count(worker, "drift") == 2


async def test_a_letter_is_replayed_and_settled(worker, intake, applying):
    await intake.accept(1, "fin", json.dumps([event(1), event(2)]).encode(), BATCH, {})
    answer: Fault | str = Fault("unreadable_record", "'x' is not an amount", "obligations", "original", "Iznos")

    async def interpret(_connection, _keys, _back_office, messages):
        return {one.message_id: answer if "e1" in one.external_id else "applied" for one in messages}

    await applying.apply_waiting(1, "fin", interpret)
    (letter,) = await letters(worker)
    assert (letter.feed, letter.field, letter.path, letter.detail) == (
        "obligations",
        "original",
        "Iznos",
        "'x' is not an amount",
    )
    assert await applying.replay(1, letter.dead_letter_id) == 1
    await applying.apply_waiting(1, "fin", interpret)
    (letter,) = await letters(worker)
    assert letter.times == 2

    answer = "applied"
    assert await applying.replay(1, None) == 1
    await applying.apply_waiting(1, "fin", interpret)
    assert await letters(worker) == []
    assert await count(worker, "dead_letters", "settled_by = 'replayed'") == 1
    assert await count(worker, "messages", "state = 'applied'") == 2
