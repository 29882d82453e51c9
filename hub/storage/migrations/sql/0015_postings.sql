-- What was paid here: each allocation is told once to the back office of its obligation (hub.postings), and until that
-- counts it, it is subtracted here from what it says is owed (hub.obligations).

-- ── What was paid here of each obligation ────────────────────────────────────────────────────────
-- One row for each posting, as the obligation sees it. A sum of `uncounted` is what is to be subtracted from what the
-- source says is outstanding; where it says nothing, all that was ever paid here is subtracted from what was assessed.
create table paid_here (
    city_id       integer not null,
    posting_id    uuid not null,
    obligation_id uuid not null,
    sequence      bigint not null generated always as identity,
    instalment    smallint,            -- what the payer meant it for; null: the obligation as a whole
    currency      char(3) not null,
    amount        bigint not null check (amount <> 0),      -- below zero: taken back
    back_office   text not null,
    delivery_id   uuid,                -- its public id begins the key the source lists; null: nobody is told
    telling       text not null check (telling in ('under_way', 'told', 'refused', 'in_doubt', 'nobody')),
    created_at    timestamptz not null,
    posted_at     timestamptz,         -- when the office had taken it
    fallen        bigint not null default 0,                -- of the amount: what the source's amounts have moved by
    uncounted     bigint not null,     -- of the amount: what the source's amounts do not contain
    standing      text not null default 'open' check (standing in ('open', 'counted', 'disagrees')),
    by_key        boolean not null default false,           -- the source lists our key
    settled_at    timestamptz,
    primary key (city_id, posting_id),
    foreign key (city_id, obligation_id) references obligations,
    check (fallen between least(amount, 0) and greatest(amount, 0)),
    check (uncounted between least(amount, 0) and greatest(amount, 0)),
    check ((telling = 'told') <= (posted_at is not null)),
    check ((standing = 'counted') = (settled_at is not null) and (standing <> 'counted' or uncounted = 0))
);
create index paid_here_of_an_obligation on paid_here (city_id, obligation_id, sequence);
create index paid_here_open on paid_here (city_id, back_office, obligation_id) where standing <> 'counted';
create index paid_here_by_key on paid_here (city_id, back_office) where by_key;

-- Null: the source has no place for them; empty: it has, and lists none.
alter table obligations alter counted_writes drop not null, alter counted_writes drop default;

-- ── Postings ─────────────────────────────────────────────────────────────────────────────────────
create table postings (
    city_id       integer not null references cities,
    posting_id    uuid not null,
    allocation_id uuid not null,
    taken_back    boolean not null,    -- of an allocation: that it was made, or that it was taken back
    payment_id    uuid not null,
    charge_id     uuid not null,
    obligation_id uuid not null,
    instalment    smallint,
    currency      char(3) not null,
    amount        bigint not null check (amount <> 0 and (amount < 0) = taken_back),
    method        text not null check (method in ('card', 'transfer', 'counter')),
    paid_at       timestamptz not null,
    back_office   text not null,
    delivery_id   uuid,
    state         text not null check (state in ('being_posted', 'posted', 'refused', 'in_doubt', 'not_told')),
    number        text,                -- under which the office has it
    created_at    timestamptz not null,
    state_at      timestamptz not null,
    primary key (city_id, posting_id),
    unique (city_id, allocation_id, taken_back),
    foreign key (city_id, obligation_id) references obligations
);
create index on postings (city_id, obligation_id);
create index on postings (city_id, payment_id);
create index postings_that_stand on postings (city_id, state, state_at) where state in ('refused', 'in_doubt', 'not_told');

-- ── Walls ────────────────────────────────────────────────────────────────────────────────────────
-- Money comes in at the API's doors, too, on nobody's path. Whoever takes it looks what is still owed, whoever owes it: by
-- a door of its own, open for as long as it looks (hub.obligations.door). A citizen sees what was paid of her own
-- obligations, whoever paid it.
select munihub_town_wall(name) from unnest(array['paid_here', 'postings']::regclass[]) as name;
do $$
declare
    name text;
