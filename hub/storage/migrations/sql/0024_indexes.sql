-- Where no index led to the rows of what is deleted, the whole table was read for each: of 300,000 events to delete fifty
-- payments took four seconds, and the nightly deletion ends after sixty.
create index on payment_events (city_id, charge_id);
create index on claims (city_id, subject_id);
create index on subject_merges (city_id, into_id);
create index on passkey_challenges (city_id, account_id);
create index on password_steps (city_id, account_id);
create index on statements (city_id, file_id);
create index on gateway_differences (city_id, attempt_id) where attempt_id is not null;

-- Which entry a reversal takes back, what a payout pays out, and the payments of a payee that has few.
create index on statement_entries (city_id, account, amount);
create index on gateway_attempts (city_id, gateway, captured_at) where captured_at is not null;
create index charges_their_gateway_is_owed on charge_balances (city_id, charge_id) where gateway < 0;
create index on charges (city_id, payee, payment_id);
