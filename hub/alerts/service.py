"""Raises, lists, acknowledges and settles alerts. Every function runs within the caller's transaction and walls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.alerts.model import TELL, Alert
from hub.jobs.queue import enqueue
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.storage.database import Connection

COLUMNS = """alert_id, kind, about, detail, opened_at, last_at, times, acknowledged_at, acknowledged_by, settled_at"""

_RAISE = f"""
    insert into alerts as old (city_id, alert_id, kind, about, detail, opened_at, last_at, times)
    values ($1, $2, $3, $4, $5::jsonb, $6, $6, coalesce($7, 1))
    on conflict (city_id, kind, about) where settled_at is null do update
    set detail = excluded.detail, last_at = greatest(old.last_at, excluded.last_at),
        times = coalesce($7, old.times + 1)
    returning {COLUMNS}"""  # noqa: S608 - names are ours

_LIST = f"""
    select {COLUMNS} from alerts
    where city_id = $1 and (settled_at is null or $2)
      and ($3::text[] is null or back_office = any ($3))
      and ($4::timestamptz is null or (opened_at, alert_id) < ($4, $5))
    order by opened_at desc, alert_id desc limit $6"""  # noqa: S608 - names are ours


async def raise_alert(
    connection: Connection,
    city_id: int,
    *,
    kind: str,
    about: str,
    detail: Mapping[str, Any],
    now: datetime,
    times: int | None = None,
) -> Alert:
    """Tell it. An open alert of that kind about the same is counted, and has from now on this `detail`.

    `times`: how often it happened, where whoever tells it looks now and then and knows; absent, once more than before.
    """
    text = json.dumps(detail, ensure_ascii=False, default=str)
    alert_id = new_uuid()
    row = await connection.fetchrow(_RAISE, city_id, alert_id, kind, about, text, now, times)
    assert row is not None
    if row["alert_id"] == alert_id:
        await _call(connection, city_id)
    return alert_of(row)


async def settle(connection: Connection, city_id: int, *, kind: str, about: str, now: datetime) -> bool:
    """It is over. Whether there was an open alert about it."""
    done = await connection.fetchval(
        """update alerts set settled_at = $4 where city_id = $1 and kind = $2 and about = $3 and settled_at is null
           returning true""",
        city_id,
        kind,
        about,
        now,
    )
    if done is not None:
        await _call(connection, city_id)
    return done is not None


async def _call(connection: Connection, city_id: int) -> None:
    """Have it sent. Without `dedupe`, for which two transactions would wait for each other: the key keeps the order."""
    await enqueue(connection, city_id=city_id, kind=TELL, payload={}, key=TELL)


async def open_alerts(connection: Connection, city_id: int) -> list[Alert]:
    """Every open one, the newest first."""
    return await list_alerts(connection, city_id, limit=10_000)


async def list_alerts(
    connection: Connection,
    city_id: int,
    *,
    settled: bool = False,
    back_offices: Sequence[str] | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Alert]:
    """The newest first; those that are over too where `settled`. `back_offices`: only what concerns one of these.
    `before`: opening and id of the last one of the page before.
    """
    opened_at, alert_id = before or (None, None)
    offices = None if back_offices is None else list(back_offices)
    rows = await connection.fetch(_LIST, city_id, settled, offices, opened_at, alert_id, limit)
    return [alert_of(row) for row in rows]


async def acknowledge(
    connection: Connection,
    city_id: int,
    alert_id: UUID,
    *,
    by: str,
    now: datetime,
    back_offices: Sequence[str] | None = None,
) -> Alert:
    """Note who sees to it; whoever said so first stays. `back_offices`: it must concern one of these.

    Raises NotFound where there is no such alert.
    """
    row = await connection.fetchrow(
        f"""update alerts set acknowledged_at = coalesce(acknowledged_at, $3),
                   acknowledged_by = coalesce(acknowledged_by, $4)
            where city_id = $1 and alert_id = $2 and ($5::text[] is null or back_office = any ($5))
            returning {COLUMNS}""",  # noqa: S608 - names are ours
        city_id,
        alert_id,
        now,
        by,
        None if back_offices is None else list(back_offices),
    )
    if row is None:
        raise NotFound(f"There is no alert {public_id('alt', alert_id)} here.")
    return alert_of(row)


def alert_of(row: Mapping[str, Any] | asyncpg.Record) -> Alert:
    return Alert(**{**dict(row), "detail": json.loads(row["detail"])})
