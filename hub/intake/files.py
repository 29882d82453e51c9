"""Files of back offices: kept whole, then cut into messages, one for each record.

Both are done piece by piece, so that a file of any length costs the memory of one piece. One that says nothing new is
known by its content and not read again (hub.intake.file_arrivals). It is looked through to its end before its first
record counts: of a broken one nothing is applied, it is kept whole, and a dead letter names the line.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from hub.intake import dead_letters, file_arrivals, file_states, keeping, once
from hub.intake.cloudevents import Piece
from hub.intake.file_messages import completion_of, message_of
from hub.intake.file_reading import FileKind, Reader, reader_of
from hub.intake.file_states import PREFIX, PushedFile
from hub.intake.file_text import BrokenFile, FileRecord
from hub.intake.model import Fault
from hub.intake.once import Signed
from hub.kernel.clock import Clock
from hub.kernel.courtesy import Courtesy
from hub.kernel.errors import InvalidRequest
from hub.kernel.ids import new_uuid, public_id
from hub.kit.one_thread import OneThread
from hub.storage.database import Database
from hub.storage.pieces import Pieces
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

LARGEST = 2_000_000_000
"""Bytes of one file."""

_PIECE = 256 * 1024
_BATCH = 500
_BATCH_CHARACTERS = 2_000_000
_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class Received:
    """`known`: a file of this content came before, and this is it."""

    file: PushedFile
    known: bool


def checked_name(name: str) -> str:
    """A file's own name. Raises InvalidRequest for what could be a path, or a command to a terminal."""
    if not _NAME.match(name) or name.startswith(".") or not name.isprintable():
        raise InvalidRequest(
            "A file's name has 1 to 200 letters, and neither slashes nor control characters nor a dot in front.",
            field="query.name",
        )
    return name


