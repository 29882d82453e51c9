"""What must be true when all is quiet again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from hub.kernel.ids import public_id
from tests.chaos import ledgers
from tests.chaos.citizens import Citizens, Sent, key_of, keys_from
from tests.chaos.ledgers import Book
from tests.chaos.pushes import Pushes
from tests.chaos.script import Script
from tests.chaos.towns import CANNOT_BE_ASKED
from tests.chaos.world import World

HUMAN = {"in_doubt", "refused"}
_SOON = 3.0
"""Seconds within which connections that were cut have to be gone."""

_OF_THIS_SEED = """
    select d.*, m.number, m.title from deliveries d join matters m on m.city_id = d.city_id and m.matter_id = d.record_id
    where d.created_at >= $1 order by d.sequence"""

_ALERTS = """
    select city_id, kind, about from alerts where settled_at is null and kind like 'deliver%'"""


@dataclass
class Judge:
    """`since` is when the seed began, by the database's clock. `findings` are sentences."""

    world: World
    script: Script
    citizens: Citizens
    pushes: Pushes
    since: datetime

    async def rows(self) -> list[asyncpg.Record]:
        return await (await self.world.db()).fetch(_OF_THIS_SEED, self.since)

    async def humans(self) -> list[str]:
        """Before anybody has looked: who is needed has been called with a reason, and nobody is called for nothing."""
        found = []
        connection = await self.world.db()
        told = {(row["city_id"], row["about"]) for row in await connection.fetch(_ALERTS)}
        refusing = self.script.faults_of("writes", "switch", "skew", "wire")
        for row in await self.rows():
            if row["state"] not in HUMAN:
                continue
            name = _name(row)
            if not row["reason"]:
                found.append(f"{name} stands {row['state']} without a reason")
            if (row["city_id"], name if row["state"] == "in_doubt" else row["back_office"]) not in told:
                found.append(f"{name} stands {row['state']} and nobody was told")
            if row["state"] == "in_doubt" and row["back_office"] not in CANNOT_BE_ASKED:
                found.append(f"{name} is at a human ({row['reason']}), though {row['back_office']} can be asked")
            if row["state"] == "refused" and not any(_refuses(one) for one in refusing):
                found.append(f"{name} was refused ({row['reason']}), and nobody refused anything")
        return found

    async def end(self) -> list[str]:
        """When humans have done their part as well: everything is there, once, in order, and nothing is left over."""
        found: list[str] = []
        rows = await self.rows()
        books = await ledgers.read_all(self.world)
        found += self._arrived(rows, books)
        found += self._in_order(rows, books)
        found += await self._once()
        found += await self._nothing_left()
        found += await self.pushes.judge(self.since)
        return found

    def _arrived(self, rows: list[asyncpg.Record], books: dict[str, Book]) -> list[str]:
        found = []
        by_matter: dict[Any, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            by_matter[row["record_id"]].append(row)
        for sent in self.citizens.accepted.values():
            theirs = by_matter.get(sent.matter_id, [])
            if not theirs:
                found.append(f"LOST {sent.write.title}: accepted, and on its way nowhere")
            for row in theirs:
                found += _one_arrived(sent, row, books[row["back_office"]])
        return found

    def _in_order(self, rows: list[asyncpg.Record], books: dict[str, Book]) -> list[str]:
        """What has one order key came in the order in which it was put in line, and that is the order of the citizen."""
        found = []
        by_matter = {sent.matter_id: sent for sent in self.citizens.accepted.values()}
        lines: dict[tuple[str, str], list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            if row["record_id"] in by_matter:
                lines[row["back_office"], row["order_key"]].append(row)
        for (office, _), line in lines.items():
            said = [by_matter[row["record_id"]].order for row in line]
            if said != sorted(said):
                found.append(
                    f"ORDER at {office}: put in line in another order than accepted: {_titles(line, by_matter)}"
                )
            place = {entry["key"]: entry["sequence"] for entry in reversed(books[office].entries)}
            arrived = [place.get(key_of(row, by_matter[row["record_id"]].write), 0) for row in line]
            if 0 not in arrived and arrived != sorted(arrived):
                found.append(f"ORDER at {office}: came as {arrived}: {_titles(line, by_matter)}")
        return found

    async def _once(self) -> list[str]:
        """Each thing was kept once, however often it was sent."""
        rows = await (await self.world.db()).fetch(
            "select kind, count(*) from matters where opened_at >= $1 group by kind", self.since
        )
        kept = {row["kind"]: row["count"] for row in rows}
        wanted: dict[str, int] = defaultdict(int)
        for sent in self.citizens.accepted.values():
            wanted[sent.write.kind] += 1
        return [] if kept == dict(wanted) else [f"DOUBLED at the door: kept {kept}, accepted {dict(wanted)}"]

    async def _nothing_left(self) -> list[str]:
        """No alarm that is over, no job given up, no transaction left open, no process that should not be."""
        connection = await self.world.db()
        found = [f"the alarm {row['kind']} about {row['about']} is not over" for row in await connection.fetch(_ALERTS)]
        failed = await connection.fetch(
            "select kind, last_error from jobs where state = 'failed' and failed_at >= $1", self.since
        )
        found += [f"the job {row['kind']} was given up: {row['last_error']}" for row in failed]
        open_ones = []
        for _ in range(int(_SOON / 0.2)):
            open_ones = await connection.fetch(
                """select application_name, state, left(query, 120) as query from pg_stat_activity
                   where pid <> pg_backend_pid() and backend_type = 'client backend' and xact_start is not null
                     and xact_start < clock_timestamp() - interval '1.5 s'"""
            )
            if not open_ones:
                break
            await asyncio.sleep(0.2)
        found += [f"a transaction stays open: {dict(row)}" for row in open_ones]
        found += [f"{name} died by itself:\n{self.world.log_tail(name)}" for name in self.world.dead()]
        return found

    async def journal(self, about: str) -> str:
        """What happened to the deliveries that `about` names, from the hub's own journal."""
        connection = await self.world.db()
        lines = []
        titles = {sent.matter_id: title for title, sent in self.citizens.accepted.items()}
        for row in await self.rows():
            title = titles.get(row["record_id"], "")
            if _name(row) not in about and (
                not title or title not in about.replace(",", " ").replace("'", " ").split()
            ):
                continue
            head = f"{_name(row)} ({title} → {row['back_office']}, {row['kind']}): {row['state']}"
            lines.append(f"{head} step {row['step']} reason {row['reason']} {row['detail'] or ''}")
            entries = await connection.fetch(
                "select at, event, state, step, by, reason from deliveries_journal where delivery_id = $1 order by entry_id",
                row["delivery_id"],
            )
            lines += [
                f"    {one['at']:%H:%M:%S.%f} {one['event']} → {one['state']}"
                f" {one['step'] or ''} {one['by']} {one['reason'] or ''}"
                for one in entries
            ]
        return "\n".join(lines)


def _one_arrived(sent: Sent, row: asyncpg.Record, book: Book) -> list[str]:
    name, title = _name(row), sent.write.title
    if row["state"] != "delivered":
        return [f"STUCK {title}: {name} is {row['state']} ({row['reason']}), and nobody has to look at it"]
    found = []
    for key in keys_from(key_of(row, sent.write), row["back_office"], sent.write):
        times = book.done[key]
        if times == 0:
            found.append(f"LOST {title}: {name} is delivered, and {row['back_office']} has nothing under {key}")
        elif times > 1:
            found.append(f"DOUBLED {title}: {row['back_office']} did {key} {times} times")
    return found


def _refuses(fault: Any) -> bool:
    """Faults under which a back office may well say of a write that it does not want it."""
    detail = fault.detail if isinstance(fault.detail, dict) else {}
    return detail.get("do") == "refuse" or "fault" in detail


def _name(row: asyncpg.Record) -> str:
    return public_id("dlv", row["delivery_id"])


def _titles(line: list[asyncpg.Record], by_matter: dict[Any, Sent]) -> str:
    return ", ".join(by_matter[row["record_id"]].write.title for row in line)
