"""What the program's roles may do in the database, tried as somebody would who speaks as one of them."""

import asyncpg
import pytest

from hub.cases.projection import CaseProjection
from hub.obligations.projection import ObligationProjection
from hub.storage.database import Database
from tests.support.records import ANA, IVO, case, make_subject, make_town, obligation, source

DENIED = (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)


@pytest.fixture
async def people(worker: Database, tmp_path):
    """Ana and Ivo in each of two towns, each with an obligation and a case."""
    people = {}
    for city_id in (1, 2):
        _, keys = await make_town(worker, tmp_path, city_id)
        people[city_id] = [await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)]
        async with worker.town(city_id) as connection:
            told = source(city_id)
            await ObligationProjection().apply(connection, keys, told, [obligation("a", ANA), obligation("b", IVO)])
            await CaseProjection().apply(connection, keys, source(city_id, feed="cases"), [case("a", ANA)])
    return people


FORBIDDEN = [
    "create table mine (x int)",
    "create temporary table mine (x int)",
    "create view mine as select 1",
    "create function mine() returns int language sql as 'select 1'",
    "create function pg_temp.mine() returns int language sql as 'select 1'",
    "create schema mine",
    "create type mine as (x int)",
    "create sequence mine",
    "create extension pg_trgm",
    "create role mine",
    "create database mine",
    "create publication mine for all tables",
    "alter table obligations disable row level security",
    "alter table obligations no force row level security",
    "drop policy citizen on obligations",
    "create policy mine on obligations using (true)",
    "alter role munihub_app bypassrls",
    "alter system set log_statement = 'all'",
    "set role munihub_owner",
    "set role munihub_worker",
    "set session authorization munihub_owner",
    "set session_replication_role = replica",
    "select munihub_town_wall('obligations')",
    "truncate obligations",
    "delete from messages",
    "update messages set state = 'applied'",
    "update obligations set original = 0",
    "delete from aliases",
    "delete from subjects",
    "update city_keys set wrapped = ''",
    "update retention set keep = interval '0'",
    "update alembic_version set version_num = ''",
    "select * from tombstones",
    "select * from pg_authid",
    "select * from pg_shadow",
    "select * from pg_statistic",
    "select * from pg_largeobject",
    "select * from pg_hba_file_rules",
    "select * from pg_user_mapping",
    "select pg_read_file('postgresql.conf')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "copy obligations to '/tmp/obligations'",
    "copy obligations to program 'cat'",
    "copy obligations from program 'id'",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_switch_wal()",
    "select pg_create_logical_replication_slot('x', 'pgoutput')",
    "load 'auto_explain'",
]


