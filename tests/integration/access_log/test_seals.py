"""Seals: what is changed in the log by whoever owns the database is found, and which batch it is in."""

import hashlib
import json
from datetime import timedelta

import pytest

from hub.access_log import seals
from hub.access_log.model import Actor, ActorKind
from hub.access_log.service import record
from hub.kernel.ids import new_uuid
from hub.storage import retention
from tests.support.records import ANA, make_subject, make_town

CLERK = Actor(ActorKind.STAFF, new_uuid(), "clerk")
STEP = timedelta(minutes=15)


@pytest.fixture
async def log(worker, owner, tmp_path, clock):
    """A town with four sealed batches of three rows, and one row that is not sealed yet; the owner past the walls."""
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    for _ in range(4):
        for number in range(3):
            await look(worker, ana, clock.now() + timedelta(seconds=number))
        clock.move(STEP)
        assert (await seal(worker, clock.now())).rows == 3
    await look(worker, ana, clock.now())
    for table in ("access_log", "access_seals"):
        await owner.execute(f"alter table {table} no force row level security")
    return ana


async def look(worker, subject, at, city_id=1) -> None:
    async with worker.town(city_id) as connection:
        await record(connection, actor=CLERK, subject_id=subject, what="read_account", why="KLASA 1", at=at)


async def seal(worker, now, city_id=1):
    async with worker.town(city_id) as connection:
        return await seals.seal(connection, city_id, now)


async def verify(worker, clock, anchors=None, city_id=1):
    async with worker.town(city_id) as connection:
        return await seals.verify(connection, city_id, clock.now(), anchors)


async def kept_elsewhere(worker):
    async with worker.town(1) as connection:
        return {one.number: one.seal async for one in seals.seals(connection, 1)}


async def test_what_nobody_touched(worker, log, clock):
    assert await verify(worker, clock) == seals.Verdict(batches=4, pruned=0, rows=12, unsealed=1, broken=None)
    assert (await verify(worker, clock, await kept_elsewhere(worker))).broken is None


async def test_the_hash_is_the_one_described(worker, owner, log):
    """Computed here from the description alone, as somebody else would."""
    rows = await owner.fetch("select * from access_log order by at, entry_id limit 3")
    (first, second, *_) = await owner.fetch("select * from access_seals order by number")

    def text(at):
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")

    def line(row):
        named = [row[name] for name in ("actor_kind", "actor", "role", "department", "what", "why")]
        return json.dumps([str(row["entry_id"]), text(row["at"]), str(row["subject"]), *named], separators=(",", ":"))

    rows_hash = hashlib.sha256("".join(line(row) + "\n" for row in rows).encode()).hexdigest()
    assert first["rows_hash"].hex() == rows_hash
    previous = bytes(32)
    for one in (first, second):
        head = [1, one["number"], text(one["since"]), text(one["until"]), 3, one["rows_hash"].hex()]
        head.append(text(one["sealed_at"]))
        assert one["seal"] == hashlib.sha256(previous + json.dumps(head, separators=(",", ":")).encode()).digest()
        previous = one["seal"]
    assert second["since"] == first["until"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("why", "'KLASA 2'"),
        ("what", "'x'"),
        ("actor", "'somebody else'"),
        ("actor_kind", "'machine'"),
        ("role", "null"),
        ("department", "'financije'"),
        ("subject", "gen_random_uuid()"),
        ("subject", "null"),
        ("entry_id", "gen_random_uuid()"),
        ("at", "at + interval '1 microsecond'"),
    ],
)
async def test_a_row_that_was_changed(worker, owner, log, clock, column, value):
    (row,) = await owner.fetch("select at from access_log order by at offset 4 limit 1")
    await owner.execute(f"update access_log set {column} = {value} where at = $1", row["at"])
    verdict = await verify(worker, clock)
    assert (verdict.broken.number, verdict.broken.reason, verdict.batches) == (2, "a row was changed", 1)
    assert verdict.broken.seal.since < row["at"] < verdict.broken.seal.until


async def test_a_row_that_was_removed(worker, owner, log, clock):
    await owner.execute("delete from access_log where at = (select at from access_log order by at offset 7 limit 1)")
    broken = (await verify(worker, clock)).broken
    assert (broken.number, broken.reason) == (3, "3 rows were sealed, 2 are there")


async def test_a_row_that_was_put_into_the_past(worker, log, clock):
    """Even the worker's own rights allow this one: it may insert."""
    await look(worker, log, clock.now() - 4 * STEP + timedelta(seconds=30))
    broken = (await verify(worker, clock)).broken
    assert (broken.number, broken.reason) == (1, "3 rows were sealed, 4 are there")


async def test_a_row_from_before_everything(worker, log, clock):
    await look(worker, log, clock.now() - timedelta(days=3))
    broken = (await verify(worker, clock)).broken
    assert (broken.number, broken.reason) == (1, "there is a row from before the log began")


async def test_a_row_that_moved_to_another_batch(worker, owner, log, clock):
    (row,) = await owner.fetch("select at from access_log order by at limit 1")
    await owner.execute("update access_log set at = at + interval '15 minutes' where at = $1", row["at"])
    assert (await verify(worker, clock)).broken.number == 1


