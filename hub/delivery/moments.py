"""The time by which deliveries are decided about."""

from __future__ import annotations

from datetime import datetime

from hub.kernel.clock import Clock, SystemClock
from hub.storage.database import Connection


def believed(at: datetime, clock: Clock) -> datetime:
    """As `moment`, where the database has told its time already."""
    return at if isinstance(clock, SystemClock) else clock.now()


async def moment(connection: Connection, clock: Clock) -> datetime:
    """The database's, where `clock` is that of a machine: what one worker writes another one reads, and their clocks
    need not agree. Any other clock is believed.
    """
    if isinstance(clock, SystemClock):
        at: datetime = await connection.fetchval("select clock_timestamp()")
        return at
    return clock.now()
