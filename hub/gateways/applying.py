"""What has been decided about an attempt is written down, and the payment is told: in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import uuid5

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import queries, refunds
from hub.gateways.judge import Judgement, Way, contradiction
from hub.gateways.model import UNDER_WAY, Attempt, Event, State, Verdict, allow
from hub.gateways.moments import next_ask, takes_too_long
from hub.gateways.reports import details_of, reason_of, word_of
from hub.kernel.errors import Conflict
from hub.kernel.money import Money
from hub.payments.model import Source
from hub.payments.service import PaymentService
from hub.ports.payment_gateway import Outcome, Report
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

UNKNOWN = "attempt_unknown"
"""About an attempt: nobody knows how it stands, and somebody must look."""
CONTRADICTION = "gateway_contradiction"
"""About an attempt: the gateway says what cannot be."""

_TARGETS = {
    Event.OPEN: State.OPEN,
    Event.PENDING: State.PENDING,
    Event.CAPTURED: State.CAPTURED,
    Event.DECLINED: State.DECLINED,
    Event.CANCELLED: State.CANCELLED,
    Event.EXPIRED: State.EXPIRED,
    Event.UNCLEAR: State.UNKNOWN,
    Event.REVERSED: State.REVERSED,
    Event.CHARGED_BACK: State.CHARGED_BACK,
}
_NOT_THERE = {
    State.CREATED: State.FAILED,
    State.UNSURE: State.FAILED,
    State.OPEN: State.EXPIRED,
    State.UNKNOWN: State.EXPIRED,
    State.PENDING: State.UNKNOWN,
}
_TOLD = {
    State.DECLINED: Outcome.DECLINED,
    State.CANCELLED: Outcome.CANCELLED,
    State.EXPIRED: Outcome.EXPIRED,
    State.REVERSED: Outcome.REVERSED,
    State.FAILED: Outcome.NOT_FOUND,
}
_KEPT_REASONS = {State.EXPIRED: "timed_out", State.CANCELLED: "cancelled_by_payer", State.FAILED: "technical"}


class Applier:
    """Writes attempts of all towns. The attempt given is locked by its caller."""

    def __init__(self, payments: PaymentService) -> None:
        self._payments = payments

    async def apply(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        attempt: Attempt,
        report: Report,
        judgement: Judgement,
        *,
        way: Way,
        now: datetime,
    ) -> Attempt:
        """The attempt as it is afterwards. Raises what hub.payments does; nothing is written then."""
        if attempt.state is State.CHARGED_BACK and judgement.why in {"over", "charged_back_before"}:
            judgement = await self._when_won(connection, town.city.id, attempt, report, judgement, way)
        elif judgement.why == "captured_before" and report.outcome is Outcome.PENDING:
            judgement = await self._while_refunded(connection, town.city.id, attempt, judgement)
        for event in judgement.events:
            if event is Event.CHARGED_BACK:
                attempt, judgement = await self._before_charged_back(connection, keys, town, attempt, judgement, now)
            attempt = await self._happen(connection, keys, town, attempt, report, event, judgement.why, now)
        given_back = judgement.given_back
        if Event.REFUNDED in judgement.events:
            given_back = await refunds.told_without_amount(connection, town.city.id, attempt)
            if given_back is None:
                judgement = replace(judgement, contradiction=True)
        if given_back is not None:
            attempt = await self._given_back(connection, keys, town, attempt, given_back, now)
        if values := _said_last(keys, attempt, report, judgement):
            await queries.change(connection, town.city.id, attempt.attempt_id, **values)
        await self._alerts(connection, town.city.id, attempt, judgement, word_of(report), now)
        if way is Way.QUERY and not judgement.contradiction:
            # It was asked, and says what is known here: a message that said something else had been overtaken.
            await alerts.settle(connection, town.city.id, kind=CONTRADICTION, about=attempt.id, now=now)
        await tell_late(connection, town.city.id, attempt, now)
        return attempt

    async def not_started(
        self, connection: Connection, city_id: int, attempt: Attempt, *, why: str, now: datetime
    ) -> None:
        """It is over without a word of the gateway and without money."""
        ended = await self._move(
            connection, city_id, attempt, Event.NOT_STARTED, State.FAILED, now, by="payer", why=why
        )
        outcome = _TOLD[State.FAILED]
        await self._payments.attempt_ended(
            connection, city_id, attempt.charge_id, outcome=outcome, reason=ended.reason, now=now
        )

    async def brought_nothing(
        self, connection: Connection, city_id: int, attempt: Attempt, *, by: str, why: str, now: datetime
    ) -> Attempt:
        """Somebody looked there: no money came. What comes all the same is late money. Raises Conflict for one that is
        over, and before somebody was called to look.
        """
        state = allow(Event.BROUGHT_NOTHING, attempt.state, State.EXPIRED)
        called = await alerts.settle(connection, city_id, kind=UNKNOWN, about=attempt.id, now=now)
        if not called or not takes_too_long(attempt, now):
            raise Conflict(f"It may still bring money. Have it asked about, and look there when {UNKNOWN} is told.")
        ended = await self._move(connection, city_id, attempt, Event.BROUGHT_NOTHING, state, now, by=by, why=why)
        await self._payments.attempt_ended(
            connection, city_id, attempt.charge_id, outcome=_TOLD[state], reason=why, now=now, by=by
        )
        return ended

    async def _happen(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        attempt: Attempt,
        report: Report,
        event: Event,
        why: str | None,
        now: datetime,
    ) -> Attempt:
        source, charge = Source("attempt", attempt.attempt_id), attempt.charge_id
        target = _NOT_THERE[attempt.state] if event is Event.NOT_THERE else _TARGETS.get(event, attempt.state)
        under_way = attempt.state in UNDER_WAY
        attempt = await self._move(
            connection, town.city.id, attempt, event, target, now, by="gateway", why=why, report=report
        )
        if event is Event.CAPTURED:
            # A gateway whose clock is wrong says when money came all the same: not before it was asked for, nor later
            # than it tells.
            at = min(max(report.at, attempt.created_at), now) if report.at else now
            await self._payments.captured(connection, keys, town, charge, attempt.amount, source, at=at, now=now)
        elif event is Event.PENDING:
            await self._payments.attempt_pending(connection, town.city.id, charge, now=now)
        elif event is Event.CHARGED_BACK:
            left = Money(attempt.amount.minor - attempt.refunded, attempt.amount.currency)
            if left.minor and not await self._payments.taken_back_of(connection, town.city.id, source):
                await self._payments.charged_back(connection, keys, town, charge, left, source, now=now)
        elif target in _TOLD and under_way:
            # What was over before and is contradicted ends no other try that is under way by now.
            outcome, reason = _TOLD[target], attempt.reason
            await self._payments.attempt_ended(
                connection, town.city.id, charge, outcome=outcome, reason=reason, now=now
            )
        return attempt

    async def _given_back(
        self, connection: Connection, keys: TownKeys, town: Town, attempt: Attempt, given_back: int, now: datetime
    ) -> Attempt:
        """So much in all is given back by now. What of it is a refund of ours is one; the rest was done over there."""
        city_id, currency = town.city.id, attempt.amount.currency
        attempt = await refunds.settle_done_by_staff(connection, city_id, attempt, given_back, now)
        more = given_back - attempt.refunded
        if more <= 0:
            return attempt
        ours = await refunds.in_flight(connection, city_id, attempt.attempt_id)
        if ours is not None and more < ours.minor:
            return attempt  # It is under way, or something else happened too: known when ours is over.
        if ours is not None:
            await refunds.settle(connection, keys, town, self._payments, ours, "done", now=now)
            more -= ours.minor
        if more:
            await self._payments.reversed_at_gateway(
                connection,
                keys,
                town,
                attempt.charge_id,
                Money(more, currency),
                # Each time is a source of its own: an attempt may be refunded in several parts over there.
                Source("attempt", uuid5(attempt.attempt_id, f"given back {given_back}")),
                now=now,
            )
            await queries.note(
                connection, city_id, attempt.attempt_id, Event.REFUNDED, attempt.state, by="gateway", now=now,
                why="at_the_gateway",
            )  # fmt: skip
        await queries.change(connection, city_id, attempt.attempt_id, refunded=given_back)
        return replace(attempt, refunded=given_back)

    async def _before_charged_back(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        attempt: Attempt,
        judgement: Judgement,
        now: datetime,
    ) -> tuple[Attempt, Judgement]:
        """What was given back before is none of what the payer's bank took. Of a part that somebody has booked from a
        letter nobody says whether it is this or the rest.
        """
        if judgement.given_back:
            attempt = await self._given_back(connection, keys, town, attempt, judgement.given_back, now)
        if await self._in_part(connection, town.city.id, attempt):
            judgement = replace(judgement, why="charged_back_in_part_before", contradiction=True)
        return attempt, judgement

    async def _when_won(
        self, connection: Connection, city_id: int, attempt: Attempt, report: Report, judgement: Judgement, way: Way
    ) -> Judgement:
        """Of an attempt whose chargebacks are won the gateway may say what it said before. That it is charged back may
        be old, or have happened once more: somebody looks.
        """
        if await self._payments.taken_back_of(connection, city_id, Source("attempt", attempt.attempt_id)):
            return judgement
        if report.outcome is Outcome.CHARGED_BACK:
            return contradiction(way, "charged_back_again")
        # Where some of it was given back before, the gateway says so of it again.
        known = report.refunded is None or report.refunded.minor == attempt.refunded
        if report.outcome is Outcome.CAPTURED or (report.outcome is Outcome.REFUNDED and known):
            return Judgement(Verdict.REPEATED, "won_before")
        return judgement

    async def _while_refunded(
        self, connection: Connection, city_id: int, attempt: Attempt, judgement: Judgement
    ) -> Judgement:
        """Of an order whose refund is under way a gateway may say what it says of the refund."""
        ours = await refunds.in_flight(connection, city_id, attempt.attempt_id)
        return judgement if ours is None else Judgement(Verdict.REPEATED, "refund_under_way")

    async def _in_part(self, connection: Connection, city_id: int, attempt: Attempt) -> bool:
        """Whether a part of what it brought is charged back by now, and another is not."""
        taken = await self._payments.taken_back_of(connection, city_id, Source("attempt", attempt.attempt_id))
        return 0 < taken < attempt.amount.minor - attempt.refunded

    async def _move(
        self,
        connection: Connection,
        city_id: int,
        attempt: Attempt,
        event: Event,
        target: State,
        now: datetime,
        *,
        by: str,
        why: str | None,
        report: Report | None = None,
    ) -> Attempt:
        state = allow(event, attempt.state, target)
        word = word_of(report) if report else None
        moved = replace(attempt, state=state)
        if event is not Event.CONTRADICTED:
            reason = (reason_of(report) if report else None) or _KEPT_REASONS.get(state)
            if event is Event.BROUGHT_NOTHING:
                reason = None  # The gateway told none, and her time to enter a card need not have been it.
            moved = replace(
                moved,
                word=word or attempt.word,
                reason=None if state is State.CAPTURED else reason,
                captured_at=attempt.captured_at or (now if state is State.CAPTURED else None),
                settled_at=None if state in UNDER_WAY else attempt.settled_at or now,
                changed_at=now,
            )
        moved = replace(moved, ask_at=next_ask(moved, now))
        names = ("state", "word", "reason", "captured_at", "settled_at", "changed_at", "ask_at")
        values = {name: getattr(moved, name) for name in names}
        if state not in UNDER_WAY:
            values["onward"] = None
        await queries.change(connection, city_id, attempt.attempt_id, **values)
        await queries.note(connection, city_id, attempt.attempt_id, event, state, by=by, now=now, word=word, why=why)
        return moved

    async def _alerts(
        self, connection: Connection, city_id: int, attempt: Attempt, judgement: Judgement, word: str, now: datetime
    ) -> None:
        about = attempt.id
        if judgement.contradiction:
            kind = UNKNOWN if attempt.state is State.UNKNOWN else CONTRADICTION
            detail = {"gateway": attempt.gateway, "payee": attempt.payee, "state": attempt.state, "word": word}
            await alerts.raise_alert(
                connection, city_id, kind=kind, about=about, detail={**detail, "why": judgement.why}, now=now
            )
        elif attempt.state not in UNDER_WAY:
            await alerts.settle(connection, city_id, kind=UNKNOWN, about=about, now=now)


def _said_last(keys: TownKeys, attempt: Attempt, report: Report, judgement: Judgement) -> dict[str, object]:
    """Columns of what the gateway said last: it stands with the attempt unless it cannot be true, or proves nothing."""
    values: dict[str, object] = {}
    if judgement.contradiction:
        return values
    if judgement.verdict in {Verdict.APPLIED, Verdict.REPEATED}:
        if attempt.reference is None and report.reference:
            values["reference"] = report.reference
        if attempt.state is State.OPEN and (reason := reason_of(report)):
            # A card was refused, and the page takes another one.
            values["reason"] = reason
    if judgement.events and (details := details_of(report)):
        values["details"] = queries.seal(keys, "details", attempt.attempt_id, details)
    return values


async def tell_late(connection: Connection, city_id: int, attempt: Attempt, now: datetime) -> None:
    """Have somebody look at one that is under way for too long, however that was heard."""
    if takes_too_long(attempt, now) and attempt.state is not State.UNKNOWN:
        detail = {"gateway": attempt.gateway, "payee": attempt.payee, "state": attempt.state, "word": attempt.word}
        detail["why"] = "no_end"
        await alerts.raise_alert(connection, city_id, kind=UNKNOWN, about=attempt.id, detail=detail, now=now)
