-- Alerts: what somebody who runs the town should know of, until it is over. One thing is one row, however often it
-- happens: it is told once and counted. Nothing in a row is personal data.
create table alerts (
    city_id         integer not null references cities,
    alert_id        uuid not null,
    kind            text not null check (length(kind) between 1 and 60),
    about           text not null check (length(about) between 1 and 300),   -- what it is about: unique among the open ones of a kind
    detail          jsonb not null,
    back_office     text generated always as (detail ->> 'back_office') stored,  -- whose it is to look after, where one is concerned
    opened_at       timestamptz not null,
    last_at         timestamptz not null,
    times           bigint not null default 1,
    acknowledged_at timestamptz,
    acknowledged_by text,              -- stf_…; account of the operator who ran the program
    settled_at      timestamptz,       -- it is over
    primary key (city_id, alert_id),
    check ((acknowledged_at is null) = (acknowledged_by is null))
);
create unique index one_alert_per_thing on alerts (city_id, kind, about) where settled_at is null;
create index on alerts (city_id, opened_at desc, alert_id desc);

select munihub_town_wall('alerts');
create policy door on alerts to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))
    with check (city_id = (select munihub_current_city()));
grant select, insert, update on alerts to munihub_app;

-- The last check of a back office's interface (hub.contracts): what was compared, and what had changed.
create table contract_checks (
    city_id     integer not null references cities,
    back_office text not null,
    checked_at  timestamptz not null,
    compared    jsonb not null,
    findings    jsonb not null,
    primary key (city_id, back_office)
);
select munihub_town_wall('contract_checks');
create policy door on contract_checks for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
grant select on contract_checks to munihub_app;

-- Two years show whether what broke last autumn broke again this one.
insert into retention (table_name, class, keep, partitioned_by) values
    ('alerts', 'operations', interval '2 years', null),
    ('contract_checks', 'operations', null, null);
