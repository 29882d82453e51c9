"""The one place where what is reported is compared with what was ordered, and decided what follows.

Nothing is looked up and nothing written here: an attempt as it stands, a report, how it came, and the time.

    a browser's return            proves nothing: the gateway is asked
    an unsigned message           the same
    a message without an amount   the same, unless our own signature of the order was part of what was verified
    another order, reference,
    amount or currency            nothing changes; it is kept, and told
    the answer to our question    is the gateway's own word about an order that it was given by us
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hub.gateways.model import UNDER_WAY, WITHOUT_MONEY, Attempt, Event, State, Verdict
from hub.ports.payment_gateway import Outcome, Report

START_GRACE = timedelta(minutes=3)
"""An order whose start had no clear end may still arrive at the gateway; its call ends within a minute."""
PAGE_GRACE = timedelta(minutes=15)
"""After its page has closed, what was entered on it may still be under way."""
OPEN_GRACE = timedelta(hours=1)
"""A gateway that leaves an order open for ever: so long after its time nobody enters a card any more."""


class Way(StrEnum):
    """How a report came."""

    RETURN = "return"
    NOTIFICATION = "notification"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from a report.

    `events` happen to the attempt, one after the other. `given_back`: how much in all is given back of it by now, where
    that is more than nothing and known. `contradiction`: somebody must be told. `why` is a stable code.
    """

    verdict: Verdict
    why: str | None = None
    events: tuple[Event, ...] = ()
    given_back: int | None = None
    contradiction: bool = False

    @property
    def ask(self) -> bool:
        """The gateway is asked soon: the report does not say enough, or says what cannot be."""
        return self.verdict is Verdict.ASKED


_ENDS = {Outcome.DECLINED: Event.DECLINED, Outcome.CANCELLED: Event.CANCELLED, Outcome.EXPIRED: Event.EXPIRED}
_MONEY = frozenset({Outcome.CAPTURED, Outcome.REFUNDED, Outcome.CHARGED_BACK})


def judge(attempt: Attempt, report: Report, way: Way, now: datetime) -> Judgement:
    """What follows for `attempt` from `report`."""
    if (difference := _difference(attempt, report)) is not None:
        # Our own question was answered with something else: somebody must look. A message may be anybody's.
        if way is not Way.QUERY:
            return Judgement(Verdict.REFUSED, difference)
        event = Event.UNCLEAR if attempt.state in UNDER_WAY else Event.CONTRADICTED
        events = () if attempt.state is State.UNKNOWN else (event,)
        return Judgement(Verdict.REFUSED, difference, events, contradiction=True)
    if way is Way.RETURN:
        return Judgement(Verdict.ASKED, "browser")
    if way is Way.NOTIFICATION:
        if not report.believed:
            return Judgement(Verdict.ASKED, "unsigned")
        if report.amount is None and not report.signed_order:
            return Judgement(Verdict.ASKED, "no_amount")
        if report.outcome in {Outcome.UNKNOWN, Outcome.NOT_FOUND}:
            return Judgement(Verdict.ASKED, "unknown_state")
    if attempt.state in UNDER_WAY:
        return _while_under_way(attempt, report, way, now)
    if attempt.state in WITHOUT_MONEY or (attempt.state is State.REVERSED and attempt.captured_at is None):
        return _without_money(report, way)
    return _with_money(attempt, report, way)


def _difference(attempt: Attempt, report: Report) -> str | None:
    if report.number != attempt.number:
        return "other_order"
    if report.reference and attempt.reference and report.reference != attempt.reference:
        return "other_reference"
    if report.amount is not None and report.amount.currency != attempt.amount.currency:
        return "other_currency"
    if report.amount is not None and report.amount.minor != attempt.amount.minor:
        return "other_amount"
    if report.refunded is not None and report.refunded.currency != attempt.amount.currency:
        return "other_currency"
    if report.refunded is not None and not 0 <= report.refunded.minor <= attempt.amount.minor:
        return "other_amount"
    return None


