-- Money (hub.payments; docs/payments.md). Amounts are whole minor units beside their ISO 4217 currency. What came in, and
-- what became of it, is kept by double entry: the rules of bookkeeping stand here and hold against the program too.

alter table retention drop constraint retention_class_check;
alter table retention add constraint retention_class_check
    check (class in ('configuration', 'projection', 'identity', 'message', 'operations', 'money'));

alter table staff_roles drop constraint staff_roles_role_check;
alter table staff_roles add constraint staff_roles_role_check
    check (role in ('administrator', 'clerk', 'auditor', 'cashier', 'support'));

-- ── What is to be paid ───────────────────────────────────────────────────────────────────────────

-- One intention of one payer: one address, one currency, one or several payees.
create table payments (
    city_id        integer not null references cities,
    payment_id     uuid not null,
    subject_id     uuid,               -- whose it is; null: money that came in, and nobody has said from whom
    actor_id       uuid,               -- who began it: somebody else where she acts by a mandate
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    method         text not null check (method in ('card', 'transfer', 'counter')),
    login          text,               -- the eID, or `password`, of who began it: gateways may differ by it
    language       text not null,      -- in which the payer reads
    request_key    text,               -- the Idempotency-Key, and a keyed hash of what was asked with it
    request_digest bytea,
    state          text not null,      -- hub.payments.states.State, of all charges together
    money          boolean not null default false,  -- something came in once
    created_at     timestamptz not null,
    changed_at     timestamptz not null,
    expires_at     timestamptz,        -- nobody begins to pay after it; null: it came in paid
    primary key (city_id, payment_id),
    unique (city_id, payment_id, currency),
    foreign key (city_id, subject_id) references subjects,
    check ((request_key is null) = (request_digest is null))
);
create unique index one_payment_per_request on payments (city_id, actor_id, request_key) where request_key is not null;
create index on payments (city_id, subject_id, created_at desc, payment_id desc) where subject_id is not null;
create index on payments (city_id, created_at desc, payment_id desc);
create index payments_to_expire on payments (city_id, expires_at) where state in ('open', 'part_paid');
create index on payments (city_id, changed_at);

-- Its part for one payee.
create table charges (
    city_id    integer not null,
    charge_id  uuid not null,
    payment_id uuid not null,
    payee      text not null,          -- a key of `payees` in city.yaml
    currency   text not null,
    amount     bigint not null check (amount > 0),
    title      text not null,          -- what the payer reads at a gateway
    attempt    text check (attempt in ('started', 'processing')),  -- one that may still bring money
    closed     text check (closed in ('cancelled', 'expired')),
    state      text not null,          -- hub.payments.states.State
    state_at   timestamptz not null,
    primary key (city_id, charge_id),
    unique (city_id, charge_id, currency),
    foreign key (city_id, payment_id, currency) references payments (city_id, payment_id, currency) on delete cascade
);
create index on charges (city_id, payment_id);
create index on charges (city_id, state, charge_id);

-- What it is meant for: what of it becomes an allocation is decided when money comes.
create table charge_items (
    city_id       integer not null,
    charge_id     uuid not null,
    number        smallint not null,
    obligation_id uuid not null,
    instalment    smallint,
    reference     text,                -- the payer named it by its reference: it may be somebody else's
    title         jsonb,               -- as it was called then; null where it may be somebody else's
    amount        bigint not null check (amount > 0),
    primary key (city_id, charge_id, number),
    foreign key (city_id, charge_id) references charges on delete cascade
);
create index on charge_items (city_id, obligation_id);

-- ── The ledger ───────────────────────────────────────────────────────────────────────────────────
-- An entry is one event of one charge. Its lines stand on two sides, and add up to nothing on each:
--
--   what became of the money   captured (what came in, negative) · allocated · unallocated · refunding · refunded ·
--                              charged_back
--   where it is                gateway (owed to us) · bank · counter · fee · lost (taken from us beyond what there was) ·
--                              payer (negative: what she has given and not got back)
--
-- Nothing is changed or taken out: what was wrong is corrected by a counter-entry. Entries go with their payment, when its
-- time is over.

