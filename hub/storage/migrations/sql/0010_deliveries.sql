-- What a citizen causes in a back office: a delivery of named steps, each with a receipt (hub.delivery).

-- One delivery to one back office. Nothing here is personal data but whose it is; what is sent stands in
-- delivery_values, encrypted, and goes when its time is over.
create table deliveries (
    city_id     integer not null references cities,
    delivery_id uuid not null,
    sequence    bigint not null generated always as identity,  -- the order of those of an order key
    back_office text not null,
    kind        text not null,
    noun        text not null,
    record_id   uuid not null,
    subject_id  uuid,                  -- on whose path it was put in line; null where it was nobody's, or she was erased
    order_key   text not null,         -- deliveries of one (city, back office, order key) go one at a time, in order
    state       text not null default 'waiting'
                check (state in ('waiting', 'sending', 'delivered', 'in_doubt', 'refused', 'discarded')),
    behind      boolean not null,      -- waits for another one of its order key
    step        text,                  -- the step whose intent was written and whose end is not known
    sent_at     timestamptz,           -- when that was
    over_at     timestamptz,           -- when nothing of it was under way any more; null: it is, or there is none
    lane        smallint,              -- who has it while it is being sent: the lane, and which run of it
    claim       uuid,
    crashes     smallint not null default 0,  -- workers in a row that died with it
    untold      boolean not null default false,  -- its noun could not take what happened, and is told again
    attempts    integer not null default 0,
    next_at     timestamptz not null,
    deadline_at timestamptz not null,
    late_at     timestamptz,           -- when it was told that the deadline had passed
    created_at  timestamptz not null,
    settled_at  timestamptz,           -- delivered or discarded
    reason      text,                  -- stable code
    field       text,
    detail      text,                  -- for the operator
    primary key (city_id, delivery_id),
    foreign key (city_id, subject_id) references subjects,
    check ((state = 'sending') = (claim is not null) and (claim is null) = (lane is null)),
    check ((step is null) = (sent_at is null) and (over_at is null or step is not null)),
    check ((state in ('delivered', 'discarded')) = (settled_at is not null)),
    check (state = 'waiting' or not behind)
);
create unique index on deliveries (city_id, sequence);
create index deliveries_due on deliveries (city_id, back_office, next_at, sequence)
    where state = 'waiting' and not behind;
create index deliveries_in_line on deliveries (city_id, back_office, order_key, sequence)
    where state in ('waiting', 'sending', 'in_doubt', 'refused');
create index deliveries_taken on deliveries (city_id, back_office, lane) where state = 'sending';
create index deliveries_of_a_record on deliveries (city_id, noun, record_id);
create index deliveries_of_a_subject on deliveries (city_id, subject_id) where subject_id is not null;
create index deliveries_by_state on deliveries (city_id, state, sequence);
create index deliveries_done on deliveries (city_id, back_office, settled_at) where state = 'delivered';
create index deliveries_late on deliveries (city_id, deadline_at)
    where state in ('waiting', 'sending') and late_at is null;

-- What is sent: somebody's words and documents' names, encrypted with the town's key. `done_at` starts its time.
create table delivery_values (
    city_id     integer not null,
    delivery_id uuid not null,
    content     bytea not null,        -- encrypted JSON
    done_at     timestamptz,
    primary key (city_id, delivery_id),
    foreign key (city_id, delivery_id) references deliveries
);
create index on delivery_values (city_id, done_at) where done_at is not null;

-- One row for each step that surely happened, written before the next step is sent.
create table delivery_receipts (
    city_id     integer not null,
    delivery_id uuid not null,
    step        text not null,
    receipts    jsonb not null,        -- named texts, such as the number of a case
    source      text not null check (source in ('reply', 'asked', 'staff')),
    at          timestamptz not null,
    primary key (city_id, delivery_id, step),
    foreign key (city_id, delivery_id) references deliveries
);

-- What happened to each delivery, and who did it. Programs append and read; nothing in it is personal data.
create table deliveries_journal (
    city_id     integer not null,
    delivery_id uuid not null,
    entry_id    bigint not null generated always as identity,
    at          timestamptz not null,
    event       text not null,
    state       text not null,         -- after it
    step        text,
    by          text not null,         -- worker; stf_…; account of an operator
    reason      text,
    primary key (city_id, delivery_id, entry_id),
    foreign key (city_id, delivery_id) references deliveries
);

