-- ── Dead letters: corrected, replayed, discarded ─────────────────────────────────────────────────

-- `settled_by` is replayed · superseded · discarded; of a discarded one, who did it and why.
alter table dead_letters add column settled_for text, add column settled_who text;
create index on dead_letters (city_id, dead_letter_id desc);
create index on dead_letters (city_id, message_id) where message_id is not null;

-- Corrected copies, beside the original: the latest one is what a replay interprets.
create table dead_letter_edits (
    city_id        integer not null,
    edit_id        uuid not null,
    dead_letter_id uuid not null,
    at             timestamptz not null,
    who            text not null,          -- stf_…, or the operator's account
    why            text not null,
    body           bytea not null,         -- encrypted
    media_type     text not null,
    primary key (city_id, edit_id),
    foreign key (city_id, dead_letter_id) references dead_letters on delete cascade
);
create index on dead_letter_edits (city_id, dead_letter_id, edit_id desc);

alter table messages add column edit_id uuid;   -- the corrected copy it is interpreted by, where there is one

-- Somebody has letters interpreted again: one, some, or all of a back office. How far that is follows from the letters.
create table replays (
    city_id   integer not null references cities,
    replay_id uuid not null,
    asked_at  timestamptz not null,
    asked_by  text not null,
    total     integer not null,
    primary key (city_id, replay_id)
);
create table replay_items (
    city_id        integer not null,
    replay_id      uuid not null,
    dead_letter_id uuid not null,
    taken_at       timestamptz,            -- null: its turn has not come
    outcome        text check (outcome in ('queued', 'read_again', 'kept_anew', 'cannot')),
    note           text,                   -- why it cannot
    primary key (city_id, replay_id, dead_letter_id),
    foreign key (city_id, replay_id) references replays on delete cascade,
    foreign key (city_id, dead_letter_id) references dead_letters on delete cascade
);
create index on replay_items (city_id, dead_letter_id);

-- ── Push doors ───────────────────────────────────────────────────────────────────────────────────

-- What was refused at a push door, counted: never a body, since nobody has proven whose it is.
create table push_refusals (
    city_id     integer not null references cities,
    day         date not null,
    door        text not null,
    reason      text not null,
    address     text not null,
    back_office text not null,             -- '' where nobody was recognised
    first_at    timestamptz not null,
    last_at     timestamptz not null,
    times       bigint not null,
    primary key (city_id, day, door, reason, address, back_office)
);

-- How much a back office has sent in the present minute: all processes of the API count here.
create table push_usage (
    city_id     integer not null references cities,
    back_office text not null,
    minute      timestamptz not null,
    requests    integer not null,
    bytes       bigint not null,
    primary key (city_id, back_office)
);

-- Counts one request, and what it brought, in one statement and without waiting for the disk: what a crash forgets of a
-- minute is no loss. Answers what the minute has with it.
create function munihub_count_push(city integer, office text, present timestamptz, more bigint)
    returns table (counted_requests integer, counted_bytes bigint) language plpgsql as $$
begin
    perform set_config('munihub.city', city::text, true), set_config('synchronous_commit', 'off', true);
    return query
        insert into push_usage as u (city_id, back_office, minute, requests, bytes)
        values (city, office, date_trunc('minute', present), 1, more)
        on conflict (city_id, back_office) do update
        set requests = case when u.minute = excluded.minute then u.requests else 0 end + 1,
            bytes = case when u.minute = excluded.minute then u.bytes else 0 end + excluded.bytes,
            minute = excluded.minute
        returning u.requests, u.bytes;
end $$;

-- Ids of signed messages: the same signature again is a replay, the same id with a newer one somebody who asks again.
create table push_once (
    city_id     integer not null references cities,
    back_office text not null,
    webhook_id  text not null,
    signed_at   timestamptz not null,
    digest      bytea not null,
    seen_at     timestamptz not null,
    primary key (city_id, back_office, webhook_id)
);

-- Files, kept whole before anything in them is read.
create table push_files (
    city_id        integer not null references cities,
    file_id        uuid not null,
    back_office    text not null,
    kind           text not null,          -- in push.files of the configuration
    name           text not null,
    origin         text not null check (origin in ('upload', 'folder')),
    charset        text,                   -- as the upload declared it; null: as the configuration says
    received_at    timestamptz not null,
    said_at        timestamptz not null,   -- of the file itself, where it has a time
    state          text not null check (state in ('arriving', 'received', 'read', 'broken')),
    size           bigint not null default 0,
    digest         bytea,
    records        bigint not null default 0,   -- kept as messages so far
    total          bigint,                 -- counted when the whole of it had been looked through
    line           bigint,                 -- of a broken one: where
    fault          text,
    settled_at     timestamptz,
    primary key (city_id, file_id)
);
create unique index one_file_per_content on push_files (city_id, back_office, kind, digest) where state <> 'arriving';
create table push_file_chunks (
    city_id integer not null,
    file_id uuid not null,
    number  integer not null,
    body    bytea not null,                -- encrypted
    primary key (city_id, file_id, number),
    foreign key (city_id, file_id) references push_files on delete cascade
);

-- What lies in a drop folder: read when it was the same at two looks.
create table push_drops (
    city_id     integer not null references cities,
    back_office text not null,
    name        text not null,
    size        bigint not null,
    modified_at timestamptz not null,
    seen_at     timestamptz not null,
    file_id     uuid,                      -- of what was taken from it
    problem     text,
    primary key (city_id, back_office, name)
);

-- ── Walls ────────────────────────────────────────────────────────────────────────────────────────

select munihub_town_wall(name) from unnest(array[
    'dead_letter_edits', 'replays', 'replay_items', 'push_refusals', 'push_usage', 'push_once', 'push_files',
    'push_file_chunks', 'push_drops'
]::regclass[]) as name;

do $$
declare
    name regclass;
begin
    foreach name in array array['dead_letter_edits', 'replays', 'replay_items', 'push_refusals', 'push_usage',
        'push_once', 'push_files', 'push_file_chunks']::regclass[] loop
        execute format('create policy door on %s to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))'
            ' with check (city_id = (select munihub_current_city()))', name);
    end loop;
end $$;
grant select, insert on dead_letter_edits, replays, replay_items, push_file_chunks to munihub_app;
grant select, insert, update on push_refusals, push_usage, push_once, push_files to munihub_app;

-- ── Retention ────────────────────────────────────────────────────────────────────────────────────

insert into retention (table_name, class, keep, partitioned_by) values
    ('dead_letter_edits', 'message', null, null),      -- with their letter
    ('replays', 'operations', interval '1 year', null),
    ('replay_items', 'operations', null, null),        -- with their replay
    ('push_refusals', 'operations', interval '90 days', null),
    ('push_usage', 'operations', null, null),          -- one row for each back office
    ('push_once', 'operations', interval '1 day', null),
    ('push_files', 'message', interval '90 days', null),
    ('push_file_chunks', 'message', null, null),       -- with their file
    ('push_drops', 'operations', interval '90 days', null);
