"""What bank statements need to know of payments: which one waits for exactly this transfer, which refund it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from hub.kernel.money import Money
from hub.payments.base import Part
from hub.payments.model import Wanted
from hub.storage.database import Connection


class Waiting(NamedTuple):
    """A charge of a payment by transfer for which nothing has come."""

    charge_id: UUID
    payment_id: UUID


class BankRefund(NamedTuple):
    """A refund that somebody transfers, and has not been heard of."""

    refund_id: UUID
    charge_id: UUID
    payee: str
    amount: Money


class Banking(Part):
    async def waiting_transfer(
        self, connection: Connection, city_id: int, payee: str, amount: Money, wanted: Sequence[Wanted]
    ) -> Waiting | None:
        """The payment by transfer of this amount that is meant for these obligations and no others; None where there is
        not exactly one.
        """
        rows = await connection.fetch(
            """select c.charge_id, c.payment_id from charges c
               join payments p on p.city_id = c.city_id and p.payment_id = c.payment_id
               where c.city_id = $1 and c.state = 'open' and c.closed is null and p.method = 'transfer'
                 and c.payee = $2 and c.amount = $3 and c.currency = $4
                 and c.charge_id in (select charge_id from charge_items where city_id = $1 and obligation_id = any ($5))
                 and (select array_agg(i.obligation_id order by i.obligation_id) from charge_items i
                      where i.city_id = $1 and i.charge_id = c.charge_id)
                   = (select array_agg(w order by w) from unnest($5::uuid[]) w)
               limit 2""",
            city_id, payee, amount.minor, amount.currency, [one.obligation_id for one in wanted if one.obligation_id],
        )  # fmt: skip
        return Waiting(*rows[0]) if len(rows) == 1 else None

    async def bank_refund(self, connection: Connection, city_id: int, refund_id: UUID) -> BankRefund | None:
        """One by bank transfer that is under way; None for any other."""
        row = await connection.fetchrow(
            """select r.refund_id, r.charge_id, c.payee, r.amount, c.currency from refunds r
               join charges c on c.city_id = r.city_id and c.charge_id = r.charge_id
               where r.city_id = $1 and r.refund_id = $2 and r.way = 'bank'
                 and r.state in ('approved', 'sent', 'in_doubt')""",
            city_id,
            refund_id,
        )
        if row is None:
            return None
        return BankRefund(row["refund_id"], row["charge_id"], row["payee"], Money(row["amount"], row["currency"]))
