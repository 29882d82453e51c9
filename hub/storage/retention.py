"""Keeps every table to its retention class (see the table `retention`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.storage.database import Database

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
    "statement_files": "received_at < $2 and (state in ('arriving', 'refused') or not exists (select from statements s"
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
    "statement_files": (timedelta(days=1), "state = 'arriving' and received_at < $2"),
    # What never brought money is no voucher.
    "payments": (timedelta(days=365), f"not money and changed_at < $2 and {_NOT_OPEN}"),
}


async def keep(database: Database, city_ids: Iterable[int], now: datetime) -> int:
    """Make the months ahead, drop what is past its class; returns how many rows and months went."""
    async with database.pool.acquire() as connection:
        gone = int(await connection.fetchval("select munihub_keep_partitions($1)", now))
        # The database counts years as the calendar does: eleven of them are not 11 times 365 days.
        rows = await connection.fetch(
            "select table_name, $1::timestamptz - keep as ends from retention where keep is not null", now
        )
        ends = {row["table_name"]: row["ends"] for row in rows}
    parts = [(table, condition, ends[table]) for table, condition in _EXPIRED.items()]
    parts += [(table, condition, now - age) for table, (age, condition) in _SOONER.items()]
    for city_id in city_ids:
        for table, condition, end in parts:
            async with database.town(city_id) as connection:
                done = await connection.execute(
                    f"delete from {table} where city_id = $1 and {condition}",  # noqa: S608 - names are ours
                    city_id,
                    end,
                )
                gone += int(done.rsplit(" ", 1)[1])
    return gone
