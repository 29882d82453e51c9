"""Rows of money given back: what was asked of a gateway, and how far it has come there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import queries
from hub.gateways.model import Attempt
from hub.kernel.ids import public_id
from hub.payments.service import PaymentService
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

NOT_SENT = "refund_not_sent"
"""About a refund: its gateway does not take it, and nothing was given back. It is sent again and again."""

State = Literal["sending", "waiting", "pending", "in_doubt", "done", "refused"]

_COLUMNS = """refund_id, attempt_id, minor, state, sends, next_at, sent_at, reference, word, detail, created_at,
    settled_at"""

CALLED_FOR = timedelta(minutes=2)
"""Until a call must be over, nobody else takes up what it is about."""
_CLAIM = f"""
    update gateway_refunds set next_at = $2::timestamptz + $4::interval
    where city_id = $1 and refund_id in (
        select refund_id from gateway_refunds where city_id = $1 and next_at <= $2
        order by next_at limit $3 for update skip locked)
    returning {_COLUMNS}"""  # noqa: S608 - names are ours


@dataclass(frozen=True, slots=True)
class Sent:
    """A refund at a gateway. `sends`: how often it was sent."""

    refund_id: UUID
    attempt_id: UUID
    minor: int
    state: State
    sends: int
    next_at: datetime | None
    sent_at: datetime | None
    reference: str | None
    word: str | None
    detail: str | None
    created_at: datetime
    settled_at: datetime | None

    @property
    def id(self) -> str:
        return public_id("rfd", self.refund_id)


async def insert(
    connection: Connection, city_id: int, refund_id: UUID, attempt: Attempt, minor: int, now: datetime
) -> bool:
    """False where another refund of the attempt is under way: it comes after that."""
    done = await connection.fetchval(
        """insert into gateway_refunds (city_id, refund_id, attempt_id, minor, already, state, next_at, created_at)
           values ($1, $2, $3, $4, $5, 'waiting', $6, $6) on conflict do nothing returning true""",
        city_id,
        refund_id,
        attempt.attempt_id,
        minor,
        attempt.refunded,
        now,
    )
    return done is not None


async def taken_up(connection: Connection, city_id: int, refund_ids: Collection[UUID]) -> set[UUID]:
    """Those of the refunds approved that wait here to be sent, or were: not those of which somebody looked and said
    that they did not happen.
    """
    rows = await connection.fetch(
        """select refund_id from gateway_refunds
           where city_id = $1 and refund_id = any ($2) and state <> 'in_doubt'""",
        city_id,
        refund_ids,
    )
    return {row["refund_id"] for row in rows}


async def claim_due(connection: Connection, city_id: int, now: datetime, limit: int) -> list[Sent]:
    return [_of(row) for row in await connection.fetch(_CLAIM, city_id, now, limit, CALLED_FOR)]


async def ended_by_staff(
    connection: Connection, city_id: int, now: datetime, limit: int
) -> list[tuple[Sent, Literal["done", "refused"]]]:
    """Those of which staff have said to the payment what happened, and what they said; not one that is being sent,
    until the worker that sends it must have ended or died.
    """
    columns = ", ".join(f"g.{name.strip()}" for name in _COLUMNS.split(","))
    rows = await connection.fetch(
        f"""select {columns}, r.state as said from gateway_refunds g
            join refunds r on r.city_id = g.city_id and r.refund_id = g.refund_id
            where g.city_id = $1 and g.settled_at is null and (g.state <> 'sending' or g.next_at <= $3)
              and r.state in ('done', 'refused')
            order by g.created_at limit $2""",  # noqa: S608 - names are ours
        city_id,
        limit,
        now,
    )
    return [(_of({name: value for name, value in row.items() if name != "said"}), row["said"]) for row in rows]


async def find(connection: Connection, city_id: int, refund_id: UUID) -> Sent | None:
    """Locked, so that what happens to it happens once. The attempt is locked before it."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from gateway_refunds where city_id = $1 and refund_id = $2 for update",  # noqa: S608 - names are ours
        city_id,
        refund_id,
    )
    return None if row is None else _of(row)


