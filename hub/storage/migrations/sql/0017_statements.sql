-- Bank statements: files as they came, the statements in them, their entries, and what each entry was matched with.

-- ── Files ────────────────────────────────────────────────────────────────────────────────────────
-- A file counts whole or not at all. One of the same content is known and not read again, unless it was refused: to who
-- sent it, perhaps, and not to the next one.
create table statement_files (
    city_id     integer not null references cities,
    file_id     uuid not null,
    name        text not null,
    received_at timestamptz not null,
    by          text not null,             -- stf_…
    payees      text[],                    -- whose accounts who sent it answers for; null: all
    state       text not null check (state in ('arriving', 'received', 'read', 'refused')),
    size        bigint not null default 0,
    digest      bytea,
    format      text,
    problem     text,                      -- of one that was refused
    line        integer,
    read_at     timestamptz,
    primary key (city_id, file_id)
);
create unique index statement_files_once on statement_files (city_id, digest) where state in ('received', 'read');
create index on statement_files (city_id, received_at desc);

create table statement_file_chunks (
    city_id integer not null,
    file_id uuid not null,
    number  integer not null,
    body    bytea not null,                -- encrypted
    primary key (city_id, file_id, number),
    foreign key (city_id, file_id) references statement_files on delete cascade
);

-- ── Statements ───────────────────────────────────────────────────────────────────────────────────
create table statements (
    city_id        integer not null,
    statement_id   uuid not null,
    file_id        uuid not null,
    kind           text not null check (kind in ('statement', 'report', 'notification')),
    format         text not null,
    bank_id        text not null,          -- what makes it known when it comes again
    account        text not null,          -- as the payee's in city.yaml
    currency       char(3) not null,
    number         text,
    since          date,
    until          date,
    opening        bigint,
    closing        bigint,
    entries        integer not null,
    credits        bigint not null,
    debits         bigint not null,
    agrees         boolean,                -- null: the bank tells nothing to compare with
    differences    jsonb not null default '[]',
    digest         bytea not null,         -- of its entries: another content under the same id is refused
    imported_at    timestamptz not null,
    primary key (city_id, statement_id),
    unique (city_id, account, kind, bank_id),
    foreign key (city_id, file_id) references statement_files
);
create index on statements (city_id, imported_at desc, statement_id desc);
create index on statements (city_id, account, until);

-- ── Entries ──────────────────────────────────────────────────────────────────────────────────────
-- One row for each payment the bank tells of: a booking of several payments has several.
create table statement_entries (
    city_id      integer not null,
    entry_id     uuid not null,
    statement_id uuid not null,
    account      text not null,
    place        integer not null,         -- in the statement; parts of one booking have the same
    part         integer not null,
    currency     char(3) not null,
    amount       bigint not null check (amount <> 0),   -- below zero: money went
    booked_on    date,
    valued_on    date,
    reversal     boolean not null,
    batch        integer,                  -- stands for so many payments, which the bank does not tell
    code         text not null,
    bank_reference text not null,
    references_  jsonb not null,           -- symbols, wherever the format hid them
    words        text[] not null,          -- what could be a reference, in symbols and text, without blanks and zeros
    details      bytea not null,           -- encrypted: the other side, the payer's text
    party_key    bytea,                    -- keyed hash of the other side's account
    likeness     bytea not null,           -- the same for the same booking in another statement
    state        text not null check (state in ('new', 'booked', 'queued', 'set_aside', 'reversed')),
    state_at     timestamptz not null,
    reason       text,                     -- why it is queued or set aside
    kind         text check (kind in ('payment', 'payout', 'refund', 'reversal')),   -- of one that is booked
    payment_id   uuid,
    primary key (city_id, entry_id),
    unique (city_id, statement_id, place, part),
    -- Entries are written piece by piece, and the statement when its totals are known.
    foreign key (city_id, statement_id) references statements on delete cascade deferrable initially deferred
);
create index statement_entries_open on statement_entries (city_id, state, entry_id) where state in ('new', 'queued');
create index statement_entries_alike on statement_entries (city_id, account, likeness);
create index statement_entries_listed on statement_entries (city_id, state_at desc, entry_id desc);
create index statement_entries_of_a_party on statement_entries (city_id, party_key) where state = 'booked';
create index statement_entries_of_a_payment on statement_entries (city_id, payment_id) where payment_id is not null;

-- What was decided of an entry, by whom and why. Append-only.
create table matches (
    city_id    integer not null,
    match_id   uuid not null,
    entry_id   uuid not null,
    event      text not null,
    from_state text,
    to_state   text not null,
    at         timestamptz not null,
    by         text not null,              -- hub, or stf_…
    reason     text,                       -- a code of the hub's, or the words of who decided
    score      smallint check (score between 0 and 100),
    why        text[] not null default '{}',
    targets    jsonb not null default '[]',     -- what it was booked for: public ids and amounts
    primary key (city_id, match_id),
    foreign key (city_id, entry_id) references statement_entries on delete cascade
);
create index on matches (city_id, entry_id, at);
create trigger append_only before update or delete on matches for each row execute function munihub_append_only();

-- ── Walls ────────────────────────────────────────────────────────────────────────────────────────
-- The town's books: staff and the hub's own work, no citizen's path.
do $$
declare
    name text;
begin
    foreach name in array array['statement_files', 'statement_file_chunks', 'statements', 'statement_entries',
                                'matches'] loop
        perform munihub_town_wall(name::regclass);
        execute format('create policy door on %I to munihub_app'
                       ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))'
                       ' with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))', name);
        execute format('grant select, insert on %I to munihub_app', name);
    end loop;
end $$;
-- Whoever says what an entry is for is shown who owed what its account paid before, and whose name is like the payer's:
-- by the door through which money sees what is owed (0015), open for as long as that is looked for.
do $$
declare
    name text;
begin
    foreach name in array array['parties', 'aliases', 'subjects'] loop
        execute format('create policy money on %I for select to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody())'
            '        and (select munihub_current_door()) = ''money'')', name);
    end loop;
end $$;
grant update (state, size, digest, format, problem, line, read_at) on statement_files to munihub_app;
grant update (state, state_at, reason, kind, payment_id) on statement_entries to munihub_app;
revoke update, delete on matches from munihub_worker;
revoke update on statements, statement_entries from munihub_worker;
grant update (state, state_at, reason, kind, payment_id) on statement_entries to munihub_worker;
-- What they are found by is brought to a new key (hub.statements.rotation).
grant update (likeness, party_key) on statement_entries to munihub_worker;

-- Books of account, as 0014. The bank's own file is needed until the year is closed and audited.
insert into retention (table_name, class, keep, partitioned_by) values
    ('statements', 'money', interval '11 years', null),
    ('statement_entries', 'money', null, null),
    ('matches', 'money', null, null),
    ('statement_files', 'money', interval '11 years', null),
    ('statement_file_chunks', 'money', null, null);
