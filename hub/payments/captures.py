"""Money that comes in: for a charge, or without one; and what was booked by mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money, NotExact, minor_units
from hub.payments import ledger
from hub.payments.base import Part
from hub.payments.charges import Charge, locked, move, note, of_its_currency, refresh, tell_lost
from hub.payments.creating import USED_BEFORE, digests
from hub.payments.model import Captured, Method, Source, Wanted
from hub.payments.money import target_of
from hub.payments.states import Event, State
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_METHOD: Mapping[str, Method] = {"attempt": "card", "statement_entry": "transfer", "counter": "counter"}
_BY: Mapping[str, str] = {"attempt": "gateway", "statement_entry": "bank", "counter": "counter"}


@dataclass(frozen=True, slots=True)
class _Counted:
    """A source that is in the ledger. `asked`: a keyed hash of the request that made its payment."""

    capture_id: UUID
    charge_id: UUID
    payment_id: UUID
    amount: int
    taken_back: bool
    asked: bytes | None


class Captures(Part):
    async def captured(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge_id: UUID,
        amount: Money,
        source: Source,
        at: datetime,
        now: datetime,
        *,
        by: str | None = None,
    ) -> Captured:
        """Money came for a charge, whatever has become of that: late money is money.

        It is given to what the charge is meant for, as far as that still takes it; the rest is unallocated and told.
        A source that was counted before changes nothing. Raises InvalidRequest for another currency, Conflict for a
        source that was counted with another amount or for another charge, NotFound.
        """
        if source.kind == "counter":
            await _one_at_a_time(connection, town.city.id, source)
        charge = await locked(connection, town.city.id, charge_id)
        minor = of_its_currency(charge, amount)
        if known := await _counted(connection, town.city.id, source):
            if (known.charge_id, known.amount) != (charge_id, minor):
                raise Conflict("This money was counted before, with another amount or for something else.")
            return Captured(first=False, allocated=charge.money(0), unallocated=charge.money(0))
        before = charge.balances
        charge = await self._come(connection, charge, minor, source, at=at, now=now)
        charge = await self._allocator.fill_items(connection, keys, town, charge, paid_at=at, now=now)
        attempt = None if source.kind == "attempt" else charge.attempt
        who = by or _BY[source.kind]
        await move(connection, charge, Event.CAPTURED, now, by=who, attempt=attempt, amount=minor)
        allocated = charge.balances.allocated - before.allocated
        return Captured(first=True, allocated=charge.money(allocated), unallocated=charge.money(minor - allocated))

    async def receive(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        *,
        payee: str,
        amount: Money,
        source: Source,
        at: datetime,
        now: datetime,
        subject_id: UUID | None = None,
        allocations: Sequence[Wanted] = (),
        by: str = "bank",
    ) -> UUID:
        """Money that nobody had announced: it makes a payment of its own, with the allocations it is known to be for.

        They take what they still take; the rest is unallocated and told. Returns the payment, also of a source that
        was counted before. Raises InvalidRequest, Conflict as `captured` and for a request at the counter that was for
        something else, NotFound for a reference nobody has.
        """
        city = town.city
        try:
            minor_units(amount.currency)
        except NotExact as error:
            raise InvalidRequest(f"{error}.", field="amount") from None
        if payee not in city.payees:
            raise InvalidRequest(f"There is no payee {payee[:60]!r}.", field="payee")
        await _one_at_a_time(connection, city.id, source)
        asked = digests(keys, "take_at_counter", [payee, amount], allocations) if source.kind == "counter" else []
        if known := await _counted(connection, city.id, source):
            charge = await locked(connection, city.id, known.charge_id)
            if (charge.payee, charge.money(known.amount)) != (payee, amount):
                raise Conflict("This money was counted before, with another amount or for somebody else.")
            if asked and known.asked not in asked:
                raise Conflict(USED_BEFORE)
            return known.payment_id
        if amount.minor <= 0:
            raise InvalidRequest("Write an amount above zero.", field="amount")
        payment_id, charge_id = new_uuid(), new_uuid()
        title = city.payees[payee].name.get(city.language) or payee
        await connection.execute(
            """insert into payments (city_id, payment_id, subject_id, currency, method, language, request_key,
                                     request_digest, state, created_at, changed_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $9)""",
            city.id, payment_id, subject_id, amount.currency, _METHOD[source.kind], city.language,
            str(source.id) if asked else None, asked[0] if asked else None, now,
        )  # fmt: skip
        await connection.execute(
            """insert into charges (city_id, charge_id, payment_id, payee, currency, amount, title, state, state_at)
               values ($1, $2, $3, $4, $5, $6, $7, 'open', $8)""",
            city.id, charge_id, payment_id, payee, amount.currency, amount.minor, title, now,
        )  # fmt: skip
        charge = await locked(connection, city.id, charge_id)
        await note(connection, charge, "charge", Event.CREATED, None, State.OPEN, now, by=by, amount=amount.minor)
        charge = await self._come(connection, charge, amount.minor, source, at=at, now=now)
        targets = [await target_of(connection, city.id, charge, one) for one in allocations]
        charge = await self._allocator.give(connection, keys, town, charge, targets, by=by, paid_at=at, now=now)
        await move(connection, charge, Event.CAPTURED, now, by=by, attempt=None, amount=amount.minor)
        return payment_id

    async def _come(
        self, connection: Connection, charge: Charge, minor: int, source: Source, *, at: datetime, now: datetime
    ) -> Charge:
        capture_id = new_uuid()
        await connection.execute(
            """insert into captures (city_id, capture_id, charge_id, source_kind, source_id, amount, at, booked_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8)""",
            charge.city_id, capture_id, charge.charge_id, source.kind, source.id, minor, at, now,
        )  # fmt: skip
        lines = {"captured": -minor, "unallocated": minor, ledger.PLACE[source.kind]: minor, "payer": -minor}
        cause = ("capture", capture_id)
        await ledger.book(
            connection, charge.city_id, charge.charge_id, charge.currency, "captured", cause, now, **lines
        )
        return await refresh(connection, charge)

    async def take_back(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        source: Source,
        *,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        """It was booked by mistake, or the bank took its entry back. Twice is once.

        Allocations of it are taken back, the newest first. What was given back to the payer by then is lost to the
        town, and somebody is told. Raises NotFound for a source that was never counted.
        """
        known = await _counted(connection, town.city.id, source)
        if known is None:
            if await _was_counted(connection, town.city.id, source):
                return
            raise NotFound("This money was not counted.")
        charge = await locked(connection, town.city.id, known.charge_id)
        # Looked at again under the lock.
        known = await _counted(connection, town.city.id, source)
        if known is None or known.taken_back:
            return
        charge = await self._allocator.free(connection, keys, town, charge, known.amount, by=by, reason=reason, now=now)
        covered = min(known.amount, charge.balances.unallocated)
        lost = known.amount - covered
        await connection.execute(
            "update captures set taken_back_at = $3, lost = $4 where city_id = $1 and capture_id = $2",
            charge.city_id, known.capture_id, now, lost,
        )  # fmt: skip
        lines = {"captured": covered, "unallocated": -covered, "payer": covered, "lost": lost}
        lines[ledger.PLACE[source.kind]] = -known.amount
        cause = ("capture", known.capture_id)
        await ledger.book(
            connection, charge.city_id, charge.charge_id, charge.currency, "taken_back", cause, now, **lines
        )
        charge = await move(
            connection, charge, Event.TAKEN_BACK, now,
            by=by, attempt=charge.attempt, amount=known.amount, reason=reason,
        )  # fmt: skip
        if lost:
            await tell_lost(connection, charge, lost, "what was booked was taken back after it was given back", now)

    async def take_counter_back(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        capture_id: UUID,
        *,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        """What was booked at the counter and did not come, or not so much. Twice is once.

        Raises Conflict for what a bank or a gateway brought, Forbidden where who booked it would take it back and the
        town wants two people, NotFound.
        """
        row = await connection.fetchrow(
            """select k.source_kind, k.source_id, e.by from captures k
               join charges c on c.city_id = k.city_id and c.charge_id = k.charge_id
               left join payment_events e on e.city_id = k.city_id and e.payment_id = c.payment_id
                 and e.charge_id = k.charge_id and e.noun = 'charge' and e.event = 'captured' and e.at = k.booked_at
                 and e.amount = k.amount
               where k.city_id = $1 and k.capture_id = $2 limit 1""",
            town.city.id,
            capture_id,
        )
        if row is None:
            raise NotFound("This money was not counted.")
        if row["source_kind"] != "counter":
            raise Conflict("This did not come at the counter: it is corrected at its statement entry or its gateway.")
        if town.city.refunds.approval == "two_people" and row["by"] == by:
            raise Forbidden("You booked this money: a colleague takes it back.")
        source = Source("counter", row["source_id"])
        await self.take_back(connection, keys, town, source, by=by, reason=reason, now=now)


async def _one_at_a_time(connection: Connection, city_id: int, source: Source) -> None:
    """Whoever brings the same source at the same time waits here, and finds what the first has made of it."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"{city_id}/{source.id}")


async def _counted(connection: Connection, city_id: int, source: Source) -> _Counted | None:
    """The capture of a source: the one that counts. An entry of a statement may be booked elsewhere after it was taken
    back; an attempt, or a request at the counter, counts once for ever.
    """
    row = await connection.fetchrow(
        """select k.capture_id, k.charge_id, c.payment_id, k.amount, k.taken_back_at is not null, p.request_digest
           from captures k join charges c on c.city_id = k.city_id and c.charge_id = k.charge_id
           join payments p on p.city_id = c.city_id and p.payment_id = c.payment_id
           where k.city_id = $1 and k.source_kind = $2 and k.source_id = $3
             and (k.taken_back_at is null or k.source_kind <> 'statement_entry')
           order by k.taken_back_at nulls first limit 1""",
        city_id,
        source.kind,
        source.id,
    )
    return None if row is None else _Counted(*row)


async def _was_counted(connection: Connection, city_id: int, source: Source) -> bool:
    return bool(
        await connection.fetchval(
            """select exists (select from captures where city_id = $1 and source_kind = $2 and source_id = $3)""",
            city_id,
            source.kind,
            source.id,
        )
    )
