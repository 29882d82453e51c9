"""What becomes of a job: done, tried again, given up, given back."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from hub.jobs import leases
from hub.jobs.claims import claim_jobs
from hub.jobs.leases import Outcome, Verdict
from hub.jobs.queue import LeaseLost, complete, enqueue
from hub.jobs.worker import Backoff, Handler, Worker
from hub.kernel.errors import RemoteFault, RemoteUnavailable, TooManyRequests
from tests.integration.jobs.harness import Diary, put, rows, until, working

AT_ONCE = Backoff(timedelta(milliseconds=10), timedelta(milliseconds=10))


def failing(error: BaseException, times: int = 1000):
    count = 0

    async def run(job):
        nonlocal count
        count += 1
        if count <= times:
            raise error

    return run


async def test_a_job_reaches_its_handler_and_is_gone(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary), "other": Handler(failing(RemoteFault()))}):
        [job_id] = await put(pool, {"payload": {"row": "ž"}, "key": "k"})
        await until(lambda: diary.ended)
        await until(lambda: pool.fetchval("select count(*) = 0 from jobs"))
    [job] = diary.begun
    assert (job.city_id, job.id, job.kind, job.key, job.payload) == (1, job_id, "work", "k", {"row": "ž"})
    assert (job.attempts, job.max_attempts) == (1, 5)


async def test_a_worker_is_woken_and_does_not_wait_for_its_poll(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary)}, poll=60.0):
        await asyncio.sleep(0.3)
        asked = time.monotonic()
        await put(pool, {})
        await until(lambda: diary.begun, within=5)
        assert next(iter(diary.at.values())) - asked < 1.0


async def test_a_job_whose_wake_up_is_lost_is_found_by_polling(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary)}, poll=0.05):
        await asyncio.sleep(0.1)
        await pool.execute("insert into jobs (city_id, kind, payload) values (1, 'work', '{}')")
        await until(lambda: diary.ended)


async def test_many_run_at_once_up_to_the_places(pool):
    running, most = 0, 0

    async def run(job):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        running -= 1

    ids = [{"city_id": number % 8} for number in range(24)]
    async with working(pool, {"work": Handler(run)}, concurrency=8):
        await put(pool, *ids)
        await until(lambda: pool.fetchval("select count(*) = 0 from jobs"))
    assert most == 8


async def test_a_transient_error_is_tried_again_later_with_its_reason(pool):
    handler = Handler(failing(RemoteUnavailable("connection refused by 127.0.0.1:8101"), times=1))
    async with working(pool, {"work": handler}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select last_error is not null from jobs"))
        [(state, attempts, error, wait)] = await rows(
            pool, "state, attempts, last_error, extract(epoch from run_at - now())::float8"
        )
    assert (state, attempts) == ("queued", 1)
    assert error == "back_office_down: connection refused by 127.0.0.1:8101"
    assert 0.5 < wait <= 2.0


async def test_a_job_succeeds_at_last(pool):
    async with working(pool, {"work": Handler(failing(RemoteUnavailable(), times=3), backoff=AT_ONCE)}, poll=0.05):
        await put(pool, {})
        await until(lambda: pool.fetchval("select count(*) = 0 from jobs"))


async def test_waits_double_up_to_the_longest_and_differ():
    backoff = Backoff(timedelta(seconds=2), timedelta(minutes=1))
    for attempts, whole in ((1, 2), (2, 4), (5, 32), (6, 60), (1000, 60)):
        waits = {backoff.after(attempts).total_seconds() for _ in range(50)}
        assert len(waits) > 1
        assert whole / 2 <= min(waits) <= max(waits) <= whole


async def test_a_door_that_says_when_to_come_back_is_believed(pool):
    async with working(pool, {"work": Handler(failing(TooManyRequests(retry_after=3600)))}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select run_at > now() + interval '59 minutes' from jobs"))


async def test_a_job_is_given_up_after_its_attempts(pool):
    diary = Diary(then=failing(RemoteUnavailable("no")))
    async with working(pool, {"work": Handler(diary, max_attempts=3, backoff=AT_ONCE)}, poll=0.05):
        await put(pool, {}, {"max_attempts": 2})
        await until(lambda: pool.fetchval("select count(*) = 2 from jobs where state = 'failed'"))
    assert await rows(pool, "attempts, max_attempts, last_error") == [
        (3, 3, "back_office_down: no"),
        (2, 2, "back_office_down: no"),
    ]
    assert len(diary.begun) == 5


async def test_a_final_error_ends_a_job_at_once(pool):
    diary = Diary(then=failing(RemoteFault("the fault")))
    async with working(pool, {"work": Handler(diary)}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select state = 'failed' from jobs"))
    assert await rows(pool, "attempts, last_error, failed_at is not null, lease") == [
        (1, "back_office_fault: the fault", True, None)
    ]
    assert len(diary.begun) == 1


async def test_an_unexpected_error_is_tried_again_and_its_values_are_not_kept(pool):
    async with working(pool, {"work": Handler(failing(ValueError("OIB 12345678903\0")))}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select last_error is not null from jobs"))
        [(state, error)] = await rows(pool, "state, last_error")
    assert state == "queued"
    assert error.startswith("unexpected: ValueError at test_worker.py:")
    assert "12345678903" not in error


async def test_what_the_database_cannot_keep_does_not_keep_a_job_from_ending(pool):
    async with working(pool, {"work": Handler(failing(RemoteFault("a\0b\udcff" + "x" * 1000)))}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select state = 'failed' from jobs"))
    [error] = await rows(pool, "last_error")
    assert error.startswith("back_office_fault: a\ufffdb?xx")
    assert len(error) == 500


async def test_a_kind_that_nobody_does_fails_with_the_reason(pool):
    async with working(pool, {}):
        await put(pool, {"kind": "unheard.of"})
        await until(lambda: pool.fetchval("select state = 'failed' from jobs"))
    assert await rows(pool, "attempts, last_error") == [
        (1, "unknown_kind: No handler does jobs of the kind 'unheard.of'.")
    ]


async def test_one_failing_job_does_not_disturb_the_others(pool):
    diary = Diary()
    async with working(pool, {"work": Handler(diary), "bad": Handler(failing(RemoteFault()))}):
        await put(pool, {"kind": "bad"}, {}, {"kind": "bad"}, {})
        await until(lambda: len(diary.ended) == 2)
        await until(lambda: pool.fetchval("select count(*) = 2 from jobs where state = 'failed'"))


async def test_a_handler_finishes_its_job_in_its_own_transaction(pool):
    async def run(job):
        async with pool.acquire() as connection, connection.transaction():
            await enqueue(connection, city_id=job.city_id, kind="effect", payload={})
            await complete(connection, job)

    async with working(pool, {"work": Handler(run), "effect": Handler(Diary(60.0))}, grace=0.1):
        await put(pool, {"key": "k"}, {"key": "k"})
        await until(lambda: pool.fetchval("select count(*) = 2 from jobs where kind = 'effect'"))
        assert await pool.fetchval("select count(*) from jobs where kind = 'work'") == 0


async def test_when_the_handlers_transaction_rolls_back_the_job_is_still_there(pool):
    async def run(job):
        async with pool.acquire() as connection, connection.transaction():
            await enqueue(connection, city_id=job.city_id, kind="effect", payload={})
            await complete(connection, job)
            raise RemoteUnavailable("after the end")

    async with working(pool, {"work": Handler(run)}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select last_error is not null from jobs"))
    assert await rows(pool, "kind, state, attempts") == [("work", "queued", 1)]


async def test_a_handler_that_lost_its_lease_has_no_effect(pool):
    async with pool.acquire() as connection:
        await put(pool, {})
        [job] = (await claim_jobs(connection, 1, {}, {})).jobs
        await pool.execute("update jobs set lease = gen_random_uuid()")
        transaction = connection.transaction()
        await transaction.start()
        await enqueue(connection, city_id=1, kind="effect", payload={})
        with pytest.raises(LeaseLost):
            await complete(connection, job)
        await transaction.rollback()
    assert job.completed is False
    assert await rows(pool, "kind, state, attempts") == [("work", "running", 1)]


async def test_a_handler_that_raises_lease_lost_leaves_the_job_to_whoever_has_it(pool):
    async with working(pool, {"work": Handler(failing(LeaseLost()))}):
        await put(pool, {})
        await until(lambda: pool.fetchval("select state = 'running' from jobs"))
        await asyncio.sleep(0.2)
        assert await rows(pool, "state, attempts, last_error") == [("running", 1, None)]


async def test_outcomes_of_a_lost_lease_change_nothing(pool):
    await put(pool, {}, {}, {})
    await pool.execute(
        "update jobs set state = 'running', lease = gen_random_uuid(), lease_until = now(), attempts = 2"
    )
    before = await rows(pool, "id, state, lease, attempts")
    foreign = (await pool.fetchrow("select gen_random_uuid()"))[0]
    async with pool.acquire() as connection:
        outcomes = [
            Outcome(1, job_id, foreign, verdict)
            for (job_id, *_), verdict in zip(before, (Verdict.DONE, Verdict.FAILED, Verdict.RETRY), strict=True)
        ]
        assert await leases.settle(connection, outcomes) == set()
    assert await rows(pool, "id, state, lease, attempts") == before


async def test_a_long_job_keeps_its_lease(pool):
    diary = Diary(1.2)
    handlers = {"work": Handler(diary, lease=timedelta(seconds=0.5))}
    async with working(pool, handlers, poll=0.1), working(pool, handlers, poll=0.1):
        await put(pool, {})
        await until(lambda: diary.ended)
        await until(lambda: pool.fetchval("select count(*) = 0 from jobs"))
    assert len(diary.begun) == 1


async def test_a_job_that_is_being_completed_in_a_long_transaction_is_not_taken_for_lost(pool):
    """Its row is held by the handler's transaction: neither a renewal nor another worker may wait for it."""
    diary, completing = Diary(), asyncio.Event()

    async def run(job):
        async with pool.acquire() as connection, connection.transaction():
            await complete(connection, job)
            completing.set()
            await until(lambda: diary.ended)
        await diary(job)

    handlers = {"slow": Handler(run, lease=timedelta(seconds=2)), "work": Handler(diary)}
    with capture_logs() as logs:
        async with working(pool, handlers, poll=0.05), working(pool, handlers, poll=0.05):
            await put(pool, {"kind": "slow"})
            await asyncio.wait_for(completing.wait(), 5)
            await asyncio.sleep(3)
            await put(pool, {})
            await until(lambda: len(diary.ended) == 2)
    assert [(job.kind, job.attempts) for job in diary.ended] == [("work", 1), ("slow", 1)]
    assert await rows(pool) == []
    assert {log["event"] for log in logs} == {"worker_started", "job_done", "worker_stopped"}


