"""A private PostgreSQL under `var/`, shared by all processes of the hub on this machine.

    with EmbeddedPostgres(Path("var")) as server:
        server.url(APP)

The first process starts it, the last one to leave stops it. Who is there is counted by the kernel, so
that a killed process does not count: each holds a shared lock on `users.lock` while it uses the server,
and starts and stops happen under the exclusive `start.lock`. A process that is killed leaves the server
running; the next one uses it, and stops it when it is the last to leave.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from hub.kernel.errors import ConfigurationError, HubError, NotReady
from hub.storage.embedded_account import settle
from hub.storage.embedded_binaries import Binaries, choose_binaries
from hub.storage.embedded_cluster import PORT, Cluster
from hub.storage.embedded_log import Patience
from hub.storage.embedded_roles import SUPERUSER, load_passwords, make_roles
from hub.storage.provision import APP, DATABASE, role_url

_log = logging.getLogger(__name__)

PATIENCE = 120.0
"""Seconds without any sign of progress after which a start is given up; a recovery that progresses is waited for."""

_TURN_SECONDS = 180.0
_STOP_SECONDS = 60.0
_STUCK_SECONDS = 5.0
_TICK = 0.02
_REST = 0.5
_WATCH_SECONDS = 30.0
_CONNECT_SECONDS = 10


class EmbeddedPostgres:
    """The private server of one `var` folder, from this process's side.

    `binaries` names the folder of PostgreSQL's programs (default: hub.storage.embedded_binaries).
    """

    def __init__(self, var: Path, binaries: Path | None = None) -> None:
        self._var = var
        self._named = binaries
        self._mutex = threading.Lock()
        self._leaving = threading.Event()
        self._users: int | None = None
        self._process = os.getpid()
        self._passwords: dict[str, str] = {}
        self._cluster: Cluster | None = None
        self._chosen: Binaries | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def home(self) -> Path:
        """The folder of everything that belongs to the server: `var`/postgres, or one in /var/lib/munihub."""
        return self._running().home

    @property
    def binaries(self) -> Path:
        """The folder of the programs in use, for pg_dump and its kin."""
        assert self._chosen is not None
        return self._chosen.folder

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        """How `role` (hub.storage.provision, or `postgres`, the superuser) reaches `database`; holds its password."""
        folder = self._running().socket_folder()
        return role_url(f"host={folder} port={PORT}", role, self._passwords[role], database)

    def start(self) -> None:
        """Use the server, starting it where it does not run, making it where it does not exist.

        Raises ConfigurationError where somebody must change something, NotReady where time may help.
        """
        with self._mutex:
            if self._users is not None:
                return
            self._leaving.clear()
            self._process = os.getpid()
            try:
                home, account = settle(self._var)
                self._cluster = cluster = Cluster(home, account)
                cluster.prepare_home()
                with self._turn():
                    self._users = cluster.open_private("users.lock", os.O_RDWR)
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                    try:
                        self._bring_up(cluster)
                        make_roles(self._watch_url(), self._passwords)
                    except BaseException:
                        self._leave(cluster)
                        self._forget()
                        raise
            except OSError as error:
                raise _explained(error, self._var) from error

    def stop(self) -> None:
        """Leave; the last to leave stops the server and waits until all its processes are gone."""
        self._leaving.set()
        with self._mutex:
            # A forked child shares the locks of its parent, who is still there.
            if self._users is None or self._process != os.getpid():
                return
            try:
                with self._turn():
                    self._leave(self._running())
            except (NotReady, OSError) as error:
                # Whoever has the turn for so long will be the last instead of us; and where somebody
                # removed the folder meanwhile, the server notices that and ends by itself.
                _log.warning("Left the database in %s without looking whether to stop it: %s", self.home, error)
            finally:
                self._forget()

    def alive(self) -> bool:
        """Whether the server answers: a connection, not a process id."""
        try:
            psycopg.connect(self._watch_url(), connect_timeout=_CONNECT_SECONDS).close()
        except psycopg.OperationalError as error:
            text = str(error)
            if "password authentication failed" in text:
                raise ConfigurationError(
                    "The database does not accept the password in this file",
                    file=str(self.home / "passwords.json"),
                    remedy="Restore the file that belongs to the data",
                ) from None
            # Full is alive: some connections are kept free for the superuser, but those may be taken too.
            return "too many clients" in text or "remaining connection slots" in text
        return True

    async def supervise(self) -> None:
        """Watch the server until cancelled, and start it again when it is lost. For processes that stay.

        Keeps one connection open, whose end is noticed at once. Raises nothing but CancelledError.
        """
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._watch_url(), connect_timeout=_CONNECT_SECONDS, autocommit=True
                ) as connection:
                    await self._until_lost(connection)
            except psycopg.OperationalError:
                await self._revive()

    async def _until_lost(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            readable = asyncio.Event()
            loop.add_reader(connection.fileno(), readable.set)
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(readable.wait(), _WATCH_SECONDS)
            finally:
                loop.remove_reader(connection.fileno())
            await connection.execute("select 1")
            with suppress(OSError):
                await asyncio.to_thread(self._running().log.trim)

    async def _revive(self) -> None:
        _log.warning("The database server in %s does not answer", self.home)
        try:
            await asyncio.to_thread(self._restart)
            _log.warning("The database server in %s answers again", self.home)
        except (HubError, OSError) as error:
            _log.error("The database server in %s does not come back: %s", self.home, error)
        await asyncio.sleep(_REST)

    def _restart(self) -> None:
        with self._mutex, self._turn():
            if self._users is None:
                raise NotReady("The hub is stopping")
            self._bring_up(self._running())

    def _running(self) -> Cluster:
        if self._cluster is None:
            raise RuntimeError("EmbeddedPostgres has not been started")
        return self._cluster

    def _watch_url(self) -> str:
        return self.url(SUPERUSER, "postgres")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold `start.lock`: one process at a time starts or stops. Raises NotReady after three minutes."""
        descriptor = self._running().open_private("start.lock", os.O_RDWR)
        try:
            deadline = time.monotonic() + _TURN_SECONDS
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > deadline:
                    raise NotReady("Another process has been starting or stopping the database for three minutes")
                time.sleep(_TICK)
            yield
        finally:
            os.close(descriptor)

    def _bring_up(self, cluster: Cluster) -> None:
        """Return with a server that answers. Only with the turn."""
        major = cluster.data_major()
        self._chosen = choose_binaries(cluster.account, self._named, major)
        self._passwords = load_passwords(cluster.home, fresh=major is None)
        if major is not None and self.alive():
            return
        started_at: int | None = None
        patience, stuck = Patience(cluster.log, PATIENCE), _Stuck()
        while True:
            if (lock := cluster.try_server_lock()) is not None:
                try:
                    started_at = self._boot(cluster, self._chosen, lock, started_at)
                finally:
                    os.close(lock)
            elif (status := cluster.status()) == "ready" and self.alive():
                return
            # It waits for its clients before it stops, or a cleaner of /tmp took its socket away.
            elif stuck.too_long(status == "stopping" or (status == "ready" and not cluster.has_socket())):
                cluster.interrupt(self._chosen, "fast")
            patience.spend()
            if self._leaving.wait(_TICK):
                raise NotReady("The hub is stopping")

    def _boot(self, cluster: Cluster, binaries: Binaries, lock: int, started_at: int | None) -> int:
        """Start a server where no process of one exists: whatever lies about is left over.

        `started_at` is the place in the log where an attempt before this one began, and failed.
        """
        if started_at is not None:
            if failure := cluster.log.failure_since(started_at):
                raise failure
            time.sleep(_REST)
        cluster.tidy()
        if cluster.data_major() is None:
            _log.info("Making the database in %s", cluster.home)
            cluster.initialise(binaries, lock, self._passwords[SUPERUSER])
        return cluster.boot(binaries, lock)

    def _leave(self, cluster: Cluster) -> None:
        """Stop the server if nobody else uses it. Only with the turn."""
        assert self._users is not None
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if self._chosen is None:
            return
        mode, deadline, ask_at = "fast", time.monotonic() + _STOP_SECONDS, 0.0
        while (lock := cluster.try_server_lock()) is None:
            now = time.monotonic()
            if now > deadline:
                if mode == "immediate":
                    _log.error("The database server in %s does not stop", cluster.home)
                    return
                mode, deadline, ask_at = "immediate", now + _STOP_SECONDS, 0.0
            if now > ask_at:
                cluster.interrupt(self._chosen, mode)
                ask_at = now + _STUCK_SECONDS
            time.sleep(_TICK)
        os.close(lock)
        cluster.drop_socket_folder()

    def _forget(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None


class _Stuck:
    """Says once in five seconds that something has been so for five seconds."""

    def __init__(self) -> None:
        self._since: float | None = None

    def too_long(self, so: bool) -> bool:  # noqa: FBT001 - the condition is the question
        if not so:
            self._since = None
            return False
        self._since = self._since or time.monotonic()
        if time.monotonic() - self._since < _STUCK_SECONDS:
            return False
        self._since = None
        return True


def _explained(error: OSError, var: Path) -> HubError:
    place = str(error.filename or var)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotReady(f"The database cannot be started: the disk is full ({place}). Make room, then start again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ConfigurationError(
            f"Not accessible to the user {os.geteuid()}, who runs the hub",
            file=place,
            remedy="Run the hub as the user who made the folder, give the folder to this user, or choose another one",
        )
    return NotReady(f"The database cannot be started: {error}")
