"""Files of a bank: kept whole before anybody looks what they are."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from hub.intake.files import checked_name
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, Conflict, HubError, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.statements import decisions, file_ends
from hub.statements.file_ends import NOT_READ, end_unread, enqueue_read, over
from hub.statements.model import FileState, StatementEvent, StatementFile
from hub.storage.database import Connection, Database
from hub.storage.pieces import Pieces
from hub.storage.vault import TownKeys, Vault

LARGEST = 200_000_000
"""Bytes of one file: some 200,000 entries of camt.053."""

_PIECE = 1024 * 1024
_COLUMNS = "file_id, name, received_at, by, payees, state, size, format, problem, line, read_at"


@dataclass(frozen=True, slots=True)
class Received:
    """`known`: a file of this content came before, and this is it."""

    file: StatementFile
    known: bool


class StatementFiles:
    """Takes files in; `hub.statements.importing` reads them."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def receive(
        self, city_id: int, name: str, parts: AsyncIterator[bytes], *, by: str, payees: Collection[str] | None = None
    ) -> Received:
        """Keep a whole file and have it read. `payees`: those whose accounts it may be of; None: all.

        Raises TooLarge, InvalidRequest for its name or for nothing in it, and whatever `parts` does.
        """
        checked_name(name)
        file_id = new_uuid()
        async with self._database.town(city_id) as connection:
            await connection.execute(
                """insert into statement_files (city_id, file_id, name, received_at, by, payees, state)
                   values ($1, $2, $3, $4, $5, $6, 'arriving')""",
                city_id, file_id, name, self._clock.now(), by, None if payees is None else list(payees),
            )  # fmt: skip
        try:
            size, digest = await self._keep(city_id, file_id, parts)
            if size == 0:
                raise InvalidRequest("This file is empty.")
        except (HubError, TimeoutError) as error:
            # Of anything else, as of a process that is killed, `look_after` finds what is left.
            why = error.detail if isinstance(error, HubError) else "Nothing more of it came."
            await self._broke_off(city_id, file_id, name, why)
            raise
        received = None
        while received is None:
            received = await self._received(city_id, file_id, size, digest)
            received = received or await self._known(city_id, file_id, digest)
        return received

    async def _keep(self, city_id: int, file_id: UUID, parts: AsyncIterator[bytes]) -> tuple[int, bytes]:
        pieces = Pieces(parts, length=_PIECE, largest=LARGEST, remedy="ask the bank for a shorter period")
        async for number, body in pieces:
            # Each by itself: no transaction is open while a sender takes its time.
            async with self._database.town(city_id) as connection:
                keys = await self._vault.keys(connection, city_id)
                sealed = keys.encrypt("statement_file_chunks", "body", f"{file_id}/{number}", body)
                await connection.execute(
                    "insert into statement_file_chunks values ($1, $2, $3, $4)", city_id, file_id, number, sealed
                )
        return pieces.size, pieces.digest

    async def _broke_off(self, city_id: int, file_id: UUID, name: str, why: str) -> None:
        async with self._database.town(city_id) as connection:
            await end_unread(connection, city_id, file_id, name, FileState.BROKEN_OFF, why, now=self._clock.now())

    async def _received(self, city_id: int, file_id: UUID, size: int, digest: bytes) -> Received | None:
        """None where a file of this content came before."""
        try:
            async with self._database.town(city_id) as connection:
                await connection.execute(
                    """update statement_files set state = 'received', size = $3, digest = $4, problem = null
                       where city_id = $1 and file_id = $2""",
                    city_id, file_id, size, digest,
                )  # fmt: skip
                file = await find(connection, city_id, file_id)
                await self._whole_now(connection, city_id, file)
                await enqueue_read(connection, city_id, file_id)
                return Received(file, known=False)
        except asyncpg.UniqueViolationError:
            return None

    async def _whole_now(self, connection: Connection, city_id: int, file: StatementFile) -> None:
        """Of what had not arrived whole nothing but its name and who sent it is known."""
        same = await connection.fetch(
            """select file_id from statement_files
               where city_id = $1 and (state = 'broken_off' and name = $2 and by = $3 or file_id = $4)""",
            city_id, file.name, file.by, file.file_id,
        )  # fmt: skip
        await over(connection, city_id, (row["file_id"] for row in same), self._clock.now())

    async def _known(self, city_id: int, file_id: UUID, digest: bytes) -> Received | None:
        """The one that came before, and this copy is dropped; None where it was refused meanwhile."""
        async with self._database.town(city_id) as connection:
            before = await connection.fetchval(
                """select file_id from statement_files
                   where city_id = $1 and digest = $2 and state in ('received', 'read')""",
                city_id, digest,
            )  # fmt: skip
            if before is None:
                return None
            await self._whole_now(connection, city_id, await find(connection, city_id, file_id))
            await connection.execute(
                "delete from statement_files where city_id = $1 and file_id = $2 and state = 'arriving'",
                city_id,
                file_id,
            )
            file = await find(connection, city_id, before)
            if file.state is FileState.RECEIVED:
                # Its job may have been given up.
                await enqueue_read(connection, city_id, before)
            return Received(file, known=True)

    async def read_again(self, city_id: int, file_id: UUID) -> None:
        """After its reason was mended, as an account that was missing. Raises NotFound, Conflict."""
        try:
            async with self._database.town(city_id) as connection:
                file = await find(connection, city_id, file_id)
                if file.state is FileState.BROKEN_OFF:
                    raise Conflict("This file did not arrive whole: send it again.")
                if file.state not in (FileState.REFUSED, FileState.GIVEN_UP):
                    raise Conflict(f"This file is {file.state}: only one that was refused or given up is read again.")
                await connection.execute(
                    """update statement_files set state = 'received', problem = null, line = null
                       where city_id = $1 and file_id = $2""",
                    city_id, file_id,
                )  # fmt: skip
                await enqueue_read(connection, city_id, file_id)
        except asyncpg.UniqueViolationError:
            raise Conflict("The same file was sent once more since, and that one counts.") from None

    async def looked_at(self, city_id: int, file_id: UUID, *, by: str, reason: str) -> None:
        """Somebody has seen to a file that was not read, as by getting another one: its alert is over.

        Raises NotFound, Conflict.
        """
        now = self._clock.now()
        async with self._database.town(city_id) as connection:
            file = await find(connection, city_id, file_id)
            if file.state not in NOT_READ:
                raise Conflict(f"This file is {file.state}: nothing is wrong with it that is to be looked at.")
            await decisions.note(
                connection, city_id, StatementEvent.LOOKED_AT, file.state, file.state,
                file_id=file_id, by=by, reason=reason, now=now,
            )  # fmt: skip
            await over(connection, city_id, [file_id], now)

    async def look_after(self, city_id: int) -> None:
        """What nothing works at any more comes to its end; asked for every minute."""
        async with self._database.town(city_id) as connection:
            await file_ends.look_after(connection, city_id, self._clock.now())


