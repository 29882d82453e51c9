"""Tables kept to their class: months made ahead, months dropped, rows that strayed, rows whose time is over."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from hub.kernel.ids import new_uuid
from hub.storage import retention
from hub.storage.database import Database
from tests.support.records import make_town

NOVEMBER = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


async def keep_partitions(worker: Database, present: datetime) -> int:
    return await worker.pool.fetchval("select munihub_keep_partitions($1)", present)


async def partitions(worker: Database) -> dict[str, str]:
    """Bounds by name, in UTC."""
    rows = await worker.pool.fetch(
        """select c.relname, pg_get_expr(c.relpartbound, c.oid) as bounds from pg_inherits i
           join pg_class c on c.oid = i.inhrelid where i.inhparent = 'messages'::regclass order by 1"""
    )
    return {row["relname"]: row["bounds"] for row in rows}


@pytest.fixture
async def messages(owner, worker: Database):
    """The table `messages` without the months that the migration made for today."""
    for name in await partitions(worker):
        if name != "messages_other":
            await owner.execute(f"drop table {name}")


@pytest.fixture
async def owner(urls):
    connection = await asyncpg.connect(urls.owner)
    yield connection
    await connection.close()


async def put(worker: Database, at: datetime, city_id: int = 1) -> None:
    async with worker.town(city_id) as connection:
        await connection.execute(
            """insert into messages (city_id, message_id, received_at, back_office, external_id, media_type, body)
               values ($1, $2, $3, 'fin', 'e', 'text/plain', '')""",
            city_id,
            new_uuid(),
            at,
        )


async def where(worker: Database, city_id: int = 1) -> list[tuple[str, datetime]]:
    """In which partition each message of the town lies."""
    async with worker.town(city_id) as connection:
        rows = await connection.fetch("select tableoid::regclass::text as place, received_at from messages order by 2")
    return [tuple(row) for row in rows]


# ── Months ───────────────────────────────────────────────────────────────────────────────────────


async def test_this_month_and_two_more_are_made_ahead(worker, messages):
    assert await keep_partitions(worker, NOVEMBER) == 0
    assert await partitions(worker) == {
        "messages_2026_11": "FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')",
        "messages_2026_12": "FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')",
        "messages_2027_01": "FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00')",
        "messages_other": "DEFAULT",
    }
    assert await keep_partitions(worker, NOVEMBER) == 0
    assert len(await partitions(worker)) == 4


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Europe/Zagreb"])
async def test_months_are_those_of_utc_whoever_asks(worker, messages, zone):
    async with worker.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"set local timezone = '{zone}'")
        await connection.execute("select munihub_keep_partitions('2026-12-31 23:30:00+00')")
    found = await partitions(worker)
    assert list(found) == ["messages_2026_12", "messages_2027_01", "messages_2027_02", "messages_other"]
    assert found["messages_2026_12"] == "FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')"


async def test_a_month_is_dropped_when_its_last_message_is_90_days_old(worker, messages, tmp_path):
    await make_town(worker, tmp_path)
    await keep_partitions(worker, datetime(2026, 9, 1, tzinfo=UTC))
    last = datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)
    await put(worker, last)
    await put(worker, last + timedelta(seconds=1))
    assert [place for place, _ in await where(worker)] == ["messages_2026_09", "messages_2026_10"]

    assert await keep_partitions(worker, last + timedelta(days=90)) == 0
    assert len(await where(worker)) == 2
    assert await keep_partitions(worker, last + timedelta(days=90, seconds=2)) == 1
    assert [place for place, _ in await where(worker)] == ["messages_2026_10"]
    assert "messages_2026_09" not in await partitions(worker)


async def test_a_month_that_nobody_made_is_no_reason_to_refuse_a_message(worker, messages, tmp_path):
    await make_town(worker, tmp_path)
    strayed, now = NOVEMBER, NOVEMBER + timedelta(days=1)
    await put(worker, strayed)
    assert await where(worker) == [("messages_other", strayed)]
    # Its month can no longer be made; the others can.
    assert await keep_partitions(worker, now) == 0
    assert list(await partitions(worker)) == ["messages_2026_12", "messages_2027_01", "messages_other"]
    await put(worker, now)
    assert [place for place, _ in await where(worker)] == ["messages_other", "messages_other"]


async def test_what_strayed_goes_when_its_time_is_over(worker, messages, tmp_path):
    await make_town(worker, tmp_path, 1)
    await make_town(worker, tmp_path, 2)
    await put(worker, NOVEMBER, 1)
    await put(worker, NOVEMBER, 2)
    await put(worker, NOVEMBER + timedelta(days=5), 2)
    assert await keep_partitions(worker, NOVEMBER + timedelta(days=90)) == 0
    assert await keep_partitions(worker, NOVEMBER + timedelta(days=90, seconds=1)) == 2
    assert await where(worker, 1) == []
    assert [at for _, at in await where(worker, 2)] == [NOVEMBER + timedelta(days=5)]


async def test_processes_that_keep_at_once_do_not_stumble(worker, messages):
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(worker.pool.acquire()) for _ in range(4)]
        await asyncio.gather(*(one.execute("select munihub_keep_partitions($1)", NOVEMBER) for one in connections))
    assert len(await partitions(worker)) == 4


@asynccontextmanager
async def dumped(urls, *tables: str):
    """As pg_dump does, somebody reads these tables for long: nobody may have one of them for himself meanwhile."""
    dump = await asyncpg.connect(urls.owner)
    try:
        async with dump.transaction():
            await dump.execute(f"lock table {', '.join(tables)} in access share mode")
            yield
    finally:
        await dump.close()


async def test_a_dump_holds_up_neither_who_keeps_nor_who_writes(worker, messages, urls, tmp_path):
    await make_town(worker, tmp_path)
    async with worker.town(1) as connection:
        await connection.execute(
            "insert into message_keys values (1, 'fin', 'e', $1, $2)", new_uuid(), NOVEMBER - timedelta(days=91)
        )
    async with dumped(urls, "messages"):
        keeping = asyncio.create_task(retention.keep(worker, [1], NOVEMBER))
        await asyncio.sleep(0.5)
        await asyncio.wait_for(put(worker, NOVEMBER), 10)
        # What was not waited for is the months; the rest is kept.
        assert await asyncio.wait_for(keeping, 10) == 1
        assert list(await partitions(worker)) == ["messages_other"]
    assert await retention.keep(worker, [1], NOVEMBER) == 0
    assert "messages_2026_12" in await partitions(worker)


async def test_what_cannot_be_kept_holds_up_nothing_behind_it(worker, owner, tmp_path):
    """In its own town, and in all that follow."""
    for city_id in (1, 2):
        await make_town(worker, tmp_path, city_id)
        async with worker.town(city_id) as connection:
            await connection.execute(
                """insert into dead_letters (city_id, dead_letter_id, back_office, origin, external_id, reason, detail,
                       body, media_type, first_at, last_at, settled_at)
                   values ($1, $2, 'fin', 'push', 'e', 'r', 'd', '', 't', $3, $3, $3)""",
                city_id,
                new_uuid(),
                NOVEMBER - timedelta(days=400),
            )
            await connection.execute(
                "insert into message_keys values ($1, 'fin', 'e', $2, $3)",
                city_id,
                new_uuid(),
                NOVEMBER - timedelta(days=91),
            )
    await owner.execute(
        """create function munihub_test_stays() returns trigger language plpgsql as
           $$ begin raise exception 'this one stays'; end $$"""
    )
    await owner.execute(
        "create trigger stays before delete on message_keys for each row execute function munihub_test_stays()"
    )
    assert await retention.keep(worker, [1, 2], NOVEMBER) == 2
    for city_id in (1, 2):
        async with worker.town(city_id) as connection:
            assert await connection.fetchval("select count(*) from message_keys") == 1
            assert await connection.fetchval("select count(*) from dead_letters") == 0
    await owner.execute("drop trigger stays on message_keys")
    assert await retention.keep(worker, [1, 2], NOVEMBER) == 2


async def test_partitions_are_no_way_round_the_walls(worker, api, messages, tmp_path):
    await make_town(worker, tmp_path)
    await keep_partitions(worker, NOVEMBER)
    await put(worker, NOVEMBER)
    for database in (worker, api):
        for name in await partitions(worker):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await database.pool.execute(f"select * from {name}")


async def test_only_the_worker_keeps_and_nobody_drops(worker, api):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.pool.execute("select munihub_keep_partitions(now())")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await worker.pool.execute("drop table messages_other")


async def test_every_partitioned_table_has_a_time_and_a_default(worker):
    rows = await worker.pool.fetch(
        """select c.relname, r.partitioned_by, r.keep is not null as kept,
                  to_regclass(c.relname || '_other') is not null as other
           from pg_class c left join retention r on r.table_name = c.relname where c.relkind = 'p'"""
    )
    assert {tuple(row) for row in rows} == {("messages", "received_at", True, True), ("access_log", "at", True, True)}


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_new_database_takes_messages_of_today_into_their_month(worker, tmp_path):
    await make_town(worker, tmp_path)
    now = datetime.now(UTC)
    await put(worker, now)
    assert await where(worker) == [(f"messages_{now:%Y_%m}", now)]


async def test_rows_go_when_their_time_is_over(worker, tmp_path, clock):
    now = clock.now()
    for city_id in (1, 2):
        await make_town(worker, tmp_path, city_id)
        async with worker.town(city_id) as connection:
            for number, days in enumerate((89, 91)):
                await connection.execute(
                    "insert into message_keys values ($1, 'fin', $2, $3, $4)",
                    city_id, f"e{number}", new_uuid(), now - timedelta(days=days),
                )  # fmt: skip
            year = timedelta(days=365)
            for number, settled in enumerate((None, now - year + timedelta(days=1), now - year - timedelta(days=2))):
                await connection.execute(
                    """insert into dead_letters (city_id, dead_letter_id, back_office, origin, external_id, reason, detail,
                           body, media_type, first_at, last_at, settled_at)
                       values ($1, $2, 'fin', 'push', $3, 'r', 'd', '', 't', $4, $4, $5)""",
                    city_id, new_uuid(), f"e{number}", now - 2 * year, settled,
                )  # fmt: skip
            for number, days in enumerate((364, 367)):
                await connection.execute(
                    "insert into tombstones values ($1, 'fin', 'obligations', $2, 1, $3)",
                    city_id, f"k{number}", now - timedelta(days=days),
                )  # fmt: skip
    # A town that is not named keeps its rows.
    assert await retention.keep(worker, [1], now) == 3
    assert await retention.keep(worker, [1], now) == 0
    for city_id, left in ((1, {"message_keys": 1, "dead_letters": 2, "tombstones": 1}), (2, {"message_keys": 2, "dead_letters": 3, "tombstones": 2})):  # fmt: skip
        async with worker.town(city_id) as connection:
            for table, rows in left.items():
                assert await connection.fetchval(f"select count(*) from {table}") == rows
            # What nobody settled stays, however old it is.
            assert await connection.fetchval("select count(*) from dead_letters where settled_at is null") == 1


async def test_files_of_a_bank_are_kept_for_eleven_whole_years(worker, tmp_path):
    now = NOVEMBER
    await make_town(worker, tmp_path)
    kept = [
        ("arriving now", "arriving", now - timedelta(minutes=1)),
        # Of a year of which eleven have not ended: also where the town's clock is ahead of that of UTC.
        ("of 5 January eleven years ago", "received", datetime(2015, 1, 5, 10, 0, tzinfo=UTC)),
        ("of New Year there", "received", datetime(2014, 12, 31, 22, 30, tzinfo=UTC)),
    ]
    gone = [
        ("of the year before", "received", datetime(2014, 12, 30, 22, 30, tzinfo=UTC)),
        ("never arrived", "broken_off", datetime(2014, 12, 30, 22, 30, tzinfo=UTC)),
        ("never read", "given_up", datetime(2014, 12, 30, 22, 30, tzinfo=UTC)),
    ]
    async with worker.town(1) as connection:
        for name, state, at in kept + gone:
            await connection.execute(
                """insert into statement_files (city_id, file_id, name, received_at, by, state, digest)
                   values (1, $1, $2, $3, 'stf_1', $4, $5)""",
                new_uuid(), name, at, state, name.encode(),
            )  # fmt: skip
    assert await retention.keep(worker, [1], now) == len(gone)
    async with worker.town(1) as connection:
        left = [row["name"] for row in await connection.fetch("select name from statement_files")]
    assert sorted(left) == sorted(name for name, _, _ in kept)


async def test_every_table_with_a_time_is_kept_to_it(worker):
    """A class nobody applies is a promise nobody keeps."""
    rows = await worker.pool.fetch("select table_name from retention where keep is not null and partitioned_by is null")
    from hub.jobs import leases

    by_the_queue = {"jobs"}
    assert "delete from jobs" in inspect.getsource(leases)
    assert {row["table_name"] for row in rows} == set(retention._EXPIRED) | by_the_queue
