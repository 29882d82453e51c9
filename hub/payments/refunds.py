"""Money given back: asked for, decided by somebody else where the town says so, sent, and heard of.

What is approved is set aside, so that nobody gives it to anything meanwhile; what is in doubt stays set aside.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.kernel.money import Money
from hub.payments import ledger, queries
from hub.payments.base import Part
from hub.payments.charges import Charge, locked, move, note, of_its_currency, refresh, tell_money
from hub.payments.creating import USED_BEFORE
from hub.payments.lost import cover_lost
from hub.payments.model import RefundToSend, Way
from hub.payments.refund_rows import Refund, at_gateways, find, keep_words, locked_refund, send_soon, tell
from hub.payments.states import Event, RefundEvent, RefundState, allow
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

Heard = Literal["done", "pending", "refused", "in_doubt"]
_HEARD: dict[Heard, tuple[RefundEvent, RefundState]] = {
    "done": (RefundEvent.DONE, RefundState.DONE),
    "pending": (RefundEvent.PENDING, RefundState.SENT),
    "refused": (RefundEvent.REFUSED, RefundState.REFUSED),
    "in_doubt": (RefundEvent.DOUBT, RefundState.IN_DOUBT),
}


class Refunds(Part):
    async def ask_refund(
        self,
        town: Town,
        charge_id: UUID,
        amount: Money,
        reason: str,
        by: str,
        to: Literal["gateway", "bank"],
        *,
        allocations: Collection[UUID] = (),
        refund_id: UUID | None = None,
    ) -> UUID:
        """Ask for money to be given back, in a transaction of its own; where the town wants one person it is decided at
        once. `allocations` are taken back before others; `refund_id`: the same request again is the same refund.

        Raises Conflict for more than is there, or than a gateway can give back; InvalidRequest, NotFound.
        """
        city_id, now = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            charge = await locked(connection, city_id, charge_id)
            if refund_id is not None and (known := await find(connection, city_id, refund_id)):
                same = (charge_id, amount, to, reason)
                if (known.charge_id, charge.money(known.amount), known.way, known.reason) != same:
                    raise Conflict(USED_BEFORE)
                return refund_id
            wanted = (amount, reason, to, tuple(allocations), refund_id or new_uuid())
            return await self._ask(connection, keys, town, charge, *wanted, by=by, now=now)

    async def _ask(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        amount: Money,
        reason: str,
        way: Way,
        allocations: tuple[UUID, ...],
        refund_id: UUID,
        *,
        by: str,
        now: datetime,
    ) -> UUID:
        """Nothing is touched before it is decided."""
        charge_id = charge.charge_id
        minor = of_its_currency(charge, amount)
        known = {one.allocation_id for one in await self._allocator.given(connection, charge)}
        if stray := set(allocations) - known:
            detail = f"This charge has no allocation {public_id('alc', min(stray, key=str))}."
            raise InvalidRequest(detail, field="allocations")
        asked = await connection.fetchval(
            """select coalesce(sum(amount), 0)::bigint from refunds
               where city_id = $1 and charge_id = $2 and state = 'asked'""",
            charge.city_id,
            charge_id,
        )
        left = charge.balances.allocated + charge.balances.unallocated - asked
        if minor > left:
            raise Conflict(f"{charge.money(left)} of this charge can be given back, and not {amount}.")
        if way == "gateway" and minor > (by_card := await at_gateways(connection, charge)):
            raise Conflict(
                f"{charge.money(by_card)} of this charge can be given back by its gateway, and not {amount}."
            )
        await connection.execute(
            """insert into refunds (city_id, refund_id, charge_id, amount, way, state, state_at, allocations, reason,
                                    asked_by, asked_at)
               values ($1, $2, $3, $4, $5, 'asked', $6, $7, $8, $9, $6)""",
            charge.city_id, refund_id, charge_id, minor, way, now, list(allocations), reason, by,
        )  # fmt: skip
        refund = await locked_refund(connection, charge.city_id, refund_id)
        await note(
            connection, charge, "refund", RefundEvent.ASKED, None, RefundState.ASKED, now,
            by=by, amount=minor, reason=reason, about=refund_id,
        )  # fmt: skip
        if town.city.refunds.approval == "one":
            await self._approve(connection, keys, town, charge, refund, by=by, now=now)
        else:
            await tell(connection, charge, refund, RefundState.ASKED, now)
        return refund_id

    async def decide_refund(
        self,
        town: Town,
        refund_id: UUID,
        decision: Literal["approve", "refuse"],
        by: str,
        *,
        reason: str | None = None,
    ) -> None:
        """In a transaction of its own. Raises Forbidden where who asked would decide and the town wants two people;
        Conflict where the money has gone meanwhile, or it was decided; NotFound.
        """
        city_id, now = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            charge, refund = await self._both(connection, city_id, refund_id)
            if town.city.refunds.approval == "two_people" and by == refund.asked_by:
                raise Forbidden("You asked for this refund: a colleague decides.")
            if decision == "approve":
                await self._approve(connection, keys, town, charge, refund, by=by, now=now)
            else:
                target = RefundState.DECLINED
                await self._move(connection, charge, refund, RefundEvent.DECLINED, target, now, by=by, reason=reason)

    async def refunds_to_send(self, connection: Connection, city_id: int) -> list[RefundToSend]:
        """Those that are approved and that a gateway is to be told, the oldest first; one it cannot be told stays."""
        return await queries.refunds_to_send(connection, city_id)

    async def _approve(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        refund: Refund,
        *,
        by: str,
        now: datetime,
    ) -> None:
        allow("refund", RefundEvent.APPROVED, refund.state, RefundState.APPROVED)
        charge = await self._allocator.free(
            connection, keys, town, charge, refund.amount,
            first=refund.allocations, by=by, reason=f"refund {public_id('rfd', refund.refund_id)}", now=now,
        )  # fmt: skip
        if charge.balances.unallocated < refund.amount:
            detail = f"Only {charge.money(charge.balances.unallocated)} are left to be given back by now."
            raise Conflict(detail)
        # It is among them by now: what the payer's bank took back since it was asked for is not given back as well.
        if refund.way == "gateway" and await at_gateways(connection, charge) < 0:
            raise Conflict("Its gateway has given back, or has had taken back, too much of this charge by now.")
        await self._book(
            connection, charge, refund, "refund_set_aside", now, unallocated=-refund.amount, refunding=refund.amount
        )
        await self._move(connection, charge, refund, RefundEvent.APPROVED, RefundState.APPROVED, now, by=by)
        await connection.execute(
            "update refunds set decided_by = $3, decided_at = $4 where city_id = $1 and refund_id = $2",
            charge.city_id, refund.refund_id, by, now,
        )  # fmt: skip
        await send_soon(connection, charge, refund)

    async def refund_sent(self, connection: Connection, city_id: int, refund_id: UUID, now: datetime) -> None:
        """Written before the gateway is told; raises Conflict for one that is not to be sent (any more)."""
        charge, refund = await self._both(connection, city_id, refund_id)
        await self._move(connection, charge, refund, RefundEvent.SENT, RefundState.SENT, now, by="hub")

    async def refund_again(
        self, connection: Connection, city_id: int, refund_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None:
        """Somebody looked: it was not given back, and is sent again."""
        charge, refund = await self._both(connection, city_id, refund_id)
        await self._move(connection, charge, refund, RefundEvent.AGAIN, RefundState.APPROVED, now, by=by, reason=reason)
        await send_soon(connection, charge, refund)

    async def refund_came_back(
        self,
        connection: Connection,
        city_id: int,
        refund_id: UUID,
        reference: str | None,
        now: datetime,
        *,
        by: str,
        reason: str,
    ) -> None:
        """A transfer was made, and the payer's bank sent it back: its money is here and unallocated, and is given back
        by another refund, which is decided like any. Twice is once. Raises Conflict for one that was not transferred.
        """
        charge, refund = await self._both(connection, city_id, refund_id)
        if refund.state is RefundState.CAME_BACK:
            return
        allow("refund", RefundEvent.CAME_BACK, refund.state, RefundState.CAME_BACK)
        if refund.way != "bank":
            raise Conflict("This was not given back by a transfer: what a gateway did is asked about there.")
        amount = refund.amount
        await self._book(
            connection, charge, refund, "refund_came_back", now,
            unallocated=amount, refunded=-amount, bank=amount, payer=-amount,
        )  # fmt: skip
        await self._move(
            connection, charge, refund, RefundEvent.CAME_BACK, RefundState.CAME_BACK, now, by=by, reason=reason
        )
        await keep_words(connection, charge, refund, reason, reference)
        charge = await move(
            connection, charge, Event.REFUND_CAME_BACK, now,
            by=by, attempt=charge.attempt, amount=amount, about=refund_id,
        )  # fmt: skip
        await cover_lost(connection, charge, ("refund_came_back", refund_id), now)

    async def refund_heard(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        refund_id: UUID,
        outcome: Heard,
        word: str | None,
        reference: str | None,
        now: datetime,
        *,
        by: str = "gateway",
    ) -> None:
        """What became of it. The same again changes nothing; what contradicts the end it came to raises Conflict."""
        charge, refund = await self._both(connection, town.city.id, refund_id)
        event, target = _HEARD[outcome]
        if refund.state is target and outcome != "pending":
            return
        allow("refund", event, refund.state, target)
        amount = refund.amount
        if outcome == "done":
            account = "refunding"
            if refund.state is RefundState.REFUSED:
                reason = f"refund {public_id('rfd', refund_id)}"
                charge = await self._allocator.free(
                    connection, keys, town, charge, amount, by=by, reason=reason, now=now
                )
                if charge.balances.unallocated < amount:
                    raise Conflict("This refund was refused, and its money went elsewhere: book what happened there.")
                account = "unallocated"
            await self._book(
                connection, charge, refund, "refunded", now,
                **{account: -amount, "refunded": amount, refund.way: -amount, "payer": amount},
            )  # fmt: skip
        elif outcome == "refused":
            await self._book(connection, charge, refund, "refund_returned", now, refunding=-amount, unallocated=amount)
            charge = await cover_lost(connection, await refresh(connection, charge), ("refund", refund_id), now)
        await self._move(connection, charge, refund, event, target, now, by=by, reason=word)
        await keep_words(connection, charge, refund, word, reference)
        if outcome == "done":
            await move(
                connection, charge, Event.REFUNDED, now, by=by, attempt=charge.attempt, amount=amount, about=refund_id
            )

    async def _both(self, connection: Connection, city_id: int, refund_id: UUID) -> tuple[Charge, Refund]:
        """The charge first: whoever changes any of its rows waits for it."""
        charge_id = await connection.fetchval(
            "select charge_id from refunds where city_id = $1 and refund_id = $2", city_id, refund_id
        )
        if charge_id is None:
            raise NotFound("There is no such refund.")
        return await locked(connection, city_id, charge_id), await locked_refund(connection, city_id, refund_id)

    @staticmethod
    async def _book(
        connection: Connection, charge: Charge, refund: Refund, event: str, now: datetime, **lines: int
    ) -> None:
        source = ("refund", refund.refund_id)
        await ledger.book(connection, charge.city_id, charge.charge_id, charge.currency, event, source, now, **lines)

    @staticmethod
    async def _move(
        connection: Connection,
        charge: Charge,
        refund: Refund,
        event: RefundEvent,
        target: RefundState,
        now: datetime,
        *,
        by: str,
        reason: str | None = None,
    ) -> None:
        allow("refund", event, refund.state, target)
        await connection.execute(
            """update refunds set state = $3, state_at = case when state = $3 then state_at else $4 end
               where city_id = $1 and refund_id = $2""",
            charge.city_id, refund.refund_id, target, now,
        )  # fmt: skip
        await note(
            connection, charge, "refund", event, refund.state, target, now,
            by=by, amount=refund.amount, reason=reason, about=refund.refund_id,
        )  # fmt: skip
        await tell(connection, charge, refund, target, now, word=reason or "")
        await tell_money(connection, await refresh(connection, charge), now)
