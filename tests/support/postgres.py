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


@contextmanager
def fresh_database(server: EmbeddedPostgres) -> Iterator[DatabaseUrls]:
    """A database with the hub's schema and nothing in it, copied from one that is migrated once per server."""
    name = f"munihub_test_{next(_numbers)}"
    with _superuser(server) as connection:
        if connection.execute("select from pg_database where datname = %s", [TEMPLATE]).fetchone() is None:
            _copy(connection, DATABASE, TEMPLATE)
            upgrade(server.url(OWNER, TEMPLATE))
        _copy(connection, TEMPLATE, name)
    try:
        yield DatabaseUrls(app=server.url(APP, name), worker=server.url(WORKER, name), owner=server.url(OWNER, name))
    finally:
        with _superuser(server) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _copy(connection: psycopg.Connection[tuple[object, ...]], template: str, name: str) -> None:
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


def _superuser(server: EmbeddedPostgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url("postgres", "postgres"), autocommit=True)