create table ledger_entries (
    city_id     integer not null,
    entry_id    uuid not null,
    charge_id   uuid not null,
    currency    text not null,
    event       text not null check (event in (
                    'captured', 'taken_back', 'allocated', 'unallocated', 'refund_set_aside', 'refund_returned',
                    'refunded', 'reversed', 'charged_back', 'chargeback_won', 'paid_out')),
    source_kind text not null,         -- what caused it: attempt · statement_entry · counter · allocation · refund · …
    source_id   uuid not null,
    at          timestamptz not null,  -- when it was booked here
    primary key (city_id, entry_id),
    unique (city_id, entry_id, charge_id, currency),
    foreign key (city_id, charge_id, currency) references charges (city_id, charge_id, currency) on delete cascade
);
create index on ledger_entries (city_id, charge_id, at, entry_id);
-- The same source is not booked twice.
create unique index booked_once on ledger_entries (city_id, charge_id, event, source_kind, source_id);

create table ledger_lines (
    city_id   integer not null,
    entry_id  uuid not null,
    account   text not null check (account in (
                  'captured', 'allocated', 'unallocated', 'refunding', 'refunded', 'charged_back',
                  'gateway', 'bank', 'counter', 'fee', 'lost', 'payer')),
    charge_id uuid not null,
    currency  text not null,
    amount    bigint not null check (amount <> 0),
    primary key (city_id, entry_id, account),
    foreign key (city_id, entry_id, charge_id, currency)
        references ledger_entries (city_id, entry_id, charge_id, currency) on delete cascade
);
create index on ledger_lines (city_id, charge_id);

-- What the lines of a charge add up to. Only the trigger below writes here, so that no program can say otherwise; the
-- checks hold after every statement.
create table charge_balances (
    city_id      integer not null,
    charge_id    uuid not null,
    captured     bigint not null default 0 check (captured >= 0),
    allocated    bigint not null default 0 check (allocated >= 0),
    unallocated  bigint not null default 0 check (unallocated >= 0),
    refunding    bigint not null default 0 check (refunding >= 0),
    refunded     bigint not null default 0 check (refunded >= 0),
    charged_back bigint not null default 0 check (charged_back >= 0),
    gateway      bigint not null default 0,
    bank         bigint not null default 0,
    counter      bigint not null default 0,
    fee          bigint not null default 0 check (fee >= 0),
    lost         bigint not null default 0 check (lost >= 0),
    primary key (city_id, charge_id),
    foreign key (city_id, charge_id) references charges on delete cascade,
    constraint every_coin_is_somewhere
        check (captured = allocated + unallocated + refunding + refunded + charged_back),
    constraint what_we_have_is_what_we_owe
        check (gateway + bank + counter + fee + lost = allocated + unallocated + refunding)
);
create index charges_with_unallocated_money on charge_balances (city_id, charge_id) where unallocated > 0;

create function munihub_charge_opened() returns trigger
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into charge_balances (city_id, charge_id) values (new.city_id, new.charge_id);
    return null;
end $$;
create trigger opened after insert on charges for each row execute function munihub_charge_opened();

create function munihub_ledger_booked() returns trigger
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update charge_balances b set
        captured = b.captured - n.captured, allocated = b.allocated + n.allocated,
        unallocated = b.unallocated + n.unallocated, refunding = b.refunding + n.refunding,
        refunded = b.refunded + n.refunded, charged_back = b.charged_back + n.charged_back,
        gateway = b.gateway + n.gateway, bank = b.bank + n.bank, counter = b.counter + n.counter,
        fee = b.fee + n.fee, lost = b.lost + n.lost
    from (
        select city_id, charge_id,
               coalesce(sum(amount) filter (where account = 'captured'), 0) as captured,
               coalesce(sum(amount) filter (where account = 'allocated'), 0) as allocated,
               coalesce(sum(amount) filter (where account = 'unallocated'), 0) as unallocated,
               coalesce(sum(amount) filter (where account = 'refunding'), 0) as refunding,
               coalesce(sum(amount) filter (where account = 'refunded'), 0) as refunded,
               coalesce(sum(amount) filter (where account = 'charged_back'), 0) as charged_back,
               coalesce(sum(amount) filter (where account = 'gateway'), 0) as gateway,
               coalesce(sum(amount) filter (where account = 'bank'), 0) as bank,
               coalesce(sum(amount) filter (where account = 'counter'), 0) as counter,
               coalesce(sum(amount) filter (where account = 'fee'), 0) as fee,
               coalesce(sum(amount) filter (where account = 'lost'), 0) as lost
        from booked group by city_id, charge_id) n
    where b.city_id = n.city_id and b.charge_id = n.charge_id;
    return null;
