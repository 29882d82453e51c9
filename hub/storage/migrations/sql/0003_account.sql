-- The hot read. One call says for whom it speaks and reads all parts of an account; a transaction with
-- separate statements costs twice as much. It runs with the caller's rights, behind the caller's walls.

-- Policies ask for the identifiers several times a statement, so they are found once, on entering, and said like the
-- subjects: behind the walls, for this transaction. A function in SQL that cannot be inlined is planned again at every
-- call, which was three quarters of the cost of an account; in PL/pgSQL its plan is kept for the session.
create or replace function munihub_current_identifiers() returns uuid[]
    language sql stable parallel safe
    return coalesce(nullif(current_setting('munihub.identifiers', true), ''), '{}')::uuid[];

-- Where the records of the noun were found and said already (munihub_account), they are not looked for again.
create or replace function munihub_current_records(wanted text) returns uuid[]
    language plpgsql stable parallel safe as $$
declare
    said text := current_setting('munihub.records.' || wanted, true);
begin
    if said <> '' then
        return said::uuid[];
    end if;
    return (
        select coalesce(array_agg(record_id), '{}') from parties
        where city_id = (select munihub_current_city()) and noun = wanted
          and identifier_id = any ((select munihub_current_identifiers())::uuid[]));
end $$;

create or replace function munihub_enter(city integer, wanted uuid) returns uuid[] language plpgsql as $$
declare
    standing uuid; together uuid[]; identities uuid[];
begin
    perform set_config('munihub.city', city::text, true), set_config('munihub.subjects', array[wanted]::text, true),
            set_config('munihub.identifiers', '', true),
            set_config('munihub.records.obligation', '', true), set_config('munihub.records.case', '', true);
    select coalesce(merged_into, subject_id) into standing from subjects where city_id = city and subject_id = wanted;
    if standing is null then
        return '{}';
    end if;
    perform set_config('munihub.subjects', array[standing]::text, true);
    select array_agg(subject_id) into together from subjects
        where city_id = city and (subject_id = standing or merged_into = standing);
    perform set_config('munihub.subjects', together::text, true);
    select coalesce(array_agg(identifier_id), '{}') into identities from aliases
        where city_id = city and subject_id = any (together) and revoked_at is null;
    perform set_config('munihub.identifiers', identities::text, true);
    return together;
end $$;

-- By identifier, of all back offices: the primary key begins with the back office.
create index on feed_states (city_id, identifier_id);

-- The plan is the same for everybody (a few rows by key); made anew for each citizen it would cost more than reading.
create function munihub_account(city integer, wanted uuid, today date, most integer) returns json
    language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    together uuid[] := munihub_enter(city, wanted);
    identities uuid[];
    owed uuid[];
    matters uuid[];
begin
    if cardinality(together) = 0 then
        return null;
    end if;
    identities := munihub_current_identifiers();
    select coalesce(array_agg(record_id) filter (where noun = 'obligation'), '{}'),
           coalesce(array_agg(record_id) filter (where noun = 'case'), '{}')
        into owed, matters
        from parties where city_id = city and identifier_id = any (identities);
    perform set_config('munihub.records.obligation', owed::text, true),
            set_config('munihub.records.case', matters::text, true);
    return (
        with dues as materialized (
            select obligation_id, back_office, source_key, kind, title, payee, department, year, issued_on, due_on,
                   currency, original, outstanding, interest, cancelled, reference, document_number, caught_up_to,
                   coalesce(outstanding, original) as due
            from obligations
            where city_id = city and obligation_id = any (owed) and gone_at is null and not cancelled),
        files as materialized (
            select case_id, back_office, source_key, title, kind, status, office_status, number, department, opened_on,
                   due_on, closed_on, source_changed_at
            from cases where city_id = city and case_id = any (matters) and gone_at is null)
        select json_build_object(
            'subjects', (
                select json_agg(json_build_object('subject_id', subject_id, 'kind', kind, 'name', name,
                                                  'merged_into', merged_into))
                from subjects where city_id = city and subject_id = any (together)),
            'identifiers', (
                select json_agg(json_build_array(identifier_id, scheme))
                from identifiers where city_id = city and identifier_id = any (identities)),
            'feeds', (
                select json_agg(json_build_object(
                    'back_office', back_office, 'feed', feed, 'identifier_id', identifier_id, 'read_at', read_at,
                    'complete_at', complete_at, 'failing_since', failing_since, 'failure', failure,
                    'caught_up_to', caught_up_to))
                from feed_states where city_id = city
                  and identifier_id = any (identities || '00000000-0000-0000-0000-000000000000'::uuid)),
            'totals', (
                select json_agg(total) from (
                    select currency, count(*) filter (where due > 0) as open,
                           coalesce(sum(due) filter (where due > 0), 0)::bigint as outstanding,
                           coalesce(sum(due) filter (where due > 0 and due_on < today), 0)::bigint as overdue,
                           coalesce(-sum(due) filter (where due < 0), 0)::bigint as credit
                    from dues where due <> 0 group by currency order by currency) total),
            'obligations', (
                select json_agg(o) from (
                    select * from dues where due <> 0 order by due_on nulls last, obligation_id limit most) o),
            'statuses', (
                select json_object_agg(status, number) from (
                    select status, count(*) as number from files group by status) each),
            'cases', (
                select json_agg(c) from (
                    select * from files where status in ('draft', 'waiting_for_office', 'needs_you', 'decided')
                    order by source_changed_at desc nulls last, case_id desc limit most) c)));
end $$;
