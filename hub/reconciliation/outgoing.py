"""Entries by which money went: refunds that somebody transferred, and what the bank took back.

A refund is known by its number in the transfer's text (`rfd_…`), its amount and its payee's account. A reversal is of
the one entry with the same amount and the bank's same reference, or of the same other side, at most sixty days before.
Where there were several once somebody looks, whatever becomes of them: what was decided of one does not make it
another one's. Whatever else went is none of the hub's business.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hub.back_offices.model import Town
from hub.kernel.errors import Conflict, HubError, InvalidRequest
from hub.kernel.ids import parse_public_id, public_id
from hub.payments.model import Source
from hub.payments.service import PaymentService
from hub.reconciliation.deciding import FOR_SOMEBODY, Unclear
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
    meant = await _meant(connection, city_id, entry)
    if len(meant) > 1:
        return await queue(connection, city_id, entry, Unclear.REVERSAL_OF_SEVERAL, now)
    # What came back, and the bank does not say that it took it, is only by the bank's reference surely one of these.
    if not meant or not meant[0].takable or not (entry.reversal or meant[0].surely):
        return await queue(connection, city_id, entry, Unclear.REVERSAL, now)
    await reverse(connection, keys, town, payments, entry, meant[0].entry_id, by="hub", now=now)
    return "booked"


async def reversed_by(connection: Connection, city_id: int, entry: StatementEntry) -> list[UUID]:
    """The entries it may take back, those with the bank's same reference before all others."""
    return [one.entry_id for one in await _meant(connection, city_id, entry) if one.takable]


class _Meant(NamedTuple):
    """An entry that another one may take back: `surely` by the bank's reference, `takable` as it stands now."""

    entry_id: UUID
    surely: bool
    takable: bool


async def _meant(connection: Connection, city_id: int, entry: StatementEntry) -> list[_Meant]:
    """Those it may be of, also where they are new or somebody has set them aside: else another month's would seem to be
    the only one. Not what the hub set aside, which another entry tells; and what was taken back already only where the
    bank's reference says so.
    """
    rows = await connection.fetch(
        """with same as (
               select *, bank_reference <> '' and bank_reference = $5 as surely from statement_entries
               where city_id = $1 and account = $2 and amount = -$3::bigint and currency = $4 and entry_id <> $6
                 and state <> 'held'
                 and coalesce(booked_on, $8::date) between $8::date - $9::integer and $8::date)
           select entry_id, surely, state = 'queued' or state = 'booked' and kind = 'payment' as takable from same
           where (surely or party_key = $7 and state <> 'reversed') and not (state = 'set_aside' and reason is not null)
           order by surely desc, booked_on desc, entry_id desc limit 20""",
        city_id, entry.account, entry.amount.minor, entry.amount.currency, entry.bank_reference, entry.entry_id,
        entry.party_key, entry.booked_on or entry.state_at.date(), REVERSED_WITHIN.days,
    )  # fmt: skip
    found = [_Meant(*row) for row in rows]
    return [one for one in found if one.surely] or found


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

    Raises InvalidRequest where it cannot, or where nothing speaks for that one and somebody does not say why; Conflict
    where a payout or refund was booked for it.
    """
    city_id = town.city.id
    original = await entries.find(connection, keys, original_id, lock=True)
    if original.amount.minor != -entry.amount.minor or original.amount.currency != entry.amount.currency:
        raise InvalidRequest("It takes another amount back than this entry brought.", field="entry")
    if original.account != entry.account:
        raise InvalidRequest("What came to another account was not taken back from this one.", field="entry")
    if original.state is State.BOOKED and original.kind != "payment":
        undo = "undo that first" if original.kind == "payout" else "it is corrected at its payments, not here"
        raise Conflict(f"That entry was booked as a {original.kind}: {undo}.")
    if by != "hub" and reason is None and original_id not in await reversed_by(connection, city_id, entry):
        raise InvalidRequest("Neither its reference nor its account says so: write why it is this one.", field="reason")
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


async def taken_back_by(connection: Connection, city_id: int, entry: StatementEntry) -> UUID:
    """The entry that one which is booked as a reversal took back."""
    booked = (await entries.decisions(connection, city_id, entry.entry_id))[-1]
    return parse_public_id("bse", booked.targets[0]["entry"])


async def paid_with(
    connection: Connection, city_id: int, entry: StatementEntry, original_id: UUID | None = None
) -> list[UUID]:
    """Obligations to which the payment of an entry was given, of the one it took back, of those it may take back, or of
    `original_id`: those for which it matters what is decided of it.
    """
    concerned = [entry.entry_id, *([original_id] if original_id else [])]
    if entry.kind == "reversal":
        concerned.append(await taken_back_by(connection, city_id, entry))
    elif entry.amount.minor < 0:
        concerned += await reversed_by(connection, city_id, entry)
    rows = await connection.fetch(
        """select distinct a.obligation_id from statement_entries e
           join charges c on c.city_id = e.city_id and c.payment_id = e.payment_id
           join allocations a on a.city_id = c.city_id and a.charge_id = c.charge_id
           where e.city_id = $1 and e.entry_id = any ($2)""",
        city_id,
        concerned,
    )
    return [row["obligation_id"] for row in rows]


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
    """It waits for somebody. One that waits stays as it is, unless only somebody can decide it now: then it is not
    looked at again. Returns what it became.
    """
    turned = entry.state is State.QUEUED and entry.reason != reason and reason in FOR_SOMEBODY
    if entry.state is not State.NEW and not turned:
        return "left"
    await entries.move(connection, city_id, entry, Event.UNCLEAR, State.QUEUED, by="hub", now=now, reason=reason)
    return "queued"
