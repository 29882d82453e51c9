"""Money that others take: the payer's bank by a chargeback, somebody at the gateway's own console by a reversal.

It happened, whatever we have of it: what is unallocated is taken first, then allocations, the newest first. What was
gone already is lost to the town, booked as that, and told.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.kernel.money import Money
from hub.payments import ledger
from hub.payments.base import Part
from hub.payments.charges import (
    Charge,
    detail_of,
    had_money,
    locked,
    move,
    note,
    of_its_currency,
    refresh,
    tell_lost,
)
from hub.payments.creating import USED_BEFORE
from hub.payments.model import Source
from hub.payments.states import ChargebackEvent, ChargebackState, Event, RefundEvent, RefundState, allow
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

CHARGED_BACK = "payment_charged_back"
"""Alert: the payer's bank took money back; somebody contests it, or has it paid again."""


class Reversals(Part):
    async def _cover(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        minor: int,
        reason: str,
        now: datetime,
        *,
        by: str = "gateway",
    ) -> tuple[Charge, int]:
        """So much of it is unallocated now; the rest was gone. Raises Conflict where nothing has ever come."""
        if not await had_money(connection, charge):
            raise Conflict("No money has come for this charge: none can be taken back from it.")
        charge = await self._allocator.free(connection, keys, town, charge, minor, by=by, reason=reason, now=now)
        return charge, min(minor, charge.balances.unallocated)

    async def reversed_at_gateway(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge_id: UUID,
        amount: Money,
        source: Source,
        *,
        now: datetime,
    ) -> UUID:
        """Given back, or let go, at the gateway's own console: allocations are taken back as far as that is needed.

        What was gone already is lost to the town, and somebody is told.
        """
        charge = await locked(connection, town.city.id, charge_id)
        minor, refund_id = of_its_currency(charge, amount), new_uuid()
        reason = "given back at the gateway"
        charge, covered = await self._cover(connection, keys, town, charge, minor, reason, now)
        lost = minor - covered
        await connection.execute(
            """insert into refunds (city_id, refund_id, charge_id, amount, lost, way, state, state_at, reason, asked_by,
                                    asked_at, source_kind, source_id)
               values ($1, $2, $3, $4, $5, 'elsewhere', 'done', $6, $7, 'gateway', $6, $8, $9)""",
            charge.city_id, refund_id, charge_id, minor, lost, now, reason, source.kind, source.id,
        )  # fmt: skip
        await ledger.book(
            connection, charge.city_id, charge_id, charge.currency, "reversed", ("refund", refund_id), now,
            unallocated=-covered, refunded=covered, gateway=-minor, payer=covered, lost=lost,
        )  # fmt: skip
        await note(
            connection, charge, "refund", RefundEvent.ELSEWHERE, None, RefundState.DONE, now,
            by="gateway", amount=minor, about=refund_id,
        )  # fmt: skip
        charge = await move(
            connection, charge, Event.REFUNDED, now,
            by="gateway", attempt=charge.attempt, amount=minor, about=refund_id,
        )  # fmt: skip
        if lost:
            await tell_lost(connection, charge, lost, "more was given back at the gateway than there was", now)
        return refund_id

    async def charged_back(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge_id: UUID,
        amount: Money,
        source: Source,
        *,
        now: datetime,
    ) -> UUID:
        """The payer's bank took it back, as the gateway tells. The same source again is the same chargeback, until that
        is won.
        """
        charge = await locked(connection, town.city.id, charge_id)
        minor = of_its_currency(charge, amount)
        known = await connection.fetchval(
            """select chargeback_id from chargebacks
               where city_id = $1 and source_kind = $2 and source_id = $3 and state = 'taken'""",
            charge.city_id,
            source.kind,
            source.id,
        )
        if known is not None:
            return UUID(str(known))
        return await self._charge_back(connection, keys, town, charge, minor, source, new_uuid(), by="gateway", now=now)

    async def charged_back_by_letter(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge_id: UUID,
        amount: Money,
        chargeback_id: UUID,
        *,
        by: str,
        now: datetime,
    ) -> UUID:
        """As somebody reads it in a letter of the bank, which may take a payment back in several parts. The same id
        again is the same chargeback. Raises Conflict for more than was paid by card and is not taken back yet.
        """
        charge = await locked(connection, town.city.id, charge_id)
        minor = of_its_currency(charge, amount)
        known = await connection.fetchrow(
            "select charge_id, amount from chargebacks where city_id = $1 and chargeback_id = $2",
            charge.city_id,
            chargeback_id,
        )
        if known is not None:
            if (known["charge_id"], known["amount"]) != (charge_id, minor):
                raise Conflict(USED_BEFORE)
            return chargeback_id
        cards = await connection.fetch(
            """select k.source_id, k.amount - coalesce((
                      select sum(c.amount) from chargebacks c where c.city_id = k.city_id and c.state = 'taken'
                        and c.source_kind = 'attempt' and c.source_id = k.source_id), 0)::bigint as left
               from captures k where k.city_id = $1 and k.charge_id = $2 and k.source_kind = 'attempt'
                 and k.taken_back_at is null order by k.booked_at desc, k.capture_id desc""",
            charge.city_id,
            charge_id,
        )
        if not cards:
            raise Conflict("Nothing of this charge was paid by card: no bank can charge it back.")
        card = next((row for row in cards if row["left"] >= minor), None)
        if card is None:
            most = charge.money(max(row["left"] for row in cards))
            raise Conflict(f"Of what was paid by card {most} are not charged back yet: a bank takes no more than that.")
        source = Source("attempt", card["source_id"])
        return await self._charge_back(connection, keys, town, charge, minor, source, chargeback_id, by=by, now=now)

    async def taken_back_of(self, connection: Connection, city_id: int, source: Source) -> int:
        """Minor units that the payer's bank has taken of it, and has not returned."""
        return int(
            await connection.fetchval(
                """select coalesce(sum(amount), 0) from chargebacks
                   where city_id = $1 and source_kind = $2 and source_id = $3 and state = 'taken'""",
                city_id,
                source.kind,
                source.id,
            )
        )

    async def _charge_back(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        charge: Charge,
        minor: int,
        source: Source,
        chargeback_id: UUID,
        *,
        by: str,
        now: datetime,
    ) -> UUID:
        charge_id = charge.charge_id
        charge, covered = await self._cover(connection, keys, town, charge, minor, "charged back", now, by=by)
        lost = minor - covered
        await connection.execute(
            """insert into chargebacks (city_id, chargeback_id, charge_id, amount, lost, state, at, source_kind,
                                        source_id)
               values ($1, $2, $3, $4, $5, 'taken', $6, $7, $8)""",
            charge.city_id, chargeback_id, charge_id, minor, lost, now, source.kind, source.id,
        )  # fmt: skip
        await ledger.book(
            connection, charge.city_id, charge_id, charge.currency, "charged_back", ("chargeback", chargeback_id), now,
            unallocated=-covered, charged_back=covered, **{ledger.PLACE[source.kind]: -minor}, payer=covered, lost=lost,
        )  # fmt: skip
        await note(
            connection, charge, "chargeback", ChargebackEvent.TAKEN, None, ChargebackState.TAKEN, now,
            by=by, amount=minor, about=chargeback_id,
        )  # fmt: skip
        charge = await move(
            connection, charge, Event.CHARGED_BACK, now,
            by=by, attempt=charge.attempt, amount=minor, about=chargeback_id,
        )  # fmt: skip
        about = public_id("cbk", chargeback_id)
        says = f"the payer's bank took {charge.money(minor)} back: contest it at the gateway, or have it paid again"
        detail = detail_of(charge, minor, says)
        await alerts.raise_alert(
            connection, charge.city_id, kind=CHARGED_BACK, about=about, detail=detail, now=now, times=1
        )
        if lost:
            await tell_lost(connection, charge, lost, "more was charged back than there was", now)
        return chargeback_id

    async def chargeback_won(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        chargeback_id: UUID,
        *,
        now: datetime,
        by: str = "gateway",
    ) -> None:
        """It came back to us: given again to what the charge is meant for, as far as that still takes it.

        Twice is once. Raises NotFound.
        """
        city_id = town.city.id
        charge_id = await connection.fetchval(
            "select charge_id from chargebacks where city_id = $1 and chargeback_id = $2", city_id, chargeback_id
        )
        if charge_id is None:
            raise NotFound("There is no such chargeback.")
        charge = await locked(connection, city_id, charge_id)
        row = await connection.fetchrow(
            """select amount, lost, state, source_kind from chargebacks
               where city_id = $1 and chargeback_id = $2 for update""",
            city_id,
            chargeback_id,
        )
        assert row is not None
        if row["state"] == ChargebackState.WON:
            return
        allow("chargeback", ChargebackEvent.WON, ChargebackState.TAKEN, ChargebackState.WON)
        minor, lost = row["amount"], row["lost"]
        covered = minor - lost
        await connection.execute(
            "update chargebacks set state = 'won', settled_at = $3 where city_id = $1 and chargeback_id = $2",
            city_id, chargeback_id, now,
        )  # fmt: skip
        await ledger.book(
            connection, city_id, charge_id, charge.currency, "chargeback_won", ("chargeback", chargeback_id), now,
            unallocated=covered, charged_back=-covered, **{ledger.PLACE[row["source_kind"]]: minor}, payer=-covered,
            lost=-lost,
        )  # fmt: skip
        await note(
            connection, charge, "chargeback", ChargebackEvent.WON, ChargebackState.TAKEN, ChargebackState.WON, now,
            by=by, amount=minor, about=chargeback_id,
        )  # fmt: skip
        charge = await self._allocator.fill_items(
            connection, keys, town, await refresh(connection, charge), paid_at=now, now=now
        )
        await move(
            connection, charge, Event.CHARGEBACK_WON, now,
            by=by, attempt=charge.attempt, amount=minor, about=chargeback_id,
        )  # fmt: skip
        about = public_id("cbk", chargeback_id)
        await alerts.settle(connection, city_id, kind=CHARGED_BACK, about=about, now=now)
