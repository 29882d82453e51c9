-- The sweep asks every minute for what a noun could not be told of; deliveries stay as long as the town keeps its files.
create index deliveries_untold on deliveries (city_id) where untold;
