"""Keeps files and gives them back. They lie in the database, encrypted with the town's key.

    await scanner.clean(content)                            outside any transaction
    async with database.citizen(city_id, subject_id) as connection:
        blob = await put(connection, keys, name=…, content=…, media_type=…, owner_subject_id=…, now=…)
        await attach(connection, keys.city_id, [blob.blob_id], matter_id)

Functions run within the caller's transaction and walls: a citizen's shows her own files and nobody else's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.blobs import contents
from hub.blobs.model import Blob, Remark, Rules
from hub.blobs.names import clean
from hub.kernel.errors import Conflict, InvalidRequest, NotFound, TooLarge, UnsupportedMedia
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_COLUMNS = "blob_id, name, media_type, size, sha256, viewable, remark"
# What senders say where they do not know: it contradicts nothing.
_ANYTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
# The same type under another name (IANA's, and what devices write).
_SAME = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf",
         "image/heif": "image/heic", "text/csv": "text/plain"}  # fmt: skip


def check(content: bytes, media_type: str | None, rules: Rules) -> contents.Content:
    """What it is, where the town takes it.

    Raises TooLarge, UnsupportedMedia for what is not taken and InvalidRequest where it is something else than was said.
    """
    if len(content) > rules.largest:
        raise TooLarge(f"A file may have {rules.largest:,} bytes.")
    try:
        found = contents.examine(content)
    except contents.Unfit as unfit:
        raise UnsupportedMedia(f"{unfit} ({unfit.code})") from unfit
    if found.media_type not in rules.types:
        raise UnsupportedMedia(f"This town does not take files of the type {found.media_type}.")
    claimed = (media_type or "").partition(";")[0].strip().lower()
    claimed = _SAME.get(claimed, claimed)
    if claimed not in _ANYTHING and claimed != found.media_type:
        raise InvalidRequest(
            f"The file was called {claimed[:100]}, and is {found.media_type}.", field="header.content-type"
        )
    return found


async def put(
    connection: Connection,
    keys: TownKeys,
    *,
    name: str,
    content: bytes,
    media_type: str | None,
    owner_subject_id: UUID,
    now: datetime,
    rules: Rules | None = None,
    blob_id: UUID | None = None,
    found: contents.Content | None = None,
) -> Blob:
    """Keep a file. `media_type` is what the sender called it, None where nothing was said; `found`, what `check` said
    of it before.

    One that is attached to nothing within a day goes again. Raises as `check`, and Conflict where there is no room.
    """
    rules = rules or Rules()
    found = found or check(content, media_type, rules)
    blob_id = blob_id or new_uuid()
    # Two files that come at once must not both find the last room.
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, $2))", f"blobs/{owner_subject_id}", keys.city_id
    )
    kept = await connection.fetchval(
        "select coalesce(sum(size), 0) from blobs where city_id = $1 and subject_id = $2",
        keys.city_id,
        owner_subject_id,
    )
    if kept + len(content) > rules.quota:
        raise Conflict(f"All your files together may have {rules.quota:,} bytes; there are {kept:,} already.")
    blob = Blob(
        blob_id,
        clean(name, otherwise="file"),
        found.media_type,
        len(content),
        hashlib.sha256(content).digest(),
        found.remark is None,
        found.remark,
    )
    await connection.execute(
        """insert into blobs (city_id, blob_id, subject_id, name, media_type, claimed_type, viewable, remark, size,
                              sha256, content, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        keys.city_id,
        blob_id,
        owner_subject_id,
        blob.name,
        blob.media_type,
        media_type[:200] if media_type else None,
        blob.viewable,
        blob.remark,
        blob.size,
        blob.sha256,
        keys.encrypt("blobs", "content", str(blob_id), content),
        now,
    )
    return blob


async def open(connection: Connection, keys: TownKeys, blob_id: UUID) -> bytes:  # noqa: A001 - a file is opened
    """Its content. Raises NotFound."""
    sealed = await connection.fetchval(
        "select content from blobs where city_id = $1 and blob_id = $2", keys.city_id, blob_id
    )
    if sealed is None:
        raise NotFound("There is no such file.")
    return keys.decrypt("blobs", "content", str(blob_id), sealed)


async def look(connection: Connection, city_id: int, blob_id: UUID) -> Blob:
    """What it is, without its content. Raises NotFound."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from blobs where city_id = $1 and blob_id = $2",  # noqa: S608 - columns of ours
        city_id,
        blob_id,
    )
    if row is None:
        raise NotFound("There is no such file.")
    return _blob(row)


async def attach(
    connection: Connection, city_id: int, subject_id: UUID, blob_ids: Sequence[UUID], matter_id: UUID
) -> list[Blob]:
    """Use files of this person for a matter, in this order; each is used once.

    Raises NotFound for one that is not there or not hers, and Conflict for one that was used before.
    """
    found: list[Blob] = []
    for position, blob_id in enumerate(blob_ids):
        done = await connection.fetchrow(
            f"""update blobs set matter_id = $4, position = $5
                where city_id = $1 and blob_id = $2 and subject_id = $3 and matter_id is null
                returning {_COLUMNS}""",  # noqa: S608 - columns of ours
            city_id,
            blob_id,
            subject_id,
            matter_id,
            position,
        )
        if done is None:
            await look(connection, city_id, blob_id)
            raise Conflict("This file was used already: upload it again.")
        found.append(_blob(done))
    return found


async def of_matters(connection: Connection, city_id: int, matter_ids: Sequence[UUID]) -> dict[UUID, list[Blob]]:
    """Files by matter, in their order."""
    rows = await connection.fetch(
        f"""select matter_id, {_COLUMNS} from blobs
            where city_id = $1 and matter_id = any ($2) order by matter_id, position""",  # noqa: S608 - columns of ours
        city_id,
        list(matter_ids),
    )
    found: dict[UUID, list[Blob]] = {one: [] for one in matter_ids}
    for row in rows:
        found[row["matter_id"]].append(_blob(row))
    return found


def _blob(row: asyncpg.Record) -> Blob:
    return Blob(
        row["blob_id"],
        row["name"],
        row["media_type"],
        row["size"],
        row["sha256"],
        row["viewable"],
        Remark(row["remark"]) if row["remark"] else None,
    )
