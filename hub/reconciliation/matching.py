"""New entries are looked at, and what is certain is booked; each in a transaction of its own, so that a run may end
anywhere and the next one goes on.

What is found in a text or by a symbol may come to be due later, so queued entries are looked at again every night for a
while, without a word where nothing has changed. Not those that somebody has undone or reopened: they are decided by
somebody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from hub.back_offices.model import Town
from hub.jobs.queue import NewJob, enqueue
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError
from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.obligations import candidates
from hub.obligations import service as obligations
from hub.obligations.candidates import Candidate
from hub.payments.model import Source, Wanted
from hub.payments.service import PaymentService
from hub.reconciliation import outgoing, payouts
from hub.reconciliation.deciding import FOR_SOMEBODY, Booking, Unclear, decide
from hub.statements import entries
from hub.statements.accounts import payees_of
from hub.statements.model import Event, State, StatementEntry
from hub.statements.words import of_references
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

MATCH = "reconciliation.match"
"""Kind of the job that looks at entries."""

AGAIN_AT = time(5, 10)
"""When queued entries are looked at again: after the nightly reads."""

_AT_ONCE = 500
_LOOKED_AT_FOR = timedelta(days=60)
_FAULTS = (
    *(HubError, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError),
    *(ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError),
)
"""What may be wrong with one entry, or with us about it, and is no reason to stop at it every time."""


def job(city_id: int, *, queued: bool = False) -> NewJob:
    """Look at new entries, with `queued` at those that wait for somebody as well; one at a time for a town."""
    return {
        "city_id": city_id,
        "kind": MATCH,
        "payload": {"queued": queued},
        "key": MATCH,
        "dedupe": f"{MATCH}/{queued}",
    }


async def enqueue_match(connection: Connection, city_id: int) -> None:
    await enqueue(connection, **job(city_id))


class Matching:
    """Looks at entries and books what is certain."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, payments: PaymentService) -> None:
        self._database, self._vault, self._clock, self._payments = database, vault, clock, payments

    async def run(self, town: Town, *, queued: bool = False) -> Mapping[str, int]:
        """All that wait; returns how many were booked, queued, set aside, left as they were, or failed."""
        states = [State.NEW, State.QUEUED] if queued else [State.NEW]
        since, after, done = self._clock.now() - _LOOKED_AT_FOR, None, dict[str, int]()
        while True:
            async with self._database.town(town.city.id) as connection:
                batch = await entries.waiting(
                    connection,
                    town.city.id,
                    states=states,
                    since=since,
                    but=FOR_SOMEBODY,
                    after=after,
                    limit=_AT_ONCE,
                )
                decided = await self.decided(connection, town, batch)
            if not batch:
                return done
            for entry in batch:
                what = await self._tried(town, entry, decided.get(entry.entry_id))
                done[what] = done.get(what, 0) + 1
            after = batch[-1].entry_id

    async def decided(
        self, connection: Connection, town: Town, batch: Sequence[StatementEntry]
    ) -> Mapping[UUID, Booking | Unclear]:
        """What incoming entries are for, as far as obligations say; nothing is written."""
        today = self._clock.now().astimezone(town.city.timezone).date()
        by_account: dict[str, list[StatementEntry]] = defaultdict(list)
        for entry in batch:
            if entry.amount.minor > 0 and not entry.reversal and entry.batch is None:
                by_account[entry.account].append(entry)
        decided: dict[UUID, Booking | Unclear] = {}
        for account, of_account in by_account.items():
            payees = payees_of(town.city, account)
            words = {word for entry in of_account for word in entry.words}
            found = await candidates.by_words(connection, town.city.id, payees, words, today) if words else []
            by_word: dict[str, list[Candidate]] = defaultdict(list)
            for one in found:
                by_word[one.word or ""].append(one)
            for entry in of_account:
                hits = _hits(entry, by_word)
                symbols = set(of_references(entry.references))
                parts = await _parts(connection, town.city.id, entry.amount.minor, hits)
                decided[entry.entry_id] = decide(entry.amount.minor, entry.amount.currency, symbols, hits, parts)
        return decided

    async def _tried(self, town: Town, entry: StatementEntry, decided: Booking | Unclear | None) -> str:
        """One that cannot be booked as it seemed waits for somebody, and the others go on."""
        try:
            return await self._apply(town, entry, decided)
        except _FAULTS as error:
            if isinstance(error, HubError) and error.transient:
                raise  # the job is tried again, from where it came to
            about = public_id("bse", entry.entry_id)
            log.exception("statement_entry_not_booked", city=town.city.slug, entry=about)
        async with self._database.town(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
            found = await entries.find(connection, keys, entry.entry_id, lock=True)
            await outgoing.queue(connection, town.city.id, found, Unclear.FAILED, self._clock.now())
        return "failed"

    async def _apply(self, town: Town, looked_at: StatementEntry, decided: Booking | Unclear | None) -> str:
        """One entry, in its own transaction; it may have been decided by somebody meanwhile."""
        now = self._clock.now()
        async with self._database.town(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
            entry = await entries.find(connection, keys, looked_at.entry_id, lock=True)
            if (entry.state, entry.reason) != (looked_at.state, looked_at.reason):
                return "left"
            if entry.amount.minor < 0 or entry.reversal:
                return await outgoing.settle(connection, keys, town, self._payments, entry, now)
            if entry.details is not None and entry.details.returned:
                # What we sent has come back, a refund perhaps: what its text names is not paid by that.
                return await outgoing.queue(connection, town.city.id, entry, Unclear.RETURNED, now)
            # Whoever pays writes the text, a gateway's name as well; a gateway names no obligation by its symbol.
            named = isinstance(decided, Booking) and decided.by_symbol
            if not named and await payouts.settle(connection, town, self._payments, entry, now):
                return "booked"
            if isinstance(decided, Booking):
                # Another entry of this run, or somebody at the till, may have paid it since.
                decided = (await self.decided(connection, town, [entry])).get(entry.entry_id)
            if isinstance(decided, Booking):
                await self.book(connection, keys, town, entry, decided, now)
                return "booked"
            # Of one sum for many payments nothing was looked for.
            return await outgoing.queue(connection, town.city.id, entry, decided or Unclear.SUMMARISED, now)

    async def book(
        self, connection: Connection, keys: TownKeys, town: Town, entry: StatementEntry, booking: Booking, now: datetime
    ) -> None:
        """Into the ledger, for what it is surely for."""
        wanted = wanted_of(booking, entry)
        payment_id = await enter(connection, keys, town, self._payments, entry, booking.payee, wanted, "bank", now)
        await entries.move(
            connection, town.city.id, entry, Event.MATCHED, State.BOOKED,
            by="hub", now=now, kind="payment", payment_id=payment_id, score=booking.score, why=booking.why,
            targets=told(wanted),
        )  # fmt: skip


def _hits(entry: StatementEntry, by_word: Mapping[str, Sequence[Candidate]]) -> list[Candidate]:
    """What its words have found. A specific symbol beside a variable one only tells those apart that have both: it is
    often that of a year or of a kind of fee, and others have it as well.
    """
    hits = [one for word in entry.words for one in by_word.get(word, ())]
    if all(one.scheme != "cz.variable_symbol" for one in entry.references):
        return hits
    specific = set(of_references(one for one in entry.references if one.scheme == "cz.specific_symbol"))
    specific -= set(of_references(one for one in entry.references if one.scheme != "cz.specific_symbol"))
    named = {one.obligation_id for one in hits if one.word not in specific}
    return [one for one in hits if one.obligation_id in named]


def wanted_of(booking: Booking, entry: StatementEntry) -> list[Wanted]:
    return [
        Wanted(one.obligation_id, one.instalment, Money(one.amount, entry.amount.currency)) for one in booking.targets
    ]


async def enter(
    connection: Connection,
    keys: TownKeys,
    town: Town,
    payments: PaymentService,
    entry: StatementEntry,
    payee: str,
    wanted: Sequence[Wanted],
    by: str,
    now: datetime,
) -> UUID:
    """Money of an entry into the ledger; returns the payment.

    Where the payer had announced exactly this by a payment of hers that waits for a transfer, it is that one's; not
    where it is for another part than she said, nor where somebody gives other amounts to what is owed than she did.
    """
    source, at = Source("statement_entry", entry.entry_id), came_at(town, entry, now)
    waits = await payments.waiting_transfer(connection, town.city.id, payee, entry.amount, wanted, exactly=by != "bank")
    if waits is not None:
        await payments.captured(connection, keys, town, waits.charge_id, entry.amount, source, at, now, by=by)
        return waits.payment_id
    return await payments.receive(
        connection, keys, town,
        payee=payee, amount=entry.amount, source=source, at=at, now=now, allocations=wanted, by=by,
    )  # fmt: skip


def came_at(town: Town, entry: StatementEntry, now: datetime) -> datetime:
    """When the money came: the day the bank says, at its noon in the town, and not in the future."""
    day = entry.valued_on or entry.booked_on
    return now if day is None else min(datetime.combine(day, time(12), town.city.timezone), now)


def told(wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Targets as `matches` keeps them."""
    return [
        {
            "obligation": public_id("obl", one.obligation_id) if one.obligation_id else None,
            "instalment": one.instalment,
            "amount": None if one.amount is None else one.amount.minor,
        }
        for one in wanted
    ]


async def _parts(
    connection: Connection, city_id: int, amount: int, found: Sequence[Candidate]
) -> dict[UUID, list[tuple[int, int]]]:
    """Of those whose whole is not what came: what is due of each part."""
    parts = {}
    for one in {each.obligation_id: each for each in found if each.payable > amount}.values():
        opened = await obligations.open_amount(connection, city_id, one.obligation_id, lock=False)
        parts[one.obligation_id] = [(each.number, each.due.minor) for each in opened.instalments if each.due.minor > 0]
    return parts
