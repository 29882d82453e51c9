"""Where staff handle money: a transaction in which a payment lies open, theirs by its payee, its reading recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson
from fastapi.responses import Response

from hub.access_log import service as access_log
from hub.kernel.errors import NotFound
from hub.kernel.ids import public_id
from hub.obligations import candidates
from hub.obligations import service as obligations
from hub.payments import views
from hub.payments.model import Wanted
from hub.payments.views import ChargeSeen, PaymentSeen
from portal_api.admin import payment_shapes as shapes
from portal_api.admin.looking import actor_of, refuse_oneself, why
from portal_api.requests import Staff

_KEYS = UUID("6f0f5c1e-6d52-4c1d-9d57-1f8f0f6a7c11")
"""Any UUID, the same for ever: what is made of an Idempotency-Key has an id that follows from it (RFC 9562 §5.5)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A transaction of the town in which a payment lies open."""

    staff: Staff
    connection: Any
    keys: Any
    payment_id: UUID
    charge: ChargeSeen
    now: Any

    @property
    def charge_id(self) -> UUID:
        return UUID(str(self.charge.row["charge_id"]))

    async def whole(self) -> dict[str, Any]:
        return await whole_payment(self.staff, self.connection, self.payment_id)


@asynccontextmanager
async def looking(staff: Staff, what: str, payment_id: UUID, reason: str | None = None) -> AsyncIterator[Desk]:
    """Recorded for the person it belongs to."""
    hub, city_id, now = staff.hub, staff.town.city.id, staff.hub.clock.now()
    async with hub.database.town(city_id) as connection:
        seen = theirs(staff, await views.one(connection, city_id, payment_id))
        if not seen.charges:
            raise NotFound("There is no such payment here.")
        subject_id = seen.row["subject_id"]
        if subject_id is not None:
            about = why(staff, reason, public_id("pay", payment_id))
            await access_log.record(
                connection, actor=actor_of(staff), subject_id=subject_id, what=what, why=about, at=now
            )
        keys = await hub.vault.keys(connection, city_id)
        yield Desk(staff, connection, keys, payment_id, seen.charges[0], now)


@asynccontextmanager
async def at_charge(
    staff: Staff,
    what: str,
    wanted: UUID,
    table: str | None = None,
    *,
    oneself: bool = True,
    to: Sequence[Wanted] = (),
) -> AsyncIterator[Desk]:
    """The charge, or that of a row of `table`: of a payee that is theirs, else there is none.

    `oneself`: whether whoever asks may be who pays, or owes what it is for, or what in `to` she would give it to.
    Raises Forbidden where she may not.
    """
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        charge_id = wanted if table is None else await views.charge_of(connection, city_id, table, wanted)
        payment_id = await views.payment_of_charge(connection, city_id, charge_id)
        seen = theirs(staff, await views.one(connection, city_id, payment_id))
    charge = next((one for one in seen.charges if one.row["charge_id"] == charge_id), None)
    if charge is None:
        raise NotFound("There is no such charge here.")
    if not oneself:
        named = [*to, *(Wanted(obligation_id=one["obligation_id"]) for one in charge.items)]
        async with staff.hub.database.town(city_id) as connection:
            people = await _debtors(staff, connection, charge.row["payee"], named)
        await _refuse(staff, people | ({seen.row["subject_id"]} - {None}))
    async with looking(staff, what, payment_id) as desk:
        yield Desk(staff, desk.connection, desk.keys, payment_id, charge, desk.now)


async def refuse_own_debts(staff: Staff, payee: str, wanted: Sequence[Wanted]) -> None:
    """Raises Forbidden where somebody would book money for what she owes herself, to `payee` or as it is named."""
    async with staff.hub.database.town(staff.town.city.id) as connection:
        people = await _debtors(staff, connection, payee, wanted)
    await _refuse(staff, people)


async def _debtors(staff: Staff, connection: Any, payee: str, wanted: Sequence[Wanted]) -> set[UUID]:
    city_id, named = staff.town.city.id, set()
    for one in wanted:
        found = one.obligation_id
        if found is None and one.reference:
            found = await obligations.find_by_reference(connection, city_id, one.payee or payee, one.reference)
        named.add(found)
    return await candidates.debtors(connection, city_id, [one for one in named if one is not None])


async def _refuse(staff: Staff, people: set[UUID]) -> None:
    """Raises Forbidden where whoever asks is one of them. Who comes in by which login is behind a door of its own."""
    if people:
        async with staff.hub.database.identity(staff.town.city.id) as connection:
            for subject_id in people:
                await refuse_oneself(staff, connection, subject_id)


async def after(staff: Staff, charge_id: UUID) -> dict[str, Any]:
    """What it is after a verb that has a transaction of its own; who did it has looked and that is recorded."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        return await whole_payment(staff, connection, await views.payment_of_charge(connection, city_id, charge_id))


async def whole_payment(staff: Staff, connection: Any, payment_id: UUID) -> dict[str, Any]:
    city_id, reader = staff.town.city.id, staff.reader
    seen = theirs(staff, await views.one(connection, city_id, payment_id))
    ids = [one.row["charge_id"] for one in seen.charges]
    captures = await views.captures(connection, city_id, ids)
    allocations = await views.allocations(connection, city_id, ids)
    ledger = await views.ledger(connection, city_id, ids)
    events = [one for one in await views.events(connection, city_id, payment_id) if one["charge_id"] in ids]
    postings = await staff.hub.postings.state(connection, city_id, [one["allocation_id"] for one in allocations])

    def of(rows: list[views.Row], charge_id: UUID) -> list[views.Row]:
        return [row for row in rows if row["charge_id"] == charge_id]

    subject_id = seen.row["subject_id"]
    return shapes.payment_out(reader, seen) | {
        "subject": public_id("sub", subject_id) if subject_id else None,
        "charges": [
            shapes.charge_whole(reader, one, of(captures, id_), of(allocations, id_), of(ledger, id_), postings)
            for one, id_ in zip(seen.charges, ids, strict=True)
        ],
        "events": [shapes.event_out(reader, one, seen.row["currency"]) for one in events],
    }


def covers(staff: Staff, payee: str) -> bool:
    return any(grant.covers(payee, None) for grant in staff.grants)


def theirs(staff: Staff, seen: PaymentSeen) -> PaymentSeen:
    """With the charges of their payees alone."""
    return PaymentSeen(seen.row, [one for one in seen.charges if covers(staff, one.row["payee"])])


def made_of(staff: Staff, key: str) -> UUID:
    """The id of what is made of a request: the same request again finds what was made of it."""
    return uuid5(_KEYS, f"{staff.town.city.id}/{staff.name}/{key}")


def as_json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json", headers={"Cache-Control": "no-store"})
