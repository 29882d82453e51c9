"""What somebody who reconciles can do with an entry: say what it is for, in one part or several; move it to something
else; undo it; say that it is not the hub's. Each by name, with its reason, and undoable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.money import Money
from hub.obligations import service as obligations
from hub.payments.model import Source, Wanted
from hub.payments.service import PaymentService
from hub.reconciliation import outgoing, payouts
from hub.reconciliation.matching import enter, told
from hub.statements import accepting, entries
from hub.statements.accounts import payees_of
from hub.statements.model import REMEDIES, Event, State, StatementEntry, allow
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

Allowed = Callable[[StatementEntry], None]
"""Raises where the entry is not the business of who asks."""


class Verbs:
    """One for a process; of all towns. `by` is the one of the staff who does it."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, payments: PaymentService) -> None:
        self._database, self._vault, self._clock, self._payments = database, vault, clock, payments

    async def confirm(
        self,
        town: Town,
        entry_id: UUID,
        wanted: Sequence[Wanted],
        *,
        payee: str | None,
        by: str,
        reason: str | None,
        allowed: Allowed,
    ) -> None:
        """It is for these obligations, each with its amount or all that is due of it; nothing of it stays unallocated
        unless `wanted` says less, and with nothing wanted all of it is kept for whoever comes and asks.

        Raises Conflict where the entry does not wait for it, where an obligation takes less than is wanted, or where
        more is wanted than came; InvalidRequest for obligations of several payees, which one entry cannot pay.
        """
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await self._confirm(connection, keys, town, entry, wanted, payee=payee, by=by, reason=reason, now=now)

    async def _confirm(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        entry: StatementEntry,
        wanted: Sequence[Wanted],
        *,
        payee: str | None,
        by: str,
        reason: str | None,
        now: datetime,
    ) -> None:
        # Whoever asks again after no answer reads that it is booked, and not that nothing is due any more.
        allow(Event.CONFIRMED, entry.state, State.BOOKED)
        if entry.amount.minor < 0:
            raise Conflict("This took money: say which entry it takes back, or set it aside.")
        wanted, payee = await self._checked(connection, town, entry, wanted, payee)
        payment_id = await enter(connection, keys, town, self._payments, entry, payee, wanted, by, now)
        await _as_said(connection, town.city.id, payment_id, wanted)
        await entries.move(
            connection, town.city.id, entry, Event.CONFIRMED, State.BOOKED,
            by=by, now=now, reason=reason, kind="payment", payment_id=payment_id, targets=told(wanted),
        )  # fmt: skip

    async def _checked(
        self,
        connection: Connection,
        town: Town,
        entry: StatementEntry,
        wanted: Sequence[Wanted],
        payee: str | None,
    ) -> tuple[list[Wanted], str]:
        own = payees_of(town.city, entry.account)
        if not own:
            raise Conflict(f"{entry.account} is no payee's any more: write it under payees in city.yaml.")
        left, checked, payees = entry.amount.minor, list[Wanted](), set[str]()
        for number, one in enumerate(wanted):
            if one.obligation_id is None:
                raise InvalidRequest("Name the obligation by its id.", field=f"items.{number}.obligation")
            found = await obligations.open_amount(connection, town.city.id, one.obligation_id, lock=False)
            if found.currency != entry.amount.currency:
                detail = f"This is owed in {found.currency}, and what came is in {entry.amount.currency}."
                raise InvalidRequest(detail, field=f"items.{number}.obligation")
            takes = _takes(found, one, checked, number)
            amount = min(takes, left) if one.amount is None else one.amount.minor
            if not left or amount > left:
                raise Conflict(f"{entry.amount} came: more is wanted of it.")
            if not 0 < amount <= takes:
                due = Money(max(takes, 0), found.currency)
                raise Conflict(f"Of this {due} are due: more cannot be given to it.")
            left -= amount
            checked.append(Wanted(one.obligation_id, one.instalment, Money(amount, found.currency)))
            payees.add(found.payee)
        if len(payees) > 1 or not payees <= set(own):
            raise InvalidRequest("What came to one payee's account pays what is owed to that payee.", field="items")
        if not payees and payee is None and len(own) > 1:
            raise InvalidRequest(f"Say whose it is: this account is that of {', '.join(own)}.", field="payee")
        chosen = payees.pop() if payees else payee or own[0]
        if chosen not in own:
            raise InvalidRequest(f"This account is not that of {chosen[:60]!r}.", field="payee")
        return checked, chosen

    async def reassign(
        self,
        town: Town,
        entry_id: UUID,
        wanted: Sequence[Wanted],
        *,
        payee: str | None,
        by: str,
        reason: str,
        allowed: Allowed,
    ) -> None:
        """It was for something else: what was booked is taken back, and booked for that, at once.

        Raises as `confirm`.
        """
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await self._undo(connection, keys, town, entry, by=by, reason=reason, now=now)
            entry = await entries.find(connection, keys, entry_id)
            await self._confirm(connection, keys, town, entry, wanted, payee=payee, by=by, reason=reason, now=now)

    async def undo(self, town: Town, entry_id: UUID, *, by: str, reason: str, allowed: Allowed) -> None:
        """It was for something else: what was booked is taken back, and it waits again. Of an entry that took another
        one back both wait again. Raises Conflict.
        """
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await self._undo(connection, keys, town, entry, by=by, reason=reason, now=now)
            await accepting.tell_vanished(connection, town.city.id, now)

    async def _undo(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        entry: StatementEntry,
        *,
        by: str,
        reason: str,
        now: datetime,
    ) -> None:
        if entry.state is not State.BOOKED:
            # What was taken back waits again when the entry that took it is undone, and not before.
            raise Conflict(f"This entry is {entry.state}: {REMEDIES[entry.state]}.")
        if entry.kind not in ("payment", "reversal", "payout"):
            raise Conflict(f"This entry was booked as a {entry.kind}, which cannot be undone.")
        undone = [entry]
        if entry.kind == "payout":
            await payouts.undo(connection, town, self._payments, entry, now)
        if entry.kind == "reversal":
            original_id = await outgoing.taken_back_by(connection, town.city.id, entry)
            original = await entries.find(connection, keys, original_id, lock=True)
            if original.state is State.REVERSED:  # else somebody has decided about it since, and that stands
                undone.append(original)
        for one in undone:
            await entries.move(connection, town.city.id, one, Event.UNDONE, State.QUEUED, by=by, now=now, reason=reason)
        if entry.kind != "payment":
            return
        await self._payments.take_back(
            connection, keys, town, Source("statement_entry", entry.entry_id), by=by, reason=reason, now=now
        )

    async def takes_back(
        self, town: Town, entry_id: UUID, original_id: UUID, *, by: str, reason: str | None, allowed: Allowed
    ) -> None:
        """The bank took another entry's money back with this one: why, where it may not be that one by what is known.

        Raises Conflict, InvalidRequest, NotFound.
        """
        async with self._database.town(town.city.id) as connection:
            keys, entry, now = await self._open(connection, town, entry_id, allowed)
            await outgoing.reverse(
                connection, keys, town, self._payments, entry, original_id, by=by, now=now, reason=reason
            )

    async def payout(
        self,
        town: Town,
        entry_id: UUID,
        *,
        since: date,
        until: date,
        fee: int,
        by: str,
        reason: str | None,
        allowed: Allowed,
    ) -> None:
        """It is the gateway's payout that was suggested, of these days and with this fee.

        Raises InvalidRequest where there is no such suggestion any more.
        """
        async with self._database.town(town.city.id) as connection:
            _, entry, now = await self._open(connection, town, entry_id, allowed)
            likely = await payouts.likely(connection, town, entry, now)
            meant = [one for one in likely if (one.since, one.until, one.fee) == (since, until, fee)]
            if not meant:
                raise InvalidRequest("There is no such payout any more: look at the entry again.", field="since")
            await payouts.book(connection, town, self._payments, entry, meant[0], by=by, now=now, reason=reason)

    async def set_aside(self, town: Town, entry_id: UUID, *, by: str, reason: str, allowed: Allowed) -> None:
        """It is not the hub's. Raises Conflict where it does not wait."""
        async with self._database.town(town.city.id) as connection:
            _, entry, now = await self._open(connection, town, entry_id, allowed)
            await entries.move(
                connection, town.city.id, entry, Event.SET_ASIDE, State.SET_ASIDE, by=by, now=now, reason=reason
            )

    async def reopen(self, town: Town, entry_id: UUID, *, by: str, reason: str, allowed: Allowed) -> None:
        """It is the hub's after all. Raises Conflict where it was not set aside."""
        async with self._database.town(town.city.id) as connection:
            _, entry, now = await self._open(connection, town, entry_id, allowed)
            await entries.move(
                connection, town.city.id, entry, Event.REOPENED, State.QUEUED, by=by, now=now, reason=reason
            )

    async def _open(
        self, connection: Connection, town: Town, entry_id: UUID, allowed: Allowed
    ) -> tuple[TownKeys, StatementEntry, datetime]:
        keys = await self._vault.keys(connection, town.city.id)
        entry = await entries.find(connection, keys, entry_id, lock=True)
        allowed(entry)
        return keys, entry, self._clock.now()


