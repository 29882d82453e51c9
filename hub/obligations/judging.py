"""Whether an office's amounts contain what was paid here: decided anew whenever its word about an obligation is newer.

A source that lists the keys of our postings it has counted says so itself. Of any other the amounts tell: by what they
have fallen since somebody paid here, so much of that is taken as counted, the oldest first. Whatever fell for another
reason is then counted as ours, and what is shown as due is too much for a while and never too little: a payment is
never subtracted twice.

Nothing here reads or writes anything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hub.kernel.ids import public_id

_INTEREST = 10
"""Of what was paid, one part in so many may have gone into interest unseen."""

_MOST_WAYS = 1000
"""In which a movement may come about that are looked at."""


class Telling(StrEnum):
    """What is known of telling the office."""

    UNDER_WAY = "under_way"
    TOLD = "told"  # it has taken it
    REFUSED = "refused"  # it has not
    IN_DOUBT = "in_doubt"  # nobody knows
    NOBODY = "nobody"  # nobody told it, and nobody will


class Standing(StrEnum):
    """How the office's amounts stand to it."""

    OPEN = "open"  # they do not contain it yet
    COUNTED = "counted"  # they do
    DISAGREES = "disagrees"  # they should by now, and do not


@dataclass(frozen=True, slots=True)
class Paid:
    """One posting, as its obligation sees it; `amount` is below zero where it was taken back. Minor units.

    `fallen`     of it: what the office's amounts have moved by since, with the sign of `amount`
    `uncounted`  of it: what is to be subtracted from what the office says
    `by_key`     the office lists our key
    """

    posting_id: UUID
    delivery_id: UUID | None
    amount: int
    telling: Telling
    created_at: datetime
    posted_at: datetime | None
    fallen: int
    uncounted: int
    standing: Standing
    by_key: bool = False

    @property
    def names(self) -> frozenset[str]:
        """What the office may call it by: our key of the delivery without its step, or the posting's own id."""
        own = {public_id("pst", self.posting_id)}
        return frozenset(own | ({public_id("dlv", self.delivery_id)} if self.delivery_id else set()))


@dataclass(frozen=True, slots=True)
class Said:
    """What the office says of an obligation. `outstanding` None: it does not say; `interest` is included in it.

    `reach`  up to which moment payments are surely in it, by its clock and by ours; None where it does not tell.
    `keys`   the keys of postings it lists as counted; None where it has no place for them.
    """

    original: int
    outstanding: int | None
    interest: int
    reach: datetime | None = None
    keys: Collection[str] | None = None


def judge(before: Said, after: Said, paid: Sequence[Paid], *, lists_keys: bool) -> list[Paid]:
    """What is open of `paid`, in the order it was paid, as it stands after the office said `after`.

    `lists_keys`: it is known to list our keys, so that one that is not listed is not counted.
    """
    named = {key.partition(":")[0] for key in after.keys or ()}
    keyed = after.keys is not None and (lists_keys or bool(named))
    judged = {one.posting_id: _counted(one, by_key=True) for one in paid if one.names & named}
    left = [one for one in paid if one.posting_id not in judged]
    fell = _fell(before, after, _oldest(left))
    listed = [one.amount for one in judged.values()]
    # What the listed ones explain is not somebody else's.
    movement = 0 if fell is None else fell - sum(listed)
    movement = _with_interest(movement, [one for one in left if _may_be_in(one, after)], listed)
    for one in left:
        moved = one
        if _may_be_in(one, after):
            step = _share(one, movement)
            movement -= step
            moved = replace(one, fallen=one.fallen + step)
        judged[one.posting_id] = _standing(moved, after, keyed=keyed, comparable=fell is not None)
    after_all = [judged[one.posting_id] for one in paid]
    # What was paid and taken back before the office said anything leaves its amounts as they were.
    missing = [one for one in after_all if one.standing is Standing.DISAGREES]
    if not keyed and sum(one.uncounted for one in missing) == 0:
        return [_counted(one, by_key=False) if one in missing else one for one in after_all]
    return after_all