async def of_attempts(connection: Connection, city_id: int, attempt_ids: Sequence[UUID]) -> list[Sent]:
    """The oldest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from gateway_refunds where city_id = $1 and attempt_id = any ($2) order by created_at",  # noqa: S608 - names are ours
        city_id,
        list(attempt_ids),
    )
    return [_of(row) for row in rows]


async def in_flight(connection: Connection, city_id: int, attempt_id: UUID) -> Sent | None:
    """The refund of an attempt that may have happened; there is one at the most."""
    row = await connection.fetchrow(
        f"""select {_COLUMNS} from gateway_refunds
            where city_id = $1 and attempt_id = $2 and settled_at is null and sends > 0 for update""",  # noqa: S608 - names are ours
        city_id,
        attempt_id,
    )
    return None if row is None else _of(row)


async def settle_done_by_staff(
    connection: Connection, city_id: int, attempt: Attempt, given_back: int, now: datetime
) -> Attempt:
    """What staff say was given back though it was never sent, or was refused when it was: it is a part of the
    `given_back` that the gateway speaks of, and not something else that somebody did over there. The attempt is locked.
    """
    rows = await connection.fetch(
        """select r.refund_id, r.amount from refunds r
           left join gateway_refunds g on g.city_id = r.city_id and g.refund_id = r.refund_id
           where r.city_id = $1 and r.charge_id = $2 and r.way = 'gateway' and r.state = 'done'
             and (g.refund_id is null or g.attempt_id = $3 and g.state = 'refused')
           order by r.asked_at, r.refund_id""",
        city_id,
        attempt.charge_id,
        attempt.attempt_id,
    )
    for row in rows:
        refunded = attempt.refunded + row["amount"]
        if refunded > given_back:
            continue
        await connection.execute(
            """insert into gateway_refunds (city_id, refund_id, attempt_id, minor, already, state, detail, created_at,
                                            settled_at)
               values ($1, $2, $3, $4, $5, 'done', 'said by staff', $6, $6)
               on conflict (city_id, refund_id) do update set state = 'done', detail = excluded.detail""",
            city_id, row["refund_id"], attempt.attempt_id, row["amount"], attempt.refunded, now,
        )  # fmt: skip
        attempt = replace(attempt, refunded=refunded)
        await queries.change(connection, city_id, attempt.attempt_id, refunded=refunded)
    return attempt


async def told_without_amount(connection: Connection, city_id: int, attempt: Attempt) -> int | None:
    """How much is given back in all, where the gateway says that something is and not how much; None: nobody knows."""
    ours = await in_flight(connection, city_id, attempt.attempt_id)
    if attempt.refunded:
        return attempt.refunded if ours is None else None
    return None if ours is None else ours.minor


async def change(connection: Connection, city_id: int, refund_id: UUID, **values: Any) -> None:
    """Set columns, named by our own code."""
    names = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 3))
    await connection.execute(
        f"update gateway_refunds set {names} where city_id = $1 and refund_id = $2",  # noqa: S608 - names are ours
        city_id,
        refund_id,
        *values.values(),
    )


async def settle(
    connection: Connection,
    keys: TownKeys,
    town: Town,
    payments: PaymentService,
    one: Sent,
    outcome: Literal["done", "refused"],
    *,
    now: datetime,
    word: str | None = None,
    reference: str | None = None,
    detail: str | None = None,
) -> None:
    """It is over, and the payment is told."""
    word, reference = word or one.word, reference or one.reference
    told = {"word": word, "reference": reference, "detail": detail}
    await change(connection, town.city.id, one.refund_id, state=outcome, settled_at=now, next_at=None, **told)
    await payments.refund_heard(connection, keys, town, one.refund_id, outcome, word, reference, now)
    await alerts.settle(connection, town.city.id, kind=NOT_SENT, about=one.id, now=now)


def _of(row: asyncpg.Record | Mapping[str, Any]) -> Sent:
    return Sent(**dict(row))
