"""Files: kept whole, cut into messages, known when they come again; a broken one names its line; folders are looked at."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from threading import current_thread
from types import SimpleNamespace

import pytest

from hub.back_offices import push_jobs
from hub.intake import doors_command, drop_folder, folder_files
from hub.intake import files as intake_files
from hub.intake.file_states import PREFIX
from hub.jobs.claims import Rule, claim_jobs
from hub.jobs.leases import Outcome, Verdict, settle
from hub.jobs.queue import Job, enqueue
from hub.kernel.ids import public_id
from hub.kit import csv_out
from tests.integration.push.conftest import OFFICE
from tests.support.commands import commands_on
from tests.support.records import ANA
from tests.support.threads import hop

FILES = "/pregrada/push/v1/files"
HEAD = "Sifra;OIB;Vrsta;Opis;Godina;Strana;Valuta;Iznos;Preostalo;Primatelj;Status;ZadnjaPromjena"


def line(
    number: int, *, title: str = "Komunalna naknada", changed: str = "21.11.2026 06:00:00", amount: str = "12,00"
) -> str:
    return f'S{number};{ANA};KN;"{title}";2026;D;EUR;{amount};{amount};GRAD;A;{changed}'


def content(*lines: str) -> bytes:
    return "\r\n".join([HEAD, *lines, ""]).encode("cp1250")


async def push(door, body: bytes, name: str = "stavke-1.csv", media_type: str = "text/csv", **query: str):
    headers = OFFICE | {"Content-Type": media_type}
    return await door.api.client.post(FILES, params={"name": name} | query, content=body, headers=headers)


async def state(door, answer) -> dict:
    answer = await door.api.client.get(f"{FILES}/{answer.json()['id']}", headers=OFFICE)
    return answer.json()


async def titles(door) -> dict[str, str]:
    rows = await door.rows("select source_key, title::jsonb ->> 'hr' as title from obligations order by 1")
    return {row["source_key"]: row["title"] for row in rows}


async def test_a_file_is_kept_read_applied_and_known_when_it_comes_again(door, monkeypatch):
    monkeypatch.setattr(intake_files, "_PIECE", 700)
    monkeypatch.setattr(intake_files, "_BATCH", 7)
    body = content(*(line(n, title=f'Naknada "{n}"; Škola\nČćžđ'.replace('"', '""')) for n in range(1, 31)))
    answer = await push(door, body)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["state"], told["kind"], told["size"], told["known"]) == ("received", "stavke", len(body), False)
    assert await door.value("select count(*) from messages") == 0
    assert await door.value("select count(*) from push_file_chunks") == -(-len(body) // 700)
    assert ANA.encode() not in b"".join([row["body"] for row in await door.rows("select body from push_file_chunks")])
    await door.work()
    told = await state(door, answer)
    assert (told["state"], told["records"], told["total"]) == ("read", 30, 30)
    found = await titles(door)
    assert len(found) == 30
    assert found["S7"] == 'Naknada "7"; Škola\nČćžđ'
    assert await door.letters() == []
    again = await push(door, body, "stavke-2.csv")
    assert (again.json()["id"], again.json()["known"]) == (told["id"], True)
    await door.work()
    assert await door.value("select count(*) from messages") == 30


async def test_reading_a_file_rests_after_every_piece_and_every_batch(door, monkeypatch):
    monkeypatch.setattr(intake_files, "_PIECE", 700)
    monkeypatch.setattr(intake_files, "_BATCH", 7)
    body = content(*(line(n) for n in range(1, 31)))
    answer = await push(door, body)
    rests: list[int] = []
    courtesy = door.api.worker.files._courtesy
    assert courtesy is door.api.worker.courtesy
    monkeypatch.setattr(courtesy, "rest", lambda city_id, worked: rests.append(city_id) or worked * 0)
    await door.work(rounds=1)
    assert (await state(door, answer))["state"] == "read"
    # Looked through and read: twice the pieces; 30 records in batches of 7.
    assert rests == [door.town.city.id] * (2 * -(-len(body) // 700) + 5)


async def test_a_run_that_is_cut_off_goes_on_where_it_was(door, monkeypatch):
    monkeypatch.setattr(intake_files, "_BATCH", 5)
    answer = await push(door, content(*(line(n) for n in range(20))))
    kept, real = [], intake_files.FileIntake._keep_batch

    async def cut_off(self, city_id, file, messages, records, *, last=False):
        if len(kept) == 2:
            raise ConnectionError
        kept.append(records)
        await real(self, city_id, file, messages, records, last=last)

    with monkeypatch.context() as patch:
        patch.setattr(intake_files.FileIntake, "_keep_batch", cut_off)
        with pytest.raises(ConnectionError):
            await door.work()
    assert (await state(door, answer))["records"] == 10
    await door.api.worker.files.rearm(1)
    await door.work()
    assert (await state(door, answer))["state"] == "read"
    assert await door.value("select count(*) from messages") == 20


# ── The same content again ───────────────────────────────────────────────────────────────────────


def two_kinds(**more: object) -> dict:
    """`stavke` reads the lines, `krive` takes them for something else."""
    right = {"names": "stavke*.csv", "feed": "obligations", "mapping": "obligation.file.yaml", "format": "csv",
             "encoding": "windows-1250", "delimiter": ";"} | more  # fmt: skip
    return {"files": {"stavke": right, "krive": right | {"names": "krive*.csv", "delimiter": "|"}}}


async def test_the_same_content_as_another_kind_is_another_file(opening):
    async with opening(two_kinds()) as door:
        wrong = await push(door, content(line(1)), kind="krive")
        await door.work()
        assert (await state(door, wrong))["state"] == "read"
        assert await titles(door) == {}
        right = await push(door, content(line(1)), kind="stavke")
        assert (right.json()["known"], right.json()["id"] != wrong.json()["id"]) == (False, True)
        await door.work()
        assert await titles(door) == {"S1": "Komunalna naknada"}


async def test_the_same_content_in_another_encoding_is_another_file(door):
    body = (HEAD + "\n" + line(1, title="Škola").replace("21.11.2026 06:00:00", "")).encode()
    await push(door, body)
    await door.work()
    assert await titles(door) == {"S1": "Ĺ\xa0kola"}
    door.api.clock.move(timedelta(minutes=1))
    assert (await push(door, body, media_type="text/csv; charset=utf-8")).json()["known"] is False
    await door.work()
    assert await titles(door) == {"S1": "Škola"}


async def test_a_broken_file_that_comes_again_is_read_again(opening):
    """Its letter was given up, and what was wrong with the configuration is right by now."""
    async with opening(two_kinds(delimiter=",")) as door:
        answer = await push(door, content(line(1)))
        await door.work()
        (letter,) = await door.letters()
        discard = {"ids": [letter["id"]], "why": "the configuration was wrong"}
        staff = door.api.staff("pregrada")
        assert (await door.api.client.post("/pregrada/admin/v1/discards", json=discard, headers=staff)).is_success
        # As long as it is broken it is one letter, whoever sends it again.
        again = await push(door, content(line(1)))
        assert (again.json()["id"], again.json()["state"]) == (answer.json()["id"], "received")
        await door.work()
        assert len(await door.letters()) == 1
    async with opening(two_kinds()) as door:
        again = await push(door, content(line(1)))
        assert (again.json()["id"], again.json()["known"]) == (answer.json()["id"], True)
        await door.work()
        assert (await state(door, answer))["state"] == "read"
        assert await titles(door) == {"S1": "Komunalna naknada"}
        assert await door.letters() == []


async def test_a_file_that_says_everything_is_as_new_as_it_was_last_sent(opening):
    async with opening(two_kinds(says="complete")) as door:

        async def complete_at():
            return await door.value("select complete_at from feed_states where feed = 'obligations'")

        first = door.api.clock.now()
        answer = await push(door, content(line(1)))
        # Before it is read it says nothing of everything yet: the second one is read too.
        door.api.clock.move(timedelta(minutes=1))
        second = await push(door, content(line(1)))
        assert second.json()["known"] is False
        await door.work()
        assert await complete_at() == first + timedelta(minutes=1)
        for day in (1, 2):
            door.api.clock.at = first + timedelta(days=day)
            for _ in range(2):
                again = await push(door, content(line(1)))
                assert (again.json()["id"], again.json()["known"]) == (second.json()["id"], True)
                await door.work()
            assert await complete_at() == first + timedelta(days=day)
        # Two files of a record and an end, and one end for each day.
        assert await door.value("select count(*) from messages") == 6
        assert (await state(door, answer))["state"] == "read"
        assert await door.letters() == []


async def test_what_was_so_before_is_so_again(door):
    """A, B, A: where nothing in the records says how new they are, the file does."""
    one, other = (content(line(1, title=title, changed="")) for title in ("Prva", "Druga"))
    ids = []
    for body, title in ((one, "Prva"), (other, "Druga"), (one, "Prva"), (one, "Prva"), (other, "Druga")):
        door.api.clock.move(timedelta(minutes=1))
        answer = await push(door, body)
        ids.append(answer.json()["id"])
        await door.work()
        assert await titles(door) == {"S1": title}
        assert (await state(door, answer))["state"] == "read"
    assert ids[2] == ids[3]
    assert len(set(ids)) == 4
    # The very file again, as its time tells, is known whatever came after it.
    said = (door.api.clock.now() - timedelta(minutes=2)).isoformat()
    assert (await push(door, one, said_at=said)).json()["id"] == ids[2]
    await door.work()
    assert await titles(door) == {"S1": "Druga"}


BROKEN = {
    "a value too many": (content(line(1), line(2) + ";x"), 3, "13 values where the first line names 12 columns"),
    "a mark that is never closed": (content(line(1), 'S2;"' + line(3)), 3, "quotation mark"),
    "another encoding": ((HEAD + "\n" + line(1) + "\n").encode() + b"S2;\x81;\n", 3, "byte 0x81 is no windows-1250"),
    "nothing": (b"", 1, "the file is empty"),
    "a name twice": (b"A;B;A\n1;2;3\n", 1, "two columns are called 'A'"),
    "a NUL": (content(line(1)) + b"\0\n", 3, "NUL"),
}


async def test_a_broken_file_is_kept_whole_with_its_line_and_nothing_of_it_counts(door):
    for number, (what, (body, at, words)) in enumerate(BROKEN.items()):
        answer = await push(door, body, f"stavke-{number}.csv")
        await door.work()
        told = await state(door, answer)
        assert (told["state"], told["line"]) == ("broken", at), what
        assert words in told["fault"], what
        letter = (await door.letters())[0]
        assert (letter["reason"], letter["path"], letter["feed"]) == ("broken_file", f"line {at}", "obligations")
        assert told["id"] in letter["detail"]
    assert await door.value("select count(*) from messages") == 0
    assert await titles(door) == {}
    assert await door.value("select sum(size) from push_files") == sum(len(body) for body, *_ in BROKEN.values())


async def test_a_broken_file_is_read_again_when_its_configuration_was_wrong(opening):
    def kind(delimiter: str) -> dict:
        return {"names": "stavke*.csv", "feed": "obligations", "mapping": "obligation.file.yaml", "format": "csv",
                "encoding": "windows-1250", "delimiter": delimiter}  # fmt: skip

    async with opening({"files": {"stavke": kind(",")}}) as door:
        answer = await push(door, content(line(1)))
        await door.work()
        (letter,) = await door.letters()
        assert (await state(door, answer))["state"] == "broken"
    async with opening({"files": {"stavke": kind(";")}}) as door:
        replay = await door.api.client.post(
            "/pregrada/admin/v1/replays", json={"ids": [letter["id"]]}, headers=door.api.staff("pregrada")
        )
        assert replay.status_code == 202, replay.text
        await door.work()
        assert (await state(door, answer))["state"] == "read"
        assert await titles(door) == {"S1": "Komunalna naknada"}
        assert await door.letters() == []


@pytest.mark.parametrize("cut", [7, 256 * 1024])
async def test_utf_8_in_a_kind_of_windows_1250_is_broken_and_read_when_that_is_corrected(opening, monkeypatch, cut):
    monkeypatch.setattr(intake_files, "_PIECE", cut)

    def kind(encoding: str) -> dict:
        return {"names": "stavke*.csv", "feed": "obligations", "mapping": "obligation.file.yaml", "format": "csv",
                "encoding": encoding, "delimiter": ";"}  # fmt: skip

    body = "\n".join([HEAD, line(1), line(2, title="Dječji vrtić"), ""]).encode()
    async with opening({"files": {"stavke": kind("windows-1250")}}) as door:
        answer = await push(door, body)
        await door.work()
        told = await state(door, answer)
        assert (told["state"], told["line"]) == ("broken", 3)
        assert told["fault"] == (
            "it is UTF-8, and would be read as windows-1250: write `encoding: utf-8` at push.files.stavke, and replay it"
        )
        (letter,) = await door.letters()
        assert (letter["reason"], letter["path"]) == ("broken_file", "line 3")
        assert await titles(door) == {}
        # Whom the sender's own word misleads has another remedy.
        answer = await push(door, body + b"\n", media_type="text/csv; charset=windows-1250")
        await door.work()
        assert (await state(door, answer))["fault"].endswith("have it sent again with `charset=utf-8`")
    async with opening({"files": {"stavke": kind("utf-8")}}) as door:
        asked = {"ids": [letter["id"]]}
        staff = door.api.staff("pregrada")
        replay = await door.api.client.post("/pregrada/admin/v1/replays", json=asked, headers=staff)
        assert replay.status_code == 202, replay.text
        await door.work()
        assert await titles(door) == {"S1": "Komunalna naknada", "S2": "Dječji vrtić"}


async def test_a_line_that_cannot_be_used_is_a_letter_and_stops_no_other(door):
    await push(door, content(line(1), line(2, amount="12,5o"), line(3)))
    await door.work()
    assert list(await titles(door)) == ["S1", "S3"]
    (letter,) = await door.letters()
    assert (letter["reason"], letter["field"], letter["path"]) == ("unreadable_record", "original", "[0].Iznos")
    assert letter["external_id"].startswith(PREFIX)
    answer = await door.api.client.get(
        f"/pregrada/admin/v1/dead-letters/{letter['id']}", headers=door.api.staff("pregrada")
    )
    assert json.loads(answer.json()["text"])["line"] == 3


async def test_of_two_lines_about_one_thing_the_lower_one_counts(door):
    same = line(1).replace("21.11.2026 06:00:00", "")
    await push(door, content(same, same.replace("Komunalna", "Nova")))
    await door.work()
    assert await titles(door) == {"S1": "Nova naknada"}


async def test_names_kinds_and_encodings(door):
    for name in ("../stavke.csv", "stavke/1.csv", "stavke\\1.csv", ".stavke.csv", "stavke\n.csv", "stavke\u202e.csv"):
        assert (await push(door, b"x", name)).status_code == 422, name
    answer = await push(door, b"x", "racuni.csv")
    assert answer.json()["detail"] == "No kind of file has this name; their patterns are: stavke*.csv."
    assert (await push(door, b"x", "racuni.csv", kind="racuni")).status_code == 422
    # What is no character set, and what would unpack a gigabyte of a megabyte.
    for charset in ("klingon", "zlib", "unicode_escape"):
        assert (await push(door, b"x", media_type=f"text/csv; charset={charset}")).status_code == 422
    assert await door.value("select count(*) from push_files") == 0
    # What the sender declares goes before what is configured.
    body = (HEAD + "\n" + line(1, title="Škola")).encode("utf-8")
    await push(door, body, media_type="text/csv; charset=utf-8")
    await door.work()
    assert await titles(door) == {"S1": "Škola"}
    other = await door.api.client.get(f"{FILES}/fil_00000000000000000000000000", headers=OFFICE)
    assert other.status_code == 404


# ── Other formats ────────────────────────────────────────────────────────────────────────────────

COLUMNS = HEAD.split(";")


def row(number: int) -> dict[str, str]:
    return dict(zip(COLUMNS, line(number).replace('"', "").split(";"), strict=True))


def xml_of(*numbers: int) -> bytes:
    rows = "".join(
        "<p:Stavka>" + "".join(f"<p:{k}>{v}</p:{k}>" for k, v in row(n).items()) + "</p:Stavka>\n" for n in numbers
    )
    text = f'<?xml version="1.0" encoding="windows-1250"?>\n<p:Izvoz xmlns:p="urn:x"><p:Opis>š</p:Opis><p:Stavke>{rows}</p:Stavke></p:Izvoz>'
    return text.encode("cp1250")


FORMATS = {
    "xml": ({"format": "xml", "records": "Stavke.Stavka"}, xml_of(1, 2, 3)),
    "json": ({"format": "json"}, json.dumps([row(n) for n in (1, 2, 3)], indent=1).encode()),
    "deep": (
        {"format": "json", "records": "izvoz.stavke"},
        json.dumps({"a": [1, {"stavke": 2}], "izvoz": {"b": "]", "stavke": [row(1), row(2), row(3)], "c": 1}}).encode(),
    ),
    "ndjson": ({"format": "ndjson"}, b"\n".join(json.dumps(row(n)).encode() for n in (1, 2, 3))),
}
KINDS = {
    name: {"names": f"*.{name}", "feed": "obligations", "mapping": "obligation.file.yaml"} | given
    for name, (given, _) in FORMATS.items()
}
FAULTY = {
    "xml": [
        (xml_of(1)[:-20], 3, "not well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 1, "DTD"),
    ],
    "json": [(b'[{"a": 1},\n {"a": }]', 2, "it is no JSON"), (b"{}", 1, "the file is no list"), (b"[1]", 1, "a record is an object"), (b'[{"a": 1}', 1, "ends too soon")],
    "deep": [(b'{"izvoz": {\n"x": 1}}', 2, "there is no 'izvoz.stavke' in it"), (b'{"izvoz": []}', 1, "izvoz is no object")],
    "ndjson": [(b'{"a": 1}\n{"a": }\n', 2, "it is no JSON"), (b"{}\n\n[]\n", 3, "a record is an object")],
}  # fmt: skip


async def test_other_formats(opening, monkeypatch):
    monkeypatch.setattr(intake_files, "_PIECE", 50)
    async with opening({"files": KINDS}) as door:
        for name, (_, body) in FORMATS.items():
            answer = await push(door, body, f"izvoz.{name}")
            await door.work()
            told = await state(door, answer)
            assert (told["state"], told["total"]) == ("read", 3), (name, told)
        assert await door.value("select count(*) from messages where outcome in ('applied', 'unchanged')") == 12
        assert list(await titles(door)) == ["S1", "S2", "S3"]
        assert await door.letters() == []
        for name, cases in FAULTY.items():
            for number, (body, at, words) in enumerate(cases):
                answer = await push(door, body, f"{number}.{name}")
                await door.work()
                told = await state(door, answer)
                assert (told["state"], told["line"]) == ("broken", at), (name, told)
                assert words in told["fault"]


async def test_a_file_is_parsed_in_one_thread(opening, monkeypatch):
    """A parser of libxml2 that is fed in several aborts the process when another one is at work."""
    monkeypatch.setattr(intake_files, "_PIECE", 50)
    real, seen = intake_files.reader_of, []

    def reader_of(*arguments):
        reader, threads = real(*arguments), set()
        seen.append(threads)
        for name in ("feed", "close"):
            call = getattr(reader, name)
            monkeypatch.setattr(
                reader, name, lambda *given, call=call: (threads.add(current_thread()), call(*given))[1]
            )
        return reader

    monkeypatch.setattr(intake_files, "reader_of", reader_of)
    async with opening({"files": KINDS}) as door:
        hop()
        answer = await push(door, xml_of(*range(1, 9)), "izvoz.xml")
        await door.work()
        told = await state(door, answer)
        assert (told["state"], told["records"]) == ("read", 8)
    assert [len(threads) for threads in seen] == [1, 1]


# ── Folders ──────────────────────────────────────────────────────────────────────────────────────


async def look(door) -> None:
    await door.do(Job(1, 1, "intake.folder", None, {"back_office": "financije"}, 1, 5, None))


async def not_taken(door) -> list[drop_folder.Dropped]:
    async with door.api.worker.database.town(1) as connection:
        return await drop_folder.dropped(connection, 1)


async def dropped_files(door) -> list[tuple[str, str]]:
    """As staff page through them, one at a time."""
    found, cursor = [], None
    while True:
        answer = await door.api.client.get(
            "/pregrada/admin/v1/dropped-files",
            params={"limit": 1} | ({"cursor": cursor} if cursor else {}),
            headers=door.api.staff("pregrada"),
        )
        assert answer.status_code == 200, answer.text
        found += [(one["name"], one["problem"]) for one in answer.json()["items"]]
        assert {one["back_office"] for one in answer.json()["items"]} <= {"financije"}
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_a_folder_is_looked_at_until_a_file_has_stopped_growing(opening, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    async with opening({"folder": str(folder)}) as door:
        (folder / "stavke-1.csv").write_bytes(content(line(1)))
        await look(door)
        await look(door)  # two looks at one moment say nothing
        assert await door.value("select count(*) from push_files") == 0
        (folder / "stavke-1.csv").write_bytes(content(line(1), line(2)))
        door.api.clock.move(timedelta(seconds=15))
        await look(door)  # it has grown
        assert await door.value("select count(*) from push_files") == 0
        door.api.clock.move(timedelta(seconds=15))
        await look(door)
        await door.work()
        assert list(await titles(door)) == ["S1", "S2"]
        assert not (folder / "stavke-1.csv").exists()
        (taken,) = (folder / "taken").iterdir()
        assert taken.name.endswith("-stavke-1.csv")
        assert taken.read_bytes() == content(line(1), line(2))


async def test_what_was_taken_is_taken_again_when_somebody_moves_it_back(opening, tmp_path):
    """To have it read again: it has the size and time that it had."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "stavke-1.csv").write_bytes(content(line(1)))
    async with opening({"folder": str(folder)}) as door:
        for _ in range(2):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
        (taken,) = (folder / "taken").iterdir()
        taken.rename(folder / "stavke-1.csv")
        for _ in range(2):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
        assert [one.name for one in (folder / "taken").iterdir()] == [taken.name]
        assert await door.value("select count(*) from push_drops") == 0


