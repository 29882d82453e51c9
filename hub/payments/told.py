"""Who is told of allocations."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.money import Money
from hub.payments.model import Method
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


class Postings(Protocol):
    """hub.postings, as this noun uses it."""

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
        method: Method,
        paid_at: datetime,
        now: datetime,
    ) -> object: ...
