"""What outcomes have in common: the row moves, the journal gets its line, the noun is told, the line goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.alerts import service as alerts
from hub.delivery import journal, queries
from hub.delivery.claims import Claims
from hub.delivery.endings import DOUBLED, leave, tell
from hub.delivery.model import Event, State, allow
from hub.delivery.service import DeliveryService
from hub.delivery.taken import Taken
from hub.delivery.wake import lane_for, wake
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


class Written:
    """Parts of hub.delivery.outcomes; each within its transaction."""

    def __init__(self, claims: Claims, service: DeliveryService) -> None:
        self._claims, self._service = claims, service

    async def _again(
        self,
        connection: Connection,
        one: Taken,
        event: Event,
        why: Any,
        now: datetime,
        later: datetime,
        attempts: int,
        *,
        keep: bool,
        over_at: datetime | None = None,
    ) -> None:
        target = allow(event, State.SENDING, State.WAITING)
        await self._move(
            connection,
            one,
            target,
            now=now,
            told=True,
            keep=keep,
            over_at=over_at,
            later=later,
            attempts=attempts,
            why=(why.reason, None, why.detail),
        )
        await self._journal(connection, one, event, target, now, step=one.step, reason=why.reason)

    async def _move(
        self,
        connection: Connection,
        one: Taken,
        target: State,
        *,
        now: datetime,
        told: bool,
        keep: bool = False,
        over_at: datetime | None = None,
        later: datetime | None = None,
        attempts: int = 0,
        why: tuple[str | None, str | None, str | None] = (None, None, None),
    ) -> None:
        """`keep`: what was intended stays in question; `over_at`: nothing of it is under way since then."""
        await connection.execute(
            """update deliveries set state = $3, untold = $4, next_at = $5, attempts = $6, crashes = 0,
                      step = case when $7 then step end, sent_at = case when $7 then sent_at end,
                      over_at = case when $7 and step is not null then coalesce(over_at, $12) end,
                      claim = case when $3 = 'sending' then claim end, lane = case when $3 = 'sending' then lane end,
                      settled_at = case when $3 = 'delivered' then $8::timestamptz end,
                      reason = $9, field = $10, detail = left($11, 500)
               where city_id = $1 and delivery_id = $2""",
            one.city_id,
            one.delivery_id,
            target,
            not told,
            later or now,
            attempts,
            keep,
            now,
            *why,
            over_at,
        )
        if target is State.WAITING:
            await wake(
                connection, one.city_id, [(one.back_office, lane_for(one.delivery_id))], after=(later or now) - now
            )

    async def _store(
        self,
        connection: Connection,
        one: Taken,
        step: str,
        receipts: dict[str, str],
        *,
        source: str,
        now: datetime,
    ) -> bool:
        """Whether this is the step's first receipt. Another one that says something else: it happened twice."""
        city_id, delivery_id = one.city_id, one.delivery_id
        if await queries.store_receipt(connection, city_id, delivery_id, step, receipts, source=source, now=now):
            return True
        first = (await queries.receipts_of(connection, city_id, delivery_id))[step]
        if first != receipts:
            detail = {
                "back_office": one.back_office,
                "delivery": one.name,
                "kind": one.kind,
                "step": step,
                "first": first,
                "second": receipts,
            }
            await alerts.raise_alert(connection, city_id, kind=DOUBLED, about=one.name, detail=detail, now=now)
        return False

    async def _leave(self, connection: Connection, one: Taken, now: datetime) -> None:
        """It is done: its values' time begins, and the next one of its line goes."""
        await self._journal(connection, one, Event.DELIVERED, State.DELIVERED, now)
        await leave(connection, one.city_id, one.delivery_id, one.back_office, one.order_key, now)

    async def _tell(
        self,
        connection: Connection,
        keys: TownKeys,
        one: Taken,
        state: State,
        step: str | None,
        receipts: dict[str, dict[str, str]],
    ) -> bool:
        """Whether the noun took it. Where it could not, what is known is kept all the same, and told again later."""
        return await tell(self._service, connection, keys, queries.progress_of(one, state, step, dict(receipts)))

    async def _journal(
        self,
        connection: Connection,
        one: Taken,
        event: Event,
        state: State,
        now: datetime,
        *,
        step: str | None = None,
        reason: str | None = None,
    ) -> None:
        await journal.write(
            connection, one.city_id, one.delivery_id, event, state, at=now, step=step or one.step, reason=reason
        )
