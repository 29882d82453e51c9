"""Tells the accounting back office of each obligation what was paid here for it: each allocation once, in order.

Money arrives on a town connection, at a door of the API or in a job; row, obligation and delivery are written in the
caller's transaction, and the queue (hub.delivery) sends. What is sent is written down in docs/postings.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.back_offices.model import Town
from hub.changes import service as changes
from hub.delivery.model import Progress
from hub.delivery.service import DeliveryService
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.ids import new_uuid, public_id
from hub.kernel.money import Money
from hub.obligations import paid_here
from hub.obligations import service as obligations
from hub.obligations.judging import Telling
from hub.obligations.service import Open
from hub.postings import queries
from hub.postings.model import KIND, NOUN, NUMBER, Posting, State, after_delivery
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_TELLING = {
    State.BEING_POSTED: Telling.UNDER_WAY,
    State.POSTED: Telling.TOLD,
    State.REFUSED: Telling.REFUSED,
    State.IN_DOUBT: Telling.IN_DOUBT,
    State.NOT_TOLD: Telling.NOBODY,
}


class PostingService:
    """Postings of all towns."""

    def __init__(self, deliveries: DeliveryService, clock: Clock) -> None:
        self._deliveries, self._clock = deliveries, clock
        deliveries.on(NOUN, self.progressed)

    async def post(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        *,
        allocation_id: UUID,
        payment_id: UUID,
        charge_id: UUID,
        obligation_id: UUID,
        instalment: int | None,
        amount: Money,
        method: str,
        paid_at: datetime,
        now: datetime,
    ) -> UUID:
        """From now on the obligation knows of it, and its office is told. Returns the posting's id.

        `amount` below zero: so much was taken back. An allocation is told once, and once more when it is taken back:
        under its own id then, or that of the counter-allocation. Where nobody tells the office, it counts here until
        the office's amounts contain it.

        Raises NotFound for an obligation there is not, InvalidRequest for nothing, another currency than its own or an
        instalment it has not, Conflict for an allocation that was told otherwise.
        """
        owed = await obligations.open_amount(connection, keys.city_id, obligation_id, lock=True)
        # Under the lock, so that of two who tell the same at once the second one sees the first.
        known = await queries.of_allocation(connection, keys.city_id, allocation_id, taken_back=amount.minor < 0)
        if known is not None:
            if (known.obligation_id, known.instalment, known.amount) != (obligation_id, instalment, amount.minor):
                raise Conflict("This allocation was posted already, of another amount or for something else.")
            return known.posting_id
        _check(owed, amount, instalment)
        posting_id = new_uuid()
        office = town.back_offices.get(owed.back_office)
        delivery_id = None
        if office is not None and KIND in office.deliveries:
            reversed_ = None
            if amount.minor < 0:
                reversed_ = await queries.of_allocation(connection, keys.city_id, allocation_id, taken_back=False)
            values = _record(posting_id, payment_id, owed, instalment, amount, method, paid_at, reversed_)
            (delivery_id,) = await self._deliveries.enqueue(
                connection,
                keys,
                town=town,
                kind=KIND,
                noun=NOUN,
                record_id=posting_id,
                values=values,
                order=f"obligation/{obligation_id}",
                back_office=owed.back_office,
            )
        state = State.NOT_TOLD if delivery_id is None else State.BEING_POSTED
        posting = Posting(
            posting_id=posting_id,
            allocation_id=allocation_id,
            payment_id=payment_id,
            charge_id=charge_id,
            obligation_id=obligation_id,
            instalment=instalment,
            currency=amount.currency,
            amount=amount.minor,
            method=method,
            paid_at=paid_at,
            back_office=owed.back_office,
            delivery_id=delivery_id,
            state=state,
            number=None,
            created_at=now,
            state_at=now,
        )
        await queries.insert(connection, keys.city_id, posting)
        await paid_here.record(
            connection,
            keys.city_id,
            posting_id,
            obligation_id=obligation_id,
            instalment=instalment,
            amount=amount,
            back_office=owed.back_office,
            delivery_id=delivery_id,
            now=now,
        )
        await changes.of_records(
            connection, town.city, "obligation", owed.back_office, owed.feed, now, keys=[owed.source_key]
        )
        return posting_id

    async def progressed(self, connection: Connection, keys: TownKeys, progress: Progress) -> None:
        """Delivery tells that a receipt or a state has changed; runs in its transaction."""
        before = await queries.locked_state(connection, keys.city_id, progress.record_id)
        if before is None:
            return
        now = self._clock.now()
        after = after_delivery(before, progress.state, receipt=bool(progress.receipts))
        number = next((one[NUMBER] for one in progress.receipts.values() if NUMBER in one), None)
        await queries.set_state(connection, keys.city_id, progress.record_id, after, number, now)
        if after is not before:
            await paid_here.told(connection, keys.city_id, progress.record_id, _TELLING[after], now)

    async def state(self, connection: Connection, city_id: int, allocation_ids: Sequence[UUID]) -> Mapping[UUID, State]:
        """How each stands that was posted; of one that was taken back under its own id, how that stands."""
        return {
            one.allocation_id: one.state for one in await queries.of_allocations(connection, city_id, allocation_ids)
        }

    async def of_payment(self, connection: Connection, city_id: int, payment_id: UUID) -> list[Posting]:
        """In the order they were made."""
        return await queries.of_payment(connection, city_id, payment_id)


def _check(owed: Open, amount: Money, instalment: int | None) -> None:
    if amount.minor == 0:
        raise InvalidRequest("There is nothing to post.", field="amount")
    if amount.minor < 0:
        # What was told of a currency or a part that the obligation had then is taken back of just that.
        return
    if amount.currency != owed.currency:
        raise InvalidRequest(f"This obligation is in {owed.currency}, not in {amount.currency}.", field="amount")
    if instalment is not None and all(part.number != instalment for part in owed.instalments):
        raise InvalidRequest(f"This obligation has no instalment {instalment}.", field="instalment")


def _record(
    posting_id: UUID,
    payment_id: UUID,
    owed: Open,
    instalment: int | None,
    amount: Money,
    method: str,
    paid_at: datetime,
    reversed_: Posting | None,
) -> dict[str, Any]:
    """The record a delivery file's `request:` reads; see docs/postings.md."""
    part = next((one for one in owed.instalments if one.number == instalment), None)
    return {
        "id": public_id("pst", posting_id),
        "obligation": {
            "key": owed.source_key,
            "payee": owed.payee,
            "references": [one._asdict() for one in owed.references],
            "document_number": owed.document_number,
        },
        "instalment": None
        if part is None
        else {"number": part.number, "references": [one._asdict() for one in part.references]},
        "amount": Money(abs(amount.minor), amount.currency),
        "taken_back": amount.minor < 0,
        "reverses": None if reversed_ is None else public_id("pst", reversed_.posting_id),
        "method": method,
        "paid_at": paid_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "payment": public_id("pay", payment_id),
    }
