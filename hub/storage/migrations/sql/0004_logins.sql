-- How people come in: logins, sessions, what may be said once.

-- ── The identity door ────────────────────────────────────────────────────────────────────────────
-- A login must find a person before anybody is in scope, so the API has a door of its own for it
-- (hub.storage.database.Database.identity): within the town, and to the tables of identity only. No record
-- (obligation, case, message) has a policy for this door.

create function munihub_current_door() returns text
    language sql stable parallel safe
    return nullif(current_setting('munihub.door', true), '');

-- The wall of a table that the API reads and writes through the identity door, beside the wall of its town.
create function munihub_identity_wall(wanted regclass) returns void language plpgsql as $$
begin
    perform munihub_town_wall(wanted);
    execute format(
        'create policy identity on %s to munihub_app'
        ' using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')'
        ' with check (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')',
        wanted);
    execute format('grant select, insert, update, delete on %s to munihub_app', wanted);
end $$;

do $$
declare
    name regclass;
begin
    foreach name in array array['subjects', 'identifiers', 'identifier_indexes', 'aliases', 'subject_merges']::regclass[]
    loop
        execute format(
            'create policy identity on %s to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')'
            ' with check (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')',
            name);
        execute format('grant select, insert, update on %s to munihub_app', name);
    end loop;
end $$;

-- Of two logins that meet a new identifier at once the second takes its own row back (hub.subjects.queries). One that
-- anything refers to cannot be deleted.
grant delete on identifiers to munihub_app;

-- ── Logins ───────────────────────────────────────────────────────────────────────────────────────

-- A number of a back office may also be proven by the code that was sent with it on paper.
alter table aliases drop constraint aliases_proof_check;
alter table aliases add check (proof in ('registry', 'eid', 'clerk', 'claim', 'development'));

-- One way somebody proves herself: an eID's own id of her. It is kept among the identifiers, encrypted, with the scheme
-- `login.<block of eids:>`. A login nobody is linked to yet (staff before their first day) leads nowhere.
create table logins (
    city_id       integer not null references cities,
    login_id      uuid not null,
    provider      text not null,       -- the block of `eids:`
    identifier_id uuid not null,
    staff         boolean not null,    -- the same eID may be a citizen's login and a clerk's: each is a row
    subject_id    uuid,
    staff_id      uuid,
    linked_by     text not null check (linked_by in ('new', 'identifier', 'clerk', 'nobody')),
    linked_for    text,                -- which clerk, or what else tells why
    created_at    timestamptz not null,
    used_at       timestamptz not null,
    revoked_at    timestamptz,
    revoked_for   text,
    primary key (city_id, login_id),
    foreign key (city_id, identifier_id) references identifiers,
    foreign key (city_id, subject_id) references subjects,
    check (case when staff then subject_id is null else staff_id is null end)
);
create unique index one_login_of_an_eid on logins (city_id, identifier_id, staff) where revoked_at is null;
create index on logins (city_id, subject_id) where revoked_at is null;

-- A login under way, from the front end's request to the session. What the browser and the eID carry is kept as its
-- SHA-256; `state` and `identity` are encrypted.
create table login_transactions (
    city_id        integer not null references cities,
    transaction_id uuid not null,
    relay_hash     bytea not null,
    browser_hash   bytea not null,     -- of the cookie of the browser that began
    arrival_hash   bytea,              -- of what the browser got that brought the eID's answer
    continue_to    text not null,      -- path and query below the town's address
    assurance      text not null check (assurance in ('low', 'substantial', 'high')),
    client_name    jsonb,
    staff          boolean not null,
    force          boolean not null,
    language       text,
    provider       text,               -- the eID that was asked last
    state          bytea,              -- what its engine judges the answer by; gone with the first answer
    identity       bytea,
    begun_at       timestamptz not null,
    expires_at     timestamptz not null,
    primary key (city_id, transaction_id),
    unique (city_id, relay_hash),
    unique (city_id, arrival_hash)
);

-- What may be said once, for as long as it could be said again. Shared by all processes.
create table login_once (
    city_id     integer not null references cities,
    kind        text not null,
    id_hash     bytea not null,
    good_until  timestamptz not null,
    primary key (city_id, kind, id_hash)
);

