"""What somebody says of a statement: that it counts instead of another one, that it does not, or that it is seen to.

Of two that tell the same days one counts. What both tell stays as it was decided; what was added comes in; what is gone
is set aside, and where it is booked, somebody has to undo it: until then whatever was added waits for somebody, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.alerts import service as alerts
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.statements import corrections, decisions, gaps, repeated
from hub.statements.corrections import CORRECTED
from hub.statements.model import Event, State, StatementEvent, StatementState, allow, allow_statement
from hub.storage.database import Connection

VANISHED = "statement_entries_vanished"
"""Alert: entries are booked that the bank does not tell any more."""


# What a month, say, tells as well was set aside while its day told it. Given as an array, since of a query within this
# one PostgreSQL may compare each with each, for minutes where they are thousands.
_TOLD_ELSEWHERE = """
    select e.entry_id from statement_entries e join statements s using (city_id, statement_id)
    where e.city_id = $1 and e.account = $2 and e.state = 'set_aside' and e.reason = 'repeated' and s.state = 'counts'
      and e.likeness = any ($3)
    order by e.entry_id for update of e"""


async def accept(
    connection: Connection, city_id: int, statement_id: UUID, *, by: str, reason: str, now: datetime
) -> None:
    """It counts instead of the one that counted. What is new in it is to be matched then. Raises NotFound, Conflict."""
    account = await connection.fetchval(
        "select account from statements where city_id = $1 and statement_id = $2", city_id, statement_id
    )
    # Before anything is locked: a file that is read may take minutes, and locks what its statements correct.
    if account is not None and not await corrections.alone_now(connection, city_id, account):
        raise Conflict("Another statement of this account is read or accepted just now: try again in a moment.")
    before = await corrections.counting(connection, city_id, statement_id)
    counts = None
    if before is not None and before != statement_id:
        # The one that counts first, so that two who accept wait for each other in one order.
        counts = await _locked(connection, city_id, before)
    new = await _locked(connection, city_id, statement_id)
    allow_statement(StatementEvent.ACCEPTED, StatementState(new["state"]))
    if counts is not None and counts["state"] != StatementState.COUNTS:
        raise Conflict("Another statement was accepted just now: look at what differs from that one.")
    await connection.fetch(
        """select from statement_entries where city_id = $1 and statement_id in ($2, $3)
           order by entry_id for update""",
        city_id, before, statement_id,
    )  # fmt: skip
    rows = await corrections.leftovers(connection, city_id, before, statement_id)
    gone = [row for row in rows if row["statement_id"] == before]
    added = [row for row in rows if row["statement_id"] == statement_id and row["state"] == State.HELD]
    copies = await corrections.copies(connection, city_id, before, statement_id)
    held = [copy["entry_id"] for _, copy in copies if copy["state"] == State.HELD]
    said = _Said(connection, city_id, by, reason, now)
    await said.move(held, Event.ACCEPTED, State.HELD, State.SET_ASIDE, "repeated")
    await _exchange(connection, city_id, copies)
    for state in (State.NEW, State.QUEUED):
        waited = [row["entry_id"] for row in gone if row["state"] == state]
        await said.move(waited, Event.SET_ASIDE, state, State.SET_ASIDE, "vanished")
    # What stands for one that is booked, that somebody has decided of, or that another statement tells, as the day of a
    # month does, would count twice.
    stands = any(
        row["state"] in (State.BOOKED, State.REVERSED)
        or (row["state"] == State.SET_ASIDE and row["reason"] in (None, "repeated"))
        for row in gone
    )
    looked_at = [row["entry_id"] for row in added if row["reason"] == "disagrees"]
    fresh = [row["entry_id"] for row in added if row["reason"] != "disagrees"]
    await said.move(looked_at, Event.ACCEPTED, State.HELD, State.QUEUED, "disagrees")
    await said.move(
        fresh, Event.ACCEPTED, State.HELD,
        State.QUEUED if stands else State.NEW, "perhaps_repeated" if stands else None,
    )  # fmt: skip
    await _counts_instead(said, statement_id, StatementState(new["state"]), before)
    told_elsewhere = await connection.fetch(_TOLD_ELSEWHERE, city_id, new["account"], [row["likeness"] for row in gone])
    reopened = [row["entry_id"] for row in told_elsewhere]
    await said.move(reopened, Event.REOPENED, State.SET_ASIDE, State.QUEUED, "perhaps_repeated")
    await repeated.judge(connection, city_id, statement_id, new["account"], new["format"], now, only=fresh)
    await gaps.tell(connection, city_id, new["account"], new["currency"], now)
    if new["agrees"] is False:
        name, told = new["number"] or new["bank_id"], new["told"]
        await gaps.tell_disagrees(connection, city_id, statement_id, name, new["account"], told, now)
    await gaps.tell_joined(connection, city_id, new["account"], new["currency"], now)
    await tell_vanished(connection, city_id, now)


async def dismiss(
    connection: Connection, city_id: int, statement_id: UUID, *, by: str, reason: str, now: datetime
) -> None:
    """The one before it stays as it is. Raises NotFound, Conflict."""
    row = await _locked(connection, city_id, statement_id)
    said = _Said(connection, city_id, by, reason, now)
    await said.statement(statement_id, StatementEvent.DISMISSED, StatementState(row["state"]))
    await _decided(connection, city_id, statement_id, now)


async def looked_at(
    connection: Connection, city_id: int, statement_id: UUID, *, by: str, reason: str, now: datetime
) -> None:
    """Somebody has seen to it that its balances do not agree, or that entries of it stay booked: that is over.

    Raises NotFound, Conflict where there was nothing to look at.
    """
    row = await _locked(connection, city_id, statement_id)
    state = StatementState(row["state"])
    if state is StatementState.COUNTS and not await gaps.agrees_now(connection, city_id, statement_id, now):
        raise Conflict("Nothing of this statement is to be looked at: it agrees, or somebody has seen to it.")
    if state is StatementState.CORRECTED and not row["booked"]:
        raise Conflict("Nothing of this statement is booked any more.")
    await _Said(connection, city_id, by, reason, now).statement(statement_id, StatementEvent.LOOKED_AT, state)
    await tell_vanished(connection, city_id, now)


async def tell_vanished(connection: Connection, city_id: int, now: datetime) -> None:
    """Whether entries are booked that the bank does not tell any more: told until they are undone, or somebody has said
    that they stay.
    """
    number = await connection.fetchval(
        """select count(*) from statements s join statement_entries e using (city_id, statement_id)
           where s.city_id = $1 and s.state = 'corrected' and e.state = 'booked' and not exists (
               select from statement_decisions d where d.city_id = $1 and d.statement_id = s.statement_id
               and d.event = 'looked_at' and d.from_state = 'corrected')""",
        city_id,
    )
    if not number:
        await alerts.settle(connection, city_id, kind=VANISHED, about="statements", now=now)
        return
    says = f"{number} entries are booked that the bank does not tell any more: undo them"
    detail = {"says": says, "waiting": number}
    await alerts.raise_alert(
        connection, city_id, kind=VANISHED, about="statements", detail=detail, now=now, times=number
    )


async def _locked(connection: Connection, city_id: int, statement_id: UUID) -> asyncpg.Record:
    row = await connection.fetchrow(
        """select state, corrects, account, currency, format, number, bank_id, agrees,
                  array(select jsonb_array_elements_text(differences)) as told,
                  exists (select from statement_entries e where e.city_id = s.city_id
                          and e.statement_id = s.statement_id and e.state = 'booked') as booked
           from statements s where city_id = $1 and statement_id = $2 for update""",
        city_id,
        statement_id,
    )
    if row is None:
        raise NotFound("There is no such statement.")
    return row


async def _exchange(
    connection: Connection, city_id: int, copies: Sequence[tuple[asyncpg.Record, asyncpg.Record]]
) -> None:
    """What was decided stays with the entry, and the entry goes to the statement that counts; its copy to the other."""
    pairs = [*copies, *((copy, entry) for entry, copy in copies)]
    if pairs:
        moved = ((one["entry_id"], to["statement_id"], to["place"], to["part"]) for one, to in pairs)
        await connection.execute(
            """update statement_entries e set statement_id = o.statement_id, place = o.place, part = o.part
               from unnest($2::uuid[], $3::uuid[], $4::integer[], $5::integer[])
                    as o (entry_id, statement_id, place, part)
               where e.city_id = $1 and e.entry_id = o.entry_id""",
            city_id,
            *zip(*moved, strict=True),
        )


async def _counts_instead(said: _Said, statement_id: UUID, state: StatementState, before: UUID | None) -> None:
    connection, city_id, now = said.connection, said.city_id, said.now
    if before is not None:
        await said.statement(before, StatementEvent.CORRECTED, StatementState.COUNTS)
        await gaps.agrees_now(connection, city_id, before, now)
    # What else was told instead of the one before is told instead of this one now.
    await connection.execute(
        """update statements set corrects = case when statement_id = $2 then $3::uuid else $2 end
           where city_id = $1 and (statement_id = $2 or corrects = $3 and state in ('held', 'dismissed'))""",
        city_id, statement_id, before,
    )  # fmt: skip
    await said.statement(statement_id, StatementEvent.ACCEPTED, state)
    await _decided(connection, city_id, statement_id, now)


async def _decided(connection: Connection, city_id: int, statement_id: UUID, now: datetime) -> None:
    await alerts.settle(connection, city_id, kind=CORRECTED, about=public_id("bst", statement_id), now=now)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one of the staff says, with all that it changes."""

    connection: Connection
    city_id: int
    by: str
    reason: str
    now: datetime

    async def statement(self, statement_id: UUID, event: StatementEvent, source: StatementState) -> None:
        """Along an edge. Raises Conflict where there is none."""
        target = allow_statement(event, source)
        await self.connection.execute(
            "update statements set state = $3 where city_id = $1 and statement_id = $2",
            self.city_id, statement_id, target,
        )  # fmt: skip
        await decisions.note(
            self.connection, self.city_id, event, source, target,
            statement_id=statement_id, by=self.by, reason=self.reason, now=self.now,
        )  # fmt: skip

    async def move(
        self, entry_ids: Sequence[UUID], event: Event, source: State, target: State, code: str | None
    ) -> None:
        """Entries, however many, which are locked; `code` is why they are there."""
        allow(event, source, target)
        if not entry_ids:
            return
        await self.connection.execute(
            """update statement_entries set state = $3, state_at = $4, reason = $5
               where city_id = $1 and entry_id = any ($2)""",
            self.city_id, list(entry_ids), target, self.now, code,
        )  # fmt: skip
        await self.connection.execute(
            """insert into matches (city_id, match_id, entry_id, event, from_state, to_state, at, by, reason)
               select $1, m.match_id, m.entry_id, $4, $5, $6, $7, $8, $9
               from unnest($2::uuid[], $3::uuid[]) as m (match_id, entry_id)""",
            self.city_id, [new_uuid() for _ in entry_ids], list(entry_ids), event, source, target, self.now, self.by,
            self.reason,
        )  # fmt: skip