class FileIntake:
    """Takes files in and has their records interpreted."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, courtesy: Courtesy) -> None:
        self._database, self._vault, self._clock, self._courtesy = database, vault, clock, courtesy

    async def receive(
        self,
        city_id: int,
        back_office: str,
        kind: FileKind,
        name: str,
        parts: AsyncIterator[bytes],
        *,
        origin: str,
        charset: str | None = None,
        said_at: datetime | None = None,
        signed: Signed | None = None,
        largest: int = LARGEST,
    ) -> Received:
        """Keep a whole file, whatever is in it, and have it read.

        Raises TooLarge, InvalidRequest for its name, Conflict for a signed message that was replayed. What had come of
        a file that did not end is dropped after a day.
        """
        checked_name(name)
        now, file_id = self._clock.now(), new_uuid()
        async with self._database.town(city_id) as connection:
            await connection.execute(
                """insert into push_files (city_id, file_id, back_office, kind, name, origin, charset, received_at,
                       said_at, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'arriving')""",
                city_id,
                file_id,
                back_office,
                kind.kind,
                name,
                origin,
                charset,
                now,
                min(said_at or now, now),
            )
        size, digest = await self._keep_pieces(city_id, file_id, parts, largest)
        try:
            return await self._arrived(city_id, file_id, kind, size, digest, signed)
        except asyncpg.UniqueViolationError:
            # Another one of the same content came at the same moment, and is seen now.
            return await self._arrived(city_id, file_id, kind, size, digest, signed)

    async def _arrived(
        self, city_id: int, file_id: UUID, kind: FileKind, size: int, digest: bytes, signed: Signed | None
    ) -> Received:
        now = self._clock.now()
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            file = await file_states.find(connection, city_id, file_id)
            if signed is not None:
                await once.note(connection, city_id, file.back_office, signed, now)
            counts, known = await file_arrivals.arrived(connection, keys, file, kind, size, digest, now)
            return Received(await file_states.find(connection, city_id, counts), known)

    async def _keep_pieces(
        self, city_id: int, file_id: UUID, parts: AsyncIterator[bytes], largest: int
    ) -> tuple[int, bytes]:
        pieces = Pieces(parts, length=_PIECE, largest=largest, remedy="send several")
        async for number, body in pieces:
            # Each by itself: no transaction is open while a sender takes its time.
            async with self._database.town(city_id) as connection:
                keys = await self._vault.keys(connection, city_id)
                await file_states.add_piece(connection, keys, file_id, number, body)
        return pieces.size, pieces.digest

    async def find(self, city_id: int, file_id: UUID, back_office: str | None = None) -> PushedFile:
        """One file, of one back office where that is said. Raises NotFound."""
        async with self._database.town(city_id) as connection:
            return await file_states.find(connection, city_id, file_id, back_office)

    async def rearm(self, city_id: int) -> None:
        """Have every file read that waits, as after its job was given up."""
        async with self._database.town(city_id) as connection:
            for file in await file_states.listed(connection, city_id, state="received", limit=1000):
                await file_states.enqueue_read(connection, city_id, file.back_office, file.file_id)

    async def read(self, city_id: int, file_id: UUID, kind: FileKind) -> PushedFile:
        """Make messages of its records, from where an earlier run came to; what is read or broken stays so."""
        file = await self.find(city_id, file_id)
        if file.state != "received":
            return file
        try:
            if file.total is None:
                total = 0
                async for records in self._records(city_id, file_id, reader_of(kind, file.charset)):
                    total += len(records)
                await self._note(city_id, file_id, "total = $3", total)
            await self._keep_records(city_id, file, kind)
        except BrokenFile as fault:
            await self._broken(city_id, file, kind, fault)
        return await self.find(city_id, file_id)

    async def _records(self, city_id: int, file_id: UUID, reader: Reader) -> AsyncIterator[list[FileRecord]]:
        number = 0
        # Parsing is pure computation: beside the loop, so that other jobs go on meanwhile.
        with OneThread("file") as thread:
            while True:
                began = time.monotonic()
                async with self._database.town(city_id) as connection:
                    keys = await self._vault.keys(connection, city_id)
                    found = await file_states.pieces(connection, keys, file_id, number)
                if found is None:
                    yield await thread.run(lambda: list(reader.close()))
                    return
                number, body = found
                records = await thread.run(lambda piece: list(reader.feed(piece)), body)
                await self._rest(city_id, began)
                yield records

    async def _keep_records(self, city_id: int, file: PushedFile, kind: FileKind) -> None:
        reader = reader_of(kind, file.charset)
        waiting: list[Piece] = []
        place, done, length = 0, file.records, 0
        async for records in self._records(city_id, file.file_id, reader):
            for record in records:
                place += 1
                if place <= done:
                    continue
                waiting.append(message_of(file, kind, reader.media_type, place, record))
                length += len(record.content)
                if len(waiting) >= _BATCH or length >= _BATCH_CHARACTERS:
                    await self._keep_batch(city_id, file, waiting, place)
                    waiting, length = [], 0
        end = [completion_of(file, kind, place + 1)] if kind.complete else []
        await self._keep_batch(city_id, file, [*waiting, *end], place, last=True)

    async def _keep_batch(
        self, city_id: int, file: PushedFile, messages: list[Piece], records: int, *, last: bool = False
    ) -> None:
        """Messages and how far the file is, in one transaction: a run that is cut off goes on behind them."""
        began, now = time.monotonic(), self._clock.now()
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            if messages:
                pairs = [(new_uuid(), piece) for piece in messages]
                await keeping.insert(connection, keys, file.back_office, pairs, now)
            await connection.execute(
                """update push_files set records = $3, state = case when $4 then 'read' else state end,
                       settled_at = case when $4 then $5::timestamptz end
                   where city_id = $1 and file_id = $2""",
                city_id,
                file.file_id,
                records,
                last,
                now,
            )
            if last:
                await dead_letters.settle(
                    connection, city_id, file.back_office, [f"{PREFIX}{file.file_id}"], "replayed", now
                )
        await self._rest(city_id, began)

    async def _rest(self, city_id: int, began: float) -> None:
        """A file of ten million lines leaves the others their time, too."""
        await asyncio.sleep(self._courtesy.rest(city_id, time.monotonic() - began))

    async def _broken(self, city_id: int, file: PushedFile, kind: FileKind, fault: BrokenFile) -> None:
        now = self._clock.now()
        log.warning("file_broken", city=city_id, back_office=file.back_office, file=str(file.file_id), line=fault.line)
        about = Fault(
            "broken_file",
            f"{fault.reason} (the file is kept as {public_id('fil', file.file_id)})",
            kind.feed,
            None,
            f"line {fault.line}",
        )
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            await dead_letters.write(
                connection,
                keys,
                file.back_office,
                "push",
                f"{PREFIX}{file.file_id}",
                about,
                fault.found.encode("utf-8", "replace"),
                "text/plain",
                now=now,
            )
            await connection.execute(
                """update push_files set state = 'broken', line = $3, fault = $4, settled_at = $5
                   where city_id = $1 and file_id = $2""",
                city_id,
                file.file_id,
                fault.line,
                Fault("broken_file", fault.reason).detail,
                now,
            )

    async def _note(self, city_id: int, file_id: UUID, what: str, value: object) -> None:
        async with self._database.town(city_id) as connection:
            await connection.execute(
                f"update push_files set {what} where city_id = $1 and file_id = $2",  # noqa: S608 - ours
                city_id,
                file_id,
                value,
            )
