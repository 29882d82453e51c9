-- Roles (made by hub.storage.provision, not here):
--   munihub_owner   owns everything, used by migrations only
--   munihub_app     the API: one town at a time, and on citizen paths one set of subjects
--   munihub_worker  jobs: one town at a time
-- Both program roles are subject to forced row-level security and cannot bypass it.

-- ── Walls ────────────────────────────────────────────────────────────────────────────────────────
-- Who is asking is said once per transaction (hub.storage.database); every policy below reads it.
-- Without it the functions return null and every policy is false: a query that forgets its WHERE, or
-- a connection that forgets to say who is asking, sees nothing.
--
-- What they hold against, and what not: against a query of ours, however wrong, not against somebody who runs statements
-- of his own as munihub_app or munihub_worker. Such a role may say itself for whom it speaks (any role may set
-- `munihub.city`), since one connection serves all. It is therefore only the hub's: its password is in the
-- environment of its processes, every value reaches a statement as a parameter, and who a request speaks for comes
-- from a verified token alone. What it still cannot do: change what it only reads, make objects, look past the walls
-- of whoever it names, or become another role (tests/integration/storage/test_privileges.py).

create function munihub_current_city() returns integer
    language sql stable parallel safe
    return nullif(current_setting('munihub.city', true), '')::integer;

create function munihub_current_subjects() returns uuid[]
    language sql stable parallel safe
    return coalesce(nullif(current_setting('munihub.subjects', true), ''), '{}')::uuid[];

-- The wall of a town: every role, every table.
create function munihub_town_wall(wanted regclass) returns void language plpgsql as $$
begin
    execute format('alter table %s enable row level security', wanted);
    execute format('alter table %s force row level security', wanted);
    execute format(
        'create policy town on %s to munihub_worker using (city_id = (select munihub_current_city()))'
        ' with check (city_id = (select munihub_current_city()))', wanted);
    execute format('grant select, insert, update, delete on %s to munihub_worker', wanted);
end $$;

-- ── Retention ────────────────────────────────────────────────────────────────────────────────────
-- Every table has a class; a test compares this list with the catalogue.

create table retention (
    table_name  text primary key,
    class       text not null check (class in ('configuration', 'projection', 'identity', 'message', 'operations')),
    keep        interval,              -- null: as long as the source or the town keeps it
    partitioned_by text               -- the time its monthly partitions go by
);
grant select on retention to munihub_app, munihub_worker;

-- ── Towns ────────────────────────────────────────────────────────────────────────────────────────

-- The id is given by the town's configuration and never changes; the slug may.
create table cities (
    city_id    integer primary key,
    slug       text not null unique,
    created_at timestamptz not null default now()
);
select munihub_town_wall('cities');
create policy town_app on cities for select to munihub_app using (city_id = (select munihub_current_city()));
grant select on cities to munihub_app;

-- Keys of a town, wrapped by the master key (hub.storage.vault).
create table city_keys (
    city_id    integer not null references cities,
    purpose    text not null check (purpose in ('data', 'index')),
    key_id     smallint not null,
    master_id  text not null,
    wrapped    bytea not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz,
    primary key (city_id, purpose, key_id)
);
select munihub_town_wall('city_keys');
create policy town_app on city_keys for select to munihub_app using (city_id = (select munihub_current_city()));
grant select on city_keys to munihub_app;

-- ── Subjects ─────────────────────────────────────────────────────────────────────────────────────

create table subjects (
    city_id     integer not null references cities,
    subject_id  uuid not null,
    kind        text not null check (kind in ('person', 'entity')),
    name        text,
    back_office text,                  -- the register that told the name, null where nobody did
    version     bigint,
    merged_into uuid,                  -- who stands for this subject, following subject_merges to the end
    created_at  timestamptz not null default now(),
    primary key (city_id, subject_id),
    foreign key (city_id, merged_into) references subjects,
    check (merged_into <> subject_id)
);
create index on subjects (city_id, merged_into) where merged_into is not null;

