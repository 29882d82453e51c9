-- Attempts to pay at card gateways, what gateways said of them, and money given back (hub.gateways).

-- One try to pay a charge. The number is what the gateway knows it by: random, and unique for the merchant for ever.
create table gateway_attempts (
    city_id      integer not null references cities,
    attempt_id   uuid not null,
    charge_id    uuid not null,
    payment_id   uuid not null,
    gateway      text not null,        -- a block of `gateways` in city.yaml
    payee        text not null,
    number       text not null check (number ~ '^[1-9][0-9]{9}$'),
    minor        bigint not null check (minor > 0),
    currency     text not null check (currency ~ '^[A-Z]{3}$'),
    state        text not null default 'created'
                 check (state in ('created', 'unsure', 'open', 'pending', 'unknown', 'captured', 'failed', 'declined',
                                  'cancelled', 'expired', 'reversed', 'charged_back')),
    reference    text,                 -- the gateway's own id of it
    word         text,                 -- the gateway's own state, as it said it last
    reason       text,                 -- hub.ports.payment_gateway.REASONS, or a code of ours
    onward       bytea,                -- where the payer's browser goes (JSON, encrypted); gone when it is over
    details      bytea,                -- approval, masked card and what else the gateway told (JSON, encrypted)
    refunded     bigint not null default 0 check (refunded >= 0 and refunded <= minor),  -- known to be given back
    asks         integer not null default 0,
    ask_at       timestamptz,          -- when the gateway is asked next; null: it need not be
    asked_at     timestamptz,
    failures     integer not null default 0,   -- questions in a row that were not answered
    created_at   timestamptz not null,
    expires_at   timestamptz not null, -- when the gateway's page stops taking cards
    returned_at  timestamptz,          -- when the browser came back
    captured_at  timestamptz,          -- when we knew of the money
    settled_at   timestamptz,          -- nothing is under way any more
    changed_at   timestamptz not null,
    primary key (city_id, attempt_id),
    unique (city_id, gateway, number),
    foreign key (city_id, charge_id) references charges on delete cascade,
    check (state not in ('created', 'unsure', 'open', 'pending', 'unknown') or ask_at is not null),
    check (state not in ('captured', 'charged_back') or captured_at is not null),
    check ((state in ('created', 'unsure', 'open', 'pending', 'unknown')) = (settled_at is null)),
    check (onward is null or settled_at is null)
);
create unique index on gateway_attempts (city_id, gateway, reference) where reference is not null;
-- Of a charge no two attempts are under way at a time.
create unique index one_attempt_at_a_time on gateway_attempts (city_id, charge_id) where settled_at is null;
create index on gateway_attempts (city_id, payment_id);
create index on gateway_attempts (city_id, charge_id);
create index gateway_attempts_to_ask on gateway_attempts (city_id, ask_at) where ask_at is not null;
create index on gateway_attempts (city_id, gateway, created_at) where captured_at is not null;

-- What happened to each attempt, and who did it. Programs append and read; nothing in it is personal data.
create table gateway_journal (
    city_id    integer not null,
    attempt_id uuid not null,
    entry_id   bigint not null generated always as identity,
    at         timestamptz not null,
    event      text not null,
    state      text not null,          -- after it
    by         text not null,          -- payer; gateway; worker; stf_…
    word       text,
    why        text,
    primary key (city_id, attempt_id, entry_id),
    foreign key (city_id, attempt_id) references gateway_attempts on delete cascade
);

-- Every message that came to a door, exactly as it came, and what became of it. Kept before it is understood.
create table gateway_messages (
    city_id     integer not null references cities,
    message_id  uuid not null,
    gateway     text not null,
    kind        text not null check (kind in ('return', 'notification')),
    received_at timestamptz not null,
    content     bytea not null,        -- method, address, headers, body, and what the gateway read in it; encrypted
    digest      bytea not null,        -- SHA-256 of the content: a repetition has the same
    verdict     text not null default 'waiting' check (verdict in ('waiting', 'applied', 'repeated', 'asked', 'refused')),
    why         text,
    word        text,
    attempt_id  uuid,
    judged_at   timestamptz,
    primary key (city_id, message_id),
    foreign key (city_id, attempt_id) references gateway_attempts on delete set null (attempt_id),
    check ((verdict = 'waiting') = (judged_at is null))
);
create index on gateway_messages (city_id, received_at, message_id);
create index gateway_messages_waiting on gateway_messages (city_id, received_at, message_id) where verdict = 'waiting';
create index on gateway_messages (city_id, attempt_id) where attempt_id is not null;
create index gateway_messages_refused on gateway_messages (city_id, gateway, received_at) where verdict = 'refused';

