"""What bank statements need to know of payments: which one waits for exactly this transfer, which refund it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from hub.kernel.money import Money
from hub.payments.base import Part
from hub.payments.charges import locked
from hub.payments.model import Wanted
from hub.payments.states import State
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
        self,
        connection: Connection,
        city_id: int,
        payee: str,
        amount: Money,
        wanted: Sequence[Wanted],
        *,
        exactly: bool,
    ) -> Waiting | None:
        """The payment by transfer of this amount that is meant for these obligations, or the same parts of them, and no
        others; `exactly`: with the same amount for each, else with no less. Its charge is locked. None where there is
        not just one, or where something has come for it meanwhile.
        """
        rows = await connection.fetch(
            """with wanted as (
                   select * from unnest($5::uuid[], $6::smallint[], $7::bigint[])
                        as w (obligation_id, instalment, amount)),
               mine as (
                   select c.charge_id, c.payment_id, i.obligation_id, i.instalment, i.amount from charges c
                   join payments p on p.city_id = c.city_id and p.payment_id = c.payment_id
                   join charge_items i on i.city_id = c.city_id and i.charge_id = c.charge_id
                   where c.city_id = $1 and c.state = 'open' and c.closed is null and p.method = 'transfer'
                     and c.payee = $2 and c.amount = $3 and c.currency = $4
                     and c.charge_id in (select charge_id from charge_items
                                         where city_id = $1 and obligation_id = any ($5)))
               select mine.charge_id, mine.payment_id
               from mine left join wanted w on w.obligation_id = mine.obligation_id
                    and w.instalment is not distinct from mine.instalment
                    and (w.amount = mine.amount or not $8 and w.amount < mine.amount)
               group by mine.charge_id, mine.payment_id
               having count(*) = count(w.amount) and count(*) = (select count(*) from wanted)
               limit 2""",
            city_id, payee, amount.minor, amount.currency, [one.obligation_id for one in wanted],
            [one.instalment for one in wanted], [one.amount and one.amount.minor for one in wanted], exactly,
        )  # fmt: skip
        if len(rows) != 1:
            return None
        charge = await locked(connection, city_id, rows[0]["charge_id"])
        still = charge.state is State.OPEN and charge.closed is None
        return Waiting(charge.charge_id, charge.payment_id) if still else None

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
