"""The jobs that carry deliveries out, and how they are called.

Each back office has `LANES` lanes, and a lane is one job at a time: so many deliveries are sent to it at once, whatever
the number of workers, and a slow back office holds no more of a worker's places than that. A job names no delivery:
10,000 that wait cost as many rows, and no job.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from hub.jobs.queue import enqueue, enqueue_many
from hub.kernel.clock import SystemClock
from hub.storage.database import Connection

CARRY = "delivery.carry"
SWEEP = "delivery.sweep"
LANES = 4
PROBE = 1
"""The lane that tries a back office which fails."""


def lane_for(delivery_id: UUID) -> int:
    """One of the lanes, evenly by chance."""
    return 1 + delivery_id.int % LANES


async def call_sweep(connection: Connection, city_id: int, *, resumed: str | None = None) -> None:
    """Have the town's sweep run now, within the caller's transaction.

    `resumed`: somebody has seen to a delivery of this back office, which is to be tried now.
    """
    payload, dedupe = ({}, SWEEP) if resumed is None else ({"resumed": resumed}, f"{SWEEP}/{resumed}")
    await enqueue(connection, city_id=city_id, kind=SWEEP, payload=payload, dedupe=dedupe)


async def wake(
    connection: Connection, city_id: int, lanes: Iterable[tuple[str, int]], *, after: timedelta | None = None
) -> None:
    """Call these lanes (back office, number) within the caller's transaction, at once or `after` a while."""
    # The queue's time is the database's, whatever the clock of the caller says.
    run_at = None if after is None else SystemClock().now() + max(after, timedelta())
    await enqueue_many(
        connection,
        [
            {
                "city_id": city_id,
                "kind": CARRY,
                "payload": {"back_office": back_office, "lane": lane},
                "key": f"{CARRY}/{back_office}/{lane}",
                "dedupe": f"{back_office}/{lane}",
                "run_at": run_at,
            }
            for back_office, lane in dict.fromkeys(lanes)
        ],
    )
