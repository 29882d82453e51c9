"""Folders in which back offices drop files: looked at again and again, taken when a file has stopped growing.

A file is taken when two looks found it with the same size and time; while it is read it must stay so. What was taken
is moved into `taken/` beside it, or where that cannot be, remembered. Nothing that is no plain file of the folder
itself is ever opened: no link, no pipe, no name with a path in it.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from uuid import UUID

import structlog

from hub.intake.file_reading import FileKind
from hub.intake.files import LARGEST, FileIntake, checked_name
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, InvalidRequest, TooLarge
from hub.kernel.ids import public_id
from hub.storage.database import Connection, Database

log = structlog.get_logger(__name__)

LOOK = "intake.folder"
EVERY = timedelta(seconds=15)

TAKEN = "taken"
_QUIET = timedelta(seconds=5)
"""A file must have lain unchanged for as long: two looks may follow each other at once."""
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in a folder and is not taken. `seen_at`: since when it has lain there so."""

    back_office: str
    name: str
    size: int
    seen_at: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the folder. `problem`: why it cannot be taken, whatever is in it."""

    name: str
    size: int
    modified_at: datetime
    problem: str | None = None


class Growing(Exception):
    """It changed while it was read."""


def kind_of(kinds: Mapping[str, FileKind], name: str) -> FileKind | None:
    """The first kind whose pattern a name fits."""
    return next((kind for kind in kinds.values() if fnmatchcase(name, kind.names)), None)


async def dropped(
    connection: Connection,
    city_id: int,
    back_offices: Sequence[str] | None = None,
    *,
    after: tuple[datetime, str, str] | None = None,
    limit: int = 1000,
) -> list[Dropped]:
    """What lies in the town's folders and cannot be taken, the oldest first; with `back_offices`, in theirs. `after`:
    since when, whose and name of the last one of the page before.
    """
    rows = await connection.fetch(
        """select back_office, name, size, seen_at, problem from push_drops
           where city_id = $1 and file_id is null and problem is not null
             and ($2::text[] is null or back_office = any ($2))
             and ($3::timestamptz is null or (seen_at, back_office, name) > ($3, $4, $5))
           order by seen_at, back_office, name limit $6""",
        city_id,
        None if back_offices is None else list(back_offices),
        *(after or (None, None, None)),
        limit,
    )
    return [Dropped(**dict(row)) for row in rows]


class DropFolders:
    """Takes what lies in them."""

    def __init__(self, database: Database, files: FileIntake, clock: Clock) -> None:
        self._database, self._files, self._clock = database, files, clock

    async def look(self, city_id: int, back_office: str, folder: str, kinds: Mapping[str, FileKind]) -> list[UUID]:
        """One look: what was there before and has not changed since is taken; returns the ids of the files.

        Raises ConfigurationError where the folder cannot be looked into.
        """
        at = await asyncio.to_thread(_open_folder, folder)
        taken: list[UUID] = []
        try:
            lying = await asyncio.to_thread(_list, at)
            await self._forget(city_id, back_office, [one.name for one in lying])
            for found in lying:
                kind = None if found.problem else kind_of(kinds, found.name)
                problem = found.problem or (None if kind else "no kind of push.files has a pattern that fits its name")
                if not await self._settled(city_id, back_office, found, problem) or kind is None:
                    continue
                file_id = await self._take(city_id, back_office, at, found, kind)
                if file_id is not None:
                    taken.append(file_id)
        finally:
            os.close(at)
        return taken

    async def _forget(self, city_id: int, back_office: str, lying: list[str]) -> None:
        """What could not be taken and lies there no more troubles nobody."""
        async with self._database.town(city_id) as connection:
            await connection.execute(
                """delete from push_drops
                   where city_id = $1 and back_office = $2 and file_id is null and name <> all ($3::text[])""",
                city_id,
                back_office,
                lying,
            )

    async def _settled(self, city_id: int, back_office: str, found: Found, problem: str | None) -> bool:
        """Whether it lay there just so at an earlier look and was not taken yet; and notes this look."""
        now = self._clock.now()
        async with self._database.town(city_id) as connection:
            before = await connection.fetchrow(
                """select size, modified_at, seen_at, file_id from push_drops
                   where city_id = $1 and back_office = $2 and name = $3 for update""",
                city_id,
                back_office,
                found.name,
            )
            if before and (before["size"], before["modified_at"]) == (found.size, found.modified_at):
                if before["file_id"] is None and now - before["seen_at"] >= _QUIET:
                    return True
            else:
                await connection.execute(
                    """insert into push_drops (city_id, back_office, name, size, modified_at, seen_at, problem)
                       values ($1, $2, $3, $4, $5, $6, $7)
                       on conflict (city_id, back_office, name) do update
                       set size = excluded.size, modified_at = excluded.modified_at, seen_at = excluded.seen_at,
                           problem = excluded.problem, file_id = null""",
                    city_id,
                    back_office,
                    found.name,
                    found.size,
                    found.modified_at,
                    now,
                    problem,
                )
        return False

    async def _take(self, city_id: int, back_office: str, at: int, found: Found, kind: FileKind) -> UUID | None:
        problem, file_id = None, None
        try:
            if found.size > LARGEST:
                # Before any of it is kept: it lies there at every look.
                raise TooLarge(f"A file may have {LARGEST:,} bytes: cut it into several.")
            received = await self._files.receive(
                city_id,
                back_office,
                kind,
                found.name,
                _contents(at, found),
                origin="folder",
                said_at=found.modified_at,
            )
            file_id = received.file.file_id
        except Growing:
            return None
        except (TooLarge, InvalidRequest, OSError) as error:
            problem = error.detail if isinstance(error, (TooLarge, InvalidRequest)) else f"{error.strerror}"
        log.info("drop_taken", city=city_id, back_office=back_office, file=str(file_id), because=problem)
        async with self._database.town(city_id) as connection:
            await connection.execute(
                """update push_drops set file_id = $4, problem = $5,
                          seen_at = case when $4::uuid is null then seen_at else $6 end
                   where city_id = $1 and back_office = $2 and name = $3""",
                city_id,
                back_office,
                found.name,
                file_id,
                problem,
                self._clock.now(),
            )
        if file_id is not None:
            # After it is kept: what is killed in between is found again, and known by its content.
            await asyncio.to_thread(_put_away, at, found.name, public_id("fil", file_id))
        return file_id


def _open_folder(folder: str) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(
            f"the drop folder {folder} cannot be looked into: {error.strerror}",
            key="push.folder",
            remedy="Make the folder, readable and writable for the hub's user.",
        ) from None


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


async def _contents(at: int, found: Found) -> AsyncIterator[bytes]:
    """Its bytes. Raises Growing where it is not, or does not stay, what was found; OSError."""
    # Not through a link that was put in its place, and not waiting for the other end of a pipe.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = await asyncio.to_thread(os.open, found.name, flags, dir_fd=at)
    try:
        if not _unchanged(file, found):
            raise Growing
        while part := await asyncio.to_thread(os.read, file, _PIECE):
            yield part
        if not _unchanged(file, found):
            raise Growing
    finally:
        os.close(file)


def _unchanged(file: int, found: Found) -> bool:
    state = os.fstat(file)
    return stat.S_ISREG(state.st_mode) and (state.st_size, _time(state)) == (found.size, found.modified_at)


def _time(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1_000_000, UTC)


def _put_away(at: int, name: str, called: str) -> None:
    """Into `taken/`, under its id: two files of one name do not meet there. Where that cannot be, it stays."""
    try:
        with suppress(FileExistsError):
            os.mkdir(TAKEN, 0o750, dir_fd=at)
        there = os.open(TAKEN, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        try:
            # NAME_MAX counts bytes, of which a letter may have several.
            told = os.fsencode(f"{called}-{name}")[:255].decode("utf-8", "ignore")
            os.rename(name, told, src_dir_fd=at, dst_dir_fd=there)
        finally:
            os.close(there)
    except OSError as error:
        log.warning("drop_stays", because=error.strerror)