async def test_a_job_that_another_worker_took_over_is_stopped_here(pool):
    diary = Diary(30.0)
    async with working(pool, {"work": Handler(diary, lease=timedelta(seconds=0.3))}, poll=0.05) as worker:
        await put(pool, {})
        await until(lambda: diary.begun)
        await pool.execute("update jobs set lease = gen_random_uuid(), lease_until = now() + interval '1 hour'")
        await until(lambda: not worker._running)
    assert diary.ended == []
    assert await rows(pool, "state, attempts") == [("running", 1)]


async def test_a_job_that_cannot_be_taken_yet_is_not_asked_for_again_and_again(pool, monkeypatch):
    """Its forerunner is being completed in a long transaction, so that it can be neither taken nor marked."""
    claims = 0

    async def counted(*arguments):
        nonlocal claims
        claims += 1
        return await claim_jobs(*arguments)

    async def run(job):
        async with pool.acquire() as connection, connection.transaction():
            await complete(connection, job)
            await put(pool, {"key": "k"})
            await asyncio.sleep(1.0)

    monkeypatch.setattr("hub.jobs.worker.claim_jobs", counted)
    diary = Diary()
    async with working(pool, {"slow": Handler(run), "work": Handler(diary)}):
        await put(pool, {"kind": "slow", "key": "k"})
        await until(lambda: diary.ended)
    assert claims < 50


