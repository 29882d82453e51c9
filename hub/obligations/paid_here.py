"""What was paid here of obligations, and what of it their offices' amounts do not contain yet.

Every function runs within the caller's transaction on a town connection. What is written here is written under the lock
of the obligation, which also whoever takes money for it holds: so two who pay at once do not both take its last euro.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from hub.alerts import service as alerts
from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.obligations.judging import Paid, Said, Standing, Telling, judge
from hub.obligations.judging import told as judged_told
from hub.storage.database import Connection

DISAGREES = "posting_disagrees"
"""Alert: an office has taken what was paid here, has caught up past it, and its amounts do not contain it."""

NOT_COUNTED = "posting_not_counted"
"""Alert: for a month an office's amounts have not contained what was paid here, be it that nobody tells it."""

_NAMED = 10
_LONG = timedelta(days=30)

_PAID = """posting_id, delivery_id, amount, telling, created_at, posted_at, fallen, uncounted, standing, by_key"""
_SAID = "obligation_id, source_key, original, outstanding, interest, caught_up_to, counted_writes"


@dataclass(frozen=True, slots=True)
class Known:
    """What an obligation of a source was like, before its source said something else."""

    obligation_id: UUID
    said: Said


async def lock(connection: Connection, city_id: int, obligation_id: UUID) -> None:
    """Have an obligation's money alone until the transaction ends. Of several, take the locks in the order of ids."""
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, $2))", f"obligation/{obligation_id}", city_id
    )


async def record(
    connection: Connection,
    city_id: int,
    posting_id: UUID,
    *,
    obligation_id: UUID,
    instalment: int | None,
    amount: Money,
    back_office: str,
    delivery_id: UUID | None,
    now: datetime,
) -> None:
    """From now on it is subtracted from what the office says is owed, or added where it was taken back.

    `delivery_id` None: nobody tells the office.
    """
    await connection.execute(
        """insert into paid_here (city_id, posting_id, obligation_id, instalment, currency, amount, back_office,
                                  delivery_id, telling, created_at, uncounted)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $6)""",
        city_id,
        posting_id,
        obligation_id,
        instalment,
        amount.currency,
        amount.minor,
        back_office,
        delivery_id,
        Telling.NOBODY if delivery_id is None else Telling.UNDER_WAY,
        now,
    )


async def told(connection: Connection, city_id: int, posting_id: UUID, telling: Telling, now: datetime) -> None:
    """What has become of telling the office."""
    obligation_id = await connection.fetchval(
        "select obligation_id from paid_here where city_id = $1 and posting_id = $2", city_id, posting_id
    )
    await lock(connection, city_id, obligation_id)
    row = await connection.fetchrow(
        f"select {_PAID} from paid_here where city_id = $1 and posting_id = $2",  # noqa: S608 - names are ours
        city_id,
        posting_id,
    )
    assert row is not None
    before = _paid(row)
    await _write(connection, city_id, [before], [judged_told(before, telling, now)], now)


async def known(
    connection: Connection, city_id: int, back_office: str, feed: str, keys: Sequence[str] | None
) -> dict[str, Known]:
    """By source key, those of a feed (of these keys only) something of which was paid here and is not counted.

    They are locked, in the order of their ids.
    """
    wanted = await connection.fetch(
        """select o.obligation_id from obligations o
           where o.city_id = $1 and o.feed = $3 and ($4::text[] is null or o.source_key = any ($4))
             and o.obligation_id in (
                 select p.obligation_id from paid_here p
                 where p.city_id = $1 and p.back_office = $2 and p.standing <> 'counted')
           order by o.obligation_id""",
        city_id,
        back_office,
        feed,
        None if keys is None else list(keys),
    )
    for row in wanted:
        await lock(connection, city_id, row["obligation_id"])
    rows = await _rows(connection, city_id, [row["obligation_id"] for row in wanted])
    return {row["source_key"]: Known(row["obligation_id"], _said(row, None, None)) for row in rows}


