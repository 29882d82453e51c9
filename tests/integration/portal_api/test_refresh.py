"""POST /v1/refresh: what is told at once, what when it lands, and what where it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from hub.hub import open_api
from hub.jobs.worker import Worker
from hub.worker import Work
from portal_api import landed as landing
from portal_api.citizen import refresh
from portal_api.landed import Landed
from simulators.kit.serve import running
from tests.support.http_server import Answer
from tests.support.hub import application
from tests.support.records import ANA, IVO, NOW
from tests.support.trial import OFFICE, Trial, debt, page, trial

OF_ANA, OF_IVO, PLAIN_OF_ANA = f"/debts?oib={ANA}", f"/debts?oib={IVO}", f"/plain?oib={ANA}"
REFRESH = "/proba/v1/refresh"
WITHIN = 20.0


@dataclass
class Portal:
    """The API of the town on trial, over real HTTP. `landed` is its ear."""

    town: Trial
    client: httpx.AsyncClient
    landed: Landed

    def headers(self, subject_id: Any) -> dict[str, str]:
        tokens = self.town.hub.tokens
        signed = tokens.sign(self.town.town.city, subject_id, ("account", "refresh"), timedelta(hours=1))
        return {"Authorization": f"Bearer {signed}"}

    @asynccontextmanager
    async def stream(self, subject_id: Any) -> AsyncIterator[AsyncIterator[tuple[str, dict[str, Any]]]]:
        """The events of one refresh as they come; comments are left out."""
        async with self.client.stream("POST", REFRESH, headers=self.headers(subject_id)) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            yield _events(response)

    async def refresh(self, subject_id: Any) -> list[tuple[str, Any]]:
        """All events of a refresh to its end: `(feed, (status, because))` and `("done", waiting)`."""
        async with asyncio.timeout(WITHIN), self.stream(subject_id) as events:
            return [short(*one) async for one in events]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker on the same database, until left."""
        hub = self.town.hub
        worker = Worker(hub.database.pool, Work(hub).handlers(), poll=0.2)
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            await worker.stop(timedelta(seconds=5))
            await task

    def listeners(self) -> int:
        return sum(map(len, self.landed._listeners.values()))


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def short(name: str, body: dict[str, Any]) -> tuple[str, Any]:
    if name == "done":
        return name, body["waiting"]
    assert name == "source"
    return body["feed"], (body["freshness"]["status"], body["freshness"]["because"])


NEVER = ("unavailable", "never_read")
FRESH = ("fresh", None)


@pytest.fixture
async def portal(tmp_path, urls, clock) -> AsyncIterator[Portal]:
    async with trial(tmp_path, urls, clock) as town, application() as app:
        app.state.open_hub = lambda: open_api(town.hub.settings, urls.app, clock=clock)
        async with app.router.lifespan_context(app), running(app) as url, httpx.AsyncClient(base_url=url) as client:
            yield Portal(town, client, app.state.landed)


async def until(condition) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():
            await asyncio.sleep(0.01)


def held(answer: Answer) -> tuple[asyncio.Event, Any]:
    """A reply that is given once the event is set."""
    go_on = asyncio.Event()

    async def reply(_request):
        await go_on.wait()
        return answer

    return go_on, reply


async def test_at_once_what_cannot_be_asked_then_each_source_as_it_lands_then_done(portal):
    ana = await portal.town.subject(ANA)
    first, slow_debts = held(page(debt("a")))
    second, slow_plain = held(page(debt("p", rev=None)))
    portal.town.office.says(OF_ANA, slow_debts)
    portal.town.office.says(PLAIN_OF_ANA, slow_plain)
    async with portal.working(), asyncio.timeout(WITHIN), portal.stream(ana) as events:
        told = [short(*await anext(events)), short(*await anext(events))]
        # The bulk feed is not a citizen's to order, and `told` is only pushed.
        assert told == [("changes", NEVER), ("told", NEVER)]
        await until(lambda: len(portal.town.office.asked) == 2)
        second.set()
        assert short(*await anext(events)) == ("plain", FRESH)
        first.set()
        name, body = await anext(events)
        assert body.pop("says").startswith("Podaci sustava „Knjige”: stanje 21. ")
        assert (name, body) == (
            "source",
            {
                "back_office": OFFICE,
                "feed": "debts",
                "name": "Knjige",
                "freshness": {"status": "fresh", "as_of": "2026-11-21T10:00:00Z", "since": None, "because": None},
                "complete": True,
                "caught_up_to": None,
            },
        )
        assert await anext(events) == ("done", {"waiting": []})
        with pytest.raises(StopAsyncIteration):
            await anext(events)
    assert await portal.town.jobs() == []
    assert portal.listeners() == 0


