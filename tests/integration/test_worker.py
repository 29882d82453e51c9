"""The worker as a whole: what it schedules, how it stops, and what it does with jobs of what is configured no more."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from hub.jobs.queue import enqueue_many
from hub.jobs.worker import Worker
from hub.settings import PROJECT
from hub.storage.database import NIL
from hub.subjects import service as subjects
from hub.worker import Work, work
from tests.support.records import ANA
from tests.support.trial import CITY_ID, OFFICE, Trial, debt, event, opened_worker, page, trial, write_config

OF_ANA = f"/debts?oib={ANA}"
WITHIN = 20.0


@pytest.fixture
async def town(tmp_path, urls, clock) -> AsyncIterator[Trial]:
    async with trial(tmp_path, urls, clock) as opened:
        yield opened


@asynccontextmanager
async def at_work(town: Trial, urls, *, grace: float = 10.0) -> AsyncIterator[asyncio.Event]:
    """`munihub worker` on the town's installation; ends when left, or when the event is set."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(town.hub.settings, urls.worker, stop, grace=grace))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(WITHIN):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


async def jobs(town: Trial) -> list[tuple[Any, ...]]:
    rows = await town.hub.database.pool.fetch("select city_id, kind, state, attempts, last_error from jobs order by id")
    return [tuple(row) for row in rows]


async def order(town: Trial, *wanted: tuple[int, str, dict[str, str]]) -> None:
    async with town.hub.database.pool.acquire() as connection, connection.transaction():
        await enqueue_many(
            connection, [{"city_id": city, "kind": kind, "payload": payload} for city, kind, payload in wanted]
        )


async def test_every_feed_with_a_refresh_has_a_schedule(tmp_path, urls):
    async with opened_worker(tmp_path, urls, PROJECT / "config", connect=False) as hub:
        schedules = list(Work(hub).schedules())
    found = {
        (one.job["city_id"], one.name): (one.job["kind"], one.job["dedupe"], one.every, one.daily, one.timezone)
        for one in schedules
    }
    payloads = {one.name: one.job["payload"] for one in schedules}
    quarter, prague = timedelta(minutes=15), ZoneInfo("Europe/Prague")
    assert found == {
        # Asked about one person at a time: a sweep of everybody known.
        (1, "financije/obligations"): ("feed.sweep", "financije/obligations", quarter, None, None),
        (1, "urudzbeni/cases"): ("feed.sweep", "urudzbeni/cases", timedelta(minutes=30), None, None),
        # Asked about everybody at once: one read.
        (2, "ucetnictvi/obligations"): ("feed.read", f"ucetnictvi/obligations/{NIL}", quarter, None, None),
        **{(city, "access_log.seal"): ("access_log.seal", "access_log.seal", quarter, None, None) for city in (1, 2)},
        **{
            (city, "delivery.sweep"): ("delivery.sweep", "delivery.sweep", timedelta(minutes=1), None, None)
            for city in (1, 2)
        },
        **{
            (city, kind): (kind, kind, timedelta(minutes=1), None, None)
            for city in (1, 2)
            for kind in ("gateways.ask", "gateways.judge", "gateways.refund")
        },
        # Of the demonstration's gateways the sandbox alone lists its orders.
        (1, "gateways.compare"): ("gateways.compare", "gateways.compare", None, time(4, 40), ZoneInfo("Europe/Zagreb")),
        **{(city, "payments.expire"): ("payments.expire", "payments.expire", quarter, None, None) for city in (1, 2)},
        **{
            (city, "reconciliation.match"): (
                "reconciliation.match",
                "reconciliation.match/True",
                None,
                time(5, 10),
                zone,
            )
            for city, zone in ((1, ZoneInfo("Europe/Zagreb")), (2, prague))
        },
        **{(city, "watch"): ("watch", "watch", timedelta(minutes=1), None, None) for city in (1, 2)},
        (1, "watch.eids"): ("watch.eids", "watch.eids", None, time(4, 40), ZoneInfo("Europe/Zagreb")),
        (2, "watch.eids"): ("watch.eids", "watch.eids", None, time(4, 40), prague),
        (2, "registr/subjects"): ("feed.read", f"registr/subjects/{NIL}", None, time(3, 30), prague),
    }
    assert payloads["registr/subjects"] == {"back_office": "registr", "feed": "subjects", "identifier": str(NIL)}


