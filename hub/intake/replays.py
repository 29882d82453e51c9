"""Dead letters are tried again: one, a selection, or all of a back office, a few at a time and oldest first.

    replay = await begin(connection, city_id, Wanted(…), who, now)        in the caller's transaction, with its job
    while await take(connection, keys, replay.replay_id, now): …          by the job, one transaction each
    await progress(connection, city_id, replay.replay_id)                 by whoever waits for it

A message keeps its place in the order of its back office, and of two records the newer one wins as ever, so that what
is replayed late never undoes what came after it. To replay twice does nothing twice: what waits already is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.intake import cloudevents, corrections, dead_letters, file_states, keeping, soap_call
from hub.intake.cloudevents import Piece, UnreadableBody
from hub.intake.dead_letters import Filters
from hub.intake.file_states import PREFIX
from hub.jobs.queue import enqueue
from hub.kernel.errors import MalformedRequest, NotFound, TooLarge, UnsupportedMedia
from hub.kernel.ids import new_uuid
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

REPLAY = "intake.replay"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open letters: these, or all that the filters leave."""

    letters: Sequence[UUID] | None = None
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True, slots=True)
class Replay:
    """How far a replay has come.

    `total` letters were open when it was asked for. `waiting`: their turn has not come, or they are about to be
    interpreted; `through`: settled since; `again`: they failed again; `cannot`: nothing of them can be interpreted.
    """

    replay_id: UUID
    asked_at: datetime
    asked_by: str
    total: int
    waiting: int
    through: int
    again: int
    cannot: int

    @property
    def done(self) -> bool:
        return self.waiting == 0


@dataclass(frozen=True, slots=True)
class Taken:
    """One batch: how many messages will be interpreted, and which feeds (back office, feed) must be read again."""

    queued: int
    feeds: frozenset[tuple[str, str]]


async def begin(connection: Connection, city_id: int, wanted: Wanted, who: str, now: datetime) -> Replay | None:
    """Note which letters are to be tried again; None where none of the wanted ones is open."""
    replay_id, filters = new_uuid(), wanted.filters
    await connection.execute("insert into replays values ($1, $2, $3, $4, 0)", city_id, replay_id, now, who)
    done = await connection.execute(
        """insert into replay_items (city_id, replay_id, dead_letter_id)
           select $1, $2, dead_letter_id from dead_letters
           where city_id = $1 and settled_at is null and ($3::uuid[] is null or dead_letter_id = any ($3))
             and ($4::text[] is null or back_office = any ($4)) and ($5::text is null or feed = $5)
             and ($6::text is null or reason = $6)""",
        city_id,
        replay_id,
        None if wanted.letters is None else list(wanted.letters),
        None if filters.back_offices is None else list(filters.back_offices),
        filters.feed,
        filters.reason,
    )
    total = int(done.rsplit(" ", 1)[1])
    return Replay(replay_id, now, who, total, total, 0, 0, 0) if total else None


async def enqueue_replay(connection: Connection, city_id: int, replay_id: UUID) -> None:
    """Have a job do it, in the transaction that began it."""
    await enqueue(connection, city_id=city_id, kind=REPLAY, payload={"replay": str(replay_id)}, dedupe=str(replay_id))


async def unfinished(connection: Connection, city_id: int) -> list[UUID]:
    """Replays with letters whose turn has not come."""
    rows = await connection.fetch(
        "select distinct replay_id from replay_items where city_id = $1 and taken_at is null", city_id
    )
    return [row["replay_id"] for row in rows]


