"""Which operating-system account the private PostgreSQL runs as, and where its files may stand.

PostgreSQL refuses to run as root. Started by root, the hub therefore runs it as `postgres`, else as
`nobody`, and never changes the rights of a folder it did not make: where that account cannot reach
the hub's own folder (a checkout under /root), the files stand under /var/lib/munihub instead.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.kernel.errors import ConfigurationError

_log = logging.getLogger(__name__)

SHARED_FOLDER = Path("/var/lib/munihub")
"""Where root keeps what the server's account cannot reach at its own place."""

# The server inherits nothing: the hub's environment may hold secrets, and PG… variables would steer it.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as. `switched` where the hub is root and this is somebody else."""

    name: str
    uid: int
    gid: int
    switched: bool

    @classmethod
    def ours(cls) -> Account:
        """The account the hub itself runs as."""
        uid = os.geteuid()
        return cls(_name(uid), uid, os.getegid(), switched=False)

    @classmethod
    def unprivileged(cls) -> Account:
        """`postgres` where the machine has it, else `nobody`."""
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(name, entry.pw_uid, entry.pw_gid, switched=True)
        raise ConfigurationError(
            "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody",
            remedy="Run the hub as an ordinary user, or add one: useradd --system postgres",
        )

    @classmethod
    def owner_of(cls, folder: Path) -> Account:
        """The account whose data these are: root runs the server as their owner, whoever that is."""
        status = folder.stat()
        if status.st_uid == 0:
            raise ConfigurationError(
                f"{folder} belongs to root, and PostgreSQL does not run as root",
                remedy=f"Give it to the server's account: chown -R {cls.unprivileged().name} {folder}",
            )
        try:
            gid = pwd.getpwuid(status.st_uid).pw_gid
        except KeyError:
            gid = status.st_gid
        return cls(_name(status.st_uid), status.st_uid, gid, switched=True)

    def run(
        self, command: Sequence[str | Path], *, timeout: float, keep: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` to its end; stdout holds both outputs. `keep`: descriptors it inherits.

        Raises OSError where it cannot be executed and subprocess.TimeoutExpired after `timeout` seconds.
        """
        return subprocess.run(  # noqa: S603 - program and arguments are ours, no shell
            [str(part) for part in command],
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            pass_fds=keep,
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
        )

    def spawn(self, command: Sequence[str | Path], *, output: int, keep: Sequence[int]) -> subprocess.Popen[bytes]:
        """Start a server in a session of its own, so that Ctrl-C at our terminal does not reach it."""
        return subprocess.Popen(  # noqa: S603 - program and arguments are ours, no shell
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=keep,
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether the account reaches `folder`: tried, so that access lists and mounts count too."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder], timeout=10).returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or folder that we have just made to the account."""
        if self.switched:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def settle(var: Path) -> tuple[Path, Account]:
    """The folder for everything of the server, and its account.

    Normally `var`/postgres. For root, where the account cannot reach `var`: /var/lib/munihub/<digest of
    the path of var>. Data that exist already decide before anything else, so that a right given or
    taken later never makes the hub start with an empty database beside the full one.
    """
    var.mkdir(parents=True, exist_ok=True)
    var = var.resolve()
    near = (var / "postgres").resolve()
    if os.geteuid() != 0:
        return near, Account.ours()
    far = SHARED_FOLDER / hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    for home in (near, far):
        if (home / "data").is_dir():
            account = Account.owner_of(home / "data")
            if not account.can_enter(home):
                raise ConfigurationError(
                    f"The account {account.name}, which owns the data, cannot reach {home}",
                    remedy=f"Let it pass through every folder above ({_closed_parent(account, home)} stops it)",
                )
            if home is far:
                _log.info("The database of %s stands in %s", var, far)
            return home, account
    account = Account.unprivileged()
    if account.can_enter(var):
        return near, account
    shared_folder()
    if not account.can_enter(SHARED_FOLDER):
        raise ConfigurationError(
            f"The account {account.name}, which runs the database, can reach neither {var} nor {SHARED_FOLDER}",
            remedy=f"Open {SHARED_FOLDER} to it (chmod o+x), or move the hub to a folder that it can reach",
        )
    _log.warning("The account %s cannot reach %s: the database is made in %s", account.name, var, far)
    return far, account


def shared_folder() -> Path:
    """/var/lib/munihub, made by root where it is missing; refused where others could plant files in it."""
    try:
        SHARED_FOLDER.mkdir(parents=True)
        SHARED_FOLDER.chmod(0o755)
    except FileExistsError:
        status = SHARED_FOLDER.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
            raise ConfigurationError(
                f"{SHARED_FOLDER} is not a folder of root's that only root can write",
                remedy="Move it away, or correct it with chown root and chmod 0755",
            ) from None
    return SHARED_FOLDER


def _closed_parent(account: Account, folder: Path) -> Path:
    return next((parent for parent in [*reversed(folder.parents), folder] if not account.can_enter(parent)), folder)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
