"""One town that floods the queue does not make the others wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from datetime import timedelta

from hub.jobs import leases
from hub.jobs.claims import Rule, Share, claim_jobs
from hub.jobs.worker import Handler
from tests.integration.jobs.harness import Diary, put, until, working

RULES = {"work": Rule(timedelta(seconds=30), 5)}


async def claimed(pool, places: int, towns: dict[int, Share] | None = None) -> Counter[int]:
    async with pool.acquire() as connection:
        await leases.prepare(connection)
        return Counter(job.city_id for job in (await claim_jobs(connection, places, towns or {}, RULES)).jobs)


async def test_places_are_dealt_round_by_round(pool):
    await put(pool, *({"city_id": 1} for _ in range(100)), *({"city_id": 2} for _ in range(3)), {"city_id": 3})
    # The eighth place would be the fourth of town 1 and stays free for a newcomer.
    assert await claimed(pool, 8) == {1: 3, 2: 3, 3: 1}


async def test_no_town_gets_a_second_place_before_all_have_one(pool):
    await put(pool, *({"city_id": city} for city in range(1, 31) for _ in range(2)))
    assert await claimed(pool, 16) == dict.fromkeys(range(1, 17), 1)


async def test_what_a_town_runs_already_counts(pool):
    await put(pool, *({"city_id": 1} for _ in range(100)), *({"city_id": 2} for _ in range(100)))
    assert await claimed(pool, 6, {1: Share(4, 1), 2: Share(0, 0)}) == {2: 5}


async def test_with_one_place_the_towns_take_turns(pool):
    await put(pool, *({"city_id": city} for city in (1, 1, 1, 2, 2, 3)))
    turns: dict[int, Share] = {}
    order = []
    for turn in range(1, 7):
        [city] = await claimed(pool, 1, turns)
        turns[city] = Share(0, turn)
        order.append(city)
    assert order == [1, 2, 3, 1, 2, 1]


async def test_a_flood_leaves_places_free_and_one_town_alone_has_most(pool):
    await put(pool, *({"city_id": 1} for _ in range(100)))
    assert await claimed(pool, 32) == {1: 24}
    assert await claimed(pool, 8, {1: Share(24, 24)}) == {}
    await put(pool, {"city_id": 2})
    assert await claimed(pool, 8, {1: Share(24, 24)}) == {2: 1}


async def test_one_place_is_enough_for_a_worker(pool):
    await put(pool, {"city_id": 1})
    assert await claimed(pool, 1) == {1: 1}


async def test_priority_goes_before_age_within_a_town_and_not_between_towns(pool):
    await put(pool, *({"city_id": 1, "priority": 9} for _ in range(5)), *({"city_id": 2} for _ in range(5)))
    [urgent] = await put(pool, {"city_id": 2, "priority": 5})
    assert await claimed(pool, 4) == {1: 2, 2: 2}
    assert await pool.fetchval("select state from jobs where id = $1", urgent) == "running"


async def waits(pool, *, flood: int) -> list[float]:
    """Seconds from enqueueing to begin, of a job now and then of each of 60 quiet towns, 150 in all."""
    diary, asked = Diary(0.02), {}
    async with working(pool, {"work": Handler(diary)}, concurrency=16):
        if flood:
            await put(pool, *({"city_id": 1000} for _ in range(flood)))
            await asyncio.sleep(0.2)
        towns = [*range(1, 61)] * 3
        random.shuffle(towns)
        for city in towns[:150]:
            [job_id] = await put(pool, {"city_id": city, "payload": {"quiet": True}})
            asked[job_id] = time.monotonic()
            await asyncio.sleep(0.01)
        await until(lambda: sum(1 for job in diary.begun if job.payload) == 150)
        if flood:
            assert await pool.fetchval("select count(*) > 1000 from jobs where city_id = 1000 and state = 'queued'")
    return sorted(diary.at[job_id] - asked[job_id] for job_id in asked)


async def test_a_flooding_town_does_not_raise_the_waits_of_others(pool):
    """Behind a flood of 4,000 jobs a newcomer would wait for seconds; the bound leaves room for a busy machine."""
    quiet = await waits(pool, flood=0)
    flooded = await waits(pool, flood=4000)
    assert flooded[75] < quiet[75] + 0.05
    assert flooded[142] < quiet[142] + 0.15