async def test_schedules_follow_the_configuration_and_set_reads_going(town, urls):
    await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("a")))
    town.office.says("/changes", page(debt("c"), mark="m1"))
    await town.hub.database.pool.execute(
        """insert into schedules (city_id, name, every, kind, dedupe, payload, priority, next_at)
           values ($1, 'old/feed', '1h', 'feed.read', 'x', '{}', 0, now())""",
        CITY_ID,
    )
    async with at_work(town, urls):
        await until(lambda: town.hub.database.pool.fetchval("select count(*) = 11 from schedules"))
        rows = await town.hub.database.pool.fetch("select name, kind, every, daily from schedules order by name")
        assert [tuple(row) for row in rows] == [
            ("access_log.seal", "access_log.seal", timedelta(minutes=15), None),
            (f"contract.check/{OFFICE}", "contract.check", None, time(4, 40)),
            # The town has no gateway: of one that it had, attempts and refunds may be under way.
            *((kind, kind, timedelta(hours=1), None) for kind in ("gateways.ask", "gateways.judge", "gateways.refund")),
            (f"{OFFICE}/changes", "feed.read", None, time(3, 30)),
            (f"{OFFICE}/debts", "feed.sweep", timedelta(minutes=15), None),
            ("payments.expire", "payments.expire", timedelta(minutes=15), None),
            ("reconciliation.match", "reconciliation.match", None, time(5, 10)),
            ("watch", "watch", timedelta(minutes=1), None),
            ("watch.eids", "watch.eids", None, time(4, 40)),
        ]
        await town.hub.database.pool.execute("update schedules set next_at = now() where kind <> 'contract.check'")
        await until(lambda: _read(town, "changes"))
        await until(lambda: _read(town, "debts", ANA))
    assert await town.obligations("changes") == {"c": (None, 1, False)}
    assert await town.obligations("debts") == {"a": (None, 1, False)}
    # A feed without a refresh is not read unless somebody asks.
    assert sorted(town.office.asked) == ["/changes", OF_ANA]
    assert await jobs(town) == []


async def _read(town: Trial, feed: str, oib: str | None = None) -> bool:
    state = await town.state(feed, oib)
    return state is not None and state["read_at"] is not None


async def _asked(town: Trial, times: int = 1) -> bool:
    return len(town.office.asked) >= times


async def test_a_read_in_flight_is_finished_before_the_worker_stops(town, urls):
    await town.subject(ANA)
    go_on = asyncio.Event()

    async def slow(_request):
        await go_on.wait()
        return page(debt("a"))

    town.office.says(OF_ANA, slow)
    await town.hub.feeds.sweep(town.feed("debts"))
    async with at_work(town, urls) as stop:
        await until(lambda: _asked(town))
        stop.set()
        # What comes now is left to another worker.
        await order(town, (CITY_ID, "feed.read", {"back_office": OFFICE, "feed": "changes", "identifier": str(NIL)}))
        await asyncio.sleep(0.3)
        go_on.set()
    assert await town.obligations("debts") == {"a": (None, 1, False)}
    assert await jobs(town) == [(CITY_ID, "feed.read", "queued", 0, None)]
    assert town.office.asked == [OF_ANA]


async def test_a_read_that_takes_too_long_is_given_back_uncounted(town, urls):
    await town.subject(ANA)

    async def never(_request):
        await asyncio.sleep(60)

    town.office.says(OF_ANA, never, page(debt("a")))
    await town.hub.feeds.sweep(town.feed("debts"))
    async with at_work(town, urls, grace=0.1) as stop:
        await until(lambda: _asked(town))
        stop.set()
    assert await jobs(town) == [(CITY_ID, "feed.read", "queued", 0, None)]
    state = await town.state("debts", ANA)
    assert (state["read_at"], state["failing_since"]) == (None, None)
    # Another worker does it.
    async with at_work(town, urls):
        await until(lambda: _read(town, "debts", ANA))
    assert await jobs(town) == []