-- What sources call somebody: one row per scheme and value, whoever it turns out to be.
create table identifiers (
    city_id       integer not null references cities,
    identifier_id uuid not null,
    scheme        text not null,
    value         bytea not null,      -- encrypted; associated data: city, table, column, identifier_id
    created_at    timestamptz not null default now(),
    primary key (city_id, identifier_id)
);

-- Found by keyed blind index. While a key rotates an identifier has a row for both keys.
create table identifier_indexes (
    city_id       integer not null,
    scheme        text not null,
    key_id        smallint not null,
    blind_index   bytea not null,
    identifier_id uuid not null,
    primary key (city_id, scheme, key_id, blind_index),
    foreign key (city_id, identifier_id) references identifiers on delete cascade
);
create index on identifier_indexes (city_id, identifier_id);

-- Whose an identifier is, by which proof. A record whose identifiers have no alias stays unassigned.
create table aliases (
    city_id       integer not null,
    alias_id      uuid not null,
    identifier_id uuid not null,
    subject_id    uuid not null,
    proof         text not null check (proof in ('registry', 'eid', 'clerk', 'development')),
    source        text not null,       -- which register, eID or clerk
    proven_at     timestamptz not null,
    revoked_at    timestamptz,
    revoked_for   text,
    primary key (city_id, alias_id),
    foreign key (city_id, identifier_id) references identifiers,
    foreign key (city_id, subject_id) references subjects
);
create unique index one_owner_of_an_identifier on aliases (city_id, identifier_id) where revoked_at is null;
create index on aliases (city_id, subject_id) include (identifier_id) where revoked_at is null;

create table subject_merges (
    city_id    integer not null,
    merge_id   uuid not null,
    subject_id uuid not null,
    into_id    uuid not null,
    reason     text not null,
    actor      text not null,
    merged_at  timestamptz not null,
    undone_at  timestamptz,
    undone_for text,
    primary key (city_id, merge_id),
    foreign key (city_id, subject_id) references subjects,
    foreign key (city_id, into_id) references subjects
);
create unique index one_merge_at_a_time on subject_merges (city_id, subject_id) where undone_at is null;

-- ── Parties ──────────────────────────────────────────────────────────────────────────────────────

-- The part somebody has in a record, as the source says it. Which subject that is follows from
-- aliases at the moment of reading, so that a proof, its revocation, a merge and its undoing change
-- no record.
create table parties (
    city_id       integer not null references cities,
    identifier_id uuid not null,
    noun          text not null check (noun in ('obligation', 'case')),
    record_id     uuid not null,
    role          text not null,
    primary key (city_id, identifier_id, noun, record_id, role),
    foreign key (city_id, identifier_id) references identifiers
);
create index on parties (city_id, record_id);

-- The identifiers of the subjects in scope, and the records they have a part in. Security definer
-- would not be wiser: the walls of `aliases` and `parties` apply inside.
create function munihub_current_identifiers() returns uuid[]
    language sql stable parallel safe
    begin atomic
        select coalesce(array_agg(identifier_id), '{}') from aliases
        where city_id = (select munihub_current_city())
          and subject_id = any ((select munihub_current_subjects())::uuid[]) and revoked_at is null;
    end;

create function munihub_current_records(wanted text) returns uuid[]
    language sql stable parallel safe
    begin atomic
        select coalesce(array_agg(record_id), '{}') from parties
        where city_id = (select munihub_current_city()) and noun = wanted
          and identifier_id = any ((select munihub_current_identifiers())::uuid[]);
    end;

-- Says for whom a transaction speaks, and answers the set: whoever stands for `wanted` and everybody
-- merged into them.
create function munihub_enter(city integer, wanted uuid) returns uuid[] language plpgsql as $$
declare
    standing uuid; together uuid[];
begin
    perform set_config('munihub.city', city::text, true), set_config('munihub.subjects', array[wanted]::text, true);
    select coalesce(merged_into, subject_id) into standing from subjects where city_id = city and subject_id = wanted;
    if standing is null then
        return '{}';
    end if;
    perform set_config('munihub.subjects', array[standing]::text, true);
    select array_agg(subject_id) into together from subjects
        where city_id = city and (subject_id = standing or merged_into = standing);
    perform set_config('munihub.subjects', together::text, true);
    return together;
