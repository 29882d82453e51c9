"""Brings the database to the schema this version of the hub needs.

Revisions stand in migrations/versions, their SQL in migrations/sql; each runs in a transaction of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from hub.kernel.errors import ConfigurationError, HubError, NotReady
from hub.storage.provision import APP, OWNER, VARIABLES, WORKER

MIGRATIONS = Path(__file__).parent / "migrations"

_CONNECT_SECONDS = 10
_TURN_SECONDS = 600.0
_TICK = 0.1
# Any number, the same in every hub: processes that start together migrate one after the other.
_TURN = int.from_bytes(b"munihub2")


def upgrade(owner_url: str, migrations: Path = MIGRATIONS) -> str | None:
    """Apply what is missing, as the owner of the database; the revision reached, None where there is none.

    Several processes may do so at once: one works, the others wait (ten minutes at most, then NotReady)
    and find nothing left to do. Raises ConfigurationError for a role that is not the owner, whose tables
    would be nobody's to migrate next time, and for a database that a newer hub has upgraded. A revision
    that fails is undone, those before it stay.
    """
    scripts = ScriptDirectory(str(migrations))
    with _connect(owner_url) as connection:
        _require_owner(connection)
        with _turn(connection):
            _refuse_unknown(_revision(connection), scripts)
            _run(connection, migrations)
            for role in (APP, WORKER) if _revision(connection) is not None else ():
                # Every process looks whether the schema is the one it was written for.
                connection.execute(sql.SQL("grant select on alembic_version to {}").format(sql.Identifier(role)))
            return _revision(connection)


def current(url: str) -> str | None:
    """The revision the database is at; None where nothing was applied yet. Any of the hub's roles may ask."""
    with _connect(url) as connection:
        return _revision(connection)


def head(migrations: Path = MIGRATIONS) -> str | None:
    """The revision this version of the hub needs; None where there are no revisions."""
    return ScriptDirectory(str(migrations)).get_current_head()


def pending(url: str, migrations: Path = MIGRATIONS) -> bool:
    """Whether revisions are missing. Raises ConfigurationError where a newer hub has upgraded the database."""
    scripts = ScriptDirectory(str(migrations))
    revision = current(url)
    _refuse_unknown(revision, scripts)
    return revision != scripts.get_current_head()


def _run(connection: psycopg.Connection[tuple[object, ...]], migrations: Path) -> None:
    """Let Alembic work on this very connection, which holds the turn."""
    config = Config()
    # The configuration interpolates percent signs.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    connection.autocommit = False
    try:
        with engine.connect() as bind:
            config.attributes["connection"] = bind
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise HubError(f"The database cannot be migrated: {_told(error)}") from error.orig
    finally:
        if not connection.closed:
            connection.rollback()
            connection.autocommit = True


def _told(error: DBAPIError) -> str:
    """What the server said and in which line; SQLAlchemy would quote the whole file."""
    if not isinstance(error.orig, psycopg.Error):
        return str(error.orig)
    said, position = error.orig.diag, error.orig.diag.statement_position
    line = f" (line {(error.statement or '')[: int(position)].count(chr(10)) + 1} of its SQL)" if position else ""
    return f"{said.message_primary or error.orig}{line}"


def _revision(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    row = connection.execute("select to_regclass('alembic_version') is not null").fetchone()
    if row != (True,):
        return None
    row = connection.execute("select version_num from alembic_version").fetchone()
    return str(row[0]) if row else None


def _refuse_unknown(revision: str | None, scripts: ScriptDirectory) -> None:
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise ConfigurationError(
            f"The database is at revision {revision}, which this version of the hub does not know",
            remedy="A newer hub has upgraded it: run that version, or restore the backup made before",
        )


def _require_owner(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    row = connection.execute(
        "select current_user, pg_get_userbyid(datdba) from pg_database where datname = current_database()"
    ).fetchone()
    assert row is not None
    if row[0] != row[1]:
        raise ConfigurationError(
            f"Migrations run as {row[1]}, who owns the database, not as {row[0]}",
            key=VARIABLES[OWNER],
            remedy="Use the address that `munihub database prepare` wrote",
        )


@contextmanager
def _turn(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[None]:
    """Hold a lock of the session. Asked for again and again: a statement that waits for it would hold a
    snapshot, for which `create index concurrently` in the other process would wait in turn.
    """
    deadline = time.monotonic() + _TURN_SECONDS
    while connection.execute("select pg_try_advisory_lock(%s)", [_TURN]).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise NotReady("Another process has been migrating the database for ten minutes")
        time.sleep(_TICK)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [_TURN])


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise NotReady(f"The database does not answer: {error}") from None
    with connection:
        yield connection
