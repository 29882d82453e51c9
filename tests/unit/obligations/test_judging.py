"""Whether an office's amounts contain what was paid here: single cases, and random interleavings of everything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.kernel.ids import public_id
from hub.obligations.judging import Paid, Said, Standing, Telling, judge, told

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def paid(amount: int = 40, telling: Telling = Telling.TOLD, **values: object) -> Paid:
    posted_at = NOW if telling is Telling.TOLD else None
    return replace(
        Paid(uuid4(), uuid4(), amount, telling, NOW, posted_at, 0, amount, Standing.OPEN),
        **values,  # type: ignore[arg-type]
    )


def said(outstanding: int | None, interest: int = 0, original: int = 100, **values: object) -> Said:
    return replace(Said(original, outstanding, interest, LATER), **values)  # type: ignore[arg-type]


def key(one: Paid) -> str:
    assert one.delivery_id is not None
    return public_id("dlv", one.delivery_id) + ":posted"


@pytest.mark.parametrize(
    ("before", "after", "telling", "uncounted", "standing"),
    [
        (said(100), said(60), Telling.TOLD, 0, Standing.COUNTED),
        (said(100), said(50), Telling.TOLD, 0, Standing.COUNTED),
        (said(100), said(100), Telling.TOLD, 40, Standing.DISAGREES),
        # It counts less than was paid.
        (said(100), said(75), Telling.TOLD, 15, Standing.DISAGREES),
        # Interest grew and was paid before it said anything again.
        (said(100), said(64), Telling.TOLD, 0, Standing.COUNTED),
        # What it said before it took the posting says nothing.
        (said(100), said(100, reach=NOW - timedelta(hours=1)), Telling.TOLD, 40, Standing.OPEN),
        (said(100), said(60, reach=NOW - timedelta(hours=1)), Telling.TOLD, 40, Standing.OPEN),
        (said(100), said(100, reach=None), Telling.TOLD, 40, Standing.OPEN),
        # It may be in, and nobody has said so: nothing is subtracted twice.
        (said(100), said(60), Telling.UNDER_WAY, 0, Standing.OPEN),
        (said(100), said(60), Telling.REFUSED, 0, Standing.OPEN),
        # Nobody tells it; a clerk books it one day.
        (said(100), said(100), Telling.NOBODY, 40, Standing.OPEN),
        (said(100), said(60), Telling.NOBODY, 0, Standing.COUNTED),
        # Another assessment: its word that it has caught up is believed, and its silence not.
        (said(100), said(150, original=150), Telling.TOLD, 0, Standing.COUNTED),
        (said(100), said(150, original=150), Telling.REFUSED, 40, Standing.OPEN),
        # A payment goes into interest first; interest grows.
        (said(110, 10), said(70, 0), Telling.TOLD, 0, Standing.COUNTED),
        (said(110, 10), said(73, 3), Telling.TOLD, 0, Standing.COUNTED),
        (said(110, 10), said(113, 13), Telling.TOLD, 40, Standing.DISAGREES),
        (said(150, 50), said(113, 13), Telling.TOLD, 0, Standing.COUNTED),
        # No larger than the interest there was: it may have gone into it while that grew.
        (said(150, 50), said(153, 53), Telling.TOLD, 0, Standing.COUNTED),
        (said(150, 50), said(150, 50), Telling.TOLD, 40, Standing.DISAGREES),
        # It does not say what is left: nothing can be said of what is in it.
        (said(None), said(60), Telling.TOLD, 0, Standing.COUNTED),
    ],
)
def test_without_keys_the_amounts_tell(before, after, telling, uncounted, standing):
    (one,) = judge(before, after, [paid(telling=telling)], lists_keys=False)
    assert (one.uncounted, one.standing) == (uncounted, standing)


def test_a_key_that_is_listed_is_counted_whatever_is_known():
    for telling in Telling:
        one = paid(telling=telling)
        (after,) = judge(said(100), said(100, keys=[key(one)]), [one], lists_keys=False)
        assert (after.uncounted, after.standing, after.by_key) == (0, Standing.COUNTED, True)
    by_own_id = paid()
    keys = [public_id("pst", by_own_id.posting_id)]
    assert judge(said(100), said(60, keys=keys), [by_own_id], lists_keys=False)[0].by_key


def test_one_that_lists_keys_and_not_this_one_has_not_counted_it():
    one = paid(telling=Telling.UNDER_WAY)
    (after,) = judge(said(100), said(60, keys=[]), [one], lists_keys=True)
    assert (after.uncounted, after.standing) == (40, Standing.OPEN)
    (after,) = judge(said(100), said(100, keys=[]), [paid()], lists_keys=True)
    assert (after.uncounted, after.standing) == (40, Standing.DISAGREES)
    # Its amounts have fallen by it all the same: it counts it otherwise, and it is not subtracted again.
    (after,) = judge(said(100), said(60, keys=[]), [paid()], lists_keys=True)
    assert (after.uncounted, after.standing) == (0, Standing.DISAGREES)


def test_what_a_listed_one_explains_is_not_taken_for_another():
    first, second = paid(40), paid(30)
    one, two = judge(said(100), said(60, keys=[key(first)]), [first, second], lists_keys=True)
    assert (one.standing, two.standing, two.uncounted) == (Standing.COUNTED, Standing.DISAGREES, 30)


def test_the_oldest_is_counted_first():
    first, second = paid(40), paid(30)
    one, two = judge(said(100), said(55), [first, second], lists_keys=False)
    assert (one.uncounted, two.uncounted) == (0, 25)


def test_what_was_taken_back_is_due_until_it_surely_is_in():
    back = paid(-40)
    (after,) = judge(said(60), said(100), [back], lists_keys=False)
    assert (after.uncounted, after.standing) == (0, Standing.COUNTED)
    (after,) = judge(said(60), said(60), [back], lists_keys=False)
    assert (after.uncounted, after.standing) == (-40, Standing.DISAGREES)
    (after,) = judge(said(60), said(150, original=150), [paid(-40, Telling.UNDER_WAY)], lists_keys=False)
    assert after.uncounted == -40


def test_paid_and_taken_back_before_it_said_anything():
    after = judge(said(100), said(100), [paid(40), paid(-40)], lists_keys=False)
    assert [one.standing for one in after] == [Standing.COUNTED, Standing.COUNTED]


def test_interest_that_was_paid_is_not_taken_for_money_that_went_back():
    one, back = judge(said(100), said(61), [paid(40, Telling.UNDER_WAY), paid(-40)], lists_keys=False)
    assert (one.uncounted, back.uncounted) == (0, -40)


@pytest.mark.parametrize("left", [(101, ()), (81, (20,))])
def test_interest_that_was_paid_and_went_back_as_debt_is_not_what_is_missing(left):
    """The office put a payment into interest nobody had seen, and gave all of it back as debt."""
    outstanding, later = left
    open_ones = [paid(40), paid(-40), *(paid(amount, Telling.UNDER_WAY) for amount in later)]
    after = judge(said(100), said(outstanding, reach=None), open_ones, lists_keys=False)
    assert sum(one.uncounted for one in after) == 0


def test_many_that_nobody_tells_are_judged_at_once():
    """Each of them may be in or not: forty would have a million million ways."""
    given_up = [paid(3**number, Telling.NOBODY) for number in range(40)]
    after = judge(said(3**40), said(3**40 - 5), given_up, lists_keys=False)
    assert sum(one.fallen for one in after) == 5


def test_what_the_amounts_contain_already_is_counted_when_the_receipt_comes():
    (one,) = judge(said(100), said(60), [paid(telling=Telling.UNDER_WAY)], lists_keys=False)
    after = told(one, Telling.TOLD, LATER)
    assert (after.standing, after.posted_at) == (Standing.COUNTED, LATER)
    assert told(after, Telling.IN_DOUBT, LATER) == after


@dataclass
class Posted:
    """One of ours, as it really is: whether the office has `received` it, and `counts` it."""

    posting_id: UUID
    amount: int
    received: bool = False
    counts: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What the office knew at a moment."""

    at: datetime
    original: int
    principal: int
    interest: int
    counted: frozenset[UUID]


