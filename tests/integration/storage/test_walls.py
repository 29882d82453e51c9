"""Invariant 1: a query that forgets its WHERE returns nothing of another town or person."""

import asyncpg
import pytest

from hub.cases.projection import CaseProjection
from hub.kernel.errors import ConfigurationError
from hub.obligations.projection import ObligationProjection
from hub.storage.database import Database
from tests.support.records import ANA, EVA, IVO, case, make_subject, make_town, obligation, source

# What has no town, or is served across towns, and why.
WITHOUT_A_TOWN = {"alembic_version", "retention"}  # the schema's own; classes of tables
ACROSS_TOWNS = {"jobs", "schedules"}  # one queue serves all towns; payloads hold no personal data
CITIZENS_TABLES = [
    "subjects",
    "identifiers",
    "aliases",
    "parties",
    "obligations",
    "instalments",
    "cases",
    "feed_states",
]


@pytest.fixture
async def two_towns(worker: Database, tmp_path):
    """Two towns; in each Ana and Ivo have an obligation and a case, Eva has one that nobody has proven."""
    people = {}
    for city_id in (1, 2):
        _, keys = await make_town(worker, tmp_path, city_id)
        people[city_id] = [await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)]
        async with worker.town(city_id) as connection:
            await ObligationProjection().apply(
                connection,
                keys,
                source(city_id),
                [obligation("a", ANA), obligation("b", IVO), obligation("c", EVA)],
            )
            await CaseProjection().apply(
                connection, keys, source(city_id, feed="cases"), [case("a", ANA), case("b", IVO), case("c", EVA)]
            )
            await connection.execute(
                """insert into feed_states (city_id, back_office, feed, identifier_id, attempted_at)
                   select $1, 'financije', 'obligations', identifier_id, now() from identifiers""",
                city_id,
            )
    return people


async def test_every_table_stands_behind_the_wall_of_its_town(worker: Database):
    rows = await worker.pool.fetch(
        """select c.relname, c.relrowsecurity and c.relforcerowsecurity as walled,
                  (select a.attname from pg_attribute a
                   join pg_index i on i.indrelid = c.oid and i.indisprimary and i.indkey[0] = a.attnum
                   where a.attrelid = c.oid) as leads
           from pg_class c
           where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace"""
    )
    tables = {row["relname"]: row for row in rows}
    assert len(tables) > 15
    for name, row in tables.items():
        if name not in WITHOUT_A_TOWN:
            assert row["walled"], f"{name} has no forced row-level security"
            assert row["leads"] == "city_id", f"the key of {name} does not begin with the town"


async def test_every_table_has_a_retention_class(worker: Database):
    rows = await worker.pool.fetch(
        """select c.relname from pg_class c left join retention r on r.table_name = c.relname
           where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
             and r.table_name is null"""
    )
    assert [row["relname"] for row in rows] == ["alembic_version"]


async def test_policies_of_the_worker_name_the_town(worker: Database):
    rows = await worker.pool.fetch(
        "select tablename, qual from pg_policies where 'munihub_worker' = any(roles) and qual not like '%city_id%'"
    )
    assert {row["tablename"] for row in rows} == ACROSS_TOWNS


@pytest.mark.parametrize("table", [*CITIZENS_TABLES, "messages", "message_keys", "dead_letters", "city_keys", "cities"])
async def test_a_connection_that_says_nothing_sees_nothing(two_towns, api: Database, worker: Database, table: str):
    assert await api.pool.fetch(f"select * from {table}") == []
    assert await worker.pool.fetch(f"select * from {table}") == []


@pytest.mark.parametrize("table", CITIZENS_TABLES)
async def test_a_job_sees_only_its_town(two_towns, worker: Database, table: str):
    async with worker.town(1) as connection:
        rows = await connection.fetch(f"select distinct city_id from {table}")
    assert [row["city_id"] for row in rows] in ([1], [])
    if table != "instalments":
        assert rows


async def test_a_citizen_sees_only_her_own(two_towns, api: Database):
    ana = two_towns[1][0]
    async with api.citizen(1, ana) as connection:
        counts = {table: await connection.fetchval(f"select count(*) from {table}") for table in CITIZENS_TABLES}
        keys = await connection.fetch("select source_key from obligations union all select source_key from cases")
        names = await connection.fetch("select distinct subject_id, city_id from subjects")
    assert counts == {
        "subjects": 1,
        "identifiers": 1,
        "aliases": 1,
        "parties": 2,
        "obligations": 1,
        "instalments": 0,
        "cases": 1,
        "feed_states": 1,
    }
    assert [row["source_key"] for row in keys] == ["a", "a"]
    assert [tuple(row) for row in names] == [(ana, 1)]


async def test_a_subject_of_another_town_is_nobody_here(two_towns, api: Database):
    stranger = two_towns[2][0]
    async with api.citizen(1, stranger) as connection:
        for table in CITIZENS_TABLES:
            assert await connection.fetch(f"select * from {table}") == []
    assert await api.pool.fetchval("select munihub_account(1, $1, current_date, 10)", stranger) is None


async def test_what_a_transaction_said_is_forgotten_with_it(two_towns, api: Database):
    async with api.citizen(1, two_towns[1][0]) as connection:
        assert await connection.fetchval("select count(*) from obligations") == 1
    for _ in range(8):
        assert await api.pool.fetchval("select count(*) from obligations") == 0


async def test_the_hot_read_leaves_nothing_said(two_towns, api: Database):
    for _ in range(8):
        assert await api.pool.fetchval("select munihub_account(1, $1, current_date, 10)", two_towns[1][0])
        assert await api.pool.fetchval("select count(*) from obligations") == 0


async def test_nobody_writes_into_another_town(two_towns, worker: Database, api: Database):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with worker.town(1) as connection:
            await connection.execute("insert into drift values (2, 'x', 'y', 'z', 'p', 's', now(), now())")
    async with worker.town(1) as connection:
        assert await connection.execute("update obligations set original = 0 where city_id = 2") == "UPDATE 0"
        assert await connection.execute("delete from obligations where city_id = 2") == "DELETE 0"


@pytest.mark.parametrize("statement", ["update obligations set original = 0", "delete from cases", "truncate subjects"])
async def test_the_api_changes_no_projection(two_towns, api: Database, statement: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with api.citizen(1, two_towns[1][0]) as connection:
            await connection.execute(statement)


async def test_the_owner_is_refused(urls):
    with pytest.raises(ConfigurationError, match="can look over the walls"):
        await Database.open(urls.owner)


async def test_a_superuser_is_refused(postgres, urls):
    name = urls.app.partition("?")[0].rpartition("/")[2]
    with pytest.raises(ConfigurationError, match="database prepare"):
        await Database.open(postgres.url("postgres", name))


async def test_even_the_owner_sees_nothing_without_a_role_of_the_program(two_towns, urls):
    connection = await asyncpg.connect(urls.owner)
    try:
        assert await connection.fetchval("select count(*) from obligations") == 0
    finally:
        await connection.close()
