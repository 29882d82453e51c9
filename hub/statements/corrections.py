"""Statements that a bank tells once more, and otherwise than before.

A bank that has corrected a statement sends it with the number it had. Many give it the same id as well; ISO 20022 asks
for an id of its own (`Stmt/Id`), and then it is known by number, days and the balance it begins with. A duplicate
(`CpyDplctInd` DUPL, CODU) says the same once more and changes nothing, whatever id it has. MT940 has no such word: what
comes again under a number (:28C:) is the same or a correction.

What differs is not the hub's to decide: the other one is held, with its entries, until somebody accepts or dismisses it
(hub.statements.accepting).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.alerts import service as alerts
from hub.kernel.ids import public_id
from hub.ports.bank_statement import Kind, Statement, StatementEnd
from hub.statements.model import StatementEntry, StatementRow, StatementState
from hub.statements.rows import Rows
from hub.storage.database import Connection

CORRECTED = "statement_corrected"
"""Alert: a statement came once more and tells something else; somebody has to say which one counts."""


@dataclass(frozen=True, slots=True)
class Before:
    """The statement that counts, of what seems to be the same one. `surely` by the bank's own id; `moved`: it does not
    end with the balance that it began with.
    """

    statement_id: UUID
    surely: bool
    moved: bool

    def told_otherwise(self, end: StatementEnd) -> bool:
        """Whether another one, which is not the same, is told instead of this one. By number, days and first balance
        only where it is whole in itself: else it may be another page.
        """
        return self.surely or (self.moved and end.agrees is True)


# Of two that are judged at the same time neither sees what the other one tells: both would count, or neither.
_TURN = "hashtextextended('statements/' || $1, $2)"


async def alone(connection: Connection, city_id: int, account: str) -> None:
    """Wait until nobody else reads or accepts statements of an account; nobody does until this transaction ends."""
    await connection.execute(f"select pg_advisory_xact_lock({_TURN})", account, city_id)


async def alone_now(connection: Connection, city_id: int, account: str) -> bool:
    """The same without waiting: whether nobody did."""
    return bool(await connection.fetchval(f"select pg_try_advisory_xact_lock({_TURN})", account, city_id))


async def told_before(connection: Connection, city_id: int, account: str, statement: Statement) -> Before | None:
    """None where it comes for the first time."""
    known = await connection.fetchval(
        """select statement_id from statements
           where city_id = $1 and account = $2 and currency = $3 and kind = $4 and bank_id = $5
           order by state = 'counts' desc, imported_at desc, statement_id desc limit 1""",
        city_id, account, statement.currency, statement.kind, statement.id,
    )  # fmt: skip
    counts = await counting(connection, city_id, known)
    if counts is not None:
        return Before(counts, surely=True, moved=True)
    if statement.kind is not Kind.STATEMENT or statement.number is None or statement.opening is None:
        return None
    row = await connection.fetchrow(
        """select statement_id, closing <> opening as moved from statements
           where city_id = $1 and account = $2 and currency = $3 and kind = 'statement' and state = 'counts'
             and number = $4 and since is not distinct from $5 and until is not distinct from $6 and opening = $7
             and format = $8
           order by imported_at desc, statement_id desc limit 1""",
        city_id, account, statement.currency, statement.number, statement.since, statement.until,
        statement.opening.amount.minor, statement.format,
    )  # fmt: skip
    return None if row is None else Before(row["statement_id"], surely=False, moved=bool(row["moved"]))


async def counting(connection: Connection, city_id: int, statement_id: UUID | None) -> UUID | None:
    """The one that counts, of those that were told instead of each other; None where retention has taken it."""
    while statement_id is not None:
        row = await connection.fetchrow(
            """select state, corrects, (select n.statement_id from statements n where n.city_id = s.city_id
                      and n.corrects = s.statement_id and n.state in ('counts', 'corrected')) as next
               from statements s where city_id = $1 and statement_id = $2""",
            city_id,
            statement_id,
        )
        if row is None or row["state"] == StatementState.COUNTS:
            return None if row is None else statement_id
        statement_id = row["next"] if row["state"] == StatementState.CORRECTED else row["corrects"]
    return None


async def same(
    connection: Connection, city_id: int, before: Before, rows: Rows, statement: Statement, end: StatementEnd
) -> bool:
    """Whether one that counts, or one that was held instead of it, tells the same; its entries have been written."""
    opening, closing = statement.opening, end.closing
    heads = await connection.fetch(
        """select statement_id, digest from statements
           where city_id = $1 and (statement_id = $2 or corrects = $2 and state in ('held', 'dismissed'))
             and opening is not distinct from $3 and closing is not distinct from $4
             and (entries, credits, debits) = ($5, $6, $7)""",
        city_id, before.statement_id,
        None if opening is None else opening.amount.minor, None if closing is None else closing.amount.minor,
        end.entries, end.credits.minor, end.debits.minor,
    )  # fmt: skip
    if any(row["digest"] == rows.digest.digest() for row in heads):
        return True
    # In another order, perhaps.
    if before.statement_id not in [row["statement_id"] for row in heads]:
        return False
    return not await leftovers(connection, city_id, before.statement_id, rows.statement_id)


async def hold(
    connection: Connection, city_id: int, statement_id: UUID, statement: Statement, account: str, now: datetime
) -> None:
    """A statement and its entries, which have been written, wait for somebody.

    Nobody is told of a report or a notification: nothing of it counts, and banks send them again, longer, all day.
    """
    if statement.kind is not Kind.STATEMENT:
        return
    await connection.execute(
        """update statement_entries set state = 'held'
           where city_id = $1 and statement_id = $2 and state in ('new', 'queued')""",
        city_id,
        statement_id,
    )
    says = (
        f"the statement {statement.number or statement.id} of {account} came once more and differs from the one that"
        " counts: look what differs, and accept or dismiss it"
    )
    about = public_id("bst", statement_id)
    await alerts.raise_alert(connection, city_id, kind=CORRECTED, about=about, detail={"says": says}, now=now)


# ── What differs ─────────────────────────────────────────────────────────────────────────────────

# As many as both have of the same are the same, in their order; first what money depends on, so that it stays, and
# another one is gone. What is pending in one and booked in the other is not the same.
_TOLD_BY_BOTH = """
    with told as (
        select *, row_number() over (partition by statement_id, likeness, pending
                                     order by state in ('booked', 'reversed') desc, place, part) as nth
        from (select entry_id, statement_id, place, part, likeness, state, reason, bank_reference, currency, amount,
                     booked_on, state = 'set_aside' and coalesce(reason, '') in ('pending', 'information') as pending
              from statement_entries where city_id = $1 and statement_id in ($2, $3)) e)"""

_LEFTOVERS = f"""{_TOLD_BY_BOTH}
    select coalesce(b.entry_id, a.entry_id) as entry_id, coalesce(b.statement_id, a.statement_id) as statement_id,
           coalesce(b.state, a.state) as state, coalesce(b.reason, a.reason) as reason, likeness,
           coalesce(b.bank_reference, a.bank_reference) as bank_reference, coalesce(b.currency, a.currency) as currency,
           coalesce(b.amount, a.amount) as amount, coalesce(b.booked_on, a.booked_on) as booked_on
    from (select * from told where statement_id = $2) b
    full join (select * from told where statement_id = $3) a using (likeness, pending, nth)
    where b.entry_id is null or a.entry_id is null
    order by coalesce(b.place, a.place), coalesce(b.part, a.part)"""  # noqa: S608 - parts are ours

_TOLD = f"""{_TOLD_BY_BOTH}
    select entry_id, statement_id, place, part, state, likeness, pending, nth from told"""  # noqa: S608 - parts are ours


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry that was added (`before` None), is gone (`after` None), or is told otherwise."""

    before: UUID | None
    after: UUID | None


