"""Who may enter the private server: generated passwords, and the roles that have them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from hub.kernel.errors import ConfigurationError
from hub.storage.embedded_files import write_atomically
from hub.storage.provision import ROLES, provision

SUPERUSER = "postgres"

_CONNECT_SECONDS = 10


def load_passwords(home: Path, *, fresh: bool) -> dict[str, str]:
    """The passwords by role, from passwords.json; those of `fresh` data are made before there are data.

    Raises ConfigurationError where the file cannot be read, or is missing while data exist.
    """
    file = home / "passwords.json"
    try:
        known: dict[str, str] = json.loads(file.read_text("ascii"))
    except FileNotFoundError:
        known = {}
    except ValueError:
        raise ConfigurationError("Not readable", file=str(file), remedy="Restore it from a backup") from None
    if SUPERUSER not in known and not fresh:
        raise ConfigurationError(
            "The data exist, but the passwords to open them do not",
            file=str(file),
            remedy=f"Restore this file from a backup, or move {home / 'data'} away to start empty",
        )
    missing = [role for role in (SUPERUSER, *ROLES) if role not in known]
    if missing:
        known |= {role: secrets.token_urlsafe(24) for role in missing}
        write_atomically(file, json.dumps(known, indent=1) + "\n", mode=0o600)
    return known


def make_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Roles and database of the hub; their errors stay out of the server's log.

    Messages of errors quote values, which may be a citizen's; the hub receives them and reports them itself.
    """
    provision(superuser_url, passwords)
    with psycopg.connect(superuser_url, connect_timeout=_CONNECT_SECONDS, autocommit=True) as connection:
        quiet = connection.execute(
            "select r.rolname from pg_db_role_setting s join pg_roles r on r.oid = s.setrole"
            " where s.setdatabase = 0 and 'log_min_messages=log' = any(s.setconfig)"
        ).fetchall()
        for role in ROLES:
            if (role,) not in quiet:
                connection.execute(sql.SQL("alter role {} set log_min_messages = log").format(sql.Identifier(role)))
