-- What came with an id that was used before, and was settled, is known when it comes again: its letter is looked for by
-- the digest of its bytes.
create index letters_of_used_ids on dead_letters (city_id, back_office, external_id)
    where reason = 'id_used' and settled_at is not null;
