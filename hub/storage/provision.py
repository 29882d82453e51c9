"""Roles and database of the hub, on the private server or on one that somebody runs.

Three roles, none of them able to step over the walls:

    munihub_owner   owns database and schema; migrations only
    munihub_app     the API: what citizens and programs ask
    munihub_worker  jobs, back offices, deliveries

Everything here can be done again: what is right already is left alone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub.kernel.errors import ConfigurationError

DATABASE: Final = "munihub"
OWNER: Final = "munihub_owner"
APP: Final = "munihub_app"
WORKER: Final = "munihub_worker"
ROLES: Final = (OWNER, APP, WORKER)

VARIABLES: Final = {
    APP: "MUNIHUB_DATABASE_URL",
    WORKER: "MUNIHUB_WORKER_DATABASE_URL",
    OWNER: "MUNIHUB_OWNER_DATABASE_URL",
}

_OLDEST = 150000
_CONNECT_SECONDS = 10
# Any number, the same in every hub: two that prepare one server at once take turns.
_TURN = int.from_bytes(b"munihub1")
# What asyncpg and libpq both understand in a URL; asyncpg would send anything else to the server as a setting.
_SHARED_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs")
_FORBIDDEN_POWERS = {
    "rolsuper": "nosuperuser",
    "rolbypassrls": "nobypassrls",
    "rolcreatedb": "nocreatedb",
    "rolcreaterole": "nocreaterole",
    "rolreplication": "noreplication",
}


class DatabaseUrls(NamedTuple):
    """How the three parts of the hub reach one database; each holds a password."""

    app: str
    worker: str
    owner: str


def role_url(server_url: str, role: str, password: str, database: str = DATABASE) -> str:
    """`server_url` (URL or key=value form) for another role and database, as asyncpg and psycopg both read it."""
    known = _parse(server_url)
    host, port = str(known.get("host") or known.get("hostaddr") or ""), str(known.get("port") or "")
    options = {name: str(known[name]) for name in _SHARED_OPTIONS if known.get(name)}
    where = ""
    if host.startswith("/") or "," in host:
        options = {"host": host, **({"port": port} if port else {}), **options}
    elif host:
        where = f"[{host}]" if ":" in host else quote(host, safe="")
        where += f":{port}" if port else ""
    query = f"?{urlencode(options, quote_via=quote, safe='/,:')}" if options else ""
    return f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@{where}/{quote(database, safe='')}{query}"


def provision(admin_url: str, passwords: Mapping[str, str], database: str = DATABASE) -> DatabaseUrls:
    """Make the three roles with `passwords` (by role name) and the database; return how to reach it.

    The administrator is a superuser, or may create roles and databases (a managed PostgreSQL). Raises
    ConfigurationError where the server is too old, refuses, or holds something else of the same name.
    """
    urls = {role: role_url(admin_url, role, passwords[role], database) for role in ROLES}
    with _administrator(admin_url) as admin:
        admin.execute("select pg_advisory_lock(%s)", [_TURN])
        made = [role for role in ROLES if _make_role(admin, role, passwords[role])]
        with _acting_as_owner(admin):
            _make_database(admin, database)
            with _administrator(admin_url, database) as inside:
                inside.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
                close_database(inside, database)
        for role in ROLES:
            if role not in made and not _logs_in(urls[role]):
                admin.execute(_with_password(admin, "alter", role, passwords[role]))
    return DatabaseUrls(app=urls[APP], worker=urls[WORKER], owner=urls[OWNER])


def close_database(inside: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    """Let only the hub's roles in, and only the owner make things; run as the owner, inside `database`."""
    name = sql.Identifier(database)
    roles = sql.SQL(", ").join(map(sql.Identifier, (APP, WORKER)))
    inside.execute(sql.SQL("revoke all on database {} from public").format(name))
    inside.execute(sql.SQL("revoke all on schema public from public"))
    inside.execute(sql.SQL("grant connect on database {} to {}").format(name, roles))
    inside.execute(sql.SQL("grant usage on schema public to {}").format(roles))


def prepare(admin_url: str, env_file: Path) -> DatabaseUrls:
    """Provision a server that somebody runs and write the three URLs to `env_file` (0600).

    Passwords are those in `env_file` where it has them, else new ones; they are written before the
    server hears of them, so that an interrupted run is finished by the next one. Other lines stay.
    A role that exists while its password is not in the file is not touched: somebody is using it.
    """
    lines = _read_env(env_file)
    known = {role: password for role in ROLES if (password := _password_in(lines, VARIABLES[role]))}
    with _administrator(admin_url) as admin:
        for role in ROLES:
            if role not in known and _powers(admin, role) is not None:
                raise ConfigurationError(
                    f"The role {role} exists on that server, and its password is not in this file",
                    file=str(env_file),
                    key=VARIABLES[role],
                    remedy="Copy the file that was written when the server was prepared. If it is lost, write "
                    f"{VARIABLES[role]}=postgresql://{role}:NEW_PASSWORD@HOST/{DATABASE} into this one "
                    "and prepare again: the role gets that password",
                )
    passwords = {role: known.get(role) or secrets.token_urlsafe(24) for role in ROLES}
    _write_env(env_file, lines, {VARIABLES[role]: role_url(admin_url, role, passwords[role]) for role in ROLES})
    return provision(admin_url, passwords)


def _parse(server_url: str) -> Mapping[str, str | int | None]:
    try:
        return conninfo_to_dict(server_url)
    except psycopg.Error:
        # libpq's own text quotes what it could not read, which may be the password.
        raise ConfigurationError(
            "This is not the URL of a PostgreSQL server",
            remedy="Write postgresql://USER:PASSWORD@HOST:5432/DATABASE, with special characters %-encoded",
        ) from None