end $$;
create trigger booked after insert on ledger_lines referencing new table as booked
    for each statement execute function munihub_ledger_booked();

create function munihub_entry_balances() returns trigger language plpgsql as $$
declare
    fate numeric; place numeric;
begin
    select coalesce(sum(amount) filter (where side), 0), coalesce(sum(amount) filter (where not side), 0)
        into fate, place
        from (select amount, account in ('captured', 'allocated', 'unallocated', 'refunding', 'refunded', 'charged_back')
                     as side
              from ledger_lines where city_id = new.city_id and entry_id = new.entry_id) l;
    if fate <> 0 or place <> 0 then
        raise exception 'ledger entry % does not add up to nothing: % and %', new.entry_id, fate, place
            using errcode = 'check_violation', constraint = 'entry_adds_up_to_nothing';
    end if;
    return null;
end $$;
create constraint trigger balances after insert on ledger_lines deferrable initially deferred
    for each row execute function munihub_entry_balances();

-- Neither changed, nor deleted but with the whole payment: not by the owner either.
create function munihub_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and pg_trigger_depth() > 1 then
        return old;
    end if;
    raise exception '% is append-only: book a counter-entry', tg_table_name using errcode = 'insufficient_privilege';
end $$;

-- ── What happens with money ──────────────────────────────────────────────────────────────────────

-- Money that came in. What was booked by mistake is taken back, and may then be booked elsewhere; what a gateway told
-- once never counts again.
create table captures (
    city_id       integer not null,
    capture_id    uuid not null,
    charge_id     uuid not null,
    source_kind   text not null check (source_kind in ('attempt', 'statement_entry', 'counter')),
    source_id     uuid not null,
    amount        bigint not null check (amount > 0),
    at            timestamptz not null,    -- when the money came, as the source says
    booked_at     timestamptz not null,
    taken_back_at timestamptz,
    lost          bigint not null default 0 check (lost >= 0 and lost <= amount),  -- then: of it, what was gone already
    primary key (city_id, capture_id),
    foreign key (city_id, charge_id) references charges on delete cascade
);
create unique index counted_once on captures (city_id, source_kind, source_id)
    where taken_back_at is null or source_kind = 'attempt';
create index on captures (city_id, charge_id);

-- Captured money given to an obligation. One with a negative amount takes that much of `takes_from` back.
create table allocations (
    city_id       integer not null,
    allocation_id uuid not null,
    charge_id     uuid not null,
    obligation_id uuid not null,
    instalment    smallint,
    amount        bigint not null check (amount <> 0),
    takes_from    uuid,
    at            timestamptz not null,
    by            text not null,       -- hub, or stf_…
    reason        text,
    primary key (city_id, allocation_id),
    foreign key (city_id, charge_id) references charges on delete cascade,
    foreign key (city_id, takes_from) references allocations on delete cascade,
    check ((amount < 0) = (takes_from is not null))
);
create index on allocations (city_id, charge_id);
create index on allocations (city_id, obligation_id);
create index on allocations (city_id, takes_from) where takes_from is not null;

create table refunds (
    city_id     integer not null,
    refund_id   uuid not null,
    charge_id   uuid not null,
    amount      bigint not null check (amount > 0),
    lost        bigint not null default 0 check (lost >= 0 and lost <= amount),  -- of it, what this charge had not
    way         text not null check (way in ('gateway', 'bank', 'elsewhere')),   -- elsewhere: at the gateway's own console
    state       text not null check (state in
                    ('asked', 'approved', 'sent', 'in_doubt', 'done', 'refused', 'declined')),
    state_at    timestamptz not null,
    allocations uuid[] not null default '{}',  -- taken back first, where whoever asked said so
    reason      text not null,
    asked_by    text not null,
    asked_at    timestamptz not null,
    decided_by  text,
    decided_at  timestamptz,
    word        text,                  -- the gateway's or the clerk's last word
    reference   text,
    source_kind text,
    source_id   uuid,
    primary key (city_id, refund_id),
    foreign key (city_id, charge_id) references charges on delete cascade,
    check ((source_kind is null) = (source_id is null))
);
create index on refunds (city_id, source_kind, source_id) where source_id is not null;
create index on refunds (city_id, charge_id);
create index refunds_under_way on refunds (city_id, state, asked_at)
    where state in ('asked', 'approved', 'sent', 'in_doubt');