async def test_a_dead_back_office_lands_as_stale(portal):
    ana = await portal.town.subject(ANA)
    portal.town.office.says(OF_ANA, page(debt("a")))
    portal.town.office.says(PLAIN_OF_ANA, Answer(b"", 503))
    await portal.town.read("debts", ANA)
    portal.town.clock.move(timedelta(minutes=1))
    portal.town.office.says(OF_ANA, Answer(b"", 503))
    async with portal.working():
        told = await portal.refresh(ana)
    assert told[:2] == [("changes", NEVER), ("told", NEVER)]
    assert sorted(told[2:4]) == [
        ("debts", ("stale", "back_office_down")),
        ("plain", ("unavailable", "back_office_down")),
    ]
    assert told[4:] == [("done", [])]


async def test_nothing_to_ask(portal):
    """Somebody nobody can be asked about, and somebody read within the last ten seconds."""
    nobody = await portal.town.subject()
    unknown = ("unavailable", "no_identifier")
    assert await portal.refresh(nobody) == [
        ("debts", unknown), ("plain", unknown), ("changes", unknown), ("told", unknown), ("done", [])
    ]  # fmt: skip
    ana = await portal.town.subject(ANA)
    portal.town.office.says(OF_ANA, page())
    portal.town.office.says(PLAIN_OF_ANA, page())
    await portal.town.read("debts", ANA)
    await portal.town.read("plain", ANA)
    portal.town.clock.move(timedelta(seconds=9))
    assert await portal.refresh(ana) == [
        ("debts", FRESH), ("plain", FRESH), ("changes", NEVER), ("told", NEVER), ("done", [])
    ]  # fmt: skip
    assert await portal.town.jobs() == []
    assert len(portal.town.office.asked) == 2
    portal.town.clock.move(timedelta(seconds=1))
    async with portal.working():
        told = await portal.refresh(ana)
    assert sorted(told[2:4]) == [("debts", FRESH), ("plain", FRESH)]
    assert len(portal.town.office.asked) == 4


async def test_where_no_worker_runs_the_stream_ends_and_says_what_is_missing(portal, monkeypatch):
    monkeypatch.setattr(refresh, "PATIENCE", 0.5)
    monkeypatch.setattr(refresh, "_HEARTBEAT", 0.1)
    ana = await portal.town.subject(ANA, IVO)
    async with portal.client.stream("POST", REFRESH, headers=portal.headers(ana)) as response:
        lines = [line async for line in response.aiter_lines() if line]
    # One heartbeat a tenth of a second; a slow machine makes fewer.
    assert lines.count(": waiting") in range(1, 6)
    events = [line for line in lines if not line.startswith(":")]
    assert events[-2:] == ["event: done", f'data: {{"waiting":["{OFFICE}/debts","{OFFICE}/plain"]}}']
    assert len(events) == 6
    # What was asked is still to be done.
    assert len(await portal.town.jobs()) == 4
    portal.town.office.says(OF_ANA, page())
    async with portal.working():
        await until_async(lambda: _no_jobs(portal))
    assert (await portal.town.state("debts", ANA))["read_at"] == NOW


async def until_async(condition) -> None:
    async with asyncio.timeout(WITHIN):
        while not await condition():
            await asyncio.sleep(0.02)


async def _no_jobs(portal: Portal) -> bool:
    return await portal.town.jobs() == []


