"""The push door against a back office that errs in every way it can, and against one that means harm."""

import asyncio
import gzip
import hmac
import json
import zlib
from contextlib import suppress

from hub.back_offices.events import EventInterpreter
from hub.intake import cloudevents
from tests.integration.portal_api.serving import connected, serving
from tests.support.hub import SECRETS, make_settings
from tests.support.records import ANA

PUSH = "/pregrada/push/v1/events"
SECRET = SECRETS["pregrada-financije-push"]
OFFICE = {"Authorization": f"Bearer {SECRET}"}
SINGLE, BATCH, NDJSON = cloudevents.SINGLE, cloudevents.BATCH, cloudevents.NDJSON[0]


def event(number: object = 1, **changes) -> dict:
    kind = "hr.pregrada.financije.stavka"
    return {"specversion": "1.0", "id": f"{number}", "source": "/f", "type": kind, "data": {}} | changes


def item(number: int = 1, **changes) -> dict:
    """What the card pushes about one fee of Ana's."""
    data = {
        "Sifra": f"S{number}",
        "OIB": ANA,
        "Vrsta": "KN",
        "Opis": "Komunalna naknada",
        "Godina": 2026,
        "Strana": "D",
    }
    data |= {
        "Valuta": "EUR",
        "Iznos": "12,00",
        "Preostalo": "12,00",
        "Primatelj": "GRAD",
        "Status": "A",
        "Odjel": "FIN",
    }
    data |= {"DatumIzdavanja": "01.09.2026", "Dospijece": "09.12.2026", "Model": "HR99", "PozivNaBroj": ""}
    return data | {"ZadnjaPromjena": "18.11.2026 06:00:00"} | changes


async def push(hub, content: bytes | dict | list, media_type: str = SINGLE, **headers: str):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await hub.client.post(PUSH, content=body, headers=OFFICE | {"Content-Type": media_type} | headers)


async def letters(hub) -> list[dict]:
    answer = await hub.client.get("/pregrada/admin/v1/dead-letters?limit=100", headers=hub.staff("pregrada"))
    return answer.json()["items"]


async def apply(hub) -> list[str]:
    """What becomes of everything that waits, by external id."""
    interpret = EventInterpreter(hub.worker.towns.by_slug["pregrada"])
    await hub.worker.intake.apply_waiting(1, "financije", interpret)
    return [one["reason"] for one in await letters(hub)]


WRONG_SECRETS = [
    "é".encode(),
    "é".encode("latin-1"),
    b"\xff\xfe\xfd",
    SECRET.encode() + b"\xff",
    SECRET.encode() + b"x",
    SECRET[:-1].encode(),
    SECRET.upper().encode(),
    b"x" * 60_000,
    b'"' + SECRET.encode() + b'"',
    b"",
]


async def test_a_secret_that_is_not_it(hub):
    for given in WRONG_SECRETS:
        headers = {"Authorization": b"Bearer " + given, "Content-Type": SINGLE}
        assert (await hub.client.post(PUSH, content=b"{}", headers=headers)).status_code == 401, given[:30]
    assert await letters(hub) == []


