"""What of money still waits, and whether somebody is told of what does not come to an end by itself."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from hub.kernel.ids import public_id
from tests.chaos import gateway_books
from tests.chaos.money_script import GATEWAYS
from tests.chaos.world import World

_DAY = timedelta(hours=25)

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
_CHARGED_BACK = """
    select city_id, 'cbk' as prefix, chargeback_id as id, 'took ' || amount || ' back' as how,
           'payment_charged_back' as kind
    from chargebacks where state = 'taken' and at >= $1"""
_LOST = """
    select b.city_id, 'chg' as prefix, b.charge_id as id, 'has lost ' || b.lost as how, 'payment_money_lost' as kind
    from charge_balances b join charges using (city_id, charge_id) join payments p using (city_id, payment_id)
    where b.lost > 0 and p.created_at >= $1"""
_AT_DOORS = """
    select distinct city_id, gateway as about, 'gateway_message_refused' as kind from gateway_messages
    where verdict = 'refused' and received_at >= $1
    union all
    select distinct city_id, 'statements', 'statement_entries_waiting' from statement_entries where state = 'queued'"""


# While a gateway is away. $2: as the towns call it.
_NO_END = """
    select a.city_id, 'tra' as prefix, a.attempt_id as id, a.state, 'attempt_unknown' as kind
    from gateway_attempts a join payments p using (city_id, payment_id)
    where a.settled_at is null and a.expires_at < now() - interval '2 h' and p.created_at >= $1 and gateway = any ($2)"""
_NOT_SENT = """
    select city_id, 'rfd' as prefix, refund_id as id, r.state,
           case r.state when 'in_doubt' then 'refund_in_doubt' else 'refund_not_sent' end as kind
    from refunds r join gateway_refunds g using (city_id, refund_id) join gateway_attempts a using (city_id, attempt_id)
    where g.settled_at is null and g.state <> 'pending' and r.state not in ('done', 'refused')
      and r.asked_at >= $1 and a.gateway = any ($2)"""
# But for orders whose page ČSOB has told to nobody: nobody can pay there, and there is nothing to ask for.
_GIVEN_UP = """
    select attempt_id, event from gateway_journal j join gateway_attempts using (city_id, attempt_id)
    where event in ('expired', 'not_there') and j.word is distinct from 'no payId' and at >= $1 and gateway = any ($2)"""


def _at(simulator: str) -> list[str]:
    return [name for name, played_by in GATEWAYS.items() if played_by == simulator]


@dataclass
class Waiting:
    """`since` is when the seed began, by the database's clock. `over`: a day has passed since the last card."""

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
            elif self.over and there is not None and there.disputed and row["state"] != "charged_back":
                found.append(f"order {row['number']} at {row['gateway']} is charged back there and {row['state']} here")
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

    async def a_day_later(self) -> None:
        """Nobody enters a card any more: what is left open at a gateway comes to its end. And what a gateway has not told
        of what was paid there is heard, since it is asked.
        """
        rows = await (await self.world.db()).fetch(ATTEMPTS, self.since)
        await self.world.pass_money_time(_DAY, every=[row["attempt_id"] for row in rows])
        self.over = True

    async def untold(self, simulator: str) -> list[str]:
        """What waits for this gateway, which has been away for hours, and nobody was told."""
        connection = await self.world.db()
        rows = await connection.fetch("select city_id, kind, about from alerts where settled_at is null")
        told = {(row["city_id"], row["kind"], row["about"]) for row in rows}
        found = []
        for sql in (_NO_END, _NOT_SENT):
            for row in await connection.fetch(sql, self.since, _at(simulator)):
                name = public_id(row["prefix"], row["id"])
                if (row["city_id"], row["kind"], name) not in told:
                    found.append(f"STUCK {name} is {row['state']} while its gateway is away, and nobody was told")
        return found

    async def given_up(self, simulator: str, since: datetime) -> list[str]:
        """What was believed to be over, though its gateway has not answered since then."""
        rows = await (await self.world.db()).fetch(_GIVEN_UP, since, _at(simulator))
        return [f"GIVEN UP {public_id('tra', row['attempt_id'])}: {row['event']}, and nobody said so" for row in rows]

    async def humans(self) -> list[str]:
        """What does not come to an end by itself has been told."""
        connection = await self.world.db()
        rows = await connection.fetch("select city_id, kind, about from alerts where settled_at is null")
        told = {(row["city_id"], row["kind"], row["about"]) for row in rows}
        about = {(row["city_id"], row["about"]) for row in rows}
        found = []
        for sql in (_IN_DOUBT, _UNALLOCATED, _UNCLEAR, _CHARGED_BACK, _LOST):
            for row in await connection.fetch(sql, self.since):
                name = public_id(row["prefix"], row["id"])
                alert = (row["city_id"], row["kind"], name)
                if alert not in told and (row["kind"] or (row["city_id"], name) not in about):
                    found.append(f"STUCK {name} {row['how']}, and nobody was told")
        rows = await connection.fetch(_AT_DOORS, self.since)
        missing = [row for row in rows if (row["city_id"], row["kind"], row["about"]) not in told]
        return [*found, *(f"STUCK {row['about']}: nobody was told ({row['kind']})" for row in missing)]
