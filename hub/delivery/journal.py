"""The journal of deliveries: appended in the transaction of what it tells, never changed, without personal data."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub.delivery.model import Entry, Event, State
from hub.storage.database import Connection

WORKER = "worker"


async def write(
    connection: Connection,
    city_id: int,
    delivery_id: UUID,
    event: Event,
    state: State,
    *,
    at: datetime,
    step: str | None = None,
    by: str = WORKER,
    reason: str | None = None,
) -> None:
    """Append one line. `state` is that after it. Neither `by` nor `reason` may name a citizen."""
    await connection.execute(
        """insert into deliveries_journal (city_id, delivery_id, at, event, state, step, by, reason)
           values ($1, $2, $3, $4, $5, $6, $7, left($8, 500))""",
        city_id,
        delivery_id,
        at,
        event,
        state,
        step,
        by,
        reason,
    )


async def read(connection: Connection, city_id: int, delivery_id: UUID) -> list[Entry]:
    """All lines of one delivery, the oldest first."""
    rows = await connection.fetch(
        """select at, event, state, step, by, reason from deliveries_journal
           where city_id = $1 and delivery_id = $2 order by entry_id""",
        city_id,
        delivery_id,
    )
    return [Entry(**{**row, "event": Event(row["event"]), "state": State(row["state"])}) for row in rows]
