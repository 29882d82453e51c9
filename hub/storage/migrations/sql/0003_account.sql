-- The hot read. One call says for whom it speaks and reads all parts of an account; a transaction with
-- separate statements costs twice as much. It runs with the caller's rights, behind the caller's walls.

create function munihub_account(city integer, wanted uuid, today date, most integer) returns json
    language plpgsql as $$
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
    return json_build_object(
        'subjects', (
            select json_agg(json_build_object('subject_id', subject_id, 'kind', kind, 'name', name, 'merged_into', merged_into))
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
              and (identifier_id = any (identities) or identifier_id = '00000000-0000-0000-0000-000000000000')),
        'totals', (
            select json_agg(json_build_object(
                'currency', currency, 'open', open, 'outstanding', outstanding, 'overdue', overdue, 'credit', credit))
            from (
                select currency, count(*) filter (where due > 0) as open,
                       coalesce(sum(due) filter (where due > 0), 0)::bigint as outstanding,
                       coalesce(sum(due) filter (where due > 0 and due_on < today), 0)::bigint as overdue,
                       coalesce(-sum(due) filter (where due < 0), 0)::bigint as credit
                from (select currency, due_on, coalesce(outstanding, original) as due from obligations
                      where city_id = city and obligation_id = any (owed) and gone_at is null and not cancelled) each
                group by currency order by currency) total),
        'obligations', (
            select json_agg(o) from (
                select * from obligations
                where city_id = city and obligation_id = any (owed) and gone_at is null and not cancelled
                  and coalesce(outstanding, original) <> 0
                order by due_on nulls last, obligation_id limit most) o),
        'statuses', (
            select json_object_agg(status, number) from (
                select status, count(*) as number from cases
                where city_id = city and case_id = any (matters) and gone_at is null group by status) each),
        'cases', (
            select json_agg(c) from (
                select * from cases
                where city_id = city and case_id = any (matters) and gone_at is null
                  and status in ('draft', 'waiting_for_office', 'needs_you', 'decided')
                order by source_changed_at desc nulls last, case_id desc limit most) c));
end $$;