async def test_secrets_are_compared_in_constant_time_and_all_of_them(hub, monkeypatch):
    """Whichever of a town's back offices it is, and whether it is one at all."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr("portal_api.push.door.hmac.compare_digest", lambda a, b: compared.append(b) or real(a, b))
    with_secret = [one for one in hub.hub.towns.by_slug["pregrada"].back_offices.values() if one.push_secret]
    for secret in (SECRET, "wrong"):
        compared.clear()
        await hub.client.post(
            PUSH, content=b"{}", headers={"Authorization": f"Bearer {secret}", "Content-Type": SINGLE}
        )
        assert len(compared) == len(with_secret) > 0


async def test_what_is_sent_compressed_is_refused_and_not_kept(hub):
    body = json.dumps(event()).encode()
    for coding, packed in (
        ("gzip", gzip.compress(body)),
        ("deflate", zlib.compress(body)),
        ("br", body),
        ("gzip, identity", body),
    ):
        answer = await push(hub, packed, **{"Content-Encoding": coding})
        assert answer.status_code == 415
        assert answer.json()["detail"].startswith("Send the events as they are")
    assert await letters(hub) == []
    assert (await push(hub, body, **{"Content-Encoding": "identity"})).json()["accepted"] == 1


NO_ATTRIBUTES = [
    ("id", "a\0b"),
    ("id", "\ud800"),
    ("id", "a\r\nSet-Cookie: x"),
    ("id", "\x7f"),
    ("source", "/f\0"),
    ("source", "\udfff\ud800"),
    ("type", "\x9f"),
    ("id", "\ufffe"),
    ("id", ""),
    ("id", 7),
    ("id", None),
    ("id", ["x"]),
    ("id", "x" * 501),
    ("source", {"a": 1}),
    ("specversion", "0.3"),
    ("specversion", 1.0),
]


async def test_an_attribute_that_is_none_does_not_lose_its_neighbours(hub):
    """CloudEvents 1.0.2, "Type System": no control characters, halves of pairs or noncharacters in a String."""
    for number, (name, value) in enumerate(NO_ATTRIBUTES):
        batch = [event(f"{number}a"), event(f"{number}b", **{name: value}), event(f"{number}c")]
        answer = await push(hub, batch, BATCH)
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        assert (receipt["accepted"], len(receipt["dead_letters"])) == (2, 1), (name, value)
        letter = (await letters(hub))[0]
        assert letter["id"] == receipt["dead_letters"][0]["id"]
        assert letter["reason"] == "not_a_cloudevent"
        assert name in letter["detail"]


async def test_long_ids_in_any_script_are_kept_apart(hub):
    ids = ["ž" * 500, "Ж" * 500, "𝔘" * 500, "ž" * 499, "é" * 250 + "e\u0301" * 125, "\u202e" * 10, " ", "x y"]
    answer = await push(hub, [event(one) for one in ids], BATCH)
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (len(ids), 0)
    assert (await push(hub, [event(one) for one in ids], BATCH)).json()["duplicates"] == len(ids)


async def test_of_two_equal_keys_the_last_is_meant_everywhere(hub):
    """What identifies the event and what is applied are read alike (RFC 8259 §4 leaves it open)."""
    body = json.dumps(event("2", data=item())).replace('"id": "2"', '"id": "1", "id": "2"').encode()
    assert (await push(hub, body)).json()["accepted"] == 1
    assert (await push(hub, event("2", data=item()))).json()["duplicates"] == 1
    assert (await push(hub, event("1", data=item()))).json()["accepted"] == 1


async def test_binary_mode_with_hostile_attributes(hub):
    base = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/f", "ce-type": "t"}
    hostile = [
        {"ce-id": "a%00b"},
        {"ce-id": "%0d%0aX-Injected: 1"},
        {"ce-source": "%7f"},
        {"ce-id": ""},
        {"ce-id": "x" * 501},
    ]
    for changes in hostile:
        answer = await push(hub, b"{}", "application/json", **(base | changes))
        assert (answer.status_code, answer.json()["accepted"]) == (202, 0), changes
        assert "x-injected" not in answer.headers
    for number, name in enumerate(("%ed%a0%80", "%ff%fe", "%zz", "%", "%c5%a0", "é")):
        answer = await push(
            hub, b'{"n": "\\ud800"}', "application/json", **(base | {"ce-id": f"{number}{name}".encode()})
        )
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1), name
    shadowed = {"ce-data": "forged", "ce-datacontenttype": "forged", "ce-id": "shadow"}
    assert (await push(hub, b'{"n": 1}', "application/json", **(base | shadowed))).json()["accepted"] == 1
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        row = await connection.fetchrow("select * from messages where external_id = '/f shadow'")
    kept = json.loads(keys.decrypt("messages", "body", str(row["message_id"]), row["body"]))
    assert (kept["data"], kept["datacontenttype"]) == ({"n": 1}, "application/json")


HOSTILE_JSON = [
    (b"[" * 100_000, SINGLE, 400),
    (b"[" * 90_000, BATCH, 400),
    (b'{"a":' * 100_000, NDJSON, 202),
    (b"9" * 5_000, SINGLE, 400),
    (b"[1e999]", BATCH, 202),
    (b"[NaN]", BATCH, 400),
    (b"\xef\xbb\xbf[]", BATCH, 202),
    (b"\xff\xfe[\x00]\x00", BATCH, 400),
    (b"[]\0", BATCH, 400),
    (b"[] []", BATCH, 400),
    (b"[{},]", BATCH, 400),
    (b"[{}", BATCH, 400),
    (b"\n" * 1_000_000, NDJSON, 202),
    (b"true", SINGLE, 202),
    (b'"x"\n1\nnull\n[]\n{}', NDJSON, 202),
]


async def test_json_that_is_hostile(hub):
    kept = set()
    for body, media_type, status in HOSTILE_JSON:
        answer = await push(hub, body, media_type)
        assert answer.status_code == status, (body[:20], answer.text)
        found = {one["id"] for one in await letters(hub)}
        said = {one["id"] for one in answer.json()["dead_letters"]} if status == 202 else found - kept
        assert said <= found
        assert len(said - kept) == len(said), "a letter of its own for each"
        assert status == 202 or len(said) == 1
        kept = found


async def test_many_tiny_events_are_refused_at_once(hub):
    """500,000 events in 1.5 MB; each would be a row."""
    for body, media_type in ((b"[" + b",".join([b"{}"] * 500_000) + b"]", BATCH), (b"{}\n" * 500_000, NDJSON)):
        answer = await asyncio.wait_for(push(hub, body, media_type), 5)
        assert answer.status_code == 413
        assert answer.json()["detail"] == f"One request may have {cloudevents.MOST:,} events: send several."
    assert await letters(hub) == []


async def test_as_many_as_are_allowed_cost_little_even_where_all_are_broken(hub):
    """The same one each time: each is accounted for, one letter is kept."""
    answer = await asyncio.wait_for(push(hub, b"{}\n" * cloudevents.MOST, NDJSON), 10)
    receipt = answer.json()
    assert (answer.status_code, receipt["accepted"], len(receipt["dead_letters"])) == (202, 0, cloudevents.MOST)
    (letter,) = await letters(hub)
    assert letter["times"] == 1


async def test_values_no_column_can_hold_become_letters_and_stop_nobody(hub):
    deep = item(2)
    for _ in range(600):
        deep = {"Dublje": deep}
    hostile = [
        item(1, Opis="a\0b"),
        deep,
        item(3, Opis="\ud800"),
        item(4, Iznos="9" * 40),
        item(5, Godina=10**30),
        item(6, Dospijece="31.12.0000"),
        item(7, Sifra="x" * 100_000),
        # Too long for an index, however well it can be packed.
        item(11, Sifra="x" * 1_000_000),
        item(8, Sifra="a\0b"),
        item(9, Obroci=[{"RedniBroj": 10**9}] * 2),
        item(10, OIB="\ud800"),
    ]
    answer = await push(
        hub, [event(n, data=data) for n, data in enumerate(hostile)] + [event("good", data=item(99))], BATCH
    )
    assert answer.json()["accepted"] == len(hostile) + 1
    reasons = await apply(hub)
    assert "hub_error" not in reasons, reasons
    async with hub.worker.database.town(1) as connection:
        kept = await connection.fetchval("select array_agg(source_key) from obligations")
        waiting = await connection.fetchval("select count(*) from messages where state = 'received'")
    assert "S99" in kept
    assert waiting == 0
    for letter in await letters(hub):
        assert ANA not in json.dumps(letter), "a letter's sentence quotes nobody"


async def test_a_time_that_is_none_is_a_letter(hub):
    ends = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
    times = [*ends, "2026", "now", "", "\0", 5, {}, "2026-11-21T10:00:00"]
    await push(hub, [event(n, data=item(n), time=time) for n, time in enumerate(times)], BATCH)
    assert await apply(hub) == ["bad_time"] * len(times)


async def test_bytes_that_do_not_end(hub, urls, clock, tmp_path):
    """A chunked body without an end is given up at the limit, and a length that is a lie is not believed."""
    with serving(make_settings(tmp_path, urls), urls, clock) as address:
        head = (
            f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Type: {SINGLE}\r\n".encode()
        )
        async with connected(address) as (reader, writer):
            writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            sent, most = 0, 100_000_000  # far more than the limit and all the buffers on the way
            with suppress(ConnectionError):
                while sent < most and not reader._buffer:
                    writer.write(chunk)
                    await writer.drain()
                    sent += 0x10000
                    await asyncio.sleep(0)  # what came back is read only now
            assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 413")
            assert sent < most

        for length in (b"10000001", b"9" * 18):
            async with connected(address) as (reader, writer):
                writer.write(head + b"Content-Length: " + length + b"\r\n\r\n")
                assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 413")
        for wrong in (
            b"Content-Length: -1",
            b"Content-Length: 1x",
            b"Content-Length: " + b"9" * 30,
            b"Content-Length: 1\r\nContent-Length: 2",
            b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        ):
            async with connected(address) as (reader, writer):
                writer.write(head + wrong + b"\r\n\r\nx")
                assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 400"), wrong