def _while_under_way(attempt: Attempt, report: Report, way: Way, now: datetime) -> Judgement:
    outcome = report.outcome
    if outcome in _MONEY:
        return _money(report, (Event.CAPTURED,))
    if outcome in _ENDS:
        return Judgement(Verdict.APPLIED, events=(_ENDS[outcome],))
    if outcome is Outcome.REVERSED:
        return Judgement(Verdict.APPLIED, events=(Event.REVERSED,))
    if outcome is Outcome.PENDING:
        return _to(attempt, State.PENDING, Event.PENDING)
    if outcome is Outcome.OPEN:
        if attempt.state is State.OPEN and way is Way.QUERY and now >= attempt.expires_at + OPEN_GRACE:
            return Judgement(Verdict.APPLIED, "left_open", (Event.EXPIRED,))
        return _to(attempt, State.OPEN, Event.OPEN)
    if outcome is Outcome.NOT_FOUND:
        return _not_there(attempt, now)
    return Judgement(
        Verdict.APPLIED,
        "unknown_state",
        () if attempt.state is State.UNKNOWN else (Event.UNCLEAR,),
        contradiction=True,
    )


def _not_there(attempt: Attempt, now: datetime) -> Judgement:
    """Some gateways know an order only when a card is entered, so that "not there" is news only after a while."""
    starting = attempt.state in {State.CREATED, State.UNSURE}
    over = attempt.created_at + START_GRACE if starting else attempt.expires_at + PAGE_GRACE
    if now < over:
        return Judgement(Verdict.REPEATED, "not_there_yet")
    return Judgement(Verdict.APPLIED, "not_there", (Event.NOT_THERE,), None, attempt.state is State.PENDING)


def _without_money(report: Report, way: Way) -> Judgement:
    if report.outcome in _MONEY:
        return _money(report, (Event.CAPTURED,))
    if report.outcome is Outcome.PENDING and way is Way.NOTIFICATION:
        return Judgement(Verdict.ASKED, "under_way_again")
    return Judgement(Verdict.REPEATED, "over")


def _with_money(attempt: Attempt, report: Report, way: Way) -> Judgement:
    outcome = report.outcome
    if attempt.state is State.CHARGED_BACK:
        if outcome in {Outcome.CAPTURED, Outcome.REFUNDED}:
            # The dispute was won, perhaps: staff say so to the payment, no message of a gateway does.
            return contradiction(way, "charged_back_before")
        return Judgement(Verdict.REPEATED, "over")
    if attempt.state is State.REVERSED:
        if outcome is Outcome.CAPTURED:
            return contradiction(way, "reversed_before")
        return Judgement(Verdict.REPEATED, "over")
    if outcome in _MONEY:
        return _money(report, ())
    if outcome is Outcome.REVERSED:
        return Judgement(Verdict.APPLIED, events=(Event.REVERSED,), given_back=attempt.amount.minor)
    if outcome in {Outcome.OPEN, Outcome.PENDING} and way is Way.NOTIFICATION:
        return Judgement(Verdict.REPEATED, "late")  # It was overtaken by what we know.
    return contradiction(way, "captured_before")


def contradiction(way: Way, why: str) -> Judgement:
    """Of a message the gateway is asked whether it means that; what it answers stays as it is until somebody looks."""
    verdict = Verdict.REFUSED if way is Way.QUERY else Verdict.ASKED
    return Judgement(verdict, why, (Event.CONTRADICTED,), contradiction=True)


def _money(report: Report, before: tuple[Event, ...]) -> Judgement:
    given_back = report.refunded.minor if report.refunded is not None else None
    if report.outcome is Outcome.CHARGED_BACK:
        return Judgement(Verdict.APPLIED, events=(*before, Event.CHARGED_BACK), given_back=given_back or None)
    if report.outcome is Outcome.REFUNDED and given_back is None:
        # It is for whoever knows of our own refunds to say what this means.
        return Judgement(Verdict.APPLIED, "refunded_amount_not_told", (*before, Event.REFUNDED))
    if given_back:
        return Judgement(Verdict.APPLIED, events=before, given_back=given_back)
    return Judgement(Verdict.APPLIED if before else Verdict.REPEATED, None if before else "known", before)


def _to(attempt: Attempt, state: State, event: Event) -> Judgement:
    if attempt.state is state:
        return Judgement(Verdict.REPEATED, "known")
    return Judgement(Verdict.APPLIED, events=(event,))