end $$;

-- ── Obligations ──────────────────────────────────────────────────────────────────────────────────

create table obligations (
    city_id         integer not null references cities,
    obligation_id   uuid not null,
    back_office     text not null,
    feed            text not null,
    source_key      text not null,
    version         bigint,            -- the source's, see hub.mapping.model.Record
    digest          bytea not null,    -- of the mapped content: same again is no change
    as_of           timestamptz not null,  -- the source said so at this moment
    gone_at         timestamptz,       -- tombstone: the source no longer has it
    changed_at      timestamptz not null,
    kind            text not null,
    title           jsonb not null,
    payee           text not null,
    department      text,
    year            smallint,
    issued_on       date,
    due_on          date,
    currency        char(3) not null,
    original        bigint not null,
    outstanding     bigint,            -- null: the source does not say
    interest        bigint,
    cancelled       boolean not null default false,
    reference       jsonb not null default '[]',   -- [{scheme, value}]
    document_number text,
    message         text,
    caught_up_to    timestamptz not null,          -- payments up to here are counted in `outstanding`
    counted_writes  text[] not null default '{}',  -- our own postings the source has counted
    primary key (city_id, obligation_id),
    unique (city_id, back_office, feed, source_key)
);

create table instalments (
    city_id       integer not null,
    obligation_id uuid not null,
    number        smallint not null,
    due_on        date not null,
    currency      char(3) not null,
    amount        bigint not null,
    outstanding   bigint,
    reference     jsonb not null default '[]',
    primary key (city_id, obligation_id, number),
    foreign key (city_id, obligation_id) references obligations on delete cascade
);

-- ── Cases ────────────────────────────────────────────────────────────────────────────────────────

create table cases (
    city_id       integer not null references cities,
    case_id       uuid not null,
    back_office   text not null,
    feed          text not null,
    source_key    text not null,
    version       bigint,
    digest        bytea not null,
    as_of         timestamptz not null,
    gone_at       timestamptz,
    changed_at    timestamptz not null,
    title         jsonb not null,
    kind          text,
    status        text not null,
    office_status jsonb,
    number        jsonb not null default '[]',     -- [{scheme, value}]
    department    text,
    opened_on     date,
    due_on        date,
    closed_on     date,
    source_changed_at timestamptz,
    result        jsonb,
    events        jsonb not null default '[]',     -- [{at, text, status}], oldest first
    primary key (city_id, case_id),
    unique (city_id, back_office, feed, source_key)
);

-- What the source says is gone, also where it said so before we ever saw it.
create table tombstones (
    city_id     integer not null references cities,
    back_office text not null,
    feed        text not null,
    source_key  text not null,
    version     bigint,
    as_of       timestamptz not null,
    primary key (city_id, back_office, feed, source_key)
);

-- Newer wins, twice is once. The source's version decides; where it gives none on either side, the
-- moment it said so. With equal versions what the source answered when asked (`asked`) outweighs what it
-- pushed, since the answer is its present word.
create function munihub_newer(
    new_version bigint, old_version bigint, new_as_of timestamptz, old_as_of timestamptz,
    new_digest bytea, old_digest bytea, old_gone timestamptz, asked boolean
) returns boolean language sql immutable parallel safe return
    case
        when new_version <> old_version then new_version > old_version
        when new_version = old_version then asked and new_as_of > old_as_of and (new_digest <> old_digest or old_gone is not null)
        else new_as_of > old_as_of
    end;

-- ── Feeds ────────────────────────────────────────────────────────────────────────────────────────

-- How far one feed has been read: for one identifier, or for all (the nil UUID).
create table feed_states (
    city_id       integer not null references cities,
    back_office   text not null,
    feed          text not null,
    identifier_id uuid not null,
    attempted_at  timestamptz not null,
    read_at       timestamptz,         -- last read that gave records, begun at
    complete_at   timestamptz,         -- last complete read, begun at: absence may be claimed as of then
    failing_since timestamptz,
    failure       text,                -- stable code, hub.kernel.errors
    failure_detail text,               -- for the operator
    caught_up_to  timestamptz,
    cursor        text,
    records       integer not null default 0,
    rejected      integer not null default 0,
    primary key (city_id, back_office, feed, identifier_id)
);