@pytest.mark.parametrize(
    ("statement", "number", "reason"),
    [
        ("delete from access_seals where number = 2", 2, "its seal is missing"),
        ("delete from access_seals where number = 1", 1, "its seal is missing"),
        ("update access_seals set rows = 2 where number = 3", 3, "the seal does not fit"),
        ("update access_seals set sealed_at = now() where number = 3", 3, "the seal does not fit"),
        ("update access_seals set seal = sha256('x') where number = 3", 3, "the seal does not fit"),
        (
            "update access_seals set until = until - interval '1 minute' where number = 2",
            2,
            "the seal does not fit",
        ),
        (
            "update access_seals set since = since + interval '1 minute' where number = 2",
            2,
            "it does not begin where the one before ended",
        ),
    ],
)
async def test_a_seal_that_was_changed(worker, owner, log, clock, statement, number, reason):
    await owner.execute(statement)
    broken = (await verify(worker, clock)).broken
    assert broken.number == number
    assert broken.reason.startswith(reason)


async def test_a_chain_written_anew_shows_against_what_was_kept_elsewhere(worker, owner, log, clock):
    """The owner changes a row and makes all seals again, as good as the first ones."""
    before = await kept_elsewhere(worker)
    await owner.execute(
        "update access_log set why = 'x' where at = (select at from access_log order by at offset 7 limit 1)"
    )
    ends = await owner.fetch("select sealed_at from access_seals order by number")
    await owner.execute("delete from access_seals")
    for end in ends:
        await seal(worker, end["sealed_at"])
    assert (await verify(worker, clock)).broken is None
    broken = (await verify(worker, clock, before)).broken
    assert (broken.number, broken.reason) == (3, "the seal is not the one that was kept elsewhere")


async def test_an_end_that_was_cut_off(worker, owner, log, clock):
    before = await kept_elsewhere(worker)
    await owner.execute("delete from access_log where at >= (select until from access_seals where number = 3)")
    await owner.execute("delete from access_seals where number = 4")
    assert (await verify(worker, clock)).broken is None
    broken = (await verify(worker, clock, before)).broken
    assert (broken.number, broken.reason) == (4, "its seal was kept elsewhere and is missing here")


async def test_another_town_is_another_chain(worker, owner, log, clock, tmp_path):
    _, keys = await make_town(worker, tmp_path, 2)
    await look(worker, await make_subject(worker, keys, ANA), clock.now(), 2)
    clock.move(STEP)
    assert (await seal(worker, clock.now(), 2)).number == 1
    assert await verify(worker, clock, city_id=2) == seals.Verdict(1, 0, 1, 0, None)
    await owner.execute("update access_seals set city_id = 2, number = 2 where city_id = 1 and number = 2")
    assert (await verify(worker, clock, city_id=2)).broken.number == 2


async def test_when_there_is_something_to_seal(worker, clock, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    assert await seal(worker, clock.now()) is None
    start = clock.now()
    await look(worker, ana, start)
    # What is younger than GRACE may still be joined by a transaction that has not ended.
    assert await seal(worker, start + seals.GRACE) is None
    first = await seal(worker, start + seals.GRACE + timedelta(microseconds=1))
    assert (first.number, first.rows, first.since) == (1, 1, start)
    # Nobody looked: an hour is sealed as such, and so nothing can be put into it.
    assert await seal(worker, first.until + seals.GRACE + timedelta(minutes=59)) is None
    second = await seal(worker, first.until + seals.GRACE + seals.QUIET)
    assert (second.number, second.rows, second.since) == (2, 0, first.until)
    await look(worker, ana, first.until + timedelta(minutes=30))
    clock.move(timedelta(hours=3))
    assert (await verify(worker, clock)).broken.reason == "0 rows were sealed, 1 are there"


async def test_what_is_past_its_time_goes_and_the_chain_stays(worker, owner, log, clock):
    five_years = timedelta(days=5 * 366 + 31)
    clock.move(five_years)
    await retention.keep(worker, [1], clock.now())
    await look(worker, log, clock.now())
    clock.move(STEP)
    await seal(worker, clock.now())
    assert await owner.fetchval("select count(*) from access_log") == 1
    assert await verify(worker, clock) == seals.Verdict(batches=5, pruned=4, rows=1, unsealed=0, broken=None)
    await look(worker, log, clock.now())
    clock.move(STEP)
    await seal(worker, clock.now())
    assert (await verify(worker, clock)).rows == 2
    # What is left of the old batches is still a chain.
    await owner.execute("update access_seals set rows = 4 where number = 2")
    assert (await verify(worker, clock)).broken.number == 2


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update access_log set why = 'x' where at = (select at from access_log order by at offset 7 limit 1)",
         "a row was changed"),
        ("delete from access_log where at = (select at from access_log order by at offset 7 limit 1)",
         "3 rows were sealed, 2 are there"),
    ],
)  # fmt: skip
async def test_a_shorter_time_hides_no_change(worker, owner, log, clock, statement, reason):
    """The owner says that all of it is past its time; months go as a whole, and these rows are still there."""
    await owner.execute(statement)
    await owner.execute("update retention set keep = interval '1 second' where table_name = 'access_log'")
    broken = (await verify(worker, clock)).broken
    assert (broken.number, broken.reason) == (3, reason)


async def test_a_month_that_went_out_of_the_middle_of_a_batch(worker, owner, clock, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    await look(worker, ana, clock.now())
    clock.move(timedelta(days=31))
    await look(worker, ana, clock.now())
    clock.move(STEP)
    assert (await seal(worker, clock.now())).rows == 2
    await owner.execute("alter table access_log no force row level security")
    await owner.execute("delete from access_log where at < '2026-12-01'")
    assert (await verify(worker, clock)).broken.reason == "2 rows were sealed, 1 are there"
    clock.move(timedelta(days=5 * 366))
    assert await verify(worker, clock) == seals.Verdict(batches=1, pruned=1, rows=0, unsealed=0, broken=None)