begin
    foreach name in array array['paid_here', 'postings'] loop
        execute format('create policy citizen on %I for select to munihub_app'
            ' using (city_id = (select munihub_current_city())'
            '        and obligation_id = any ((select munihub_current_records(''obligation''))::uuid[]))', name);
        execute format('create policy door on %I to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))'
            ' with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))', name);
    end loop;
    foreach name in array array['obligations', 'instalments'] loop
        execute format('create policy door on %I for select to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody())'
            '        and (select munihub_current_door()) = ''money'')', name);
    end loop;
end $$;
grant select, insert on paid_here, postings to munihub_app;
grant update (fallen, uncounted, standing, by_key, settled_at, telling, posted_at) on paid_here to munihub_app;
revoke delete on paid_here, postings from munihub_worker;

-- As long as the payments they belong to, which the town keeps with its books.
insert into retention (table_name, class, keep, partitioned_by) values
    ('paid_here', 'operations', null, null),
    ('postings', 'operations', null, null);

-- Found by what somebody copied from a bill: spaces, dashes and leading zeros are written as anybody likes, and the model
-- of a Croatian reference (HR68) is often left out.
create function munihub_plain_references(reference jsonb) returns text[]
    language sql immutable parallel safe
    begin atomic
        select coalesce(array_agg(distinct ltrim(form, '0')), '{}')
        from jsonb_array_elements(reference) one
        cross join lateral (select regexp_replace(upper(one ->> 'value'), '[^A-Z0-9]', '', 'g') as plain) written
        cross join lateral unnest(array[plain, substring(plain from '^HR[0-9]{2}(.+)$')]) form
        where ltrim(form, '0') <> '';
    end;

-- Kept apart, by equality: a test of what is inside an array is not leakproof, so behind walls it would be made of every
-- obligation of the town, index or not. `instalment` 0 is the obligation's own.
create table obligation_references (
    city_id       integer not null,
    word          text not null,
    obligation_id uuid not null,
    instalment    smallint not null,
    primary key (city_id, word, obligation_id, instalment),
    foreign key (city_id, obligation_id) references obligations on delete cascade
);
create index on obligation_references (city_id, obligation_id);

create function munihub_refer() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        delete from obligation_references r using said, had
            where r.city_id = said.city_id and r.obligation_id = said.obligation_id and r.instalment = 0
              and had.city_id = said.city_id and had.obligation_id = said.obligation_id
              and had.reference is distinct from said.reference;
    end if;
    insert into obligation_references (city_id, word, obligation_id, instalment)
        select said.city_id, word, said.obligation_id, 0 from said, unnest(munihub_plain_references(said.reference)) word
        where said.reference <> '[]' on conflict do nothing;
    return null;
end $$;
create trigger refers after insert on obligations referencing new table as said
    for each statement execute function munihub_refer();
create trigger refers_anew after update on obligations referencing old table as had new table as said
    for each statement execute function munihub_refer();

-- Parts are replaced, never changed.
create function munihub_refer_by_part() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from obligation_references r using had
            where r.city_id = had.city_id and r.obligation_id = had.obligation_id and r.instalment = had.number;
    else
        insert into obligation_references (city_id, word, obligation_id, instalment)
            select said.city_id, word, said.obligation_id, said.number
            from said, unnest(munihub_plain_references(said.reference)) word
            where said.reference <> '[]' on conflict do nothing;
    end if;
    return null;
end $$;
create trigger refers after insert on instalments referencing new table as said
    for each statement execute function munihub_refer_by_part();
create trigger refers_no_more after delete on instalments referencing old table as had
    for each statement execute function munihub_refer_by_part();

select munihub_town_wall('obligation_references');
grant select on obligation_references to munihub_app;
create policy door on obligation_references for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody())
           and (select munihub_current_door()) = 'money');
