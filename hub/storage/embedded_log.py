"""What the private server writes: kept small, read for progress, explained when it fails."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from pathlib import Path

from hub.kernel.errors import ConfigurationError, HubError, NotReady
from hub.storage.embedded_files import open_private

LIMIT = 10_000_000
"""Bytes kept of a log, twice: in server.log and in server.log.1."""

_TAIL = 65_536
# What the log says, what it means, and what to do; the first that fits is told.
_DIAGNOSES: tuple[tuple[str, type[HubError], str], ...] = (
    ("No space left on device", NotReady, "The disk is full: make room, then start again"),
    ("Disk quota exceeded", NotReady, "The disk quota is used up: make room, then start again"),
    ("Cannot allocate memory", NotReady, "The machine has too little free memory: stop something, then start again"),
    ("contains errors", ConfigurationError, "Correct the setting named above in data/postgresql.auto.conf"),
    ("invalid value for parameter", ConfigurationError, "Correct the setting named above in data/postgresql.auto.conf"),
    ("incompatible with server", ConfigurationError, "Use the PostgreSQL build that made the data"),
    ("wrong ownership", ConfigurationError, "Give data/ back to the account the server runs as (chown -R)"),
    ("invalid permissions", ConfigurationError, "Close data/ to everybody else: chmod 0700"),
    ("Permission denied", ConfigurationError, "Let the account the server runs as use the files named above"),
    ("Read-only file system", ConfigurationError, "Mount the file system with write access"),
    ("could not look up effective user ID", ConfigurationError, "Give this user id a name in /etc/passwd"),
)  # fmt: skip
_PASSING = ('" already exists', "is still in use")


class ServerLog:
    """`server.log` in the home of the server."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> int:
        """A descriptor for the server to append to."""
        return open_private(self.path, os.O_WRONLY | os.O_APPEND)

    def trim(self) -> None:
        """Move the last 10 MB of a longer log to server.log.1. The server appends, so it goes on at the new start."""
        with contextlib.suppress(FileNotFoundError, BlockingIOError), self.path.open("rb+") as log:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = os.fstat(log.fileno()).st_size
            if size > LIMIT:
                log.seek(size - LIMIT)
                old = open_private(self.path.with_name(f"{self.path.name}.1"), os.O_WRONLY | os.O_TRUNC)
                with os.fdopen(old, "wb") as kept:
                    shutil.copyfileobj(log, kept)
                log.truncate(0)

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def since(self, offset: int) -> str:
        """What the server has written after `offset`; the last 64 kB of it."""
        try:
            with self.path.open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                log.seek(max(offset if offset <= size else 0, size - _TAIL))
                return log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def failure_since(self, offset: int) -> HubError | None:
        """Why the server that was started at `offset` is gone; None where trying again may help."""
        text = self.since(offset)
        if any(sign in text for sign in _PASSING):
            return None
        return explain("The database server does not start", self.path, text)


class Patience:
    """Time that is given again whenever the log grows."""

    def __init__(self, log: ServerLog, seconds: float) -> None:
        self._log = log
        self._seconds = seconds
        self._begun = self._seen = log.size()
        self._until = time.monotonic() + seconds

    def spend(self) -> None:
        """Raise NotReady when it is over. Clients that are refused (FATAL lines) are no progress."""
        size = self._log.size()
        if size != self._seen:
            lines = self._log.since(self._seen).splitlines()
            self._seen = size
            if any(line and "FATAL:" not in line for line in lines):
                self._until = time.monotonic() + self._seconds
        if time.monotonic() > self._until:
            what = f"The database server made no progress for {self._seconds:.0f} s"
            raise explain(what, self._log.path, self._log.since(self._begun))


def explain(what: str, where: Path, text: str) -> HubError:
    """The error for what PostgreSQL's program wrote before it failed: its last lines, and what to do."""
    lines = [line for line in text.splitlines() if line.strip()]
    tail = "\n".join(f"    {line}" for line in lines[-10:]) or "    (it wrote nothing)"
    for sign, kind, remedy in _DIAGNOSES:
        if sign in text:
            return kind(f"{what} ({where}):\n{tail}\n{remedy}.")
    return NotReady(f"{what} ({where}):\n{tail}")
