"""Appending to the access log and reading it, behind the walls."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub.access_log.model import Actor, ActorKind
from hub.access_log.service import listed, record
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.storage.database import Database
from hub.subjects import service as subjects
from tests.support.records import ANA, IVO, make_subject, make_town

CLERK = Actor(ActorKind.STAFF, new_uuid(), "clerk", "financije")


@pytest.fixture
async def people(worker: Database, tmp_path):
    """Ana and Ivo in each of two towns."""
    people = {}
    for city_id in (1, 2):
        _, keys = await make_town(worker, tmp_path, city_id)
        people[city_id] = [await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)]
    return people


async def look(database, clock, subject_id, *, city_id=1, actor=CLERK, why="KLASA 1", what="read_account") -> None:
    async with database.town(city_id) as connection:
        await record(connection, actor=actor, subject_id=subject_id, what=what, why=why, at=clock.now())


async def test_what_is_recorded_is_what_the_citizen_reads(api: Database, people, clock):
    ana, ivo = people[1]
    await look(api, clock, ana)
    clock.move(timedelta(minutes=1))
    await look(api, clock, ivo)
    async with api.citizen(1, ana) as connection:
        (entry,) = await listed(connection, ana, None, 10)
    assert (entry.at, entry.subject_id) == (clock.now() - timedelta(minutes=1), ana)
    assert (entry.actor_kind, entry.actor, entry.role, entry.department) == (
        "staff",
        public_id("stf", CLERK.id),
        "clerk",
        "financije",
    )
    assert (entry.what, entry.why) == ("read_account", "KLASA 1")


async def test_the_log_names_no_subject(api: Database, owner, people, clock):
    ana, ivo = people[1]
    await look(api, clock, ana, actor=Actor(ActorKind.SUBJECT, ivo), why="man_1")
    await owner.execute("alter table access_log no force row level security")
    row = await owner.fetchrow("select * from access_log")
    assert {ana, ivo}.isdisjoint(row.values())
    assert {str(ana), str(ivo)}.isdisjoint(row.values())
    assert row["actor"] != str(row["subject"])
    UUID(row["actor"])


async def test_one_pseudonym_for_one_subject_in_one_town(api: Database, people, clock):
    ana, ivo = people[1]
    for subject in (ana, ana, ivo):
        await look(api, clock, subject)
    await look(api, clock, ivo, actor=Actor(ActorKind.SUBJECT, ana))
    await look(api, clock, people[2][0], city_id=2)
    async with api.audit(1) as connection:
        entries = await listed(connection, None, None, 10)
    assert len(entries) == 4
    assert len({entry.subject for entry in entries}) == 2
    (acting,) = (entry for entry in entries if entry.actor_kind is ActorKind.SUBJECT)
    assert (acting.subject_id, acting.actor_id) == (ivo, ana)


async def test_a_citizen_does_not_learn_who_acts_for_her_but_that_somebody_did(api: Database, people, clock):
    ana, ivo = people[1]
    await look(api, clock, ana, actor=Actor(ActorKind.SUBJECT, ivo), why="man_1")
    async with api.citizen(1, ana) as connection:
        (entry,) = await listed(connection, ana, None, 10)
    assert (entry.actor_kind, entry.actor_id, entry.why) == ("subject", None, "man_1")


async def test_recording_in_a_citizens_walls(api: Database, people, clock):
    """As when Ivo reads Ana's account by a mandate: the connection sees her alone, and both get their pseudonym."""
    ana, ivo = people[1]
    async with api.citizen(1, ana) as connection:
        await record(
            connection,
            actor=Actor(ActorKind.SUBJECT, ivo),
            subject_id=ana,
            what="read_account",
            why="man_1",
            at=clock.now(),
        )
        assert await connection.fetchval("select count(*) from access_pseudonyms") == 1
    async with api.audit(1) as connection:
        (entry,) = await listed(connection, ana, None, 10)
    assert entry.actor_id == ivo


async def test_no_walls_of_others(api: Database, people, clock):
    """A citizen sees the rows about her, whatever the query forgets; a town not those of another; a job none at all."""
    for city_id in (1, 2):
        for subject in people[city_id]:
            await look(api, clock, subject, city_id=city_id)
    for table, of_hers in (("access_log", 1), ("access_pseudonyms", 1), ("access_seals", 0)):
        assert await api.pool.fetch(f"select * from {table}") == []
        async with api.citizen(1, people[1][0]) as connection:
            assert len(await connection.fetch(f"select * from {table}")) == of_hers, table
        for door in (api.town, api.identity):
            async with door(1) as connection:
                assert await connection.fetch(f"select * from {table}") == [], table
    async with api.audit(1) as connection:
        assert len(await listed(connection, None, None, 10)) == 2
        assert await listed(connection, people[2][0], None, 10) == []
        for table in ("subjects", "identifiers", "obligations", "erasure_requests"):
            assert await connection.fetch(f"select * from {table}") == [], table


