"""How files of a bank come to their end: read, or not, and then somebody is told why.

What stops coming has broken off. What the hub could not read, whatever is in it, has been given up, and is read when
somebody asks for it or sends it again. Neither waits for a process or a job that was lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from hub.alerts import service as alerts
from hub.jobs.queue import discard_failed, enqueue
from hub.kernel.ids import public_id
from hub.statements.model import READ, FileState
from hub.storage.database import Connection

REFUSED = "statement_refused"
"""Alert: a file of a bank could not be taken."""

_ARRIVES_WITHIN = timedelta(minutes=15)
"""Longer than a door waits for a body: what has not come to its end by then never will."""

NOT_READ = {
    FileState.BROKEN_OFF: "did not arrive whole",
    FileState.REFUSED: "was refused",
    FileState.GIVEN_UP: "could not be read",
}
"""How a file may end that is not read, in words."""

# A file that nothing works at: an upload that has ended, or one whose job has failed or is gone.
_STUCK = """
    select f.file_id, f.name, f.state,
           array(select row(j.id, j.last_error) from jobs j where j.city_id = $1 and j.kind = $2 and j.state = 'failed'
                 and j.payload ->> 'file' = f.file_id::text order by j.failed_at desc) as failed
    from statement_files f
    where f.city_id = $1 and (
        f.state = 'arriving' and f.received_at < $3
        or f.state = 'received' and not exists (
            select from jobs j where j.city_id = $1 and j.kind = $2 and j.state in ('queued', 'running')
            and j.payload ->> 'file' = f.file_id::text))
    order by f.file_id limit 100 for update of f skip locked"""


async def enqueue_read(connection: Connection, city_id: int, file_id: UUID) -> None:
    """Have a file read; those of a town one after the other, in the order they came."""
    await enqueue(
        connection,
        city_id=city_id,
        kind=READ,
        payload={"file": str(file_id)},
        key=READ,
        dedupe=str(file_id),
    )


async def end_unread(
    connection: Connection,
    city_id: int,
    file_id: UUID,
    name: str,
    state: FileState,
    problem: str,
    *,
    line: int | None = None,
    now: datetime,
) -> None:
    """A file that is not read comes to its end, and somebody is told why."""
    await connection.execute(
        """update statement_files set state = $3, problem = $4, line = $5, read_at = $6
           where city_id = $1 and file_id = $2""",
        city_id, file_id, state, problem, line, None if state is FileState.BROKEN_OFF else now,
    )  # fmt: skip
    place = f", line {line}" if line else ""
    detail = {"says": f"the bank statement {name} {NOT_READ[state]}{place}: {problem}", "file": name}
    about = public_id("bsf", file_id)
    await alerts.raise_alert(connection, city_id, kind=REFUSED, about=about, detail=detail, now=now)


async def over(connection: Connection, city_id: int, file_ids: Iterable[UUID], now: datetime) -> None:
    """Nobody needs to be told of these any more."""
    for file_id in file_ids:
        await alerts.settle(connection, city_id, kind=REFUSED, about=public_id("bsf", file_id), now=now)


async def was_read(connection: Connection, city_id: int, file_id: UUID, known_as: str, now: datetime) -> None:
    """A file has been read, and with it whatever had the same content and was not."""
    await connection.execute(
        """update statement_files set state = 'read', format = $3, read_at = $4
           where city_id = $1 and file_id = $2""",
        city_id, file_id, known_as, now,
    )  # fmt: skip
    same = await connection.fetch(
        """select file_id from statement_files where city_id = $1 and digest = (
               select digest from statement_files where city_id = $1 and file_id = $2)""",
        city_id,
        file_id,
    )
    await over(connection, city_id, (row["file_id"] for row in same), now)


async def look_after(connection: Connection, city_id: int, now: datetime) -> None:
    """Files at which nothing works any more come to their end, or are read: one whose upload was cut off, one whose job
    was given up, and one whose job somebody has discarded.
    """
    for row in await connection.fetch(_STUCK, city_id, READ, now - _ARRIVES_WITHIN):
        file_id, name, failed = row["file_id"], row["name"], row["failed"]
        if row["state"] == FileState.ARRIVING:
            why = "Whoever sent it left, or the hub was stopped, before its end had come: send it again."
            await end_unread(connection, city_id, file_id, name, FileState.BROKEN_OFF, why, now=now)
        elif failed:
            await end_unread(connection, city_id, file_id, name, FileState.GIVEN_UP, str(failed[0][1]), now=now)
        else:
            await enqueue_read(connection, city_id, file_id)
        for job_id, _ in failed:
            # What it failed at is with the file now, which is read again by a job of its own.
            await discard_failed(connection, city_id, job_id)
