"""The day a neighbour changes his interface: each change on the simulators, and what the alarm says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from hub.alerts import service as alerts
from hub.alerts.model import Alert
from hub.contracts import alarms
from hub.contracts.model import Checked, Compared, Finding, Severity
from hub.jobs.queue import Job
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from hub.worker import Work
from simulators.people import DURO, ZELJKA
from tests.integration.back_offices.test_simulated_towns import Staged, staged

SOAP, REST = "financije", "urudzbeni"
ITEM = "Stavke.Stavka"


@pytest.fixture
async def card(tmp_path, urls) -> AsyncIterator[Staged]:
    """Željka and Đuro have accounts, and the financial card was read for them."""
    async with staged("pregrada", tmp_path, urls) as town:
        await read_for_both(town, "financije/obligations")
        yield town


@pytest.fixture
async def registry(tmp_path, urls) -> AsyncIterator[Staged]:
    """The same with the registry of cases."""
    async with staged("pregrada", tmp_path, urls) as town:
        await read_for_both(town, "urudzbeni/cases")
        yield town


async def read_for_both(town: Staged, feed: str) -> None:
    for person in (ZELJKA, DURO):
        await known(town, person.number)
        report = await town.read(feed, hr_oib=person.number)
        assert (report.failure, report.records > 0) == (None, True)


async def known(town: Staged, oib: str) -> None:
    async with town.hub.database.town(town.town.city.id) as connection:
        keys = await town.hub.vault.keys(connection, town.town.city.id)
        subject_id = await subjects.create(connection, town.town.city.id, SubjectKind.PERSON, "Test")
        await subjects.prove(
            connection, keys, subject_id, "hr.oib", oib, proof=Proof.CLERK, source="counter", now=town.clock.now()
        )


@asynccontextmanager
async def changed(town: Staged, office: str, **interface: Any) -> AsyncIterator[Checked]:
    """The interface is another one; checked."""
    await town.control(office, "", interface=interface)
    yield await town.hub.contracts.check(town.town, office)
    await town.control(office, "")


async def open_alerts(town: Staged) -> dict[str, Alert]:
    async with town.hub.database.town(town.town.city.id) as connection:
        return {one.about: one for one in await alerts.open_alerts(connection, town.town.city.id)}


def worst(checked: Checked) -> tuple[str, str, str, str]:
    first = checked.findings[0]
    return first.severity.value, first.what, first.path, first.now


async def unchanged(town: Staged, office: str, description: str) -> None:
    checked = await town.hub.contracts.check(town.town, office)
    assert checked.findings == ()
    assert [(one.name.partition(" ")[0], one.ok) for one in checked.compared] == [
        (description, True),
        ("records", True),
    ]
    assert await open_alerts(town) == {}


async def test_a_renamed_field_is_named_with_what_reads_it_and_whom_it_concerns(card: Staged):
    renamed = {"Preostalo": "IznosZaPlatiti"}
    for undescribed in (False, True):
        async with changed(card, SOAP, renamed=renamed, undescribed=undescribed) as checked:
            found = next(one for one in checked.findings if one.path == f"{ITEM}.Preostalo")
            assert (found.severity, found.what, found.now.rpartition(".")[2]) == ("breaks", "renamed", "IznosZaPlatiti")
            assert found.source == ("records" if undescribed else "wsdl")
            assert "obligation.yaml: fields.outstanding" in found.keys
            assert (found.feeds, found.affected) == (("obligations",), 2)
            assert found.citizens == "Obligations of Financial card stay as they were last read, marked with their age."
            alert = (await open_alerts(card))[f"{SOAP}: DohvatiOtvoreneStavke {ITEM}.Preostalo"]
            assert (alert.kind, alert.detail["severity"], alert.detail["affected"]) == ("drift", "breaks", 2)
            assert "Preostalo" in alert.detail["says"]
            assert "fields.outstanding" in alert.detail["says"]
        again = await card.hub.contracts.check(card.town, SOAP)
        assert again.findings == ()
        assert await open_alerts(card) == {}


SOAP_CHANGES = [
    ({"removed": ["Dospijece"]}, ("loses", "gone", f"{ITEM}.Dospijece", "")),
    ({"removed": ["Dospijece"]}, ("breaks", "gone", f"{ITEM}.Obroci.Obrok.Dospijece", "")),
    ({"rewritten": {"Dospijece": "iso"}}, ("breaks", "form", f"{ITEM}.Dospijece", "no rule")),
    ({"values": {"Strana": "X"}}, ("breaks", "value_new", f"{ITEM}.Strana", "any")),
    ({"required": ["Razlog"]}, ("breaks", "new", "Razlog", "text, 1")),
    ({"without": ["DohvatiOtvoreneStavke"]}, ("breaks", "operation_gone", "", "")),
    ({"without": ["DohvatiPromjene"]}, ("new", "operation_gone", "", "")),
    ({"added": {"Napomena2": "Status"}}, ("breaks", "new", f"{ITEM}.Napomena2", "text, 1")),
]


async def test_changes_of_a_soap_interface(card: Staged):
    await unchanged(card, SOAP, "wsdl")
    for interface, expected in SOAP_CHANGES:
        async with changed(card, SOAP, **interface) as checked:
            found = [(one.severity.value, one.what, one.path, one.now) for one in checked.findings]
            assert expected in found, (interface, found)
            assert len(await open_alerts(card)) >= 1
            hurt = [one for one in checked.findings if one.severity is not Severity.NEW]
            assert {feed for one in hurt for feed in one.feeds} <= {
                "obligations",
                "delivery contact_change",
                "delivery post_payment",
            }, hurt
    await card.hub.contracts.check(card.town, SOAP)
    assert await open_alerts(card) == {}


REST_CHANGES = [
    ({"renamed": {"klasa": "oznaka"}}, "loses", "data.klasa", "case.yaml: fields.numbers"),
    ({"removed": ["naziv"]}, "breaks", "data.naziv", "case.yaml: fields.title"),
    ({"rewritten": {"zaprimljeno": "words"}}, "breaks", "data.zaprimljeno", "case.yaml: fields.opened_on"),
    ({"removed": ["promijenjeno"]}, "breaks", "data.promijenjeno", "case.yaml: version"),
]


async def test_changes_of_a_rest_interface(registry: Staged):
    await unchanged(registry, REST, "openapi")
    for (interface, severity, path, keys), undescribed in product(REST_CHANGES, (False, True)):
        async with changed(registry, REST, **interface, undescribed=undescribed) as checked:
            found = [one for one in checked.findings if one.path == path]
            assert severity in {one.severity.value for one in found}, (interface, checked.findings)
            assert all(keys in one.keys for one in found if one.severity is not Severity.NEW)
            assert any(path in about for about in await open_alerts(registry))
    await registry.hub.contracts.check(registry.town, REST)
    assert await open_alerts(registry) == {}


async def test_requests_that_are_refused(registry: Staged):
    async with changed(registry, REST, required=["razlog"], undescribed=True) as checked:
        assert [(one.severity.value, one.what) for one in checked.findings] == [("breaks", "refused")]
    async with changed(registry, REST, required=["razlog"]) as checked:
        assert ("breaks", "new", "razlog", "text, 1") in [
            (o.severity.value, o.what, o.path, o.now) for o in checked.findings
        ]
    async with changed(registry, REST, without=["/api/v1/predmeti"]) as checked:
        assert ("breaks", "operation_gone") in [(one.severity.value, one.what) for one in checked.findings]


async def test_a_back_office_that_is_away_settles_nothing_and_raises_nothing(card: Staged):
    async with changed(card, SOAP, removed=["Dospijece"]):
        before = set(await open_alerts(card))
    assert before
    await card.control(SOAP, "", down="503")
    checked = await card.hub.contracts.check(card.town, SOAP)
    assert (checked.findings, {one.ok for one in checked.compared}) == ((), {False})
    assert set(await open_alerts(card)) == before


async def test_what_an_ordinary_read_meets_is_told_once_and_counted(registry: Staged):
    work = Work(registry.hub)
    office = registry.town.back_offices[REST]
    await registry.control(REST, "/items", id="40017", status={"sifra": "NOVI", "naziv": "Novo"})
    identifier = await registry.identifier("hr.oib", ZELJKA.number)
    read = {"back_office": REST, "feed": "cases", "identifier": str(identifier)}
    for times in (1, 2):
        registry.clock.at += timedelta(minutes=10)
        await work.read(job(registry, "feed.read", read))
        alert = (await open_alerts(registry))[f"{REST}/cases: GET /api/v1/predmeti data.status.sifra"]
        assert (alert.times, alert.detail["what"], alert.detail["now"]) == (times, "unknown_code", "NOVI")
        assert alert.detail["keys"] == ["case.yaml: fields.status"]
        assert alert.detail["affected"] == 2
    assert office.feeds["cases"].feed == "cases"
    # It is over when no read has met it for a day.
    await registry.control(REST, "/reset")
    assert await open_alerts(registry)
    registry.clock.at += timedelta(days=2)
    await registry.hub.contracts.check(registry.town, REST)
    assert await open_alerts(registry) == {}


async def test_a_reply_that_cannot_be_used_asks_for_a_check_once_an_hour(card: Staged):
    work = Work(card.hub)
    await card.control(SOAP, "", interface={"renamed": {"Preostalo": "IznosZaPlatiti"}})
    identifier = await card.identifier("hr.oib", ZELJKA.number)
    await work.read(job(card, "feed.read", {"back_office": SOAP, "feed": "obligations", "identifier": str(identifier)}))
    rows = await card.hub.database.pool.fetch("select kind, payload from jobs where kind = 'contract.check'")
    assert len(rows) == 1
    asked = job(card, "contract.check", {"back_office": SOAP, "failure": True})
    await work.check_contract(asked)
    assert len([about for about in await open_alerts(card) if "Preostalo" in about]) >= 1
    first = await card.hub.contracts.last(1, SOAP)
    await work.check_contract(asked)
    assert await card.hub.contracts.last(1, SOAP) == first


async def test_a_feed_that_could_not_be_read_settles_nothing_though_another_one_could(registry: Staged):
    def checked(*, cases: bool, found: bool) -> Checked:
        finding = Finding(Severity.BREAKS, "records", "gone", "GET /cases", "data.naziv", "words", "", feeds=("cases",))
        compared = (Compared("records cases", ok=cases, detail=""), Compared("records other", ok=True, detail=""))
        return Checked(REST, registry.clock.now(), compared, (finding,) if found else ())

    about = f"{REST}: GET /cases data.naziv"
    for one, left in (
        (checked(cases=True, found=True), {about}),
        (checked(cases=False, found=False), {about}),
        (checked(cases=True, found=False), set()),
    ):
        async with registry.hub.database.town(registry.town.city.id) as connection:
            await alarms.of_check(connection, registry.town.city.id, one)
        assert set(await open_alerts(registry)) == left


async def test_what_pushes_met_of_a_back_office_that_nobody_calls_is_over_after_a_day(registry: Staged):
    city_id, now = registry.town.city.id, registry.clock.now()
    for office in ("parking", REST):
        detail = {"back_office": office, "source": "reading", "met": [["fees", "unknown_field", "x"]]}
        async with registry.hub.database.town(city_id) as connection:
            await connection.execute(
                """insert into drift (city_id, back_office, feed, what, path, sample, first_seen, last_seen, times)
                   values ($1, $2, 'fees', 'unknown_field', 'x', '', $3, $3, 1)""",
                city_id,
                office,
                now,
            )
            await alerts.raise_alert(connection, city_id, kind="drift", about=f"{office}: x", detail=detail, now=now)
    watch = Work(registry.hub).watch
    registry.clock.at += timedelta(hours=23)
    await watch(job(registry, "watch", {}))
    assert {f"{REST}: x", "parking: x"} <= set(await open_alerts(registry))
    registry.clock.at += timedelta(hours=2)
    await watch(job(registry, "watch", {}))
    left = set(await open_alerts(registry))
    assert "parking: x" not in left
    # Of one that is called a check tells.
    assert f"{REST}: x" in left


def job(town: Staged, kind: str, payload: dict) -> Job:
    return Job(town.town.city.id, 1, kind, None, payload, 1, 5, uuid4())