async def take(connection: Connection, keys: TownKeys, replay_id: UUID, now: datetime) -> Taken | None:
    """The next letters' turn; None where all have had theirs."""
    items = await connection.fetch(
        """select dead_letter_id from replay_items i join dead_letters d using (city_id, dead_letter_id)
           where i.city_id = $1 and i.replay_id = $2 and i.taken_at is null
           order by d.first_at, d.dead_letter_id limit $3 for update of i""",
        keys.city_id,
        replay_id,
        _BATCH,
    )
    if not items:
        return None
    # Seen only when they are ours: another replay, or somebody who gives one up, may have been faster.
    letters = [row["dead_letter_id"] for row in items]
    await connection.execute(
        """select from messages where city_id = $1 and message_id in (
               select message_id from dead_letters where city_id = $1 and dead_letter_id = any ($2))
           order by sequence for update""",
        keys.city_id,
        letters,
    )
    await dead_letters.lock(connection, keys.city_id, letters)
    rows = await connection.fetch(
        """select d.dead_letter_id, d.back_office, d.feed, d.origin, d.reason, d.message_id, d.media_type,
                  d.external_id, d.first_at, d.settled_at, m.state
           from dead_letters d left join messages m on m.city_id = d.city_id and m.message_id = d.message_id
           where d.city_id = $1 and d.dead_letter_id = any ($2) order by d.first_at, d.dead_letter_id""",
        keys.city_id,
        letters,
    )
    outcomes: list[tuple[UUID, str, str | None]] = []
    queued, offices, feeds = 0, set[str](), set[tuple[str, str]]()
    for row in rows:
        outcome, note = await _again(connection, keys, row, now)
        outcomes.append((row["dead_letter_id"], outcome, note))
        if outcome == "queued":
            queued += 1
            offices.add(row["back_office"])
        if outcome == "read_again":
            feeds.add((row["back_office"], row["feed"]))
    await connection.execute(
        """update replay_items i set taken_at = $3, outcome = o.outcome, note = o.note
           from unnest($4::uuid[], $5::text[], $6::text[]) as o(dead_letter_id, outcome, note)
           where i.city_id = $1 and i.replay_id = $2 and i.dead_letter_id = o.dead_letter_id""",
        keys.city_id,
        replay_id,
        now,
        *(list(column) for column in zip(*outcomes, strict=True)),
    )
    for back_office in sorted(offices):
        await keeping.enqueue_apply(connection, keys.city_id, back_office)
    return Taken(queued, frozenset(feeds))


async def _again(connection: Connection, keys: TownKeys, row: Any, now: datetime) -> tuple[str, str | None]:
    """What becomes of one letter, and why it cannot become anything."""
    if row["settled_at"] is not None:
        # Given up, or come through, since it was asked for.
        return "kept_anew", "it is settled"
    if row["origin"] == "pull":
        return ("read_again", None) if row["feed"] else ("cannot", "it is not known which feed it came with")
    if row["reason"] == "broken_file":
        if await file_states.again(connection, keys.city_id, UUID(row["external_id"].removeprefix(PREFIX))):
            return "kept_anew", None
        return "cannot", "its file is not there any more, or is being read already"
    if row["message_id"] is not None:
        done = await connection.execute(
            """update messages set state = 'received', settled_at = null
               where city_id = $1 and message_id = $2 and state = 'dead'""",
            keys.city_id,
            row["message_id"],
        )
        if done.endswith(" 1"):
            return "queued", None
        if row["state"] is None:
            return await _anew(connection, keys, row)
        # Another replay was faster.
        return "kept_anew", "it waits already"
    return await _cut_again(connection, keys, row, now)


async def _anew(connection: Connection, keys: TownKeys, row: Any) -> tuple[str, str | None]:
    """The message of an open letter outlived its time, and the letter has its bytes: it is that message again.

    Of the time it came, so that nothing in it becomes newer than it was. Retention takes it within the hour; should
    nobody have interpreted it by then, the letter is open still.
    """
    _, body = await dead_letters.body_of(connection, keys, row["dead_letter_id"])
    await connection.execute(
        """delete from message_keys where city_id = $1 and back_office = $2 and external_id = $3
           and message_id = $4""",
        keys.city_id,
        row["back_office"],
        row["external_id"],
        row["message_id"],
    )
    message_id, piece = new_uuid(), Piece(row["external_id"], body, row["media_type"])
    if not await keeping.insert(connection, keys, row["back_office"], [(message_id, piece)], row["first_at"]):
        return "kept_anew", "it came again, and that waits already"
    await connection.execute(
        "update dead_letters set message_id = $3 where city_id = $1 and dead_letter_id = $2",
        keys.city_id,
        row["dead_letter_id"],
        message_id,
    )
    return "queued", None


