"""The same request twice is one: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).

    first = await begin(connection, keys, key, record_id=new_uuid(), digest_of=…, now=…)
    if first is not None: answer with that record
    …                                                       make it, in the same transaction

A key belongs to who sends it and to one operation, for seven days (see the table `retention`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kernel.errors import Conflict
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Asked:
    """What makes two requests the same: the key, who asks for what, and the content (as JSON values)."""

    key: str
    operation: str
    actor_id: UUID
    subject_id: UUID
    content: Mapping[str, Any]


async def begin(connection: Connection, keys: TownKeys, asked: Asked, *, record_id: UUID, now: datetime) -> UUID | None:
    """None: it is new, and `record_id` is what will be made of it. Else what was made of it before.

    One that is under way in another transaction is waited for. Raises Conflict for the same key with other content.
    """
    text = json.dumps([str(asked.subject_id), asked.content], sort_keys=True, ensure_ascii=False, default=str)
    # Also by keys of before, since a request may be repeated after the town's were rotated.
    digests = keys.known_indexes(f"idempotency.{asked.operation}", text)
    of_key = (keys.city_id, asked.actor_id, asked.operation, asked.key)
    made = await connection.fetchval(
        """insert into idempotency_keys (city_id, actor_id, operation, key, subject_id, digest, record_id, at)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning record_id""",
        *of_key,
        asked.subject_id,
        digests[0],
        record_id,
        now,
    )
    if made is not None:
        return None
    row = await connection.fetchrow(
        """select digest, record_id from idempotency_keys
           where city_id = $1 and actor_id = $2 and operation = $3 and key = $4""",
        *of_key,
    )
    # Behind the walls of whom she acts for now, her key of somebody else's matter is not seen: it is another request.
    if row is None or row["digest"] not in digests:
        raise Conflict("This Idempotency-Key was used before with other content: use a new key for a new request.")
    return UUID(str(row["record_id"]))
