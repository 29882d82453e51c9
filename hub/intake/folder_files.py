"""What lies in a drop folder: listed, opened, read, put away.

Nothing that is no plain file of the folder itself is ever opened: no link, no pipe, no name with a path in it. A file
is what was opened: whoever renames another one over it changes what its name means, and not what was read.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from hub.intake.files import checked_name
from hub.kernel.errors import InvalidRequest

log = structlog.get_logger(__name__)

TAKEN = "taken"
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the folder. `problem`: why it cannot be taken, whatever is in it."""

    name: str
    size: int
    modified_at: datetime
    problem: str | None = None


class Growing(Exception):
    """It changed while it was read."""


def look_into(folder: str) -> tuple[int, list[Found]]:
    """The folder, open, and what lies in it. Raises OSError."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return at, _list(at)
    except BaseException:
        os.close(at)
        raise


def _list(at: int) -> list[Found]:
    """Plain files, the oldest first. One whose name is none is told by a name that can be shown."""
    found = []
    with os.scandir(at) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                continue
            with suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(state.st_mode):
                    found.append(_found(entry.name, state))
    return sorted(found, key=lambda one: (one.modified_at, one.name))


def _found(name: str, state: os.stat_result) -> Found:
    try:
        return Found(checked_name(name), state.st_size, _time(state))
    except InvalidRequest as error:
        # Bytes that are no text are escaped as well, which a database could not keep.
        shown = name.encode("unicode_escape").decode("ascii")[:200]
        return Found(shown, state.st_size, _time(state), error.detail)


def open_file(at: int, name: str) -> int:
    """Not through a link that was put in its place, and not waiting for the other end of a pipe. Raises OSError."""
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)


async def contents(file: int, found: Found) -> AsyncIterator[bytes]:
    """Its bytes. Raises Growing where it is not, or does not stay, what was found; OSError."""
    if not _unchanged(file, found):
        raise Growing
    while part := await asyncio.to_thread(os.read, file, _PIECE):
        yield part
    if not _unchanged(file, found):
        raise Growing


def _unchanged(file: int, found: Found) -> bool:
    state = os.fstat(file)
    return stat.S_ISREG(state.st_mode) and (state.st_size, _time(state)) == (found.size, found.modified_at)


def _time(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1_000_000, UTC)


def put_away(at: int, file: int, found: Found, called: str) -> bool:
    """Move what was read into `taken/`, under its id: two files of one name do not meet there.

    Answers whether nothing of it is left in the folder, as also where it was changed, or its name is another file's by
    now: that is left for the next look. What cannot be moved stays.
    """
    try:
        with suppress(FileExistsError):
            os.mkdir(TAKEN, 0o750, dir_fd=at)
        there = os.open(TAKEN, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        try:
            if not (_unchanged(file, found) and _is(file, at, found.name)):
                return True
            # NAME_MAX counts bytes, of which a letter may have several.
            told = os.fsencode(f"{called}-{found.name}")[:255].decode("utf-8", "ignore")
            os.rename(found.name, told, src_dir_fd=at, dst_dir_fd=there)
            if not _is(file, there, told):
                # Replaced since that look: back it goes, as a link, which takes the place of nothing.
                os.link(told, found.name, src_dir_fd=there, dst_dir_fd=at, follow_symlinks=False)
                os.unlink(told, dir_fd=there)
        finally:
            os.close(there)
    except OSError as error:
        log.warning("drop_stays", because=error.strerror)
        return False
    return True


def _is(file: int, at: int, name: str) -> bool:
    """Whether a name is that of the open file, and not of one that was renamed over it."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(name, dir_fd=at, follow_symlinks=False))
    except FileNotFoundError:
        return False
