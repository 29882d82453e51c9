"""The jobs of gateways, and how they are called.

A job names no attempt: it takes what is due of the town, so that ten thousand that wait are as many rows and one job.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.jobs.queue import enqueue
from hub.kernel.clock import SystemClock
from hub.payments.model import SEND_REFUNDS
from hub.storage.database import Connection

ASK = "gateways.ask"
JUDGE = "gateways.judge"
REFUND = SEND_REFUNDS
COMPARE = "gateways.compare"

EVERY = timedelta(minutes=1)
"""How often the first three look for what is due, whatever was lost on the way."""
EVERY_WITHOUT = timedelta(hours=1)
"""The same in a town that has no gateway: of one that left city.yaml something may be left, which somebody is told."""


async def call(connection: Connection, city_id: int, kind: str, *, after: timedelta = timedelta()) -> None:
    """Have a job of that kind run, at once or `after` a while, within the caller's transaction."""
    # The queue's time is the database's, whatever the clock of the caller says.
    run_at = SystemClock().now() + after if after > timedelta() else None
    await enqueue(connection, city_id=city_id, kind=kind, payload={}, dedupe=kind, key=kind, run_at=run_at)


async def call_for(connection: Connection, city_id: int, due: datetime | None, now: datetime) -> None:
    """Have the gateway asked when something is due, where that is sooner than the next look."""
    if due is not None and due - now < EVERY:
        await call(connection, city_id, ASK, after=due - now)
