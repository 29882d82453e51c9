"""The push door: store first, answer, understand afterwards.

Accepting is one transaction (messages, their keys, the job that will read them), so that what was
acknowledged is neither lost nor taken twice, whatever is killed when. Understanding is another: the
message's state changes in the transaction that changes the records.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from hub.intake import cloudevents, dead_letters, keeping, replays
from hub.intake.cloudevents import Piece, UnreadableBody
from hub.intake.keeping import APPLY, Kept, enqueue_apply
from hub.intake.model import Fault, Interpreter, Message, Receipt
from hub.intake.once import Signed
from hub.intake.replays import Wanted
from hub.kernel.clock import Clock
from hub.kernel.courtesy import Courtesy
from hub.kernel.errors import HubError, MalformedRequest
from hub.kernel.ids import public_id
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

__all__ = ["APPLY", "Intake"]

_BATCH = 100
"""Messages that are applied in one transaction: some 50 ms. With 500 it is 200, and hardly more messages a second."""
_LONG = 200_000
"""Bytes of a body: some milliseconds. A shorter one is cut before a thread would let others have the interpreter."""
# A deadlock, a full disk: they say nothing about a message, and the job is tried again.
_MAY_PASS = (asyncpg.TransactionRollbackError, asyncpg.InsufficientResourcesError)


class Intake:
    """Accepts messages of back offices and has them interpreted."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, courtesy: Courtesy) -> None:
        self._database, self._vault, self._clock, self._courtesy = database, vault, clock, courtesy

    async def accept(
        self,
        city_id: int,
        back_office: str,
        body: bytes,
        media_type: str,
        headers: Mapping[str, str],
        *,
        signed: Signed | None = None,
    ) -> Receipt:
        """Keep everything in the request.

        Raises UnsupportedMedia (nothing was kept, nothing could be meant), MalformedRequest, whose text names the dead
        letter that holds the body, and Conflict for a signed message that was replayed.
        """
        try:
            # A long one beside the loop, so that nobody waits for it to be cut.
            cut = partial(cloudevents.cut, body, media_type, headers)
            pieces = await asyncio.to_thread(cut) if len(body) > _LONG else cut()
        except UnreadableBody as fault:
            raise await self.keep_unreadable(city_id, back_office, body, media_type, str(fault)) from fault
        kept = await self.keep(city_id, back_office, pieces, reason="not_a_cloudevent", signed=signed)
        letters = tuple(
            (letter, piece.fault or keeping.OTHER_CONTENT)
            for letter, piece in zip(kept.letters, pieces, strict=True)
            if letter is not None
        )
        accepted = sum(one is not None for one in kept.messages)
        return Receipt(accepted, len(pieces) - len(letters) - accepted, letters)

    async def keep(
        self, city_id: int, back_office: str, pieces: Sequence[Piece], *, reason: str, signed: Signed | None = None
    ) -> Kept:
        """Keep messages that were cut out of a request; see hub.intake.keeping.keep."""
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            return await keeping.keep(
                connection, keys, back_office, pieces, self._clock.now(), reason=reason, signed=signed
            )

    async def keep_unreadable(
        self, city_id: int, back_office: str, body: bytes, media_type: str, why: str
    ) -> MalformedRequest:
        """Keep a whole body that cannot be cut into messages; the error to raise, which names its letter."""
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            letter = await dead_letters.write(
                connection,
                keys,
                back_office,
                "push",
                cloudevents.digest_id(body),
                Fault("unreadable_body", why),
                body,
                media_type,
                now=self._clock.now(),
            )
        return MalformedRequest(f"{why}. The body is kept as {public_id('dlt', letter)}.")

    async def replay(self, city_id: int, dead_letter_id: UUID | None, *, who: str = "program") -> int:
        """Have what has an open letter (one, or all) interpreted again, at once; returns how many messages that is.

        For people in front of a terminal; others have it done by a job (`hub.intake.replays`). A letter is settled when
        its message comes through.
        """
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            wanted = Wanted(letters=None if dead_letter_id is None else (dead_letter_id,))
            replay = await replays.begin(connection, city_id, wanted, who, self._clock.now())
            if replay is None:
                return 0
            queued = 0
            while (taken := await replays.take(connection, keys, replay.replay_id, self._clock.now())) is not None:
                queued += taken.queued
        return queued

    async def rearm(self, city_id: int) -> list[str]:
        """Have every message that waits interpreted whose job was given up; returns the back offices it concerns."""
        async with self._database.town(city_id) as connection:
            rows = await connection.fetch(
                "select distinct back_office from messages where city_id = $1 and state = 'received' order by 1",
                city_id,
            )
            for row in rows:
                await enqueue_apply(connection, city_id, row["back_office"])
            for replay_id in await replays.unfinished(connection, city_id):
                await replays.enqueue_replay(connection, city_id, replay_id)
        return [row["back_office"] for row in rows]

    async def apply_waiting(self, city_id: int, back_office: str, interpret: Interpreter) -> int:
        """Interpret every message that waits, oldest first; returns how many were settled."""
        settled = 0
        while True:
            began = time.monotonic()
            async with self._database.town(city_id) as connection:
                keys = await self._vault.keys(connection, city_id)
                messages = await _waiting(connection, keys, back_office, self._clock.now())
                if not messages:
                    return settled
                outcomes = await self._interpret(connection, keys, back_office, messages, interpret)
                await self._settle(connection, keys, back_office, messages, outcomes)
                settled += len(messages)
            await asyncio.sleep(self._courtesy.rest(city_id, time.monotonic() - began))

    async def _interpret(
        self,
        connection: Connection,
        keys: TownKeys,
        back_office: str,
        messages: Sequence[Message],
        interpret: Interpreter,
    ) -> dict[UUID, Fault | str]:
        try:
            async with connection.transaction():
                return dict(await interpret(connection, keys, back_office, messages))
        except (HubError, *_MAY_PASS):
            raise
        except Exception as error:
            if len(messages) == 1:
                # A fault of ours must not lose the message or stop those behind it: it becomes a letter.
                log.exception("message_not_applied", back_office=back_office, message=str(messages[0].message_id))
                return {messages[0].message_id: Fault("hub_error", f"{type(error).__name__} while it was applied")}
        outcomes: dict[UUID, Fault | str] = {}
        for message in messages:
            outcomes |= await self._interpret(connection, keys, back_office, [message], interpret)
        return outcomes

    async def _settle(
        self,
        connection: Connection,
        keys: TownKeys,
        back_office: str,
        messages: Sequence[Message],
        outcomes: Mapping[UUID, Fault | str],
    ) -> None:
        now = self._clock.now()
        for message in messages:
            outcome = outcomes[message.message_id]
            if isinstance(outcome, Fault):
                await dead_letters.write(
                    connection,
                    keys,
                    back_office,
                    "push",
                    message.external_id,
                    outcome,
                    message.body if message.original is None else message.original,
                    message.media_type,
                    now=now,
                    message_id=message.message_id,
                )
        words = [outcomes[message.message_id] for message in messages]
        through = [one.external_id for one, word in zip(messages, words, strict=True) if isinstance(word, str)]
        await dead_letters.settle(connection, keys.city_id, back_office, through, "replayed", now)
        await connection.execute(
            """update messages m set state = case when o.word is null then 'dead' else 'applied' end,
                      outcome = o.word, settled_at = $5
               from unnest($2::uuid[], $3::timestamptz[], $4::text[]) as o(message_id, received_at, word)
               where m.city_id = $1 and m.message_id = o.message_id and m.received_at = o.received_at""",
            keys.city_id,
            [message.message_id for message in messages],
            [message.received_at for message in messages],
            [word if isinstance(word, str) else None for word in words],
            now,
        )


