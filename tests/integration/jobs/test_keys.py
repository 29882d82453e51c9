"""Jobs of one key run one at a time and in order, and hold up nothing else."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

from hub.jobs import leases
from hub.jobs.claims import Rule, claim_jobs, park
from hub.jobs.leases import Outcome, Verdict
from hub.jobs.queue import enqueue, retry_failed
from hub.jobs.worker import Backoff, Handler
from hub.kernel.errors import RemoteFault, RemoteUnavailable
from tests.integration.jobs.harness import Diary, put, rows, until, working

RULES = {"work": Rule(timedelta(seconds=30), 5)}


class Strict:
    """Fails the test when two jobs of a key overlap or come out of order."""

    def __init__(self, fail: float = 0.0) -> None:
        self.running: set[tuple[int, str]] = set()
        self.last: dict[tuple[int, str], int] = {}
        self.done: list[int] = []
        self.wrong: list[str] = []
        self._fail = fail

    async def __call__(self, job):
        name = (job.city_id, job.key)
        if name in self.running:
            self.wrong.append(f"{name} overlaps")
        if job.id < self.last.get(name, 0):
            self.wrong.append(f"{name}: {job.id} after {self.last[name]}")
        self.running.add(name)
        await asyncio.sleep(random.uniform(0, 0.004))
        self.running.discard(name)
        if random.random() < self._fail:
            raise RemoteUnavailable
        self.last[name] = job.id
        self.done.append(job.id)


async def test_order_and_exclusion_between_two_workers_with_failures(pool):
    strict = Strict(fail=0.2)
    handlers = {
        "work": Handler(strict, max_attempts=50, backoff=Backoff(timedelta(milliseconds=5), timedelta(milliseconds=20)))
    }
    async with working(pool, handlers, poll=0.05), working(pool, handlers, poll=0.05):
        for _ in range(20):
            await put(pool, *({"city_id": random.randint(1, 3), "key": random.choice("abcd")} for _ in range(20)))
            await asyncio.sleep(0.01)
        await until(lambda: pool.fetchval("select count(*) = 0 from jobs"), within=60)
    assert strict.wrong == []
    assert len(strict.done) == 400


async def test_the_next_of_a_key_follows_at_once(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary)}, poll=60.0):
        ids = await put(pool, *({"key": "k"} for _ in range(50)))
        await until(lambda: len(diary.ended) == 50, within=5)
    assert diary.begun_ids == ids


async def test_a_job_that_waits_to_be_tried_again_holds_up_its_key_only(pool):
    async def run(job):
        if job.id == first:
            raise RemoteUnavailable

    diary = Diary(then=run)
    async with working(pool, {"work": Handler(diary)}, poll=0.05):
        first, other = (await put(pool, {"key": "k"}, {"key": "k"}, {"key": "l"}, {"city_id": 2, "key": "k"}, {}))[:2]
        await until(lambda: len(diary.ended) == 3)
        await asyncio.sleep(0.2)
    assert other not in diary.begun_ids
    assert await rows(pool, "id, state, attempts") == [(first, "queued", 1), (other, "queued", 0)]


async def test_a_job_given_up_lets_the_next_forward_and_may_come_back(pool):
    bad = True

    async def run(job):
        if bad and job.id == first:
            raise RemoteFault

    diary = Diary(then=run)
    async with working(pool, {"work": Handler(diary)}, poll=60.0):
        first, second = await put(pool, {"key": "k"}, {"key": "k"})
        await until(lambda: [job.id for job in diary.ended] == [second])
        await until(lambda: pool.fetchval("select count(*) = 1 from jobs"))
        bad = False
        async with pool.acquire() as connection:
            await retry_failed(connection, 1, first)
        await until(lambda: [job.id for job in diary.ended] == [second, first])


async def test_a_job_planned_for_later_does_not_hold_up_its_key(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary)}, poll=0.05):
        later, now = await put(pool, {"key": "k", "run_at": datetime.now(UTC) + timedelta(hours=1)}, {"key": "k"})
        await until(lambda: diary.begun_ids == [now])
        await pool.execute("update jobs set run_at = now()")
        await until(lambda: diary.begun_ids == [now, later])


async def test_a_lower_id_that_is_committed_late_waits_for_the_one_that_runs(pool):
    diary = Diary(0.5)
    async with pool.acquire() as connection, working(pool, {"work": Handler(diary)}, poll=0.05):
        transaction = connection.transaction()
        await transaction.start()
        early = await enqueue(connection, city_id=1, kind="work", payload={}, key="k")
        [late] = await put(pool, {"key": "k"})
        await until(lambda: diary.begun_ids == [late])
        await transaction.commit()
        await asyncio.sleep(0.2)
        assert diary.begun_ids == [late]
        await until(lambda: diary.begun_ids == [late, early])
        assert diary.ended[0].id == late


async def test_two_claims_that_do_not_see_each_other_never_take_two_jobs_of_a_key(pool):
    """The database refuses the second, which then looks again."""
    async with pool.acquire() as one, pool.acquire() as other:
        [late] = await put(pool, {"key": "k"})
        transaction = one.transaction()
        await leases.prepare(other)
        await transaction.start()
        [taken] = (await claim_jobs(one, 8, {}, RULES)).jobs
        await pool.execute(
            "insert into jobs (city_id, id, kind, key, payload) overriding system value"
            " values (1, 0, 'work', 'k', '{}')"
        )
        claim = await claim_jobs(other, 8, {}, RULES)
        assert (taken.id, claim.jobs, claim.contended) == (late, [], True)
        await transaction.commit()
        assert (await claim_jobs(other, 8, {}, RULES)).jobs == []
        assert await rows(pool, "id, state") == [(0, "queued"), (late, "running")]


async def test_a_long_line_of_one_key_is_looked_at_once(pool):
    async with pool.acquire() as connection:
        await leases.prepare(connection)
        await put(pool, *({"key": "k"} for _ in range(500)), {"key": "l"})
        jobs = []
        while (claim := await claim_jobs(connection, 8, {}, RULES)).held_up:
            jobs += claim.jobs
            assert await park(connection, claim.held_up) == len(claim.held_up)
        jobs += claim.jobs
        assert [job.key for job in jobs] == ["k", "l"]
        assert await pool.fetchval("select count(*) from jobs where behind") == 499
        await leases.settle(connection, [Outcome.of(jobs[0], Verdict.DONE)])
        assert await pool.fetchval("select count(*) from jobs where behind") == 498
        assert [job.id for job in (await claim_jobs(connection, 8, {}, RULES)).jobs] == [jobs[0].id + 1]


async def test_no_job_is_marked_as_waiting_for_one_that_is_just_ending(pool):
    """Nobody would let it forward: the end has looked for those behind it already."""
    async with pool.acquire() as ending, pool.acquire() as claiming:
        [first] = await put(pool, {"key": "k"})
        [job] = (await claim_jobs(ending, 8, {}, RULES)).jobs
        transaction = ending.transaction()
        await transaction.start()
        await leases.settle(ending, [Outcome.of(job, Verdict.DONE)])
        await put(pool, {"key": "k"})
        claim = await claim_jobs(claiming, 8, {}, RULES)
        assert (claim.jobs, claim.held_up) == ([], [(1, first + 1)])
        assert await park(claiming, claim.held_up) == 0
        assert await rows(pool, "id, state, behind") == [(first, "running", False), (first + 1, "queued", False)]
        await transaction.commit()
        assert [job.id for job in (await claim_jobs(claiming, 8, {}, RULES)).jobs] == [first + 1]


async def test_a_job_held_by_an_enqueue_when_it_should_go_forward_goes_forward(pool):
    async with pool.acquire() as asking, pool.acquire() as working_:
        for end in ("commit", "rollback"):
            await put(pool, {"key": "k"}, {"key": "k", "dedupe": "d"})
            claim = await claim_jobs(working_, 8, {}, RULES)
            [job] = claim.jobs
            assert await park(working_, claim.held_up) == 1
            assert await rows(pool, "behind") == [False, True]
            transaction = asking.transaction()
            await transaction.start()
            await enqueue(asking, city_id=1, kind="work", payload={}, key="k", dedupe="d")
            assert len(await leases.settle(working_, [Outcome.of(job, Verdict.DONE)])) == 1
            await getattr(transaction, end)()
            if end == "rollback":
                assert await rows(pool, "behind") == [True]
                await leases.heal(working_)
            [job] = (await claim_jobs(working_, 8, {}, RULES)).jobs
            await leases.settle(working_, [Outcome.of(job, Verdict.DONE)])
            assert await rows(pool) == []


async def test_healing_lets_nobody_forward_who_still_waits(pool):
    async with pool.acquire() as connection:
        await put(pool, *({"key": "k"} for _ in range(3)))
        await park(connection, (await claim_jobs(connection, 8, {}, RULES)).held_up)
        await leases.heal(connection)
        assert await rows(pool, "behind") == [False, True, True]
        await pool.execute("delete from jobs where state = 'running'")
        await leases.heal(connection)
        assert await rows(pool, "behind") == [False, True]
