-- Passwords, second factors and passkeys that the town gives.
-- Everything here is read and written through the identity door (0004). Nothing is in clear: a hash, a secret and a
-- recovery code are sealed with the town's keys (hub.storage.vault), so that a copy of the database alone allows no
-- guessing; what a browser carries is kept as its SHA-256.

-- A user name and a password of one person or one member of staff.
create table password_accounts (
    city_id    integer not null references cities,
    account_id uuid not null,
    subject_id uuid,
    staff_id   uuid,                   -- hub.staff; exactly one of the two
    username   text not null,          -- canonical: lower case, without the hyphen it is written with
    hash       bytea not null,         -- sealed; argon2id with its parameters (PHC string)
    first      boolean not null,       -- handed over on paper and not changed yet
    expires_at timestamptz,            -- of a first password
    first_used_by bytea,               -- the browser that used the first password: no other may
    issued_at  timestamptz not null,
    changed_at timestamptz,            -- when the person set her own
    primary key (city_id, account_id),
    unique (city_id, username),
    foreign key (city_id, subject_id) references subjects,
    check ((subject_id is null) <> (staff_id is null)),
    check (first = (expires_at is not null)),
    check (first or first_used_by is null)
);
create unique index one_account_of_a_subject on password_accounts (city_id, subject_id) where subject_id is not null;
create unique index one_account_of_staff on password_accounts (city_id, staff_id) where staff_id is not null;

-- What was done at the counter: who handed a password to whom, and which document was seen.
create table password_issues (
    city_id    integer not null,
    issue_id   uuid not null,
    account_id uuid not null,
    reason     text not null check (reason in ('registered', 'recovered')),
    issued_by  text not null,          -- the clerk, or the command
    document   text,                   -- kind of the document seen
    number     bytea,                  -- sealed; its number
    issued_at  timestamptz not null,
    primary key (city_id, issue_id),
    foreign key (city_id, account_id) references password_accounts on delete cascade
);
create index on password_issues (city_id, account_id);

create table second_factors (
    city_id       integer not null,
    factor_id     uuid not null,
    account_id    uuid not null,
    kind          text not null check (kind in ('totp', 'passkey')),
    name          text not null,       -- what the person calls it
    assurance     text not null check (assurance in ('low', 'substantial')),  -- of the login it was bound in
    secret        bytea,               -- totp: sealed
    last_step     bigint,              -- totp: the time step that was used last
    credential_id bytea,               -- passkey
    public_key    bytea,
    sign_count    bigint,
    created_at    timestamptz not null,
    confirmed_at  timestamptz,         -- null: being set up
    used_at       timestamptz,
    primary key (city_id, factor_id),
    unique (city_id, credential_id),
    foreign key (city_id, account_id) references password_accounts on delete cascade,
    check ((kind = 'totp') = (secret is not null) and (kind = 'passkey') = (credential_id is not null)),
    check ((credential_id is null) = (public_key is null) and (credential_id is null) = (sign_count is null))
);
create index on second_factors (city_id, account_id);

create table recovery_codes (
    city_id    integer not null,
    code_id    uuid not null,
    account_id uuid not null,
    hash       bytea not null,         -- sealed; SHA-256
    assurance  text not null check (assurance in ('low', 'substantial')),
    created_at timestamptz not null,
    primary key (city_id, code_id),
    foreign key (city_id, account_id) references password_accounts on delete cascade
);
create index on recovery_codes (city_id, account_id);

-- Challenges of passkeys: each is answered once (WebAuthn level 3, §13.4.3).
create table passkey_challenges (
    city_id    integer not null,
    challenge  bytea not null,         -- SHA-256
    account_id uuid not null,
    purpose    text not null check (purpose in ('register', 'login')),
    expires_at timestamptz not null,
    primary key (city_id, challenge),
    foreign key (city_id, account_id) references password_accounts on delete cascade
);

-- How far a login has come: the password was right, the second factor or a new password is still to come.
create table password_steps (
    city_id        integer not null,
    transaction_id uuid not null,      -- the login (hub.logins), which is bound to a browser
    account_id     uuid not null,
    first          boolean not null,   -- it was the password handed over on paper
    factor         text,               -- amr of the second factor shown: otp, hwk
    assurance      text,               -- of that factor
    passed_at      timestamptz not null,
    expires_at     timestamptz not null,
    primary key (city_id, transaction_id),
    foreign key (city_id, account_id) references password_accounts on delete cascade
);

-- Browsers in which somebody gave the right password before: what others guess elsewhere does not delay them.
create table known_browsers (
    city_id    integer not null,
    browser    bytea not null,         -- SHA-256 of the cookie
    account_id uuid not null,
    used_at    timestamptz not null,
    primary key (city_id, browser, account_id),
    foreign key (city_id, account_id) references password_accounts on delete cascade
);
create index on known_browsers (city_id, account_id);

-- How much was guessed lately, by account, network, both, or browser; also for names nobody has.
create table password_throttles (
    city_id       integer not null references cities,
    bucket        bytea not null,      -- keyed hash of what it counts
    level         double precision not null,
    counted_at    timestamptz not null,
    blocked_until timestamptz,         -- null: nobody waits
    primary key (city_id, bucket)
);

select munihub_identity_wall(name) from unnest(array[
    'password_accounts', 'password_issues', 'second_factors', 'recovery_codes', 'passkey_challenges', 'password_steps',
    'known_browsers', 'password_throttles'
]::regclass[]) as name;

insert into retention (table_name, class, keep, partitioned_by) values
    ('password_accounts', 'identity', null, null),
    ('password_issues', 'identity', null, null),
    ('second_factors', 'identity', null, null),
    ('recovery_codes', 'identity', null, null),
    ('passkey_challenges', 'identity', interval '1 hour', null),
    ('password_steps', 'identity', interval '1 hour', null),
    ('known_browsers', 'identity', interval '1 year', null),
    ('password_throttles', 'operations', interval '7 days', null);
