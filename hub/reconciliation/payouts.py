"""What a gateway pays out, found on the bank's statement.

A payout is known by what its block in city.yaml says of it (`payouts`: the account it comes from, or words of its
text). It is of one or several days: where the sum of what the gateway took on consecutive days of the town, less what
it gave back on them after it had paid it out, is exactly what came, those charges are at the bank. Where the gateway
kept its fee, somebody is shown the days that fit best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from hub.back_offices.model import Town
from hub.cities.model import City
from hub.gateways.owed import Owed, owed
from hub.kernel.errors import Conflict
from hub.kernel.ids import parse_public_id, public_id
from hub.kernel.money import Money
from hub.payments.service import PaymentService
from hub.statements import entries
from hub.statements.accounts import payees_of
from hub.statements.model import Event, State, StatementEntry
from hub.storage.database import Connection

_WITHIN = timedelta(days=45)
_MOST_DAYS = 31
_LARGEST_FEE = 20
"""One part in so many: a card costs a town less than 5 %."""


@dataclass(frozen=True, slots=True)
class Payout:
    """Charges a payout may be of. `fee`: what the gateway would have kept, in minor units."""

    gateway: str
    since: date
    until: date
    charges: tuple[Owed, ...]
    fee: int


def gateway_of(city: City, entry: StatementEntry) -> str | None:
    """The block of `gateways` whose payout this is, as far as city.yaml says how those look."""
    details = entry.details
    if details is None:
        return None
    payees = payees_of(city, entry.account)
    account = "".join(details.party.account.split()).upper()
    text = " ".join(f"{details.party.name} {details.text} {details.end_to_end}".casefold().split())
    for name, block in city.gateways.items():
        if block.payee in payees and any(_says(wanted, account, text) for wanted in block.payouts):
            return name
    return None


def _says(wanted: str, account: str, text: str) -> bool:
    return "".join(wanted.split()).upper() == account or " ".join(wanted.casefold().split()) in text


def fitting(amount: int, charges: Sequence[Owed], town: Town) -> list[Payout]:
    """Runs of days of which all that was taken, less what was given back, adds up to `amount` or to little more; those
    without a fee first, then the smallest fee. The latest of those that fit equally is the last.
    """
    by_day: dict[date, list[Owed]] = {}
    for one in charges:
        by_day.setdefault(one.at.astimezone(town.city.timezone).date(), []).append(one)
    days, found = sorted(by_day), []
    for begin in range(len(days)):
        together, fee = list[Owed](), -amount
        for day in days[begin : begin + _MOST_DAYS]:
            together += by_day[day]
            fee += sum(one.amount.minor for one in by_day[day])
            if 0 <= fee * _LARGEST_FEE <= amount:
                found.append(Payout("", days[begin], day, tuple(together), fee))
    return sorted(found, key=lambda one: one.fee)


async def likely(connection: Connection, town: Town, entry: StatementEntry, now: datetime) -> list[Payout]:
    """What payouts an entry may be, the best first; none of an entry that is no gateway's. Days after it are the last:
    of what the gateway took we may have heard late.
    """
    gateway = gateway_of(town.city, entry)
    if gateway is None:
        return []
    day = _day(town, entry, now)
    since = datetime.combine(day, time.min, town.city.timezone) - _WITHIN
    charges = await owed(connection, town.city.id, gateway, since)
    same = [one for one in charges if one.amount.currency == entry.amount.currency]
    found = sorted(fitting(entry.amount.minor, same, town), key=lambda one: one.until > day)
    return [replace(one, gateway=gateway) for one in found[:5]]


async def settle(
    connection: Connection, town: Town, payments: PaymentService, entry: StatementEntry, now: datetime
) -> bool:
    """Whether it was surely a payout, of days that were over or begun when it came, and is booked as one. The entry is
    locked.
    """
    found, day = await likely(connection, town, entry, now), _day(town, entry, now)
    exact = [one for one in found if one.fee == 0 and one.until <= day]
    if len(exact) != 1:
        return False
    await book(connection, town, payments, entry, exact[0], by="hub", now=now)
    return True


def _day(town: Town, entry: StatementEntry, now: datetime) -> date:
    return entry.booked_on or now.astimezone(town.city.timezone).date()


async def book(
    connection: Connection,
    town: Town,
    payments: PaymentService,
    entry: StatementEntry,
    payout: Payout,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """The charges of a payout are at the bank; its fee is spread over them by their amounts, to the last cent.

    Raises Conflict where the entry is not what they add up to without the fee, or somebody else has booked one of them
    as paid out meanwhile.
    """
    total = sum(one.amount.minor for one in payout.charges)
    if total - payout.fee != entry.amount.minor:
        raise Conflict("These charges and the fee do not add up to what came.")
    fees = _spread(payout)
    lines = [(one.charge_id, one.amount._replace(minor=one.amount.minor - fees.get(one, 0))) for one in payout.charges]
    kept = [(one.charge_id, Money(fee, one.amount.currency)) for one, fee in fees.items() if fee]
    await payments.in_bank(connection, town.city.id, lines, entry.entry_id, now, fees=kept)
    await entries.move(
        connection, town.city.id, entry, Event.MATCHED if by == "hub" else Event.CONFIRMED, State.BOOKED,
        by=by, now=now, reason=reason, kind="payout", score=100 if payout.fee == 0 else 70,
        why=("gateway", "sum_of_days") if payout.fee == 0 else ("gateway", "sum_of_days", "fee"),
        targets=[{"payment": public_id("pay", one.payment_id), "amount": one.amount.minor} for one in payout.charges],
    )  # fmt: skip


async def undo(
    connection: Connection, town: Town, payments: PaymentService, entry: StatementEntry, now: datetime
) -> None:
    """What was booked as this payout is at the gateway again. The entry is locked."""
    booked = (await entries.decisions(connection, town.city.id, entry.entry_id))[-1]
    payment_ids = [parse_public_id("pay", one["payment"]) for one in booked.targets]
    await payments.not_in_bank(connection, town.city.id, payment_ids, entry.entry_id, now)


def _spread(payout: Payout) -> Mapping[Owed, int]:
    """The fee in whole minor units, by what the gateway took: each charge's share cut, the rest to the largest ones."""
    taken = [one for one in payout.charges if one.amount.minor > 0]
    total = sum(one.amount.minor for one in taken)
    shares = {one: payout.fee * one.amount.minor // total for one in taken}
    rest = payout.fee - sum(shares.values())
    for one in sorted(taken, key=lambda each: -each.amount.minor)[:rest]:
        shares[one] += 1
    return shares
