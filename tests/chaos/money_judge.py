"""What must be true of money when all is quiet again: with SQL, at the gateways, at the bank, in the accounting."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from hub.kernel.ids import parse_public_id, public_id
from tests.chaos import gateway_books
from tests.chaos.attacks import REFUSED, Attacks
from tests.chaos.disputes import Disputes
from tests.chaos.money_script import ACCOUNTING, GATEWAYS, Bill, MoneyScript
from tests.chaos.money_told import ATTEMPTS
from tests.chaos.payers import Payers
from tests.chaos.world import World

UNDER_WAY = ("created", "unsure", "open", "pending", "unknown")

_SIDES = """
    select entry_id, sum(amount) filter (where account = any ($1::text[])) as fate,
           sum(amount) filter (where account <> all ($1::text[])) as place
    from ledger_lines group by city_id, entry_id
    having coalesce(sum(amount) filter (where account = any ($1::text[])), 0) <> 0
        or coalesce(sum(amount) filter (where account <> all ($1::text[])), 0) <> 0"""
_FATES = ("captured", "allocated", "unallocated", "refunding", "refunded", "charged_back")

_BALANCES = """
    select b.charge_id, b.captured, b.allocated, b.unallocated, b.refunding, b.refunded, b.charged_back,
           coalesce(k.came, 0)::bigint as came, coalesce(a.given, 0)::bigint as given,
           coalesce(r.aside, 0)::bigint as aside, coalesce(r.done, 0)::bigint as done,
           coalesce(d.taken, 0)::bigint as taken, coalesce(l.captured, 0)::bigint as in_lines,
           b.lost, coalesce(k.lost, 0)::bigint + coalesce(r.lost, 0)::bigint + coalesce(d.lost, 0)::bigint as not_had
    from charge_balances b
    left join (select charge_id, sum(case when taken_back_at is null then amount else lost end) as came,
                      sum(lost) filter (where taken_back_at is not null) as lost
               from captures group by charge_id) k using (charge_id)
    left join (select charge_id, sum(amount) as given from allocations group by charge_id) a using (charge_id)
    left join (select charge_id, sum(amount - lost) filter (where state in ('approved', 'sent', 'in_doubt')) as aside,
                      sum(amount - lost) filter (where state = 'done') as done,
                      sum(lost) filter (where state = 'done') as lost
               from refunds group by charge_id) r using (charge_id)
    left join (select charge_id, sum(amount - lost) as taken, sum(lost) as lost
               from chargebacks where state = 'taken' group by charge_id) d using (charge_id)
    left join (select charge_id, -sum(amount) as captured from ledger_lines where account = 'captured'
               group by charge_id) l using (charge_id)"""

_POSTINGS = """
    select a.allocation_id, a.amount, o.source_key, p.state, p.delivery_id, p.amount as told
    from allocations a join charges using (city_id, charge_id) join payments y using (city_id, payment_id)
    join obligations o using (city_id, obligation_id)
    left join postings p on p.city_id = a.city_id and p.taken_back = (a.amount < 0)
      and (p.allocation_id = a.allocation_id or (p.allocation_id = a.takes_from and p.amount = a.amount))
    where y.created_at >= $1"""

_OVER = {
    "attempt_unknown": ("tra", "select settled_at is not null from gateway_attempts where attempt_id = $1"),
    "refund_not_sent": ("rfd", "select settled_at is not null from gateway_refunds where refund_id = $1"),
    "refund_in_doubt": ("rfd", "select state <> 'in_doubt' from refunds where refund_id = $1"),
    "payment_charged_back": ("cbk", "select state = 'won' from chargebacks where chargeback_id = $1"),
}
"""Alarm → what it is about, and whether that is over."""


@dataclass
class MoneyJudge:
    """`since` is when the seed began, by the database's clock."""

    world: World
    money: MoneyScript
    payers: Payers
    attacks: Attacks
    disputes: Disputes
    since: datetime
    counts: dict[str, int] = field(default_factory=dict)

    # ── At the end ──

    async def end(self) -> list[str]:
        found = [*self.payers.findings, *self.attacks.findings]
        connection = await self.world.db()
        found += await self._ledger(connection)
        found += await self._at_gateways(connection)
        found += await self._otherwise(connection)
        found += await self._posted(connection)
        found += await self._owed(connection)
        found += await self._recorded(connection)
        found += await self._nothing_left(connection)
        return found

    async def _ledger(self, connection: Any) -> list[str]:
        found = [f"LEDGER entry {row['entry_id']} adds up to {row['fate']} and {row['place']}"
                 for row in await connection.fetch(_SIDES, list(_FATES))]  # fmt: skip
        for row in await connection.fetch(_BALANCES):
            charge = public_id("chg", row["charge_id"])
            for name, said in (("captured", "came"), ("captured", "in_lines"), ("allocated", "given")):
                if row[name] != row[said]:
                    found.append(f"LEDGER {charge}: {name} {row[name]}, and its rows say {row[said]}")
            if row["refunding"] != row["aside"]:
                found.append(f"LEDGER {charge}: {row['refunding']} set aside, and its refunds say {row['aside']}")
            if row["refunded"] != row["done"]:
                found.append(f"LEDGER {charge}: {row['refunded']} given back, and its refunds say {row['done']}")
            if (row["charged_back"], row["lost"]) != (row["taken"], row["not_had"]):
                found.append(
                    f"LEDGER {charge}: {row['charged_back']} charged back and {row['lost']} lost, and its rows say"
                    f" {row['taken']} and {row['not_had']}"
                )
        return found

    async def _at_gateways(self, connection: Any) -> list[str]:
        found = []
        books = await gateway_books.read_all(self.world)
        for row in await connection.fetch(ATTEMPTS, self.since):
            there = books[row["gateway"]].get(row["number"])
            took, returned = (there.minor, there.returned) if there else (0, 0)
            name = f"order {row['number']} at {row['gateway']} ({row['state']})"
            if took != (row["counted"] or 0):
                found.append(f"MONEY {name}: {took} was taken there, and {row['counted'] or 0} is counted here")
            if (row["times"] or 0) > 1 or (there and there.times > 1):
                found.append(f"DOUBLED {name}: counted {row['times']} times here, taken {there and there.times} there")
            done = await connection.fetchval(
                "select coalesce(sum(minor), 0) from gateway_refunds where city_id = $1 and attempt_id = $2 and state = 'done'",
                row["city_id"],
                row["attempt_id"],
            )
            if returned != row["refunded"]:
                found.append(f"REFUND {name}: {returned} was given back there, and {row['refunded']} is known here")
            elif returned > done:
                found.append(f"REFUND {name}: {returned} was given back there, and {done} of it was ours to give")
            taken = there.minor - there.returned if there and there.disputed else 0
            taken += self.disputes.letters[row["gateway"], row["number"]]
            known = await connection.fetchval(
                """select coalesce(sum(amount), 0)::bigint from chargebacks
                   where city_id = $1 and source_kind = 'attempt' and source_id = $2 and state = 'taken'""",
                row["city_id"],
                row["attempt_id"],
            )
            if taken != known:
                found.append(f"CHARGEBACK {name}: {taken} was taken back there, and {known} is known here")
            self._count("disputed", int(taken > 0))
            self._count("captured", int(took > 0))
            self._count("refunded", int(returned > 0))
        won = "select count(*) from chargebacks where state = 'won' and at >= $1"
        self._count("won", await connection.fetchval(won, self.since))
        every = {(gateway, number): taken for gateway, orders in books.items() for number, taken in orders.items()}
        ours = await connection.fetch("select gateway, number from gateway_attempts")
        strange = set(every) - {(row["gateway"], row["number"]) for row in ours}
        found += [f"MONEY order {number} at {gateway} is known to nobody here" for gateway, number in strange]
        return found

    async def _otherwise(self, connection: Any) -> list[str]:
        """Money of the counter and of the bank counted once."""
        found = []
        rows = await connection.fetch(
            """select k.source_kind, k.source_id, k.amount from captures k join charges using (city_id, charge_id)
               join payments p using (city_id, payment_id) where k.booked_at >= $1 and k.source_kind <> 'attempt'""",
            self.since,
        )
        counter = sorted(row["amount"] for row in rows if row["source_kind"] == "counter")
        if counter != sorted(self.payers.taken.values()):
            found.append(f"DOUBLED at the counter: taken {sorted(self.payers.taken.values())}, counted {counter}")
        entries = await connection.fetch(
            "select entry_id, amount, state from statement_entries where entry_id in "
            "(select entry_id from statement_entries e join statements s using (city_id, statement_id) "
            " where s.imported_at >= $1)",
            self.since,
        )
        came, sent = sorted(one["amount"] for one in entries), sorted(minor for _, minor in self.payers.transferred)
        if came != sent:
            found.append(f"MONEY of transfers: {sent} were made, and {came} are entries of statements")
        booked = sorted(one["amount"] for one in entries if one["state"] == "booked")
        counted = sorted(row["amount"] for row in rows if row["source_kind"] == "statement_entry")
        if booked != counted:
            found.append(f"MONEY of transfers: entries of {booked} are booked, and {counted} is counted")
        self._count("counter", len(counter))
        self._count("transfers", len(counted))
        return found

    async def _posted(self, connection: Any) -> list[str]:
        """Every allocation was told to the accounting exactly once, and so was that it was taken back."""
        found = []
        done: dict[str, list[dict[str, Any]]] = {}
        for office in ACCOUNTING.values():
            for entry in (await self.world.look(office, "writes"))["entries"]:
                if entry["operation"] in {"uplata", "uhrada"} and not entry["repeated"]:
                    done.setdefault(entry["about"], []).append(entry)
        mine = {bill.key for bill in self.money.bills}
        allocated: dict[str, list[asyncpg.Record]] = {}
        for row in await connection.fetch(_POSTINGS, self.since):
            allocated.setdefault(row["source_key"], []).append(row)
        for key in sorted(mine | set(allocated)):
            rows, entries = allocated.get(key, []), done.get(key, [])
            for row in rows:
                if row["delivery_id"] is None:
                    found.append(f"POSTING of {row['amount']} for {key} was not told to anybody ({row['state']})")
                    continue
                delivery = public_id("dlv", row["delivery_id"])
                times = sum(one["key"].startswith(delivery) for one in entries)
                if times != 1 or row["told"] != row["amount"]:
                    found.append(
                        f"POSTING {delivery} of {row['amount']} for {key} ({row['state']}): the accounting has it {times} times"
                    )
            if len(entries) != len(rows) and not found:
                found.append(f"POSTING of {key}: {len(rows)} allocations, and {len(entries)} entries in the accounting")
            self._count("posted", len(entries))
        return found

    async def _owed(self, connection: Any) -> list[str]:
        """What she is told to owe is what she owed at first without what was given to it, and the office says the same."""
        found = []
        for bill in self.money.bills:
            given = await connection.fetchval(
                "select coalesce(sum(amount), 0)::bigint from allocations where obligation_id = $1",
                parse_public_id("obl", self.payers.obligations[bill.key]),
            )
            truth = max(bill.cents - given, 0)
            office = await self._left(bill)
            if office != truth:
                found.append(f"OWED {bill.key}: {truth} by our ledger, and the accounting says {office}")
            person = self.world.people[bill.person]
            url = f"{self.world.api}/{bill.town}/v1/obligations/{self.payers.obligations[bill.key]}"
            answer = await self.world.client.get(url, headers={"Authorization": f"Bearer {person.token}"})
            if not answer.is_success:
                found.append(f"ANSWERED {answer.status_code} to {url}: {answer.text[:200]}")
                continue
            due = answer.json()["due"]["minor"]
            if due != bill.cents - given:
                found.append(f"OWED {bill.key}: she is told {due}, and it is {bill.cents - given}")
        return found

    async def _left(self, bill: Bill) -> int:
        item = (await self.world.look(ACCOUNTING[bill.town], f"items/{bill.key}"))[-1]
        if bill.town == "pregrada":
            return int(str(item["Preostalo"]).replace(".", "").replace(",", ""))
        return max(round(item["zbyva"] * 100), 0)

    async def _recorded(self, connection: Any) -> list[str]:
        """Nothing that was forged, altered or foreign is believed, and each is kept with why."""
        found = []
        for gateway in GATEWAYS:
            sent = [one for one, _ in self.attacks.told if one.gateway == gateway and one.kind in REFUSED]
            refused = await connection.fetchval(
                """select count(*) from gateway_messages
                   where gateway = $1 and received_at >= $2 and verdict = 'refused' and why is not null""",
                gateway,
                self.since,
            )
            if refused < len(sent):
                kinds = [one.kind for one in sent]
                found.append(f"ATTACK at {gateway}: {kinds} were sent, and {refused} messages are recorded as refused")
            if any(one.kind == "forged" and accepted for one, accepted in self.attacks.told if one.gateway == gateway):
                found.append(f"ATTACK at {gateway}: a forged message was accepted")
        self._count("attacks", len(self.attacks.told))
        return found

    async def _nothing_left(self, connection: Any) -> list[str]:
        """Nothing that is not final is without somebody who looks or something that is done about it."""
        found = []
        for row in await connection.fetch(ATTEMPTS, self.since):
            if row["state"] in UNDER_WAY and row["ask_at"] is None:
                found.append(f"STUCK order {row['number']} is {row['state']}, and nobody asks")
            if row["state"] in {"created", "unsure", "open"}:
                found.append(f"STUCK order {row['number']} is {row['state']} hours after its page has closed")
        rows = await connection.fetch(
            """select c.charge_id, c.state, c.attempt from charges c join payments p using (city_id, payment_id)
               where p.created_at >= $1 and c.attempt is not null and not exists (
                   select from gateway_attempts a where a.city_id = c.city_id and a.charge_id = c.charge_id
                     and a.settled_at is null)""",
            self.since,
        )
        found += [f"STUCK {public_id('chg', row['charge_id'])} waits for a try that is over" for row in rows]
        rows = await connection.fetch(
            "select refund_id, state from refunds where state in ('asked', 'approved', 'sent', 'in_doubt') and asked_at >= $1",
            self.since,
        )
        found += [f"STUCK {public_id('rfd', row['refund_id'])} is {row['state']}, after a human looked" for row in rows]
        alerts = "select kind, about from alerts where settled_at is null and opened_at >= $1"
        for row in await connection.fetch(alerts, self.since):
            prefix, over = _OVER.get(row["kind"], ("", ""))
            asked = row["kind"] == "gateway_contradiction" and row["about"] in self.disputes.won
            if asked or (over and await connection.fetchval(over, parse_public_id(prefix, row["about"]))):
                found.append(f"the alarm {row['kind']} about {row['about']} is not over")
        return found

    def _count(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number
