"""The private server's files and processes: made once, started, looked at, stopped.

    postgres/                 the hub's user
      start.lock users.lock   see hub.storage.embedded
      server.lock             a kernel lock held by the server's own processes (below)
      passwords.json          0600
      postgresql.conf         written anew at every start; ALTER SYSTEM wins over it
      server.log server.log.1
      data/ run/              the server's account, 0700

**Who runs?** A process id cannot say: a killed server leaves its `postmaster.pid`, a zombie still
answers to a signal, and after a restart of a container the same number is somebody else. So whoever
starts the server first takes `server.lock` and lets the server inherit the descriptor: the kernel holds
the lock until the last of its processes is gone, back ends that outlived their parent included. Who gets
the lock knows that nobody works on the data and may remove what a killed server left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
from pathlib import Path

from hub.kernel.errors import ConfigurationError, NotReady
from hub.storage.embedded_account import Account
from hub.storage.embedded_binaries import Binaries
from hub.storage.embedded_files import open_private, sync_folder, write_atomically
from hub.storage.embedded_log import ServerLog, explain
from hub.storage.embedded_roles import SUPERUSER

PORT = 5432
"""Part of the socket's name; nothing listens on a network port."""

_INITDB_SECONDS = 120.0
# A socket's path has room for 108 bytes on Linux and 104 on BSD and macOS, with its final zero; the
# socket's own name takes 15. Other characters would need quoting in connection strings or in the
# server's list of folders, and a comma separates hosts in both.
_SOCKET_FOLDER = re.compile(rb"/[A-Za-z0-9._/+@-]{1,87}\Z")

# Safety is never traded for speed. What a citizen typed stays out of the log: no parameters, no failed
# statements, no DETAIL lines (they quote rows). Errors of the hub's own roles are not logged here at all
# (hub.storage.embedded), as their messages quote values; the hub receives and reports them itself.
_SETTINGS = """\
# Written by the hub at every start. Change values with ALTER SYSTEM, not here.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
fsync = on
full_page_writes = on
synchronous_commit = on
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
jit = off
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 1000
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
log_error_verbosity = terse
"""


