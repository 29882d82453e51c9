"""Migrations on a real server: applied once, in order, by the owner."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.kernel.errors import ConfigurationError, HubError, NotReady
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrate import MIGRATIONS, current, head, pending, upgrade
from hub.storage.provision import OWNER, role_url
from tests.support.postgres import fresh_database, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def owner_url(server: EmbeddedPostgres) -> Iterator[str]:
    """The owner of an empty database."""
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("create database empty template munihub owner munihub_owner")
    yield server.url(OWNER, "empty")
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("drop database empty with (force)")


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A folder of migrations; its name has everything that configuration files stumble over."""
    folder = tmp_path / "100%(here)s : migrations"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(MIGRATIONS / "env.py", folder)
    return folder


def revision(migrations: Path, number: int, statements: str) -> None:
    (migrations / "versions" / f"{number:04}.py").write_text(
        f"from alembic import op\nrevision = '{number:04}'\n"
        f"down_revision = {f'{number - 1:04}' if number > 1 else None!r}\n"
        f"def upgrade():\n    op.get_bind().exec_driver_sql({statements!r})\n"
    )


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def test_files_of_many_statements_run_as_they_stand(owner_url: str, migrations: Path) -> None:
    text = r"100 % :name %s %(x)s %% \:z ?"
    revision(migrations, 1, f"create table a (x text); insert into a values ('{text}');")
    revision(
        migrations, 2, "do $$ begin execute format('create table %I (n int)', 'b'); end $$; insert into b values (1)"
    )
    assert (current(owner_url), head(migrations), pending(owner_url, migrations)) == (None, "0002", True)
    assert upgrade(owner_url, migrations) == "0002"
    assert run(owner_url, "select * from a") == [(text,)]
    assert run(owner_url, "select * from b") == [(1,)]
    assert (current(owner_url), pending(owner_url, migrations)) == ("0002", False)
    assert upgrade(owner_url, migrations) == "0002"
    assert run(owner_url, "select * from b") == [(1,)]


def test_without_revisions_there_is_nothing_to_do(owner_url: str, migrations: Path) -> None:
    assert (head(migrations), pending(owner_url, migrations)) == (None, False)
    assert upgrade(owner_url, migrations) is None


def test_every_role_may_ask_whether_the_schema_fits(server: EmbeddedPostgres, owner_url: str, migrations: Path) -> None:
    revision(migrations, 1, "select 1")
    upgrade(owner_url, migrations)
    revision(migrations, 2, "select 1")
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("grant connect on database empty to munihub_app, munihub_worker")
    for role in ("munihub_app", "munihub_worker"):
        url = server.url(role, "empty")
        assert (current(url), pending(url, migrations)) == ("0001", True)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(url, "delete from alembic_version returning 1")


def test_a_revision_that_fails_is_undone_and_those_before_it_stay(owner_url: str, migrations: Path) -> None:
    revision(migrations, 1, "create table a (n int)")
    revision(migrations, 2, "create table b (n int);\ninsert into b values (1);\nselect nonsense from b")
    with pytest.raises(HubError) as caught:
        upgrade(owner_url, migrations)
    assert str(caught.value) == 'The database cannot be migrated: column "nonsense" does not exist (line 3 of its SQL)'
    assert current(owner_url) == "0001"
    assert run(owner_url, "select to_regclass('a')::text, to_regclass('b')::text") == [("a", None)]
    revision(migrations, 2, "create table b (n int)")
    assert upgrade(owner_url, migrations) == "0002"


def test_processes_that_start_together_migrate_once(owner_url: str, migrations: Path) -> None:
    revision(migrations, 1, "create table a (n int); select pg_sleep(0.3); insert into a values (1)")
    revision(migrations, 2, "create table b (n int)")
    reached: list[str | None] = []
    threads = [threading.Thread(target=lambda: reached.append(upgrade(owner_url, migrations))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reached == ["0002"] * 4
    assert run(owner_url, "select * from a") == [(1,)]
    assert run(owner_url, "select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


def test_an_index_may_be_made_while_another_process_waits(owner_url: str, migrations: Path) -> None:
    """A waiting statement would hold a snapshot, and `concurrently` waits for every older snapshot."""
    revision(migrations, 1, "create table a (n int)")
    upgrade(owner_url, migrations)
    (migrations / "versions" / "0002.py").write_text(
        "from alembic import op\nrevision = '0002'\ndown_revision = '0001'\n"
        "def upgrade():\n    with op.get_context().autocommit_block():\n"
        "        op.get_bind().exec_driver_sql('select pg_sleep(0.3)')\n"
        "        op.get_bind().exec_driver_sql('create index concurrently i on a (n)')\n"
    )
    threads = [threading.Thread(target=upgrade, args=(owner_url, migrations), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert current(owner_url) == "0002"


def test_only_the_owner_migrates(server: EmbeddedPostgres, owner_url: str, migrations: Path) -> None:
    revision(migrations, 1, "create table a (n int)")
    with pytest.raises(ConfigurationError, match="run as munihub_owner, who owns the database, not as postgres"):
        upgrade(server.url("postgres", "empty"), migrations)
    assert current(owner_url) is None


def test_a_database_of_a_newer_hub_is_refused(owner_url: str, migrations: Path) -> None:
    revision(migrations, 1, "create table a (n int)")
    revision(migrations, 2, "create table b (n int)")
    upgrade(owner_url, migrations)
    (migrations / "versions" / "0002.py").unlink()
    for act in (upgrade, pending):
        with pytest.raises(ConfigurationError, match="at revision 0002, which this version of the hub does not know"):
            act(owner_url, migrations)
    assert current(owner_url) == "0002"


def test_no_server_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="does not answer"):
        current(f"postgresql://u:sEcret@/x?host={tmp_path}")


def test_a_fresh_database_has_the_hubs_schema(server: EmbeddedPostgres) -> None:
    with fresh_database(server) as first, fresh_database(server) as second:
        for urls in (first, second):
            assert [current(url) for url in urls] == [head()] * 3
            assert not pending(urls.app)
        assert run(first.owner, "select current_database()") != run(second.owner, "select current_database()")
        with psycopg.connect(first.owner) as connection:
            connection.execute("create table mine (n int)")
        assert run(first.owner, "select to_regclass('mine')::text") == [("mine",)]
        assert run(second.owner, "select to_regclass('mine')::text") == [(None,)]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(stranger(server, first.app))


def stranger(server: EmbeddedPostgres, url: str) -> str:
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("create role stranger login password 'stranger'")
    return role_url(url, "stranger", "stranger", str(conninfo_to_dict(url)["dbname"]))