async def refreshed(
    connection: Connection,
    city_id: int,
    back_office: str,
    before: Mapping[str, Known],
    reaches: Mapping[str, tuple[datetime | None, Sequence[str] | None]],
    now: datetime,
) -> set[str]:
    """Judge what is open of these obligations by what their source says now.

    `reaches`: by source key, up to which moment payments are surely in it, and which of our keys it lists (see Said).
    Returns the source keys of those of which something stands otherwise than before.
    """
    concerned = {before[key].obligation_id: key for key in reaches if key in before}
    if not concerned:
        return set()
    lists_keys = bool(
        await connection.fetchval(
            "select exists (select from paid_here where city_id = $1 and back_office = $2 and by_key)",
            city_id,
            back_office,
        )
    )
    changed: set[str] = set()
    for row in await _rows(connection, city_id, list(concerned)):
        key = row["source_key"]
        paid = [
            _paid(one)
            for one in await connection.fetch(
                f"""select {_PAID} from paid_here
                    where city_id = $1 and obligation_id = $2 and standing <> 'counted' order by sequence""",  # noqa: S608 - names are ours
                city_id,
                row["obligation_id"],
            )
        ]
        after = judge(before[key].said, _said(row, *reaches[key]), paid, lists_keys=lists_keys)
        if after != paid:
            await _write(connection, city_id, paid, after, now)
            changed.add(key)
    if changed:
        await _tell_disagreement(connection, city_id, back_office, now)
    return changed


async def tell_not_counted(connection: Connection, city_id: int, now: datetime) -> None:
    """One alert for each back office: it never says up to when its amounts are, or nobody tells it of payments."""
    rows = await connection.fetch(
        """select back_office, count(*) as number from paid_here
           where city_id = $1 and standing = 'open' and telling in ('told', 'nobody') and created_at < $2
           group by back_office""",
        city_id,
        now - _LONG,
    )
    for row in rows:
        name, number = row["back_office"], row["number"]
        says = (
            f"{number} payments made here more than {_LONG.days} days ago are still not in the amounts of {name}: have"
            " them booked there, or see why it does not show them"
        )
        detail = {"says": says, "back_office": name, "postings": number}
        await alerts.raise_alert(
            connection, city_id, kind=NOT_COUNTED, about=name, detail=detail, now=now, times=number
        )
    last = {row["back_office"] for row in rows}
    for alert in await alerts.open_alerts(connection, city_id):
        if alert.kind == NOT_COUNTED and alert.about not in last:
            await alerts.settle(connection, city_id, kind=NOT_COUNTED, about=alert.about, now=now)


async def _rows(connection: Connection, city_id: int, obligation_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    return await connection.fetch(
        f"select {_SAID} from obligations where city_id = $1 and obligation_id = any ($2) order by obligation_id",  # noqa: S608 - names are ours
        city_id,
        obligation_ids,
    )


def _said(row: asyncpg.Record, reach: datetime | None, keys: Sequence[str] | None) -> Said:
    return Said(row["original"], row["outstanding"], row["interest"] or 0, reach, keys)


def _paid(row: asyncpg.Record) -> Paid:
    return Paid(**{**row, "telling": Telling(row["telling"]), "standing": Standing(row["standing"])})


async def _write(
    connection: Connection, city_id: int, before: Iterable[Paid], after: Iterable[Paid], now: datetime
) -> None:
    rows = [
        (
            city_id,
            one.posting_id,
            one.telling,
            one.posted_at,
            one.fallen,
            one.uncounted,
            one.standing,
            one.by_key,
            now if one.standing is Standing.COUNTED else None,
        )
        for old, one in zip(before, after, strict=True)
        if one != old
    ]
    await connection.executemany(
        """update paid_here set telling = $3, posted_at = $4, fallen = $5, uncounted = $6, standing = $7, by_key = $8,
                  settled_at = coalesce(settled_at, $9)
           where city_id = $1 and posting_id = $2""",
        rows,
    )


async def _tell_disagreement(connection: Connection, city_id: int, back_office: str, now: datetime) -> None:
    """One alert for each back office, until it agrees about all."""
    rows = await connection.fetch(
        """select posting_id, obligation_id from paid_here
           where city_id = $1 and back_office = $2 and standing = 'disagrees' order by sequence desc""",
        city_id,
        back_office,
    )
    if not rows:
        await alerts.settle(connection, city_id, kind=DISAGREES, about=back_office, now=now)
        return
    detail = {
        "back_office": back_office,
        "postings": len(rows),
        "latest": [
            {"posting": public_id("pst", row["posting_id"]), "obligation": public_id("obl", row["obligation_id"])}
            for row in rows[:_NAMED]
        ],
    }
    await alerts.raise_alert(
        connection, city_id, kind=DISAGREES, about=back_office, detail=detail, now=now, times=len(rows)
    )
