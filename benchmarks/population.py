"""Citizens of Pregrada by the thousand or the million, written straight into the tables.

What the hub itself would store: identifiers are valid OIBs, encrypted and indexed with the town's own keys; ids are
UUIDs of version 7; every reference between tables holds. One wave of assessments is written for everybody before the
next, as a town sends them, so that the rows of one citizen lie apart. Bodies of messages that came in earlier are
random bytes: nobody opens them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import asyncpg

from hub.kernel.ids import new_uuid
from hub.storage.vault import TownKeys

SCHEME = "hr.oib"
_AT_ONCE = 50_000

_PREPARE = """
    create unlogged table bench_people (n integer, identifier_id uuid, subject_id uuid);
    create function bench_id(at timestamptz) returns uuid language sql volatile as $$
        select overlay(overlay(lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
                               || md5(random()::text)::char(20) placing '7' from 13) placing 'b' from 17)::uuid
    $$;
"""

_SUBJECTS = """
    insert into subjects (city_id, subject_id, kind, name)
    select $1, subject_id, 'person', (array['Ana','Ivo','Željka','Đuro','Marija','Stjepan'])[1 + n % 6] || ' '
           || (array['Horvat','Šćrbačić','Kovačić','Krklec','Galović','Žnidarec','Bezjak'])[1 + n % 7] || ' ' || n
    from bench_people order by n
"""

_ALIASES = """
    insert into aliases (city_id, alias_id, identifier_id, subject_id, proof, source, proven_at)
    select $1, bench_id(now()), identifier_id, subject_id, 'eid', 'nias', now() from bench_people order by n
"""

# Of eight waves one is paid and one overdue; every third is the utility's.
_OBLIGATIONS = """
    with fresh as (
        insert into obligations (
            city_id, obligation_id, back_office, feed, source_key, version, digest, as_of, changed_at, kind, title,
            payee, department, year, issued_on, due_on, currency, original, outstanding, interest, reference,
            document_number, message, caught_up_to)
        select $1, bench_id(now() - make_interval(months => 24 - $2)), 'financije', 'obligations',
               '2026-' || $2 || '-' || lpad(n::text, 8, '0'), 1760000000000000 + n, decode(md5(n || ' ' || $2), 'hex'),
               now() - interval '5 minutes', now() - interval '5 minutes',
               case when $2 % 3 = 0 then 'invoice' else 'fee' end,
               jsonb_build_object('hr', 'Komunalna naknada, ' || $2 || '. rata 2026.'),
               case when $2 % 3 = 0 then 'niskogradnja' else 'grad' end, 'financije', 2026,
               current_date - 40, current_date + 10 * $2 - 15, 'EUR', 1000 + (n * 7919 + $2 * 104729) % 40000,
               case when $2 % 8 = 7 then 0 else 1000 + (n * 7919 + $2 * 104729) % 40000 end, null,
               jsonb_build_array(jsonb_build_object('scheme', 'hr.poziv_na_broj',
                                                    'value', 'HR68 5720-' || lpad(n::text, 8, '0') || '-' || $2)),
               'R-' || $2 || '/' || n, 'Komunalna naknada ' || n, now() - interval '5 minutes'
        from bench_people order by n
        returning obligation_id, substr(source_key, length(source_key) - 7)::integer as n)
    insert into parties (city_id, identifier_id, noun, record_id, role)
    select $1, identifier_id, 'obligation', obligation_id, 'debtor' from fresh join bench_people using (n)
