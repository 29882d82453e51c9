-- Who looked, and what a person may ask of the town about her own data.

-- ── The access log ───────────────────────────────────────────────────────────────────────────────
-- One row for every read of a person's data by anyone but that person, appended in the transaction of the read
-- (hub.access_log). Programs may add and read rows, and neither change nor remove any; a month goes as a whole when its
-- time is over. What somebody with more rights changes all the same is found by the seals.

-- By what name the log knows a subject: random, and only here together with her id. Erasing somebody deletes this row,
-- and no row of the log, and so no seal, has to change.
create table access_pseudonyms (
    city_id    integer not null,
    subject_id uuid not null,
    pseudonym  uuid not null default gen_random_uuid(),
    primary key (city_id, subject_id),
    unique (city_id, pseudonym),
    foreign key (city_id, subject_id) references subjects
);

create table access_log (
    city_id    integer not null,
    entry_id   uuid not null,
    at         timestamptz not null,
    subject    uuid,                   -- pseudonym of whose data it was; null where nobody could be recognised in it
    actor_kind text not null check (actor_kind in ('staff', 'subject', 'machine', 'program')),
    actor      text not null,          -- stf_…; pseudonym; client; account of the operator who ran the program
    role       text,                   -- of staff; of a program its name
    department text,                   -- of staff whose role is for one department
    what       text not null check (length(what) between 1 and 200),
    why        text not null check (length(why) between 1 and 500),
    primary key (city_id, at, entry_id)
) partition by range (at);
create index on access_log (city_id, subject, at desc, entry_id desc);

-- A batch is the rows of a span of time, from `since` up to but without `until`; spans follow one another without a gap.
-- hub.access_log.seals says what is hashed.
create table access_seals (
    city_id   integer not null references cities,
    number    bigint not null,
    since     timestamptz not null,
    until     timestamptz not null,
    rows      integer not null,
    rows_hash bytea not null,          -- SHA-256 over the rows
    seal      bytea not null,          -- SHA-256 over the above and the seal before
    sealed_at timestamptz not null,
    primary key (city_id, number),
    check (since < until)
);

select munihub_town_wall(name) from unnest(array['access_pseudonyms', 'access_log', 'access_seals']::regclass[]) as name;
revoke update, delete on access_log, access_seals from munihub_worker;
revoke update on access_pseudonyms from munihub_worker;

-- The pseudonym of a subject of the current town, made where she has none. Whoever records a read need not be able to
-- see pseudonyms, so the function opens the door to them for as long as it runs, with its caller's rights. Should it
-- fail, the transaction does, and with it what it said.
create function munihub_pseudonym(wanted uuid) returns uuid language plpgsql as $$
declare
    city integer := munihub_current_city(); door text := coalesce(munihub_current_door(), ''); known uuid;
begin
    if wanted is null then
        return null;
    end if;
    perform set_config('munihub.door', 'pseudonyms', true);
    select pseudonym into known from access_pseudonyms where city_id = city and subject_id = wanted;
    if known is null then
        insert into access_pseudonyms (city_id, subject_id) values (city, wanted)
            on conflict (city_id, subject_id) do nothing;
        select pseudonym into known from access_pseudonyms where city_id = city and subject_id = wanted;
    end if;
    perform set_config('munihub.door', door, true);
    return known;
end $$;

create function munihub_current_pseudonyms() returns uuid[]
    language plpgsql stable parallel safe as $$
begin
    return (
        select coalesce(array_agg(pseudonym), '{}') from access_pseudonyms
        where city_id = (select munihub_current_city())
          and subject_id = any ((select munihub_current_subjects())::uuid[]));
end $$;

-- A citizen sees the rows about her; an auditor, by a door of his own (hub.storage.database.Database.audit), all.
create policy citizen on access_log for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject = any ((select munihub_current_pseudonyms())::uuid[]));
create policy audit on access_log for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = 'audit');
create policy append on access_log for insert to munihub_app with check (city_id = (select munihub_current_city()));
create policy citizen on access_pseudonyms for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]));
create policy doors on access_pseudonyms for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_current_door()) in ('pseudonyms', 'audit'));
create policy append on access_pseudonyms for insert to munihub_app
    with check (city_id = (select munihub_current_city()) and (select munihub_current_door()) = 'pseudonyms');
create policy audit on access_seals for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = 'audit');
grant select, insert on access_log, access_pseudonyms to munihub_app;
grant select on access_seals to munihub_app;

-- ── Erasure ──────────────────────────────────────────────────────────────────────────────────────

-- A request to be erased (GDPR art. 17), which a clerk decides. When it is done the row names nobody any more: it shows
-- that and when it was done, what was erased and what was kept.
create table erasure_requests (
    city_id      integer not null references cities,
    request_id   uuid not null,
    subject_id   uuid,
    words        text check (length(words) <= 2000),  -- the person's own
    asked_at     timestamptz not null,
    due_on       date not null,        -- one month, and two more where it was extended (art. 12(3))
    extended_at  timestamptz,
    state        text not null default 'open' check (state in ('open', 'granted', 'refused', 'erased')),
    decided_at   timestamptz,
    decided_by   text,
    reason       text check (length(reason) <= 2000),  -- what the person is told of a refusal or an extension
    erased_at    timestamptz,
    report       jsonb,                -- hub.personal_data.erasure.Report
    primary key (city_id, request_id),
    foreign key (city_id, subject_id) references subjects,
    check ((state = 'open') = (decided_at is null) and (decided_at is null) = (decided_by is null)),
    check ((state = 'erased') = (subject_id is null) and (state = 'erased') = (erased_at is not null)),
    check ((erased_at is null) = (report is null))
);
create unique index one_erasure_at_a_time on erasure_requests (city_id, subject_id) where state in ('open', 'granted');
create index on erasure_requests (city_id, due_on) where state in ('open', 'granted');

select munihub_identity_wall('erasure_requests');
revoke delete on erasure_requests from munihub_app;
create policy citizen on erasure_requests to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]))
    with check (city_id = (select munihub_current_city())
                and subject_id = any ((select munihub_current_subjects())::uuid[]));

-- Somebody was erased who is called so: a register that names her again does not make her a subject again, only she
-- herself or a clerk does.
alter table identifiers add column erased_at timestamptz;

-- ── Retention ────────────────────────────────────────────────────────────────────────────────────

-- Five years is how long damages can be claimed at most for what happened, known or not, where that is said shortest to
-- last among the towns' laws of obligations with such an end (Croatia: ZOO čl. 230 st. 2; Serbia: ZOO čl. 376 st. 2):
-- who looked can be proven for as long as somebody may have to answer for it. A decision on an erasure likewise.
-- Seals name nobody and stay, so that the chain can be followed from its beginning.
insert into retention (table_name, class, keep, partitioned_by) values
    ('access_pseudonyms', 'identity', null, null),
    ('access_log', 'operations', interval '5 years', 'at'),
    ('access_seals', 'operations', null, null),
    ('erasure_requests', 'identity', interval '5 years', null);

create table access_log_other partition of access_log default;
select munihub_keep_partitions(now());
