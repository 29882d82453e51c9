"""Keeps messages: one transaction for the messages, their keys, and the job that will read them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.intake import dead_letters, once
from hub.intake.cloudevents import Piece
from hub.intake.model import Fault
from hub.intake.once import Signed
from hub.jobs.queue import enqueue
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

APPLY = "intake.apply"
_AT_ONCE = 200
"""Messages that are sealed before others have their turn."""

_KEEP = """
    with incoming as (
        select * from unnest($3::text[], $4::uuid[], $5::text[], $6::bytea[])
            with ordinality as m(external_id, message_id, media_type, body, place)),
    fresh as (
        insert into message_keys (city_id, back_office, external_id, message_id, received_at)
        select $1, $2, external_id, message_id, $7 from incoming order by place
        on conflict do nothing returning message_id),
    kept as (
        insert into messages (city_id, message_id, received_at, back_office, external_id, media_type, body)
        select $1, message_id, $7, $2, external_id, media_type, body from incoming join fresh using (message_id)
        order by place returning message_id)
    select coalesce(array_agg(message_id), '{}') from kept"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of pieces, in their order: the id of the new message, None for one known before, or its letter."""

    messages: tuple[UUID | None, ...]
    letters: tuple[UUID | None, ...]


async def keep(
    connection: Connection,
    keys: TownKeys,
    back_office: str,
    pieces: Sequence[Piece],
    now: datetime,
    *,
    reason: str,
    signed: Signed | None = None,
) -> Kept:
    """Keep every piece within the caller's transaction; a faulty one as a dead letter, for `reason`.

    Raises Conflict for a signed message that was replayed: nothing is kept then.
    """
    if signed is not None:
        await once.note(connection, keys.city_id, back_office, signed, now)
    ids = [new_uuid() for _ in pieces]
    good = [(one, piece) for one, piece in zip(ids, pieces, strict=True) if piece.fault is None]
    fresh = await insert(connection, keys, back_office, good, now) if good else set()
    letters: list[UUID | None] = []
    written: dict[str, UUID] = {}
    for piece in pieces:
        if piece.fault is None:
            letters.append(None)
            continue
        # The same garbage again in one request is one letter, counted once: to count each time would cost
        # ever more, since a transaction keeps every version of a row it changes.
        if piece.external_id not in written:
            written[piece.external_id] = await dead_letters.write(
                connection,
                keys,
                back_office,
                "push",
                piece.external_id,
                Fault(reason, piece.fault),
                piece.body,
                piece.media_type,
                now=now,
            )
        letters.append(written[piece.external_id])
    return Kept(tuple(one if one in fresh else None for one in ids), tuple(letters))


async def insert(
    connection: Connection, keys: TownKeys, back_office: str, pieces: Sequence[tuple[UUID, Piece]], now: datetime
) -> set[UUID]:
    """Store pieces under these ids, and have them interpreted; returns the ids of those that were not known."""
    fresh = await connection.fetchval(
        _KEEP,
        keys.city_id,
        back_office,
        [piece.external_id for _, piece in pieces],
        [one for one, _ in pieces],
        [piece.media_type for _, piece in pieces],
        await _sealed(keys, pieces),
        now,
    )
    if fresh:
        await enqueue_apply(connection, keys.city_id, back_office)
    return set(fresh)


async def _sealed(keys: TownKeys, pieces: Sequence[tuple[UUID, Piece]]) -> list[bytes]:
    """Pure computation, a fifth of a second of it for a batch of the largest size: others have a turn in between."""
    sealed = []
    for number, (one, piece) in enumerate(pieces, 1):
        sealed.append(keys.encrypt("messages", "body", str(one), piece.body))
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return sealed


async def enqueue_apply(connection: Connection, city_id: int, back_office: str) -> None:
    """Have the waiting messages of a back office interpreted; one at a time, so that order is kept."""
    await enqueue(
        connection,
        city_id=city_id,
        kind=APPLY,
        payload={"back_office": back_office},
        key=f"{APPLY}/{back_office}",
        dedupe=back_office,
    )