async def test_somebody_merged_sees_what_was_read_of_both(api: Database, worker: Database, people, clock):
    ana, ivo = people[1]
    await look(api, clock, ana, why="first")
    clock.move(timedelta(seconds=1))
    await look(api, clock, ivo, why="second")
    async with worker.town(1) as connection:
        merge = await subjects.merge(connection, 1, ivo, ana, reason="r", actor="a", now=clock.now())
    for who in (ana, ivo):
        async with api.citizen(1, who) as connection:
            assert [entry.why for entry in await listed(connection, who, None, 10)] == ["second", "first"]
    async with worker.town(1) as connection:
        await subjects.undo_merge(connection, 1, merge, why="w", now=clock.now())
    async with api.citizen(1, ivo) as connection:
        assert [entry.why for entry in await listed(connection, ivo, None, 10)] == ["second"]


async def test_pages(api: Database, people, clock):
    ana = people[1][0]
    for number in range(5):
        await look(api, clock, ana, why=f"{number}")
        if number % 2:
            clock.move(timedelta(seconds=1))
    seen, after = [], None
    async with api.citizen(1, ana) as connection:
        while page := await listed(connection, ana, after, 2):
            seen += [entry.why for entry in page]
            after = (page[-1].at, page[-1].entry_id)
    assert seen == ["4", "3", "2", "1", "0"]


async def test_by_actor(api: Database, people, clock):
    await look(api, clock, people[1][0])
    await look(api, clock, people[1][1], actor=Actor(ActorKind.PROGRAM, "root", "munihub personal-data export"))
    async with api.audit(1) as connection:
        (entry,) = await listed(connection, None, None, 10, actor="root")
    assert (entry.actor_kind, entry.role, entry.subject_id) == ("program", "munihub personal-data export", people[1][1])


async def test_a_read_that_is_taken_back_leaves_no_row(api: Database, people, clock):
    async def read_and_fail() -> None:
        async with api.town(1) as connection:
            await record(connection, actor=CLERK, subject_id=people[1][0], what="read", why="w", at=clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await read_and_fail()
    async with api.audit(1) as connection:
        assert await listed(connection, None, None, 10) == []


async def test_nobody_of_another_town_and_nothing_empty(api: Database, people, clock):
    for subject in (people[2][0], uuid4()):
        with pytest.raises(NotFound):
            await look(api, clock, subject)
    for wrong in ({"what": ""}, {"why": ""}):
        with pytest.raises(asyncpg.CheckViolationError):
            await look(api, clock, people[1][0], **wrong)
    async with api.pool.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError):
            await record(connection, actor=CLERK, subject_id=None, what="x", why="y", at=clock.now())
    # What nobody could be recognised in is recorded all the same.
    await look(api, clock, None, why="x" * 600)
    async with api.audit(1) as connection:
        (entry,) = await listed(connection, None, None, 10)
    assert (entry.subject_id, entry.why) == (None, "x" * 500)


@pytest.mark.parametrize("table", ["access_log", "access_seals"])
async def test_append_only(api: Database, worker: Database, people, clock, table):
    await look(api, clock, people[1][0])
    doors = (
        lambda: api.town(1),
        lambda: api.audit(1),
        lambda: api.identity(1),
        lambda: api.citizen(1, people[1][0]),
        lambda: worker.town(1),
    )
    for door in doors:
        for statement in (f"update {table} set city_id = 1", f"delete from {table}", f"truncate {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with door() as connection:
                    await connection.execute(statement)
    rows = await worker.pool.fetch(
        """select a.grantee::regrole::text as who, array_agg(a.privilege_type order by 1) as may
           from pg_class c, aclexplode(c.relacl) a
           where c.relname = $1 and a.grantee <> c.relowner group by 1""",
        table,
    )
    of_the_api = ["INSERT", "SELECT"] if table == "access_log" else ["SELECT"]
    assert {row["who"]: sorted(row["may"]) for row in rows} == {
        "munihub_worker": ["INSERT", "SELECT"],
        "munihub_app": of_the_api,
    }


async def test_two_who_meet_somebody_for_the_first_time(api: Database, people, clock):
    """Both record, and under the same pseudonym: the later waits for the earlier."""
    ana = people[1][0]
    async with api.town(1) as first:
        await record(first, actor=CLERK, subject_id=ana, what="a", why="w", at=clock.now())
        second = asyncio.create_task(look(api, clock, ana, what="b"))
        await asyncio.sleep(0.1)
        assert not second.done()
    await second
    async with api.audit(1) as connection:
        entries = await listed(connection, ana, None, 10)
    assert {entry.what for entry in entries} == {"a", "b"}
    assert len({entry.subject for entry in entries}) == 1
