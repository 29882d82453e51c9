"""A charge under its lock: every event of it goes through `move`, which judges it by the table and writes it down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub.alerts import service as alerts
from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.kernel.money import Money
from hub.payments import ledger
from hub.payments.model import Method
from hub.payments.states import Balances, Event, State, allow, state_of, together
from hub.storage.database import Connection

UNALLOCATED = "payment_unallocated"
"""Alert: money that came in and belongs to nothing yet."""
REFUSED = "refund_refused"
"""Alert: a refund was refused, so its money is here and needs another way."""
LOST = "payment_money_lost"
"""Alert: more was taken from the town than the charge had left."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as it stands, locked by its reader."""

    city_id: int
    charge_id: UUID
    payment_id: UUID
    payee: str
    currency: str
    amount: int
    title: str
    attempt: str | None
    closed: str | None
    state: State
    method: Method
    login: str | None
    expires_at: datetime | None
    balances: Balances

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def known_as(self) -> str:
        return public_id("chg", self.charge_id)


async def locked(connection: Connection, city_id: int, charge_id: UUID) -> Charge:
    """The charge, until the end of the transaction nobody else's to change. Raises NotFound."""
    row = await connection.fetchrow(
        """select c.payment_id, c.payee, c.currency, c.amount, c.title, c.attempt, c.closed, c.state, p.method, p.login,
                  p.expires_at
           from charges c join payments p on p.city_id = c.city_id and p.payment_id = c.payment_id
           where c.city_id = $1 and c.charge_id = $2 for update of c""",
        city_id,
        charge_id,
    )
    if row is None:
        raise NotFound("There is no such charge.")
    balances = await ledger.balances(connection, city_id, charge_id)
    values: dict[str, Any] = {**row, "state": State(row["state"])}
    return Charge(city_id=city_id, charge_id=charge_id, balances=balances, **values)


def of_its_currency(charge: Charge, amount: Money) -> int:
    """Minor units. Raises InvalidRequest for another currency, or for what is no amount above zero."""
    if amount.currency != charge.currency:
        detail = f"This charge is in {charge.currency}: an amount in {amount.currency} cannot be booked on it."
        raise InvalidRequest(detail, field="amount")
    if amount.minor <= 0:
        raise InvalidRequest("Write an amount above zero.", field="amount")
    return amount.minor


async def refresh(connection: Connection, charge: Charge) -> Charge:
    """With what the ledger says by now."""
    return replace(charge, balances=await ledger.balances(connection, charge.city_id, charge.charge_id))


async def move(
    connection: Connection,
    charge: Charge,
    event: Event,
    now: datetime,
    *,
    by: str,
    attempt: str | None,
    closed: str | None = None,
    amount: int | None = None,
    reason: str | None = None,
    about: UUID | None = None,
) -> Charge:
    """Something happened: the state that follows, its payment's, the journal, and the alert about what is unallocated.

    `attempt` is what is under way afterwards. Raises Conflict where the table has no such edge.
    """
    charge = await refresh(connection, charge)
    money = bool(charge.balances.captured) or await had_money(connection, charge)
    closed = closed or charge.closed
    state = state_of(charge.amount, charge.balances, attempt=attempt, closed=closed, had_money=money)
    allow("charge", event, charge.state, state)
    await connection.execute(
        """update charges set state = $3, attempt = $4, closed = $5,
                              state_at = case when state = $3 then state_at else $6 end
           where city_id = $1 and charge_id = $2""",
        charge.city_id,
        charge.charge_id,
        state,
        attempt,
        closed,
        now,
    )
    await note(
        connection, charge, "charge", event, charge.state, state, now, by=by, amount=amount, reason=reason, about=about
    )
    await payment_follows(connection, charge, now, money=money)
    await tell_money(connection, charge, now)
    return replace(charge, state=state, attempt=attempt, closed=closed)


async def note(
    connection: Connection,
    charge: Charge,
    noun: str,
    event: StrEnum,
    old: StrEnum | None,
    new: StrEnum,
    now: datetime,
    *,
    by: str,
    amount: int | None = None,
    reason: str | None = None,
    about: UUID | None = None,
) -> None:
    """A line of the journal."""
    await connection.execute(
        """insert into payment_events (city_id, event_id, payment_id, charge_id, about_id, noun, event, from_state,
                                       to_state, amount, at, by, reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        charge.city_id,
        new_uuid(),
        charge.payment_id,
        charge.charge_id,
        about,
        noun,
        event,
        old,
        new,
        amount,
        now,
        by,
        reason,
    )


async def payment_follows(connection: Connection, charge: Charge, now: datetime, *, money: bool) -> None:
    """The payment is at what its charges are at. Those of one payment that change at once wait for each other here."""
    key = (charge.city_id, charge.payment_id)
    await connection.execute("select from payments where city_id = $1 and payment_id = $2 for update", *key)
    states = await connection.fetch("select state from charges where city_id = $1 and payment_id = $2", *key)
    after = together(State(row["state"]) for row in states)
    await connection.execute(
        """update payments set state = $3, changed_at = $4, money = money or $5
           where city_id = $1 and payment_id = $2""",
        *key,
        after,
        now,
        money,
    )


async def tell_money(connection: Connection, charge: Charge, now: datetime) -> None:
    """Money that belongs to nothing is told until somebody has seen to it; what was lost, until it is there again."""
    about = charge.known_as
    if left := charge.balances.unallocated:
        says = (
            f"{charge.money(left)} came in for {charge.payee} and belongs to nothing yet: allocate it or give it back"
        )
        detail = detail_of(charge, left, says) | {"charge": about}
        await alerts.raise_alert(
            connection, charge.city_id, kind=UNALLOCATED, about=about, detail=detail, now=now, times=1
        )
    else:
        for kind in (UNALLOCATED, REFUSED):
            await alerts.settle(connection, charge.city_id, kind=kind, about=about, now=now)
    if not charge.balances.lost:
        await alerts.settle(connection, charge.city_id, kind=LOST, about=about, now=now)


async def tell_lost(connection: Connection, charge: Charge, lost: int, because: str, now: datetime) -> None:
    """The town has lost money by it, and somebody has to see why."""
    says = f"{charge.money(lost)} were taken from {charge.payee} beyond what the charge had left: {because}"
    detail = detail_of(charge, lost, says) | {"charge": charge.known_as}
    await alerts.raise_alert(connection, charge.city_id, kind=LOST, about=charge.known_as, detail=detail, now=now)


def detail_of(charge: Charge, minor: int, says: str) -> dict[str, Any]:
    """The detail of an alert about `minor` of a charge's money, of which hub.watch.letters takes all but `says`."""
    amount = {"minor": minor, "currency": charge.currency}
    return {"says": says, "amount": amount, "payment": public_id("pay", charge.payment_id), "payee": charge.payee}


async def had_money(connection: Connection, charge: Charge) -> bool:
    """Whether anything was ever booked, be it that it was taken back."""
    return bool(
        await connection.fetchval(
            "select exists (select from captures where city_id = $1 and charge_id = $2)",
            charge.city_id,
            charge.charge_id,
        )
    )