-- How often something was tried in the window that began then; `who` is a keyed hash.
create table login_attempts (
    city_id   integer not null references cities,
    kind      text not null,
    who       bytea not null,
    window_at timestamptz not null,
    times     integer not null,
    primary key (city_id, kind, who, window_at)
);

-- Names of attributes an eID sent that its provider does not know. Never values.
create table eid_drift (
    city_id    integer not null references cities,
    provider   text not null,
    attribute  text not null,
    first_seen timestamptz not null,
    last_seen  timestamptz not null,
    times      bigint not null default 1,
    primary key (city_id, provider, attribute)
);

-- A code printed on a bill beside a number of the back office: whoever writes both is who the bill is for.
create table claims (
    city_id       integer not null references cities,
    claim_id      uuid not null,
    identifier_id uuid not null,       -- the number
    code          bytea not null,      -- encrypted
    issued_by     text not null,
    issued_at     timestamptz not null,
    expires_at    timestamptz not null,
    wrong         integer not null default 0,
    claimed_at    timestamptz,
    subject_id    uuid,                -- who claimed it
    alias_id      uuid,                -- what came of it: the number was nobody's
    merge_id      uuid,                -- or it was somebody's who is the same person
    undone_at     timestamptz,
    undone_for    text,
    primary key (city_id, claim_id),
    foreign key (city_id, identifier_id) references identifiers,
    foreign key (city_id, subject_id) references subjects
);
create unique index one_open_claim on claims (city_id, identifier_id) where claimed_at is null;

-- ── Sessions ─────────────────────────────────────────────────────────────────────────────────────

-- A browser in which somebody is logged in. The cookie's token is kept as its SHA-256.
create table sessions (
    city_id          integer not null references cities,
    session_id       uuid not null,
    token_hash       bytea not null,
    subject_id       uuid,
    staff_id         uuid,
    login_id         uuid,
    provider         text not null,    -- `password`, or the block of `eids:`
    assurance        text not null check (assurance in ('low', 'substantial', 'high')),
    methods          text[] not null,  -- amr (RFC 8176)
    authenticated_at timestamptz not null,
    created_at       timestamptz not null,
    seen_at          timestamptz not null,
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    ended_for        text,
    primary key (city_id, session_id),
    unique (city_id, token_hash),
    foreign key (city_id, subject_id) references subjects,
    check ((subject_id is null) <> (staff_id is null))
);
create index on sessions (city_id, subject_id) where ended_at is null;
create index on sessions (city_id, login_id) where ended_at is null;

-- What a session's eIDs need to be told at its end, and by what they name it when they end it themselves.
create table session_eids (
    city_id    integer not null,
    session_id uuid not null,
    provider   text not null,
    key_id     smallint not null,      -- of the index key
    name_index bytea not null,         -- keyed hash of the NameID
    handle     bytea not null,         -- encrypted: Identity.logout
    primary key (city_id, session_id, provider),
    foreign key (city_id, session_id) references sessions on delete cascade
);
create index on session_eids (city_id, provider, name_index);

-- Where a browser goes on when the eID has answered a logout of ours.
create table logouts (
    city_id    integer not null references cities,
    relay_hash bytea not null,
    onward     text,
    expires_at timestamptz not null,
    primary key (city_id, relay_hash)
);

select munihub_identity_wall(name) from unnest(array[
    'logins', 'login_transactions', 'login_once', 'login_attempts', 'eid_drift', 'claims', 'sessions', 'session_eids',
    'logouts'
]::regclass[]) as name;

insert into retention (table_name, class, keep, partitioned_by) values
    ('logins', 'identity', null, null),
    ('login_transactions', 'identity', interval '1 day', null),
    ('login_once', 'operations', interval '1 hour', null),
    ('login_attempts', 'operations', interval '1 day', null),
    ('eid_drift', 'operations', null, null),
    ('claims', 'identity', interval '90 days', null),
    ('sessions', 'identity', interval '90 days', null),
    ('session_eids', 'identity', null, null),
    ('logouts', 'operations', interval '1 day', null);