-- What the live interface says that the mapping does not know.
create table drift (
    city_id     integer not null references cities,
    back_office text not null,
    feed        text not null,
    what        text not null,
    path        text not null,
    sample      text not null,
    first_seen  timestamptz not null,
    last_seen   timestamptz not null,
    times       bigint not null default 1,
    primary key (city_id, back_office, feed, what, path)
);

-- ── Messages in ──────────────────────────────────────────────────────────────────────────────────

-- Kept before understood. `body` is encrypted with the town's key; dropped with its partition.
create table messages (
    city_id     integer not null,
    message_id  uuid not null,
    received_at timestamptz not null,
    back_office text not null,
    external_id text not null,
    sequence    bigint generated always as identity,
    media_type  text not null,
    body        bytea not null,
    state       text not null default 'received' check (state in ('received', 'applied', 'dead', 'discarded')),
    outcome     text,                  -- applied · unchanged · older: what the projection made of it
    settled_at  timestamptz,
    primary key (city_id, message_id, received_at)
) partition by range (received_at);
create index on messages (city_id, back_office, sequence) where state = 'received';

-- One message per (town, back office, external id), whichever partition it lies in.
create table message_keys (
    city_id     integer not null references cities,
    back_office text not null,
    external_id text not null,
    message_id  uuid not null,
    received_at timestamptz not null,
    primary key (city_id, back_office, external_id)
);
create index on message_keys (received_at);

-- What could not be processed, and why: a message that came in, or a record of a reply we asked for.
create table dead_letters (
    city_id        integer not null references cities,
    dead_letter_id uuid not null,
    back_office    text not null,
    feed           text,
    origin         text not null check (origin in ('push', 'pull')),
    message_id     uuid,
    external_id    text,
    reason         text not null,      -- stable code
    detail         text not null,      -- for the operator
    field          text,
    path           text,
    body           bytea not null,     -- encrypted
    media_type     text not null,
    first_at       timestamptz not null,
    last_at        timestamptz not null,
    times          integer not null default 1,
    settled_at     timestamptz,
    settled_by     text,               -- replayed · superseded
    primary key (city_id, dead_letter_id)
);
create unique index one_letter_per_fault on dead_letters (city_id, back_office, external_id) where settled_at is null;
create index on dead_letters (city_id, last_at desc) where settled_at is null;

-- ── Walls, applied ───────────────────────────────────────────────────────────────────────────────

select munihub_town_wall(name) from unnest(array[
    'subjects', 'identifiers', 'identifier_indexes', 'aliases', 'subject_merges', 'parties',
    'obligations', 'instalments', 'cases', 'tombstones', 'feed_states', 'drift', 'messages', 'message_keys', 'dead_letters'
]::regclass[]) as name;

-- The API on citizen paths: the town and the subjects in scope.
create policy citizen on subjects for select to munihub_app
    using (city_id = (select munihub_current_city())
           and (subject_id = any ((select munihub_current_subjects())::uuid[])
                or merged_into = any ((select munihub_current_subjects())::uuid[])));
create policy citizen on aliases for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]));
create policy citizen on identifiers for select to munihub_app
    using (city_id = (select munihub_current_city())
           and identifier_id = any ((select munihub_current_identifiers())::uuid[]));
create policy citizen on parties for select to munihub_app
    using (city_id = (select munihub_current_city())
           and identifier_id = any ((select munihub_current_identifiers())::uuid[]));
create policy citizen on obligations for select to munihub_app
    using (city_id = (select munihub_current_city())
           and obligation_id = any ((select munihub_current_records('obligation'))::uuid[]));
create policy citizen on instalments for select to munihub_app
    using (city_id = (select munihub_current_city())
           and obligation_id = any ((select munihub_current_records('obligation'))::uuid[]));
create policy citizen on cases for select to munihub_app
    using (city_id = (select munihub_current_city())
           and case_id = any ((select munihub_current_records('case'))::uuid[]));
