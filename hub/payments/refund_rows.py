"""Rows of refunds, and who is told of one: a colleague who decides, somebody who makes a transfer or looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.alerts import service as alerts
from hub.jobs.queue import enqueue
from hub.kernel.errors import NotFound
from hub.kernel.ids import public_id
from hub.payments.charges import REFUSED, Charge, detail_of
from hub.payments.model import SEND_REFUNDS, Way
from hub.payments.states import RefundState
from hub.storage.database import Connection

DECIDE, TRANSFER, DOUBT = "refund_to_decide", "refund_to_transfer", "refund_in_doubt"
"""Alerts: a colleague decides; somebody makes a transfer; somebody looks."""

_TOLD: dict[RefundState, str] = {
    RefundState.ASKED: DECIDE,
    RefundState.IN_DOUBT: DOUBT,
    RefundState.REFUSED: REFUSED,
    RefundState.CAME_BACK: REFUSED,
}
_SAYS = {
    DECIDE: "{amount} are to be given back: somebody else than who asked approves or declines it",
    TRANSFER: "{amount} are to be given back by bank transfer: make it, then mark the refund as done",
    DOUBT: "it is not known whether {amount} were given back: look there, and say what happened",
    REFUSED: "{amount} were not given back ({word}): the money is unallocated, give it back another way",
}


@dataclass(frozen=True, slots=True)
class Refund:
    refund_id: UUID
    charge_id: UUID
    amount: int
    way: Way
    state: RefundState
    allocations: tuple[UUID, ...]
    reason: str
    asked_by: str


async def tell(
    connection: Connection, charge: Charge, refund: Refund, state: RefundState, now: datetime, *, word: str = ""
) -> None:
    """Whoever has to do something is told; what was told before and is over by that is settled."""
    known_as = public_id("rfd", refund.refund_id)
    kind = _TOLD.get(state)
    if state is RefundState.APPROVED and refund.way == "bank":
        kind = TRANSFER
    for other in (DECIDE, TRANSFER, DOUBT):
        if other != kind:
            await alerts.settle(connection, charge.city_id, kind=other, about=known_as, now=now)
    if kind is not None:
        # Until the money has gone another way, which is a matter of the charge (hub.payments.charges).
        about = charge.known_as if kind == REFUSED else known_as
        says = _SAYS[kind].format(amount=charge.money(refund.amount), word=word)
        detail = detail_of(charge, refund.amount, says) | {"refund": known_as}
        await alerts.raise_alert(connection, charge.city_id, kind=kind, about=about, detail=detail, now=now, times=1)


async def at_gateways(connection: Connection, charge: Charge) -> int:
    """Of what came by gateways: what they have not given back, nor are asked to, nor have taken back."""
    return int(
        await connection.fetchval(
            """select coalesce((select sum(amount) from captures where city_id = $1 and charge_id = $2
                                and source_kind = 'attempt' and taken_back_at is null), 0)
                    - coalesce((select sum(amount) from refunds where city_id = $1 and charge_id = $2
                                and way <> 'bank' and state not in ('refused', 'declined')), 0)
                    - coalesce((select sum(amount) from chargebacks where city_id = $1 and charge_id = $2
                                and state = 'taken'), 0)""",
            charge.city_id,
            charge.charge_id,
        )
    )


async def keep_words(
    connection: Connection, charge: Charge, refund: Refund, word: str | None, reference: str | None
) -> None:
    """The last word of who knows of it, and the bank's or the gateway's reference."""
    await connection.execute(
        """update refunds set word = coalesce($3, word), reference = coalesce($4, reference)
           where city_id = $1 and refund_id = $2""",
        charge.city_id, refund.refund_id, word, reference,
    )  # fmt: skip


async def send_soon(connection: Connection, charge: Charge, refund: Refund) -> None:
    """Its gateway is told when this transaction has ended, and not by the next look only."""
    if refund.way == "gateway":
        await enqueue(
            connection, city_id=charge.city_id, kind=SEND_REFUNDS, payload={}, dedupe=SEND_REFUNDS, key=SEND_REFUNDS
        )


_READ = """
    select refund_id, charge_id, amount, way, state, allocations, reason, asked_by from refunds
    where city_id = $1 and refund_id = $2"""


async def find(connection: Connection, city_id: int, refund_id: UUID) -> Refund | None:
    row = await connection.fetchrow(_READ, city_id, refund_id)
    return None if row is None else _refund(row)


async def locked_refund(connection: Connection, city_id: int, refund_id: UUID) -> Refund:
    row = await connection.fetchrow(f"{_READ} for update", city_id, refund_id)
    if row is None:
        raise NotFound("There is no such refund.")
    return _refund(row)


def _refund(row: asyncpg.Record) -> Refund:
    return replace(Refund(*row), state=RefundState(row["state"]), allocations=tuple(row["allocations"]))