@pytest.mark.parametrize("moment", ["while it is read", "before it is put away", "while it is put away"])
async def test_a_file_that_takes_the_place_of_another_is_read_too(opening, tmp_path, monkeypatch, moment):
    folder = tmp_path / "drop"
    folder.mkdir()
    file, newer = folder / "stavke-1.csv", folder / "stavke-1.csv.tmp"
    bodies = [content(line(1)), content(line(1), line(2))]
    file.write_bytes(bodies[0])
    newer.write_bytes(bodies[1])
    replaced = []

    def replace() -> None:
        if not replaced:
            newer.replace(file)
            replaced.append(moment)

    def around(name: str) -> None:
        real = getattr(folder_files.os, name)
        fake = SimpleNamespace(**{one: getattr(os, one) for one in dir(os)})
        setattr(fake, name, lambda *given, **more: (replace(), real(*given, **more))[1])
        monkeypatch.setattr(folder_files, "os", fake)

    if moment == "before it is put away":
        receive = intake_files.FileIntake.receive

        async def received(*given, **more):
            try:
                return await receive(*given, **more)
            finally:
                replace()

        monkeypatch.setattr(intake_files.FileIntake, "receive", received)
    else:
        around("read" if moment == "while it is read" else "rename")
    async with opening({"folder": str(folder)}) as door:
        for looks in range(4):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
            if looks == 1:
                assert file.read_bytes() == bodies[1]
        await door.work()
        assert replaced == [moment]
        assert list(await titles(door)) == ["S1", "S2"]
        assert await door.value("select count(*) from push_files where state = 'read'") == 2
        kept = {public_id("fil", row[0]): row[1] for row in await door.rows("select file_id, size from push_files")}
        there = {one.name.removesuffix("-stavke-1.csv"): one.stat().st_size for one in (folder / "taken").iterdir()}
        # Of the first one nothing was left to put away.
        assert list(there.items()) == [list(kept.items())[1]]
        assert [one.name for one in folder.iterdir()] == ["taken"]


