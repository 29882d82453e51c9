"""Nothing is lost and nothing is done twice when a worker is killed or the database goes away."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from datetime import timedelta

import asyncpg
import pytest

from hub.jobs.worker import Backoff, Handler, Worker
from hub.storage.database import Database
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import WORKER
from tests.integration.jobs.harness import Diary, put, rows, until, working
from tests.integration.jobs.process import LEASE, process
from tests.support.postgres import fresh_database, postgres_server


@pytest.fixture
async def book(urls):
    """Tables in which the process writes what it does."""
    owner = await asyncpg.connect(urls.owner)
    await owner.execute(
        f"create table begun (job_id bigint, process integer); create table effects (job_id bigint primary key);"
        f"grant all on begun, effects to {WORKER}"
    )
    yield owner
    await owner.close()


async def test_a_job_of_a_killed_worker_runs_again_and_the_attempt_counts(urls, pool, book):
    async with process(urls.worker) as first:
        [job_id] = await put(pool, {"kind": "long"})
        await until(lambda: book.fetchval("select count(*) = 1 from begun"))
        async with process(urls.worker):
            await asyncio.sleep(0.5)
            first.kill()
            killed = time.monotonic()
            await until(lambda: book.fetchval("select count(*) = 2 from begun"))
            assert time.monotonic() - killed < LEASE.total_seconds() + 2
            assert await rows(pool, "id, state, attempts, last_error") == [
                (job_id, "running", 2, "worker_died: Its worker died in attempt 1 of 5.")
            ]


async def test_a_job_that_kills_its_worker_is_given_up(urls, pool, book):
    await put(pool, {"kind": "poison", "key": "k"}, {"kind": "work", "key": "k"})
    deaths = 0
    while not await pool.fetchval("select bool_or(state = 'failed') from jobs"):
        async with process(urls.worker) as worker:
            await until(
                lambda worker=worker: (
                    worker.returncode is not None or pool.fetchval("select bool_or(state = 'failed') from jobs")
                ),
                within=20,
            )
            if worker.returncode is not None:
                assert worker.returncode == -signal.SIGKILL
                deaths += 1
                continue
            await until(lambda: book.fetchval("select count(*) = 1 from effects"))
    assert deaths == 3
    assert await rows(pool, "kind, state, attempts, last_error") == [
        ("poison", "failed", 3, "worker_died: Its worker died in attempt 3 of 3.")
    ]


async def test_effects_happen_once_however_often_workers_are_killed(urls, pool, book):
    ids = await put(
        pool, *({"kind": "work", "city_id": n % 3, "key": f"k{n % 20}" if n % 2 else None} for n in range(300))
    )
    kills = 0
    while await pool.fetchval("select count(*) > 0 from jobs"):
        async with process(urls.worker) as one, process(urls.worker):
            await until(lambda: book.fetchval("select count(*) > 0 from effects"))
            await asyncio.sleep(random.uniform(0.05, 0.5) if kills < 4 else 5.0)
            one.kill()
            kills += 1
    assert kills > 1
    assert [row["job_id"] for row in await book.fetch("select job_id from effects order by 1")] == ids
    assert await book.fetchval("select count(*) from begun") >= 300


async def test_a_terminated_worker_gives_back_what_it_cannot_end(urls, pool, book):
    async with process(urls.worker) as worker:
        await put(pool, {"kind": "long"})
        await until(lambda: book.fetchval("select count(*) = 1 from begun"))
        worker.terminate()
        await asyncio.wait_for(worker.wait(), 10)
        assert worker.returncode == 0
    assert await rows(pool, "state, attempts, last_error, lease") == [("queued", 0, None, None)]


async def test_a_restart_of_the_database_is_survived():
    diary, slow = Diary(), Diary(1.5)
    with postgres_server() as server, fresh_database(server) as urls:
        await _remember_commits(server)
        keeper = asyncio.create_task(server.supervise())
        database = await Database.open(urls.worker, size=6)
        handlers = {"work": Handler(diary), "slow": Handler(slow, lease=timedelta(seconds=60))}
        async with working(database.pool, handlers, poll=0.2):
            await put(database.pool, {"kind": "slow"})
            await until(lambda: slow.begun)
            for number in range(2):
                os.kill(int((server.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
                await asyncio.sleep(0.3)
                await until(lambda: _answers(urls.worker), within=30)
                await put(await _connected(database), {})
                await until(lambda number=number: len(diary.ended) == number + 1)
            await until(lambda: database.pool.fetchval("select count(*) = 0 from jobs"))
        assert len({job.id for job in (*slow.ended, *diary.ended)}) == 3
        assert [job.attempts for job in (*slow.ended, *diary.ended)] == [1, 1, 1]
        await database.close()
        keeper.cancel()
        await asyncio.wait([keeper])


async def _remember_commits(server: EmbeddedPostgres) -> None:
    """A server for tests may forget the last commits in a crash; then a job would rightly run again.

    What was committed before, the rights on a new database among it, is written out here as well.
    """
    url = server.url("postgres", "postgres")
    connection = await asyncpg.connect(url)
    await connection.execute("alter system set synchronous_commit = on")
    await connection.execute("select pg_reload_conf()")
    await until(lambda: _remembers(url))
    await connection.execute("checkpoint")
    await connection.close()


async def _remembers(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("select current_setting('synchronous_commit') = 'on'"))
    finally:
        await connection.close()


async def _answers(url: str) -> bool:
    try:
        await (await asyncpg.connect(url)).close()
    except (OSError, asyncpg.PostgresError):
        return False
    return True


async def _connected(database: Database):
    """The pool, rid of the connections that the restart has broken."""
    await database.pool.expire_connections()
    return database.pool


async def test_a_worker_may_start_before_its_database_and_stop_without_it(monkeypatch):
    monkeypatch.setattr("hub.jobs.worker._RECORD_SECONDS", 0.2)
    with postgres_server() as server, fresh_database(server) as urls:
        await _remember_commits(server)
        database = await Database.open(urls.worker, size=4)
        os.kill(int((server.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        await until(lambda: _gone(urls.worker))
        diary = Diary()
        worker = Worker(database.pool, {"work": Handler(diary, backoff=Backoff())}, poll=0.1)
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server._restart)
        await put(await _connected(database), {})
        await until(lambda: diary.ended)
        os.kill(int((server.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        await until(lambda: _gone(urls.worker))
        stopping = time.monotonic()
        await worker.stop(timedelta(seconds=1))
        await asyncio.wait_for(running, 10)
        assert time.monotonic() - stopping < 5
        await asyncio.to_thread(server._restart)
        await database.close()


async def _gone(url: str) -> bool:
    return not await _answers(url)
