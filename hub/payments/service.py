"""Payments as gateways, statements and doors see them.

Everything but `create`, `ask_refund` and `decide_refund` runs within the caller's transaction on a connection of the
town, and locks the charge first. No call leaves the machine here: what is to be sent is told by `refunds_to_send`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from hub.back_offices.model import Town
from hub.payments import queries
from hub.payments.allocations import Allocations
from hub.payments.attempts import Attempts
from hub.payments.banking import Banking
from hub.payments.captures import Captures
from hub.payments.creating import Creating, visible
from hub.payments.model import Method, Payer, Wanted
from hub.payments.refunds import Refunds
from hub.payments.reversals import Reversals
from hub.storage.database import Connection


class PaymentService(Attempts, Captures, Allocations, Refunds, Reversals, Banking):
    """One for a process; of all towns."""

    async def create(self, town: Town, payer: Payer, wanted: Sequence[Wanted], method: Method) -> UUID:
        """A payment of `wanted`, which are her own obligations or those she knows the reference of. In a transaction of
        its own; the same request again is the same payment.

        Raises InvalidRequest, Conflict and NotFound (see hub.payments.creating).
        """
        city_id = town.city.id
        async with self._database.citizen(city_id, payer.subject_id) as connection:
            today = self._clock.now().astimezone(town.city.timezone).date()
            titles = await visible(connection, town.city, today, wanted)
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            creating = Creating(connection, keys, town, payer, method)
            return await creating.create(wanted, titles, self._clock.now())

    async def under_way(
        self, connection: Connection, city_id: int, obligation_ids: Collection[UUID]
    ) -> Mapping[UUID, UUID]:
        """Of these obligations those being paid just now, each with the payment; within the caller's walls."""
        return await queries.under_way(connection, city_id, obligation_ids)