async def find(connection: Connection, city_id: int, file_id: UUID) -> StatementFile:
    """Raises NotFound."""
    row: Any = await connection.fetchrow(
        f"select {_COLUMNS} from statement_files where city_id = $1 and file_id = $2",  # noqa: S608 - names of ours
        city_id,
        file_id,
    )
    if row is None:
        raise NotFound("There is no such file.")
    return _file(row)


async def listed(
    connection: Connection, city_id: int, *, state: str | None, by: str | None, before: UUID | None, limit: int
) -> list[StatementFile]:
    """Files, newest first; `by`: only those this one sent."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from statement_files
            where city_id = $1 and ($2::text is null or state = $2) and ($3::uuid is null or file_id < $3)
              and ($5::text is null or by = $5)
            order by file_id desc limit $4""",  # noqa: S608 - names of ours
        city_id, state, before, limit, by,
    )  # fmt: skip
    return [_file(row) for row in rows]


def _file(row: Any) -> StatementFile:
    return StatementFile(**(dict(row) | {"state": FileState(row["state"])}))


async def content(connection: Connection, keys: TownKeys, file_id: UUID) -> io.BytesIO:
    """The whole file, opened. Raises ConfigurationError where it is not what arrived."""
    file = io.BytesIO()
    async for row in connection.cursor(
        "select number, body from statement_file_chunks where city_id = $1 and file_id = $2 order by number",
        keys.city_id,
        file_id,
        prefetch=4,
    ):
        file.write(keys.decrypt("statement_file_chunks", "body", f"{file_id}/{row['number']}", row["body"]))
    digest = await asyncio.to_thread(lambda: hashlib.sha256(file.getbuffer()).digest())
    arrived = await connection.fetchval(
        "select digest from statement_files where city_id = $1 and file_id = $2", keys.city_id, file_id
    )
    if digest != arrived:
        raise ConfigurationError(
            f"the file {public_id('bsf', file_id)} is kept otherwise than it arrived: a part of it is missing",
            remedy="Send it again, or bring back statement_file_chunks from a backup.",
        )
    file.seek(0)
    return file
