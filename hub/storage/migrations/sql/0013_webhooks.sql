-- Being told: alerts to those who run the town, events to front ends, figures to whoever watches the installation.

-- ── Alerts go out ────────────────────────────────────────────────────────────────────────────────

-- One row for each address of the configuration: how it goes with it. What it is told is computed from the alerts at
-- the time of sending, so that a mail server that was away is not followed by mails of yesterday.
create table alert_destinations (
    city_id       integer not null references cities,
    destination   text not null,       -- mailto:it@… or the address of a webhook
    since         timestamptz not null,    -- what was over before it was there is not told
    sent_at       timestamptz[] not null default '{}',   -- within the last hour: no more than so many
    last_sent_at  timestamptz,
    next_at       timestamptz,         -- after a failure: not before
    failing_since timestamptz,
    failures      integer not null default 0,
    last_failure  text,                -- `code: operator's text`
    primary key (city_id, destination)
);
create table alert_tellings (
    city_id     integer not null,
    alert_id    uuid not null,
    destination text not null,
    last_at     timestamptz not null,
    number      integer not null,      -- how often it was told: the wait until the next time doubles
    over_at     timestamptz,           -- when it was told that it is over
    primary key (city_id, alert_id, destination),
    foreign key (city_id, alert_id) references alerts on delete cascade
);
create index on alerts (city_id, settled_at) where settled_at is not null;

select munihub_town_wall(name) from unnest(array['alert_destinations', 'alert_tellings']::regclass[]) as name;
create policy door on alert_destinations for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
grant select on alert_destinations to munihub_app;

insert into retention (table_name, class, keep, partitioned_by) values
    ('alert_destinations', 'operations', null, null),  -- as long as the configuration names it
    ('alert_tellings', 'operations', null, null);      -- with their alert

-- How often a feed has failed since it began to.
alter table feed_states add column failures integer not null default 0;

-- ── Figures ──────────────────────────────────────────────────────────────────────────────────────

-- How calls to back offices went, counted since the town began: every worker adds what it counted in some seconds, so
-- that whoever reads them need not know how many workers there are. `buckets`: calls that took no longer than each of
-- the bounds of hub.kit.measures, and in the last place all others; not cumulated.
create table call_statistics (
    city_id     integer not null references cities,
    back_office text not null,
    what        text not null,         -- read · write
    code        text not null,         -- ok, or a code of hub.kernel.errors
    calls       bigint not null,
    seconds     double precision not null,
    buckets     bigint[] not null,
    primary key (city_id, back_office, what, code)
);
select munihub_town_wall('call_statistics');
create policy door on call_statistics for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
grant select on call_statistics to munihub_app;
insert into retention (table_name, class, keep, partitioned_by) values
    ('call_statistics', 'operations', null, null);     -- some rows for each back office

-- The figures of several towns in one call, each within its own walls: with the caller's rights, and nothing in them is
-- anybody's. Only partial indexes of what is open are read, so that it costs the same after ten years.
create policy figures on feed_states for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = 'figures');
create function munihub_figures(cities integer[], present timestamptz) returns table (city integer, figures jsonb)
    language plpgsql as $$
begin
    -- A citizen's path sees the reads of her own identifiers; counting is a door of its own.
    perform set_config('munihub.door', 'figures', true);
    foreach city in array cities loop
        perform set_config('munihub.city', city::text, true);
        figures := jsonb_build_object(
            'calls', (
                select jsonb_agg(jsonb_build_array(back_office, what, code, calls, seconds, buckets))
                from call_statistics where city_id = city),
            'feeds', (
                select jsonb_agg(jsonb_build_array(back_office, feed, age, failing)) from (
                    select back_office, feed, extract(epoch from present - max(read_at)) as age,
                           count(*) filter (where failing_since is not null) as failing
                    from feed_states where city_id = city group by back_office, feed) f),
            'messages', (
                select jsonb_agg(jsonb_build_array(back_office, waiting, age)) from (
                    select back_office, count(*) as waiting, extract(epoch from present - min(received_at)) as age
                    from messages where city_id = city and state = 'received' group by back_office) m),
            'deliveries', (
                select jsonb_agg(jsonb_build_array(back_office, state, number, age)) from (
                    select back_office, state, count(*) as number,
                           extract(epoch from present - min(created_at)) as age
                    from deliveries
                    where city_id = city and state in ('waiting', 'sending', 'in_doubt', 'refused')
                    group by back_office, state) d),
            'offices', (
                select jsonb_agg(jsonb_build_array(back_office, failures, coalesce(paused_until > present, false)))
                from delivery_offices where city_id = city),
            'letters', (
                select jsonb_agg(jsonb_build_array(back_office, number)) from (
                    select back_office, count(*) as number from dead_letters
                    where city_id = city and settled_at is null group by back_office) l),
            'refusals', (
                select jsonb_agg(jsonb_build_array(back_office, reason, number)) from (
                    select back_office, reason, sum(times) as number from push_refusals
                    where city_id = city and day = (present at time zone 'UTC')::date group by back_office, reason) r),
            'jobs', (
                select jsonb_build_array(
                    count(*) filter (where state = 'queued'), count(*) filter (where state = 'running'),
                    count(*) filter (where state = 'failed'),
                    extract(epoch from present - min(run_at) filter (where state = 'queued' and run_at <= present)))
                from jobs where city_id = city),
            'alerts', (
                select jsonb_agg(jsonb_build_array(kind, number)) from (
                    select kind, count(*) as number from alerts
                    where city_id = city and settled_at is null group by kind) a),
            'untold', (
                select count(*) from alert_destinations where city_id = city and failing_since is not null));
        return next;
    end loop;
    perform set_config('munihub.door', '', true);
