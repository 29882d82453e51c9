"""A real PostgreSQL for tests: one private server per run, a fresh migrated database per test.

@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with postgres_server() as server:
        yield server

@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[DatabaseUrls]:
    with fresh_database(postgres) as urls:
        yield urls
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql

from hub.storage.embedded import EmbeddedPostgres
from hub.storage.embedded_account import Account
from hub.storage.embedded_cluster import Cluster
from hub.storage.migrate import upgrade
from hub.storage.provision import APP, DATABASE, OWNER, WORKER, DatabaseUrls

TEMPLATE = "munihub_template"

CHECKOUT = Path(__file__).parents[2]
SECLUDED = os.geteuid() == 0 and any(not folder.stat().st_mode & 0o001 for folder in (CHECKOUT, *CHECKOUT.parents))
"""Run by root in a checkout that other accounts cannot enter: they can run neither its wheel's programs nor its code.
The hub copies what it needs in that case; tests that run things as another account themselves cannot."""

_numbers = itertools.count(1)
_Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A temporary folder that the account of a server started by root can reach; pytest's own it cannot."""
    folder = Path(tempfile.mkdtemp(prefix="munihub-test-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def sweep() -> None:
    """End and remove what killed runs left behind: nobody holds their lock, and they are an hour old."""
    for home in Path(tempfile.gettempdir()).glob("munihub-test-*/var/postgres"):
        with suppress(OSError):
            if time.time() - home.stat().st_mtime < 3600:
                continue
            with (home / "users.lock").open("rb+") as users:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if (pid := Cluster(home, Account.ours())._postmaster()) is not None:
                    os.kill(pid, signal.SIGQUIT)
                shutil.rmtree(home.parents[1])


@contextmanager
def postgres_server(binaries: Path | None = None) -> Iterator[EmbeddedPostgres]:
    """A private server that forgets on a power cut, which no test survives anyway, and is faster for it."""
    sweep()
    with reachable_folder() as folder, EmbeddedPostgres(folder / "var", binaries) as server:
        with _superuser(server) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
        yield server
        _let_go(server)


@contextmanager
def fresh_database(server: EmbeddedPostgres) -> Iterator[DatabaseUrls]:
    """A database with the hub's schema and nothing in it, copied from one that is migrated once per server.

    To empty one costs a tenth of copying one, so one whose schema, rights and seeds are still the template's is
    emptied and given to the next test.
    """
    spare = _SPARE.setdefault(server, [])
    connection = _kept(server)
    if not spare:
        if connection.execute("select from pg_database where datname = %s", [TEMPLATE]).fetchone() is None:
            _copy(connection, DATABASE, TEMPLATE)
            upgrade(server.url(OWNER, TEMPLATE))
        name = f"munihub_test_{next(_numbers)}"
        _copy(connection, TEMPLATE, name)
        inside = _kept(server, name)
        seeds = [table for table, filled in inside.execute(_FILLED).fetchall() if filled]
        spare.append(_Spare(name, seeds, _fingerprint(inside, seeds), _TIMES))
    one = spare.pop()
    name = one.name
    yield DatabaseUrls(app=server.url(APP, name), worker=server.url(WORKER, name), owner=server.url(OWNER, name))
    inside = _kept(server, name)
    inside.execute(
        """select pg_terminate_backend(pid, 5000) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()"""
    )
    if one.times > 0 and _fingerprint(inside, one.seeds) == one.fingerprint:
        _empty(inside, one.seeds)
        spare.append(one._replace(times=one.times - 1))
    else:
        _let_go(server, name)
        _kept(server).execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


_KEPT: WeakKeyDictionary[EmbeddedPostgres, dict[str, _Connection]] = WeakKeyDictionary()


def _kept(server: EmbeddedPostgres, database: str = "postgres") -> _Connection:
    """A superuser's connection that is used again: what it has learnt of the catalogue is most of the work."""
    kept = _KEPT.setdefault(server, {})
    if database in kept:
        with suppress(psycopg.Error):
            kept[database].execute("reset all")
            return kept[database]
        kept.pop(database).close()
    kept[database] = _superuser(server, database)
    return kept[database]


def _let_go(server: EmbeddedPostgres, database: str | None = None) -> None:
    kept = _KEPT.get(server, {})
    for name in [one for one in kept if database in {None, one}]:
        kept.pop(name).close()


_TIMES = 30
"""How often a database is emptied before a new one is copied: its dead rows are not to become a burden."""


class _Spare(NamedTuple):
    """`seeds`: tables that a migration filled. `times`: how often it may still be emptied."""

    name: str
    seeds: list[str]
    fingerprint: str
    times: int


_SPARE: WeakKeyDictionary[EmbeddedPostgres, list[_Spare]] = WeakKeyDictionary()

# Whoever changed the schema, a right or a seed left a row of the catalogue or of a seeded table with another xmin.
# What PostgreSQL itself counts there, rows and pages, it changes in place, which leaves xmin as it is.
_CATALOGUE = (
    *("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_policy", "pg_proc", "pg_trigger", "pg_type"),
    *("pg_default_acl", "pg_event_trigger", "pg_namespace", "pg_extension"),
    "(select ctid, xmin from pg_database where datname = current_database()) as this",
    (
        "(select s.ctid, s.xmin from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase"
        " where d.datname = current_database()) as settings"
    ),
)

_FILLED = """
    select relname::text, (xpath('/row/filled/text()', query_to_xml(
        format('select exists (select from %s) as filled', oid::regclass), false, true, '')))[1]::text = 'true'
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
"""


def _fingerprint(connection: _Connection, seeds: list[str]) -> str:
    marks = "select md5(coalesce(string_agg(ctid::text || xmin::text, ',' order by ctid), '')) from"
    query = " union all ".join(f"{marks} {table}" for table in (*_CATALOGUE, *seeds))
    return ".".join(str(row[0]) for row in connection.execute(query.encode()))


def _empty(connection: _Connection, seeds: list[str]) -> None:
    connection.execute("set session_replication_role = replica")  # triggers that forbid deleting, foreign keys
    for table, filled in connection.execute(_FILLED).fetchall():
        if filled and table not in seeds:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(str(table))))
    connection.execute(
        """select setval(format('%I.%I', schemaname, sequencename), start_value, false)
           from pg_sequences where schemaname = 'public' and last_value is not null"""
    )


def _copy(connection: _Connection, template: str, name: str) -> None:
    database = sql.Identifier(name)
    connection.execute(
        sql.SQL("create database {} template {} owner {}").format(
            database, sql.Identifier(template), sql.Identifier(OWNER)
        )
    )
    # What provision granted on the original is not copied with it.
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    connection.execute(
        sql.SQL("grant connect on database {} to {}, {}").format(database, sql.Identifier(APP), sql.Identifier(WORKER))
    )


def _superuser(server: EmbeddedPostgres, database: str = "postgres") -> _Connection:
    return psycopg.connect(server.url("postgres", database), autocommit=True)