class Cluster:
    """One data folder with its server. Callers hold `start.lock`, except for `alive` reads."""

    def __init__(self, home: Path, account: Account) -> None:
        self.home = home
        self.account = account
        self.data = home / "data"
        self.log = ServerLog(home / "server.log")

    def prepare_home(self) -> None:
        self.home.mkdir(mode=0o700, exist_ok=True)
        if self.account.switched and self.home.stat().st_uid == 0:
            # The server's account passes through to its own two folders and reads nothing else here.
            self.home.chmod(0o711)

    def data_major(self) -> int | None:
        """The major version that wrote the data; None where there are none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text("ascii"))
        except FileNotFoundError:
            if self.data.exists():
                raise ConfigurationError(
                    f"{self.data} exists and holds no PostgreSQL data",
                    remedy="Restore a backup into it, or move it away to start with an empty database",
                ) from None
            return None

    def open_private(self, name: str, flags: int) -> int:
        """A descriptor of a file in the home, made 0600 for the home's owner where it is missing."""
        return open_private(self.home / name, flags)

    def try_server_lock(self) -> int | None:
        """The lock's descriptor, to be closed by the caller; None while any process of the server lives."""
        descriptor = self.open_private("server.lock", os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def tidy(self) -> None:
        """Remove what killed processes left behind. Only with the server's lock in hand."""
        for leftover in self.home.glob("*.new-*"):
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
        if (pid := self._postmaster()) is not None:
            raise ConfigurationError(
                f"A PostgreSQL that the hub did not start (process {pid}) works on {self.data}",
                remedy="Stop it, then start the hub again",
            )
        if Path("/proc/self/cwd").exists():
            # Where no /proc tells who is behind the number, PostgreSQL itself judges its lock files.
            folder = self.socket_folder()
            for path in (
                self.data / "postmaster.pid",
                folder / f".s.PGSQL.{PORT}.lock",
                folder / f".s.PGSQL.{PORT}",
            ):
                path.unlink(missing_ok=True)

    def initialise(self, binaries: Binaries, lock: int, password: str) -> None:
        """Make the data beside their place and move them there when complete, so that half is nothing."""
        unfinished = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.home))
        secret = unfinished.with_name(f"{unfinished.name}.password")
        secret.touch(mode=0o600, exist_ok=False)
        secret.write_text(password, "ascii")
        self.account.own(secret)
        self.account.own(unfinished)
        command: list[str | Path] = [
            binaries.folder / "initdb", "--pgdata", unfinished, "--username", SUPERUSER, "--pwfile", secret,
            "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions",
        ]  # fmt: skip
        # From 17 on PostgreSQL brings C.UTF-8 itself; before, and for times and messages, the system has it or not.
        if binaries.major >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            for locale in ("C.UTF-8", "C"):
                done = self.account.run([*command, f"--locale={locale}"], timeout=_INITDB_SECONDS, keep=[lock])
                if "invalid locale name" not in done.stdout:
                    break
        except subprocess.TimeoutExpired as error:
            raise NotReady(f"Making the database took longer than {_INITDB_SECONDS:.0f} s in {self.home}") from error
        finally:
            secret.unlink()
        if done.returncode != 0:
            raise explain("The database cannot be made", self.home, done.stdout)
        unfinished.rename(self.data)
        sync_folder(self.home)

    def boot(self, binaries: Binaries, lock: int) -> int:
        """Start the server, which inherits `lock`; the log's size before, for ServerLog.failure_since."""
        settings = self.home / "postgresql.conf"
        write_atomically(settings, _SETTINGS, mode=0o644)
        self.log.trim()
        log = self.log.open()
        try:
            size = os.fstat(log).st_size
            command: list[str | Path] = [
                binaries.folder / "postgres", "-D", self.data, "-c", f"config_file={settings}",
                "-c", f"unix_socket_directories={self.socket_folder()}", "-c", f"port={PORT}",
            ]  # fmt: skip
            server = self.account.spawn(command, output=log, keep=[lock])
        finally:
            os.close(log)
        # Somebody has to collect the exit status, else a dead server would stay in the process table.
        threading.Thread(target=server.wait, name="postgres-exit", daemon=True).start()
        return size

    def status(self) -> str:
        """What the server says of itself: starting, stopping, ready, or an empty text where it says nothing."""
        try:
            lines = (self.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return lines[7].strip() if len(lines) > 7 else ""

    def interrupt(self, binaries: Binaries, mode: str) -> bool:
        """Ask the server to stop (`fast`, or `immediate`, which recovers at the next start); False if none is found."""
        if Path("/proc/self/cwd").exists() and self._postmaster() is None:
            return False
        command: list[str | Path] = [
            binaries.folder / "pg_ctl",
            "stop",
            "--no-wait",
            "--mode",
            mode,
            "--pgdata",
            self.data,
        ]
        return self.account.run(command, timeout=20).returncode == 0

    def _postmaster(self) -> int | None:
        """The process in `postmaster.pid` if it works in this data folder, as a postmaster always does."""
        try:
            first, *_ = (self.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
            pid = int(first)
            return pid if Path(f"/proc/{pid}/cwd").samefile(self.data) else None
        except (OSError, ValueError):
            return None

    def socket_folder(self) -> Path:
        """Where the socket stands: run/ in the home, or where that is too long, a short folder of ours elsewhere.

        A folder in /tmp is only believed when it is the account's and closed to others; its name is
        random and written down, so that nobody can make it before us.
        """
        run = self.home / "run"
        if _SOCKET_FOLDER.match(os.fsencode(run)):
            return self._make_folder(run)
        note = self.home / "socket_folder"
        with contextlib.suppress(FileNotFoundError):
            known = Path(note.read_text("utf-8"))
            with contextlib.suppress(FileExistsError):
                self._make_folder(known, exist_ok=False)
            status = known.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == self.account.uid and not status.st_mode & 0o077:
                return known
        # /run is root's own and shared by all services; /tmp may be private to one of them.
        parent = "/run" if self.account.switched and os.access("/run", os.W_OK) else "/tmp"  # noqa: S108
        folder = Path(tempfile.mkdtemp(prefix="munihub-", dir=parent))
        self.account.own(folder)
        write_atomically(note, str(folder), mode=0o600)
        return folder

    def _make_folder(self, folder: Path, *, exist_ok: bool = True) -> Path:
        try:
            folder.mkdir(mode=0o700)
            self.account.own(folder)
        except FileExistsError:
            if not exist_ok:
                raise
        return folder

    def has_socket(self) -> bool:
        return (self.socket_folder() / f".s.PGSQL.{PORT}").exists()

    def drop_socket_folder(self) -> None:
        """Leave nothing in /run or /tmp once the server has stopped."""
        note = self.home / "socket_folder"
        with contextlib.suppress(OSError):
            Path(note.read_text("utf-8")).rmdir()
            note.unlink()