async def _waiting(connection: Connection, keys: TownKeys, back_office: str, now: datetime) -> list[Message]:
    """The next ones, each in the latest corrected copy of its letter, which nobody changes meanwhile."""
    while True:
        found = await connection.fetch(
            """select message_id from messages where city_id = $1 and back_office = $2 and state = 'received'
               order by sequence limit $3 for update""",
            keys.city_id,
            back_office,
            _BATCH,
        )
        ids = [row["message_id"] for row in found]
        letters = await connection.fetch(
            """select dead_letter_id, message_id, settled_by from dead_letters
               where city_id = $1 and message_id = any ($2) order by dead_letter_id for update""",
            keys.city_id,
            ids,
        )
        latest = {row["message_id"]: row for row in letters}
        given_up = [message_id for message_id, row in latest.items() if row["settled_by"] == "discarded"]
        if not given_up:
            break
        # They waited to be tried again when somebody gave them up.
        await connection.execute(
            """update messages set state = 'dead', settled_at = $3
               where city_id = $1 and message_id = any ($2) and state = 'received'""",
            keys.city_id,
            given_up,
            now,
        )
    if latest:
        await connection.execute(
            """update messages m set edit_id = (
                   select edit_id from dead_letter_edits e
                   where e.city_id = $1 and e.dead_letter_id = l.dead_letter_id order by edit_id desc limit 1)
               from unnest($2::uuid[], $3::uuid[]) as l(message_id, dead_letter_id)
               where m.city_id = $1 and m.message_id = l.message_id and m.state = 'received'""",
            keys.city_id,
            list(latest),
            [row["dead_letter_id"] for row in latest.values()],
        )
    rows = await connection.fetch(
        """select m.message_id, m.received_at, m.external_id, m.media_type, m.body, m.edit_id, e.body as edited
           from messages m left join dead_letter_edits e on e.city_id = m.city_id and e.edit_id = m.edit_id
           where m.city_id = $1 and m.message_id = any ($2) order by m.sequence""",
        keys.city_id,
        ids,
    )
    return [_opened(keys, row) for row in rows]


def _opened(keys: TownKeys, row: Any) -> Message:
    """With the corrected copy in the place of the original, where somebody made one."""
    body = keys.decrypt("messages", "body", str(row["message_id"]), row["body"])
    corrected = None
    if row["edited"] is not None:
        corrected = keys.decrypt("dead_letter_edits", "body", str(row["edit_id"]), row["edited"])
    return Message(
        row["message_id"],
        row["received_at"],
        row["external_id"],
        row["media_type"],
        body if corrected is None else corrected,
        None if corrected is None else body,
    )
