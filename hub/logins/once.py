"""What may be said once: ids of messages, shared by all processes of the hub."""

from __future__ import annotations

import hashlib
from datetime import datetime

from hub.storage.database import Connection


async def once(connection: Connection, city_id: int, kind: str, id_: str, until: datetime) -> bool:
    """Whether this is the first time that `id_` of this `kind` is heard; it could be said again until `until`.

    Of two transactions with the same id the second waits for the first, and hears False where that commits.
    """
    done = await connection.execute(
        """insert into login_once (city_id, kind, id_hash, good_until) values ($1, $2, $3, $4)
           on conflict do nothing""",
        city_id,
        kind,
        hashlib.sha256(id_.encode()).digest(),
        until,
    )
    return done != "INSERT 0 0"
