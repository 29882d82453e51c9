"""The walls hold where a service forgets its WHERE: raw selects of every table, at every door.

Two towns with the same two people in each, and rows about both in every noun. Then each table is read whole, as the API's
role, at the door of one of them: whatever comes back may name nobody else and no other town.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from hub.access_log import service as access_log
from hub.access_log.model import Actor, ActorKind
from hub.authorisation import Role
from hub.cases.projection import CaseProjection
from hub.kernel.ids import new_uuid
from hub.mandates import service as mandates
from hub.mandates.model import MandateKind
from hub.obligations.projection import ObligationProjection
from hub.staff import service as staff
from hub.staff.model import Grant
from hub.storage.database import Database
from tests.support.hub import SECRETS
from tests.support.records import ANA, IVO, case, obligation, source

OF_ALL_TOWNS = {"retention", "alembic_version"}
"""Tables without a town, and without anybody."""


SENT = {
    "matters", "matter_offices", "matter_events", "submissions", "requests", "contact_changes", "contact_details", "blobs",
    "idempotency_keys",
}  # fmt: skip
"""What citizens send: hers at her own door, nobody's at any other of the API."""

NOT_A_CITIZENS = {"messages", "message_keys", "dead_letters", "drift", "staff", "staff_roles", "sessions", "logins"}


class Street:
    """Ana and Ivo in two towns, and everything there is about them."""

    def __init__(self) -> None:
        self.people: dict[tuple[int, str], UUID] = {}
        self.traces: dict[UUID, set[str]] = {}

    def others(self, subject_id: UUID) -> set[str]:
        """Every id and word that leads to anybody but her."""
        own = self.traces[subject_id]
        return set().union(*self.traces.values()) - own


@pytest.fixture
async def street(hub) -> Street:
    made = Street()
    for slug, scheme in (("pregrada", "hr_oib"), ("vzorov", "hr_oib")):
        city_id = hub.worker.towns.by_slug[slug].city.id
        for name, oib in (("Ana", ANA), ("Ivo", IVO)):
            subject_id = await hub.subject(slug, f"{name} {slug}", **{scheme: oib})
            made.people[city_id, name] = subject_id
            await _furnish(hub, city_id, subject_id, oib, f"{name}-{slug}")
        await _join(hub, city_id, made.people[city_id, "Ana"])
        await _join(hub, city_id, made.people[city_id, "Ivo"])
        secret = {"pregrada": "pregrada-financije-push", "vzorov": "vzorov-ucetnictvi-push"}[slug]
        await hub.client.post(
            f"/{slug}/push/v1/events",
            content=b"{broken",
            headers={"Authorization": f"Bearer {SECRETS[secret]}", "Content-Type": "application/cloudevents+json"},
        )
        async with hub.worker.database.town(city_id) as connection:
            town = hub.worker.towns.by_slug[slug].city
            await staff.add(connection, town, "Kata", [Grant(Role.CLERK)], by="test", now=hub.clock.now())
            await connection.execute("insert into drift values ($1, 'x', 'y', 'z', 'p', 's', now(), now())", city_id)
    for (city_id, _), subject_id in made.people.items():
        made.traces[subject_id] = await _traces(hub, city_id, subject_id)
    return made


async def _furnish(hub, city_id: int, subject_id: UUID, oib: str, word: str) -> None:
    now = hub.clock.now()
    async with hub.worker.database.town(city_id) as connection:
        keys = await hub.worker.vault.keys(connection, city_id)
        told = source(city_id, payees=frozenset({"grad"}))
        owed = obligation(f"o-{word}", oib, document_number=word)
        await ObligationProjection().apply(connection, keys, told, [owed])
        told = source(city_id, feed="cases", payees=frozenset({"grad"}))
        await CaseProjection().apply(connection, keys, told, [case(f"c-{word}", oib)])
        await connection.execute(
            """insert into feed_states (city_id, back_office, feed, identifier_id, attempted_at)
               select $1, 'financije', 'obligations', identifier_id, now() from aliases
               where city_id = $1 and subject_id = $2 on conflict do nothing""",
            city_id,
            subject_id,
        )
        await _send(connection, keys, city_id, subject_id, word)
        clerk = Actor(ActorKind.STAFF, new_uuid(), role="clerk")
        await access_log.record(connection, actor=clerk, subject_id=subject_id, what="x", why=word, at=now)


