"""A private installation for one measurement: a real server (fsync on), databases with the hub's schema, settings.

Everything lies in a temporary folder that is removed at the end. Besides the hub's own roles there is

    bench_floor    what the floors connect as: an ordinary role that bypasses row-level security and may do
                   anything to the tables, so that a floor has no walls at all
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import yaml
from psycopg import sql

from hub.settings import PROJECT, Settings
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrate import upgrade
from hub.storage.provision import DATABASE, OWNER, ROLES, DatabaseUrls, provision, role_url
from hub.storage.vault import MasterKeys

FLOOR = "bench_floor"


@dataclass
class Installation:
    """`folder` holds everything; `server` is the database server."""

    folder: Path
    server: EmbeddedPostgres
    _floor_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def database(self, name: str = DATABASE) -> DatabaseUrls:
        """A database with the hub's schema and nothing in it."""
        passwords = {role: unquote(urlsplit(self.server.url(role)).password or "") for role in ROLES}
        urls = provision(self.server.url("postgres", "postgres"), passwords, name)
        upgrade(self.server.url(OWNER, name))
        with self.superuser(name) as connection:
            if connection.execute("select from pg_roles where rolname = %s", [FLOOR]).fetchone() is None:
                connection.execute(
                    sql.SQL("create role {} login bypassrls password {}").format(
                        sql.Identifier(FLOOR), sql.Literal(self._floor_password)
                    )
                )
            for grant in (
                "connect, create on database {name}",
                "usage, create on schema public",
                "all on all tables in schema public",
            ):
                connection.execute(
                    sql.SQL(f"grant {grant} to {{role}}").format(name=sql.Identifier(name), role=sql.Identifier(FLOOR))
                )
        return urls

    def superuser_url(self, database: str = DATABASE) -> str:
        return self.server.url("postgres", database)

    def superuser(self, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
        """For making data and reading the catalogue, never for what is measured."""
        return psycopg.connect(self.superuser_url(database), autocommit=True)

    def floor_url(self, database: str = DATABASE) -> str:
        return role_url(self.superuser_url(), FLOOR, self._floor_password, database)

    def environment(self, urls: DatabaseUrls, config: Path | None = None) -> dict[str, str]:
        """`MUNIHUB_…` for the hub's processes; `config` in the place of the project's towns."""
        found = {
            "MUNIHUB_VAR": str(self.folder / "hub"),
            "MUNIHUB_DATABASE_URL": urls.app,
            "MUNIHUB_WORKER_DATABASE_URL": urls.worker,
            "MUNIHUB_OWNER_DATABASE_URL": urls.owner,
        }
        return found | ({"MUNIHUB_CONFIG_PATH": str(config)} if config else {})

    def settings(self, urls: DatabaseUrls, config: Path | None = None) -> Settings:
        """The same as Settings; the master key and the secrets of the project's towns are made."""
        settings = Settings.from_environment(self.environment(urls, config))
        MasterKeys.load(settings.master_key, create=True)
        settings.secrets.mkdir(parents=True, exist_ok=True)
        for name, value in yaml.safe_load((PROJECT / "simulators" / "secrets.yaml").read_text("utf-8")).items():
            file = settings.secrets / name
            file.touch(mode=0o600)
            file.write_text(value, "utf-8")
        return settings


@contextmanager
def installation() -> Iterator[Installation]:
    """Start one, and remove it."""
    folder = Path(tempfile.mkdtemp(prefix="munihub-bench-"))
    # The server started by root runs as somebody else, who must reach its folder.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        with EmbeddedPostgres(folder / "var") as server:
            yield Installation(folder, server)
    finally:
        shutil.rmtree(folder)
