"""Balances that do not agree: of a statement in itself, and from one to the next, where one is missing between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub.alerts import service as alerts
from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.storage.database import Connection

DISAGREES = "statement_disagrees"
"""Alert: the bank's own totals and balances do not agree with the entries it tells."""

MISSING = "statement_missing"
"""Alert: between two statements of an account one is missing, and with it what came in those days."""

_WITHIN = timedelta(days=60)

# Of each statement the last ones before its first day: one of them, or another one of its own days, must have ended
# with what it begins with. The first of an account has none before it.
_GAP = """
    with all_there as (
        select statement_id, opening, closing, coalesce(since, until) as begins, coalesce(until, since) as ends
        from statements
        where city_id = $1 and account = $2 and currency = $3 and kind = 'statement' and state = 'counts')
    select before.ends as after, before.closing, one.begins, one.opening
    from all_there one
    cross join lateral (
        select ends, closing from all_there
        where ends < one.begins and closing is not null order by ends desc limit 1) before
    where one.begins >= $4 and one.opening is not null and not exists (
        select from all_there other
        where other.statement_id <> one.statement_id and other.ends between before.ends and one.ends
          and other.closing = one.opening)
    order by one.begins limit 1"""


async def tell(connection: Connection, city_id: int, account: str, currency: str, now: datetime) -> None:
    """Whether one is missing in the last days of an account: told until it is there."""
    about = f"{account}/{currency}"
    gap = await connection.fetchrow(_GAP, city_id, account, currency, now.date() - _WITHIN)
    if gap is None:
        await alerts.settle(connection, city_id, kind=MISSING, about=about, now=now)
        return
    says = (
        f"a statement of {account} is missing: one ended on {gap['after']} with {Money(gap['closing'], currency)}, and"
        f" the next one begins on {gap['begins']} with {Money(gap['opening'], currency)}: upload what is between them"
    )
    await alerts.raise_alert(connection, city_id, kind=MISSING, about=about, detail={"says": says}, now=now, times=1)


# Pages of one statement that do not say so have its number, its days and its balances each, and the entries of one part
# each: none agrees in itself, and all of them together do.
_JOINED = """
    with same as (
        select number, since, until, opening, closing from statements
        where city_id = $1 and account = $2 and currency = $3 and kind = 'statement' and state = 'counts'
          and number is not null and opening is not null and closing is not null
        group by number, since, until, opening, closing
        having count(*) > 1 and bool_or(agrees is false) and opening + sum(credits - debits) = closing)
    select s.statement_id from statements s
    join same on s.number = same.number and s.since is not distinct from same.since
             and s.until is not distinct from same.until and (s.opening, s.closing) = (same.opening, same.closing)
    where s.city_id = $1 and s.account = $2 and s.currency = $3 and s.kind = 'statement' and s.state = 'counts'
      and s.agrees is false"""


async def tell_disagrees(
    connection: Connection,
    city_id: int,
    statement_id: UUID,
    name: str,
    account: str,
    differences: Sequence[str],
    now: datetime,
) -> None:
    """A statement that does not agree in itself is told until somebody has looked, or what was missing is there."""
    says = f"the statement {name} of {account}: {'; '.join(differences)}"
    about = public_id("bst", statement_id)
    await alerts.raise_alert(connection, city_id, kind=DISAGREES, about=about, detail={"says": says}, now=now)


async def agrees_now(connection: Connection, city_id: int, statement_id: UUID, now: datetime) -> bool:
    """Nobody needs to be told of it any more. Whether somebody was."""
    about = public_id("bst", statement_id)
    return await alerts.settle(connection, city_id, kind=DISAGREES, about=about, now=now)


async def tell_joined(connection: Connection, city_id: int, account: str, currency: str, now: datetime) -> None:
    """Whether statements that did not agree are pages that agree together."""
    for row in await connection.fetch(_JOINED, city_id, account, currency):
        await agrees_now(connection, city_id, row["statement_id"], now)
