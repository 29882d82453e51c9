"""What can be done with attempts at gateways, as doors, jobs and commands see it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.back_offices.model import Town
from hub.gateways import asking, comparing, messages, queries, refunds
from hub.gateways.applying import Applier
from hub.gateways.asking import Asking
from hub.gateways.choice import choose
from hub.gateways.comparing import Comparing, Difference
from hub.gateways.hearing import Hearing
from hub.gateways.model import (
    UNDER_WAY,
    Acknowledgement,
    Attempt,
    Entry,
    Incoming,
    Message,
    Onward,
    Payer,
    State,
    Verdict,
)
from hub.gateways.refunding import Refunding
from hub.gateways.refunds import Sent
from hub.gateways.starting import Starter, onward_of
from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.kernel.ids import public_id
from hub.payments.service import PaymentService
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault


@dataclass(frozen=True, slots=True)
class Inspected:
    """An attempt as staff see it. `details`: approval, masked card and what else the gateway told."""

    attempt: Attempt
    journal: Sequence[Entry]
    refunds: Sequence[Sent]
    messages: Sequence[Message]
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tries:
    """The attempts of a payment, as its page shows them. `onward`: by charge, where the payer can enter her card."""

    attempts: Sequence[Attempt]
    onward: dict[UUID, Onward]

    @property
    def under_way(self) -> bool:
        return any(one.state in UNDER_WAY for one in self.attempts)


class GatewayService:
    """Attempts at gateways, of all towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, payments: PaymentService) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._applier = applier = Applier(payments)
        self._starter = Starter(database, vault, clock, payments, applier)
        self._hearing = Hearing(database, vault, clock, applier)
        self._asking = Asking(database, vault, clock, applier)
        self._refunding = Refunding(database, vault, clock, payments, self._asking)
        self._comparing = Comparing(database, clock)

    # ── The payer ──

    async def start(self, town: Town, charge_id: UUID, *, language: str, payer: Payer) -> Onward:
        """Begin to pay a charge by card, or go on with what was begun. See hub.gateways.starting.Starter.start."""
        return await self._starter.start(town, charge_id, language=language, payer=payer)

    def takes_cards(self, town: Town, payee: str, login: str | None) -> bool:
        """Whether somebody who logged in so can pay that payee by card."""
        return choose(town.city.gateways, payee, login) is not None

    async def tries(self, town: Town, payment_id: UUID) -> Tries:
        """For the page of a payment. What is under way is asked about now, unless it was in the last seconds."""
        city_id, now = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            attempts = await queries.of_payment(connection, city_id, payment_id)
            onward = {}
            for one in attempts:
                if one.state not in UNDER_WAY:
                    continue
                await asking.ask_for_page(connection, city_id, one, now)
                if one.state is State.OPEN and now < one.expires_at:
                    found = await onward_of(connection, self._vault, town, one)
                    if found is not None:
                        onward[one.charge_id] = found
        return Tries(attempts, onward)

    async def page_path(self, town: Town, payment_id: UUID) -> str:
        """The path of a payment's page below the town's address. Whoever has it sees amount and state, and may pay: it
        needs no login.
        """
        async with self._database.town(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
        return f"/payments/{public_id('pay', payment_id)}?t={_tokens(keys, payment_id)[0]}"

    async def check_page(self, town: Town, payment_id: UUID, token: str) -> None:
        """Raises NotFound where that is not the token of the payment's page."""
        async with self._database.town(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
        given = token.encode()
        if not any(hmac.compare_digest(given, known.encode()) for known in _tokens(keys, payment_id)):
            raise NotFound("There is no such payment here.")

    # ── Gateways ──

    async def returned(self, town: Town, gateway: str, message: Incoming) -> UUID | None:
        """A browser came back; which payment it was away for, None where it proves nothing. It never pays."""
        return await self._hearing.returned(town, gateway, message)

    async def notified(self, town: Town, gateway: str, message: Incoming) -> Acknowledgement:
        """A gateway's own message: kept, and judged by the next job."""
        return await self._hearing.notified(town, gateway, message)

    # ── Jobs ──

    async def judge(self, town: Town) -> None:
        await self._hearing.judge_waiting(town)

    async def ask(self, town: Town) -> None:
        await self._asking.run(town)

    async def refund(self, town: Town) -> None:
        await self._refunding.run(town)

    async def compare(self, town: Town) -> None:
        await self._comparing.run(town)

    # ── Staff, within the caller's transaction ──

    async def listed(
        self,
        connection: Connection,
        city_id: int,
        *,
        state: State | None = None,
        payees: list[str] | None = None,
        before: UUID | None = None,
        limit: int,
    ) -> list[Attempt]:
        """The newest first; `payees`: only of these."""
        return await queries.listed(connection, city_id, state=state, payees=payees, before=before, limit=limit)

    async def find(self, connection: Connection, city_id: int, attempt_id: UUID) -> Attempt:
        """Raises NotFound."""
        found = await queries.find(connection, city_id, attempt_id)
        if found is None:
            raise NotFound(f"There is no attempt {public_id('tra', attempt_id)} here.")
        return found

    async def inspect(self, connection: Connection, city_id: int, attempt_id: UUID) -> Inspected:
        """Raises NotFound."""
        attempt = await self.find(connection, city_id, attempt_id)
        keys = await self._vault.keys(connection, city_id)
        kept = await messages.listed(
            connection, city_id, gateways=None, verdict=None, attempt_id=attempt_id, before=None, limit=100
        )
        return Inspected(
            attempt,
            await queries.journal(connection, city_id, attempt_id),
            await refunds.of_attempts(connection, city_id, [attempt_id]),
            kept,
            await queries.opened(connection, keys, "details", attempt_id) or {},
        )

    async def ask_now(self, connection: Connection, city_id: int, attempt_id: UUID, *, by: str) -> Attempt:
        """Have a gateway asked about an attempt in a moment, whatever it is at. Raises NotFound."""
        attempt = await self.find(connection, city_id, attempt_id)
        await asking.ask_now(connection, city_id, attempt, by=by, now=self._clock.now())
        return attempt

    async def brought_nothing(
        self, connection: Connection, city_id: int, attempt_id: UUID, *, by: str, why: str
    ) -> Attempt:
        """Somebody looked at the gateway: the attempt brought nothing, and the payer may try again. Raises NotFound,
        and what Applier.brought_nothing does.
        """
        attempt = await queries.find(connection, city_id, attempt_id, lock=True)
        if attempt is None:
            raise NotFound(f"There is no attempt {public_id('tra', attempt_id)} here.")
        now = self._clock.now()
        return await self._applier.brought_nothing(connection, city_id, attempt, by=by, why=why, now=now)

    async def messages(
        self,
        connection: Connection,
        city_id: int,
        *,
        gateways: Sequence[str] | None = None,
        verdict: Verdict | None = None,
        before: UUID | None = None,
        limit: int,
    ) -> list[Message]:
        """What came to the doors, the newest first; without content."""
        return await messages.listed(
            connection, city_id, gateways=gateways, verdict=verdict, attempt_id=None, before=before, limit=limit
        )

    async def message(self, connection: Connection, city_id: int, message_id: UUID) -> tuple[Message, dict[str, Any]]:
        """One message with its content. Raises NotFound."""
        keys = await self._vault.keys(connection, city_id)
        found = await messages.opened(connection, keys, message_id)
        if found is None:
            raise NotFound("There is no such message here.")
        return found

    async def differences(
        self,
        connection: Connection,
        city_id: int,
        *,
        gateways: Sequence[str] | None = None,
        settled: bool = False,
        limit: int,
    ) -> list[Difference]:
        """What a gateway lists and what is known here, where they differ; the newest first."""
        return await comparing.listed(connection, city_id, gateways=gateways, settled=settled, limit=limit)

    async def settle_difference(
        self,
        connection: Connection,
        city_id: int,
        difference_id: UUID,
        *,
        gateways: Sequence[str] | None,
        by: str,
        reason: str,
    ) -> Difference:
        """Somebody has seen to it. Raises NotFound, also where it is over or at none of `gateways`."""
        found = await comparing.seen_to(connection, city_id, difference_id, by=by, reason=reason, now=self._clock.now())
        if gateways is not None and found.gateway not in gateways:
            raise NotFound("There is no such difference here that is still open.")
        return found

    def now(self) -> datetime:
        return self._clock.now()


def _tokens(keys: TownKeys, payment_id: UUID) -> list[str]:
    """128 bits by each index key the town ever had, that of the newest first: nothing is stored, nobody guesses it, and
    an address once given stays good.
    """
    indexes = keys.known_indexes("payment_page", str(payment_id))
    return [base64.b32encode(value).decode().rstrip("=").lower() for value in indexes]