async def test_a_second_look_does_not_begin_before_the_first_has_ended(opening, tmp_path):
    """A file may take longer than it is to the next look, and would be kept once more by each of them."""
    async with opening({"folder": str(tmp_path)}) as door:
        pool = door.api.worker.database.pool
        (schedule,) = push_jobs.schedules({1: door.town})
        rules, claimed = {"intake.folder": Rule(timedelta(seconds=30), 5)}, []
        async with pool.acquire() as connection:
            for _ in range(3):
                await enqueue(connection, **schedule.job)
                claimed += (await claim_jobs(connection, 5, {}, rules)).jobs
            (first,) = claimed
            await settle(connection, [Outcome.of(first, Verdict.DONE)])
            assert len((await claim_jobs(connection, 5, {}, rules)).jobs) == 1


async def test_a_folder_that_is_away_is_told_until_it_is_back(opening, tmp_path):
    folder = tmp_path / "drop"
    async with opening({"folder": str(folder)}) as door:
        since = door.api.clock.now()
        for why in ("No such file or directory", "Not a directory"):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
            (one,) = await not_taken(door)
            assert (one.back_office, one.name, one.size, one.seen_at) == ("financije", ".", 0, since)
            assert one.problem.startswith(f"the drop folder {folder} cannot be looked into: {why}; ")
            folder.write_text("in its place") if not folder.exists() else folder.unlink()
        assert await dropped_files(door) == [(".", one.problem)]
        folder.mkdir()
        await look(door)
        assert await not_taken(door) == []


