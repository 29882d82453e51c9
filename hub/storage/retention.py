"""Keeps every table to its retention class (see the table `retention`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import asyncpg
import structlog

from hub.storage.database import Database

log = structlog.get_logger(__name__)

_OF_THE_STATEMENT = (asyncpg.PostgresError, TimeoutError)
"""What one statement may meet, such as a lock that somebody holds for long, and the next one need not."""

_NOT_OPEN = """not exists (
    select from charges c join charge_balances b using (city_id, charge_id)
    where c.city_id = $1 and c.payment_id = payments.payment_id and b.unallocated + b.refunding > 0)"""
"""Money that is nobody's yet is not forgotten (a trigger of 0014 watches)."""

# What is not partitioned is deleted by the time that ends its use: $2, by the table's class.
_EXPIRED = {
    "message_keys": "received_at < $2",
    "dead_letters": "settled_at < $2",
    "delivery_values": "done_at < $2",
    "replays": "asked_at < $2",
    "push_refusals": "last_at < $2",
    "push_once": "seen_at < $2",
    "push_files": "received_at < $2",
    "push_drops": "seen_at < $2",
    "tombstones": "as_of < $2",
    "alerts": "settled_at < $2",
    # With a file go its statements and entries; a payment that is kept longer has all it needs of them.
    "statement_files": "received_at < $2 and (state not in ('received', 'read') or not exists (select from statements s"
    " where s.city_id = $1 and s.file_id = statement_files.file_id))",
    "statements": "imported_at < $2",
    "webhook_changes": "at < $2",
    "webhook_messages": "at < $2",
    "erasure_requests": "decided_at < $2",
    "matters": "settled_at < $2",
    "payments": f"changed_at < $2 and {_NOT_OPEN}",
    # Files of a person who was erased stay until what they belong to has arrived (hub.personal_data.holdings).
    "blobs": "matter_id is null and created_at < $2 and not exists (select from deliveries d where d.city_id = $1"
    " and d.record_id = blobs.kept_for and d.state in ('waiting', 'sending', 'in_doubt', 'refused'))",
    "gateway_messages": "received_at < $2",
    "gateway_differences": "settled_at < $2",
    "idempotency_keys": "at < $2",
    "mandates": "least(ended_at, valid_until) < $2",
    "login_transactions": "expires_at < $2",
    "login_once": "good_until < $2",
    "login_attempts": "window_at < $2",
    "claims": "claimed_at is null and expires_at < $2",
    "sessions": "expires_at < $2",
    "logouts": "expires_at < $2",
    "authorization_requests": "expires_at < $2",
    "grants": "expires_at < $2",
    "passkey_challenges": "expires_at < $2",
    "password_steps": "expires_at < $2",
    "known_browsers": "used_at < $2",
    "password_throttles": "counted_at < $2",
}

# Of some tables a part goes before its class ends: how long that is kept ($2 is the moment before), and what it is.
_SOONER = {
    # What did not come to its end within a day never will.
    "push_files": (timedelta(days=1), "state = 'arriving' and received_at < $2"),
    # Of a bank's file that it did not arrive is still known; what came of it is of no use.
    "statement_file_chunks": (
        timedelta(days=1),
        """file_id in (select file_id from statement_files
                       where city_id = $1 and state in ('arriving', 'broken_off') and received_at < $2)""",
    ),
    # What never brought money is no voucher.
    "payments": (timedelta(days=365), f"not money and changed_at < $2 and {_NOT_OPEN}"),
}


async def keep_months(database: Database, now: datetime | None = None) -> int:
    """Make the months ahead, drop those past their class; returns how many months and strayed rows went.

    For a moment that needs the whole table for itself, and while it waits for it everybody else waits behind. A dump
    holds every table to its end: so this waits for two seconds, and somebody tries again in an hour. Months are made
    two ahead, and what finds none is kept all the same.
    """
    try:
        async with database.pool.acquire() as connection, connection.transaction():
            await connection.execute("set local lock_timeout = '2s'")
            return int(
                await connection.fetchval("select munihub_keep_partitions(coalesce($1::timestamptz, now()))", now)
            )
    except _OF_THE_STATEMENT as error:
        log.warning("months_not_kept", because=_told(error))
        return 0


async def keep(database: Database, city_ids: Iterable[int], now: datetime) -> int:
    """Make the months ahead, drop what is past its class; returns how many rows and months went.

    What cannot be done now is told in the log, and the rest goes on. Raises OSError and asyncpg.InterfaceError for a
    database that is away.
    """
    gone = await keep_months(database, now)
    async with database.pool.acquire() as connection:
        # The database counts years as the calendar does: eleven of them are not 11 times 365 days. Those of books of
        # account begin when the year they are of has ended, which no town's clock says a day before that of UTC.
        rows = await connection.fetch(
            """select table_name, case class
                   when 'money' then date_trunc('year', $1::timestamptz - keep, 'UTC') - interval '1 day'
                   else $1::timestamptz - keep end as ends
               from retention where keep is not null""",
            now,
        )
        ends = {row["table_name"]: row["ends"] for row in rows}
    parts = [(table, condition, ends[table]) for table, condition in _EXPIRED.items()]
    parts += [(table, condition, now - age) for table, (age, condition) in _SOONER.items()]
    for city_id in city_ids:
        for table, condition, end in parts:
            try:
                async with database.town(city_id) as connection:
                    done = await connection.execute(
                        f"delete from {table} where city_id = $1 and {condition}",  # noqa: S608 - names are ours
                        city_id,
                        end,
                    )
            except _OF_THE_STATEMENT as error:
                log.warning("rows_not_kept", city=city_id, table=table, because=_told(error))
            else:
                gone += int(done.rsplit(" ", 1)[1])
    return gone


def _told(error: Exception) -> str:
    """Without what PostgreSQL adds of the rows themselves."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