create table chargebacks (
    city_id       integer not null,
    chargeback_id uuid not null,
    charge_id     uuid not null,
    amount        bigint not null check (amount > 0),
    lost          bigint not null default 0 check (lost >= 0 and lost <= amount),
    state         text not null check (state in ('taken', 'won')),
    at            timestamptz not null,
    settled_at    timestamptz,
    source_kind   text not null,
    source_id     uuid not null,
    primary key (city_id, chargeback_id),
    foreign key (city_id, charge_id) references charges on delete cascade
);
create unique index one_chargeback_at_a_time on chargebacks (city_id, source_kind, source_id) where state = 'taken';
create index on chargebacks (city_id, charge_id);

-- What happened, in its order, for the payer and for staff.
create table payment_events (
    city_id    integer not null,
    event_id   uuid not null,
    payment_id uuid not null,
    charge_id  uuid not null,
    about_id   uuid,                   -- the refund or chargeback
    noun       text not null check (noun in ('charge', 'refund', 'chargeback')),
    event      text not null,
    from_state text,
    to_state   text not null,
    amount     bigint,
    at         timestamptz not null,
    by         text not null,          -- payer · gateway · bank · hub · stf_…
    reason     text,
    primary key (city_id, event_id),
    foreign key (city_id, charge_id) references charges on delete cascade
);
create index on payment_events (city_id, payment_id, at, event_id);

do $$
declare
    name regclass;
begin
    foreach name in array array['ledger_entries', 'ledger_lines', 'allocations', 'payment_events']::regclass[] loop
        execute format('create trigger append_only before update or delete on %s'
                       ' for each row execute function munihub_append_only()', name);
    end loop;
end $$;

-- What the ledger says and what the rows say are the same at every commit.
create function munihub_charge_agrees() returns trigger language plpgsql as $$
declare
    b charge_balances; came numeric; given numeric; aside numeric; back numeric; taken numeric;
begin
    select * into b from charge_balances where city_id = new.city_id and charge_id = new.charge_id;
    select coalesce(sum(case when taken_back_at is null then amount else lost end), 0) into came
        from captures where city_id = new.city_id and charge_id = new.charge_id;
    select coalesce(sum(amount), 0) into given
        from allocations where city_id = new.city_id and charge_id = new.charge_id;
    select coalesce(sum(amount - lost) filter (where state in ('approved', 'sent', 'in_doubt')), 0),
           coalesce(sum(amount - lost) filter (where state = 'done'), 0) into aside, back
        from refunds where city_id = new.city_id and charge_id = new.charge_id;
    select coalesce(sum(amount - lost) filter (where state = 'taken'), 0) into taken
        from chargebacks where city_id = new.city_id and charge_id = new.charge_id;
    if (came, given, aside, back, taken) <> (b.captured, b.allocated, b.refunding, b.refunded, b.charged_back) then
        raise exception 'charge %: the ledger has % captured, % allocated, % refunding, % refunded, % charged back; '
            'the rows say %, %, %, %, %', new.charge_id, b.captured, b.allocated, b.refunding, b.refunded,
            b.charged_back, came, given, aside, back, taken
            using errcode = 'check_violation', constraint = 'ledger_and_rows_agree';
    end if;
    if exists (select from allocations where city_id = new.city_id and charge_id = new.charge_id
               group by coalesce(takes_from, allocation_id) having sum(amount) < 0) then
        raise exception 'charge %: more is taken back of an allocation than it has', new.charge_id
            using errcode = 'check_violation', constraint = 'ledger_and_rows_agree';
    end if;
    return null;
end $$;
do $$
declare
    name text;
begin
    foreach name in array array['ledger_entries', 'captures', 'allocations', 'refunds', 'chargebacks'] loop
        execute format('create constraint trigger agrees after insert or update on %I deferrable initially deferred'
                       ' for each row execute function munihub_charge_agrees()', name);
    end loop;
end $$;

-- Money that nobody has given to anything, or that is on its way back, is not forgotten by any rule of time.
create function munihub_money_is_not_forgotten() returns trigger language plpgsql as $$
begin
    if exists (select from charges c join charge_balances b using (city_id, charge_id)
               where c.city_id = old.city_id and c.payment_id = old.payment_id and b.unallocated + b.refunding > 0) then
        raise exception 'payment % still has money that is nobody''s', old.payment_id
            using errcode = 'insufficient_privilege';
    end if;
    return old;