def told(one: Paid, telling: Telling, at: datetime) -> Paid:
    """The same after something was heard of telling the office."""
    if one.standing is Standing.COUNTED:
        return one
    posted_at = one.posted_at or at if telling is Telling.TOLD else one.posted_at
    now = replace(one, telling=telling, posted_at=posted_at)
    if now.uncounted == 0 and telling in {Telling.TOLD, Telling.NOBODY} and one.standing is Standing.OPEN:
        return _counted(now, by_key=False)
    return now


def _standing(one: Paid, after: Said, *, keyed: bool, comparable: bool) -> Paid:
    caught_up = (
        one.telling is Telling.TOLD
        and one.posted_at is not None
        and after.reach is not None
        and after.reach >= one.posted_at
    )
    if keyed and one.telling in {Telling.UNDER_WAY, Telling.TOLD, Telling.IN_DOUBT}:
        if not caught_up:
            return replace(one, uncounted=one.amount)
        return replace(one, uncounted=one.amount - one.fallen, standing=Standing.DISAGREES)
    # Of what was taken back too little would be shown as due, were it believed to be in before it surely is.
    believed = caught_up or (one.amount > 0 and one.telling is not Telling.REFUSED and _may_be_in(one, after))
    if not comparable and believed:
        one = replace(one, fallen=one.amount)
    one = replace(one, uncounted=one.amount - one.fallen)
    if one.uncounted == 0 and one.telling in {Telling.TOLD, Telling.NOBODY}:
        return _counted(one, by_key=False)
    return replace(one, standing=Standing.DISAGREES) if caught_up else one


def _may_be_in(one: Paid, after: Said) -> bool:
    """Whether what the office says may be younger than the payment."""
    return after.reach is None or after.reach >= one.created_at


def _counted(one: Paid, *, by_key: bool) -> Paid:
    return replace(one, fallen=one.amount, uncounted=0, standing=Standing.COUNTED, by_key=by_key)


def _with_interest(movement: int, paid: Sequence[Paid], listed: Sequence[int]) -> int:
    """A movement of the amounts, and the interest that was paid besides.

    Interest that grew between two words of the office, and into which a payment went first, is seen in neither: where
    nothing that is open explains the movement, and something does with up to a tenth of what was paid, it is that. The
    office counts in the order in which it is told; what nobody tells it, or it refused, somebody may have booked.
    """
    ends = {(0, sum(max(amount, 0) for amount in listed))}
    explained = set(ends)
    for one in paid:
        rest = one.amount - one.fallen
        further = {(total + rest, into + max(rest, 0)) for total, into in ends}
        explained |= further
        ends = ends | further if one.telling in {Telling.REFUSED, Telling.NOBODY} else further
        if len(ends) > _MOST_WAYS:
            return movement
    if any(total == movement for total, _ in explained):
        return movement
    return max((total for total, into in explained if 0 < total - movement <= into // _INTEREST), default=movement)


def _share(one: Paid, movement: int) -> int:
    """How much of a movement of the amounts is taken as this one, with its sign."""
    rest = one.amount - one.fallen
    return min(0, max(rest, movement)) if rest < 0 else max(0, min(rest, movement))


def _oldest(paid: Sequence[Paid]) -> int:
    return next((one.amount - one.fallen for one in paid if one.amount > one.fallen), 0)


def _principal(said: Said) -> int:
    return (said.outstanding or 0) - said.interest


def _fell(before: Said, after: Said, oldest: int) -> int | None:
    """By how much the amounts have fallen, as much as may have been for payments; below zero where they rose.

    None where that cannot be told: the assessment is another one, or a payment no larger than the interest may have
    gone into it while it grew. A payment goes into interest first, as far as there was any, and interest grows:
    what the principal fell by is the least that was paid, that and all the interest there was the most.
    """
    if (before.original, before.outstanding, before.interest) == (after.original, after.outstanding, after.interest):
        return 0
    if before.outstanding is None or after.outstanding is None or before.original != after.original:
        return None
    fell = _principal(before) - _principal(after)
    if fell < 0 or before.interest == 0:
        return fell
    if fell > 0:
        return fell + before.interest
    if after.interest < before.interest:
        return before.interest
    return 0 if oldest > before.interest else None
