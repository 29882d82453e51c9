"""What an accounting does with a payment announced by somebody else, in minor units; each system in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment. `left` None: this accounting does not keep it for parts."""

    number: int
    left: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left of an item, `interest` included in it; `left` None while it is being recalculated."""

    left: int | None
    interest: int
    parts: tuple[Part, ...] = ()


def after(balance: Balance, amount: int, part: int | None) -> Balance:
    """After a payment, or one taken back (below zero): interest first, and of the parts the named one, else the first
    that are open; what is taken back opens the last ones again.
    """
    if balance.left is None:
        return balance
    interest = balance.interest - min(balance.interest, amount) if amount > 0 else balance.interest
    return Balance(balance.left - amount, interest, tuple(_parts(balance.parts, amount, part)))


def _parts(parts: Sequence[Part], amount: int, named: int | None) -> Sequence[Part]:
    order = sorted(parts, key=lambda one: (one.number != named, one.number if amount > 0 else -one.number))
    done: dict[int, Part] = {}
    for one in order:
        if one.left is None:
            continue
        step = min(amount, one.left) if amount > 0 else max(amount, one.left - one.amount)
        done[one.number] = replace(one, left=one.left - step)
        amount -= step
    return [done.get(one.number, one) for one in parts]