end $$;
create trigger not_forgotten before delete on payments
    for each row execute function munihub_money_is_not_forgotten();

-- ── Walls ────────────────────────────────────────────────────────────────────────────────────────
-- A citizen reads her own payments. What is written is written at doors of the town: of gateways, of staff, and for a
-- citizen after it was seen, behind her own walls, that an obligation is hers.
do $$
declare
    name text;
begin
    foreach name in array array['payments', 'charges', 'charge_items', 'ledger_entries', 'ledger_lines', 'captures',
                                'allocations', 'refunds', 'chargebacks', 'payment_events'] loop
        perform munihub_town_wall(name::regclass);
        execute format('create policy door on %I to munihub_app'
                       ' using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))'
                       ' with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))', name);
        execute format('grant select, insert on %I to munihub_app', name);
        if name <> 'payments' then
            execute format('revoke delete on %I from munihub_worker', name);
        end if;
    end loop;
    foreach name in array array['ledger_entries', 'ledger_lines', 'allocations', 'payment_events'] loop
        execute format('revoke update on %I from munihub_worker', name);
    end loop;
    -- Whose a payment is stands on the payment alone.
    foreach name in array array['charges', 'payment_events'] loop
        execute format('create policy citizen on %I for select to munihub_app'
                       ' using (city_id = (select munihub_current_city()) and exists ('
                       '        select from payments p where p.city_id = %I.city_id and p.payment_id = %I.payment_id))',
                       name, name, name);
    end loop;
    foreach name in array array['charge_items', 'captures', 'allocations', 'refunds', 'chargebacks'] loop
        execute format('create policy citizen on %I for select to munihub_app'
                       ' using (city_id = (select munihub_current_city()) and exists ('
                       '        select from charges c where c.city_id = %I.city_id and c.charge_id = %I.charge_id))',
                       name, name, name);
    end loop;
end $$;
create policy citizen on payments for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]));
-- Programs change what the rows are at, and no amount; of money that came in, only that it is not counted any more.
revoke update on payments, charges, charge_items, captures, refunds, chargebacks from munihub_worker;
grant update (state, money, changed_at) on payments to munihub_app, munihub_worker;
grant update (attempt, closed, state, state_at) on charges to munihub_app, munihub_worker;
grant update (taken_back_at, lost) on captures to munihub_app, munihub_worker;
grant update (state, state_at, decided_by, decided_at, word, reference) on refunds to munihub_app, munihub_worker;
grant update (state, settled_at, lost) on chargebacks to munihub_app, munihub_worker;

alter table charge_balances enable row level security;
alter table charge_balances force row level security;
create policy town on charge_balances for select to munihub_worker using (city_id = (select munihub_current_city()));
create policy door on charge_balances for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
create policy citizen on charge_balances for select to munihub_app
    using (city_id = (select munihub_current_city()) and exists (
           select from charges c where c.city_id = charge_balances.city_id and c.charge_id = charge_balances.charge_id));
-- The triggers above write as the owner, who is behind the walls as well.
create policy ledger on charge_balances to munihub_owner
    using (city_id = (select munihub_current_city())) with check (city_id = (select munihub_current_city()));
grant select on charge_balances to munihub_app, munihub_worker;
revoke all on function munihub_charge_opened, munihub_ledger_booked from public;

-- ── Retention ────────────────────────────────────────────────────────────────────────────────────
-- Books of account: eleven years, which is how long the towns' laws ask for at most (Croatia, Zakon o računovodstvu, for
-- the journal and the general ledger and what they were written from). A payment that never brought money is no
-- voucher and goes ten years earlier (hub.storage.retention). All go with their payment.
insert into retention (table_name, class, keep, partitioned_by) values
    ('payments', 'money', interval '11 years', null),
    ('charges', 'money', null, null),
    ('charge_items', 'money', null, null),
    ('charge_balances', 'money', null, null),
    ('ledger_entries', 'money', null, null),
    ('ledger_lines', 'money', null, null),
    ('captures', 'money', null, null),
    ('allocations', 'money', null, null),
    ('refunds', 'money', null, null),
    ('chargebacks', 'money', null, null),
    ('payment_events', 'money', null, null);
