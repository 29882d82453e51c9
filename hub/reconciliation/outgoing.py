"""Entries by which money went: refunds that somebody transferred, and what the bank took back.

A refund is known by its number in the transfer's text (`rfd_…`), its amount and its payee's account. A reversal is of
the one entry with the same amount and the bank's same reference, or of the same other side, at most sixty days before;
where there is not exactly one, somebody looks. Whatever else went is none of the hub's business.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, HubError, InvalidRequest
from hub.kernel.ids import parse_public_id, public_id
from hub.payments.model import Source
from hub.payments.service import PaymentService
from hub.reconciliation.deciding import Unclear
from hub.statements import entries
from hub.statements.accounts import payees_of
from hub.statements.model import Event, State, StatementEntry
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

REVERSED_WITHIN = timedelta(days=60)

_REFUND = re.compile(r"RFD[_ -]?([0-9A-HJKMNP-TV-Z]{26})")


async def settle(
    connection: Connection,
    keys: TownKeys,
    town: Town,
    payments: PaymentService,
    entry: StatementEntry,
    now: datetime,
) -> str:
    """What is sure of an entry that took money, or undoes one that did. The entry is locked. Returns what it became."""
    city_id = town.city.id
    if entry.amount.minor > 0:
        # A reversal that brings money back is of a transfer of the town's own: of a refund perhaps.
        return await queue(connection, city_id, entry, Unclear.REVERSAL, now)
    if refund_id := _refund_named(entry):
        refund = await payments.bank_refund(connection, city_id, refund_id)
        gone, payees = entry.amount._replace(minor=-entry.amount.minor), payees_of(town.city, entry.account)
        if refund is not None and refund.amount == gone and refund.payee in payees:
            await payments.refund_heard(
                connection, keys, town, refund_id, "done", word="transferred", reference=entry.bank_reference, now=now
            )
            await entries.move(
                connection, city_id, entry, Event.MATCHED, State.BOOKED,
                by="hub", now=now, kind="refund", score=100, why=("refund_number", "amount"),
                targets=({"refund": public_id("rfd", refund_id)},),
            )  # fmt: skip
            return "booked"
    returned = entry.reversal or bool(entry.details and entry.details.returned)
    if not returned:
        if entry.state is not State.NEW:
            return "left"
        await entries.move(
            connection, city_id, entry, Event.SET_ASIDE, State.SET_ASIDE, by="hub", now=now, reason="went"
        )
        return "set_aside"
    reversed_ = await reversed_by(connection, city_id, entry)
    if len(reversed_) != 1:
        return await queue(connection, city_id, entry, Unclear.REVERSAL, now)
    await reverse(connection, keys, town, payments, entry, reversed_[0], by="hub", now=now)
    return "booked"


async def reversed_by(connection: Connection, city_id: int, entry: StatementEntry) -> list[UUID]:
    """The entries it may take back, those with the bank's same reference before all others."""
    rows = await connection.fetch(
        """select entry_id, bank_reference <> '' and bank_reference = $5 as surely from statement_entries
           where city_id = $1 and account = $2 and amount = -$3::bigint and currency = $4
             and (state = 'queued' or state = 'booked' and kind = 'payment') and entry_id <> $6
             and (bank_reference <> '' and bank_reference = $5 or party_key = $7)
             and coalesce(booked_on, $8::date) between $8::date - $9::integer and $8::date
           order by booked_on desc, entry_id desc limit 20""",
        city_id, entry.account, entry.amount.minor, entry.amount.currency, entry.bank_reference, entry.entry_id,
        entry.party_key, entry.booked_on or entry.state_at.date(), REVERSED_WITHIN.days,
    )  # fmt: skip
    surely = [row["entry_id"] for row in rows if row["surely"]]
    return surely or [row["entry_id"] for row in rows]


async def reverse(
    connection: Connection,
    keys: TownKeys,
    town: Town,
    payments: PaymentService,
    entry: StatementEntry,
    original_id: UUID,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """`entry` takes the original one back, with what was booked for it.

    Raises InvalidRequest where it cannot, Conflict where a payout or refund was booked for it.
    """
    city_id = town.city.id
    original = await entries.find(connection, keys, original_id, lock=True)
    if original.amount.minor != -entry.amount.minor or original.amount.currency != entry.amount.currency:
        raise InvalidRequest("It takes another amount back than this entry brought.", field="entry")
    if original.account != entry.account:
        raise InvalidRequest("What came to another account was not taken back from this one.", field="entry")
    if original.state is State.BOOKED and original.kind != "payment":
        raise Conflict(f"What was booked as a {original.kind} is corrected at its payments, not here.")
    if original.state is State.BOOKED:
        await payments.take_back(
            connection, keys, town, Source("statement_entry", original_id),
            by=by, reason=reason or "the bank took it back", now=now,
        )  # fmt: skip
    await entries.move(
        connection, city_id, original, Event.REVERSED, State.REVERSED,
        by=by, now=now, reason=reason, kind=original.kind, payment_id=original.payment_id,
        targets=({"by": public_id("bse", entry.entry_id)},),
    )  # fmt: skip
    await entries.move(
        connection, city_id, entry, Event.MATCHED if by == "hub" else Event.CONFIRMED, State.BOOKED,
        by=by, now=now, reason=reason, kind="reversal", score=100, why=("takes_back",),
        targets=({"entry": public_id("bse", original_id)},),
    )  # fmt: skip


def _refund_named(entry: StatementEntry) -> UUID | None:
    details = entry.details
    if details is None:
        return None
    match = _REFUND.search(f"{details.text} {details.end_to_end}".upper())
    if match is None:
        return None
    try:
        return parse_public_id("rfd", f"rfd_{match[1].lower()}")
    except (HubError, ValueError):
        return None


async def queue(connection: Connection, city_id: int, entry: StatementEntry, reason: Unclear, now: datetime) -> str:
    if entry.state is not State.NEW:
        return "left"
    await entries.move(connection, city_id, entry, Event.UNCLEAR, State.QUEUED, by="hub", now=now, reason=reason)
    return "queued"
