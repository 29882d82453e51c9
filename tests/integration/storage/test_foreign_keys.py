"""What is deleted is looked for in every table that refers to it, and no such look may read a whole table."""

import psycopg

WITHOUT_AN_INDEX = """
    select conrelid::regclass::text, pg_get_constraintdef(oid)
    from pg_constraint c
    where contype = 'f' and conparentid = 0 and connamespace = 'public'::regnamespace
      and confrelid <> 'cities'::regclass
      and not exists (
          select from pg_index i
          where i.indrelid = c.conrelid and (i.indkey::int2[])[0:1] <@ c.conkey
            and (i.indkey::int2[])[0:1] @> c.conkey[1:2])
    order by 1, 2
"""
"""A town leads every key, so that an index counts from its second column on; what follows narrows it no more.
A town itself is not deleted."""


def test_an_index_leads_to_what_refers_to_a_row(urls):
    with psycopg.connect(urls.owner) as connection:
        assert connection.execute(WITHOUT_AN_INDEX).fetchall() == []
