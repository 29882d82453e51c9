-- Staff see what lies in a drop folder and is not taken; only a worker looks into folders and writes it down.
create policy door on push_drops for select to munihub_app
    using (city_id = (select munihub_current_city()) and (select munihub_of_nobody()));
grant select on push_drops to munihub_app;
