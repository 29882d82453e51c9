"""What somebody who reconciles can do with an entry: say what it is for, in one part or several; move it to something
else; undo it; say that it is not the hub's. Each by name, with its reason, and undoable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.money import Money
from hub.obligations import service as obligations
from hub.payments.model import Source, Wanted
from hub.payments.service import PaymentService
from hub.reconciliation import outgoing, payouts
from hub.reconciliation.matching import enter, told
from hub.statements import entries
from hub.statements.accounts import payees_of
from hub.statements.model import Event, State, StatementEntry
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

Allowed = Callable[[StatementEntry], None]
"""Raises where the entry is not the business of who asks."""


class Verbs:
    """One for a process; of all towns. `by` is the one of the staff who does it."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, payments: PaymentService) -> None:
        self._database, self._vault, self._clock, self._payments = database, vault, clock, payments

    async def confirm(
        self,
        town: Town,
        entry_id: UUID,
        wanted: Sequence[Wanted],
        *,
        payee: str | None,
        by: str,
        reason: str | None,
        allowed: Allowed,
    ) -> None:
        """It is for these obligations, each with its amount or all that is due of it; nothing of it stays unallocated
        unless `wanted` says less, and with nothing wanted all of it is kept for whoever comes and asks.

        Raises Conflict where the entry does not wait for it, where an obligation takes less than is wanted, or where
        more is wanted than came; InvalidRequest for obligations of several payees, which one entry cannot pay.
        """
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await self._confirm(connection, keys, town, entry, wanted, payee=payee, by=by, reason=reason, now=now)

    async def _confirm(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        entry: StatementEntry,
        wanted: Sequence[Wanted],
        *,
        payee: str | None,
        by: str,
        reason: str | None,
        now: datetime,
    ) -> None:
        if entry.amount.minor < 0:
            raise Conflict("This took money: say which entry it takes back, or set it aside.")
        wanted, payee = await self._checked(connection, town, entry, wanted, payee)
        payment_id = await enter(connection, keys, town, self._payments, entry, payee, wanted, by, now)
        await entries.move(
            connection, town.city.id, entry, Event.CONFIRMED, State.BOOKED,
            by=by, now=now, reason=reason, kind="payment", payment_id=payment_id, targets=told(wanted),
        )  # fmt: skip

    async def _checked(
        self,
        connection: Connection,
        town: Town,
        entry: StatementEntry,
        wanted: Sequence[Wanted],
        payee: str | None,
    ) -> tuple[list[Wanted], str]:
        left, checked, payees = entry.amount.minor, [], set()
        for number, one in enumerate(wanted):
            if one.obligation_id is None:
                raise InvalidRequest("Name the obligation by its id.", field=f"items.{number}.obligation")
            found = await obligations.open_amount(connection, town.city.id, one.obligation_id, lock=False)
            if found.currency != entry.amount.currency:
                detail = f"This is owed in {found.currency}, and what came is in {entry.amount.currency}."
                raise InvalidRequest(detail, field=f"items.{number}.obligation")
            takes = found.payable.minor
            if one.instalment is not None:
                parts = {part.number: part.due.minor for part in found.instalments}
                if one.instalment not in parts:
                    raise InvalidRequest(
                        f"This obligation has no instalment {one.instalment}.", field=f"items.{number}.instalment"
                    )
                takes = parts[one.instalment]
            amount = min(takes, left) if one.amount is None else one.amount.minor
            if not 0 < amount <= takes:
                raise Conflict(f"Of this {Money(takes, found.currency)} are due: more cannot be given to it.")
            if amount > left:
                raise Conflict(f"{entry.amount} came: more is wanted of it.")
            left -= amount
            checked.append(Wanted(one.obligation_id, one.instalment, Money(amount, found.currency)))
            payees.add(found.payee)
        own = payees_of(town.city, entry.account)
        if len(payees) > 1 or not payees <= set(own):
            raise InvalidRequest("What came to one payee's account pays what is owed to that payee.", field="items")
        chosen = payees.pop() if payees else payee or own[0]
        if chosen not in own:
            raise InvalidRequest(f"This account is not {chosen[:60]!r}'s.", field="payee")
        return checked, chosen

    async def reassign(
        self, town: Town, entry_id: UUID, wanted: Sequence[Wanted], *, by: str, reason: str, allowed: Allowed
    ) -> None:
        """It was for something else: what was booked is taken back, and booked for that, at once.

        Raises as `confirm`.
        """
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await self._undo(connection, keys, town, entry, by=by, reason=reason, now=now)
            entry = await entries.find(connection, keys, entry_id)
            await self._confirm(connection, keys, town, entry, wanted, payee=None, by=by, reason=reason, now=now)

    async def undo(self, town: Town, entry_id: UUID, *, by: str, reason: str, allowed: Allowed) -> None:
        """It was for something else: what was booked is taken back, and it waits again. Raises Conflict."""
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await self._undo(connection, keys, town, entry, by=by, reason=reason, now=now)

    async def _undo(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        entry: StatementEntry,
        *,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        if entry.state is State.BOOKED and entry.kind != "payment":
            raise Conflict(f"What was booked as a {entry.kind} is corrected at its payments, not here.")
        await entries.move(connection, town.city.id, entry, Event.UNDONE, State.QUEUED, by=by, now=now, reason=reason)
        await self._payments.take_back(
            connection, keys, town, Source("statement_entry", entry.entry_id), by=by, reason=reason, now=now
        )

    async def takes_back(
        self, town: Town, entry_id: UUID, original_id: UUID, *, by: str, reason: str | None, allowed: Allowed
    ) -> None:
        """The bank took another entry's money back with this one. Raises Conflict, InvalidRequest, NotFound."""
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await outgoing.reverse(
                connection, keys, town, self._payments, entry, original_id, by=by, now=now, reason=reason
            )

    async def payout(
        self, town: Town, entry_id: UUID, number: int, *, by: str, reason: str | None, allowed: Allowed
    ) -> None:
        """It is the gateway's payout that was suggested under this number (0 is the first), its fee included.

        Raises InvalidRequest where there is no such suggestion any more.
        """
        async with self._database.town(town.city.id) as connection:
            _, entry, now = await self._open(connection, town, entry_id, allowed)
            likely = await payouts.likely(connection, town, entry, now)
            if not 0 <= number < len(likely):
                raise InvalidRequest("There is no such payout any more: look at the entry again.", field="payout")
            await payouts.book(connection, town, self._payments, entry, likely[number], by=by, now=now, reason=reason)

    async def set_aside(self, town: Town, entry_id: UUID, *, by: str, reason: str, allowed: Allowed) -> None:
        """It is not the hub's. Raises Conflict where it does not wait."""
        async with self._database.town(town.city.id) as connection:
            _, entry, now = await self._open(connection, town, entry_id, allowed)
            await entries.move(
                connection, town.city.id, entry, Event.SET_ASIDE, State.SET_ASIDE, by=by, now=now, reason=reason
            )

    async def reopen(self, town: Town, entry_id: UUID, *, by: str, reason: str, allowed: Allowed) -> None:
        """It is the hub's after all. Raises Conflict where it was not set aside."""
        async with self._database.town(town.city.id) as connection:
            _, entry, now = await self._open(connection, town, entry_id, allowed)
            await entries.move(
                connection, town.city.id, entry, Event.REOPENED, State.QUEUED, by=by, now=now, reason=reason
            )

    async def _open(
        self, connection: Connection, town: Town, entry_id: UUID, allowed: Allowed
    ) -> tuple[TownKeys, StatementEntry, datetime]:
        keys = await self._vault.keys(connection, town.city.id)
        entry = await entries.find(connection, keys, entry_id, lock=True)
        allowed(entry)
        return keys, entry, self._clock.now()
