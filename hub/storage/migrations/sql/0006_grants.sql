-- What front ends were granted: codes, tokens, signing keys.
--
-- Codes, refresh tokens and the names of requests are 256 random bits, kept as their SHA-256 alone: whoever reads these
-- tables can show none of them. Everything is written through the identity door (0004), by which no record is seen.

-- ── Signing keys ─────────────────────────────────────────────────────────────────────────────────

-- A key signs from `signs_from` until the next one does. It is published from the moment it is here, so that whoever
-- caches the key set knows it before it signs, and for a day after it has ceased to sign.
create table signing_keys (
    city_id    integer not null references cities,
    kid        text not null,
    signs_from timestamptz not null,
    private    bytea not null,         -- JWK, encrypted; associated data: city, table, column, kid
    created_at timestamptz not null,
    primary key (city_id, kid)
);
select munihub_identity_wall('signing_keys');

-- ── Grants ───────────────────────────────────────────────────────────────────────────────────────

-- What a front end asked for while somebody still had to log in for it.
create table authorization_requests (
    city_id      integer not null references cities,
    request_hash bytea not null,
    client       text not null,
    request      jsonb not null,       -- hub.grants.model.AuthorizationRequest
    cookie_hash  bytea,                -- of the session's cookie at that time: a login changes it
    expires_at   timestamptz not null,
    primary key (city_id, request_hash)
);
select munihub_identity_wall('authorization_requests');

-- One login at one front end, and everything that comes of it: a code, and refresh tokens that follow one another.
create table grants (
    city_id          integer not null references cities,
    grant_id         uuid not null,
    client           text not null,
    session_id       uuid not null,
    subject_id       uuid,
    staff_id         uuid,
    scopes           text[] not null,
    nonce            text,
    assurance        text not null check (assurance in ('low', 'substantial', 'high')),
    methods          text[] not null,
    authenticated_at timestamptz not null,
    created_at       timestamptz not null,
    expires_at       timestamptz not null,     -- the session's end: nothing of this lives longer
    revoked_at       timestamptz,
    revoked_for      text,
    primary key (city_id, grant_id),
    check (num_nonnulls(subject_id, staff_id) = 1)
);
create index on grants (city_id, session_id) where revoked_at is null;
create index on grants (city_id, subject_id);
select munihub_identity_wall('grants');

create table authorization_codes (
    city_id        integer not null,
    code_hash      bytea not null,
    grant_id       uuid not null,
    redirect_uri   text not null,
    code_challenge text not null,      -- S256 (RFC 7636 §4.2)
    expires_at     timestamptz not null,
    used_at        timestamptz,
    primary key (city_id, code_hash),
    foreign key (city_id, grant_id) references grants on delete cascade
);
create index on authorization_codes (city_id, grant_id);
select munihub_identity_wall('authorization_codes');

create table refresh_tokens (
    city_id    integer not null,
    token_hash bytea not null,
    grant_id   uuid not null,
    parent     bytea,                  -- the one it was given for; null for the first of its grant
    issued_at  timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    primary key (city_id, token_hash),
    foreign key (city_id, grant_id) references grants on delete cascade
);
create index on refresh_tokens (city_id, grant_id);
create index on refresh_tokens (city_id, parent);
select munihub_identity_wall('refresh_tokens');

-- A month of grants shows an operator who was let in where. Codes and refresh tokens go with their grant.
insert into retention (table_name, class, keep, partitioned_by) values
    ('signing_keys', 'configuration', null, null),
    ('authorization_requests', 'identity', interval '1 hour', null),
    ('grants', 'identity', interval '30 days', null),
    ('authorization_codes', 'identity', null, null),
    ('refresh_tokens', 'identity', null, null);
