-- Staff with roles, and who may act for whom.

create table staff (
    city_id    integer not null references cities,
    staff_id   uuid not null,
    name       text not null,
    added_at   timestamptz not null,
    added_by   text not null,          -- stf_… of an administrator, or the command line
    ended_at   timestamptz,
    ended_by   text,
    ended_for  text,
    primary key (city_id, staff_id)
);

-- A role in the whole town, or (one of the two given) at a payee or in a department. A row is taken back, never changed:
-- it is also the answer to who could do what at some time.
create table staff_roles (
    city_id    integer not null,
    grant_id   uuid not null,
    staff_id   uuid not null,
    role       text not null check (role in ('administrator', 'clerk', 'auditor', 'support')),
    payee      text,
    department text,
    given_at   timestamptz not null,
    given_by   text not null,
    taken_at   timestamptz,
    taken_by   text,
    primary key (city_id, grant_id),
    foreign key (city_id, staff_id) references staff,
    check (payee is null or department is null)
);
create unique index one_grant_of_a_role
    on staff_roles (city_id, staff_id, role, coalesce(payee, ''), coalesce(department, '')) where taken_at is null;

-- Who may act for whom. What an eID says holds for a working day and is said again at the next login; what a clerk
-- records holds until its end. Rows are ended, never deleted before their time.
create table mandates (
    city_id        integer not null references cities,
    mandate_id     uuid not null,
    holder_id      uuid not null,      -- who may act
    represented_id uuid not null,      -- for whom
    kind           text not null check (kind in ('guardianship', 'company')),
    proof          text not null check (proof in ('eid', 'clerk')),
    source         text not null,      -- the register that said so, or the document a clerk saw
    recorded_at    timestamptz not null,
    recorded_by    text not null,      -- stf_…, or the eID
    valid_from     timestamptz not null,
    valid_until    timestamptz,        -- null: until somebody ends it
    ended_at       timestamptz,
    ended_by       text,
    ended_for      text,
    primary key (city_id, mandate_id),
    foreign key (city_id, holder_id) references subjects,
    foreign key (city_id, represented_id) references subjects,
    check (holder_id <> represented_id),
    check (valid_until > valid_from)
);
create index on mandates (city_id, holder_id, represented_id) where ended_at is null;
create index on mandates (city_id, represented_id);

select munihub_identity_wall(name)
from unnest(array['staff', 'staff_roles', 'mandates']::regclass[]) as name;
revoke delete on staff, staff_roles, mandates from munihub_app;

-- A citizen sees the mandates she holds: what is asked at every request in somebody else's name is asked behind this.
create policy citizen on mandates for select to munihub_app
    using (city_id = (select munihub_current_city()) and holder_id = any ((select munihub_current_subjects())::uuid[]));

insert into retention (table_name, class, keep, partitioned_by) values
    ('staff', 'identity', null, null),
    ('staff_roles', 'identity', null, null),
    -- After its end: as long as somebody may still ask by what right a thing was done (the longest general limitation
    -- of the five countries, Serbia's: ZOO čl. 371).
    ('mandates', 'identity', interval '10 years', null);

-- ── Doors that are not a citizen's ───────────────────────────────────────────────────────────────
-- The doors of back offices and administrators were open to the town; a citizen's transaction is within the town too.
-- Whoever is in scope, nothing of these tables is: a query of a citizen's path that strays there finds nothing.

create function munihub_of_nobody() returns boolean
    language sql stable parallel safe
    return nullif(current_setting('munihub.subjects', true), '') is null;

do $$
declare
    name regclass;
begin
    foreach name in array array['messages', 'message_keys', 'dead_letters', 'drift']::regclass[] loop
        execute format('alter policy door on %s using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))', name);
    end loop;
end $$;