@dataclass
class Office:
    original: int = 10_000
    principal: int = 10_000
    interest: int = 0
    counted: set[UUID] = field(default_factory=set)

    def count(self, one: Posted) -> None:
        into = min(self.interest, one.amount) if one.amount > 0 else 0
        self.interest -= into
        self.principal -= one.amount - into
        self.counted.add(one.posting_id)


class Interleavings(RuleBasedStateMachine):
    """An office that counts what it receives, in any order with everything else; some list keys, some do not.

    What is shown as due is never lower than what is owed without what was paid, of all that the office had said: no
    payment is subtracted twice. Where the office lists keys, or nothing but our payments moves its amounts, it is that
    exactly: none is shown as unpaid, either.
    """

    lists: bool

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.office = Office()
        self.ours: dict[UUID, Posted] = {}
        self.paid: list[Paid] = []
        self.history = [self._snapshot()]
        self.shown = self.history[0]
        self.told_of = self.shown
        self.others = self.by_hand = False

    def _snapshot(self) -> Snapshot:
        office = self.office
        return Snapshot(self.now, office.original, office.principal, office.interest, frozenset(office.counted))

    def _moved(self) -> None:
        self.now += timedelta(seconds=1)
        self.history.append(self._snapshot())
        self.now += timedelta(seconds=1)

    def _due(self) -> int:
        return self.shown.principal + self.shown.interest - sum(one.uncounted for one in self.paid)

    @rule(part=st.sampled_from([0.1, 0.3, 1.0]))
    def pay(self, part: float) -> None:
        amount = int(self._due() * part) // 1000 * 1000
        if amount > 0:
            self._post(amount)

    @rule(data=st.data())
    @precondition(lambda self: any(one.amount > 0 for one in self.ours.values()))
    def take_back(self, data: st.DataObject) -> None:
        back = {-one.amount for one in self.ours.values() if one.amount < 0}
        amounts = sorted({one.amount for one in self.ours.values() if one.amount > 0} - back)
        if amounts:
            self._post(-data.draw(st.sampled_from(amounts)))

    def _post(self, amount: int) -> None:
        posting_id = uuid4()
        self.now += timedelta(seconds=1)
        self.ours[posting_id] = Posted(posting_id, amount)
        self.paid.append(Paid(posting_id, uuid4(), amount, Telling.UNDER_WAY, self.now, None, 0, amount, Standing.OPEN))

    def _next(self) -> Posted | None:
        """The first that is under way: those of one obligation go in order."""
        under_way = (one for one in self.paid if one.telling in {Telling.UNDER_WAY, Telling.IN_DOUBT, Telling.REFUSED})
        one = next(under_way, None)
        return None if one is None else self.ours[one.posting_id]

    @rule(counts=st.booleans())
    def office_receives(self, *, counts: bool) -> None:
        """It is sent and arrives; its answer may come later. What was refused is sent again by somebody first."""
        one = self._next()
        if one is not None and not one.received:
            self._tell(one, Telling.UNDER_WAY)
            one.received, one.counts = True, counts or not self.lists
            if one.counts:
                self.office.count(one)
                self._moved()

    @rule(said=st.sampled_from(["answer", "doubt", "refusal", "given_up"]))
    def heard(self, said: str) -> None:
        one = self._next()
        if one is None:
            return
        if said == "answer" and one.received:
            telling = Telling.TOLD
        elif said == "doubt":
            telling = Telling.IN_DOUBT
        elif said == "refusal" and not one.received:
            telling = Telling.REFUSED
        elif said == "given_up":
            telling = Telling.NOBODY
        else:
            return
        # What it refused, and what was given up, a clerk may have booked by hand: what falls then may be that.
        self.by_hand |= telling in {Telling.REFUSED, Telling.NOBODY}
        self._tell(one, telling)

    def _tell(self, one: Posted, telling: Telling) -> None:
        self.now += timedelta(seconds=1)
        self.paid = [told(each, telling, self.now) if each.posting_id == one.posting_id else each for each in self.paid]

    @rule(amount=st.sampled_from([300, 1300]))
    def somebody_pays_at_the_office(self, amount: int) -> None:
        if self.office.principal >= amount:
            self.office.principal -= amount
            self.others = True
            self._moved()

    @rule(amount=st.sampled_from([1, 3]))
    def interest_grows(self, amount: int) -> None:
        self.office.interest += amount
        self.others = True
        self._moved()

    @rule(amount=st.sampled_from([-500, 700]))
    def it_is_assessed_anew(self, amount: int) -> None:
        self.office.original += amount
        self.office.principal += amount
        self.others = True
        self._moved()

    @rule(back=st.integers(0, 3), says_when=st.booleans())
    def it_is_read(self, back: int, *, says_when: bool) -> None:
        """What it knows now, or knew some changes ago; what is older than what was read before is not taken."""
        snapshot = self.history[max(0, len(self.history) - 1 - back)]
        if snapshot.at < self.shown.at:
            return
        newest = snapshot is self.history[-1]
        self.now += timedelta(seconds=1)
        before, self.shown = self.shown, snapshot
        reach = (self.now if newest else snapshot.at) if says_when else None
        keys = [self._key(one) for one in snapshot.counted] if self.lists else None
        judged = judge(
            Said(before.original, before.principal + before.interest, before.interest),
            Said(snapshot.original, snapshot.principal + snapshot.interest, snapshot.interest, reach, keys),
            [one for one in self.paid if one.standing is not Standing.COUNTED],
            lists_keys=any(one.by_key for one in self.paid) or self.lists,
        )
        by_id = {one.posting_id: one for one in judged}
        self.paid = [by_id.get(one.posting_id, one) for one in self.paid]
        # What should be in by now and is not, a clerk is told of, and may have booked by hand as well.
        self.by_hand |= any(one.standing is Standing.DISAGREES for one in self.paid)

    def _key(self, posting_id: UUID) -> str:
        return key(next(one for one in self.paid if one.posting_id == posting_id))

    def _owed(self) -> int:
        """By what the office had said, without all that was paid here."""
        counted = sum(self.ours[one].amount for one in self.shown.counted)
        return self.shown.principal + self.shown.interest + counted - sum(one.amount for one in self.ours.values())

    @invariant()
    def nothing_is_subtracted_twice(self) -> None:
        assert self._due() >= self._owed()

    @invariant()
    def nothing_is_shown_as_unpaid(self) -> None:
        if not self.others or (self.lists and not self.by_hand):
            assert self._due() == self._owed()


class Lists(Interleavings):
    lists = True


class ListsNothing(Interleavings):
    lists = False


QUICK = settings(max_examples=80, stateful_step_count=25)
TestLists = Lists.TestCase
TestLists.settings = QUICK
TestListsNothing = ListsNothing.TestCase
TestListsNothing.settings = QUICK
