"""Obligations that money could be for: by what a payer wrote, by amount, and whose they are. On a town connection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from hub.obligations import door
from hub.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Candidate:
    """`due` in minor units, below zero where the town owes. `closed`: cancelled, or gone from its source.

    `word` is the reference it was found by; `instalment` where that is one part's own.
    """

    obligation_id: UUID
    payee: str
    currency: str
    due: int
    closed: bool
    word: str | None = None
    instalment: int | None = None

    @property
    def payable(self) -> int:
        return 0 if self.closed else max(self.due, 0)


async def by_words(
    connection: Connection, city_id: int, payees: Collection[str], words: Collection[str], today: date
) -> list[Candidate]:
    """Every obligation of these payees whose reference, or that of a part, is one of `words`, whatever is due of it.

    Words are plain as munihub_plain_references (migrations/sql/0015) makes them.
    """
    rows = await connection.fetch(
        """with found as (
               select r.word, r.obligation_id, nullif(r.instalment, 0) as instalment
               from obligation_references r where r.city_id = $1 and r.word = any ($2))
           select f.word, f.instalment, o.obligation_id, o.payee, o.currency, d.due,
                  o.cancelled or o.gone_at is not null as closed
           from found f join obligations o on o.city_id = $1 and o.obligation_id = f.obligation_id
           cross join lateral munihub_due(o.city_id, o.obligation_id, o.outstanding, o.original, o.due_on, $4) d
           where o.payee = any ($3)""",
        city_id,
        list(words),
        list(payees),
        today,
    )
    return [Candidate(**dict(row)) for row in rows]


async def by_amount(
    connection: Connection, city_id: int, payees: Collection[str], amount: int, currency: str, today: date, limit: int
) -> list[Candidate]:
    """Obligations of which exactly so much is due, those due last first; at most `limit`."""
    rows = await connection.fetch(
        """select o.obligation_id, o.payee, o.currency, d.due, false as closed
           from obligations o
           cross join lateral munihub_due(o.city_id, o.obligation_id, o.outstanding, o.original, o.due_on, $5) d
           where o.city_id = $1 and o.payee = any ($2) and o.currency = $4 and o.gone_at is null and not o.cancelled
             and (o.outstanding = $3 or o.original = $3) and d.due = $3
           order by o.due_on desc nulls last limit $6""",
        city_id, list(payees), amount, currency, today, limit,
    )  # fmt: skip
    return [Candidate(**dict(row)) for row in rows]


async def of_the_same_debtors(
    connection: Connection,
    city_id: int,
    payees: Collection[str],
    obligation_ids: Collection[UUID],
    today: date,
    limit: int,
) -> list[Candidate]:
    """What whoever owed these obligations has still to pay to these payees, the oldest first."""
    rows = await connection.fetch(
        """select o.obligation_id, o.payee, o.currency, d.due, false as closed
           from (select distinct p.record_id from parties p
                 where p.city_id = $1 and p.noun = 'obligation' and p.identifier_id in (
                     select identifier_id from parties
                     where city_id = $1 and noun = 'obligation' and record_id = any ($3))) theirs
           join obligations o on o.city_id = $1 and o.obligation_id = theirs.record_id
           cross join lateral munihub_due(o.city_id, o.obligation_id, o.outstanding, o.original, o.due_on, $4) d
           where o.payee = any ($2) and o.gone_at is null and not o.cancelled and d.due > 0
           order by o.due_on nulls last limit $5""",
        city_id, list(payees), list(obligation_ids), today, limit,
    )  # fmt: skip
    return [Candidate(**dict(row)) for row in rows]


async def debtors(connection: Connection, city_id: int, obligation_ids: Collection[UUID]) -> set[UUID]:
    """Those who have a part in these obligations, where a proven alias says who they are."""
    async with door.money(connection):
        rows = await connection.fetch(
            """select distinct a.subject_id from parties p
               join aliases a on a.city_id = p.city_id and a.identifier_id = p.identifier_id and a.revoked_at is null
               where p.city_id = $1 and p.noun = 'obligation' and p.record_id = any ($2)""",
            city_id,
            list(obligation_ids),
        )
    return {row["subject_id"] for row in rows}


async def names_of_debtors(
    connection: Connection, city_id: int, obligation_ids: Collection[UUID]
) -> dict[UUID, list[str]]:
    """By obligation, names of those who owe it, where a proven alias says who they are."""
    rows = await connection.fetch(
        """select p.record_id, array_agg(distinct s.name) as names
           from parties p
           join aliases a on a.city_id = p.city_id and a.identifier_id = p.identifier_id and a.revoked_at is null
           join subjects s on s.city_id = a.city_id and s.subject_id = a.subject_id
           where p.city_id = $1 and p.noun = 'obligation' and p.record_id = any ($2) and s.name is not null
           group by p.record_id""",
        city_id,
        list(obligation_ids),
    )
    return {row["record_id"]: row["names"] for row in rows}
