-- Files whose upload broke off or whose reading was given up, and statements that a bank tells once more otherwise.

alter table statement_files drop constraint statement_files_state_check;
alter table statement_files add constraint statement_files_state_check
    check (state in ('arriving', 'broken_off', 'received', 'read', 'refused', 'given_up'));
-- Looked for every minute; most files are read.
create index statement_files_under_way on statement_files (city_id) where state in ('arriving', 'received');

-- ── Corrected statements ─────────────────────────────────────────────────────────────────────────
-- Of those that tell the same days one counts. Another one is held until somebody says that it counts instead.
alter table statements
    add state text not null default 'counts' check (state in ('counts', 'held', 'corrected', 'dismissed')),
    add corrects uuid,                     -- the one that it was told instead of
    add foreign key (city_id, corrects) references statements on delete set null (corrects),
    drop constraint statements_city_id_account_currency_kind_bank_id_key;
create unique index statements_once on statements (city_id, account, currency, kind, bank_id) where state = 'counts';
create index statements_that_correct on statements (city_id, corrects) where corrects is not null;

alter table statement_entries
    drop constraint statement_entries_state_check,
    drop constraint statement_entries_city_id_statement_id_place_part_key,
    add constraint statement_entries_state_check
        check (state in ('new', 'held', 'booked', 'queued', 'set_aside', 'reversed')),
    -- What both tell goes to the one that counts, and its copy to the other one: in one command, at whose end they differ.
    add constraint statement_entries_in_their_place unique (city_id, statement_id, place, part) deferrable;

-- What staff said of a statement or of a file, and why. Append-only.
create table statement_decisions (
    city_id      integer not null,
    decision_id  uuid not null,
    statement_id uuid,
    file_id      uuid,
    event        text not null,
    from_state   text not null,
    to_state     text not null,
    at           timestamptz not null,
    by           text not null,            -- stf_…
    reason       text not null,
    primary key (city_id, decision_id),
    check (num_nonnulls(statement_id, file_id) = 1),
    foreign key (city_id, statement_id) references statements on delete cascade,
    foreign key (city_id, file_id) references statement_files on delete cascade
);
create index on statement_decisions (city_id, statement_id, at) where statement_id is not null;
create index on statement_decisions (city_id, file_id, at) where file_id is not null;
create trigger append_only before update or delete on statement_decisions
    for each row execute function munihub_append_only();

select munihub_town_wall('statement_decisions');
create policy door on statement_decisions to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))
    with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
grant select, insert on statement_decisions to munihub_app;
revoke update, delete on statement_decisions from munihub_worker;
grant update (state, corrects) on statements to munihub_app, munihub_worker;
grant update (statement_id, place, part) on statement_entries to munihub_app, munihub_worker;

insert into retention (table_name, class, keep, partitioned_by) values ('statement_decisions', 'money', null, null);
