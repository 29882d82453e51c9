"""Citizens of Pregrada by the thousand or the million, written straight into the tables.

What the hub itself would store: identifiers are valid OIBs, encrypted and indexed with the town's own keys; ids are
UUIDs of version 7; every reference between tables holds. One wave of assessments is written for everybody before the
next, as a town sends them, so that the rows of one citizen lie apart. Bodies of messages that came in earlier are
random bytes: nobody opens them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from hub.kernel.ids import new_uuid
from hub.storage.vault import TownKeys

SCHEME = "hr.oib"
_AT_ONCE = 50_000

# Ids are computed, so that the rows of several tables about one thing can be written one table after the other.
_PREPARE = """
    create unlogged table bench_people (n integer, identifier_id uuid, subject_id uuid);
    create function bench_id(head text, digest text) returns uuid language sql immutable
        return (head || '7' || substr(digest, 1, 3) || 'b' || substr(digest, 4, 15))::uuid;
    create function bench_head(at timestamptz) returns text language sql immutable
        return lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0');
"""

_SUBJECTS = """
    insert into subjects (city_id, subject_id, kind, name)
    select $1, subject_id, 'person', (array['Ana','Ivo','Željka','Đuro','Marija','Stjepan'])[1 + n % 6] || ' '
           || (array['Horvat','Šćrbačić','Kovačić','Krklec','Galović','Žnidarec','Bezjak'])[1 + n % 7] || ' ' || n
    from bench_people
"""

_ALIASES = """
    insert into aliases (city_id, alias_id, identifier_id, subject_id, proof, source, proven_at)
    select $1, bench_id(bench_head(now()), md5('alias ' || n)), identifier_id, subject_id, 'eid', 'nias', now()
    from bench_people
"""

# Of eight waves one is paid; the first are overdue; every third is the utility's.
_OBLIGATIONS = """
    insert into obligations (
        city_id, obligation_id, back_office, feed, source_key, version, digest, as_of, changed_at, kind, title, payee,
        department, year, issued_on, due_on, currency, original, outstanding, reference, document_number, message,
        caught_up_to)
    select $1, bench_id(head, digest), 'financije', 'obligations', '2026-' || wave || '-' || lpad(n::text, 8, '0'),
           1760000000000000 + n, decode(digest, 'hex'), read_at, read_at,
           case when wave % 3 = 0 then 'invoice' else 'fee' end,
           jsonb_build_object('hr', 'Komunalna naknada, ' || wave || '. rata 2026.'),
           case when wave % 3 = 0 then 'niskogradnja' else 'grad' end, 'financije', 2026, current_date - 40,
           current_date + 10 * wave - 15, 'EUR', owed, case when wave % 8 = 7 then 0 else owed end,
           jsonb_build_array(jsonb_build_object('scheme', 'hr.poziv_na_broj',
                                                'value', 'HR68 5720-' || lpad(n::text, 8, '0') || '-' || wave)),
           'R-' || wave || '/' || n, 'Komunalna naknada ' || n, read_at
    from bench_people, lateral (
        select $2::integer as wave, bench_head($3) as head, md5('obligation ' || $2 || ' ' || n) as digest,
               now() - interval '5 minutes' as read_at, 1000 + (n::bigint * 7919 + $2 * 104729) % 40000 as owed) made
"""

_CASES = """
    insert into cases (
        city_id, case_id, back_office, feed, source_key, version, digest, as_of, changed_at, title, kind, status,
        office_status, number, department, opened_on, due_on, source_changed_at, events)
    select $1, bench_id(head, digest), 'urudzbeni', 'cases', '2026-' || wave || '-' || lpad(n::text, 8, '0'),
           1760000000000000 + n, decode(digest, 'hex'), read_at, read_at,
           jsonb_build_object('hr', 'Zahtjev za priključenje na vodovod ' || n), 'Upravni postupak',
           (array['waiting_for_office', 'needs_you', 'closed'])[1 + wave % 3], '{"hr": "U obradi"}',
           jsonb_build_array(jsonb_build_object('scheme', 'hr.klasa', 'value', 'UP/I-363-01/26-01/' || n),
                             jsonb_build_object('scheme', 'hr.urbroj', 'value', '2140-5-26-' || n)),
           'komunalno', current_date - 30, current_date + 30, now() - make_interval(days => wave),
           '[{"at": "2026-10-20T08:15:00+02:00", "text": {"hr": "Zahtjev je zaprimljen"}, "status": "waiting_for_office"}]'
    from bench_people, lateral (
        select $2::integer as wave, bench_head($3) as head, md5('case ' || $2 || ' ' || n) as digest,
               now() - interval '5 minutes' as read_at) made
"""

_PARTIES = """
    insert into parties (city_id, identifier_id, noun, record_id, role)
    select $1, identifier_id, $4, bench_id(bench_head($3), md5($4 || ' ' || $2::integer || ' ' || n)),
           case $4 when 'case' then 'applicant' else 'debtor' end
    from bench_people
"""

_FEED_STATES = """
    insert into feed_states (city_id, back_office, feed, identifier_id, attempted_at, read_at, complete_at,
                             caught_up_to, records)
    select $1, office, feed, identifier_id, at, at, at, at, 10
    from bench_people, (values ('financije', 'obligations'), ('urudzbeni', 'cases')) as f(office, feed),
         (select now() - interval '5 minutes' as at) as read
"""

_KEYS = """
    insert into message_keys (city_id, back_office, external_id, message_id, received_at)
    select $1, 'financije', '/financije earlier-' || n, bench_id(bench_head(now()), md5('message ' || n)), now()
    from bench_people
