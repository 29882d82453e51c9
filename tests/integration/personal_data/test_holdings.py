"""Every table decides: whoever adds one says whose its rows are, or why they are nobody's."""

from hub.personal_data.document import tables
from hub.personal_data.holdings import HOLDINGS
from hub.personal_data.model import Keep
from hub.personal_data.others import OTHERS
from hub.settings import PROJECT
from hub.storage.database import Database

BY_TABLE = {holding.table: holding for holding in HOLDINGS}


async def columns(worker: Database) -> dict[str, dict[str, str]]:
    rows = await worker.pool.fetch(
        """select c.relname, a.attname, format_type(a.atttypid, null) as type from pg_class c
           join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace"""
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["relname"], {})[row["attname"]] = row["type"]
    return found


async def test_every_table_has_decided(worker: Database):
    tables = set(await columns(worker))
    assert len(BY_TABLE) == len(HOLDINGS)
    assert BY_TABLE.keys() & OTHERS.keys() == set()
    decided = BY_TABLE.keys() | OTHERS.keys()
    assert tables - decided == set(), "add each to hub.personal_data.holdings or hub.personal_data.others"
    assert decided - tables == set(), "these tables are not there any more"


async def test_no_table_that_knows_a_subject_is_nobodys(worker: Database):
    """A column by which somebody can be found makes a table hers, whatever its name."""
    finds = {"subject_id", "identifier_id", "account_id", "session_id", "grant_id", "holder_id", "into_id", "subject"}
    # Staff have sessions and grants too; what is said here is about staff alone, or is a keyed index.
    nobodys = {"staff_roles", "identifier_indexes"}
    found = {table for table, names in (await columns(worker)).items() if finds & names.keys()}
    assert found - BY_TABLE.keys() == nobodys


async def test_no_bytes_are_given_as_they_are(worker: Database):
    """What is binary here is a hash, a key, or encrypted: it is left out with a reason, or opened."""
    for table, names in (await columns(worker)).items():
        if holding := BY_TABLE.get(table):
            decided = holding.without.keys() | holding.given_as.keys() | holding.sealed.keys()
            binary = {name for name, kind in names.items() if kind == "bytea"}
            assert binary - decided == set(), table
            assert decided - names.keys() == set(), f"{table} has no such column"
            assert holding.without.keys() & holding.sealed.keys() == set()


def test_what_is_kept_says_by_which_law():
    for holding in HOLDINGS:
        if isinstance(holding.erasure, Keep):
            assert "art. " in holding.erasure.why, holding.table


async def test_the_document_says_the_same(worker: Database):
    """Where this fails, put what `tables` gives in the place of the document's tables."""
    rows = await worker.pool.fetch("select table_name, keep::text as keep from retention")
    expected = tables({row["table_name"]: row["keep"] for row in rows})
    written = (PROJECT / "docs" / "privacy.md").read_text("utf-8")
    assert written.partition("## Table by table\n\n")[2] == expected
