"""The queue beside a floor written by hand: one table, SKIP LOCKED, no towns, keys, leases or retries.

Prints one row per kind of work: the best of interleaved rounds and the ratio to the floor or to a quiet day. The
floor takes jobs in batches as large as the worker has places, runs them in the same event loop and deletes them
together; both are durable (fsync on).

    python -m benchmarks.queue
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from hub.jobs.queue import NewJob, enqueue, enqueue_many
from hub.jobs.worker import Handler, Worker
from hub.storage.database import Database
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrate import upgrade
from hub.storage.provision import OWNER, WORKER

Pool = Any

PLACES = 32
ROUNDS = 3
SINGLE, BATCH, BATCHES, BACKLOG = 1_000, 500, 20, 5_000
TOWNS, QUIET_JOBS, FLOOD = 200, 400, 20_000


async def nothing(_: Any) -> None:
    pass


# ── The floor ────────────────────────────────────────────────────────────────────────────────────

FLOOR = """
    create table floor (id bigint generated always as identity primary key, kind text not null, payload jsonb not null,
                        state text not null default 'queued');
    create index on floor (id) where state = 'queued';
    grant all on floor to munihub_worker;
"""


async def floor_process(pool: Pool) -> None:
    async with pool.acquire() as connection:
        while True:
            rows = await connection.fetch(
                """update floor set state = 'running' where id in (
                       select id from floor where state = 'queued' order by id limit $1 for update skip locked)
                   returning id, kind, payload""",
                PLACES,
            )
            if not rows:
                return
            await asyncio.gather(*(asyncio.create_task(nothing(row)) for row in rows))
            await connection.execute("delete from floor where id = any($1::bigint[])", [row["id"] for row in rows])


# ── Rates ────────────────────────────────────────────────────────────────────────────────────────


def job(city_id: int = 1, **more: Any) -> NewJob:
    return NewJob(city_id=city_id, kind="work", payload={"row": 1}, **more)


async def single_ours(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for _ in range(SINGLE):
            async with connection.transaction():
                await enqueue(connection, **job())


async def single_floor(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for _ in range(SINGLE):
            async with connection.transaction():
                await connection.fetchval(
                    "insert into floor (kind, payload) values ($1, $2) returning id", "work", '{"row": 1}'
                )
                await connection.execute("select pg_notify('floor', '')")


async def batch_ours(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            async with connection.transaction():
                await enqueue_many(connection, [job() for _ in range(BATCH)])


async def batch_floor(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            async with connection.transaction():
                await connection.fetch(
                    "insert into floor (kind, payload) select * from unnest($1::text[], $2::jsonb[]) returning id",
                    ["work"] * BATCH,
                    ['{"row": 1}'] * BATCH,
                )


@asynccontextmanager
async def working(
    pool: Pool, run: Callable[[Any], Awaitable[None]], workers: int = 1, places: int = PLACES
) -> AsyncIterator[None]:
    started = [Worker(pool, {"work": Handler(run)}, concurrency=places) for _ in range(workers)]
    tasks = [asyncio.create_task(worker.run()) for worker in started]
    try:
        yield
    finally:
        await asyncio.gather(*(worker.stop(timedelta()) for worker in started))
        await asyncio.gather(*tasks)


async def until_empty(pool: Pool, table: str = "jobs") -> None:
    while await pool.fetchval(f"select exists (select from {table})"):  # noqa: ASYNC110 - the database has no event for it
        await asyncio.sleep(0.005)


def processing(jobs: Callable[[int], NewJob], places: int = PLACES) -> Callable[[Pool], Awaitable[float]]:
    async def process(pool: Pool) -> float:
        async with pool.acquire() as connection:
            await enqueue_many(connection, [jobs(number) for number in range(BACKLOG)])
        begun = time.perf_counter()
        async with working(pool, nothing, places=places):
            await until_empty(pool)
            return time.perf_counter() - begun

    return process


async def process_floor(pool: Pool) -> float:
    await pool.execute("insert into floor (kind, payload) select 'work', '{}' from generate_series(1, $1)", BACKLOG)
    begun = time.perf_counter()
    await floor_process(pool)
    return time.perf_counter() - begun


def timed(work: Callable[[Pool], Awaitable[None]]) -> Callable[[Pool], Awaitable[float]]:
    async def measured(pool: Pool) -> float:
        begun = time.perf_counter()
        await work(pool)
        return time.perf_counter() - begun

    return measured


async def rates(pool: Pool) -> None:
    rows: Mapping[str, tuple[int, Callable[[Pool], Awaitable[float]], Callable[[Pool], Awaitable[float]]]] = {
        "enqueue, one per transaction": (SINGLE, timed(single_ours), timed(single_floor)),
        f"enqueue, {BATCH} per transaction": (BATCH * BATCHES, timed(batch_ours), timed(batch_floor)),
        "process, one town": (BACKLOG, processing(lambda _: job()), process_floor),
        f"process, {TOWNS} towns": (BACKLOG, processing(lambda n: job(1 + n % TOWNS)), process_floor),
        "process, 1,000 keys": (BACKLOG, processing(lambda n: job(key=str(n % 1000))), process_floor),
    }
    for name, (number, ours, floor) in rows.items():
        best = [float("inf"), float("inf")]
        for _ in range(ROUNDS):
            for side, work in enumerate((ours, floor)):
                await pool.execute("delete from jobs")
                await pool.execute("delete from floor")
                best[side] = min(best[side], await work(pool))
        await pool.execute("delete from jobs")
        ours_rate, floor_rate = number / best[0], number / best[1]
        print(f"{name:<34} {ours_rate:>9,.0f}/s   floor {floor_rate:>9,.0f}/s   ratio {ours_rate / floor_rate:.2f}")


# ── Waits ────────────────────────────────────────────────────────────────────────────────────────


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)] * 1000


async def waits(pool: Pool, *, flood: int) -> tuple[list[float], list[float]]:
    """Seconds from asking (before the transaction) to beginning and to end, of jobs of 200 ms of many quiet towns."""
    asked: dict[int, float] = {}
    begun: dict[int, float] = {}
    ended: dict[int, float] = {}

    async def run(one: Any) -> None:
        row = one.payload["row"]
        begun[row] = time.perf_counter()
        await asyncio.sleep(0.2)
        ended[row] = time.perf_counter()

    await pool.execute("delete from jobs")
    async with working(pool, run):
        for _ in range(flood // 1000):
            async with pool.acquire() as connection, connection.transaction():
                await enqueue_many(connection, [{**job(TOWNS), "payload": {"row": -1}} for _ in range(1000)])
        await asyncio.sleep(0.5)
        for number in range(QUIET_JOBS):
            async with pool.acquire() as connection:
                asked[number] = time.perf_counter()
                async with connection.transaction():
                    await enqueue(connection, **{**job(random.randrange(1, TOWNS)), "payload": {"row": number}})
            await asyncio.sleep(random.expovariate(50))
        await asyncio.sleep(1.0)
        left = await pool.fetchval("select count(*) from jobs")
        assert bool(flood) == (left > 1000), "the flood must outlast the measurement"
    return [begun[number] - asked[number] for number in asked], [ended[number] - asked[number] for number in asked]


async def fairness(pool: Pool) -> None:
    quiet, flooded = await waits(pool, flood=0), await waits(pool, flood=FLOOD)
    for when, (to_begin, to_end) in (("a quiet day", quiet), (f"1 of {TOWNS} towns floods", flooded)):
        print(
            f"{when:<34} begun after {percentile(to_begin, 0.5):6.1f} ms (p95 {percentile(to_begin, 0.95):.1f})"
            f"   done after {percentile(to_end, 0.5):6.1f} ms (p95 {percentile(to_end, 0.95):.1f})"
        )
    ratio = percentile(flooded[1], 0.95) / percentile(quiet[1], 0.95)
    print(f"{'  others done, p95, flood to quiet':<34} ratio {ratio:.2f} (goal 1.20)")


async def second_worker(pool: Pool) -> None:
    took = {}
    for workers in (1, 2):
        await pool.execute("delete from jobs")
        async with pool.acquire() as connection:
            await enqueue_many(connection, [job(1 + number % 16) for number in range(640)])
        begun = time.perf_counter()
        async with working(pool, lambda _: asyncio.sleep(0.2), workers):
            await until_empty(pool)
            took[workers] = time.perf_counter() - begun
    print(
        f"{'640 jobs of 200 ms, two workers':<34} {640 / took[2]:>9,.0f}/s   one   {640 / took[1]:>9,.0f}/s"
        f"   ratio {took[1] / took[2]:.2f} (goal 1.80)"
    )


async def run(server: EmbeddedPostgres) -> None:
    upgrade(server.url(OWNER))
    owner = await asyncpg.connect(server.url(OWNER))
    await owner.execute(FLOOR)
    await owner.close()
    database = await Database.open(server.url(WORKER), size=8)
    try:
        await rates(database.pool)
        await fairness(database.pool)
        await second_worker(database.pool)
    finally:
        await database.close()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="munihub-bench-") as folder:
        Path(folder).chmod(0o711 if os.geteuid() == 0 else 0o700)
        with suppress(KeyboardInterrupt), EmbeddedPostgres(Path(folder) / "var") as server:
            asyncio.run(run(server))


if __name__ == "__main__":
    main()
