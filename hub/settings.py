"""Where this installation keeps its things, from the environment. Everything has a default that works.

MUNIHUB_VAR                    data of this installation                         var/
MUNIHUB_CONFIG_PATH            folders with cities/ and mappings/, colon-separated    config/
MUNIHUB_DATABASE_URL           PostgreSQL for the API; absent: a private one under var/
MUNIHUB_WORKER_DATABASE_URL    the same for jobs
MUNIHUB_OWNER_DATABASE_URL     the same for migrations
MUNIHUB_MASTER_KEY_FILE        wraps every town's keys                           var/keys/master.json
MUNIHUB_TOKEN_KEY_FILE         signs development tokens                          var/keys/token.json
MUNIHUB_SECRETS_DIR            one file per secret                               var/secrets/
MUNIHUB_PUBLIC_URL             where towns without a host of their own are found     http://127.0.0.1:8000
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.kernel.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """See the module's table."""

    var: Path
    config_path: tuple[Path, ...]
    app_url: str | None
    worker_url: str | None
    owner_url: str | None
    master_key: Path
    token_key: Path
    secrets: Path
    public_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises ConfigurationError when only some of the three database addresses are given."""
        var = Path(environment.get("MUNIHUB_VAR") or PROJECT / "var").resolve()
        path = environment.get("MUNIHUB_CONFIG_PATH") or str(PROJECT / "config")
        names = ("MUNIHUB_DATABASE_URL", "MUNIHUB_WORKER_DATABASE_URL", "MUNIHUB_OWNER_DATABASE_URL")
        urls = [environment.get(name) or None for name in names]
        if any(urls) and not all(urls):
            missing = ", ".join(name for name, url in zip(names, urls, strict=True) if not url)
            raise ConfigurationError(
                f"{missing} is not set",
                key=missing,
                remedy="Run `munihub database prepare ADMIN_URL --env-file munihub.env`: it makes the three roles and "
                "writes the three addresses.",
            )
        return cls(
            var=var,
            config_path=tuple(Path(part).resolve() for part in path.split(os.pathsep) if part),
            app_url=urls[0],
            worker_url=urls[1],
            owner_url=urls[2],
            master_key=Path(environment.get("MUNIHUB_MASTER_KEY_FILE") or var / "keys" / "master.json"),
            token_key=Path(environment.get("MUNIHUB_TOKEN_KEY_FILE") or var / "keys" / "token.json"),
            secrets=Path(environment.get("MUNIHUB_SECRETS_DIR") or var / "secrets"),
            public_url=(environment.get("MUNIHUB_PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
        )

    def address_of(self, slug: str, hosts: Sequence[str]) -> str:
        """Where the public finds a town, without a slash at its end: its first host, else a path of this server."""
        return f"https://{hosts[0]}" if hosts else f"{self.public_url}/{slug}"

    @property
    def embedded(self) -> bool:
        return self.app_url is None
