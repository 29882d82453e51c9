"""Keeps messages: one transaction for the messages, their keys, and the job that will read them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.intake import dead_letters, once
from hub.intake.cloudevents import Piece, digest_id
from hub.intake.model import Fault
from hub.intake.once import Signed
from hub.intake.same_content import ROOM, same
from hub.jobs.queue import enqueue
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

APPLY = "intake.apply"
_AT_ONCE = 200
"""Messages that are sealed, or compared, before others have their turn."""

ID_USED = "id_used"
OTHER_CONTENT = "its id came before with other content; what is new has an id of its own"

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

# A message is kept as long as its key, so there is always one to compare with (hub.storage.retention). The limits have
# each looked up by its primary key, whatever is known of tables that have grown since they were last analysed.
_KNOWN = """
    select asked.place, known.message_id, known.body
    from unnest($3::text[], $4::bigint[]) with ordinality as asked(external_id, most, place)
    cross join lateral (
        select message_id, received_at from message_keys
        where city_id = $1 and back_office = $2 and external_id = asked.external_id limit 1) as key
    cross join lateral (
        select message_id, case when octet_length(body) <= asked.most then body end as body from messages
        where city_id = $1 and message_id = key.message_id and received_at = key.received_at limit 1) as known"""


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
    """Keep every piece within the caller's transaction; a faulty one as a dead letter, for `reason`, and one whose id
    came before with other content for ID_USED.

    The latter's letter is known by its bytes: sent again it is the same letter, and once that is settled (taken under
    another id, or given up) a duplicate. Raises Conflict for a signed message that was replayed: nothing is kept then.
    """
    if signed is not None:
        await once.note(connection, keys.city_id, back_office, signed, now)
    ids = [new_uuid() for _ in pieces]
    good = [(one, piece) for one, piece in zip(ids, pieces, strict=True) if piece.fault is None]
    fresh = await insert(connection, keys, back_office, good, now) if good else set()
    known = [(one, piece) for one, piece in good if one not in fresh]
    others = await _unsettled(connection, keys, back_office, await others_of(connection, keys, back_office, known))
    letters: list[UUID | None] = []
    written: dict[str, UUID] = {}
    for one, piece in zip(ids, pieces, strict=True):
        if piece.fault is not None:
            external_id, fault = piece.external_id, Fault(reason, piece.fault)
        elif one in others:
            external_id, fault = others[one], Fault(ID_USED, OTHER_CONTENT)
        else:
            letters.append(None)
            continue
        # The same garbage again in one request is one letter, counted once: to count each time would cost
        # ever more, since a transaction keeps every version of a row it changes.
        if external_id not in written:
            written[external_id] = await dead_letters.write(
                connection, keys, back_office, "push", external_id, fault, piece.body, piece.media_type, now=now
            )
        letters.append(written[external_id])
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


async def others_of(
    connection: Connection, keys: TownKeys, back_office: str, pieces: Sequence[tuple[UUID, Piece]]
) -> dict[UUID, str]:
    """Which of these have the id of a message that is kept and another content; for each the digest of its bytes."""
    factor, more = ROOM
    others: dict[UUID, str] = {}
    for start in range(0, len(pieces), _AT_ONCE):
        some = pieces[start : start + _AT_ONCE]
        rows = await connection.fetch(
            _KNOWN,
            keys.city_id,
            back_office,
            [piece.external_id for _, piece in some],
            [factor * len(piece.body) + more for _, piece in some],
        )
        pairs = [(*some[row["place"] - 1], row["message_id"], row["body"]) for row in rows]
        others |= await asyncio.to_thread(_other, keys, pairs)
    return others


def _other(keys: TownKeys, pairs: Sequence[tuple[UUID, Piece, UUID, bytes | None]]) -> dict[UUID, str]:
    """Pure computation, beside the loop: bodies of megabytes are parsed."""
    found = {}
    for one, piece, message_id, sealed in pairs:
        if sealed is not None:
            body = keys.decrypt("messages", "body", str(message_id), sealed)
            if same(body, piece.body, piece.media_type):
                continue
        found[one] = digest_id(piece.body)
    return found


async def _unsettled(
    connection: Connection, keys: TownKeys, back_office: str, others: dict[UUID, str]
) -> dict[UUID, str]:
    """Without those whose letter is settled."""
    if not others:
        return others
    rows = await connection.fetch(
        """select external_id from dead_letters
           where city_id = $1 and back_office = $2 and external_id = any ($3) and reason = 'id_used'
             and settled_at is not null""",
        keys.city_id,
        back_office,
        list(set(others.values())),
    )
    settled = {row["external_id"] for row in rows}
    return {one: digest for one, digest in others.items() if digest not in settled}


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
