-- A file of a bank that is known is not kept twice: its second copy goes as soon as that is seen.
grant delete on statement_files to munihub_app;
create policy only_what_arrives on statement_files as restrictive for delete to munihub_app using (state = 'arriving');

-- One IBAN may have an account in each of several currencies, whose statements banks number alike.
alter table statements drop constraint statements_city_id_account_kind_bank_id_key;
alter table statements add unique (city_id, account, currency, kind, bank_id);
