"""What staff and statements do with money that is here: give it to obligations, take it back, see it reach the bank."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.errors import NotFound
from hub.kernel.money import Money
from hub.payments import ledger, queries
from hub.payments.base import Part
from hub.payments.charges import Charge, locked, move, of_its_currency
from hub.payments.model import Wanted
from hub.payments.money import target_of
from hub.payments.states import Event
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


class Allocations(Part):
    async def allocate(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge_id: UUID,
        wanted: Sequence[Wanted],
        *,
        by: str,
        now: datetime,
        request_id: UUID | None = None,
    ) -> None:
        """Give unallocated money to what somebody says, all of it or nothing; with the same `request_id` once.

        Raises Conflict where it does not take so much or so much is not left, InvalidRequest for an obligation of
        another payee or in another currency, NotFound.
        """
        charge = await locked(connection, town.city.id, charge_id)
        if request_id is not None and await queries.is_allocation(connection, town.city.id, request_id):
            return
        targets = [await target_of(connection, town.city.id, charge, one) for one in wanted]
        paid_at = await queries.last_money(connection, town.city.id, charge_id) or now
        before = charge.balances.allocated
        charge = await self._allocator.give(
            connection, keys, town, charge, targets, by=by, paid_at=paid_at, now=now, exactly=True, first_id=request_id
        )
        amount = charge.balances.allocated - before
        await _reallocated(connection, charge, Event.ALLOCATED, amount, by=by, reason=None, now=now)

    async def unallocate(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        allocation_id: UUID,
        *,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        """Take an allocation back: its money is unallocated, its posting reversed. Twice is once. Raises NotFound."""
        charge_id = await queries.charge_of_allocation(connection, town.city.id, allocation_id)
        if charge_id is None:
            raise NotFound("There is no such allocation.")
        charge = await locked(connection, town.city.id, charge_id)
        for given in await self._allocator.given(connection, charge):
            if given.allocation_id == allocation_id:
                await self._allocator.take(
                    connection, keys, town, charge, given, given.left, by=by, reason=reason, now=now
                )
                await _reallocated(connection, charge, Event.UNALLOCATED, given.left, by=by, reason=reason, now=now)

    async def in_bank(
        self,
        connection: Connection,
        city_id: int,
        lines: Sequence[tuple[UUID, Money]],
        entry_id: UUID,
        now: datetime,
        *,
        fees: Sequence[tuple[UUID, Money]] = (),
    ) -> None:
        """The gateway paid out: `lines` went from it to the bank, `fees` it kept. The same statement entry counts once
        for a charge. Raises InvalidRequest for another currency or an amount below nothing, NotFound.
        """
        kept = dict(fees)
        for charge_id, amount in sorted(lines, key=lambda line: line[0]):
            charge = await locked(connection, city_id, charge_id)
            paid = of_its_currency(charge, amount)
            fee = of_its_currency(charge, kept[charge_id]) if charge_id in kept else 0
            source = ("statement_entry", entry_id)
            if not await ledger.is_booked(connection, city_id, charge_id, "paid_out", source):
                await ledger.book(
                    connection, city_id, charge_id, charge.currency, "paid_out", source, now,
                    gateway=-paid - fee, bank=paid, fee=fee,
                )  # fmt: skip


async def _reallocated(
    connection: Connection, charge: Charge, event: Event, amount: int, *, by: str, reason: str | None, now: datetime
) -> None:
    if amount:
        await move(connection, charge, event, now, by=by, attempt=charge.attempt, amount=amount, reason=reason)
