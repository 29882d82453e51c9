"""Begins an attempt: the row and its number first, then the call, then what the gateway said.

Whatever breaks in between leaves a row that is asked about by its number (hub.gateways.asking).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import queries
from hub.gateways.applying import Applier
from hub.gateways.choice import choose
from hub.gateways.model import Attempt, Event, Onward, Payer, State, allow
from hub.gateways.moments import TAKES_CARDS, next_ask
from hub.gateways.numbers import new_number
from hub.gateways.wake import call_for
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, Conflict, NotReady, RemoteError
from hub.kernel.ids import new_uuid
from hub.payments.model import Due
from hub.payments.service import PaymentService
from hub.ports.payment_gateway import Order, Started
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

FAILING = "gateway_failing"
"""About a gateway: it takes no orders, or not as it should; settled by the next that it takes."""
_NUMBERS_TRIED = 5


class Starter:
    """Begins attempts in all towns."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, payments: PaymentService, applier: Applier
    ) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._payments, self._applier = payments, applier

    async def start(self, town: Town, charge_id: UUID, *, language: str, payer: Payer) -> Onward:
        """Where the payer goes. One that was begun and waits for a card is gone on with. `language` is the tag (BCP 47)
        of the page that she left and comes back to.

        Raises Conflict where the charge takes no attempt now or nobody takes cards for its payee; NotReady where the
        gateway did not take it (the payer may try again) or it is not known whether it did (she may when that is
        clear); and what hub.payments raises.
        """
        now = self._clock.now()
        async with self._database.town(town.city.id) as connection:
            if (onward := await self._begun_before(connection, town, charge_id, now)) is not None:
                return onward
            due = await self._payments.begin_attempt(connection, town.city.id, charge_id, now)
            if await queries.under_way(connection, town.city.id, charge_id) is not None:
                raise Conflict("Another try to pay this may still bring money: wait until it is over.")
            attempt = await self._insert(connection, town, due, now)
        gateway = town.gateways[attempt.gateway]
        order = Order(
            number=attempt.number,
            amount=attempt.amount,
            title=due.title,
            language=language.partition("-")[0],
            now=now,
            expires_at=attempt.expires_at,
            payer=payer,
            return_path=f"/return/{language}",
        )
        try:
            started = await gateway.start(order)
        except Exception as error:
            await self._not_started(town, attempt, error)
            raise NotReady("The card gateway does not answer as it should. Try again in a few minutes.") from error
        return await self._started(town, attempt, started)

    async def _begun_before(self, connection: Connection, town: Town, charge_id: UUID, now: datetime) -> Onward | None:
        one = await queries.under_way(connection, town.city.id, charge_id)
        if one is None or one.state is not State.OPEN or now >= one.expires_at or one.gateway not in town.gateways:
            return None
        await self._payments.attempt_goes_on(connection, town.city.id, charge_id, one.amount)
        return await onward_of(connection, self._vault, town, one)

    async def _insert(self, connection: Connection, town: Town, due: Due, now: datetime) -> Attempt:
        name = choose(town.city.gateways, due.payee, due.login)
        if name is None:
            raise Conflict("Nobody takes cards for this payee. It can be paid by a bank transfer.")
        for _ in range(_NUMBERS_TRIED):
            attempt = Attempt(
                attempt_id=new_uuid(),
                charge_id=due.charge_id,
                payment_id=due.payment_id,
                gateway=name,
                payee=due.payee,
                number=new_number(),
                amount=due.amount,
                state=allow(Event.CREATED, None, State.CREATED),
                reference=None,
                word=None,
                reason=None,
                refunded=0,
                asks=0,
                ask_at=None,
                created_at=now,
                expires_at=now + TAKES_CARDS,
                returned_at=None,
                captured_at=None,
                settled_at=None,
                changed_at=now,
            )
            attempt = replace(attempt, ask_at=next_ask(attempt, now))
            if await queries.insert(connection, town.city.id, attempt):
                await queries.note(
                    connection, town.city.id, attempt.attempt_id, Event.CREATED, State.CREATED, by="payer", now=now
                )
                return attempt
        raise NotReady("No free order number was found; try again.")

    async def _started(self, town: Town, attempt: Attempt, started: Started) -> Onward:
        now, city_id = self._clock.now(), town.city.id
        onward = Onward(attempt.attempt_id, attempt.payment_id, started.url, started.form)
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            known = await queries.find(connection, city_id, attempt.attempt_id, lock=True)
            assert known is not None
            if known.settled_at is not None:
                raise NotReady("This attempt is over already; begin another one.")
            values: dict[str, object] = {"onward": queries.seal(keys, "onward", attempt.attempt_id, _stored(onward))}
            if started.reference and known.reference is None:
                values["reference"] = started.reference
            if known.state is State.CREATED:
                values["state"] = allow(Event.STARTED, known.state, State.OPEN)
                values["changed_at"] = now
                await queries.note(
                    connection, city_id, attempt.attempt_id, Event.STARTED, State.OPEN, by="payer", now=now
                )
            await queries.change(connection, city_id, attempt.attempt_id, **values)
            await alerts.settle(connection, city_id, kind=FAILING, about=attempt.gateway, now=now)
        return onward

    async def _not_started(self, town: Town, attempt: Attempt, error: Exception) -> None:
        """Surely not there, or in doubt: then it is asked about by its number."""
        surely = isinstance(error, ConfigurationError) or (isinstance(error, RemoteError) and error.reached is not None)
        why = getattr(error, "code", "adapter_failed")
        about = {"city": town.city.slug, "gateway": attempt.gateway, "attempt": attempt.id, "because": why}
        log.warning("attempt_not_started", **about, detail=str(error) if isinstance(error, RemoteError) else None,
                    exc_info=None if isinstance(error, RemoteError | ConfigurationError) else error)  # fmt: skip
        now, city_id = self._clock.now(), town.city.id
        async with self._database.town(city_id) as connection:
            detail = {"gateway": attempt.gateway, "payee": attempt.payee, "why": why}
            await alerts.raise_alert(connection, city_id, kind=FAILING, about=attempt.gateway, detail=detail, now=now)
            known = await queries.find(connection, city_id, attempt.attempt_id, lock=True)
            if known is None or known.state is not State.CREATED:
                return
            if surely:
                await self._applier.not_started(connection, city_id, known, why=why, now=now)
                return
            state = allow(Event.START_DOUBT, known.state, State.UNSURE)
            unsure = replace(known, state=state)
            due = next_ask(unsure, now)
            await queries.change(connection, city_id, attempt.attempt_id, state=state, ask_at=due, changed_at=now)
            await queries.note(
                connection, city_id, attempt.attempt_id, Event.START_DOUBT, state, by="payer", now=now, why=why
            )
            await call_for(connection, city_id, due, now)


async def onward_of(connection: Connection, vault: Vault, town: Town, attempt: Attempt) -> Onward | None:
    """Where the payer goes for this attempt; None where the gateway has not told, or it is over."""
    keys = await vault.keys(connection, town.city.id)
    stored = await queries.opened(connection, keys, "onward", attempt.attempt_id)
    return None if stored is None else Onward(attempt.attempt_id, attempt.payment_id, stored["url"], stored["form"])


def _stored(onward: Onward) -> dict[str, object]:
    return {"url": onward.url, "form": dict(onward.form) if onward.form is not None else None}
