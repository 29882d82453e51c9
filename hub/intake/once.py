"""Signed messages count once: the same signature again is a replay, whoever carries it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.kernel.errors import Conflict
from hub.storage.database import Connection


class Replayed(Conflict):
    """This signed message came before; nothing was done. To ask again, sign it anew with the same webhook-id."""

    code = "replayed"


class IdUsed(Conflict):
    """This webhook-id came before with another content; give a new message an id of its own."""

    code = "webhook_id_used"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a verified signature (Standard Webhooks) covers: the message's id, when it was signed, its SHA-256."""

    webhook_id: str
    signed_at: datetime
    digest: bytes


async def note(connection: Connection, city_id: int, back_office: str, signed: Signed, now: datetime) -> None:
    """Remember it in the transaction that keeps the message.

    A sender who heard no answer signs the same content anew, later: that is let through, and its messages are known by
    their own ids. Raises Replayed and IdUsed.
    """
    done = await connection.execute(
        """insert into push_once as known (city_id, back_office, webhook_id, signed_at, digest, seen_at)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (city_id, back_office, webhook_id) do update
           set signed_at = excluded.signed_at, seen_at = excluded.seen_at
           where known.digest = excluded.digest and known.signed_at < excluded.signed_at""",
        city_id,
        back_office,
        signed.webhook_id,
        signed.signed_at,
        signed.digest,
        now,
    )
    if done.endswith(" 1"):
        return
    digest = await connection.fetchval(
        "select digest from push_once where city_id = $1 and back_office = $2 and webhook_id = $3",
        city_id,
        back_office,
        signed.webhook_id,
    )
    raise Replayed if digest == signed.digest else IdUsed
