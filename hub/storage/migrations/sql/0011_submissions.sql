-- What citizens send to the town: cases they open, answers on cases, problems they report, changes of their contact
-- data, and the files that go with them. The hub owns these; how they reach a back office is delivery's (0010).

-- ── Matters ──────────────────────────────────────────────────────────────────────────────────────
-- The spine every kind has in common. What is peculiar to a kind is in a table of its own; which states there are and
-- what follows upon what is a table in the noun (hub.submissions, hub.requests, hub.contact_details).

create table matters (
    city_id    integer not null references cities,
    matter_id  uuid not null,
    noun       text not null check (noun in ('submission', 'request', 'contact_change')),
    kind       text not null check (kind in ('open_case', 'answer_case', 'problem_report', 'contact_change')),
    subject_id uuid not null,          -- whose it is
    actor_id   uuid,                   -- who sent it, where another one did by a mandate
    number     text not null,          -- what she may write on paper: random, see hub.matters.numbers
    title      text,                   -- her own words; null where the kind says enough
    category   text,                   -- of a reported problem: a key of `problems` in city.yaml
    case_id    uuid,                   -- of an answer: the case it is for
    language   text not null,          -- in which she wrote
    state      text not null check (state in ('waiting', 'sending', 'in_doubt', 'refused', 'registered', 'discarded')),
    status     text not null
        check (status in ('draft', 'waiting_for_office', 'needs_you', 'decided', 'closed', 'withdrawn')),
    opened_at  timestamptz not null,
    state_at   timestamptz not null,
    settled_at timestamptz,            -- nothing is under way any more
    primary key (city_id, matter_id),
    unique (city_id, number),
    foreign key (city_id, subject_id) references subjects
);
create index on matters (city_id, subject_id, opened_at desc, matter_id desc);
create index on matters (city_id, case_id) where case_id is not null;

-- What each back office it is sent to made of it.
create table matter_offices (
    city_id       integer not null,
    matter_id     uuid not null,
    back_office   text not null,
    subject_id    uuid not null,
    delivery_id   uuid not null,
    state         text not null,       -- delivery's word
    since         timestamptz not null,
    number        text,                -- under which the office has it
    source_key    text,                -- by which its feed calls the case that was made of it
    field         text,                -- of what it refused: the field it complained of, where it says so
    primary key (city_id, matter_id, back_office),
    foreign key (city_id, matter_id) references matters on delete cascade
);
create index on matter_offices (city_id, back_office, source_key) where source_key is not null;

-- Append-only.
create table matter_events (
    city_id     integer not null,
    event_id    uuid not null,
    matter_id   uuid not null,
    subject_id  uuid not null,
    at          timestamptz not null,
    who         text not null check (who in ('citizen', 'staff', 'hub', 'back_office')),
    event       text not null,         -- a code; its words are chosen for the reader
    back_office text,
    from_state  text,
    to_state    text not null,
    number      text,                  -- under which the office has it since then
    primary key (city_id, event_id),
    foreign key (city_id, matter_id) references matters on delete cascade
);
create index on matter_events (city_id, matter_id, at, event_id);

create table submissions (
    city_id    integer not null,
    matter_id  uuid not null,
    subject_id uuid not null,
    text       bytea not null,         -- encrypted, bound to the matter
    primary key (city_id, matter_id),
    foreign key (city_id, matter_id) references matters on delete cascade
);

create table requests (
    city_id    integer not null,
    matter_id  uuid not null,
    subject_id uuid not null,
    text       bytea not null,
    place      bytea not null,         -- JSON {lat, lon, address}
    primary key (city_id, matter_id),
    foreign key (city_id, matter_id) references matters on delete cascade
);

create table contact_changes (
    city_id    integer not null,
    matter_id  uuid not null,
    subject_id uuid not null,
    changes    bytea not null,         -- JSON {email, phone, postal_address}: what was changed
    primary key (city_id, matter_id),
    foreign key (city_id, matter_id) references matters on delete cascade
);

