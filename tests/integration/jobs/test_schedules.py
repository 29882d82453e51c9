"""What comes back: every so often, or every day at a time on the town's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.jobs.queue import NewJob
from hub.jobs.schedules import Schedule, fire_due, sync
from hub.jobs.worker import Handler
from tests.integration.jobs.harness import Diary, rows, until, working

ZAGREB = ZoneInfo("Europe/Zagreb")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def job(city_id: int = 1, **more) -> NewJob:
    return NewJob(city_id=city_id, kind="work", payload={"feed": "obligations"}, **more)


@pytest.fixture(autouse=True)
async def towns(pool):
    async with pool.acquire() as connection, connection.transaction():
        for city_id in range(1, 201):
            await connection.execute("select set_config('munihub.city', $1, true)", str(city_id))
            await connection.execute("insert into cities (city_id, slug) values ($1, $2)", city_id, f"town{city_id}")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def schedules(pool, columns: str = "city_id, name, next_at"):
    return [tuple(row) for row in await pool.fetch(f"select {columns} from schedules order by city_id, name")]


async def test_schedules_are_those_wanted_and_no_others(pool):
    async with pool.acquire() as connection:
        await sync(
            connection,
            [
                Schedule("a", job(), every=HOUR),
                Schedule("b", job(), daily=time(3, 30), timezone=ZAGREB),
                Schedule("a", job(2, key="k", dedupe="d", priority=3), every=timedelta(minutes=1)),
            ],
            NOW,
        )
        [a, b, c] = await schedules(pool)
        assert (a[:2], b[:2], c[:2]) == ((1, "a"), (1, "b"), (2, "a"))
        assert NOW <= a[2] <= NOW + timedelta(minutes=5)
        assert b[2] == at("2026-11-22T02:30Z")
        assert NOW <= c[2] <= NOW + timedelta(minutes=1)
        # The same again keeps the times; another rule does not.
        changed = [
            Schedule("a", job(priority=7), every=HOUR),
            Schedule("b", job(), daily=time(4, 30), timezone=ZAGREB),
        ]
        await sync(connection, changed, NOW + timedelta(days=1))
        assert await schedules(pool, "city_id, name, next_at, priority") == [
            (1, "a", a[2], 7),
            (1, "b", at("2026-11-23T03:30Z"), 0),
        ]
        await sync(connection, [], NOW)
        assert await schedules(pool) == []


async def test_a_clock_that_was_far_ahead_for_a_while_stops_nothing(pool):
    """As of a machine that begins to work before it has been told the time."""
    async with pool.acquire() as connection:
        wanted = [
            Schedule("feed", job(), every=timedelta(minutes=1)),
            Schedule("month", job(), every=timedelta(days=31)),
            Schedule("night", job(), daily=time(3, 30), timezone=ZAGREB),
        ]
        await sync(connection, wanted, NOW)
        due = NOW + timedelta(minutes=6)
        assert await fire_due(connection, due) == 2
        assert await fire_due(connection, due + timedelta(days=365)) == 3
        assert await fire_due(connection, due) == 3
        month, night = (one[2] for one in (await schedules(pool))[1:])
        assert timedelta(days=29) < month - due < timedelta(days=33)
        assert night == at("2026-11-22T02:30Z")
        assert await fire_due(connection, due) == 0
        # Clocks that are some hours apart do not make it fire in turn.
        assert await fire_due(connection, due + timedelta(hours=5)) == 1
        assert await fire_due(connection, due) == 0


async def test_a_due_schedule_enqueues_its_job_and_moves_on(pool):
    async with pool.acquire() as connection:
        wanted = [
            Schedule("feed", job(key="k", dedupe="d", priority=3), every=HOUR),
            Schedule("night", job(), daily=time(3, 30), timezone=ZAGREB),
        ]
        await sync(connection, wanted, NOW)
        due = NOW + timedelta(minutes=6)
        assert await fire_due(connection, due) == 1
        assert await rows(pool, "city_id, kind, key, dedupe, priority, payload::text, state") == [
            (1, "work", "k", "d", 3, '{"feed": "obligations"}', "queued")
        ]
        [(_, _, feed_at), (_, _, night_at)] = await schedules(pool)
        assert due + 0.95 * HOUR <= feed_at <= due + 1.05 * HOUR
        assert night_at == at("2026-11-22T02:30Z")
        assert await schedules(pool, "last_run_at") == [(due,), (None,)]
        assert await fire_due(connection, due) == 0


async def test_missed_runs_are_made_up_for_once(pool):
    async with pool.acquire() as connection:
        await sync(connection, [Schedule("night", job(), daily=time(3, 30), timezone=ZAGREB)], NOW)
        a_week_later = NOW + timedelta(days=7)
        assert await fire_due(connection, a_week_later) == 1
        assert await fire_due(connection, a_week_later) == 0
        assert await schedules(pool, "next_at") == [(at("2026-11-29T02:30Z"),)]


async def test_a_run_that_has_not_begun_is_not_asked_for_twice(pool):
    async with pool.acquire() as connection:
        await sync(connection, [Schedule("feed", job(), every=timedelta(minutes=1))], NOW)
        for minutes in (2, 4, 6):
            assert await fire_due(connection, NOW + timedelta(minutes=minutes)) == 1
    assert await rows(pool, "dedupe") == ["feed"]


async def test_each_run_is_fired_by_one_of_many(pool):
    async with pool.acquire() as connection:
        await sync(connection, [Schedule("feed", job(city), every=HOUR) for city in range(1, 201)], NOW)

    async def fire():
        async with pool.acquire() as connection:
            return await fire_due(connection, NOW + HOUR)

    assert sum(await asyncio.gather(*(fire() for _ in range(8)))) == 200
    assert len(await rows(pool)) == 200


async def test_job_and_next_time_are_one(pool):
    async with pool.acquire() as connection:
        await sync(connection, [Schedule("feed", job(), every=HOUR)], NOW)
        before = await schedules(pool)
        transaction = connection.transaction()
        await transaction.start()
        assert await fire_due(connection, NOW + HOUR) == 1
        await transaction.rollback()
        assert await schedules(pool) == before
        assert await rows(pool) == []


async def test_two_hundred_towns_do_not_fire_together(pool):
    async with pool.acquire() as connection:
        await sync(
            connection, [Schedule("feed", job(city), every=timedelta(minutes=15)) for city in range(1, 201)], NOW
        )
        for moment in (NOW, None):
            if moment is None:
                assert await fire_due(connection, NOW + timedelta(minutes=5)) == 200
            times = sorted(row[0] for row in await schedules(pool, "next_at"))
            busiest = max(sum(1 for other in times if one <= other < one + timedelta(seconds=15)) for one in times)
            assert busiest < 60
            assert times[-1] - times[0] > timedelta(seconds=60)


async def test_the_worker_fires_by_its_clock(pool, clock):
    diary = Diary()
    async with pool.acquire() as connection:
        await sync(connection, [Schedule("night", job(), daily=time(3, 30), timezone=ZAGREB)], clock.now())
    async with working(pool, {"work": Handler(diary)}, poll=0.05, clock=clock):
        await asyncio.sleep(0.3)
        assert diary.begun == []
        clock.move(timedelta(days=1))
        await until(lambda: diary.ended)
    assert len(diary.begun) == 1


async def test_the_wall_of_a_town(pool, api):
    async with pool.acquire() as connection:
        await sync(connection, [Schedule("feed", job(city), every=HOUR) for city in (1, 2)], NOW)
    async with api.town(2) as connection:
        assert [row["city_id"] for row in await connection.fetch("select city_id from schedules")] == [2]