async def differences(connection: Connection, city_id: int, before: UUID | None, after: UUID) -> list[Difference]:
    """What `after` tells otherwise than `before`: what was altered, what is gone, what was added; each in its order.

    An entry was altered where both have the bank's reference of it, or the same amount on the same day.
    """
    rows = await leftovers(connection, city_id, before, after)
    gone = [row for row in rows if row["statement_id"] != after]
    added = [row for row in rows if row["statement_id"] == after]
    altered = []
    for names in (("bank_reference",), ("currency", "amount", "booked_on")):
        told = defaultdict(list)
        for row in added:
            told[tuple(row[name] for name in names)].append(row)
        left = []
        for row in gone:
            key = tuple(row[name] for name in names)
            if key == ("",) or not told[key]:
                left.append(row)
            else:
                altered.append(Difference(row["entry_id"], told[key].pop(0)["entry_id"]))
        paired = {one.after for one in altered}
        gone, added = left, [row for row in added if row["entry_id"] not in paired]
    return [
        *altered,
        *(Difference(row["entry_id"], None) for row in gone),
        *(Difference(None, row["entry_id"]) for row in added),
    ]


async def told_instead_of(connection: Connection, city_id: int, one: StatementRow) -> UUID | None:
    """What a statement is to be compared with: the one that counts now, while somebody has to say something of it."""
    if one.state in (StatementState.HELD, StatementState.DISMISSED):
        return await counting(connection, city_id, one.statement_id)
    return one.corrects


def told_otherwise(before: StatementEntry, after: StatementEntry) -> list[str]:
    """What is told otherwise of an entry, by the names that the interface has for it. Both with their details."""

    def told(one: StatementEntry) -> dict[str, object]:
        details = one.details
        assert details is not None
        plain = ("amount", "booked_on", "valued_on", "reversal", "code", "bank_reference", "references")
        party = {"name": details.party.name, "account": details.party.account}
        return {name: getattr(one, name) for name in plain} | party | {
            "text": details.text, "end_to_end": details.end_to_end, "returned": details.returned
        }  # fmt: skip

    said, says = told(before), told(after)
    return [name for name in said if said[name] != says[name]]


async def leftovers(connection: Connection, city_id: int, before: UUID | None, after: UUID) -> Sequence[asyncpg.Record]:
    """Entries of one that are not in the other, those of both in their order."""
    return await connection.fetch(_LEFTOVERS, city_id, before, after)


async def copies(
    connection: Connection, city_id: int, before: UUID | None, after: UUID
) -> list[tuple[asyncpg.Record, asyncpg.Record]]:
    """Entries of `before` with those of `after` that are the same, and where each stands."""
    told: dict[UUID, dict[tuple[object, ...], asyncpg.Record]] = defaultdict(dict)
    for row in await connection.fetch(_TOLD, city_id, before, after):
        told[row["statement_id"]][row["likeness"], row["pending"], row["nth"]] = row
    others = told[after]
    return [] if before is None else [(row, others[key]) for key, row in told[before].items() if key in others]