async def _send(connection, keys, city_id: int, subject_id: UUID, word: str) -> None:
    """A row of hers in every table of what citizens send; `word` stands where it is readable."""
    matter = new_uuid()
    await connection.execute(
        """insert into matters (city_id, matter_id, noun, kind, subject_id, number, title, language, state, status,
                                opened_at, state_at)
           values ($1, $2, 'submission', 'open_case', $3, $4, $4, 'hr', 'waiting', 'waiting_for_office', now(), now())""",
        city_id, matter, subject_id, word,
    )  # fmt: skip
    await connection.execute(
        """insert into matter_offices (city_id, matter_id, back_office, subject_id, delivery_id, state, since)
           values ($1, $2, 'urudzbeni', $3, $2, 'waiting', now())""",
        city_id, matter, subject_id,
    )  # fmt: skip
    await connection.execute(
        """insert into matter_events (city_id, event_id, matter_id, subject_id, at, who, event, to_state)
           values ($1, $2, $2, $3, now(), 'citizen', 'sent', 'waiting')""",
        city_id, matter, subject_id,
    )  # fmt: skip
    for table, columns in (("submissions", "text"), ("requests", "text, place"), ("contact_changes", "changes")):
        sealed = ", ".join(["''"] * len(columns.split(",")))
        await connection.execute(
            f"insert into {table} (city_id, matter_id, subject_id, {columns}) values ($1, $2, $3, {sealed})",
            city_id, matter, subject_id,
        )  # fmt: skip
    await connection.execute(
        "insert into contact_details values ($1, $2, $3, 'email', '', now())", city_id, matter, subject_id
    )
    await connection.execute(
        """insert into blobs (city_id, blob_id, subject_id, name, media_type, viewable, size, sha256, content, created_at)
           values ($1, $2, $3, $4, 'text/plain', true, 1, '', '', now())""",
        city_id, matter, subject_id, word,
    )  # fmt: skip
    await connection.execute(
        "insert into idempotency_keys values ($1, $2, 'x', $3, $2, '', $4, now())", city_id, subject_id, word, matter
    )


async def _join(hub, city_id: int, holder: UUID) -> None:
    """A child of hers, for whom she may act."""
    now = hub.clock.now()
    slug = {1: "pregrada", 2: "vzorov"}[city_id]
    child = await hub.subject(slug, "Dijete")
    async with hub.worker.database.town(city_id) as connection:
        await mandates.record(
            connection,
            city_id,
            holder,
            child,
            kind=MandateKind.GUARDIANSHIP,
            source="rodni list",
            by="test",
            valid_from=now,
            valid_until=now + timedelta(days=1),
            now=now,
        )


async def _traces(hub, city_id: int, subject_id: UUID) -> set[str]:
    async with hub.worker.database.town(city_id) as connection:
        found = await connection.fetchrow(
            """select array_agg(distinct a.identifier_id) as identifiers, array_agg(distinct p.record_id) as records,
                      (select array_agg(mandate_id) || array_agg(represented_id) from mandates
                       where city_id = $1 and holder_id = $2) as mandates,
                      (select array_agg(pseudonym) from access_pseudonyms where city_id = $1 and subject_id = $2) as names
               from aliases a left join parties p on p.city_id = a.city_id and p.identifier_id = a.identifier_id
               where a.city_id = $1 and a.subject_id = $2""",
            city_id,
            subject_id,
        )
    return {str(subject_id), *(str(one) for some in found.values() for one in some or ())}


async def tables(database: Database) -> list[str]:
    rows = await database.pool.fetch(
        """select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
             and not relispartition and has_table_privilege(oid, 'select')"""
    )
    return sorted({row["relname"] for row in rows} - OF_ALL_TOWNS)


async def whole(connection, table: str) -> list[asyncpg.Record]:
    return await connection.fetch(f"select * from {table}")


def said_in(rows) -> str:
    return " ".join(str(value) for row in rows for value in row.values())