insert into retention (table_name, class, keep, partitioned_by) values ('obligation_references', 'projection', null, null);

insert into obligation_references (city_id, word, obligation_id, instalment)
    select city_id, word, obligation_id, 0 from obligations, unnest(munihub_plain_references(reference)) word
    union all
    select city_id, word, obligation_id, number from instalments, unnest(munihub_plain_references(reference)) word;

-- ── What is due ──────────────────────────────────────────────────────────────────────────────────
-- Of one obligation on one day: what is still to be paid, what of it is overdue, what of that was paid here and is not
-- counted by the office yet, and how that stands. Of an obligation in parts only parts whose day has passed are overdue:
-- all that is due but what belongs to later ones.
create function munihub_due(city integer, obligation uuid, outstanding bigint, original bigint, due_on date, today date)
    returns table (due bigint, overdue bigint, paid bigint, paid_standing text)
    language sql stable as $$
    select owed.due,
           case when owed.due <= 0 then 0
                when parts.number > 0
                    then case when parts.past > 0 then greatest(owed.due - parts.later, 0) else 0 end
                when munihub_due.due_on < munihub_due.today then owed.due
                else 0 end::bigint as overdue,
           here.paid, here.standing as paid_standing
    from (select coalesce(sum(p.uncounted), 0) as uncounted, coalesce(sum(p.amount), 0) as ever,
                 coalesce(sum(p.amount) filter (where p.standing <> 'counted'), 0)::bigint as paid,
                 case when bool_or(p.standing = 'disagrees') then 'disagrees'
                      when bool_or(p.standing = 'open' and p.telling in ('refused', 'in_doubt')) then 'delayed'
                      when bool_or(p.standing = 'open' and p.telling = 'under_way') then 'being_posted'
                      when bool_or(p.standing = 'open') then 'not_shown_yet' end as standing
          from paid_here p where p.city_id = city and p.obligation_id = obligation) here
    cross join lateral (
        select coalesce(munihub_due.outstanding - here.uncounted, original - here.ever)::bigint as due) owed
    cross join lateral (
        select count(*) as number, coalesce(sum(part.rest) filter (where part.due_on < munihub_due.today), 0) as past,
               coalesce(sum(part.rest) filter (where part.due_on >= munihub_due.today), 0) as later
        from (select i.due_on, greatest(coalesce(i.outstanding - meant.uncounted, i.amount - meant.ever), 0) as rest
              from instalments i
              cross join lateral (
                  select coalesce(sum(p.uncounted), 0) as uncounted, coalesce(sum(p.amount), 0) as ever
                  from paid_here p
                  where p.city_id = city and p.obligation_id = obligation and p.instalment = i.number) meant
              where i.city_id = city and i.obligation_id = obligation) part) parts
    $$;

-- ── The account ──────────────────────────────────────────────────────────────────────────────────
-- As in 0011; what is due is what the office says without what was paid here.

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
            select o.obligation_id, o.back_office, o.source_key, o.kind, o.title, o.payee, o.department, o.year,
                   o.issued_on, o.due_on, o.currency, o.original, o.outstanding, o.interest, o.cancelled, o.reference,
                   o.document_number, o.caught_up_to, o.gone_at, d.due, d.overdue, d.paid, d.paid_standing
            from obligations o
            cross join lateral munihub_due(city, o.obligation_id, o.outstanding, o.original, o.due_on, today) d
            where o.city_id = city and o.obligation_id = any (owed) and o.gone_at is null and not o.cancelled),
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
                           coalesce(sum(overdue), 0)::bigint as overdue,
                           coalesce(-sum(due) filter (where due < 0), 0)::bigint as credit,
                           coalesce(sum(paid), 0)::bigint as paid
                    from dues where due <> 0 or paid_standing is not null group by currency order by currency) total),
            'obligations', (
                select json_agg(o) from (
                    select * from dues where due <> 0 or paid_standing is not null
                    order by due_on nulls last, obligation_id limit most) o),
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