async def test_the_identity_door_is_closed_to_the_others(api: Database, people):
    """What it opens is not to be had by naming a town or a citizen alone."""
    ana = people[1][0]
    for table in ("subject_merges", "identifier_indexes"):
        async with api.town(1) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 0
    async with api.citizen(1, ana) as connection:
        assert await connection.execute("update subjects set merged_into = null, name = 'x'") == "UPDATE 0"
        assert await connection.fetchval("select count(*) from identifier_indexes") == 0
    async with api.identity(1) as connection:
        assert await connection.fetchval("select count(*) from identifier_indexes") > 0
        for table in ("obligations", "cases", "messages", "parties", "dead_letters"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table


async def test_what_the_api_may_not(api: Database, people):
    for statement in FORBIDDEN:
        try:
            await api.pool.execute(statement)
        except DENIED:
            continue
        raise AssertionError(statement)


async def test_the_worker_may_not_change_what_the_tables_are(worker: Database, people):
    for statement in (
        "create table mine (x int)",
        "create temporary table mine (x int)",
        "alter table obligations no force row level security",
        "drop table obligations",
        "truncate obligations",
        "set role munihub_owner",
        "select * from pg_authid",
        "select pg_read_file('postgresql.conf')",
        "copy obligations to program 'cat'",
        "select munihub_town_wall('obligations')",
        "update retention set keep = interval '0'",
    ):
        with pytest.raises(DENIED):
            await worker.pool.execute(statement)


async def test_who_may_call_the_function_that_drops_tables(api: Database, worker: Database):
    assert await worker.pool.fetchval("select munihub_keep_partitions(now())") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.pool.fetchval("select munihub_keep_partitions('3000-01-01')")


async def test_functions_with_their_owners_rights_are_few_and_fixed(worker: Database):
    """Whoever may call one must not choose what its names mean, and not everybody may call one."""
    rows = await worker.pool.fetch(
        """select p.proname, p.proconfig, p.proacl is null or exists (
                      select from aclexplode(p.proacl) a where a.grantee = 0) as everybodys
           from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef"""
    )
    assert {row["proname"] for row in rows} >= {"munihub_keep_partitions"}
    for row in rows:
        (path,) = [one for one in row["proconfig"] or () if one.startswith("search_path=")]
        assert path.endswith("pg_temp"), f"{row['proname']}: temporary objects are looked for last"
        assert not row["everybodys"], row["proname"]


async def test_nothing_is_granted_to_everybody(worker: Database):
    assert (
        await worker.pool.fetch(
            """select c.relname, a.privilege_type from pg_class c, aclexplode(c.relacl) a
           where c.relnamespace = 'public'::regnamespace and a.grantee = 0"""
        )
        == []
    )
    assert await worker.pool.fetchrow(
        """select has_schema_privilege('munihub_app', 'public', 'create') as creates,
                  has_database_privilege('munihub_app', current_database(), 'temporary') as temporary,
                  pg_has_role('munihub_app', 'munihub_worker', 'member') or pg_has_role('munihub_app', 'munihub_owner', 'member')
                  or pg_has_role('munihub_worker', 'munihub_owner', 'member') as member"""
    ) == (False, False, False)


THROUGH_THE_IDENTITY_DOOR = (
    "subjects", "identifiers", "identifier_indexes", "aliases", "subject_merges", "logins",
    "login_transactions", "login_once", "login_attempts", "eid_drift", "claims", "sessions", "session_eids",
    "logouts", "password_accounts", "password_issues", "password_steps", "password_throttles",
    "known_browsers", "recovery_codes", "second_factors", "passkey_challenges", "grants",
    "authorization_requests", "authorization_codes", "refresh_tokens", "signing_keys", "staff", "staff_roles",
    "mandates", "erasure_requests",
)  # fmt: skip
"""What a login may write; the door sees no record of anybody (migration 0004)."""


async def test_what_the_api_may_write_is_this(urls):
    """The whole list: a grant that comes with a new table is a decision and belongs here."""
    owner = await asyncpg.connect(urls.owner)
    rows = await owner.fetch(
        """select table_name, privilege_type, array_agg(column_name::text order by column_name) as columns
           from information_schema.column_privileges
           where grantee = 'munihub_app' and table_schema = 'public' and privilege_type <> 'SELECT' group by 1, 2"""
    )
    await owner.close()
    written = {(row["table_name"], row["privilege_type"]): row["columns"] for row in rows}
    both = {(name, privilege) for name in THROUGH_THE_IDENTITY_DOOR for privilege in ("INSERT", "UPDATE")}
    assert set(written) == both | {
        ("access_log", "INSERT"),
        ("access_pseudonyms", "INSERT"),
        ("alerts", "INSERT"),
        ("alerts", "UPDATE"),
        ("blobs", "INSERT"),
        ("blobs", "UPDATE"),
        ("allocations", "INSERT"),
        ("captures", "INSERT"),
        ("captures", "UPDATE"),
        ("charge_items", "INSERT"),
        ("chargebacks", "INSERT"),
        ("chargebacks", "UPDATE"),
        ("charges", "INSERT"),
        ("charges", "UPDATE"),
        ("contact_changes", "INSERT"),
        ("contact_details", "INSERT"),
        ("contact_details", "UPDATE"),
        ("dead_letter_edits", "INSERT"),
        ("dead_letters", "INSERT"),
        ("dead_letters", "UPDATE"),
        ("deliveries", "INSERT"),
        ("deliveries", "UPDATE"),
        ("deliveries_journal", "INSERT"),
        ("delivery_receipts", "INSERT"),
        ("delivery_values", "INSERT"),
        ("delivery_values", "UPDATE"),
        ("gateway_attempts", "INSERT"),
        ("gateway_attempts", "UPDATE"),
        ("gateway_differences", "UPDATE"),
        ("gateway_journal", "INSERT"),
        ("gateway_messages", "INSERT"),
        ("idempotency_keys", "INSERT"),
        ("jobs", "INSERT"),
        ("jobs", "UPDATE"),
        ("ledger_entries", "INSERT"),
        ("ledger_lines", "INSERT"),
        ("matter_events", "INSERT"),
        ("matter_offices", "INSERT"),
        ("matters", "INSERT"),
        ("message_keys", "INSERT"),
        ("messages", "INSERT"),
        ("paid_here", "INSERT"),
        ("paid_here", "UPDATE"),
        ("payment_events", "INSERT"),
        ("payments", "INSERT"),
        ("payments", "UPDATE"),
        ("postings", "INSERT"),
        ("refunds", "INSERT"),
        ("refunds", "UPDATE"),
        ("push_file_chunks", "INSERT"),
        ("push_files", "INSERT"),
        ("push_files", "UPDATE"),
        ("push_once", "INSERT"),
        ("push_once", "UPDATE"),
        ("webhook_changes", "INSERT"),
        ("webhook_clients", "UPDATE"),
        ("webhook_messages", "UPDATE"),
        ("push_refusals", "INSERT"),
        ("push_refusals", "UPDATE"),
        ("push_usage", "INSERT"),
        ("push_usage", "UPDATE"),
        ("replay_items", "INSERT"),
        ("replays", "INSERT"),
        ("requests", "INSERT"),
        ("matches", "INSERT"),
        ("statement_entries", "INSERT"),
        ("statement_entries", "UPDATE"),
        ("statement_file_chunks", "INSERT"),
        ("statement_files", "INSERT"),
        ("statement_files", "UPDATE"),
        ("statement_decisions", "INSERT"),
        ("statements", "INSERT"),
        ("statements", "UPDATE"),
        ("submissions", "INSERT"),
    }
    # Of money states alone: what came and what became of it is in the ledger, which nobody changes.
    assert written["charges", "UPDATE"] == ["attempt", "closed", "state", "state_at"]
    assert written["captures", "UPDATE"] == ["lost", "taken_back_at"]
    assert written["refunds", "UPDATE"] == [
        "decided_at", "decided_by", "lost", "reference", "state", "state_at", "word",
    ]  # fmt: skip
    # Which statement counts, and in which one an entry that stays as it is stands.
    assert written["statements", "UPDATE"] == ["corrects", "state"]
    assert written["statement_entries", "UPDATE"] == [
        "kind", "part", "payment_id", "place", "reason", "state", "state_at", "statement_id",
    ]  # fmt: skip
    assert written["jobs", "UPDATE"] == ["attempts", "behind", "failed_at", "priority", "run_at", "state"]


async def test_a_partition_is_no_way_round(api: Database, worker: Database):
    """Walls stand on the table and not on its parts, so nobody may name a part."""
    parts = await worker.pool.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'messages'::regclass"
    )
    assert len(parts) >= 4
    for database in (api, worker):
        for part in parts:
            for statement in ("select * from {}", "insert into {} (city_id) values (1)", "delete from {}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await database.pool.execute(statement.format(part["name"]))


async def test_row_security_cannot_be_put_off(api: Database, people):
    async with api.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.fetch("select * from obligations")


async def test_hidden_rows_are_not_told_by_errors_or_statistics(api: Database, people, urls):
    """A condition that fails on a hidden row would tell that it is there, and statistics would tell its values."""
    owner = await asyncpg.connect(urls.owner)
    await owner.execute("analyze")
    await owner.close()
    assert await api.pool.fetchval("select count(*) from obligations where 1 / (original * 0) = 1") == 0
    assert await api.pool.fetchval("select count(*) from subjects where name::int = 1") == 0
    assert (
        await api.pool.fetch(
            "select attname from pg_stats where schemaname = 'public' and tablename in ('obligations', 'subjects')"
        )
        == []
    )
    async with api.citizen(1, people[1][0]) as connection:
        assert (
            await connection.fetchval("select count(*) from obligations where 10 / (2 + length(source_key) * 0) = 5")
            == 1
        )


async def test_a_town_that_is_none_shows_nothing(api: Database, people):
    for setting in ("x", "1; drop table cities", "1.5", "99999999999", " 1 or true"):
        async with api.pool.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('munihub.city', $1, true)", setting)
            with pytest.raises(asyncpg.DataError):
                await connection.fetch("select * from cities")


async def test_entering_as_nobody(api: Database, people):
    stranger = people[2][0]
    for city, subject in (
        (1, None),
        (None, people[1][0]),
        (None, None),
        (3, people[1][0]),
        (1, stranger),
        (2**31 - 1, stranger),
    ):
        async with api.pool.acquire() as connection, connection.transaction():
            assert await connection.fetchval("select munihub_enter($1, $2)", city, subject) == []
            for table in ("subjects", "aliases", "identifiers", "parties", "obligations", "cases"):
                assert await connection.fetch(f"select * from {table}") == []


async def test_entering_twice_does_not_add_up(api: Database, people):
    ana, ivo = people[1]
    async with api.citizen(1, ana) as connection:
        await connection.execute("select munihub_enter(1, $1)", ivo)
        assert {row["subject_id"] for row in await connection.fetch("select subject_id from subjects")} == {ivo}
        await connection.execute("select munihub_enter(2, $1)", people[2][0])
        assert {row["city_id"] for row in await connection.fetch("select city_id from obligations")} == {2}


SAID = ("munihub.city", "munihub.subjects", "munihub.identifiers")
_SAY_FOR_THE_SESSION = "select set_config(name, current_setting(name), false) from unnest($1::text[]) as name"


async def test_the_role_itself_is_trusted_to_say_for_whom_it_speaks(api: Database, people):
    """The boundary, as migrations/sql/0001 states it: walls hold against a query, not against the program."""
    async with api.citizen(1, people[1][1]) as connection:
        told = [await connection.fetchval("select current_setting($1)", name) for name in SAID]
    async with api.pool.acquire() as connection, connection.transaction():
        for name, value in zip(SAID, told, strict=True):
            assert await connection.fetchval("select count(*) from obligations") == 0
            await connection.execute("select set_config($1, $2, true)", name, value)
        assert await connection.fetchval("select count(*) from obligations") == 1


async def test_what_a_session_says_ends_when_the_connection_is_given_back(api: Database, people):
    """Even where a mistake said it for the session and not for the transaction."""
    async with api.citizen(1, people[1][0]) as connection:
        await connection.execute(_SAY_FOR_THE_SESSION, SAID)
    async with api.pool.acquire() as connection:
        await connection.execute("select munihub_enter(1, $1)", people[1][0])
    async with api.citizen(1, people[1][0]) as connection:
        await connection.execute(_SAY_FOR_THE_SESSION, SAID)
        assert await connection.fetchval("select count(*) from obligations") == 1
    for _ in range(8):
        assert await api.pool.fetchval("select count(*) from obligations") == 0
