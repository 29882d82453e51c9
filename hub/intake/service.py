"""The push door: store first, answer, understand afterwards.

Accepting is one transaction (messages, their keys, the job that will read them), so that what was
acknowledged is neither lost nor taken twice, whatever is killed when. Understanding is another: the
message's state changes in the transaction that changes the records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import structlog

from hub.intake import cloudevents, dead_letters
from hub.intake.cloudevents import Piece, UnreadableBody
from hub.intake.model import Fault, Interpreter, Message, Receipt
from hub.jobs.queue import enqueue
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError, MalformedRequest
from hub.kernel.ids import new_uuid, public_id
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

APPLY = "intake.apply"
_BATCH = 500
# A deadlock, a full disk: they say nothing about a message, and the job is tried again.
_MAY_PASS = (asyncpg.TransactionRollbackError, asyncpg.InsufficientResourcesError)

_KEEP = """
    with incoming as (
        select * from unnest($3::text[], $4::uuid[], $5::text[], $6::bytea[])
            with ordinality as m(external_id, message_id, media_type, body, place)),
    fresh as (
        insert into message_keys (city_id, back_office, external_id, message_id, received_at)
        select $1, $2, external_id, message_id, $7 from incoming order by place
        on conflict do nothing returning message_id)
    insert into messages (city_id, message_id, received_at, back_office, external_id, media_type, body)
    select $1, message_id, $7, $2, external_id, media_type, body from incoming join fresh using (message_id)
    order by place"""


class Intake:
    """Accepts messages of back offices and has them interpreted."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def accept(
        self, city_id: int, back_office: str, body: bytes, media_type: str, headers: Mapping[str, str]
    ) -> Receipt:
        """Keep everything in the request.

        Raises UnsupportedMedia (nothing was kept, nothing could be meant) and MalformedRequest, whose
        text names the dead letter that holds the body.
        """
        now = self._clock.now()
        try:
            pieces = cloudevents.cut(body, media_type, headers)
        except UnreadableBody as fault:
            async with self._database.town(city_id) as connection:
                keys = await self._vault.keys(connection, city_id)
                letter = await dead_letters.write(
                    connection,
                    keys,
                    back_office,
                    "push",
                    cloudevents.digest_id(body),
                    Fault("unreadable_body", str(fault)),
                    body,
                    media_type,
                    now=now,
                )
            raise MalformedRequest(f"{fault}. The body is kept as {public_id('dlt', letter)}.") from fault
        good = [piece for piece in pieces if piece.fault is None]
        letters: list[tuple[UUID, str]] = []
        written: dict[str, UUID] = {}
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            kept = await self._keep(connection, keys, back_office, good) if good else 0
            for piece in pieces:
                if piece.fault is None:
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
                        Fault("not_a_cloudevent", piece.fault),
                        piece.body,
                        piece.media_type,
                        now=now,
                    )
                letters.append((written[piece.external_id], piece.fault))
        return Receipt(kept, len(good) - kept, tuple(letters))

    async def _keep(self, connection: Connection, keys: TownKeys, back_office: str, pieces: Sequence[Piece]) -> int:
        ids = [new_uuid() for _ in pieces]
        done = await connection.execute(
            _KEEP,
            keys.city_id,
            back_office,
            [piece.external_id for piece in pieces],
            ids,
            [piece.media_type for piece in pieces],
            [keys.encrypt("messages", "body", str(one), piece.body) for one, piece in zip(ids, pieces, strict=True)],
            self._clock.now(),
        )
        kept = int(done.rsplit(" ", 1)[1])
        if kept:
            await enqueue_apply(connection, keys.city_id, back_office)
        return kept

    async def replay(self, city_id: int, dead_letter_id: UUID | None) -> int:
        """Have pushed messages with an open letter (one, or all) interpreted again; returns how many.

        A letter is settled when its message comes through. A body that could not even be cut into messages has none and
        stays a letter: its sender sends it again.
        """
        async with self._database.town(city_id) as connection:
            rows = await connection.fetch(
                """update messages m set state = 'received', settled_at = null from dead_letters d
                   where d.city_id = $1 and d.settled_at is null and d.origin = 'push'
                     and ($2::uuid is null or d.dead_letter_id = $2)
                     and m.city_id = d.city_id and m.message_id = d.message_id and m.state = 'dead'
                   returning m.back_office""",
                city_id,
                dead_letter_id,
            )
            for back_office in sorted({row["back_office"] for row in rows}):
                await enqueue_apply(connection, city_id, back_office)
        return len(rows)

    async def rearm(self, city_id: int) -> list[str]:
        """Have every message that waits interpreted whose job was given up; returns the back offices it concerns."""
        async with self._database.town(city_id) as connection:
            rows = await connection.fetch(
                "select distinct back_office from messages where city_id = $1 and state = 'received' order by 1",
                city_id,
            )
            for row in rows:
                await enqueue_apply(connection, city_id, row["back_office"])
        return [row["back_office"] for row in rows]

    async def apply_waiting(self, city_id: int, back_office: str, interpret: Interpreter) -> int:
        """Interpret every message that waits, oldest first; returns how many were settled."""
        settled = 0
        while True:
            async with self._database.town(city_id) as connection:
                keys = await self._vault.keys(connection, city_id)
                messages = await _waiting(connection, keys, back_office)
                if not messages:
                    return settled
                outcomes = await self._interpret(connection, keys, back_office, messages, interpret)
                await self._settle(connection, keys, back_office, messages, outcomes)
                settled += len(messages)

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
                    message.body,
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


async def _waiting(connection: Connection, keys: TownKeys, back_office: str) -> list[Message]:
    rows = await connection.fetch(
        """select message_id, received_at, external_id, media_type, body from messages
           where city_id = $1 and back_office = $2 and state = 'received'
           order by sequence limit $3 for update""",
        keys.city_id,
        back_office,
        _BATCH,
    )
    return [
        Message(
            row["message_id"],
            row["received_at"],
            row["external_id"],
            row["media_type"],
            keys.decrypt("messages", "body", str(row["message_id"]), row["body"]),
        )
        for row in rows
    ]