async def test_what_is_taken_in_the_moment_of_stopping_is_given_back(pool, monkeypatch):
    taken, go = asyncio.Event(), asyncio.Event()

    async def late(*arguments):
        claim = await claim_jobs(*arguments)
        if claim.jobs:
            taken.set()
            await go.wait()
        return claim

    monkeypatch.setattr("hub.jobs.worker.claim_jobs", late)
    diary = Diary()
    worker = Worker(pool, {"work": Handler(diary)})
    running = asyncio.create_task(worker.run())
    await put(pool, {})
    await asyncio.wait_for(taken.wait(), 5)
    stopping = asyncio.create_task(worker.stop(timedelta(seconds=1)))
    await asyncio.sleep(0.1)
    go.set()
    await asyncio.wait_for(stopping, 2)
    await asyncio.wait_for(running, 2)
    assert diary.begun == []
    assert await rows(pool, "state, attempts") == [("queued", 0)]


async def test_stopping_waits_for_what_runs_and_takes_nothing_new(pool):
    diary = Diary(0.4)
    worker = Worker(pool, {"work": Handler(diary)}, concurrency=1)
    running = asyncio.create_task(worker.run())
    await put(pool, {}, {"city_id": 2})
    await until(lambda: diary.begun)
    await worker.stop(timedelta(seconds=5))
    await asyncio.wait_for(running, 1)
    assert len(diary.ended) == 1
    assert await rows(pool, "state, attempts") == [("queued", 0)]


