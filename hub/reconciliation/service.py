"""Reconciliation as the worker and the doors of staff see it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.kernel.clock import Clock
from hub.kernel.errors import NotReady
from hub.obligations import door as obligations
from hub.obligations import paid_here
from hub.payments.service import PaymentService
from hub.reconciliation import matching, outgoing, payouts
from hub.reconciliation.matching import Matching
from hub.reconciliation.payouts import Payout
from hub.reconciliation.suggesting import Suggestion, suggestions
from hub.reconciliation.verbs import Verbs
from hub.statements import accepting, entries
from hub.statements.model import State, StatementEntry
from hub.statements.service import StatementService
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

WAITING = "statement_entries_waiting"
"""Alert: entries of bank statements wait for somebody to say what they are."""


@dataclass(frozen=True, slots=True)
class Likely:
    """What an entry that waits may be: obligations, a gateway's payouts, or entries that it takes back."""

    obligations: list[Suggestion]
    payouts: list[Payout]
    takes_back: list[UUID]


class ReconciliationService(Verbs):
    """One for a process; of all towns."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, payments: PaymentService, statements: StatementService
    ) -> None:
        super().__init__(database, vault, clock, payments)
        self.matching = Matching(database, vault, clock, payments)
        self._statements = statements

    async def read(self, town: Town, file_id: UUID) -> None:
        """A file's statements and entries, and then what they are for; a job."""
        if await self._statements.importing.read(town, file_id):
            async with self._database.town(town.city.id) as connection:
                await matching.enqueue_match(connection, town.city.id)

    async def accept(self, city_id: int, statement_id: UUID, *, by: str, reason: str) -> None:
        """A statement that is held counts instead of the one before it, and what is new in it is looked at.

        Raises NotFound, Conflict, and NotReady while the town's keys are being replaced.
        """
        async with self._database.town(city_id) as connection:
            if len((await self._vault.keys(connection, city_id)).index) > 1:
                # What both tell is known by the old key in one of them, perhaps, and by the new one in the other.
                raise NotReady("The town's keys are being replaced: accept it when that is done.")
            await accepting.accept(connection, city_id, statement_id, by=by, reason=reason, now=self._clock.now())
            await matching.enqueue_match(connection, city_id)

    async def match(self, town: Town, *, queued: bool) -> None:
        """Look at entries, and tell somebody as long as some wait; a job. With `queued`, at night, also what was paid
        here and no office counts.
        """
        await self.matching.run(town, queued=queued)
        city_id, now = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            waiting = sum((await entries.numbers(connection, city_id, None)).values())
            if waiting:
                says = f"{waiting} entries of bank statements wait for somebody to say what they are for"
                detail = {"says": says, "waiting": waiting}
                await alerts.raise_alert(
                    connection, city_id, kind=WAITING, about="statements", detail=detail, now=now, times=waiting
                )
            else:
                await alerts.settle(connection, city_id, kind=WAITING, about="statements", now=now)
            await accepting.tell_vanished(connection, city_id, now)
            if queued:
                await paid_here.tell_not_counted(connection, city_id, now)

    async def likely(self, connection: Connection, town: Town, entry: StatementEntry) -> Likely:
        """Worked out just now; nothing of an entry that does not wait."""
        if entry.state not in (State.NEW, State.QUEUED):
            return Likely([], [], [])
        now = self._clock.now()
        if entry.amount.minor < 0:
            return Likely([], [], await outgoing.reversed_by(connection, town.city.id, entry))
        today = now.astimezone(town.city.timezone).date()
        async with obligations.money(connection):
            found = await suggestions(connection, town, entry, today)
        return Likely(found, await payouts.likely(connection, town, entry, now), [])
