"""Captured money given to obligations, and taken back from them. The charge is locked by the caller.

The same obligation may be paid by two charges at once: what it still takes is asked under its own lock, obligations in
the order of their ids, so that two captures neither give it the last euro twice nor wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.obligations import service as obligations
from hub.payments import ledger, queries
from hub.payments.charges import Charge, of_its_currency, refresh
from hub.payments.model import Wanted
from hub.payments.told import Postings
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Given:
    """An allocation, in minor units; `left` is what of it has not been taken back."""

    allocation_id: UUID
    obligation_id: UUID
    instalment: int | None
    amount: int
    left: int


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be given how much; `amount` in minor units, None for all that it takes."""

    obligation_id: UUID
    instalment: int | None
    amount: int | None


class Allocator:
    """Gives and takes, each booked, written down and posted."""

    def __init__(self, postings: Postings) -> None:
        self._postings = postings

    async def fill_items(
        self, connection: Connection, keys: TownKeys, town: Town, charge: Charge, *, paid_at: datetime, now: datetime
    ) -> Charge:
        """Give the unallocated money to what the charge is meant for, as far as that still takes it."""
        if not charge.balances.unallocated:
            return charge
        items = await queries.items_left(connection, charge.city_id, charge.charge_id)
        targets = [Target(row["obligation_id"], row["instalment"], row["amount"]) for row in items if row["amount"] > 0]
        return await self.give(connection, keys, town, charge, targets, by="hub", paid_at=paid_at, now=now)

    async def give(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        targets: Sequence[Target],
        *,
        by: str,
        paid_at: datetime,
        now: datetime,
        exactly: bool = False,
        ids: Sequence[UUID] = (),
    ) -> Charge:
        """Allocate unallocated money in this order. What was cancelled, is gone, is paid, of another payee or in
        another currency takes nothing; `exactly`: that is a Conflict or InvalidRequest, as is too little money.
        `ids`: of the allocations that are made, one after the other.
        """
        await _lock(connection, charge, {one.obligation_id for one in targets})
        left, names = charge.balances.unallocated, iter(ids)
        for one in targets:
            takes = await self._takes(connection, charge, one, exactly=exactly)
            amount = min(left, takes if one.amount is None else min(takes, one.amount))
            if exactly and (amount <= 0 or one.amount not in {None, amount}):
                wanted = charge.money(takes if one.amount is None else one.amount)
                detail = (
                    f"{wanted} cannot be allocated: it takes {charge.money(takes)}, and {charge.money(left)} are left."
                )
                raise Conflict(detail)
            if amount > 0:
                left -= amount
                id_ = next(names, None) or new_uuid()
                await self._give(connection, keys, town, charge, id_, one, amount, by=by, paid_at=paid_at, now=now)
        return await refresh(connection, charge)

    async def _takes(self, connection: Connection, charge: Charge, target: Target, *, exactly: bool) -> int:
        try:
            found = await obligations.open_amount(connection, charge.city_id, target.obligation_id, lock=True)
        except NotFound:
            if exactly:
                raise
            return 0
        if exactly and found.payee != charge.payee:
            detail = f"This money is for {charge.payee}, and the obligation is owed to {found.payee}."
            raise InvalidRequest(detail, field="obligation")
        if exactly and found.currency != charge.currency:
            raise InvalidRequest(f"This money is in {charge.currency}, and the obligation is not.", field="obligation")
        return takes_of(found, charge.payee, charge.currency, target.instalment)

    async def _give(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        allocation_id: UUID,
        target: Target,
        amount: int,
        *,
        by: str,
        paid_at: datetime,
        now: datetime,
    ) -> None:
        row = (target.obligation_id, target.instalment, amount, None, now, by, None)
        await self._write(connection, charge, allocation_id, *row)
        source = ("allocation", allocation_id)
        await ledger.book(
            connection, charge.city_id, charge.charge_id, charge.currency, "allocated", source, now,
            allocated=amount, unallocated=-amount,
        )  # fmt: skip
        await self._post(
            connection, keys, town, charge, allocation_id, target.obligation_id, target.instalment, amount, paid_at, now
        )

    async def take(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        given: Given,
        amount: int,
        *,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        """Take `amount` of an allocation back: the money is unallocated, the posting is reversed."""
        allocation_id = new_uuid()
        row = (given.obligation_id, given.instalment, -amount, given.allocation_id, now, by, reason)
        await self._write(connection, charge, allocation_id, *row)
        source = ("allocation", allocation_id)
        await ledger.book(
            connection, charge.city_id, charge.charge_id, charge.currency, "unallocated", source, now,
            allocated=-amount, unallocated=amount,
        )  # fmt: skip
        # The office sees its own number again where all of it is taken back; a part of it is something new to it. A
        # part of the debt that is none any more is not named: the money goes back all the same.
        posted_as = given.allocation_id if amount == given.amount else allocation_id
        found = await obligations.open_amount(connection, charge.city_id, given.obligation_id, lock=True)
        instalment = next((one.number for one in found.instalments if one.number == given.instalment), None)
        await self._post(connection, keys, town, charge, posted_as, given.obligation_id, instalment, -amount, now, now)

    async def free(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        amount: int,
        *,
        first: Collection[UUID] = (),
        by: str,
        reason: str,
        now: datetime,
    ) -> Charge:
        """Have at least `amount` unallocated, or all there is: allocations are taken back, those in `first` before
        others and whether or not there is enough without them, then the newest first.
        """
        missing = amount - charge.balances.unallocated
        if missing <= 0 and not first:
            return charge
        chosen = amount
        there = await self.given(connection, charge)
        await _lock(connection, charge, {one.obligation_id for one in there})
        for given in sorted(there, key=lambda one: one.allocation_id in first, reverse=True):
            wanted = min(given.left, chosen if given.allocation_id in first else missing)
            if wanted > 0:
                await self.take(connection, keys, town, charge, given, wanted, by=by, reason=reason, now=now)
                missing, chosen = missing - wanted, chosen - wanted
        return await refresh(connection, charge)

    async def given(self, connection: Connection, charge: Charge) -> list[Given]:
        """What is allocated, the newest first."""
        rows = await connection.fetch(
            """select a.allocation_id, a.obligation_id, a.instalment, a.amount,
                      (a.amount + coalesce((select sum(t.amount) from allocations t where t.city_id = a.city_id
                                            and t.takes_from = a.allocation_id), 0))::bigint as left
               from allocations a where a.city_id = $1 and a.charge_id = $2 and a.takes_from is null
               order by a.at desc, a.allocation_id desc""",
            charge.city_id,
            charge.charge_id,
        )
        return [Given(*row) for row in rows if row["left"] > 0]

    async def _write(self, connection: Connection, charge: Charge, allocation_id: UUID, *row: object) -> None:
        await connection.execute(
            """insert into allocations (city_id, allocation_id, charge_id, obligation_id, instalment, amount,
                                        takes_from, at, by, reason)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
            charge.city_id,
            allocation_id,
            charge.charge_id,
            *row,
        )

    async def _post(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        allocation_id: UUID,
        obligation_id: UUID,
        instalment: int | None,
        amount: int,
        paid_at: datetime,
        now: datetime,
    ) -> None:
        await self._postings.post(
            connection,
            keys,
            town,
            allocation_id=allocation_id,
            payment_id=charge.payment_id,
            charge_id=charge.charge_id,
            obligation_id=obligation_id,
            instalment=instalment,
            amount=charge.money(amount),
            method=charge.method,
            paid_at=paid_at,
            now=now,
        )


async def _lock(connection: Connection, charge: Charge, obligation_ids: Collection[UUID]) -> None:
    """Of several obligations, all locks before any amount is looked at, in the order of their ids."""
    if len(obligation_ids) > 1:
        for obligation_id in sorted(obligation_ids):
            with suppress(NotFound):
                await obligations.open_amount(connection, charge.city_id, obligation_id, lock=True)


def takes(found: obligations.Open, instalment: int | None) -> int:
    """Minor units that an obligation, or one part of it, still takes."""
    if instalment is None:
        return max(found.due.minor, 0)
    part = next((one for one in found.instalments if one.number == instalment), None)
    return 0 if part is None else max(min(part.due.minor, found.due.minor), 0)


def takes_of(found: obligations.Open, payee: str, currency: str, instalment: int | None) -> int:
    """Minor units that it takes of money for that payee in that currency."""
    if found.cancelled or found.gone or found.payee != payee or found.currency != currency:
        return 0
    return takes(found, instalment)


async def target_of(connection: Connection, city_id: int, charge: Charge, wanted: Wanted) -> Target:
    """What staff or a statement mean. Raises NotFound for a reference nobody has, InvalidRequest for an amount that is
    none of the charge's.
    """
    obligation_id = wanted.obligation_id
    if obligation_id is None:
        payee = wanted.payee or charge.payee
        obligation_id = await obligations.find_by_reference(connection, city_id, payee, wanted.reference or "")
    if obligation_id is None:
        raise NotFound("Nothing is owed under this reference.")
    amount = None if wanted.amount is None else of_its_currency(charge, wanted.amount)
    return Target(obligation_id, wanted.instalment, amount)
