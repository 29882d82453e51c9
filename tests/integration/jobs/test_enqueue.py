"""Into the queue: in the caller's transaction, within the walls of the caller's town, once where asked once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from hub.jobs.queue import enqueue, enqueue_many, failed_jobs, retry_failed
from hub.jobs.worker import Handler
from hub.kernel.errors import Conflict, NotFound
from tests.integration.jobs.harness import Diary, put, rows, until, working


async def test_a_job_is_there_exactly_when_its_transaction_is(pool):
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await enqueue(connection, city_id=1, kind="work", payload={"row": "a"})
        await transaction.rollback()
        assert await rows(pool) == []
        async with connection.transaction():
            job_id = await enqueue(connection, city_id=1, kind="work", payload={"row": "a", "ž": [1, None]})
            assert await rows(pool) == []
    assert await rows(pool, "id, city_id, kind, payload::text, state, attempts, priority") == [
        (job_id, 1, "work", '{"ž": [1, null], "row": "a"}', "queued", 0, 0)
    ]


async def test_many_get_their_ids_in_the_order_given(pool):
    wanted = [{"kind": f"k{number}", "dedupe": f"{9 - number}" if number % 2 else None} for number in range(10)]
    ids = await put(pool, *wanted)
    assert len(set(ids)) == 10
    assert {row[0]: row[1] for row in await rows(pool, "id, kind")} == {
        job_id: one["kind"] for job_id, one in zip(ids, wanted, strict=True)
    }


async def test_jobs_of_a_key_get_ascending_ids_whatever_their_dedupe(pool):
    ids = await put(pool, *({"key": "k", "dedupe": name} for name in "cab"))
    assert ids == sorted(ids)


async def test_none_is_none(pool):
    assert await put(pool) == []


async def test_the_same_thing_is_queued_once_per_town_and_kind(pool):
    first = (await put(pool, {"dedupe": "d"}))[0]
    again = await put(pool, {"dedupe": "d"}, {"dedupe": "d"}, {"dedupe": "other"})
    assert again[:2] == [first, first]
    elsewhere = await put(pool, {"city_id": 2, "dedupe": "d"}, {"kind": "read", "dedupe": "d"})
    assert len({first, again[2], *elsewhere}) == 4
    assert len(await rows(pool)) == 4


async def test_asking_again_moves_a_job_forward_and_never_back(pool):
    soon, later = datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    await put(pool, {"dedupe": "d", "run_at": later, "priority": 3})
    await put(pool, {"dedupe": "d", "run_at": soon, "priority": 1})
    assert await rows(pool, "run_at, priority") == [(soon, 3)]
    await put(pool, {"dedupe": "d", "run_at": later, "priority": 9})
    assert await rows(pool, "run_at, priority") == [(soon, 9)]


async def test_asking_again_does_not_shorten_the_wait_after_a_failure(pool):
    later = datetime(2031, 1, 1, tzinfo=UTC)
    first = await put(pool, {"dedupe": "d", "run_at": later})
    await pool.execute("update jobs set attempts = 2")
    assert await put(pool, {"dedupe": "d"}) == first
    assert await rows(pool, "run_at, attempts") == [(later, 2)]


async def test_a_job_asked_for_again_waits_for_what_the_asking_transaction_wrote(pool):
    """Otherwise it could run before the commit, not see the new rows, and nobody would look at them again."""
    diary = Diary()
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        job_id = (await put(pool, {"dedupe": "d"}))[0]
        await transaction.start()
        assert await enqueue(connection, city_id=1, kind="work", payload={}, dedupe="d") == job_id
        async with working(pool, {"work": Handler(diary)}, poll=0.05):
            other = (await put(pool, {"city_id": 2}))[0]
            await until(lambda: diary.ended)
            await asyncio.sleep(0.3)
            assert diary.begun_ids == [other]
            await transaction.commit()
            await until(lambda: len(diary.ended) == 2)
    assert diary.begun_ids == [other, job_id]


async def test_while_a_job_runs_the_same_thing_can_be_queued_again(pool):
    """What is asked for now may have come too late for the run that has begun."""
    diary = Diary(0.5)
    async with working(pool, {"work": Handler(diary)}, concurrency=1):
        [first] = await put(pool, {"dedupe": "d"})
        await until(lambda: diary.begun)
        [second] = await put(pool, {"dedupe": "d"})
        assert await put(pool, {"dedupe": "d"}) == [second]
        await until(lambda: len(diary.ended) == 2)
    assert diary.begun_ids == [first, second]


async def test_the_wall_of_a_town(api, pool):
    await put(pool, {"city_id": 1}, {"city_id": 2})
    async with api.town(1) as connection:
        mine = await enqueue(connection, city_id=1, kind="work", payload={}, dedupe="d")
        assert mine == await enqueue(connection, city_id=1, kind="work", payload={}, dedupe="d", priority=5)
        assert [row["city_id"] for row in await connection.fetch("select city_id from jobs")] == [1, 1]
    async with api.pool.acquire() as connection:
        assert await connection.fetch("select from jobs") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with api.town(1) as connection:
            await enqueue(connection, city_id=2, kind="work", payload={})
    for forbidden in ("delete from jobs", "update jobs set payload = '{}'", "insert into schedules select"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with api.town(1) as connection:
                await connection.execute(forbidden)
    assert await rows(pool, "city_id, priority") == [(1, 0), (2, 0), (1, 5)]


async def test_two_towns_do_not_learn_of_each_other_by_dedupe(api):
    async with api.town(1) as connection:
        first = await enqueue(connection, city_id=1, kind="work", payload={}, dedupe="d")
    async with api.town(2) as connection:
        assert await enqueue(connection, city_id=2, kind="work", payload={}, dedupe="d") != first


async def test_an_administrator_sees_failed_jobs_of_the_town_and_has_one_tried_again(api, pool):
    ids = await put(pool, {"payload": {"row": 7}, "key": "k"}, {}, {"city_id": 2})
    await pool.execute(
        "update jobs set state = 'failed', attempts = 5, failed_at = now(), last_error = 'back_office_fault: No.'"
        " where id <> $1",
        ids[1],
    )
    async with api.town(1) as connection:
        [failed] = await failed_jobs(connection, 1)
        assert (failed.id, failed.payload, failed.key, failed.attempts) == (ids[0], {"row": 7}, "k", 5)
        assert failed.last_error == "back_office_fault: No."
        await retry_failed(connection, 1, failed.id)
        assert await failed_jobs(connection, 1) == []
        for job_id in (ids[0], ids[1], ids[2]):
            with pytest.raises(NotFound):
                await retry_failed(connection, 1, job_id)
    assert await rows(pool, "state, attempts") == [("queued", 0), ("queued", 0), ("failed", 5)]


async def test_a_failed_job_is_not_queued_beside_the_same_thing(api, pool):
    [old] = await put(pool, {"dedupe": "d"})
    await pool.execute("update jobs set state = 'failed', failed_at = now(), last_error = 'x: y'")
    await put(pool, {"dedupe": "d"})
    async with api.town(1) as connection:
        with pytest.raises(Conflict):
            await retry_failed(connection, 1, old)
        assert [job.id for job in await failed_jobs(connection, 1)] == [old]


async def test_a_job_is_not_begun_before_its_time(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary)}, poll=0.05):
        later = datetime.now(UTC) + timedelta(seconds=0.6)
        await put(pool, {"run_at": later})
        await asyncio.sleep(0.3)
        assert diary.begun == []
        await until(lambda: diary.begun)
        assert datetime.now(UTC) >= later


async def test_many_at_once_are_one_statement(pool):
    async with pool.acquire() as connection, connection.transaction():
        ids = await enqueue_many(
            connection,
            [{"city_id": 1, "kind": "work", "payload": {}, "dedupe": str(number % 1000)} for number in range(5000)],
        )
    assert len(ids) == 5000
    assert ids[:1000] == ids[1000:2000]
    assert await pool.fetchval("select count(*) from jobs") == 1000
