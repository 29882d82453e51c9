"""The demo towns' mappings: simulator, connector and engine together, over real HTTP.

What stands in config/cities is used as it is, but for the address.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import SecretStr

from hub.cases.model import TARGET as CASE
from hub.kernel.errors import (
    RemoteFault,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit.manifest import scan
from hub.mapping.compile import compile_mapping
from hub.mapping.mapping import Mapping
from hub.mapping.model import Mapped, PartyRef, Record
from hub.obligations.model import TARGET as OBLIGATION
from hub.ports.back_office import Arguments, Connector, Surroundings
from hub.subjects.model import TARGET as SUBJECT
from simulators.kit.secrets import secret
from simulators.people import ANDELKA, CIRO, DURO, MATEJ, RUZENA, SIME, ZAHRADNICTVI, ZDENEK, ZELJKA
from tests.integration.simulators.harness import Simulator, start

ROOT = Path(__file__).parents[3]
TARGETS = {target.name: target for target in (OBLIGATION, CASE, SUBJECT)}
FEEDS = [
    ("pregrada", "financije", "obligation.yaml", ZELJKA.number),
    ("pregrada", "financije", "obligation.changes.yaml", None),
    ("pregrada", "urudzbeni", "case.yaml", ZELJKA.number),
    ("vzorov", "ucetnictvi", "obligation.yaml", None),
    ("vzorov", "registr", "subject.yaml", None),
]
ZAGREB = ZoneInfo("Europe/Zagreb")


def mapping(name: str) -> Mapping:
    return compile_mapping(ROOT / "mappings" / name, TARGETS, timezone=ZAGREB)


@dataclass
class Feed:
    """One feed of a town with the simulator behind it."""

    simulator: Simulator
    connector: Connector
    mapping: Mapping

    async def read(self, oib: str | None = None, cursor: str | None = None) -> tuple[list[Mapped], str | None]:
        """What each page became, and the cursor after the last one."""
        aliases = {"hr.oib": oib} if oib else {}
        pages = []
        reader = self.connector.feed(self.mapping.source_call)
        async for page in reader.read(Arguments(datetime.now(UTC), aliases, cursor)):
            pages.append(self.mapping.map(page.document, asked=aliases))
            cursor = self.mapping.cursor(page.document, cursor)
        return pages, cursor

    async def records(self, oib: str | None = None) -> dict[str, Record]:
        """All records by key; nothing may be refused and nothing unknown."""
        pages, _ = await self.read(oib)
        for page in pages:
            assert page.problems == []
            assert page.drift == []
        return {record.key: record for page in pages for record in page.records}


@asynccontextmanager
async def opened(city: str, office: str, file: str, **changes: Any) -> AsyncIterator[Feed]:
    configuration = yaml.safe_load((ROOT / f"config/cities/{city}/city.yaml").read_text("utf-8"))
    back_office = configuration["back_offices"][office]
    folder = back_office["mapping"]
    async with start(folder) as simulator:
        # The WSSE token and the OAuth token carry the caller's real time.
        simulator.clock.at = datetime.now(UTC)
        usual = f"http://127.0.0.1:{import_module(f'simulators.{folder}').PORT}"
        settings = json.loads(json.dumps(back_office["settings"] | changes).replace(usual, simulator.url))
        plug_in = scan(ROOT / "connectors")[back_office["connector"]].load()
        connector = plug_in(
            plug_in.Settings.model_validate(settings),
            Surroundings(
                city=city,
                back_office=office,
                folder=ROOT / "mappings" / folder,
                timezone=ZoneInfo(configuration["timezone"]),
                secret=lambda name: SecretStr(secret(name)),
            ),
        )
        try:
            yield Feed(simulator, connector, mapping(f"{folder}/{file}"))
        finally:
            await connector.close()


async def test_pregrada_obligations() -> None:
    async with opened("pregrada", "financije", "obligation.yaml") as feed:
        records = await feed.records(ZELJKA.number)
        assert len(records) == 12
        fee = records["2026-KN-000042"]
        assert fee.parties == (
            PartyRef("debtor", "hr.oib", ZELJKA.number),
            PartyRef("co_owner", "hr.oib", DURO.number),
        )
        assert fee.values["kind"] == "fee"
        assert fee.values["outstanding"] == Money(4897, "EUR")
        assert fee.values["interest"] == Money(37, "EUR")
        assert fee.values["references"] == (Reference("hr.poziv_na_broj", "HR68 5720-83100426579-00006"),)
        credit = records["2026-PR-000055"]
        assert credit.values["kind"] == "credit"
        assert credit.values["outstanding"] == Money(-1820, "EUR")
        assert credit.values["due_on"] is None
        assert credit.values["references"] == ()
        history = records["2021-VO-000040"]
        assert history.values["original"] == Money(120456, "HRK")
        assert history.values["due_on"] == date(2021, 9, 15)
        assert history.values["payee"] == "niskogradnja"
        parts = records["2026-KD-000003"].values["instalments"]
        assert [part["outstanding"].minor for part in parts] == [0, 25000, 25000, 25000, 25000]
        assert parts[2]["references"] == (Reference("hr.poziv_na_broj", "HR68 5711-83100426579-00103"),)
        assert records["2026-RN-000021"].values["cancelled"] is True
        assert (await feed.records(DURO.number))["2026-VO-008801"].values["outstanding"] is None
        # Nothing owed is an answer; so is a taxpayer the card does not know.
        assert (await feed.read(SIME.number))[0][0].records == []
        assert (await feed.read(ANDELKA.number))[0] == []


async def test_pregrada_cases() -> None:
    async with opened("pregrada", "urudzbeni", "case.yaml") as feed:
        records = await feed.records(ZELJKA.number)
        assert {key: record.values["status"] for key, record in records.items()} == {
            "40017": "waiting_for_office",
            "40058": "closed",
            "40112": "needs_you",
            "40131": "withdrawn",
            "40152": "waiting_for_office",
        }
        assert records["40131"].parties == (
            PartyRef("applicant", "hr.oib", DURO.number),
            PartyRef("representative", "hr.oib", ZELJKA.number),
        )
        case = records["40112"]
        assert case.values["numbers"] == (
            Reference("hr.klasa", "403-02/26-01/112"),
            Reference("hr.urbroj", "2140-5-02/1-26-3"),
        )
        assert case.values["department"] == "financije"
        assert case.values["office_status"] == {"hr": "Čeka se dopuna stranke"}
        assert [event["status"] for event in case.values["events"]] == [
            "waiting_for_office",
            "waiting_for_office",
            "needs_you",
        ]
        assert (await feed.read(CIRO.number))[0] == []


async def test_vzorov_obligations() -> None:
    async with opened("vzorov", "ucetnictvi", "obligation.yaml") as feed:
        records = await feed.records()
        assert len(records) == 14
        child = records["KO-2026-000118"]
        assert child.parties == (
            PartyRef("debtor", "cz.birth_number", "1972128015"),
            PartyRef("guardian", "cz.birth_number", RUZENA.number),
        )
        assert child.values["original"] == Money(42050, "CZK")
        assert child.values["references"] == (
            Reference("cz.variable_symbol", "0026000118"),
            Reference("cz.specific_symbol", "1340"),
            Reference("cz.constant_symbol", "1148"),
        )
        rent = records["NAJ-2026-000005"]
        assert rent.parties == (PartyRef("debtor", "cz.ico", ZAHRADNICTVI.number),)
        assert records["SLU-2026-000210"].values["payee"] == "technicke_sluzby"
        assert records["SLU-2026-000210"].values["original"] == Money(217890, "CZK")
        assert records["PRE-2026-000002"].values["outstanding"] == Money(-15000, "CZK")
        parts = records["NAJ-2026-000004"].values["instalments"]
        assert [part["outstanding"].minor for part in parts] == [0, 0, 420000, 420000]


async def test_vzorov_subjects() -> None:
    async with opened("vzorov", "registr", "subject.yaml") as feed:
        records = await feed.records()
        assert {record.parties[0].value: record.values["name"] for record in records.values()} == {
            RUZENA.number: "Růžena Příhodová",
            "0423157020": "Jiří Šťastný",
            ZDENEK.number: "Ing. Zdeněk Úlehla",
            "886115001": "Božena Ďuríčková",
            "0581047027": "Kateřina Žďárská",
            "1972128015": "Ema Příhodová",
            ZAHRADNICTVI.number: "Zahradnictví Šťovíček s.r.o.",
        }
        assert MATEJ.number not in {record.parties[0].value for record in records.values()}
        assert records["RO-000007"].values["kind"] == "entity"


@pytest.mark.parametrize(
    ("city", "office", "file", "key", "change"),
    [
        ("pregrada", "financije", "obligation.changes.yaml", "2026-KZ-000009", {"Sifra": "2026-KZ-000009"}),
        ("vzorov", "ucetnictvi", "obligation.yaml", "POK-2026-000009", {"id": "POK-2026-000009"}),
    ],
)
async def test_only_changes_are_read_after_a_first_read(
    city: str, office: str, file: str, key: str, change: dict
) -> None:
    async with opened(city, office, file) as feed:
        first, cursor = await feed.read()
        before = {record.key: record.version for page in first for record in page.records}
        assert cursor is not None
        assert (await feed.read(cursor=cursor))[0][0].records == []
        await feed.simulator.post("items", **change)
        ((changed,), then) = await feed.read(cursor=cursor)
        assert [record.key for record in changed.records] == [key]
        assert changed.records[0].version > before[key]
        await feed.simulator.delete(f"items/{key}")
        ((gone,), _) = await feed.read(cursor=then)
        (tombstone,) = gone.records
        assert (tombstone.key, tombstone.removed) == (key, True)
        assert tombstone.version > changed.records[0].version


@pytest.mark.parametrize(("city", "office", "file", "oib"), FEEDS)
async def test_every_switch_is_told_apart(city: str, office: str, file: str, oib: str | None) -> None:
    """What goes wrong at a back office has the name it deserves, and never looks like an answer."""
    impatient = {"timeout": {"read": "1s", "total": "1s"}, "retries": {"attempts": 1}, "breaker": {"failures": 100}}
    async with opened(city, office, file, **impatient) as feed:
        good, _ = await feed.read(oib)
        for switches, error in (
            ({"down": "close"}, RemoteUnavailable),
            ({"down": "503"}, RemoteUnavailable),
            ({"delay": 2}, RemoteTimeout),
            ({"drip": 4}, RemoteTimeout),
            ({"garbage": "html"}, RemoteGarbage),
            ({"garbage": "truncated"}, RemoteGarbage),
            ({"garbage": "bytes"}, RemoteGarbage),
            ({"fault": True}, RemoteFault),
        ):
            await feed.simulator.switch(**switches)
            with pytest.raises(error):
                await feed.read(oib)
        await feed.simulator.switch()
        assert (await feed.read(oib))[0] == good


@pytest.mark.parametrize(("city", "office", "file", "oib"), FEEDS)
async def test_the_check_sees_wrong_credentials(city: str, office: str, file: str, oib: str | None) -> None:
    async with opened(city, office, file) as feed:
        assert [(step.name, step.ok) for step in await feed.connector.check()] == [
            ("settings", True),
            ("connection", True),
            ("credentials", True),
        ]
    wrong = {"wsse": "password", "basic": "password", "bearer": "token", "oauth2": "client_secret"}
    configuration = yaml.safe_load((ROOT / f"config/cities/{city}/city.yaml").read_text("utf-8"))
    auth = configuration["back_offices"][office]["settings"]["auth"]
    refused = {"auth": auth | {wrong[auth["kind"]]: {"secret": "pregrada-financije-push"}}}
    async with opened(city, office, file, **refused) as feed:
        assert [(step.name, step.ok) for step in await feed.connector.check()][-1] == ("credentials", False)
        with pytest.raises(RemoteRefused):
            await feed.read(oib)


@pytest.mark.parametrize(
    ("office", "file", "oib", "told"),
    [
        ("pregrada/urudzbeni", "case.yaml", ZELJKA.number, "stanje"),
        ("vzorov/ucetnictvi", "obligation.yaml", None, "castka_celkem"),
    ],
)
async def test_a_renamed_field_is_drift_and_a_required_one_refuses_the_record(
    office: str, file: str, oib: str | None, told: str
) -> None:
    city, _, name = office.partition("/")
    async with opened(city, name, file) as feed:
        await feed.simulator.switch(wrong_schema="renamed")
        ((page,), _) = await feed.read(oib)
        assert page.records == []
        assert page.problems
        assert ("unknown_field", told) in {(drift.what, drift.path.split(".")[0]) for drift in page.drift}
        await feed.simulator.switch(wrong_schema="mistyped")
        ((page,), _) = await feed.read(oib)
        assert page.records == []


@pytest.mark.parametrize("office", ["financije", "registr"])
async def test_a_reply_that_breaks_the_contract_is_garbage(office: str) -> None:
    city, file, oib = {
        "financije": ("pregrada", "obligation.yaml", ZELJKA.number),
        "registr": ("vzorov", "subject.yaml", None),
    }[office]
    async with opened(city, office, file) as feed:
        for how in ("renamed", "mistyped"):
            await feed.simulator.switch(wrong_schema=how)
            with pytest.raises(RemoteGarbage):
                await feed.read(oib)


async def test_what_is_pushed_becomes_the_same_record_as_what_is_read() -> None:
    """The pull of an item and the event about it must not differ in anything the citizen sees."""
    for city, office, pulled, folder, oib in (
        ("pregrada", "financije", "obligation.yaml", "pregrada_financije", ZELJKA.number),
        ("vzorov", "ucetnictvi", "obligation.yaml", "vzorov_ucetnictvi", None),
    ):
        event = mapping(f"{folder}/obligation.event.yaml")
        async with opened(city, office, pulled) as feed:
            by_key = await feed.records(oib)
            items = (await feed.simulator.client.get("/_control/items")).json()
            from_events = {}
            for item in items:
                mapped = event.map(item)
                assert (mapped.problems, mapped.drift) == ([], [])
                (record,) = mapped.records
                from_events[record.key] = record
            assert {key: from_events[key] for key in by_key} == by_key
            key = next(iter(by_key))
            gone = await feed.simulator.delete(f"items/{key}")
            (record,) = event.map(gone).records
            assert (record.key, record.removed) == (key, True)
