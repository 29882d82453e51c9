"""What a statement tells that another one of the account has told before, as a month does after its days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub.storage.database import Connection

EARLY = ("report", "notification", "pending", "information")
"""Why an entry was set aside at once: its day's statement tells the same again, and that one counts."""

# So many as another statement of the account has of the same, this one repeats: surely, where the bank gave it a
# reference of its own. In another format banks write references and texts otherwise: what came in the same amount on
# the same day may be the same there. So it may where somebody has reopened what was told early, by a report say (it was
# set aside at once, so its first decision is that): she may book that one or set it aside again, so she is shown both.
_REPEATED = """
    with told as (
        select entry_id, likeness, bank_reference, currency, amount, booked_on,
               row_number() over (partition by likeness order by place, part) as nth,
               amount > 0 or reversal as counted,
               row_number() over (partition by currency, amount, booked_on, amount > 0 or reversal
                                  order by place, part) as nth_of_day,
               state in ('new', 'queued') and ($6::uuid[] is null or entry_id = any ($6)) as judged
        from statement_entries
        where city_id = $1 and statement_id = $2 and (state <> 'set_aside' or coalesce(reason, '') <> all ($7))),
    mine as (select * from told where judged),
    alike as (
        select likeness, max(number) as number, max(surely) as surely from (
            select e.likeness, count(*) as number,
                   count(*) filter (where not early and s.state <> 'corrected') as surely
            from statement_entries e join statements s using (city_id, statement_id), lateral (
                select coalesce(e.reason, '') = any ($7 || array['vanished'])
                       or 'reopened' is not distinct from (
                           select m.event from matches m where m.city_id = e.city_id and m.entry_id = e.entry_id
                           order by m.at, m.match_id limit 1) as early) told
            where e.city_id = $1 and e.account = $3 and e.statement_id <> $2 and e.state <> 'held'
              and e.likeness in (select likeness from mine)
              and (e.state <> 'set_aside' or not early)
            group by e.likeness, e.statement_id) each
        group by likeness),
    of_another_format as (
        select currency, amount, booked_on, max(number) as number from (
            select e.currency, e.amount, e.booked_on, count(*) as number
            from statements s join statement_entries e on e.city_id = s.city_id and e.statement_id = s.statement_id
            where s.city_id = $1 and s.account = $3 and s.format <> $5
              and (s.kind = 'statement' or e.state <> 'set_aside') and (s.state = 'counts' or e.state = 'booked')
              and (s.until is null or s.until >= (select min(booked_on) from mine))
              and (e.amount > 0 or e.reversal) and e.booked_on in (select booked_on from mine)
              and coalesce(e.reason, '') not in ('pending', 'information', 'repeated', 'perhaps_repeated', 'vanished')
            group by e.currency, e.amount, e.booked_on, e.statement_id) each
        group by currency, amount, booked_on),
    found as (
        select mine.entry_id, mine.nth <= alike.surely and mine.bank_reference <> '' as surely
        from mine left join alike using (likeness) left join of_another_format o using (currency, amount, booked_on)
        where mine.nth <= alike.number or mine.counted and mine.nth_of_day <= o.number)
    update statement_entries e
    set state = case when found.surely then 'set_aside' else 'queued' end,
        reason = case when found.surely then 'repeated' else 'perhaps_repeated' end, state_at = $4
    from found where e.city_id = $1 and e.entry_id = found.entry_id
"""


async def judge(
    connection: Connection,
    city_id: int,
    statement_id: UUID,
    account: str,
    kept_as: str,
    now: datetime,
    *,
    only: Sequence[UUID] | None = None,
) -> None:
    """Set aside what is surely repeated, and have somebody look at what may be. `kept_as` is the statement's format;
    `only` these of its entries, None: all.
    """
    which = None if only is None else list(only)
    # PostgreSQL knows nothing yet of what was written in this transaction: it takes it for a row or two and compares
    # each with each, for minutes where they are thousands.
    await connection.execute("set local enable_nestloop = off")
    await connection.execute(_REPEATED, city_id, statement_id, account, now, kept_as, which, list(EARLY))
    await connection.execute("set local enable_nestloop to default")
