"""A statement that nobody sent: the next one begins with another balance than the last one before it ended with."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.alerts import service as alerts
from hub.kernel.money import Money
from hub.storage.database import Connection

MISSING = "statement_missing"
"""Alert: between two statements of an account one is missing, and with it what came in those days."""

_WITHIN = timedelta(days=60)

# Of each statement the last ones before its first day: one of them, or another one of its own days, must have ended
# with what it begins with. The first of an account has none before it.
_GAP = """
    with all_there as (
        select statement_id, opening, closing, coalesce(since, until) as begins, coalesce(until, since) as ends
        from statements where city_id = $1 and account = $2 and currency = $3 and kind = 'statement')
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
