"""How far a charge is on its way to money: tries at a gateway, giving up, time that is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub.kernel.errors import Conflict
from hub.kernel.money import Money
from hub.payments import queries
from hub.payments.base import Part
from hub.payments.charges import Charge, locked, move
from hub.payments.model import Due
from hub.payments.settled import takes_less
from hub.payments.states import UNDER_WAY, Event, State
from hub.ports.payment_gateway import Outcome
from hub.storage.database import Connection

_MAY_BEGIN = frozenset({State.OPEN, State.PART_PAID})
_LESS = "What this is for was paid another way meanwhile, or less of it is owed now"


class Attempts(Part):
    async def begin_attempt(self, connection: Connection, city_id: int, charge_id: UUID, now: datetime) -> Due:
        """What is still due of it, and from now on a try is under way.

        Raises Conflict when it is paid, cancelled, expired, not by card, another try may still bring money, or less is
        owed now than it would bring.
        """
        charge = await locked(connection, city_id, charge_id)
        if charge.method != "card":
            raise Conflict("This payment is not by card: begin one that is.")
        if charge.attempt is not None:
            raise Conflict("Another try to pay this may still bring money: wait until it is over.")
        if charge.state not in _MAY_BEGIN or charge.closed is not None:
            raise Conflict(f"This cannot be paid: it is {charge.state}.")
        if charge.expires_at is not None and charge.expires_at <= now:
            raise Conflict("The time to pay this is over: begin a new payment.")
        if await _takes_less(connection, charge, charge.amount - charge.balances.captured):
            raise Conflict(f"{_LESS}: begin a new payment of what is still to be paid.")
        await move(connection, charge, Event.STARTED, now, by="payer", attempt="started")
        return Due(
            charge_id=charge_id,
            payment_id=charge.payment_id,
            payee=charge.payee,
            amount=charge.money(charge.amount - charge.balances.captured),
            title=charge.title,
            login=charge.login,
        )

    async def attempt_goes_on(self, connection: Connection, city_id: int, charge_id: UUID, amount: Money) -> None:
        """Raises Conflict where a try that was begun would bring more than is due now, as after it was paid another
        way.
        """
        charge = await locked(connection, city_id, charge_id)
        due = charge.amount - charge.balances.captured
        if charge.closed is not None or due <= 0:
            raise Conflict(f"There is nothing more to pay: it is {charge.closed or charge.state}.")
        if amount.minor > due:
            raise Conflict("A part of this was paid another way meanwhile: begin again when the try under way is over.")
        if await _takes_less(connection, charge, amount.minor):
            raise Conflict(f"{_LESS}: do not go on with the try under way.")

    async def attempt_pending(self, connection: Connection, city_id: int, charge_id: UUID, *, now: datetime) -> None:
        """The gateway says that it is under way. Where the money has come another way meanwhile, only that it may
        still come once more is remembered.
        """
        charge = await locked(connection, city_id, charge_id)
        if charge.attempt != "processing":
            if charge.state is State.PAID or charge.balances.captured >= charge.amount:
                await queries.set_attempt(connection, city_id, charge_id, "processing")
            else:
                await move(connection, charge, Event.PROCESSING, now, by="gateway", attempt="processing")

    async def attempt_ended(
        self,
        connection: Connection,
        city_id: int,
        charge_id: UUID,
        *,
        outcome: Outcome,
        reason: str | None,
        now: datetime,
        by: str = "gateway",
    ) -> None:
        """The try is over and brought no money; the payer may try again as long as the payment's time is not over."""
        charge = await locked(connection, city_id, charge_id)
        if charge.attempt is None:
            return
        if charge.state in UNDER_WAY:
            why = reason or outcome.value
            await move(connection, charge, Event.FAILED, now, by=by, attempt=None, reason=why)
        else:
            await queries.set_attempt(connection, city_id, charge_id, None)

    async def cancel(
        self,
        connection: Connection,
        city_id: int,
        payment_id: UUID,
        *,
        by: str,
        now: datetime,
        reason: str | None = None,
    ) -> None:
        """Give up what nobody has paid. Twice is once. Raises Conflict while a try is under way or when money has come,
        NotFound.
        """
        for charge in await _all_locked(connection, city_id, payment_id):
            if charge.state in {State.CANCELLED, State.EXPIRED}:
                continue
            if charge.state in UNDER_WAY:
                raise Conflict("A try to pay this is under way: wait until it is over.")
            if charge.state is not State.OPEN:
                raise Conflict("Money has come for this payment: it cannot be cancelled.")
            await move(connection, charge, Event.CANCELLED, now, by=by, attempt=None, closed="cancelled", reason=reason)

    async def end_settled(self, connection: Connection, city_id: int, now: datetime, limit: int = 500) -> int:
        """End what can be begun by card no more because less is owed now than it asks for; returns how many charges.

        By card alone: a transfer that was made before may come after its office has counted it, and is found by its
        charge. Of more than `limit` the younger ones wait until the older are over, a day at most.
        """
        ended = 0
        for row in await queries.by_card(connection, city_id, limit):
            if not await takes_less(connection, city_id, *row):
                continue
            charge = await locked(connection, city_id, row["charge_id"])
            if charge.state is State.OPEN:
                await move(
                    connection, charge, Event.EXPIRED, now, by="hub", attempt=None, closed="expired", reason="settled"
                )
                ended += 1
        return ended

    async def expire(self, connection: Connection, city_id: int, now: datetime, limit: int = 500) -> int:
        """End what nobody began to pay in time; returns how many payments. Those with a try under way wait for it."""
        ids = await queries.to_expire(connection, city_id, now, limit)
        for payment_id in ids:
            for charge in await _all_locked(connection, city_id, payment_id):
                if charge.state is State.OPEN:
                    await move(connection, charge, Event.EXPIRED, now, by="hub", attempt=None, closed="expired")
        return len(ids)


async def _takes_less(connection: Connection, charge: Charge, amount: int) -> bool:
    return await takes_less(connection, charge.city_id, charge.charge_id, charge.payee, charge.currency, amount)


async def _all_locked(connection: Connection, city_id: int, payment_id: UUID) -> list[Charge]:
    """Every charge before any of them moves: that locks the payment, for which whoever holds a charge waits."""
    return [
        await locked(connection, city_id, charge_id)
        for charge_id in await queries.charges_of(connection, city_id, payment_id)
    ]
