"""What is certain of an entry, judged without a database."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.obligations.candidates import Candidate
from hub.reconciliation.deciding import Booking, Target, Unclear, decide

A, B = UUID(int=1), UUID(int=2)


def owed(id_: UUID = A, due: int = 1000, *, word: str = "1", currency: str = "EUR", closed: bool = False, **more):
    return Candidate(id_, more.pop("payee", "grad"), currency, due, closed, word, **more)


def test_nothing_found():
    assert decide(100, "EUR", [], [], {}) is Unclear.NO_REFERENCE
    assert decide(100, "EUR", ["9"], [], {}) is Unclear.UNKNOWN_REFERENCE


def test_a_symbol_whatever_the_amount():
    assert decide(1000, "EUR", ["1"], [owed()], {}) == Booking(
        "grad", (Target(A, None, 1000),), 100, ("symbol", "amount")
    )
    assert decide(400, "EUR", ["1"], [owed()], {}) == Booking("grad", (Target(A, None, 400),), 85, ("symbol", "part"))
    more = decide(1400, "EUR", ["1"], [owed()], {})
    assert more == Booking("grad", (Target(A, None, 1000),), 85, ("symbol", "more_than_due"))


def test_a_part_is_the_one_with_that_amount_or_that_symbol():
    parts = {A: [(1, 300), (2, 300), (3, 400)]}
    assert decide(400, "EUR", ["1"], [owed()], parts).targets == (Target(A, 3, 400),)
    assert decide(300, "EUR", ["1"], [owed()], parts).targets == (Target(A, 1, 300),)
    own = [owed(instalment=2)]
    assert decide(300, "EUR", ["1"], own, parts).targets == (Target(A, 2, 300),)
    assert decide(200, "EUR", ["1"], own, parts).targets == (Target(A, 2, 200),)


def test_more_than_is_due_of_the_part_she_named_is_for_the_whole():
    parts, own = {A: [(1, 250), (2, 250), (3, 500)]}, [owed(instalment=1)]
    assert decide(600, "EUR", ["1"], own, parts).targets == (Target(A, None, 600),)
    assert decide(1200, "EUR", ["1"], own, {}).targets == (Target(A, None, 1000),)


def test_a_part_of_another_obligation_is_none_of_this_one():
    found = [owed(A, 1000), owed(B, 0, instalment=3)]
    assert decide(400, "EUR", ["1"], found, {A: [(1, 1000)]}).targets == (Target(A, None, 400),)


def test_what_more_of_her_symbols_name_goes_before_what_shares_one_of_them():
    found = [owed(A, 500, word="111"), owed(A, 500, word="2026"), owed(B, 600, word="2026")]
    assert decide(600, "CZK", ["111", "2026"], found, {}) is Unclear.OTHER_CURRENCY
    assert decide(600, "EUR", ["111", "2026"], found, {}).targets == (Target(A, None, 500),)
    assert decide(600, "EUR", ["2026"], found, {}).targets == (Target(B, None, 600),)


def test_a_number_in_the_text_needs_the_amount():
    assert decide(1000, "EUR", [], [owed()], {}).score == 90
    assert decide(999, "EUR", [], [owed()], {}) is Unclear.AMOUNT_DIFFERS


def test_a_symbol_goes_before_the_text():
    found = [owed(A, 1000, word="1"), owed(B, 700, word="2")]
    assert decide(700, "EUR", ["1"], found, {}).targets == (Target(A, None, 700),)
    paid = [owed(A, 0, word="1"), owed(B, 700, word="2")]
    assert decide(700, "EUR", ["1"], paid, {}) is Unclear.NOTHING_DUE


def test_several():
    both = [owed(A, 1000), owed(B, 700)]
    assert decide(700, "EUR", ["1"], both, {}).targets == (Target(B, None, 700),)
    assert decide(1700, "EUR", ["1"], both, {}).targets == (Target(A, None, 1000), Target(B, None, 700))
    assert decide(1700, "EUR", [], both, {}) is Unclear.SEVERAL
    assert decide(900, "EUR", ["1"], both, {}) is Unclear.SEVERAL
    alike = [owed(A, 700), owed(B, 700)]
    assert decide(700, "EUR", ["1"], alike, {}) is Unclear.SEVERAL
    two_payees = [owed(A, 1000), owed(B, 700, payee="voda")]
    assert decide(1700, "EUR", ["1"], two_payees, {}) is Unclear.SEVERAL


def test_another_currency_and_what_is_closed():
    assert decide(1000, "EUR", ["1"], [owed(currency="HRK")], {}) is Unclear.OTHER_CURRENCY
    assert decide(1000, "EUR", ["1"], [owed(closed=True)], {}) is Unclear.NOTHING_DUE
    assert decide(1000, "EUR", ["1"], [owed(due=-1000)], {}) is Unclear.NOTHING_DUE


_CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.sampled_from([UUID(int=number) for number in range(1, 5)]),
        st.sampled_from(["grad", "voda"]),
        st.sampled_from(["EUR", "HRK"]),
        st.integers(-50, 60),
        st.booleans(),
        st.sampled_from(["1", "2", "3"]),
    ),
    max_size=5,
    unique_by=lambda one: one.obligation_id,
)


@given(st.integers(1, 120), st.sets(st.sampled_from(["1", "2", "3"])), _CANDIDATES)
def test_nothing_is_booked_that_is_not_named_due_and_of_one_payee(amount, symbols, found):
    decision = decide(amount, "EUR", symbols, found, {})
    if isinstance(decision, Unclear):
        return
    by_id = {one.obligation_id: one for one in found}
    targets = [by_id[one.obligation_id] for one in decision.targets]
    assert {one.payee for one in targets} == {decision.payee}
    assert all(one.currency == "EUR" and one.payable > 0 for one in targets)
    assert all(0 < one.amount <= by_id[one.obligation_id].payable for one in decision.targets)
    assert sum(one.amount for one in decision.targets) <= amount
    if not any(one.word in symbols for one in targets):
        assert sum(one.amount for one in decision.targets) == amount, "a text alone books only an exact amount"


@given(st.integers(1, 120), st.sets(st.sampled_from(["1", "2", "3"])), _CANDIDATES, st.randoms())
def test_the_order_in_which_they_are_found_does_not_matter(amount, symbols, found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    one, other = (decide(amount, "EUR", symbols, each, {}) for each in (found, shuffled))
    if isinstance(one, Booking) and isinstance(other, Booking):
        assert (one.payee, set(one.targets), one.score) == (other.payee, set(other.targets), other.score)
    else:
        assert one == other