end $$;

-- ── Front ends are told ──────────────────────────────────────────────────────────────────────────

-- What changed, noted in the transaction that changed it and only where a front end wants to know. Whom it concerns is
-- found out afterwards, by a worker: whoever changes something does not see who has logged in where.
create table webhook_changes (
    city_id     integer not null references cities,
    change_id   bigint not null generated always as identity,
    type        text not null,         -- hub.cities.told.WebhookEvent
    noun        text not null,
    at          timestamptz not null,
    back_office text,                  -- of records of a feed: these keys,
    feed        text,
    keys        text[],
    gone_at     timestamptz,           -- or those that were gone at that time
    record_id   uuid,                  -- of what a citizen has sent
    subject_id  uuid,
    state       text,
    primary key (city_id, change_id)
);
create table webhook_messages (
    city_id      integer not null references cities,
    message_id   uuid not null,
    sequence     bigint not null generated always as identity,  -- the order in which a front end gets them
    client       text not null,
    type         text not null,
    noun         text not null,
    subject_id   uuid not null,
    body         text not null,        -- JSON, the same at every attempt
    at           timestamptz not null,
    attempts     integer not null default 0,
    delivered_at timestamptz,
    primary key (city_id, message_id),
    foreign key (city_id, subject_id) references subjects
);
create index webhook_messages_waiting on webhook_messages (city_id, client, sequence) where delivered_at is null;
create index on webhook_messages (city_id, client, at);
create index on webhook_messages (city_id, subject_id);
-- How it goes with a front end; no row: nothing has failed.
create table webhook_clients (
    city_id       integer not null references cities,
    client        text not null,
    failing_since timestamptz,
    failures      integer not null default 0,
    last_failure  text,
    next_at       timestamptz,
    stopped_at    timestamptz,         -- it gets nothing until somebody has it replayed
    stopped_for   text,
    primary key (city_id, client)
);
select munihub_town_wall(name)
from unnest(array['webhook_changes', 'webhook_messages', 'webhook_clients']::regclass[]) as name;
create policy note on webhook_changes for insert to munihub_app with check (city_id = (select munihub_current_city()));
grant insert on webhook_changes to munihub_app;
-- A citizen is given what is kept about her (GDPR article 15).
create policy citizen on webhook_changes for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]));
create policy citizen on webhook_messages for select to munihub_app
    using (city_id = (select munihub_current_city()) and subject_id = any ((select munihub_current_subjects())::uuid[]));
grant select on webhook_changes to munihub_app;
create policy door on webhook_messages to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))
    with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
create policy door on webhook_clients to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()))
    with check (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
-- Staff have messages sent again, and a front end that was stopped go on.
grant select, update (delivered_at) on webhook_messages to munihub_app;
grant select, update (stopped_at, stopped_for, next_at, failing_since, failures) on webhook_clients to munihub_app;

insert into retention (table_name, class, keep, partitioned_by) values
    ('webhook_changes', 'operations', interval '7 days', null),   -- as a rule some seconds
    ('webhook_messages', 'operations', interval '30 days', null), -- so long can be replayed
    ('webhook_clients', 'operations', null, null);                -- one row for each front end
