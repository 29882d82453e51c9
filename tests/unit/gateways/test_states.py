"""The table of states, the one comparison, and when a gateway is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cities.money import CardGateway
from hub.gateways.choice import choose
from hub.gateways.judge import Way, judge
from hub.gateways.model import EDGES, UNDER_WAY, WITHOUT_MONEY, Attempt, Event, State, Verdict, allow
from hub.gateways.moments import TAKES_CARDS, next_ask
from hub.gateways.numbers import new_number
from hub.gateways.reports import from_json, to_json
from hub.gateways.table import table
from hub.kernel.errors import Conflict
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.kit.state_table import written
from hub.ports.payment_gateway import Outcome, Report
from hub.settings import PROJECT

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
EUR = Money(12550, "EUR")


def attempt(state: State, **changes) -> Attempt:
    captured = NOW if state in {State.CAPTURED, State.CHARGED_BACK} else None
    one = Attempt(
        new_uuid(), new_uuid(), new_uuid(), "kartica", "grad", "1234567890", EUR, state, "ref", None, None, 0, 0, NOW,
        NOW, NOW + TAKES_CARDS, None, captured, None if state in UNDER_WAY else NOW, NOW,
    )  # fmt: skip
    return replace(one, **changes)


def report(outcome: Outcome = Outcome.CAPTURED, **changes) -> Report:
    return replace(Report("1234567890", outcome, outcome.value, "ref", EUR), **changes)


def test_the_document_shows_the_table():
    """Where this fails: `make tables`."""
    assert written(PROJECT / "docs" / "gateways.md") == table()


def test_every_state_is_reached_and_every_one_under_way_is_left_for_money_and_for_none():
    assert {edge.target for edge in EDGES} == set(State)
    for state in UNDER_WAY:
        targets = {edge.target for edge in EDGES if edge.source is state}
        assert targets >= {State.CAPTURED, State.DECLINED, State.CANCELLED, State.EXPIRED, State.UNKNOWN}
    assert len({(edge.event, edge.source, edge.target) for edge in EDGES}) == len(EDGES)


def test_what_is_paid_never_becomes_unpaid_and_late_money_is_money():
    left = {edge.target for edge in EDGES if edge.source is State.CAPTURED}
    assert left == {State.CAPTURED, State.REVERSED, State.CHARGED_BACK}
    assert all((Event.CAPTURED, state, State.CAPTURED) in {edge[:3] for edge in EDGES} for state in WITHOUT_MONEY)
    with pytest.raises(Conflict):
        allow(Event.DECLINED, State.CAPTURED, State.DECLINED)


_reports = st.builds(
    report,
    st.sampled_from(Outcome),
    number=st.sampled_from(["1234567890", "1234567890", "1234567891"]),
    reference=st.sampled_from(["ref", None, "other"]),
    amount=st.sampled_from([EUR, EUR, None, Money(12549, "EUR"), Money(12550, "HUF")]),
    refunded=st.sampled_from([None, Money(0, "EUR"), Money(50, "EUR"), EUR, Money(99999, "EUR")]),
    believed=st.booleans(),
    signed_order=st.booleans(),
)


@given(st.sampled_from(State), _reports, st.sampled_from(Way), st.integers(0, 40))
def test_whatever_is_reported_follows_the_table_and_no_money_comes_from_what_differs(state, told, way, hours):
    one = attempt(state)
    found = judge(one, told, way, NOW + timedelta(hours=hours))
    at = state
    for event in found.events:
        targets = {edge.target for edge in EDGES if edge.event is event and edge.source is at}
        assert len(targets) == 1, (event, at)
        at = targets.pop()
    same = told.number == one.number and told.reference in {None, "ref"} and told.amount in {None, EUR}
    if Event.CAPTURED in found.events or found.given_back:
        assert same
        assert way is Way.QUERY or (way is Way.NOTIFICATION and told.believed)
        assert way is Way.QUERY or told.amount is not None or told.signed_order
    if way is Way.RETURN or (way is Way.NOTIFICATION and not told.believed):
        assert found.events == ()
        assert found.verdict in {Verdict.ASKED, Verdict.REFUSED}
    if state is State.CAPTURED:
        assert at in {State.CAPTURED, State.REVERSED, State.CHARGED_BACK}


@given(st.sampled_from(State), _reports, st.integers(0, 40))
def test_the_same_answer_twice_does_nothing_the_second_time(state, told, hours):
    now = NOW + timedelta(hours=hours)
    first = judge(attempt(state), told, Way.QUERY, now)
    at = state
    for event in first.events:
        at = next(edge.target for edge in EDGES if edge.event is event and edge.source is at)
    captured = NOW if at in {State.CAPTURED, State.CHARGED_BACK} or state is State.CAPTURED else None
    after = attempt(at, captured_at=captured, refunded=first.given_back or 0)
    again = judge(after, told, Way.QUERY, now)
    repeated = set(again.events) - {Event.CONTRADICTED, Event.REFUNDED}
    assert not repeated or again.given_back == first.given_back


@given(st.integers(0, 60 * 24 * 20))
def test_while_under_way_it_is_asked_ever_more_seldom_and_always_again(minutes):
    now = NOW + timedelta(minutes=minutes)
    due = next_ask(attempt(State.PENDING, returned_at=NOW), now)
    assert due is not None
    assert timedelta(seconds=2) <= due - now <= timedelta(hours=6)


def test_when_it_is_asked():
    back = attempt(State.OPEN, returned_at=NOW)
    assert next_ask(back, NOW) == NOW + timedelta(seconds=2)
    assert next_ask(attempt(State.OPEN), NOW) == NOW + timedelta(minutes=1)
    assert next_ask(attempt(State.OPEN), NOW + timedelta(minutes=25)) == NOW + timedelta(minutes=31)
    assert next_ask(attempt(State.EXPIRED), NOW) == NOW + timedelta(hours=1)
    assert next_ask(attempt(State.EXPIRED), NOW + timedelta(hours=1)) == NOW + timedelta(days=1)
    assert next_ask(attempt(State.EXPIRED), NOW + timedelta(days=8)) is None
    assert next_ask(attempt(State.CAPTURED), NOW) == NOW + timedelta(days=1)
    assert next_ask(attempt(State.CAPTURED), NOW + timedelta(days=541)) is None
    assert next_ask(attempt(State.CHARGED_BACK), NOW) is None


@given(_reports)
def test_a_report_is_kept_as_it_was_read(told):
    assert from_json(to_json(replace(told, at=NOW, details={"a": "č"}))) == replace(told, at=NOW, details={"a": "č"})


def test_numbers_are_ten_digits_without_a_nought_in_front():
    numbers = {new_number() for _ in range(1000)}
    assert len(numbers) > 990
    assert all(one.isdecimal() and len(one) == 10 and one[0] != "0" for one in numbers)


def test_the_first_block_that_fits():
    def block(payee: str, *logins: str) -> CardGateway:
        return CardGateway(gateway="x", name={"hr": "x"}, payee=payee, logins=list(logins))

    blocks = {"a": block("grad", "nias"), "b": block("grad"), "c": block("voda", "password")}
    found = [choose(blocks, *one) for one in (("grad", "nias"), ("grad", "password"), ("grad", None), ("voda", "nias"))]
    assert found == ["a", "b", "b", None]