async def test_what_does_not_end_in_time_is_given_back_uncounted_and_done_elsewhere(pool):
    slow, quick = Diary(30.0), Diary()
    worker = Worker(pool, {"work": Handler(slow)})
    running = asyncio.create_task(worker.run())
    await put(pool, {"key": "k"})
    await until(lambda: slow.begun)
    async with working(pool, {"work": Handler(quick)}, poll=60.0):
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await worker.stop(timedelta(seconds=0.1))
        await asyncio.wait_for(running, 1)
        assert time.monotonic() - begun < 2
        await until(lambda: quick.ended)
    assert slow.ended == []
    assert quick.ended[0].attempts == 1


async def test_a_handler_that_ignores_its_cancellation_does_not_hold_up_the_stop(pool, monkeypatch):
    monkeypatch.setattr("hub.jobs.worker._CANCEL_SECONDS", 0.2)
    release = asyncio.Event()

    async def run(job):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    worker = Worker(pool, {"work": Handler(run)})
    running = asyncio.create_task(worker.run())
    await put(pool, {})
    await until(lambda: pool.fetchval("select state = 'running' from jobs"))
    await worker.stop(timedelta(seconds=0.1))
    await asyncio.wait_for(running, 2)
    assert await rows(pool, "state, attempts") == [("running", 1)]
    release.set()
    await asyncio.sleep(0.05)


async def test_the_same_thing_queued_anew_does_not_stop_a_failed_run_from_going_back(pool):
    """Two queued jobs may not have one `dedupe`: one of them goes on without."""
    error = RemoteUnavailable("no")
    begun, go = asyncio.Event(), asyncio.Event()

    async def run(job):
        begun.set()
        await go.wait()
        raise error

    worker = Worker(pool, {"work": Handler(run)}, concurrency=1)
    running = asyncio.create_task(worker.run())
    await put(pool, {"dedupe": "d"})
    await asyncio.wait_for(begun.wait(), 5)
    await put(pool, {"dedupe": "d"})
    go.set()
    await until(lambda: pool.fetchval("select count(*) = 2 from jobs where last_error is not null"))
    await worker.stop(timedelta(seconds=1))
    await running
    assert await rows(pool, "state, attempts") == [("queued", 1)] * 2
    assert set(await rows(pool, "dedupe")) == {"d", None}


async def test_two_runs_of_the_same_thing_may_fail_together(pool):
    await put(pool, {"dedupe": "d"}, {"dedupe": "e"})
    await pool.execute(
        "update jobs set state = 'running', lease = gen_random_uuid(), lease_until = now(), dedupe = 'd'"
    )
    async with pool.acquire() as connection:
        outcomes = [Outcome(1, job_id, lease, Verdict.RETRY) for job_id, lease in await rows(connection, "id, lease")]
        assert len(await leases.settle(connection, outcomes)) == 2
    assert await rows(pool, "state, dedupe") == [("queued", "d"), ("queued", None)]


async def test_an_open_transaction_that_asks_for_the_same_does_not_stop_the_worker(pool):
    diary, begun, go = Diary(), asyncio.Event(), asyncio.Event()

    async def run(job):
        begun.set()
        await go.wait()
        raise RemoteUnavailable

    async with pool.acquire() as connection, working(pool, {"work": Handler(diary), "bad": Handler(run)}):
        [bad] = await put(pool, {"kind": "bad", "dedupe": "d"})
        await asyncio.wait_for(begun.wait(), 5)
        transaction = connection.transaction()
        await transaction.start()
        await enqueue(connection, city_id=1, kind="bad", payload={}, dedupe="d")
        go.set()
        await put(pool, {})
        await until(lambda: diary.ended, within=3)
        await until(lambda: pool.fetchval("select state = 'queued' from jobs where id = $1", bad), within=3)
        await transaction.commit()
        assert set(await rows(pool, "dedupe")) == {"d", None}


async def test_failed_jobs_are_kept_for_their_retention(pool):
    await put(pool, {}, {})
    await pool.execute("update jobs set state = 'failed', last_error = 'x: y', failed_at = now() - interval '29 days'")
    await pool.execute("update jobs set failed_at = now() - interval '31 days' where id = (select min(id) from jobs)")
    kept = (await rows(pool, "id"))[1]
    async with working(pool, {}):
        await until(lambda: pool.fetchval("select count(*) = 1 from jobs"))
    assert await rows(pool, "id") == [kept]


async def test_a_worker_needs_its_role(api):
    async with api.pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await leases.prune(connection)