@contextmanager
def _administrator(url: str, database: str | None = None) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that reports what the server refuses as a ConfigurationError, without our statements."""
    remedy = "Name an administrator that is a superuser or may create roles and databases"
    try:
        known = _parse(url)
        where = make_conninfo("", **{**known, "dbname": database or known.get("dbname")})
        with psycopg.connect(where, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            if connection.info.server_version < _OLDEST:
                major = connection.info.server_version // 10000
                raise ConfigurationError(
                    f"The server is PostgreSQL {major}", remedy="The hub needs PostgreSQL 15 or newer"
                )
            yield connection
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).strip()
        raise ConfigurationError(f"PostgreSQL refuses: {said}", key="administrator's URL", remedy=remedy) from None


def _powers(admin: psycopg.Connection[tuple[object, ...]], role: str) -> set[str] | None:
    """Powers of an existing role that none of ours may have (and `login` if it has it); None if there is no role."""
    row = admin.execute(
        sql.SQL("select {}, rolcanlogin from pg_roles where rolname = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, _FORBIDDEN_POWERS))
        ),
        [role],
    ).fetchone()
    if row is None:
        return None
    return {name for name, has in zip((*_FORBIDDEN_POWERS, "login"), row, strict=True) if has}


def _make_role(admin: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> bool:
    """Make the role, or take from an existing one what it must not have; whether it was made."""
    powers = _powers(admin, role)
    if powers is None:
        admin.execute(_with_password(admin, "create", role, password))
        return True
    # Only a superuser may even mention some of these, so nothing is said that is true already.
    changes = [no for power, no in _FORBIDDEN_POWERS.items() if power in powers]
    changes += [] if "login" in powers else ["login"]
    if changes:
        admin.execute(sql.SQL("alter role {} {}").format(sql.Identifier(role), sql.SQL(" ".join(changes))))
    return False


def _with_password(admin: psycopg.Connection[tuple[object, ...]], verb: str, role: str, password: str) -> sql.Composed:
    """The statement with the password's SCRAM verifier: the password itself is in no log of the server."""
    verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    return sql.SQL("{} role {} login password {}").format(sql.SQL(verb), sql.Identifier(role), sql.Literal(verifier))


@contextmanager
def _acting_as_owner(admin: psycopg.Connection[tuple[object, ...]]) -> Iterator[None]:
    """Membership in the owner, which an administrator who is no superuser needs and keeps no longer than this.

    From PostgreSQL 16 on, creating a role gives the right to grant it, not the right to act as it.
    """
    recent = admin.info.server_version >= 160000
    mode = "SET" if recent else "MEMBER"
    row = admin.execute("select pg_has_role(%s, %s)", [OWNER, mode]).fetchone()
    if row == (True,):
        yield
        return
    how = " with inherit true, set true" if recent else ""
    owner = sql.Identifier(OWNER)
    admin.execute(sql.SQL("grant {} to current_user{}").format(owner, sql.SQL(how)))
    try:
        yield
    finally:
        admin.execute(sql.SQL("revoke {} from current_user").format(owner))


def _make_database(admin: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    row = admin.execute(
        "select pg_get_userbyid(datdba), pg_encoding_to_char(encoding) from pg_database where datname = %s",
        [database],
    ).fetchone()
    if row is None:
        admin.execute(
            sql.SQL("create database {} owner {} template template0 encoding 'UTF8' {}").format(
                sql.Identifier(database), sql.Identifier(OWNER), _locale(admin)
            )
        )
    elif row != (OWNER, "UTF8"):
        raise ConfigurationError(
            f"The database {database} exists, belongs to {row[0]} and is encoded in {row[1]}",
            remedy=f"The hub needs one that belongs to {OWNER} and is encoded in UTF8; rename or drop this one",
        )


def _locale(admin: psycopg.Connection[tuple[object, ...]]) -> sql.Composable:
    """C.UTF-8 wherever it can be had, so that the same query sorts the same on every server.

    From 17 on PostgreSQL brings it itself; before, the system's is used with code point order.
    """
    if admin.info.server_version >= 170000:
        return sql.SQL("locale_provider builtin builtin_locale 'C.UTF-8'")
    row = admin.execute(
        "select collctype from pg_collation where collprovider = 'c' and collname in ('C.UTF-8', 'C.utf8') limit 1"
    ).fetchone()
    ctype = sql.SQL(" lc_ctype {}").format(sql.Literal(row[0])) if row else sql.SQL("")
    return sql.SQL("locale_provider libc lc_collate 'C'{}").format(ctype)


def _logs_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=_CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def _read_env(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _password_in(lines: list[str], variable: str) -> str | None:
    for line in reversed(lines):
        name, _, value = line.partition("=")
        if name.strip().removeprefix("export ").strip() == variable:
            return unquote(urlsplit(value.strip().strip("'\"")).password or "") or None
    return None


def _write_env(file: Path, lines: list[str], values: Mapping[str, str]) -> None:
    """Replace or add `values`, without quotes: systemd, docker and compose read it so."""
    kept = [line for line in lines if line.partition("=")[0].strip().removeprefix("export ").strip() not in values]
    kept += [f"{name}={value}" for name, value in values.items()]
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0 and file.exists():
            os.fchown(descriptor, file.stat().st_uid, file.stat().st_gid)
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write("\n".join(kept) + "\n")
            new.flush()
            os.fsync(new.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot be written: {error.strerror}",
            file=str(file),
            remedy="Name a file in a folder that exists and that you may write",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
