"""Folders in which back offices drop files: looked at again and again, taken when a file has stopped growing.

A file is taken when two looks found it with the same size and time; while it is read it must stay so. What was taken
is moved into `taken/` beside it, or where that cannot be, remembered. What was put in its place meanwhile is another
file, left for the next look (hub.intake.folder_files).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from uuid import UUID

import structlog

from hub.intake.file_reading import FileKind
from hub.intake.files import LARGEST, FileIntake
from hub.intake.folder_files import Found, Growing, contents, look_into, open_file, put_away
from hub.kernel.clock import Clock
from hub.kernel.errors import InvalidRequest, TooLarge
from hub.kernel.ids import public_id
from hub.storage.database import Connection, Database

log = structlog.get_logger(__name__)

LOOK = "intake.folder"
EVERY = timedelta(seconds=15)

_QUIET = timedelta(seconds=5)
"""A file must have lain unchanged for as long: two looks may follow each other at once."""
_FOLDER = "."
"""In the place of a file's name: the folder itself, which cannot be looked into. No file that is taken is called so."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in a folder and is not taken. `seen_at`: since when it has lain there so."""

    back_office: str
    name: str
    size: int
    seen_at: datetime
    problem: str


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


async def forget_folders(connection: Connection, city_id: int, configured: Collection[str]) -> None:
    """What could not be taken from folders of other back offices than these troubles nobody: nobody looks there."""
    await connection.execute(
        "delete from push_drops where city_id = $1 and file_id is null and back_office <> all ($2::text[])",
        city_id,
        list(configured),
    )


class DropFolders:
    """Takes what lies in them."""

    def __init__(self, database: Database, files: FileIntake, clock: Clock) -> None:
        self._database, self._files, self._clock = database, files, clock

    async def look(self, city_id: int, back_office: str, folder: str, kinds: Mapping[str, FileKind]) -> list[UUID]:
        """One look: what was there before and has not changed since is taken; returns the ids of the files.

        A folder that cannot be looked into is told as a file is that cannot be taken, until a look finds it: a mount
        may be away for hours, and is back by itself.
        """
        try:
            at, lying = await asyncio.to_thread(look_into, folder)
        except OSError as error:
            await self._not_there(city_id, back_office, folder, error)
            return []
        taken: list[UUID] = []
        try:
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

    async def _not_there(self, city_id: int, back_office: str, folder: str, error: OSError) -> None:
        now = self._clock.now()
        async with self._database.town(city_id) as connection:
            await connection.execute(
                """insert into push_drops (city_id, back_office, name, size, modified_at, seen_at, problem)
                   values ($1, $2, $3, 0, $4, $4, $5)
                   on conflict (city_id, back_office, name) do update set problem = excluded.problem""",
                city_id,
                back_office,
                _FOLDER,
                now,
                f"the drop folder {folder} cannot be looked into: {error.strerror}; the hub's user must be able to read"
                " and write there",
            )

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
        problem, file_id, gone = None, None, False
        try:
            if found.size > LARGEST:
                # Before any of it is kept: it lies there at every look.
                raise TooLarge(f"A file may have {LARGEST:,} bytes: cut it into several.")
            file = await asyncio.to_thread(open_file, at, found.name)
            try:
                received = await self._files.receive(
                    city_id,
                    back_office,
                    kind,
                    found.name,
                    contents(file, found),
                    origin="folder",
                    said_at=found.modified_at,
                )
                file_id = received.file.file_id
                # After it is kept: what is killed in between is found again, and known by its content.
                gone = await asyncio.to_thread(put_away, at, file, found, public_id("fil", file_id))
            finally:
                os.close(file)
        except Growing:
            return None
        except (TooLarge, InvalidRequest, OSError) as error:
            problem = error.detail if isinstance(error, (TooLarge, InvalidRequest)) else f"{error.strerror}"
        log.info("drop_taken", city=city_id, back_office=back_office, file=str(file_id), because=problem)
        async with self._database.town(city_id) as connection:
            # Not what another look has noted under the name since: that is another file.
            as_found = city_id, back_office, found.name, found.size, found.modified_at
            if gone:
                # What comes under this name is looked at anew, also the same again, moved back to be read once more.
                await connection.execute(
                    """delete from push_drops where city_id = $1 and back_office = $2 and name = $3
                       and size = $4 and modified_at = $5""",
                    *as_found,
                )
            else:
                await connection.execute(
                    """update push_drops set file_id = $6, problem = $7,
                              seen_at = case when $6::uuid is null then seen_at else $8 end
                       where city_id = $1 and back_office = $2 and name = $3 and size = $4 and modified_at = $5""",
                    *as_found,
                    file_id,
                    problem,
                    self._clock.now(),
                )
        return file_id