async def test_the_test_has_something_to_hide(hub, street):
    """Each person's traces are there for whoever may see the town, and differ."""
    async with hub.worker.database.town(1) as connection:
        everything = " ".join([said_in(await whole(connection, one)) for one in await tables(hub.worker.database)])
    here = [street.people[1, name] for name in ("Ana", "Ivo")]
    assert all(len(street.traces[one]) >= 7 for one in here)
    assert not street.traces[here[0]] & street.traces[here[1]]
    assert {one for subject in here for one in street.traces[subject] if one not in everything} == set()


async def test_a_citizen_sees_nothing_of_others(hub, street):
    seen = set()
    for name in ("Ana", "Ivo"):
        who = street.people[1, name]
        for table in await tables(hub.hub.database):
            async with hub.hub.database.citizen(1, who) as connection:
                rows = await whole(connection, table)
            text = said_in(rows)
            assert {row["city_id"] for row in rows} <= {1}, table
            assert {one for one in street.others(who) if one in text} == set(), table
            seen |= {table for one in street.traces[who] if one in text}
            if table in NOT_A_CITIZENS:
                assert rows == [], table
    # What is hers is seen: nothing of this holds because there is nothing.
    assert seen >= {"subjects", "aliases", "identifiers", "parties", "obligations", "cases", "feed_states", "mandates"}
    assert seen >= SENT


async def test_a_mandate_shows_the_represented_and_not_the_holder_by_it(hub, street):
    """In the represented's scope the holder is another person like all others."""
    ana = street.people[1, "Ana"]
    async with hub.hub.database.citizen(1, ana) as connection:
        (mandate,) = await mandates.held(connection, ana, hub.clock.now())
    for table in await tables(hub.hub.database):
        async with hub.hub.database.citizen(1, mandate.represented_id) as connection:
            assert str(ana) not in said_in(await whole(connection, table)), table


async def test_the_identity_door_sees_no_record_and_no_other_town(hub, street):
    there = street.traces[street.people[2, "Ana"]] | street.traces[street.people[2, "Ivo"]]
    for table in await tables(hub.hub.database):
        async with hub.hub.database.identity(1) as connection:
            rows = await whole(connection, table)
        assert {row["city_id"] for row in rows} <= {1}, table
        assert {one for one in there if one in said_in(rows)} == set(), table
        if table in {"obligations", "instalments", "cases", "parties", "feed_states", "access_log", *SENT}:
            assert rows == [], table


async def test_an_administrators_door_sees_nobody_and_no_other_town(hub, street):
    everybody = set().union(*street.traces.values())
    for table in await tables(hub.hub.database):
        async with hub.hub.database.town(1) as connection:
            rows = await whole(connection, table)
        assert {row["city_id"] for row in rows} <= {1}, table
        assert {one for one in everybody if one in said_in(rows)} == set(), table


async def test_without_a_door_there_is_nothing(hub, street):
    for table in await tables(hub.hub.database):
        assert await hub.hub.database.pool.fetch(f"select * from {table}") == [], table


async def test_somebody_who_is_not_there_sees_nothing(hub, street):
    for stranger in (new_uuid(), street.people[2, "Ana"]):
        for table in await tables(hub.hub.database):
            async with hub.hub.database.citizen(1, stranger) as connection:
                text = said_in(await whole(connection, table))
            assert {one for some in street.traces.values() for one in some if one in text} == set(), table


async def test_what_a_door_may_not_change_it_does_not_change(hub, street):
    """Updates and deletes that forgot their WHERE, at a citizen's door: refused, or nothing of others is touched."""
    ivo = street.people[1, "Ivo"]
    async with hub.worker.database.town(1) as connection:
        before = {one: said_in(await whole(connection, one)) for one in ("mandates", "subjects", "aliases", "staff")}
    for table in before:
        for statement in (f"update {table} set city_id = city_id", f"delete from {table}"):
            try:
                async with hub.hub.database.citizen(1, ivo) as connection:
                    done = await connection.execute(statement)
            except asyncpg.InsufficientPrivilegeError:
                continue
            assert done.endswith(" 0"), (statement, done)
    async with hub.worker.database.town(1) as connection:
        assert {one: said_in(await whole(connection, one)) for one in before} == before