async def test_a_source_with_two_identifiers_lands_when_both_were_read(portal):
    ana = await portal.town.subject(ANA, IVO)
    go_on, slow = held(page(debt("b", IVO)))
    for target in (PLAIN_OF_ANA, f"/plain?oib={IVO}"):
        portal.town.office.says(target, page())
    portal.town.office.says(OF_ANA, page(debt("a")))
    portal.town.office.says(OF_IVO, slow)
    async with portal.working(), asyncio.timeout(WITHIN), portal.stream(ana) as events:
        assert [short(*await anext(events))[0] for _ in range(3)] == ["changes", "told", "plain"]
        waiting = asyncio.create_task(anext(events))
        await until_async(lambda: _read(portal, ANA))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        go_on.set()
        assert short(*await waiting) == ("debts", FRESH)
        assert short(*await anext(events)) == ("done", [])


async def _read(portal: Portal, oib: str) -> bool:
    state = await portal.town.state("debts", oib)
    return state is not None and state["read_at"] is not None


async def test_what_lands_for_others_is_not_told(portal, monkeypatch):
    monkeypatch.setattr(refresh, "PATIENCE", 1.0)
    ana, _ = await portal.town.subject(ANA), await portal.town.subject(IVO)
    portal.town.office.says(OF_IVO, page(debt("b", IVO)))
    async with asyncio.timeout(WITHIN), portal.stream(ana) as events:
        await anext(events)
        await portal.town.read("debts", IVO)
        assert [short(*one) async for one in events] == [
            ("told", NEVER), ("done", [f"{OFFICE}/debts", f"{OFFICE}/plain"])
        ]  # fmt: skip


async def test_a_client_that_goes_away_leaves_nothing_behind(portal):
    ana = await portal.town.subject(ANA)
    async with portal.stream(ana) as events:
        await anext(events)
        assert portal.listeners() == 1
    await until(lambda: portal.listeners() == 0)
    # The reads were ordered all the same.
    assert len(await portal.town.jobs()) == 2


async def test_what_lands_while_the_database_is_away_is_told_when_it_is_back(portal, postgres, monkeypatch):
    """All connections of the API are killed, as by a restart; a read lands before it listens again."""
    monkeypatch.setattr(landing, "_RETRY", 0.3)
    ana = await portal.town.subject(ANA)
    portal.town.office.says(OF_ANA, page(debt("a")))
    portal.town.office.says(PLAIN_OF_ANA, page())
    name = await portal.town.hub.database.pool.fetchval("select current_database()")
    watcher = await asyncpg.connect(postgres.url("postgres", "postgres"))
    try:
        async with asyncio.timeout(WITHIN), portal.stream(ana) as events:
            assert [short(*await anext(events))[0] for _ in range(2)] == ["changes", "told"]
            killed = await watcher.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1 and usename = $2",
                name,
                "munihub_app",
            )
            assert killed >= 2
            await until(lambda: not portal.landed._ready.is_set())
            await portal.town.read("debts", ANA)
            assert short(*await anext(events)) == ("debts", FRESH)
            # And what lands from then on is heard as before.
            await portal.town.read("plain", ANA)
            assert [short(*one) async for one in events] == [("plain", FRESH), ("done", [])]
    finally:
        await watcher.close()


async def test_while_the_database_is_away_a_refresh_is_refused_with_a_problem(portal, postgres, monkeypatch):
    monkeypatch.setattr(landing, "_PATIENCE", 0.2)
    ana = await portal.town.subject(ANA)
    await portal.landed.stop()
    portal.landed._ready.clear()
    answer = await portal.client.post(REFRESH, headers=portal.headers(ana))
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:munihub:problem:not_ready"
    assert portal.listeners() == 0
    assert await portal.town.jobs() == []


async def test_who_may_not_refresh(portal):
    ana = await portal.town.subject(ANA)
    assert (await portal.client.post(REFRESH)).status_code == 401
    signed = portal.town.hub.tokens.sign(portal.town.town.city, ana, ("account",), timedelta(hours=1))
    answer = await portal.client.post(REFRESH, headers={"Authorization": f"Bearer {signed}"})
    assert answer.status_code == 403
    assert await portal.town.jobs() == []
    assert portal.town.office.asked == []
