-- How people come in: logins, sessions, what may be said once.

-- ── The identity door ────────────────────────────────────────────────────────────────────────────
-- A login must find a person before anybody is in scope, so the API has a door of its own for it
-- (hub.storage.database.Database.identity): within the town, and to the tables of identity only. No record
-- (obligation, case, message) has a policy for this door.

create function munihub_current_door() returns text
    language sql stable parallel safe
    return nullif(current_setting('munihub.door', true), '');

-- The wall of a table that the API reads and writes through the identity door, beside the wall of its town.
create function munihub_identity_wall(wanted regclass) returns void language plpgsql as $$
begin
    perform munihub_town_wall(wanted);
    execute format(
        'create policy identity on %s to munihub_app'
        ' using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')'
        ' with check (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')',
        wanted);
    execute format('grant select, insert, update, delete on %s to munihub_app', wanted);
end $$;

do $$
declare
    name regclass;
begin
    foreach name in array array['subjects', 'identifiers', 'identifier_indexes', 'aliases', 'subject_merges']::regclass[]
    loop
        execute format(
            'create policy identity on %s to munihub_app'
            ' using (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')'
            ' with check (city_id = (select munihub_current_city()) and (select munihub_current_door()) = ''identity'')',
            name);
        execute format('grant select, insert, update on %s to munihub_app', name);
    end loop;
end $$;
