"""Gives money back at the gateway that took it: once, and known to have happened or not.

A refund is sent under a key that is the same at every try. After a doubt the gateway is asked what it has given back of
the order; only where it surely has not, it is sent again. Where a gateway cannot be asked, somebody looks.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import queries, refunds
from hub.gateways.asking import Asking
from hub.gateways.model import Attempt, Event
from hub.gateways.refunds import NOT_SENT, Sent
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, HubError, RemoteError, RemoteRefused
from hub.kernel.money import Money
from hub.payments.model import RefundToSend, Source
from hub.payments.service import PaymentService
from hub.ports.payment_gateway import Asked, Outcome, RefundOrder, RefundOutcome, RefundReport, Report
from hub.storage.database import Connection, Database
from hub.storage.failures import PASSING
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

_AT_ONCE = 50
_SOON, _SELDOM = timedelta(seconds=30), timedelta(hours=6)
_NOT_ANSWERED = timedelta(minutes=5)
"""What got no answer is tried again no later than that, however old it is: the breaker spares a gateway."""
_SURELY_NOT = timedelta(minutes=15)
"""So long after it was sent a gateway that has given nothing back will not have: its call ended within a minute."""
_MOST_SENDS = 3
_TOO_LONG = timedelta(days=2)
"""What a gateway has taken on and not ended by then somebody looks after."""


class Refunding:
    """The handler of `gateways.refund` jobs of all towns."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, payments: PaymentService, asking: Asking
    ) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._payments, self._asking = payments, asking

    async def run(self, town: Town) -> None:
        """Take up what is approved, send what is to be sent, ask about what is in doubt or under way."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            approved = await self._payments.refunds_to_send(connection, city_id)
            taken_up = await refunds.taken_up(connection, city_id, [one.refund_id for one in approved])
            ended = await refunds.ended_by_staff(connection, city_id, self._clock.now(), _AT_ONCE)
        for wanted in approved:
            if wanted.refund_id not in taken_up:
                await self._alone(town, wanted.key, self._take_up(town, wanted))
        for one, said in ended:
            await self._alone(town, one.id, self._ended_by_staff(town, one, said))
        async with self._database.town(city_id) as connection:
            due = await refunds.claim_due(connection, city_id, self._clock.now(), _AT_ONCE)
        for one in due:
            await self._alone(town, one.id, self._send(town, one) if one.state == "waiting" else self._ask(town, one))

    async def _alone(self, town: Town, refund: str, what: Coroutine[Any, Any, None]) -> None:
        """Whatever goes wrong with one, the others are carried out."""
        try:
            await what
        except PASSING:
            raise  # says nothing about the refund: the job is tried again
        except Exception as error:
            because = str(error) if isinstance(error, HubError) else type(error).__name__
            trace = None if isinstance(error, HubError) else error
            log.error("refund_not_carried_out", city=town.city.slug, refund=refund, because=because, exc_info=trace)

    async def _take_up(self, town: Town, wanted: RefundToSend) -> None:
        """From the attempt that has as much left; the latest one first."""
        city_id, now = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            if (known := await refunds.find(connection, city_id, wanted.refund_id)) is not None:
                if known.state == "in_doubt":
                    # Somebody looked and said that it did not happen.
                    await refunds.change(connection, city_id, wanted.refund_id, state="waiting", next_at=now)
                return
            fitting = None
            for one in await queries.captured_by(connection, city_id, wanted.charge_id, lock=True):
                known_there = await refunds.settle_done_by_staff(connection, city_id, one, one.amount.minor, now)
                if await self._left(connection, city_id, known_there) >= wanted.amount.minor:
                    fitting = known_there
            if fitting is None:
                keys = await self._vault.keys(connection, city_id)
                await self._payments.refund_heard(
                    connection, keys, town, wanted.refund_id, "refused", "no_attempt_has_as_much", None, now
                )
                return
            await refunds.insert(connection, city_id, wanted.refund_id, fitting, wanted.amount.minor, now)

    async def _left(self, connection: Connection, city_id: int, attempt: Attempt) -> int:
        """Minor units that its gateway can give back: what the payer's bank has taken is not given to her once more."""
        taken = await self._payments.taken_back_of(connection, city_id, Source("attempt", attempt.attempt_id))
        return attempt.amount.minor - attempt.refunded - taken

    async def _ended_by_staff(self, town: Town, one: Sent, said: Literal["done", "refused"]) -> None:
        """Somebody looked, and said to the payment what happened: here it is over as well."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            attempt = await queries.find(connection, city_id, one.attempt_id, lock=True)
            known = await refunds.find(connection, city_id, one.refund_id)
            if attempt is None or known is None or known.state != one.state:
                return
            now = self._clock.now()
            await refunds.change(
                connection, city_id, one.refund_id, state=said, settled_at=now, next_at=None, detail="said by staff"
            )
            await alerts.settle(connection, city_id, kind=NOT_SENT, about=one.id, now=now)
            if said == "done":
                given_back = min(attempt.refunded + one.minor, attempt.amount.minor)
                await queries.change(connection, city_id, attempt.attempt_id, refunded=given_back)

    async def _send(self, town: Town, one: Sent) -> None:
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            attempt = await queries.find(connection, city_id, one.attempt_id, lock=True)
            known = await refunds.find(connection, city_id, one.refund_id)
            if attempt is None or known is None or known.state != "waiting":
                return
            now = self._clock.now()
            if attempt.gateway not in town.gateways:
                await refunds.change(connection, city_id, one.refund_id, next_at=now + _SELDOM)
                said = {"gateway": attempt.gateway, "payee": attempt.payee, "why": "not_configured"}
                await alerts.raise_alert(connection, city_id, kind=NOT_SENT, about=one.id, detail=said, now=now)
                return
            # It locks the charge: no chargeback is booked between this look and the intent.
            await self._payments.refund_sent(connection, city_id, one.refund_id, now)
            if await self._left(connection, city_id, attempt) < one.minor:
                keys = await self._vault.keys(connection, city_id)
                await refunds.settle(
                    connection, keys, town, self._payments, known, "refused", now=now, word="taken_back_meanwhile"
                )
                return
            await refunds.change(
                connection, city_id, one.refund_id,
                state="sending", sends=one.sends + 1, sent_at=now, next_at=now + refunds.CALLED_FOR,
            )  # fmt: skip
        order = RefundOrder(
            key=one.id,
            number=attempt.number,
            reference=attempt.reference,
            amount=Money(one.minor, attempt.amount.currency),
            captured=attempt.amount,
            already=Money(attempt.refunded, attempt.amount.currency),
        )
        gateway = town.gateways[attempt.gateway]
        try:
            report = await gateway.refund(order)
        except Exception as error:  # noqa: BLE001 - whatever broke, the refund may have happened
            await self._broken(town, one, attempt, error)
            return
        await self._heard(town, one, attempt, report)

    async def _heard(self, town: Town, one: Sent, attempt: Attempt, report: RefundReport) -> None:
        word, told = report.word[:200], {"reference": report.reference}
        async with self._database.town(town.city.id) as connection:
            now = self._clock.now()
            if report.outcome is RefundOutcome.PENDING:
                await self._doubt(connection, town, one, "pending", word, now, **told)
                return
            outcome: Literal["done", "refused"] = "done" if report.outcome is RefundOutcome.DONE else "refused"
            keys = await self._vault.keys(connection, town.city.id)
            locked = await queries.find(connection, town.city.id, attempt.attempt_id, lock=True)
            known = await refunds.find(connection, town.city.id, one.refund_id)
            assert locked is not None
            if known is None or known.settled_at is not None:
                return  # A question was faster.
            if outcome == "done":
                given_back = locked.refunded + one.minor
                await queries.change(connection, town.city.id, attempt.attempt_id, refunded=given_back)
                await queries.note(
                    connection, town.city.id, attempt.attempt_id, Event.REFUNDED, locked.state,
                    by="gateway", now=now, word=word, why=one.id,
                )  # fmt: skip
            await refunds.settle(
                connection, keys, town, self._payments, known, outcome,
                now=now, word=word, detail=report.detail[:200] or None, **told,
            )  # fmt: skip

    async def _broken(self, town: Town, one: Sent, attempt: Attempt, error: Exception) -> None:
        why = getattr(error, "code", "adapter_failed")
        about = {"city": town.city.slug, "gateway": attempt.gateway, "refund": one.id, "because": why}
        log.warning("refund_not_answered", **about, exc_info=None if isinstance(error, HubError) else error)
        reached = error.reached if isinstance(error, RemoteError) else None
        if isinstance(error, ConfigurationError):
            reached = False
        if reached and not isinstance(error, RemoteRefused):
            detail = str(error)
            await self._heard(town, one, attempt, RefundReport(RefundOutcome.REFUSED, why, detail=detail))
            return
        async with self._database.town(town.city.id) as connection:
            now = self._clock.now()
            if reached is None:
                await self._doubt(connection, town, one, "in_doubt", why, now)
                return
            await queries.find(connection, town.city.id, one.attempt_id, lock=True)
            known = await refunds.find(connection, town.city.id, one.refund_id)
            if known is None or known.settled_at is not None:
                return  # Somebody told meanwhile what became of it.
            # Surely nothing was done, or our credentials were not taken: it is sent again.
            after = now + min(_backoff(one.created_at, now), _NOT_ANSWERED)
            await refunds.change(
                connection, town.city.id, one.refund_id, state="waiting", next_at=after, word=why, sends=one.sends
            )
            said = {"gateway": attempt.gateway, "payee": attempt.payee, "why": why}
            await alerts.raise_alert(connection, town.city.id, kind=NOT_SENT, about=one.id, detail=said, now=now)

    async def _doubt(
        self,
        connection: Connection,
        town: Town,
        one: Sent,
        state: Literal["pending", "in_doubt"],
        word: str,
        now: datetime,
        reference: str | None = None,
    ) -> None:
        """It is asked about, where the gateway tells; else somebody looks. What is over by now stays so."""
        city_id = town.city.id
        keys = await self._vault.keys(connection, city_id)
        # The attempt first, as everybody does: two that lock in another order would wait for each other.
        attempt = await queries.find(connection, city_id, one.attempt_id, lock=True)
        known = await refunds.find(connection, city_id, one.refund_id)
        if known is None or known.settled_at is not None:
            return
        gateway = town.gateways.get(attempt.gateway) if attempt else None
        asks = state == "pending" or gateway is None or gateway.refund_is_asked
        await refunds.change(
            connection, city_id, one.refund_id,
            state=state, word=word, next_at=now + _SOON if asks else None, reference=reference or one.reference,
        )  # fmt: skip
        await self._payments.refund_heard(
            connection, keys, town, one.refund_id, state, word, reference or one.reference, now
        )

    async def _ask(self, town: Town, one: Sent) -> None:
        """What was sent may have happened, also where a worker died with it."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            attempt = await queries.find(connection, city_id, one.attempt_id, lock=True)
            known = await refunds.find(connection, city_id, one.refund_id)
            if attempt is None or known is None or known.state != one.state:
                return  # Somebody told meanwhile what became of it.
            now, gateway = self._clock.now(), town.gateways.get(attempt.gateway)
            if known.state == "sending":
                await self._doubt(connection, town, known, "in_doubt", "worker_died", now)
            if gateway is None:
                # Its block may come back, and then tells.
                await refunds.change(connection, city_id, one.refund_id, next_at=now + _SELDOM)
                return
            if not (gateway.refund_is_asked or known.state == "pending"):
                await refunds.change(connection, city_id, one.refund_id, next_at=None)
                return
        try:
            report = await gateway.query(Asked(attempt.number, attempt.reference, attempt.amount))
        except Exception as error:  # noqa: BLE001 - it is asked again
            log.warning("refund_not_asked", city=town.city.slug, refund=one.id, error=type(error).__name__)
            report = None
        if report is not None:
            await self._asking.heard(town, attempt, report)
        async with self._database.town(city_id) as connection:
            await queries.find(connection, city_id, one.attempt_id, lock=True)
            known = await refunds.find(connection, city_id, one.refund_id)
            if known is None or known.settled_at is not None or known.sent_at is None:
                return
            now = self._clock.now()
            nothing = report is not None and known.state == "in_doubt" and _gave_nothing(report, attempt)
            if nothing and gateway.refund_is_asked and now - known.sent_at >= _SURELY_NOT and known.sends < _MOST_SENDS:
                await refunds.change(connection, city_id, one.refund_id, state="waiting", next_at=now)
            elif known.state == "pending" and now - known.sent_at >= _TOO_LONG:
                await self._doubt(connection, town, known, "in_doubt", "no_end", now)
            else:
                wait = _backoff(known.sent_at, now)
                after = now + (wait if report is not None else min(wait, _NOT_ANSWERED))
                await refunds.change(connection, city_id, one.refund_id, next_at=after)


def _gave_nothing(report: Report, asked: Attempt) -> bool:
    """Whether the gateway says that it has given back no more than was known when it was asked."""
    if report.outcome is Outcome.CHARGED_BACK:
        return report.refunded is not None and report.refunded.minor == asked.refunded
    return report.outcome is Outcome.CAPTURED


def _backoff(since: datetime, now: datetime) -> timedelta:
    return min(max((now - since) / 2, _SOON), _SELDOM)
