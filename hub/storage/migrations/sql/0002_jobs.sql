-- Work to be done, and what makes work regularly. docs/adr/0003-job-queue.md says why this is our own.
--
-- The worker serves all towns from one queue, so these two tables are the listed exception to the wall of
-- a town: munihub_worker sees every row of them. What a job then reads and writes, it does within the walls
-- of its own town. A payload names rows and holds no personal data.

create table jobs (
    city_id      integer not null,
    id           bigint not null generated always as identity,
    kind         text not null,
    key          text,                 -- jobs of one (city_id, key) run one at a time, in the order of their ids
    dedupe       text,                 -- at most one queued job per (city_id, kind, dedupe)
    payload      jsonb not null,
    priority     smallint not null default 0,  -- the higher, the earlier, among the jobs of one town
    run_at       timestamptz not null default now(),
    state        text not null default 'queued' check (state in ('queued', 'running', 'failed')),
    behind       boolean not null default false,  -- queued, and known to wait for another job of its key
    attempts     smallint not null default 0,     -- counted when a worker takes the job
    max_attempts smallint,             -- null until taken: its handler says
    lease        uuid,                 -- this run of the job: whoever holds another lease may not finish it
    lease_until  timestamptz,
    last_error   text,                 -- `code: operator's text`
    created_at   timestamptz not null default now(),
    failed_at    timestamptz,
    primary key (city_id, id),
    check ((state = 'running') = (lease is not null) and (lease is null) = (lease_until is null)),
    check ((state = 'failed') = (failed_at is not null)),
    check (state = 'queued' or not behind)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- What a worker looks through: town by town, priority by priority, those that are due.
create index jobs_ready on jobs (city_id, priority, run_at, id) where state = 'queued' and not behind;
create index jobs_of_a_key on jobs (city_id, key, id) where key is not null and state in ('queued', 'running');
create index jobs_leased on jobs (lease_until) where lease_until is not null;
create index jobs_failed on jobs (city_id, failed_at) where state = 'failed';
create unique index one_queued_job_per_dedupe on jobs (city_id, kind, dedupe)
    where state = 'queued' and dedupe is not null;
-- The rule of keys holds even between workers that do not see each other's uncommitted choice.
create unique index one_running_job_per_key on jobs (city_id, key) where state = 'running' and key is not null;

alter table jobs enable row level security;
alter table jobs force row level security;
create policy every_town on jobs to munihub_worker using (true) with check (true);
create policy town on jobs to munihub_app
    using (city_id = (select munihub_current_city())) with check (city_id = (select munihub_current_city()));
grant select, insert, update, delete on jobs to munihub_worker;
-- A second enqueue moves the queued job forward; an administrator has a failed one tried again.
grant select, insert, update (priority, run_at, behind, state, attempts, failed_at) on jobs to munihub_app;

create table schedules (
    city_id     integer not null references cities,
    name        text not null,
    every       interval,
    daily       time,                  -- on the clock of the town
    timezone    text,
    kind        text not null,
    key         text,
    dedupe      text not null,
    payload     jsonb not null,
    priority    smallint not null,
    next_at     timestamptz not null,
    last_run_at timestamptz,
    primary key (city_id, name),
    check ((every is null) <> (daily is null) and (daily is null) = (timezone is null))
);
create index schedules_due on schedules (next_at);

alter table schedules enable row level security;
alter table schedules force row level security;
create policy every_town on schedules to munihub_worker using (true) with check (true);
create policy town on schedules for select to munihub_app using (city_id = (select munihub_current_city()));
grant select, insert, update, delete on schedules to munihub_worker;
grant select on schedules to munihub_app;

-- Done jobs are deleted at once, failed ones by the worker when this time is over.
insert into retention (table_name, class, keep, partitioned_by) values
    ('jobs', 'operations', interval '30 days', null),
    ('schedules', 'configuration', null, null);