def _takes(found: obligations.Open, one: Wanted, others: Sequence[Wanted], number: int) -> int:
    """How much of it is due when these others are given. Raises InvalidRequest for a part there is not."""
    takes = found.payable.minor - _given(others, found.obligation_id)
    if one.instalment is None:
        return takes
    parts = {part.number: part.due.minor for part in found.instalments}
    if one.instalment not in parts:
        field = f"items.{number}.instalment"
        raise InvalidRequest(f"This obligation has no instalment {one.instalment}.", field=field)
    return min(takes, parts[one.instalment] - _given(others, found.obligation_id, one.instalment))


def _given(wanted: Sequence[Wanted], obligation_id: UUID, instalment: int | None = None) -> int:
    """What these give to it, or to one part of it."""
    return sum(
        one.amount.minor
        for one in wanted
        if one.amount and one.obligation_id == obligation_id and instalment in (None, one.instalment)
    )


async def _as_said(connection: Connection, city_id: int, payment_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Whoever takes money for the same obligation at the same time may have been faster. Raises Conflict."""
    rows = await connection.fetch(
        """select a.obligation_id, a.instalment, sum(a.amount)::bigint as amount from allocations a
           join charges c on c.city_id = a.city_id and c.charge_id = a.charge_id
           where c.city_id = $1 and c.payment_id = $2 group by a.obligation_id, a.instalment""",
        city_id,
        payment_id,
    )
    given = {(row["obligation_id"], row["instalment"]): row["amount"] for row in rows}
    said: dict[tuple[UUID | None, int | None], int] = defaultdict(int)
    for one in wanted:
        said[one.obligation_id, one.instalment] += one.amount.minor if one.amount else 0
    if any(given.get(key) != amount for key, amount in said.items()):
        raise Conflict("Something else was paid for it just now: look at the entry again.")