-- How the town reaches somebody, as she said last.
create table contact_details (
    city_id    integer not null references cities,
    detail_id  uuid not null,
    subject_id uuid not null,
    kind       text not null check (kind in ('email', 'phone', 'postal_address')),
    value      bytea not null,         -- JSON, encrypted
    changed_at timestamptz not null,
    primary key (city_id, detail_id),
    unique (city_id, subject_id, kind),
    foreign key (city_id, subject_id) references subjects
);

-- ── Files ────────────────────────────────────────────────────────────────────────────────────────
-- Encrypted, so nothing is gained by compressing or indexing. One that belongs to no matter goes after a day.
create table blobs (
    city_id      integer not null references cities,
    blob_id      uuid not null,
    subject_id   uuid not null,
    matter_id    uuid,
    position     smallint,             -- its place among the files of the matter
    kept_for     uuid,                 -- of an erased person: the matter there was, while it is on its way to an office
    name         text not null,
    media_type   text not null,        -- by its content
    claimed_type text,                 -- as the sender called it
    viewable     boolean not null,
    remark       text,                 -- why it is not shown in a browser: a code of hub.blobs
    size         integer not null,
    sha256       bytea not null,
    content      bytea not null,
    created_at   timestamptz not null,
    primary key (city_id, blob_id),
    foreign key (city_id, subject_id) references subjects,
    foreign key (city_id, matter_id) references matters on delete cascade,
    check ((matter_id is null) = (position is null))
);
alter table blobs alter column content set storage external;
create index on blobs (city_id, matter_id, position) where matter_id is not null;
create index on blobs (city_id, subject_id);
create index on blobs (city_id, created_at) where matter_id is null;

-- ── Once, though asked twice ─────────────────────────────────────────────────────────────────────
create table idempotency_keys (
    city_id    integer not null references cities,
    actor_id   uuid not null,
    operation  text not null,
    key        text not null,
    subject_id uuid not null,
    digest     bytea not null,         -- of what was asked for: keyed
    record_id  uuid not null,          -- what was made of it
    at         timestamptz not null,
    primary key (city_id, actor_id, operation, key)
);
create index on idempotency_keys (city_id, at);

-- ── Walls ────────────────────────────────────────────────────────────────────────────────────────
do $$
declare
    name regclass;
begin
    foreach name in array array[
        'matters', 'matter_offices', 'matter_events', 'submissions', 'requests', 'contact_changes', 'contact_details',
        'blobs', 'idempotency_keys'
    ]::regclass[] loop
        perform munihub_town_wall(name);
        execute format(
            'create policy citizen on %s to munihub_app'
            ' using (city_id = (select munihub_current_city())'
            '        and subject_id = any ((select munihub_current_subjects())::uuid[]))'
            ' with check (city_id = (select munihub_current_city())'
            '             and subject_id = any ((select munihub_current_subjects())::uuid[]))', name);
        execute format('grant select, insert on %s to munihub_app', name);
    end loop;
end $$;
grant update on contact_details to munihub_app;
-- Whether a back office answers is nobody's data, and a citizen is told.
create policy citizen on delivery_offices for select to munihub_app using (city_id = (select munihub_current_city()));
grant update (matter_id, position) on blobs to munihub_app;
revoke update on matter_events from munihub_worker;

-- Of what is settled: as long as somebody may have to answer for what became of it, as for who looked (0008).
insert into retention (table_name, class, keep, partitioned_by) values
    ('matters', 'message', interval '5 years', null),
    ('matter_offices', 'message', null, null),
    ('matter_events', 'message', null, null),
    ('submissions', 'message', null, null),
    ('requests', 'message', null, null),
    ('contact_changes', 'message', null, null),
    ('contact_details', 'identity', null, null),
    ('blobs', 'message', interval '1 day', null),
    ('idempotency_keys', 'operations', interval '7 days', null);

-- ── The account ──────────────────────────────────────────────────────────────────────────────────
-- As in 0003, and besides it what she has sent: as long as it is not closed, and no case of hers was made of it, which
-- then tells how it goes on.