async def test_jobs_of_what_is_configured_no_more_fail_at_once_with_the_reason(town):
    mine = str(await town.identifier(ANA))
    feed = {"back_office": OFFICE, "identifier": mine}
    await order(
        town,
        (99, "feed.read", feed | {"feed": "debts"}),
        (99, "feed.sweep", feed | {"feed": "debts"}),
        (99, "intake.apply", {"back_office": OFFICE}),
        (CITY_ID, "feed.read", feed | {"feed": "gone"}),
        (CITY_ID, "feed.read", feed | {"back_office": "gone", "feed": "debts"}),
        (CITY_ID, "feed.sweep", feed | {"feed": "changes"}),
        (CITY_ID, "feed.read", feed | {"feed": "told", "identifier": str(NIL)}),
        (CITY_ID, "feed.read", feed | {"feed": "debts", "identifier": str(NIL)}),
        (CITY_ID, "intake.apply", {"back_office": "gone"}),
    )
    worker = Worker(town.hub.database.pool, Work(town.hub).handlers(), poll=0.1)
    running = asyncio.create_task(worker.run())
    with capture_logs() as logs:
        await until(lambda: _all_failed(town))
        await worker.stop(timedelta(seconds=5))
        await running
    unknown = "configuration: the town 99 is not configured here, or its configuration is wrong"
    assert await jobs(town) == [
        (99, "feed.read", "failed", 1, unknown),
        (99, "feed.sweep", "failed", 1, unknown),
        (99, "intake.apply", "failed", 1, unknown),
        (CITY_ID, "feed.read", "failed", 1, f"configuration: proba has no feed {OFFICE}/gone any more"),
        (CITY_ID, "feed.read", "failed", 1, "configuration: proba has no feed gone/debts any more"),
        (CITY_ID, "feed.sweep", "failed", 1, f"not_found: {OFFICE}/changes is read for everybody at once"),
        (CITY_ID, "feed.read", "failed", 1, f"configuration: {OFFICE}/told of proba is not read, only pushed"),
        (CITY_ID, "feed.read", "failed", 1, "not_found: There is no such identifier."),
        (CITY_ID, "intake.apply", "failed", 1, "configuration: proba has no back office 'gone' any more"),
    ]
    assert [one["event"] for one in logs if one["log_level"] == "error"] == ["job_failed"] * 9
    assert town.office.asked == []
    assert await town.fetch("select * from feed_states") == []


async def _all_failed(town: Trial) -> bool:
    return {state for _, _, state, *_ in await jobs(town)} == {"failed"}


async def test_a_town_that_was_away_for_a_while_gets_what_was_pushed_meanwhile(town, urls, tmp_path):
    """Its configuration is broken when the message is to be read, and mended later: nobody has to push again."""
    await town.accept(event("debt", 1, debt("a")))
    other = tmp_path / "other"
    shutil.copytree(town.config, other)
    write_config(other, "http://127.0.0.1:9")
    (other / "cities" / "proba").rename(other / "cities" / "druga")
    file = other / "cities" / "druga" / "city.yaml"
    file.write_text(file.read_text().replace("id: 7", "id: 8").replace("slug: proba", "slug: druga"))
    async with opened_worker(tmp_path / "var", urls, other) as hub:
        worker = Worker(hub.database.pool, Work(hub).handlers(), poll=0.1)
        running = asyncio.create_task(worker.run())
        await until(lambda: _all_failed(town))
        await worker.stop(timedelta(seconds=5))
        await running
    assert await town.obligations("debts") == {}
    async with at_work(town, urls):
        await until(lambda: town.obligations("debts"))
    assert await town.obligations("debts") == {"a": (None, 1, False)}
    assert [state for _, _, state, *_ in await jobs(town)] == ["failed"]
    assert await town.letters() == []


async def test_no_number_of_a_citizen_stands_in_a_job(town):
    await town.subject(ANA)
    await town.hub.feeds.sweep(town.feed("debts"))
    (row,) = await town.hub.database.pool.fetch("select payload::text, dedupe from jobs")
    assert ANA not in f"{row}"
    async with town.hub.database.town(CITY_ID) as connection:
        keys = await town.hub.vault.keys(connection, CITY_ID)
        known = await subjects.recognise(connection, keys, [("hr.oib", ANA)])
    assert str(known["hr.oib", ANA]) in row["dedupe"]


async def test_a_town_whose_keys_cannot_be_opened_keeps_nothing_else_from_being_done(town, urls, monkeypatch):
    monkeypatch.setattr("hub.worker._KEEP_EVERY", 0.05)
    with capture_logs() as logs:

        async def told(event: str) -> bool:
            return any(one["event"] == event for one in logs)

        async with at_work(town, urls):
            await until(lambda: told("retention_kept"))
            async with town.hub.database.town(CITY_ID) as connection:
                await connection.execute("update city_keys set master_id = 'lost'")
            await until(lambda: told("town_not_kept"))
            logs.clear()
            await until(lambda: told("retention_kept"))
            await until(lambda: told("town_not_kept"))
