"""Rows of pushed files: kept whole in encrypted pieces first, read afterwards, and how far that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.jobs.queue import enqueue
from hub.kernel.errors import NotFound
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

READ_FILE = "intake.file"
PREFIX = "file> "
"""Before the ids of messages that are records of files, and of letters about broken ones: no source of a CloudEvent
begins so."""


@dataclass(frozen=True, slots=True)
class PushedFile:
    """A file and how far it is.

    `state`: arriving, received, read (all its records are messages), broken (`line` and `fault` say where and why).
    `records` are kept as messages so far, of `total`, which is known when the whole was looked through. `digest`: none
    before all of it has come, nor after the same content came again and was read anew (hub.intake.file_arrivals).
    """

    file_id: UUID
    back_office: str
    kind: str
    name: str
    origin: str
    charset: str | None
    received_at: datetime
    said_at: datetime
    state: str
    size: int
    digest: bytes | None
    records: int
    total: int | None
    line: int | None
    fault: str | None
    settled_at: datetime | None


_COLUMNS = ", ".join(PushedFile.__slots__)


async def find(connection: Connection, city_id: int, file_id: UUID, back_office: str | None = None) -> PushedFile:
    """One file, of one back office where that is said. Raises NotFound."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from push_files where city_id = $1 and file_id = $2"  # noqa: S608 - names of ours
        " and ($3::text is null or back_office = $3)",
        city_id,
        file_id,
        back_office,
    )
    if row is None:
        raise NotFound("There is no such file.")
    return PushedFile(**dict(row))


async def same(connection: Connection, city_id: int, file: PushedFile, digest: bytes) -> PushedFile | None:
    """The file of that content, and of that kind, that came before `file`; locked."""
    found = await connection.fetchval(
        """select file_id from push_files
           where city_id = $1 and back_office = $2 and kind = $3 and digest = $4 and state <> 'arriving'
           for update""",
        city_id,
        file.back_office,
        file.kind,
        digest,
    )
    return None if found is None else await find(connection, city_id, found)


async def listed(
    connection: Connection,
    city_id: int,
    *,
    back_offices: Sequence[str] | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[PushedFile]:
    """Files, newest first."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from push_files
            where city_id = $1 and ($2::text[] is null or back_office = any ($2)) and ($3::text is null or state = $3)
              and ($4::uuid is null or file_id < $4)
            order by file_id desc limit $5""",  # noqa: S608 - names of ours
        city_id,
        None if back_offices is None else list(back_offices),
        state,
        before,
        limit,
    )
    return [PushedFile(**dict(row)) for row in rows]


async def pieces(connection: Connection, keys: TownKeys, file_id: UUID, after: int) -> tuple[int, bytes] | None:
    """The next piece behind number `after`, with its number; None behind the last."""
    row: Any = await connection.fetchrow(
        """select number, body from push_file_chunks where city_id = $1 and file_id = $2 and number > $3
           order by number limit 1""",
        keys.city_id,
        file_id,
        after,
    )
    if row is None:
        return None
    return row["number"], keys.decrypt("push_file_chunks", "body", f"{file_id}/{row['number']}", row["body"])


async def add_piece(connection: Connection, keys: TownKeys, file_id: UUID, number: int, body: bytes) -> None:
    sealed = keys.encrypt("push_file_chunks", "body", f"{file_id}/{number}", body)
    await connection.execute(
        "insert into push_file_chunks values ($1, $2, $3, $4)", keys.city_id, file_id, number, sealed
    )


async def enqueue_read(connection: Connection, city_id: int, back_office: str, file_id: UUID) -> None:
    """Have a file read; the files of a back office one after the other, in the order they came."""
    await enqueue(
        connection,
        city_id=city_id,
        kind=READ_FILE,
        payload={"back_office": back_office, "file": str(file_id)},
        key=f"{READ_FILE}/{back_office}",
        dedupe=str(file_id),
    )


async def again(connection: Connection, city_id: int, file_id: UUID) -> bool:
    """Have a broken file read again, as after its configuration was corrected; whether there is such a one."""
    back_office = await connection.fetchval(
        """update push_files set state = 'received', total = null, line = null, fault = null, settled_at = null
           where city_id = $1 and file_id = $2 and state = 'broken' returning back_office""",
        city_id,
        file_id,
    )
    if back_office is None:
        return False
    await enqueue_read(connection, city_id, back_office, file_id)
    return True
