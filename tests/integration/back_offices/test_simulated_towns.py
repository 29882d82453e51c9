"""The towns of the demonstration against their simulators: SOAP and REST, pulled and pushed, as configured."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from lxml import etree

from hub.back_offices.events import EventInterpreter
from hub.back_offices.model import Feed, Town
from hub.back_offices.service import ReadReport
from hub.demo.stage import TOWNS
from hub.hub import Hub, open_api
from hub.intake import dead_letters
from hub.kernel.clock import FixedClock
from hub.settings import PROJECT
from hub.storage.database import NIL
from hub.subjects import service as subjects
from portal_api.app import create_app
from simulators.kit.serve import running
from simulators.people import ANDELKA, CIRO, DURO, MATEJ, RUZENA, ZELJKA
from tests.support.trial import opened_worker

MINUTE = timedelta(minutes=1)


@dataclass
class Staged:
    """One town with its simulators; `controls` speak to their control doors by back office."""

    hub: Hub
    town: Town
    clock: FixedClock
    controls: dict[str, httpx.AsyncClient]

    def feed(self, name: str) -> Feed:
        office, _, feed = name.partition("/")
        return self.town.back_offices[office].feeds[feed]

    async def read(self, feed: str, **identifier: str) -> ReadReport:
        identifier_id = NIL
        for scheme, value in identifier.items():
            identifier_id = await self.identifier(scheme.replace("_", ".", 1), value)
        return await self.hub.feeds.read(self.town, self.feed(feed), identifier_id)

    async def identifier(self, scheme: str, value: str) -> UUID:
        async with self.hub.database.town(self.town.city.id) as connection:
            keys = await self.hub.vault.keys(connection, self.town.city.id)
            return (await subjects.identify(connection, keys, [(scheme, value)]))[scheme, value]

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        async with self.hub.database.town(self.town.city.id) as connection:
            return await connection.fetch(query, *arguments)

    async def control(self, office: str, path: str, **body: Any) -> Any:
        answer = await self.controls[office].post(f"/_control{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def staged(slug: str, folder: Path, urls) -> AsyncIterator[Staged]:
    """The town as it is configured, but for the addresses, and impatient."""
    ours = PROJECT / "config" / "cities" / slug / "city.yaml"
    offices = yaml.safe_load(ours.read_text("utf-8"))["back_offices"]
    clock = FixedClock(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        over, controls = {}, {}
        for office, simulator in TOWNS[slug].items():
            module = import_module(f"simulators.{simulator}")
            url = await stack.enter_async_context(running(module.app(lambda: datetime.now(UTC))))
            controls[office] = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False))
            settings = yaml.safe_dump(offices[office]["settings"]).replace(f"http://127.0.0.1:{module.PORT}", url)
            impatient = {"retries": {"attempts": 1}, "breaker": {"failures": 1000}, "timeout": {"total": "5s"}}
            over[office] = {"settings": yaml.safe_load(settings) | impatient}
        file = folder / "config" / "cities" / slug / "city.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(yaml.safe_dump({"extends": [str(ours)], "back_offices": over}), "utf-8")
        hub = await stack.enter_async_context(opened_worker(folder / "var", urls, folder / "config", clock))
        yield Staged(hub, hub.towns.by_slug[slug], clock, controls)


@pytest.fixture
async def pregrada(tmp_path, urls) -> AsyncIterator[Staged]:
    async with staged("pregrada", tmp_path, urls) as town:
        yield town


@pytest.fixture
async def vzorov(tmp_path, urls) -> AsyncIterator[Staged]:
    async with staged("vzorov", tmp_path, urls) as town:
        yield town


async def test_one_citizen_over_soap_and_rest(pregrada):
    year = pregrada.clock.at.year
    assert await pregrada.read("financije/obligations", hr_oib=ZELJKA.number) == ReadReport(12, 12, 0, 0, None)
    assert await pregrada.read("urudzbeni/cases", hr_oib=ZELJKA.number) == ReadReport(5, 5, 0, 0, None)
    rows = await pregrada.fetch("select source_key, currency, original, outstanding from obligations order by 1")
    assert len(rows) == 12
    assert tuple(rows[0]) == ("2021-VO-000040", "HRK", 120456, 0)
    assert (f"{year}-KN-000042", "EUR", 4860, 4897) in [tuple(row) for row in rows]
    parts = await pregrada.fetch("select number, amount, outstanding from instalments order by number")
    assert [tuple(row) for row in parts] == [(1, 25000, 0), *((number, 25000, 25000) for number in range(2, 6))]
    # A shared fee belongs to both; Đuro sees it though he was not asked about.
    (row,) = await pregrada.fetch(
        "select count(*) from parties where identifier_id = $1", await pregrada.identifier("hr.oib", DURO.number)
    )
    assert row["count"] == 4
    cases = await pregrada.fetch("select source_key, status, jsonb_array_length(events) from cases order by 1")
    assert [tuple(row) for row in cases][:3] == [
        ("40017", "waiting_for_office", 2), ("40058", "closed", cases[1][2]), ("40112", "needs_you", 3)
    ]  # fmt: skip
    assert await pregrada.fetch("select * from dead_letters") == []
    assert await pregrada.fetch("select * from drift") == []
    # Somebody the card does not know owes nothing, which is an answer (a fault); the registry gives it with a 404.
    assert await pregrada.read("financije/obligations", hr_oib=ANDELKA.number) == ReadReport(0, 0, 0, 0, None)
    assert await pregrada.read("urudzbeni/cases", hr_oib=CIRO.number) == ReadReport(0, 0, 0, 0, None)
    (state,) = await pregrada.fetch(
        "select complete_at from feed_states where identifier_id = $1 and feed = 'cases'",
        await pregrada.identifier("hr.oib", CIRO.number),
    )
    assert state["complete_at"] == pregrada.clock.at


async def test_a_soap_record_with_a_code_nobody_knows(pregrada):
    year = pregrada.clock.at.year
    key = f"{year}-KN-000117"
    await pregrada.control("financije", "/items", Sifra=key, Vrsta="XX")
    report = await pregrada.read("financije/obligations", hr_oib=ZELJKA.number)
    assert report == ReadReport(12, 11, 0, 1, "unreadable_records")
    async with pregrada.hub.database.town(1) as connection:
        (letter,) = await dead_letters.listed(connection, 1, dead_letters.Filters())
        keys = await pregrada.hub.vault.keys(connection, 1)
        row = await dead_letters.find(connection, 1, letter.dead_letter_id)
    assert (letter.field, letter.external_id, letter.media_type) == ("kind", f"obligations/{key}", "application/xml")
    assert letter.path == "Stavke.Stavka[7].Vrsta"
    body = keys.decrypt("dead_letters", "body", str(letter.dead_letter_id), row["body"])
    item = etree.fromstring(body)
    texts = {etree.QName(child).localname: child.text for child in item}
    assert (texts["Sifra"], texts["Vrsta"], texts["OIB"]) == (key, "XX", ZELJKA.number)
    assert texts["Opis"] == f"Komunalna naknada {year}., 2. polugodište, Ulica žrtava fašizma 7"
    assert len(body) < 2000
    drift = await pregrada.fetch("select what, path, sample from drift")
    assert [tuple(row) for row in drift] == [("unknown_code", "Vrsta", "XX")]
    await pregrada.control("financije", "/reset")
    pregrada.clock.move(MINUTE)
    assert (await pregrada.read("financije/obligations", hr_oib=ZELJKA.number)).failure is None
    assert await pregrada.fetch("select from dead_letters where settled_at is null") == []


async def test_what_is_wrong_with_a_card_is_told_and_takes_nothing_away(pregrada):
    await pregrada.read("financije/obligations", hr_oib=CIRO.number)
    read_at = pregrada.clock.at
    pregrada.clock.move(MINUTE)
    first_failure = pregrada.clock.at
    for switch, failure in (
        ({"down": "close"}, "back_office_down"),
        ({"down": "503"}, "back_office_down"),
        ({"garbage": "html"}, "back_office_garbage"),
        ({"garbage": "truncated"}, "back_office_garbage"),
        ({"fault": True}, "back_office_fault"),
        ({"wrong_schema": "mistyped"}, "back_office_garbage"),
    ):
        await pregrada.control("financije", "", **switch)
        report = await pregrada.read("financije/obligations", hr_oib=CIRO.number)
        assert report == ReadReport(0, 0, 0, 0, failure), switch
        (state,) = await pregrada.fetch("select * from feed_states")
        assert (state["failure"], state["failing_since"]) == (failure, first_failure)
        assert state["complete_at"] == state["read_at"] == read_at
        assert CIRO.number not in state["failure_detail"]
        pregrada.clock.move(MINUTE)
    rows = await pregrada.fetch("select gone_at from obligations")
    assert [row["gone_at"] for row in rows] == [None, None]
    await pregrada.control("financije", "")
    assert await pregrada.read("financije/obligations", hr_oib=CIRO.number) == ReadReport(2, 0, 0, 0, None)
    (state,) = await pregrada.fetch("select * from feed_states")
    assert (state["failure"], state["failing_since"], state["read_at"]) == (None, None, pregrada.clock.at)


async def test_everybody_by_mark_and_the_register_of_persons(vzorov):
    assert await vzorov.read("registr/subjects") == ReadReport(7, 7, 0, 0, None)
    assert await vzorov.read("ucetnictvi/obligations") == ReadReport(14, 14, 0, 0, None)
    (state,) = await vzorov.fetch("select cursor, complete_at from feed_states where back_office = 'ucetnictvi'")
    first = state["cursor"]
    assert state["complete_at"] == vzorov.clock.at
    async with vzorov.hub.database.town(2) as connection:
        keys = await vzorov.hub.vault.keys(connection, 2)
        ruzena = await subjects.subject_of(connection, keys, "cz.birth_number", RUZENA.number)
        assert await subjects.subject_of(connection, keys, "cz.birth_number", MATEJ.number) is None
        (unassigned,) = await subjects.unassigned(connection, keys)
    # Matěj is in no register: what he owes belongs to nobody until somebody proves who he is.
    assert (unassigned.scheme, unassigned.value) == ("cz.birth_number", "*" * 10)
    account = await vzorov.hub.accounts.read(vzorov.town, ruzena)
    # Ema's fee is among them: Růžena is her guardian.
    assert f"KO-{vzorov.clock.at.year}-000118" in {row["source_key"] for row in account.obligations}
    year = vzorov.clock.at.year
    await vzorov.control("ucetnictvi", "/items", id=f"POK-{year}-000009", zbyva=1.0)
    answer = await vzorov.controls["ucetnictvi"].delete(f"/_control/items/KO-{year}-000118")
    assert answer.status_code == 200
    vzorov.clock.move(MINUTE)
    assert await vzorov.read("ucetnictvi/obligations") == ReadReport(2, 2, 0, 0, None)
    rows = await vzorov.fetch("select source_key from obligations where gone_at is not null")
    assert [row["source_key"] for row in rows] == [f"KO-{year}-000118"]
    (state,) = await vzorov.fetch("select cursor from feed_states where back_office = 'ucetnictvi'")
    assert state["cursor"] != first
    vzorov.clock.move(MINUTE)
    assert await vzorov.read("ucetnictvi/obligations") == ReadReport(0, 0, 0, 0, None)
    assert await vzorov.read("registr/subjects") == ReadReport(7, 0, 0, 0, None)


@pytest.mark.parametrize("seed", range(2))
async def test_pulled_and_pushed_in_any_order_everything_ends_the_same(pregrada, urls, seed):
    """The history of every item, pushed twice, back to front and in pieces, between reads: the rows of a plain read."""
    chosen = random.Random(seed)
    year = pregrada.clock.at.year
    fee, fine, credit = (f"{year}-{one}" for one in ("KN-000117", "KZ-000009", "PR-000055"))
    await pregrada.control("financije", "/items", Sifra=fee, Preostalo="12,34", Suvlasnici=[CIRO.number])
    await pregrada.control("financije", "/items", Sifra=fee, Preostalo="0,00", Status="P")
    await pregrada.controls["financije"].delete(f"/_control/items/{fine}")
    await pregrada.control("financije", "/items", Sifra=credit, Iznos="20,00", Preostalo="20,00")
    app = create_app(lambda: open_api(pregrada.hub.settings, urls.app, clock=pregrada.clock))
    async with app.router.lifespan_context(app), running(app) as api:

        async def push(**how: Any) -> None:
            sent = await pregrada.control("financije", "/push", hub=f"{api}/pregrada/push/v1/events", **how)
            assert {answer["status"] for answer in sent["answers"]} == {202}, sent

        async def apply() -> None:
            await pregrada.hub.intake.apply_waiting(1, "financije", EventInterpreter(pregrada.town))

        async def pull() -> None:
            await pregrada.read("financije/obligations", hr_oib=ZELJKA.number)

        steps = [
            lambda: push(mode="batch", history=True, out_of_order=True, duplicated=True),
            lambda: push(mode="ndjson", history=True, keys=[fee, fine]),
            lambda: push(mode="single", keys=[credit, fee, fine], duplicated=True),
            pull, pull, apply, apply,
        ]  # fmt: skip
        chosen.shuffle(steps)
        for step in [*steps, apply]:
            await step()
            pregrada.clock.move(MINUTE)
    rows = await _rows(pregrada)
    assert rows[fee][:2] == (0, False)
    assert fine not in rows or rows[fine][1]
    assert rows[credit][:2] == (-2000, False)
    assert await pregrada.fetch("select * from dead_letters") == []
    # The same as a hub that has only ever asked; it never saw what was gone before.
    pushed = {key: row for key, row in rows.items() if not row[1]}
    for table in ("obligations", "tombstones", "parties"):
        await _delete(pregrada, table)
    for person in (ZELJKA, DURO, CIRO):
        await pregrada.read("financije/obligations", hr_oib=person.number)
    plain = await _rows(pregrada)
    assert {key: pushed[key] for key in plain} == plain
    # The push told of the legal entity's items too.
    assert {key for key in pushed if key not in plain} == {f"{year}-RN-000011"}


async def _rows(town: Staged) -> dict[str, tuple[Any, ...]]:
    rows = await town.fetch(
        """select source_key, outstanding, gone_at is not null as gone, version, digest,
                  (select array_agg(role || ' ' || identifier_id order by role, identifier_id)
                   from parties p where p.record_id = o.obligation_id) as parties
           from obligations o order by source_key"""
    )
    return {row["source_key"]: tuple(row)[1:] for row in rows}


async def _delete(town: Staged, table: str) -> None:
    async with town.hub.database.town(1) as connection:
        await connection.execute(f"delete from {table}")


async def test_many_reads_at_once_ask_one_back_office_only_so_much(pregrada):
    """Eight things at a time: a sweep must not be what brings a back office down."""
    at_once, most = 0, 0
    reader = pregrada.feed("urudzbeni/cases").reader
    read = type(reader).read

    async def counted(self, arguments):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            async for one in read(self, arguments):
                await asyncio.sleep(0.01)
                yield one
        finally:
            at_once -= 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(reader), "read", counted)
        reports = await asyncio.gather(
            *(pregrada.read("urudzbeni/cases", hr_oib=one) for one in [ZELJKA.number, DURO.number, CIRO.number] * 8)
        )
    assert {one.failure for one in reports} == {None}
    assert most == 8