create or replace function munihub_account(city integer, wanted uuid, today date, most integer) returns json
    language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    together uuid[] := munihub_enter(city, wanted);
    identities uuid[];
    owed uuid[];
    files_of uuid[];
begin
    if cardinality(together) = 0 then
        return null;
    end if;
    identities := munihub_current_identifiers();
    select coalesce(array_agg(record_id) filter (where noun = 'obligation'), '{}'),
           coalesce(array_agg(record_id) filter (where noun = 'case'), '{}')
        into owed, files_of
        from parties where city_id = city and identifier_id = any (identities);
    perform set_config('munihub.records.obligation', owed::text, true),
            set_config('munihub.records.case', files_of::text, true);
    return (
        with dues as materialized (
            select obligation_id, back_office, source_key, kind, title, payee, department, year, issued_on, due_on,
                   currency, original, outstanding, interest, cancelled, reference, document_number, caught_up_to,
                   coalesce(outstanding, original) as due
            from obligations
            where city_id = city and obligation_id = any (owed) and gone_at is null and not cancelled),
        files as materialized (
            select case_id, back_office, source_key, title, kind, status, office_status, number, department, opened_on,
                   due_on, closed_on, source_changed_at
            from cases where city_id = city and case_id = any (files_of) and gone_at is null)
        select json_build_object(
            'subjects', (
                select json_agg(json_build_object('subject_id', subject_id, 'kind', kind, 'name', name,
                                                  'merged_into', merged_into))
                from subjects where city_id = city and subject_id = any (together)),
            'identifiers', (
                select json_agg(json_build_array(identifier_id, scheme))
                from identifiers where city_id = city and identifier_id = any (identities)),
            'feeds', (
                select json_agg(json_build_object(
                    'back_office', back_office, 'feed', feed, 'identifier_id', identifier_id, 'read_at', read_at,
                    'complete_at', complete_at, 'failing_since', failing_since, 'failure', failure,
                    'caught_up_to', caught_up_to))
                from feed_states where city_id = city
                  and identifier_id = any (identities || '00000000-0000-0000-0000-000000000000'::uuid)),
            'totals', (
                select json_agg(total) from (
                    select currency, count(*) filter (where due > 0) as open,
                           coalesce(sum(due) filter (where due > 0), 0)::bigint as outstanding,
                           coalesce(sum(due) filter (where due > 0 and due_on < today), 0)::bigint as overdue,
                           coalesce(-sum(due) filter (where due < 0), 0)::bigint as credit
                    from dues where due <> 0 group by currency order by currency) total),
            'obligations', (
                select json_agg(o) from (
                    select * from dues where due <> 0 order by due_on nulls last, obligation_id limit most) o),
            'statuses', (
                select json_object_agg(status, number) from (
                    select status, count(*) as number from files group by status) each),
            'cases', (
                select json_agg(c) from (
                    select * from files where status in ('draft', 'waiting_for_office', 'needs_you', 'decided')
                    order by source_changed_at desc nulls last, case_id desc limit most) c),
            'sent', (
                select json_agg(s) from (
                    select m.matter_id, m.kind, m.number, m.title, m.category, m.case_id, m.state, m.status,
                           m.opened_at, m.state_at,
                           (select json_agg(json_build_object(
                                'back_office', f.back_office, 'state', f.state, 'since', f.since,
                                'failing_since', d.failing_since, 'number', f.number, 'field', f.field)
                                order by f.back_office)
                            from matter_offices f
                            left join delivery_offices d on d.city_id = city and d.back_office = f.back_office
                              and f.state in ('waiting', 'sending')
                            where f.city_id = city and f.matter_id = m.matter_id) as offices
                    from matters m
                    where m.city_id = city and m.subject_id = any (together) and m.status <> 'closed'
                      and not exists (
                          select from matter_offices f join cases c
                            on c.city_id = city and c.case_id = any (files_of) and c.back_office = f.back_office
                               and c.source_key = f.source_key
                          where f.city_id = city and f.matter_id = m.matter_id and m.kind <> 'answer_case')
                    order by m.opened_at desc, m.matter_id desc limit most) s)));
end $$;
