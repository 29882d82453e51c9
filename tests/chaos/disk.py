"""A disk that can be full: the database on a file system of its own, made smaller and larger while it is in use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import DATABASE

_LARGEST = "2g"


@dataclass
class Disk:
    """`because` says why there is none here; then nothing is ever full."""

    folder: Path
    because: str = ""
    full: bool = False

    def narrow(self) -> None:
        """No room for more than a few pages. What is written meanwhile may need more than was just measured."""
        if self.because:
            return
        for spare in (0, 64_000, 256_000, 1_000_000):
            used = os.statvfs(self.folder)
            if self._resize(str((used.f_blocks - used.f_bfree) * used.f_frsize + spare)):
                self.full = True
                return

    def widen(self) -> None:
        if self.full:
            self._resize(_LARGEST)
            self.full = False

    def _resize(self, size: str) -> bool:
        """Whether it could be made that large; not, where more than that is in use."""
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def narrow_disk(server: EmbeddedPostgres, folder: Path) -> Iterator[Disk]:
    """The database moves to a tmpfs of its own; its log of changes (WAL) stays, as a server without that one ends."""
    mounted = folder / "disk"
    mounted.mkdir(mode=0o711)
    if os.geteuid() != 0:
        yield Disk(mounted, "only root may mount a file system")
        return
    command = ["mount", "-t", "tmpfs", "-o", f"size={_LARGEST}", "tmpfs", str(mounted)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        yield Disk(mounted, made.stderr.strip().splitlines()[0])
        return
    try:
        place = mounted / "tables"
        place.mkdir(mode=0o700)
        owner = (server.home / "data").stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        mounted.chmod(0o755)
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"create tablespace narrow location '{place}'")
            connection.execute(f"alter database {DATABASE} set tablespace narrow")
        yield Disk(mounted)
    finally:
        server.stop()
        subprocess.run(["umount", "-l", str(mounted)], check=True)