-- A back office that fails: nothing but a trial is sent to it before `paused_until`. No row: it does not fail.
create table delivery_offices (
    city_id       integer not null references cities,
    back_office   text not null,
    failures      integer not null,    -- in a row
    failing_since timestamptz not null,
    paused_until  timestamptz,
    last_failure  text not null,       -- `code: operator's text`
    primary key (city_id, back_office)
);

select munihub_town_wall(name) from unnest(array[
    'deliveries', 'delivery_values', 'delivery_receipts', 'deliveries_journal', 'delivery_offices'
]::regclass[]) as name;
revoke update, delete on deliveries_journal from munihub_worker;

-- Whoever puts a delivery in line, and whoever lets the next one forward, has the line alone until the transaction ends:
-- otherwise two that come at once would each believe to be the first.
create function munihub_lock_line(office text, line text) returns void language sql as $$
    select pg_advisory_xact_lock(hashtextextended(munihub_current_city() || '/' || office || '/' || line, 0));
$$;

-- Whether somebody stands in that line already. A citizen does not see the deliveries of others, so the function opens
-- the door to them for as long as it runs, with its caller's rights. Should it fail, the transaction does.
create function munihub_in_line(office text, line text) returns boolean language plpgsql as $$
declare
    door text := coalesce(munihub_current_door(), ''); taken boolean;
begin
    perform set_config('munihub.door', 'line', true);
    select exists (
        select from deliveries
        where city_id = munihub_current_city() and back_office = office and order_key = line
          and state in ('waiting', 'sending', 'in_doubt', 'refused')) into taken;
    perform set_config('munihub.door', door, true);
    return taken;
end $$;

-- A citizen sees her own and puts new ones in line; the town's side, which is nobody's path, sees all of the town.
create policy line on deliveries for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = 'line');
create policy citizen on deliveries for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]));
create policy put on deliveries for insert to munihub_app
    with check (city_id = (select munihub_current_city())
                and (subject_id = any ((select munihub_current_subjects())::uuid[]) or (select munihub_of_nobody())));
do $$
declare
    name text;
begin
    foreach name in array array['delivery_values', 'delivery_receipts', 'deliveries_journal'] loop
        execute format('create policy citizen on %I for select to munihub_app'
            ' using (city_id = (select munihub_current_city()) and delivery_id in ('
            ' select delivery_id from deliveries where city_id = (select munihub_current_city())'
            ' and subject_id = any ((select munihub_current_subjects())::uuid[])))', name);
    end loop;
end $$;
-- What belongs to a delivery only who sees the delivery puts there.
create policy put on delivery_values for insert to munihub_app
    with check (city_id = (select munihub_current_city()) and exists (
        select from deliveries d where d.city_id = delivery_values.city_id
                                   and d.delivery_id = delivery_values.delivery_id));
create policy put on deliveries_journal for insert to munihub_app
    with check (city_id = (select munihub_current_city()) and exists (
        select from deliveries d where d.city_id = deliveries_journal.city_id
                                   and d.delivery_id = deliveries_journal.delivery_id));
do $$
declare
    name text;
begin
    foreach name in array array[
        'deliveries', 'delivery_values', 'delivery_receipts', 'deliveries_journal', 'delivery_offices'] loop
        execute format('create policy door on %I to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))'
            ' with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))', name);
    end loop;
end $$;
grant select, insert on deliveries, delivery_values to munihub_app;
-- What staff do with those that need somebody (hub.delivery.verbs).
grant update (state, behind, step, sent_at, over_at, crashes, untold, attempts, next_at, late_at, settled_at, reason,
              field, detail)
    on deliveries to munihub_app;
grant update (content, done_at) on delivery_values to munihub_app;
grant select, insert on delivery_receipts, deliveries_journal to munihub_app;
grant select on delivery_offices to munihub_app;

-- Values go a month after they arrived, when whoever sent them has seen what became of them. What happened, told without
-- them, stays as long as the town keeps its files: it is the proof of what was handed over, and when.
insert into retention (table_name, class, keep, partitioned_by) values
    ('deliveries', 'operations', null, null),
    ('delivery_values', 'message', interval '30 days', null),
    ('delivery_receipts', 'operations', null, null),
    ('deliveries_journal', 'operations', null, null),
    ('delivery_offices', 'operations', null, null);
