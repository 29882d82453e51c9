"""Back offices that fail: left alone after some failures in a row, tried by one delivery, resumed by themselves.

    works ──FAILURES in a row──▶ paused ──after a while, one delivery is tried──▶ works again: every lane is called,
                                   ▲                    │                         and what waited longer is due soon
                                   └──it fails too──────┘ (a longer while, and then another delivery is tried)

Somebody who sees to one of its deliveries ends the pause as well: one is tried at once.

As a row and not in a process, since all workers share it; the breaker of hub.kit guards the calls of one process. What
waits meanwhile is not looked at, so that it costs nothing.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hub.alerts import service as alerts
from hub.delivery.wake import LANES, wake
from hub.kernel.errors import ConfigurationError, RemoteRefused
from hub.storage.database import Connection

FAILURES = 5
NOT_FOUND_YET = "not_found_yet"
"""Why a delivery waits that was asked about too early to believe that it is not there."""
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=5)
_SOON = timedelta(seconds=10)
"""Within this everything that waits is due when a paused back office works again: not all in the same moment."""
PAUSED = "deliveries_paused"
HELD = "deliveries_held"

NOT_HELD = f"""
    select about from alerts a
    where a.city_id = $1 and a.kind = $2 and a.settled_at is null and not exists (
        select from deliveries d
        where d.city_id = $1 and d.back_office = a.about and d.state in ('waiting', 'sending')
          and d.reason in ('{ConfigurationError.code}', '{RemoteRefused.code}'))"""  # noqa: S608 - names are ours
"""What alarms of held up deliveries are about where none is any more; others may go through meanwhile."""

# What waits longer because the back office was away. Of a doubt that was asked about, the time it needs goes on. Rows
# that somebody has at this moment are left to him.
_DUE_SOON = """
    update deliveries set next_at = $3::timestamptz + random() * least(next_at - $3::timestamptz, $4::interval)
    where (city_id, delivery_id) in (
        select city_id, delivery_id from deliveries
        where city_id = $1 and back_office = $2 and state = 'waiting' and not behind and next_at > $3
          and reason is distinct from $5
        for update skip locked)"""

# Of a back office that nothing waits for nobody finds out whether it works again: what failed last is no news any more.
_FORGET = """
    delete from delivery_offices o
    where o.city_id = $1 and (o.paused_until is null or o.paused_until <= $2) and not exists (
        select from deliveries d
        where d.city_id = $1 and d.back_office = o.back_office and d.state in ('waiting', 'sending'))
    returning o.back_office"""


async def paused_until(connection: Connection, city_id: int, back_office: str) -> datetime | None:
    """Before this nothing is tried; None where it works."""
    found: datetime | None = await connection.fetchval(
        "select paused_until from delivery_offices where city_id = $1 and back_office = $2", city_id, back_office
    )
    return found


async def failed(
    connection: Connection,
    city_id: int,
    back_office: str,
    *,
    said: str,
    now: datetime,
    at_once: bool = False,
    wait: timedelta | None = None,
) -> None:
    """Count a failure. `at_once`: pause it though it is the first; `wait`: at least that long."""
    row = await connection.fetchrow(
        """insert into delivery_offices as o (city_id, back_office, failures, failing_since, last_failure)
           values ($1, $2, 1, $3, left($4, 500))
           on conflict (city_id, back_office) do update
           set failures = o.failures + 1, last_failure = excluded.last_failure
           returning failures, failing_since, paused_until""",
        city_id,
        back_office,
        now,
        said,
    )
    assert row is not None
    under_way = row["paused_until"] is not None and row["paused_until"] > now
    if under_way or not (at_once or row["failures"] >= FAILURES):
        return
    until = now + max(_pause(row["failures"]), wait or timedelta())
    await connection.execute(
        "update delivery_offices set paused_until = $3 where city_id = $1 and back_office = $2",
        city_id,
        back_office,
        until,
    )
    detail = {"back_office": back_office, "says": said[:300], "since": row["failing_since"].isoformat()}
    await alerts.raise_alert(connection, city_id, kind=PAUSED, about=back_office, detail=detail, now=now)


async def answered(connection: Connection, city_id: int, back_office: str, now: datetime) -> None:
    """It works: where it did not, what is told of it is over, and every lane is called.

    Where it was paused, what waits for it longer and longer is due soon. Where it never was, what failed now and then
    keeps its own pace, though others go through.
    """
    was_paused = await connection.fetchval(
        """delete from delivery_offices where city_id = $1 and back_office = $2
           returning paused_until is not null""",
        city_id,
        back_office,
    )
    if was_paused is None:
        return
    await _settle(connection, city_id, back_office, now)
    if was_paused:
        await connection.execute(_DUE_SOON, city_id, back_office, now, _SOON, NOT_FOUND_YET)
    await wake(connection, city_id, [(back_office, lane) for lane in range(1, LANES + 1)])


async def try_now(connection: Connection, city_id: int, back_office: str, now: datetime) -> None:
    """Somebody has seen to it: its pause is over, and one delivery is tried."""
    await connection.execute(
        """update delivery_offices set paused_until = $3
           where city_id = $1 and back_office = $2 and paused_until > $3""",
        city_id,
        back_office,
        now,
    )


async def forget(connection: Connection, city_id: int, now: datetime) -> None:
    """What is told of back offices that nothing waits for is over, once they are not left alone any more."""
    for row in await connection.fetch(_FORGET, city_id, now):
        await _settle(connection, city_id, row["back_office"], now)


async def _settle(connection: Connection, city_id: int, back_office: str, now: datetime) -> None:
    await alerts.settle(connection, city_id, kind=PAUSED, about=back_office, now=now)
    if back_office in {row["about"] for row in await connection.fetch(NOT_HELD, city_id, HELD)}:
        await alerts.settle(connection, city_id, kind=HELD, about=back_office, now=now)


def _pause(failures: int) -> timedelta:
    whole = min(_LONGEST_PAUSE, _FIRST_PAUSE * float(2 ** min(max(failures - FAILURES, 0), 10)))
    return whole * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
