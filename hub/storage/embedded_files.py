"""Files that are the hub's own: private, whole, and durable."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def open_private(path: Path, flags: int) -> int:
    """Open `path` without following a link; made 0600 for the owner of its folder where it is missing."""
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        _inherit_owner(descriptor, path.parent)
        return descriptor


def write_atomically(path: Path, text: str, *, mode: int) -> None:
    """Replace `path` with `text`, durably, for the owner of its folder; a reader sees all or nothing."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            _inherit_owner(descriptor, path.parent)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _inherit_owner(descriptor: int, folder: Path) -> None:
    # Root may work in the folder of an ordinary user, who has to open the files again tomorrow.
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
