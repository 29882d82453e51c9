"""A bank's file that was not read comes to an end that says why, and is read when it comes again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from hub.jobs.worker import Backoff, Handler, Worker
from hub.kernel.errors import Conflict, NotReady, TooLarge
from hub.statements.model import READ
from hub.storage import retention
from tests.integration.reconciliation.books import Line, bill, camt, pieces

LINE = Line("100.00", "HR00 1-1")


async def cut_off(content: bytes, error: BaseException):
    """So much of it came, and then this."""
    yield content
    raise error


async def arriving(bank, error: BaseException, content: bytes = b"<", name: str = "izvod.xml") -> None:
    with pytest.raises(type(error)):
        await bank.statements.files.receive(1, name, cut_off(content, error), by="stf_1")


async def work(bank, *, dies: bool = False, error: Exception | None = None) -> None:
    """The worker reads what is to be read, one attempt each."""

    async def read(job) -> None:
        if dies:
            raise asyncio.CancelledError
        if error:
            raise error
        await bank.reconciliation.read(bank.till.town, UUID(job.payload["file"]))

    worker = Worker(
        bank.till.database.pool, {READ: Handler(read, max_attempts=1, backoff=Backoff(first=timedelta(0)))}, poll=0.05
    )
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        while await bank.till.rows("jobs", "kind = $1 and state in ('queued', 'running')", READ):
            await asyncio.sleep(0.02)
    await worker.stop(timedelta(seconds=1))
    await running


async def the_file(bank):
    [row] = await bank.till.rows("statement_files")
    return row


async def told(bank) -> str:
    [alert] = await bank.till.rows("alerts", "kind = 'statement_refused' and settled_at is null")
    return alert["detail"]


# ── What did not arrive whole ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "says"), [(TimeoutError(), "Nothing more of it came"), (TooLarge("So much."), "So much")]
)
async def test_an_upload_that_ends_before_the_file_does_is_told_at_once(bank, error, says):
    await arriving(bank, error)
    row = await the_file(bank)
    assert (row["state"], says in row["problem"]) == ("broken_off", True)
    assert "izvod.xml did not arrive whole" in await told(bank)
    with pytest.raises(Conflict, match="send it again"):
        await bank.statements.files.read_again(1, row["file_id"])


async def test_an_upload_whose_process_was_killed_is_found_and_told(bank):
    await arriving(bank, RuntimeError("killed"))
    await bank.statements.files.look_after(1)
    assert (await the_file(bank))["state"] == "arriving", "it may still be under way"
    bank.till.clock.move(timedelta(minutes=16))
    await bank.statements.files.look_after(1)
    row = await the_file(bank)
    assert (row["state"], "send it again" in row["problem"]) == ("broken_off", True)
    assert "izvod.xml did not arrive whole" in await told(bank)


async def test_the_same_file_sent_again_counts_once_and_ends_what_was_told(bank):
    owed = await bank.till.owe(20000, references=bill("HR00 1-1"))
    await arriving(bank, TimeoutError(), camt(LINE)[:500])
    await bank.take(camt(LINE), "another.xml")
    assert "statement_refused" in await bank.till.alerts(), "which may be any other file"
    await bank.statements.files.receive(1, "izvod.xml", pieces(camt(LINE)), by="stf_2")
    assert "statement_refused" in await bank.till.alerts(), "nor is somebody else's"
    await bank.statements.files.receive(1, "izvod.xml", pieces(camt(LINE)), by="stf_1")
    assert "statement_refused" not in await bank.till.alerts()
    assert await bank.due([owed]) == [10000]


async def test_a_slow_upload_that_was_given_up_too_early_counts_all_the_same(bank):
    async def slow():
        yield camt(LINE)[:500]
        bank.till.clock.move(timedelta(minutes=16))
        await bank.statements.files.look_after(1)
        yield camt(LINE)[500:]

    received = await bank.statements.files.receive(1, "izvod.xml", slow(), by="stf_1")
    assert (received.file.state, received.file.problem) == ("received", None)
    assert await bank.till.alerts() == set()


async def test_what_came_of_a_file_goes_after_a_day_and_that_it_did_not_arrive_stays_known(bank):
    await arriving(bank, TimeoutError(), b"<" * 1_100_000)
    await bank.take(camt(LINE))
    assert len(await bank.till.rows("statement_file_chunks")) == 2
    await retention.keep(bank.till.database, [1], bank.till.clock.now() + timedelta(hours=23))
    assert len(await bank.till.rows("statement_file_chunks")) == 2
    await retention.keep(bank.till.database, [1], bank.till.clock.now() + timedelta(hours=25))
    [left] = await bank.till.rows("statement_file_chunks")
    states = {row["state"]: row["file_id"] for row in await bank.till.rows("statement_files")}
    assert (set(states), left["file_id"]) == ({"broken_off", "read"}, states["read"])


# ── What the hub could not read ──────────────────────────────────────────────────────────────────


async def given_up(bank, content: bytes, **how):
    received = await bank.statements.files.receive(1, "izvod.xml", pieces(content), by="stf_1")
    await work(bank, **how)
    assert (await bank.file(received.file.file_id)).state == "received", "as its job has left it"
    await bank.statements.files.look_after(1)
    return await bank.file(received.file.file_id)


async def test_a_file_whose_job_was_given_up_says_why_and_is_read_again(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    file = await given_up(bank, camt(LINE), error=NotReady("The town's keys are being replaced."))
    assert (file.state, "keys are being replaced" in file.problem) == ("given_up", True)
    assert "izvod.xml could not be read" in await told(bank)
    assert await bank.till.rows("jobs", "state = 'failed'") == [], "it is with the file now"
    await bank.statements.files.read_again(1, file.file_id)
    await work(bank)
    await bank.reconciliation.match(bank.till.town, queued=False)
    assert (await bank.file(file.file_id)).state == "read"
    assert (await bank.due([owed]), await bank.till.alerts()) == ([0], set())


async def test_a_file_whose_worker_died_is_read_when_it_is_sent_again(bank):
    owed = await bank.till.owe(20000, references=bill("HR00 1-1"))
    first = await given_up(bank, camt(LINE), dies=True)
    assert first.state == "given_up"
    again = await bank.take(camt(LINE), "again.xml")
    assert (again.state, again.file_id == first.file_id) == ("read", False)
    assert (await bank.due([owed]), await bank.till.alerts()) == ([10000], set())
    with pytest.raises(Conflict, match="sent once more since"):
        await bank.statements.files.read_again(1, first.file_id)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("update statement_file_chunks set body = overlay(body placing '\\x00'::bytea from 30)", "cannot be opened"),
        ("delete from statement_file_chunks where number = 2", "a part of it is missing"),
    ],
)
async def test_a_file_that_was_damaged_where_it_is_kept_is_not_read_in_part(bank, damage, says):
    content = camt(LINE) + b"\n" * 3_000_000
    received = await bank.statements.files.receive(1, "izvod.xml", pieces(content, 500_000), by="stf_1")
    async with bank.till.database.town(1) as connection:
        await connection.execute(damage)
    await work(bank)
    await bank.statements.files.look_after(1)
    file = await bank.file(received.file.file_id)
    assert (file.state, says in file.problem, await bank.entries()) == ("given_up", True, [])
    assert (await bank.take(content, "again.xml")).state == "read"
    assert "statement_refused" not in await bank.till.alerts()


async def test_a_file_whose_job_somebody_discarded_is_read_all_the_same(bank):
    received = await bank.statements.files.receive(1, "izvod.xml", pieces(camt(LINE)), by="stf_1")
    async with bank.till.database.town(1) as connection:
        await connection.execute("delete from jobs where kind = $1", READ)
    await bank.statements.files.look_after(1)
    await work(bank)
    assert (await bank.file(received.file.file_id)).state == "read"


async def test_a_file_that_is_being_read_or_waits_its_turn_is_left_alone(bank):
    received = await bank.statements.files.receive(1, "izvod.xml", pieces(camt(LINE)), by="stf_1")
    bank.till.clock.move(timedelta(days=1))
    await bank.statements.files.look_after(1)
    async with bank.till.database.town(1) as connection:
        await connection.execute(
            """update jobs set state = 'running', attempts = 1, lease = gen_random_uuid(),
                               lease_until = now() + interval '1 minute' where kind = $1""",
            READ,
        )
    await bank.statements.files.look_after(1)
    assert (await bank.file(received.file.file_id)).state == "received"
    assert len(await bank.till.rows("jobs", "kind = $1", READ)) == 1


async def test_another_file_in_its_stead_is_somebodys_word(bank):
    refused = await bank.take(camt(LINE)[:-300])
    await bank.take(camt(LINE))
    assert "statement_refused" in await bank.till.alerts()
    await bank.statements.files.looked_at(1, refused.file_id, by="stf_1", reason="the bank sent another one")
    assert "statement_refused" not in await bank.till.alerts()
    [said] = await bank.till.rows("statement_decisions")
    assert (said["file_id"], said["event"], said["by"]) == (refused.file_id, "looked_at", "stf_1")
    [read] = await bank.till.rows("statement_files", "state = 'read'")
    with pytest.raises(Conflict, match="nothing is wrong with it"):
        await bank.statements.files.looked_at(1, read["file_id"], by="stf_1", reason="none")