create policy citizen on feed_states for select to munihub_app
    using (city_id = (select munihub_current_city())
           and (identifier_id = '00000000-0000-0000-0000-000000000000'
                or identifier_id = any ((select munihub_current_identifiers())::uuid[])));
grant select on subjects, aliases, identifiers, parties, obligations, instalments, cases, feed_states to munihub_app;

-- The API's push door writes messages, and the administrators' door reads what became of them.
create policy door on messages to munihub_app
    using (city_id = (select munihub_current_city())) with check (city_id = (select munihub_current_city()));
create policy door on message_keys to munihub_app
    using (city_id = (select munihub_current_city())) with check (city_id = (select munihub_current_city()));
create policy door on dead_letters to munihub_app
    using (city_id = (select munihub_current_city())) with check (city_id = (select munihub_current_city()));
create policy door on drift for select to munihub_app using (city_id = (select munihub_current_city()));
grant select, insert on messages, message_keys, dead_letters to munihub_app;
grant update on dead_letters to munihub_app;
grant select on drift to munihub_app;

-- ── Retention, applied ───────────────────────────────────────────────────────────────────────────

insert into retention (table_name, class, keep, partitioned_by) values
    ('retention', 'configuration', null, null),
    ('cities', 'configuration', null, null),
    ('city_keys', 'configuration', null, null),
    ('subjects', 'identity', null, null),
    ('identifiers', 'identity', null, null),
    ('identifier_indexes', 'identity', null, null),
    ('aliases', 'identity', null, null),
    ('subject_merges', 'identity', null, null),
    ('parties', 'projection', null, null),
    ('obligations', 'projection', null, null),
    ('instalments', 'projection', null, null),
    ('cases', 'projection', null, null),
    ('tombstones', 'projection', interval '1 year', null),
    ('feed_states', 'operations', null, null),
    ('drift', 'operations', null, null),
    ('messages', 'message', interval '90 days', 'received_at'),
    ('message_keys', 'message', interval '90 days', null),
    ('dead_letters', 'message', interval '1 year', null);

-- Makes the months ahead and drops the months past their class; answers how many months and strayed rows went. A row of
-- a month nobody made in time lands in the table's `_other` partition and is never refused; it stays there until its
-- time is over. Owned by the owner because it makes and drops tables; the worker may call it, with no choice of what.
create function munihub_keep_partitions(present timestamptz) returns integer
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    ruled record; part record; month timestamptz; strayed boolean; rows integer; gone integer := 0;
begin
    -- Two that make the same month at once would stumble over each other.
    perform pg_advisory_xact_lock(hashtext('munihub_keep_partitions'));
    for ruled in select table_name, keep, partitioned_by from retention where partitioned_by is not null loop
        execute format('delete from %I where %I < %L', ruled.table_name || '_other', ruled.partitioned_by,
            present - ruled.keep);
        get diagnostics rows = row_count;
        gone := gone + rows;
        for ahead in 0..2 loop
            month := (date_trunc('month', present at time zone 'UTC') + make_interval(months => ahead)) at time zone 'UTC';
            execute format('select exists (select from %I where %I >= %L and %I < %L)', ruled.table_name || '_other',
                ruled.partitioned_by, month, ruled.partitioned_by,
                (month at time zone 'UTC' + interval '1 month') at time zone 'UTC') into strayed;
            if not strayed and to_regclass(ruled.table_name || to_char(month at time zone 'UTC', '_YYYY_MM')) is null then
                execute format('create table %I partition of %I for values from (%L) to (%L)',
                    ruled.table_name || to_char(month at time zone 'UTC', '_YYYY_MM'), ruled.table_name,
                    month, (month at time zone 'UTC' + interval '1 month') at time zone 'UTC');
            end if;
        end loop;
        for part in
            select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = ruled.table_name::regclass and c.relname ~ '_\d{4}_\d{2}$'
              and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' < present - ruled.keep
        loop
            execute format('drop table %I', part.relname);
            gone := gone + 1;
        end loop;
    end loop;
    return gone;
end $$;
revoke all on function munihub_keep_partitions from public;
grant execute on function munihub_keep_partitions to munihub_worker;

create table messages_other partition of messages default;
select munihub_keep_partitions(now());