-- Money given back: how far it has come at the gateway. Why, and who wanted it, is with the payment.
create table gateway_refunds (
    city_id    integer not null,
    refund_id  uuid not null,
    attempt_id uuid not null,
    minor      bigint not null check (minor > 0),
    already    bigint not null check (already >= 0),  -- was given back of the attempt before it
    state      text not null check (state in ('sending', 'waiting', 'pending', 'in_doubt', 'done', 'refused')),
    sends      integer not null default 0,
    next_at    timestamptz,            -- when it is sent again or asked about; null: it need not be
    sent_at    timestamptz,
    reference  text,
    word       text,
    detail     text,
    created_at timestamptz not null,
    settled_at timestamptz,
    primary key (city_id, refund_id),
    foreign key (city_id, attempt_id) references gateway_attempts on delete cascade,
    check ((state in ('done', 'refused')) = (settled_at is not null))
);
create index on gateway_refunds (city_id, attempt_id);
create unique index one_refund_at_a_time on gateway_refunds (city_id, attempt_id) where settled_at is null;
create index gateway_refunds_due on gateway_refunds (city_id, next_at) where next_at is not null;

-- What a gateway lists and what is known here, where they differ.
create table gateway_comparisons (
    city_id     integer not null references cities,
    gateway     text not null,
    compared_to timestamptz not null,  -- everything that changed before this has been compared
    compared_at timestamptz not null,
    listed      integer not null,      -- orders the gateway listed then
    primary key (city_id, gateway)
);
create table gateway_differences (
    city_id       integer not null references cities,
    difference_id uuid not null,
    gateway       text not null,
    kind          text not null check (kind in ('missing_here', 'missing_there', 'amount', 'state')),
    number        text not null,       -- the order's
    attempt_id    uuid,
    here          text,                -- state and amount as known here
    there         text,                -- state and amount as the gateway lists them
    found_at      timestamptz not null,
    last_at       timestamptz not null,
    settled_at    timestamptz,         -- when a comparison did not find it any more, or somebody had seen to it
    settled_by    text,
    settled_for   text,                -- the reason given
    primary key (city_id, difference_id),
    foreign key (city_id, attempt_id) references gateway_attempts on delete set null (attempt_id)
);
create unique index one_difference on gateway_differences (city_id, gateway, kind, number) where settled_at is null;

select munihub_town_wall(name) from unnest(array[
    'gateway_attempts', 'gateway_journal', 'gateway_messages', 'gateway_refunds', 'gateway_comparisons',
    'gateway_differences'
]::regclass[]) as name;
revoke update, delete on gateway_journal from munihub_worker;

-- The town's side, which is nobody's path: attempts are started and messages kept by the API, and seen by staff.
do $$
declare
    name text;
begin
    foreach name in array array['gateway_attempts', 'gateway_journal', 'gateway_messages', 'gateway_refunds',
                                'gateway_comparisons', 'gateway_differences'] loop
        execute format('create policy door on %I to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))'
            ' with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))', name);
    end loop;
end $$;
-- A citizen sees those of her own payments.
create policy citizen on gateway_attempts for select to munihub_app
    using (city_id = (select munihub_current_city()) and payment_id in (
        select payment_id from payments where city_id = (select munihub_current_city())
           and subject_id = any ((select munihub_current_subjects())::uuid[])));
do $$
declare
    name text;
begin
    foreach name in array array['gateway_journal', 'gateway_messages', 'gateway_refunds'] loop
        execute format('create policy citizen on %I for select to munihub_app'
            ' using (city_id = (select munihub_current_city()) and attempt_id in ('
            ' select attempt_id from gateway_attempts where city_id = (select munihub_current_city())))', name);
    end loop;
end $$;
grant select, insert on gateway_attempts, gateway_journal, gateway_messages to munihub_app;
grant update (state, reference, onward, word, reason, ask_at, returned_at, captured_at, settled_at, changed_at)
    on gateway_attempts to munihub_app;
grant select on gateway_refunds, gateway_comparisons, gateway_differences to munihub_app;
grant update (settled_at, settled_by, settled_for) on gateway_differences to munihub_app;

-- Messages prove what a gateway said: as long as a card holder may dispute what was taken (18 months at the most).
-- Attempts go with their payment.
insert into retention (table_name, class, keep, partitioned_by) values
    ('gateway_attempts', 'money', null, null),
    ('gateway_journal', 'money', null, null),
    ('gateway_messages', 'message', interval '540 days', null),
    ('gateway_refunds', 'money', null, null),
    ('gateway_comparisons', 'operations', null, null),
    ('gateway_differences', 'operations', interval '2 years', null);