"""
_MESSAGES = """
    insert into messages (city_id, message_id, received_at, back_office, external_id, media_type, body, state, outcome,
                          settled_at)
    select $1, bench_id(bench_head(now()), md5('message ' || n)), now(), 'financije', '/financije earlier-' || n,
           'application/cloudevents+json', decode(repeat(md5(n::text), 40), 'hex'), 'applied', 'applied', now()
    from bench_people
"""

_FILLED = [
    "subjects", "identifiers", "identifier_indexes", "aliases", "obligations", "cases", "parties", "feed_states",
    "message_keys", "messages",
]  # fmt: skip


async def populate(
    superuser_url: str, keys: TownKeys, citizens: int, *, obligations: int, cases: int, messages: bool = False
) -> list[UUID]:
    """Make `citizens` with so many obligations and cases each (and one earlier message); returns the subjects."""
    connection = await asyncpg.connect(superuser_url, command_timeout=3600)
    try:
        # Nothing is lost if the power fails now; and without this a checkpoint would follow the other.
        await connection.execute("set synchronous_commit = off; set maintenance_work_mem = '512MB'")
        await connection.execute("alter system set max_wal_size = '8GB'")
        await connection.execute("select pg_reload_conf()")
        await connection.execute(_PREPARE)
        restore = await _strip(connection)
        subjects: list[UUID] = []
        for start in range(0, citizens, _AT_ONCE):
            people = [(n, new_uuid(), new_uuid()) for n in range(start, min(start + _AT_ONCE, citizens))]
            await _add_people(connection, keys, people)
            subjects += [subject_id for _, _, subject_id in people]
        for statement in (_SUBJECTS, _ALIASES, _FEED_STATES):
            await connection.execute(statement, keys.city_id)
        now = datetime.now(UTC)
        for noun, statement, waves in (("obligation", _OBLIGATIONS, obligations), ("case", _CASES, cases)):
            for wave in range(waves):
                at = now - timedelta(days=30 * (waves - wave))
                await connection.execute(statement, keys.city_id, wave, at)
                await connection.execute(_PARTIES, keys.city_id, wave, at, noun)
        for statement in (_KEYS, _MESSAGES) if messages else ():
            await connection.execute(statement, keys.city_id)
        for statement in restore:
            await connection.execute(statement)
        await connection.execute(
            "drop table bench_people; drop function bench_id(text, text); drop function bench_head(timestamptz)"
        )
        await connection.execute("vacuum (analyze)")
        await connection.execute("alter system reset max_wal_size")
        await connection.execute("select pg_reload_conf()")
        await connection.execute("checkpoint")
        return subjects
    finally:
        await connection.close()


async def _strip(connection: Any) -> list[str]:
    """Take indexes and keys off the tables, since a million rows are indexed faster afterwards; how to put them back.

    Foreign keys come back for new rows only: the rows made here refer to each other by construction.
    """
    constraints = await connection.fetch(
        """select conname, conrelid::regclass::text as owner, pg_get_constraintdef(oid) as definition, contype = 'f' as refers
           from pg_constraint where contype in ('p', 'u', 'f') and conparentid = 0
             and (conrelid = any($1::regclass[]) or confrelid = any($1::regclass[]))
           order by contype = 'f' desc""",
        _FILLED,
    )
    indexes = await connection.fetch(
        """select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
           where indrelid = any($1::regclass[])
             and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))""",
        _FILLED,
    )
    for one in constraints:
        await connection.execute(f"alter table {one['owner']} drop constraint {one['conname']}")
    for one in indexes:
        await connection.execute(f"drop index {one['name']}")
    back = [
        f"alter table {one['owner']} add constraint {one['conname']} {one['definition']}"
        + (" not valid" if one["refers"] else "")
        for one in reversed(constraints)
    ]
    # PostgreSQL describes the index of a partitioned table as one of that table ONLY: its partitions need theirs too.
    return [*back, *(one["definition"].replace(" ON ONLY ", " ON ") for one in indexes)]


async def _add_people(connection: Any, keys: TownKeys, people: list[tuple[int, UUID, UUID]]) -> None:
    values = [oib(n) for n, _, _ in people]
    await connection.copy_records_to_table("bench_people", records=people)
    await connection.copy_records_to_table(
        "identifiers",
        records=_identifiers(keys, people, values),
        columns=["city_id", "identifier_id", "scheme", "value"],
    )
    await connection.copy_records_to_table(
        "identifier_indexes",
        records=_indexes(keys, people, values),
        columns=["city_id", "scheme", "key_id", "blind_index", "identifier_id"],
    )


def oib(number: int) -> str:
    """The `number`th OIB: ten digits and their check digit (ISO 7064, MOD 11,10)."""
    digits = f"{1_000_000_000 + number:010}"
    check = 10
    for digit in digits:
        check = (check + int(digit)) % 10 or 10
        check = check * 2 % 11
    return f"{digits}{(11 - check) % 10}"


def _identifiers(
    keys: TownKeys, people: list[tuple[int, UUID, UUID]], values: list[str]
) -> Iterator[tuple[int, UUID, str, bytes]]:
    for (_, identifier_id, _), value in zip(people, values, strict=True):
        sealed = keys.encrypt("identifiers", "value", str(identifier_id), value.encode())
        yield keys.city_id, identifier_id, SCHEME, sealed


def _indexes(
    keys: TownKeys, people: list[tuple[int, UUID, UUID]], values: list[str]
) -> Iterator[tuple[int, str, int, bytes, UUID]]:
    for (_, identifier_id, _), value in zip(people, values, strict=True):
        for key_id, index in keys.blind_indexes(SCHEME, value):
            yield keys.city_id, SCHEME, key_id, index, identifier_id