async def _cut_again(connection: Connection, keys: TownKeys, row: Any, now: datetime) -> tuple[str, str | None]:
    """A body that could not be cut into messages, in its corrected copy; what came with a used id also as it is."""
    copy = await corrections.latest_of(connection, keys, row["dead_letter_id"])
    if copy is None and row["reason"] != keeping.ID_USED:
        return "cannot", "no message could be made of it: correct it first, or have it sent again"
    body = copy.body if copy else (await dead_letters.body_of(connection, keys, row["dead_letter_id"]))[1]
    try:
        pieces = _cut(body, row["media_type"])
    except (UnreadableBody, UnsupportedMedia, MalformedRequest, TooLarge) as error:
        return "cannot", f"the corrected copy cannot be read either: {error}"
    if faults := [piece.fault for piece in pieces if piece.fault is not None]:
        return "cannot", f"the corrected copy cannot be used either: {faults[0]}"
    again = [(new_uuid(), piece) for piece in pieces] if row["reason"] == keeping.ID_USED else []
    if await keeping.others_of(connection, keys, row["back_office"], again):
        return "cannot", f"{keeping.OTHER_CONTENT}: correct it first"
    await keeping.keep(connection, keys, row["back_office"], pieces, now, reason="not_a_cloudevent")
    await connection.execute(
        """update dead_letters set settled_at = $3, settled_by = 'replayed'
           where city_id = $1 and dead_letter_id = $2 and settled_at is null""",
        keys.city_id,
        row["dead_letter_id"],
        now,
    )
    return "kept_anew", None


def _cut(body: bytes, media_type: str) -> list[Piece]:
    """The messages in the body of a letter. Raises UnreadableBody, UnsupportedMedia and TooLarge."""
    if media_type == soap_call.MEDIA_TYPE:
        return [soap_call.kept_item(body).piece]
    return cloudevents.cut(body, media_type, {})


_PROGRESS = """
    select r.replay_id, r.asked_at, r.asked_by, count(*) as total,
           count(*) filter (where d.settled_at is null and i.outcome is distinct from 'cannot'
                            and (i.taken_at is null or m.state = 'received'
                                 or i.outcome = 'read_again' and d.last_at <= i.taken_at)) as waiting,
           count(*) filter (where d.settled_at is not null) as through,
           count(*) filter (where d.settled_at is null and i.taken_at is not null
                            and i.outcome <> 'cannot' and m.state is distinct from 'received'
                            and not (i.outcome = 'read_again' and d.last_at <= i.taken_at)) as again,
           count(*) filter (where d.settled_at is null and i.outcome = 'cannot') as cannot
    from replays r join replay_items i using (city_id, replay_id) join dead_letters d using (city_id, dead_letter_id)
    left join messages m on m.city_id = d.city_id and m.message_id = d.message_id
    where r.city_id = $1 and r.replay_id = $2 group by 1, 2, 3"""


async def progress(connection: Connection, city_id: int, replay_id: UUID) -> Replay:
    """Raises NotFound."""
    row = await connection.fetchrow(_PROGRESS, city_id, replay_id)
    if row is None:
        raise NotFound("There is no such replay.")
    return Replay(**dict(row))


async def notes(connection: Connection, city_id: int, replay_id: UUID) -> list[tuple[UUID, str]]:
    """Letters of which nothing can be interpreted, and why; at most 100."""
    rows = await connection.fetch(
        """select dead_letter_id, note from replay_items
           where city_id = $1 and replay_id = $2 and outcome = 'cannot' order by dead_letter_id limit 100""",
        city_id,
        replay_id,
    )
    return [(row["dead_letter_id"], row["note"]) for row in rows]
