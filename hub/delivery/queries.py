"""The SQL of deliveries. Every function runs within the caller's transaction and walls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.delivery.model import OPEN, Delivery, Progress, Receipts, State
from hub.storage.database import Connection

COLUMNS = """delivery_id, sequence, back_office, kind, noun, record_id, subject_id, state, behind, step, sent_at,
    over_at, attempts, next_at, deadline_at, created_at, settled_at, reason, field, detail"""

_IN_LINE = f"state in ({', '.join(repr(str(one)) for one in sorted(OPEN))})"

# Whose it is: of the citizen on whose path it is put in line; what the town itself causes is nobody's.
_PUT = """
    insert into deliveries (city_id, delivery_id, back_office, kind, noun, record_id, subject_id, order_key, behind,
                            next_at, deadline_at, created_at)
    values ($1, $2, $3, $4, $5, $6, coalesce($11, (munihub_current_subjects())[1]), $7, $8, $9, $10, $9)"""


async def lock_line(connection: Connection, back_office: str, line: str) -> None:
    """Have the line of an order key alone until the transaction ends."""
    await connection.execute("select munihub_lock_line($1, $2)", back_office, line)


async def put(
    connection: Connection,
    city_id: int,
    delivery_id: UUID,
    *,
    back_office: str,
    kind: str,
    noun: str,
    record_id: UUID,
    subject_id: UUID | None,
    line: str,
    content: bytes,
    now: datetime,
    deadline_at: datetime,
) -> None:
    """Put a delivery at the end of its line. The line must be locked."""
    behind = await connection.fetchval("select munihub_in_line($1, $2)", back_office, line)
    row = (city_id, delivery_id, back_office, kind, noun, record_id, line, behind, now, deadline_at, subject_id)
    await connection.execute(_PUT, *row)
    await connection.execute(
        "insert into delivery_values (city_id, delivery_id, content) values ($1, $2, $3)", city_id, delivery_id, content
    )


async def let_forward(connection: Connection, city_id: int, back_office: str, line: str, now: datetime) -> bool:
    """After one has left the line, locked: the first of those left goes; whether there is one that waited."""
    status = await connection.execute(
        f"""update deliveries set behind = false, next_at = $4 where behind and (city_id, delivery_id) in (
                select city_id, delivery_id from deliveries
                where city_id = $1 and back_office = $2 and order_key = $3 and {_IN_LINE}
                order by sequence limit 1)""",  # noqa: S608 - names are ours
        city_id,
        back_office,
        line,
        now,
    )
    return bool(status.endswith(" 1"))


async def find(connection: Connection, city_id: int, delivery_id: UUID, *, lock: bool = False) -> Delivery | None:
    row = await connection.fetchrow(
        f"select {COLUMNS} from deliveries where city_id = $1 and delivery_id = $2" + (" for update" if lock else ""),  # noqa: S608
        city_id,
        delivery_id,
    )
    return None if row is None else delivery(row)


async def listed(
    connection: Connection,
    city_id: int,
    *,
    state: State | None = None,
    back_offices: Sequence[str] | None = None,
    kind: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[Delivery]:
    """The newest first. `back_offices`: only of these. `before`: the sequence of the last one of the page before."""
    rows = await connection.fetch(
        f"""select {COLUMNS} from deliveries
            where city_id = $1 and ($2::text is null or state = $2) and ($3::text[] is null or back_office = any ($3))
              and ($4::text is null or kind = $4) and ($5::bigint is null or sequence < $5)
            order by sequence desc limit $6""",  # noqa: S608 - names are ours
        city_id,
        state,
        None if back_offices is None else list(back_offices),
        kind,
        before,
        limit,
    )
    return [delivery(row) for row in rows]


async def receipts_of(connection: Connection, city_id: int, delivery_id: UUID) -> dict[str, dict[str, str]]:
    """By step, in the order in which they came."""
    rows = await connection.fetch(
        "select step, receipts from delivery_receipts where city_id = $1 and delivery_id = $2 order by at, step",
        city_id,
        delivery_id,
    )
    return {row["step"]: json.loads(row["receipts"]) for row in rows}


async def store_receipt(
    connection: Connection,
    city_id: int,
    delivery_id: UUID,
    step: str,
    receipts: dict[str, str],
    *,
    source: str,
    now: datetime,
) -> bool:
    """Whether it is the first one of this step: the first one stays."""
    status = await connection.execute(
        """insert into delivery_receipts (city_id, delivery_id, step, receipts, source, at)
           values ($1, $2, $3, $4::jsonb, $5, $6) on conflict do nothing""",
        city_id,
        delivery_id,
        step,
        json.dumps(receipts, ensure_ascii=False),
        source,
        now,
    )
    return bool(status.endswith(" 1"))


async def of_record(connection: Connection, city_id: int, noun: str, record_id: UUID) -> list[Progress]:
    rows = await connection.fetch(
        """select d.delivery_id, d.back_office, d.kind, d.noun, d.record_id, d.state,
                  coalesce(d.step, (select r.step from delivery_receipts r
                                    where r.city_id = d.city_id and r.delivery_id = d.delivery_id
                                    order by r.at desc, r.step desc limit 1)) as step,
                  (select jsonb_object_agg(r.step, r.receipts) from delivery_receipts r
                   where r.city_id = d.city_id and r.delivery_id = d.delivery_id) as receipts
           from deliveries d where d.city_id = $1 and d.noun = $2 and d.record_id = $3 order by d.sequence""",
        city_id,
        noun,
        record_id,
    )
    return [
        Progress(**{**row, "state": State(row["state"]), "receipts": json.loads(row["receipts"] or "{}")})
        for row in rows
    ]


def delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(**{**row, "state": State(row["state"])})


def progress_of(one: Any, state: State, step: str | None, receipts: Receipts) -> Progress:
    """What a noun is told of `one`, a delivery or its row."""
    return Progress(
        one.delivery_id, one.back_office, one.kind, one.noun, one.record_id, state, step or one.step, receipts
    )
