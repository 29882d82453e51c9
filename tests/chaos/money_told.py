"""What of money still waits, and whether somebody is told of what does not come to an end by itself."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from hub.kernel.ids import public_id
from tests.chaos import gateway_books
from tests.chaos.world import World

_HOURS = timedelta(hours=3)

ATTEMPTS = """
    select a.*, c.amount as counted, c.times
    from gateway_attempts a join payments p using (city_id, payment_id)
    left join (select city_id, source_id, sum(amount)::bigint as amount, count(*) as times from captures
               where source_kind = 'attempt' group by 1, 2) c on c.city_id = a.city_id and c.source_id = a.attempt_id
    where p.created_at >= $1"""

_WAITING = {
    "messages of gateways": "select count(*) from gateway_messages where verdict = 'waiting'",
    "refunds": "select count(*) from gateway_refunds where settled_at is null and next_at is not null",
    "refunds of which somebody has said what became of them": """
        select count(*) from gateway_refunds g join refunds r using (city_id, refund_id)
        where g.settled_at is null and r.state in ('done', 'refused')""",
    "approved refunds that were not taken up": """
        select count(*) from refunds r where state = 'approved' and way = 'gateway' and not exists (
            select from gateway_refunds g
            where g.city_id = r.city_id and g.refund_id = r.refund_id and g.settled_at is null)""",
    "statement files": "select count(*) from statement_files where state = 'received'",
    "entries of statements": "select count(*) from statement_entries where state = 'new'",
    "postings": """
        select count(*) from postings p join deliveries d using (city_id, delivery_id)
        where p.state = 'being_posted' and d.state not in ('in_doubt', 'refused') and not d.behind""",
}

# Who waits for somebody, the alert there must be, and what it is about.
_IN_DOUBT = """
    select city_id, 'rfd' as prefix, refund_id as id, 'is in doubt' as how, null as kind
    from refunds where state = 'in_doubt' and asked_at >= $1"""
_UNALLOCATED = """
    select b.city_id, 'chg' as prefix, b.charge_id as id, 'has ' || b.unallocated || ' that belong to nothing' as how,
           'payment_unallocated' as kind
    from charge_balances b join charges using (city_id, charge_id) join payments p using (city_id, payment_id)
    where b.unallocated > 0 and p.created_at >= $1"""
_UNCLEAR = """
    select a.city_id, 'tra' as prefix, a.attempt_id as id, 'is ' || a.state || ' for hours' as how,
           'attempt_unknown' as kind
    from gateway_attempts a join payments p using (city_id, payment_id)
    where a.state in ('pending', 'unknown') and p.created_at >= $1"""
_AT_DOORS = """
    select distinct city_id, gateway as about, 'gateway_message_refused' as kind from gateway_messages
    where verdict = 'refused' and received_at >= $1
    union all
    select distinct city_id, 'statements', 'statement_entries_waiting' from statement_entries where state = 'queued'"""


@dataclass
class Waiting:
    """`since` is when the seed began, by the database's clock. `over`: the pages of gateways are closed."""

    world: World
    since: datetime
    over: bool = False

    async def waiting(self) -> list[str]:
        """What time alone will bring to an end."""
        connection = await self.world.db()
        found = []
        books = await gateway_books.read_all(self.world)
        alerts = await connection.fetch("select city_id, kind, about from alerts where settled_at is null")
        told = {(row["city_id"], row["kind"], row["about"]) for row in alerts}
        for row in await connection.fetch(ATTEMPTS, self.since):
            there = books[row["gateway"]].get(row["number"])
            if there is not None and there.times and row["counted"] is None:
                found.append(f"order {row['number']} at {row['gateway']} is paid there and {row['state']} here")
            elif row["state"] in {"created", "unsure", "unknown"} or (self.over and self._is_asked(row, told)):
                found.append(f"order {row['number']} at {row['gateway']} is {row['state']}")
        for what, sql in _WAITING.items():
            if number := await connection.fetchval(sql):
                found.append(f"{number} {what} wait")
        return found

    @staticmethod
    def _is_asked(row: asyncpg.Record, told: Container[tuple[int, str, str]]) -> bool:
        """It has had to end hours later, or was found to be under way still, and that was told."""
        alert = (row["city_id"], "attempt_unknown", public_id("tra", row["attempt_id"]))
        return row["state"] == "open" or (row["state"] == "pending" and alert not in told)

    async def someone_is_needed(self) -> bool:
        connection = await self.world.db()
        return bool(
            await connection.fetchval(
                """select exists (select from deliveries where noun = 'posting' and state in ('refused', 'in_doubt'))
                       or exists (select from refunds where state = 'in_doubt')"""
            )
        )

    async def hours_later(self) -> None:
        """Nobody enters a card any more: what is left open at a gateway comes to its end."""
        await self.world.pass_money_time(_HOURS, wait=True)
        self.over = True

    async def humans(self) -> list[str]:
        """What does not come to an end by itself has been told."""
        connection = await self.world.db()
        rows = await connection.fetch("select city_id, kind, about from alerts where settled_at is null")
        told = {(row["city_id"], row["kind"], row["about"]) for row in rows}
        about = {(row["city_id"], row["about"]) for row in rows}
        found = []
        for sql in (_IN_DOUBT, _UNALLOCATED, _UNCLEAR):
            for row in await connection.fetch(sql, self.since):
                name = public_id(row["prefix"], row["id"])
                alert = (row["city_id"], row["kind"], name)
                if alert not in told and (row["kind"] or (row["city_id"], name) not in about):
                    found.append(f"STUCK {name} {row['how']}, and nobody was told")
        rows = await connection.fetch(_AT_DOORS, self.since)
        missing = [row for row in rows if (row["city_id"], row["kind"], row["about"]) not in told]
        return [*found, *(f"STUCK {row['about']}: nobody was told ({row['kind']})" for row in missing)]