async def test_what_is_no_plain_file_of_the_folder_is_never_opened(opening, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    (tmp_path / "elsewhere.csv").write_bytes(content(line(1)))
    (folder / "stavke-link.csv").symlink_to(tmp_path / "elsewhere.csv")
    os.mkfifo(folder / "stavke-pipe.csv")
    (folder / "stavke-folder.csv").mkdir()
    for name in ("stavke.csv.part", ".stavke.csv", "stavke-\x1b[2J.csv"):
        (folder / name).write_bytes(content(line(1)))
    (folder / "racuni.csv").write_bytes(b"x")
    async with opening({"folder": str(folder)}) as door:
        for _ in range(3):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
        assert await door.value("select count(*) from push_files") == 0
        # What nobody takes is told, by a name that does nothing to a terminal.
        no_name, no_kind = [(one.name, one.problem) for one in sorted(await not_taken(door), key=lambda one: one.size)][
            ::-1
        ]
        assert no_kind == ("racuni.csv", "no kind of push.files has a pattern that fits its name")
        assert no_name[0] == "stavke-\\x1b[2J.csv"
        assert "nor control characters" in no_name[1]
        assert await dropped_files(door) == [
            ("racuni.csv", "no kind of push.files has a pattern that fits its name"),
            ("stavke-\\x1b[2J.csv", no_name[1]),
        ]
        munihub = commands_on(door.api.worker, doors_command)
        listed = (await munihub("doors", "dropped", "--city", "pregrada", "--json")).splitlines()
        assert [json.loads(one)["name"] for one in listed] == ["racuni.csv", "stavke-\\x1b[2J.csv"]
        # Once it is taken away, or named otherwise, it troubles nobody.
        (folder / "racuni.csv").unlink()
        (folder / "stavke-\x1b[2J.csv").rename(folder / "stavke-2.csv")
        for _ in range(2):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
        assert await not_taken(door) == []
        assert await door.value("select name from push_files") == "stavke-2.csv"


async def test_a_file_that_is_too_large_is_not_read_at_every_look(opening, tmp_path, monkeypatch):
    """Each time all of it would be kept, for a day."""
    folder = tmp_path / "drop"
    folder.mkdir()
    monkeypatch.setattr(drop_folder, "LARGEST", 10)
    (folder / "stavke-1.csv").write_bytes(content(line(1)))
    async with opening({"folder": str(folder)}) as door:
        for _ in range(4):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
        assert await door.value("select count(*) from push_files") == 0
        (one,) = await not_taken(door)
        assert (one.name, one.problem) == ("stavke-1.csv", "A file may have 10 bytes: cut it into several.")
        assert door.api.clock.now() - one.seen_at == timedelta(minutes=1)


async def test_a_folder_that_cannot_be_written_to(opening, tmp_path, monkeypatch):
    """The file stays where it is, and is not read again."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "stavke-1.csv").write_bytes(content(line(1)))
    (folder / "taken").write_text("in the way")
    async with opening({"folder": str(folder)}) as door:
        for _ in range(4):
            await look(door)
            door.api.clock.move(timedelta(seconds=15))
        assert await door.value("select count(*) from push_files") == 1
        assert (folder / "stavke-1.csv").exists()


def test_nothing_we_write_is_computed_by_a_spreadsheet():
    for formula in ('=cmd|" /C calc"!A0', "+1+1", "-1-1", "@SUM(1)", "＝1", "\t=1", " =1", "%0a", "|x"):
        assert csv_out.cell(formula).startswith("'"), formula
    for plain in ("12", "-12,50", "+3.5", "Ana", "", "2026-11-21", "a=b"):
        assert csv_out.cell(plain) == plain
    assert csv_out.lines(["a"], [['x;"y"\x1b'], [None]]) == 'a\r\n"x;""y"" "\r\n""\r\n'