"""

_CASES = """
    with fresh as (
        insert into cases (
            city_id, case_id, back_office, feed, source_key, version, digest, as_of, changed_at, title, kind, status,
            office_status, number, department, opened_on, due_on, source_changed_at, events)
        select $1, bench_id(now() - make_interval(months => 6 - $2)), 'urudzbeni', 'cases',
               '2026-' || $2 || '-' || lpad(n::text, 8, '0'), 1760000000000000 + n, decode(md5(n || ' ' || $2), 'hex'),
               now() - interval '5 minutes', now() - interval '5 minutes',
               jsonb_build_object('hr', 'Zahtjev za priključenje na vodovod ' || n), 'Upravni postupak',
               (array['waiting_for_office', 'needs_you', 'closed'])[1 + $2 % 3],
               jsonb_build_object('hr', 'U obradi'),
               jsonb_build_array(jsonb_build_object('scheme', 'hr.klasa', 'value', 'UP/I-363-01/26-01/' || n),
                                 jsonb_build_object('scheme', 'hr.urbroj', 'value', '2140-5-26-' || n)),
               'komunalno', current_date - 30, current_date + 30, now() - make_interval(days => $2),
               jsonb_build_array(jsonb_build_object('at', '2026-10-20T08:15:00+02:00', 'text',
                   jsonb_build_object('hr', 'Zahtjev je zaprimljen'), 'status', 'waiting_for_office'))
        from bench_people order by n
        returning case_id, substr(source_key, length(source_key) - 7)::integer as n)
    insert into parties (city_id, identifier_id, noun, record_id, role)
    select $1, identifier_id, 'case', case_id, 'applicant' from fresh join bench_people using (n)
"""

_FEED_STATES = """
    insert into feed_states (city_id, back_office, feed, identifier_id, attempted_at, read_at, complete_at,
                             caught_up_to, records)
    select $1, office, feed, identifier_id, at, at, at, at, 10
    from bench_people, (values ('financije', 'obligations'), ('urudzbeni', 'cases')) as f(office, feed),
         (select now() - interval '5 minutes' as at) as read order by n
"""

_MESSAGES = """
    with sent as (
        select bench_id(now()) as message_id, n from bench_people order by n),
    kept as (
        insert into message_keys (city_id, back_office, external_id, message_id, received_at)
        select $1, 'financije', '/financije earlier-' || n, message_id, now() from sent)
    insert into messages (city_id, message_id, received_at, back_office, external_id, media_type, body, state, outcome,
                          settled_at)
    select $1, message_id, now(), 'financije', '/financije earlier-' || n, 'application/cloudevents+json',
           decode(repeat(md5(n::text), 40), 'hex'), 'applied', 'applied', now() from sent
"""


async def populate(
    superuser_url: str, keys: TownKeys, citizens: int, *, obligations: int, cases: int, messages: bool = False
) -> list[UUID]:
    """Make `citizens` with so many obligations and cases each (and one earlier message); returns the subjects."""
    connection = await asyncpg.connect(superuser_url, command_timeout=3600)
    try:
        # The rows refer to each other by construction; and nothing is lost if the power fails now.
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        await connection.execute(_PREPARE)
        subjects: list[UUID] = []
        for start in range(0, citizens, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, citizens))
            people = [(n, new_uuid(), new_uuid()) for n in numbers]
            values = [oib(n) for n in numbers]
            await connection.copy_records_to_table("bench_people", records=people)
            await connection.copy_records_to_table(
                "identifiers", records=_identifiers(keys, people, values),
                columns=["city_id", "identifier_id", "scheme", "value"],
            )
            await connection.copy_records_to_table(
                "identifier_indexes", records=_indexes(keys, people, values),
                columns=["city_id", "scheme", "key_id", "blind_index", "identifier_id"],
            )
            subjects += [subject_id for _, _, subject_id in people]
        await connection.execute("analyze bench_people")
        for statement in (_SUBJECTS, _ALIASES, _FEED_STATES):
            await connection.execute(statement, keys.city_id)
        for wave in range(obligations):
            await connection.execute(_OBLIGATIONS, keys.city_id, wave)
        for wave in range(cases):
            await connection.execute(_CASES, keys.city_id, wave)
        if messages:
            await connection.execute(_MESSAGES, keys.city_id)
        await connection.execute("drop table bench_people; drop function bench_id")
        await connection.execute("vacuum (analyze)")
        await connection.execute("checkpoint")
        return subjects
    finally:
        await connection.close()


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
