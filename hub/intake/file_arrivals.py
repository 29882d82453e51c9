"""A file whose last byte has come: it is read, unless one of the same content says as much already."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hub.intake import file_states, keeping
from hub.intake.file_messages import completion_of
from hub.intake.file_reading import FileKind
from hub.intake.file_states import PushedFile
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


async def arrived(
    connection: Connection, keys: TownKeys, file: PushedFile, kind: FileKind, size: int, digest: bytes, now: datetime
) -> tuple[UUID, bool]:
    """Have it read, in the caller's transaction; returns the file's id and whether it is one that came before.

    A broken one that comes again is read again, since its configuration may be another one by now. Raises
    asyncpg.UniqueViolationError where one of the same content came at the same moment.
    """
    before = await file_states.same(connection, keys.city_id, file, digest)
    if before is not None:
        if before.state == "broken":
            await connection.execute(
                "update push_files set charset = $3, said_at = $4 where city_id = $1 and file_id = $2",
                keys.city_id,
                before.file_id,
                file.charset,
                file.said_at,
            )
            await file_states.again(connection, keys.city_id, before.file_id)
            return before.file_id, True
        if await _says_as_much(connection, keys, before, file, kind, now):
            return before.file_id, True
        # Only one file is known by a content: that is the later one from now on.
        await connection.execute(
            "update push_files set digest = null where city_id = $1 and file_id = $2", keys.city_id, before.file_id
        )
    await connection.execute(
        "update push_files set state = 'received', size = $3, digest = $4 where city_id = $1 and file_id = $2",
        keys.city_id,
        file.file_id,
        size,
        digest,
    )
    await file_states.enqueue_read(connection, keys.city_id, file.back_office, file.file_id)
    return file.file_id, False


async def _says_as_much(
    connection: Connection, keys: TownKeys, before: PushedFile, file: PushedFile, kind: FileKind, now: datetime
) -> bool:
    """Whether to read `file` would change nothing: its bytes mean the same, and no other file has come in between.

    Of a kind that says everything one thing is new: that it is so still, which is noted.
    """
    if before.charset != file.charset:
        return False
    if file.said_at <= before.said_at:
        return True
    if await connection.fetchval(
        """select exists (select from push_files
               where city_id = $1 and back_office = $2 and kind = $3 and file_id <> $4 and said_at >= $5
                 and state in ('received', 'read'))""",
        keys.city_id,
        before.back_office,
        before.kind,
        before.file_id,
        before.said_at,
    ):
        return False
    if kind.complete:
        if before.state != "read":
            return False
        still = completion_of(replace(before, said_at=file.said_at), kind, before.records + 1)
        await keeping.insert(connection, keys, before.back_office, [(new_uuid(), still)], now)
    return True
