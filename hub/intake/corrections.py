"""What somebody does about a dead letter by hand: correct a copy of it, or give it up for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.intake import dead_letters
from hub.intake.dead_letters import DeadLetter
from hub.intake.file_states import PREFIX
from hub.kernel.errors import Conflict, InvalidRequest, TooLarge
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

LARGEST = 10_000_000
"""Bytes of a corrected copy."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One corrected copy. `who` is `stf_…` or an operator's account."""

    edit_id: UUID
    at: datetime
    who: str
    why: str
    body: bytes
    media_type: str


async def correct(
    connection: Connection, keys: TownKeys, dead_letter_id: UUID, body: bytes, *, who: str, why: str, now: datetime
) -> UUID:
    """Keep a corrected copy; a replay interprets the latest one. The original stays as it was received.

    Raises NotFound, Conflict for a settled letter and for one of an answer that was read (what a back office says is
    corrected there, or read by another mapping), InvalidRequest where nothing was changed.
    """
    await dead_letters.lock(connection, keys.city_id, [dead_letter_id])
    letter, original = await dead_letters.body_of(connection, keys, dead_letter_id)
    _open(letter)
    if letter.origin != "push":
        raise Conflict(
            "This is part of the back office's own answer: correct it there, or its mapping, and have it read again."
        )
    if letter.reason == "broken_file":
        raise Conflict("This is a line of a file: push the whole file again, corrected.")
    if len(body) > LARGEST:
        raise TooLarge(f"A corrected copy may have {LARGEST:,} bytes.")
    latest = await latest_of(connection, keys, dead_letter_id)
    if body == (latest.body if latest else original):
        raise InvalidRequest("This is what stands there already.", field="body.body")
    edit_id = new_uuid()
    await connection.execute(
        "insert into dead_letter_edits values ($1, $2, $3, $4, $5, $6, $7, $8)",
        keys.city_id,
        edit_id,
        dead_letter_id,
        now,
        who,
        why,
        keys.encrypt("dead_letter_edits", "body", str(edit_id), body),
        letter.media_type,
    )
    return edit_id


async def history(connection: Connection, keys: TownKeys, dead_letter_id: UUID) -> list[Correction]:
    """Its corrected copies, latest first."""
    rows = await connection.fetch(
        """select edit_id, at, who, why, body, media_type from dead_letter_edits
           where city_id = $1 and dead_letter_id = $2 order by edit_id desc""",
        keys.city_id,
        dead_letter_id,
    )
    return [
        Correction(**{**dict(row), "body": keys.decrypt("dead_letter_edits", "body", str(row["edit_id"]), row["body"])})
        for row in rows
    ]


async def latest_of(connection: Connection, keys: TownKeys, dead_letter_id: UUID) -> Correction | None:
    copies = await history(connection, keys, dead_letter_id)
    return copies[0] if copies else None


async def discard(
    connection: Connection, city_id: int, dead_letter_ids: Sequence[UUID], *, who: str, why: str, now: datetime
) -> int:
    """Give letters up, for a reason that stays with them; returns how many were open.

    What waits to be interpreted again is not interpreted any more. Raises Conflict for a file that is being read again.
    """
    await dead_letters.lock(connection, city_id, dead_letter_ids)
    if await connection.fetchval(
        """select exists (select from dead_letters d join push_files f
                              on f.city_id = d.city_id and d.external_id = $3 || f.file_id
                          where d.city_id = $1 and d.dead_letter_id = any ($2) and d.settled_at is null
                            and d.reason = 'broken_file' and f.state = 'received')""",
        city_id,
        list(dead_letter_ids),
        PREFIX,
    ):
        raise Conflict("One of them is a file that is being read again: wait until it is done.")
    done = await connection.execute(
        """update dead_letters set settled_at = $5, settled_by = 'discarded', settled_who = $3, settled_for = $4
           where city_id = $1 and dead_letter_id = any ($2) and settled_at is null""",
        city_id,
        list(dead_letter_ids),
        who,
        why,
        now,
    )
    return int(done.rsplit(" ", 1)[1])


def _open(letter: DeadLetter) -> None:
    if letter.settled_at is not None:
        raise Conflict(f"This letter is settled: it was {letter.settled_by}.")
