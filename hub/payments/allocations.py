"""What staff and statements do with money that is here: give it to obligations, take it back, see it reach the bank."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.money import Money
from hub.payments import ledger, queries
from hub.payments.base import Part
from hub.payments.charges import Charge, locked, move, of_its_currency
from hub.payments.creating import USED_BEFORE
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

        Raises Conflict where it does not take so much or so much is not left, and for a `request_id` that was for
        something else, InvalidRequest for an obligation of another payee or in another currency, NotFound.
        """
        charge = await locked(connection, town.city.id, charge_id)
        targets = [await target_of(connection, town.city.id, charge, one) for one in wanted]
        ids = [] if request_id is None else [request_id, *(uuid5(request_id, str(n + 1)) for n in range(len(targets)))]
        if made := await queries.allocated_as(connection, town.city.id, ids):
            asked = [(id_, one.obligation_id, one.instalment) for id_, one in zip(ids, targets, strict=False)]
            same = [one[:3] for one in made] == asked
            if not same or any(one.amount not in {None, row[3]} for one, row in zip(targets, made, strict=True)):
                raise Conflict(USED_BEFORE)
            return
        paid_at = await queries.last_money(connection, town.city.id, charge_id) or now
        before = charge.balances.allocated
        charge = await self._allocator.give(
            connection, keys, town, charge, targets, by=by, paid_at=paid_at, now=now, exactly=True, ids=ids
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
        """The gateway paid out: `lines` went from it to the bank, `fees` it kept; a line below zero is what it kept for
        what it gave back after that was paid out. The same statement entry counts once for a charge.

        Raises Conflict where the gateway has not so much of a charge (any more), InvalidRequest for another currency or
        a fee below nothing, NotFound.
        """
        kept = dict(fees)
        for charge_id, amount in sorted(lines, key=lambda line: line[0]):
            charge = await locked(connection, city_id, charge_id)
            gone = of_its_currency(charge, amount._replace(minor=abs(amount.minor)))
            paid = gone if amount.minor > 0 else -gone
            fee = of_its_currency(charge, kept[charge_id]) if charge_id in kept else 0
            source = await _of_payout(connection, city_id, charge_id, entry_id)
            if await ledger.is_booked(connection, city_id, charge_id, "paid_out", source):
                continue
            there = charge.balances.gateway
            if not (0 < paid + fee <= there or there <= paid + fee < 0):
                raise Conflict("One of these payments was paid out or given back just now: look at the entry again.")
            await ledger.book(
                connection, city_id, charge_id, charge.currency, "paid_out", source, now,
                gateway=-paid - fee, bank=paid, fee=fee,
            )  # fmt: skip

    async def not_in_bank(
        self, connection: Connection, city_id: int, payment_ids: Sequence[UUID], entry_id: UUID, now: datetime
    ) -> None:
        """An entry was no payout of these payments: what `in_bank` booked for it is taken back. Twice is once."""
        rows = await connection.fetch(
            "select charge_id from charges where city_id = $1 and payment_id = any ($2) order by charge_id",
            city_id,
            payment_ids,
        )
        for row in rows:
            charge = await locked(connection, city_id, row["charge_id"])
            source = await _of_payout(connection, city_id, charge.charge_id, entry_id)
            booked = await ledger.lines_of(connection, city_id, charge.charge_id, "paid_out", source)
            back = {account: -amount for account, amount in booked.items()}
            await ledger.book(connection, city_id, charge.charge_id, charge.currency, "taken_back", source, now, **back)


async def _of_payout(connection: Connection, city_id: int, charge_id: UUID, entry_id: UUID) -> tuple[str, UUID]:
    """As what a statement entry is the payout of a charge: as itself, or as another one each time that this was undone,
    since the ledger takes the same source once. The charge is locked.
    """
    source = ("statement_entry", entry_id)
    while await ledger.is_booked(connection, city_id, charge_id, "taken_back", source):
        source = (source[0], uuid5(source[1], "again"))
    return source


async def _reallocated(
    connection: Connection, charge: Charge, event: Event, amount: int, *, by: str, reason: str | None, now: datetime
) -> None:
    if amount:
        await move(connection, charge, event, now, by=by, attempt=charge.attempt, amount=amount, reason=reason)
