"""/admin/v1/statement-entries: what came to the town's accounts, what it is for, and what staff decide about it.

Opening one shows who paid and what she wrote, and is recorded; the list shows neither.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from hub.access_log import service as access_log
from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.kernel.money import Money, NotExact, minor_units
from hub.payments import views
from hub.payments.model import Wanted
from hub.reconciliation import outgoing
from hub.statements import entries
from hub.statements.accounts import payees_of
from hub.statements.model import State, StatementEntry
from portal_api.admin import statement_forms as forms
from portal_api.admin.looking import Reason, actor_of, why
from portal_api.admin.statements import accounts_of
from portal_api.admin.till import refuse_own_debts
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import MOST_VALUES, NO_NUL, CalendarDate
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])
EntryId = Annotated[str, Path(description="from the list", examples=[forms.ENTRY])]
_VERB = responses(400, 401, 403, 404, 409, 422)
_NOW: dict[str, Any] = {"response_model": forms.EntryWhole, "response_description": "As it stands now"}


@router.get(
    "/statement-entries",
    summary="Entries of bank statements",
    response_model=forms.EntryList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_statement_entries(
    staff: AsStaff,
    state: Annotated[list[State], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    reason: Annotated[
        str | None, Query(max_length=60, pattern=NO_NUL, description="only those that wait for this")
    ] = None,
    statement: Annotated[str | None, Query(max_length=40, description="only of this one")] = None,
    amount: Annotated[
        str | None, Query(pattern=r"^-?[0-9]{1,14} [A-Z]{3}$", description="minor units", examples=["12550 EUR"])
    ] = None,
    booked_from: Annotated[CalendarDate | None, Query(description="booked on this day or later")] = None,
    booked_to: Annotated[CalendarDate | None, Query(description="booked on this day or earlier")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What last changed first; `state=queued` is the work that waits."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        keys = await staff.hub.vault.keys(connection, city_id)
        found = await entries.listed(
            connection,
            keys,
            state=state,
            reason=reason,
            accounts=accounts_of(staff),
            statement_id=None if statement is None else parse_public_id("bst", statement),
            amount=_amount(amount),
            booked_from=booked_from,
            booked_to=booked_to,
            before=read_position(cursor),
            limit=limit + 1,
        )
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    following = write_cursor(last.state_at.isoformat(), last.entry_id) if last else None
    return _json({"items": [entry_out(staff, one) for one in shown], "next_cursor": following})


@router.get(
    "/statement-entries/{entry_id}",
    summary="One entry, and what it may be for",
    responses=responses(401, 403, 404, 422),
    **_NOW,
)
async def read_statement_entry(staff: AsStaff, entry_id: EntryId, reason: Reason = None) -> Response:
    """Who paid and what she wrote, what was decided, and while it waits what is likely, worked out just now."""
    return await _whole(staff, parse_public_id("bse", entry_id), "read_statement_entry", reason)


@router.post("/statement-entries/{entry_id}/confirm", summary="Say what an entry is for", responses=_VERB, **_NOW)
async def confirm_statement_entry(staff: AsStaff, entry_id: EntryId, content: forms.ConfirmIn) -> Response:
    """One obligation or several, each with its amount or all that is due of it. Without any, the money is kept for
    whoever comes and asks, and can be allocated at its payment. Not for what one owes oneself.
    """
    wanted = [one.wanted() for one in content.items]
    await refuse_own_debts(staff, content.payee or "", wanted)
    verb = partial(staff.hub.reconciliation.confirm, wanted=wanted, payee=content.payee)
    return await _decided(staff, entry_id, "confirm_statement_entry", content.reason, verb)


@router.post("/statement-entries/{entry_id}/reassign", summary="It was for something else", responses=_VERB, **_NOW)
async def reassign_statement_entry(staff: AsStaff, entry_id: EntryId, content: forms.ReassignIn) -> Response:
    """What was booked is taken back and booked for this, at once; the accounting office is told of both. Not from or to
    what one owes oneself.
    """
    wanted = [one.wanted() for one in content.items]
    await refuse_own_debts(staff, content.payee or "", wanted)
    await _refuse_own(staff, entry_id)
    verb = partial(staff.hub.reconciliation.reassign, wanted=wanted, payee=content.payee)
    return await _decided(staff, entry_id, "reassign_statement_entry", content.reason, verb)


@router.post("/statement-entries/{entry_id}/undo", summary="Take back what was booked", responses=_VERB, **_NOW)
async def undo_statement_entry(staff: AsStaff, entry_id: EntryId, content: forms.WhyIn) -> Response:
    """It waits again; where it had taken another entry back, that one does, too. Not of what one owes oneself."""
    await _refuse_own(staff, entry_id)
    return await _decided(staff, entry_id, "undo_statement_entry", content.reason, staff.hub.reconciliation.undo)


@router.post(
    "/statement-entries/{entry_id}/takes-back", summary="The bank took another entry back", responses=_VERB, **_NOW
)
async def take_statement_entry_back(staff: AsStaff, entry_id: EntryId, content: forms.TakesBackIn) -> Response:
    """With what was booked for that one. `reason` says why where it is none of those in `takes_back`. Not where it or
    one of these was for what one owes oneself.
    """
    original_id = parse_public_id("bse", content.entry)
    await _refuse_own(staff, entry_id, original_id)
    verb = partial(staff.hub.reconciliation.takes_back, original_id=original_id)
    return await _decided(staff, entry_id, "take_statement_entry_back", content.reason, verb)


@router.post("/statement-entries/{entry_id}/payout", summary="It is a gateway's payout", responses=_VERB, **_NOW)
async def confirm_payout(staff: AsStaff, entry_id: EntryId, content: forms.PayoutIn) -> Response:
    """The one that was suggested of these days, its fee included."""
    verb = partial(staff.hub.reconciliation.payout, since=content.since, until=content.until, fee=content.fee)
    return await _decided(staff, entry_id, "confirm_payout", content.reason, verb)


@router.post("/statement-entries/{entry_id}/set-aside", summary="It is not the hub's", responses=_VERB, **_NOW)
async def set_statement_entry_aside(staff: AsStaff, entry_id: EntryId, content: forms.WhyIn) -> Response:
    """A transfer between the town's own accounts, interest, a subsidy. Not what may take back one's own payment."""
    await _refuse_own(staff, entry_id)
    return await _decided(
        staff, entry_id, "set_statement_entry_aside", content.reason, staff.hub.reconciliation.set_aside
    )


@router.post("/statement-entries/{entry_id}/reopen", summary="It is the hub's after all", responses=_VERB, **_NOW)
async def reopen_statement_entry(staff: AsStaff, entry_id: EntryId, content: forms.WhyIn) -> Response:
    """Of one that was set aside; it waits again."""
    return await _decided(staff, entry_id, "reopen_statement_entry", content.reason, staff.hub.reconciliation.reopen)


async def _decided(
    staff: Staff, entry_id: str, what: str, reason: str | None, verb: Callable[..., Awaitable[None]]
) -> Response:
    """A verb of reconciliation by this one of the staff, and the entry as it then stands."""
    wanted = parse_public_id("bse", entry_id)
    await verb(staff.town, wanted, by=staff.name, reason=reason, allowed=partial(_theirs, staff))
    return await _whole(staff, wanted, what, reason)


async def _refuse_own(staff: Staff, entry_id: str, original_id: UUID | None = None) -> None:
    """Raises Forbidden where this entry, or one that it takes or may take back, paid what whoever asks owes herself."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        keys = await staff.hub.vault.keys(connection, city_id)
        entry = await entries.find(connection, keys, parse_public_id("bse", entry_id))
        _theirs(staff, entry)
        paid = await outgoing.paid_with(connection, city_id, entry, original_id)
    await refuse_own_debts(staff, "", [Wanted(one) for one in paid])


def _theirs(staff: Staff, entry: StatementEntry) -> None:
    accounts = accounts_of(staff)
    if accounts is not None and entry.account not in accounts:
        raise NotFound("There is no such entry.")


def _amount(text: str | None) -> Money | None:
    if text is None:
        return None
    minor, currency = text.split(" ")
    try:
        minor_units(currency)
    except NotExact as error:
        raise InvalidRequest(f"{error}.", field="query.amount") from None
    return Money(int(minor), currency)


async def _whole(staff: Staff, entry_id: UUID, what: str, reason: str | None) -> Response:
    hub, city_id = staff.hub, staff.town.city.id
    async with hub.database.town(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        entry = await entries.find(connection, keys, entry_id)
        _theirs(staff, entry)
        subject_id = None
        if entry.payment_id is not None:
            subject_id = (await views.one(connection, city_id, entry.payment_id)).row["subject_id"]
        about = why(staff, reason, public_id("bse", entry_id))
        await access_log.record(
            connection, actor=actor_of(staff), subject_id=subject_id, what=what, why=about, at=hub.clock.now()
        )
        likely = await hub.reconciliation.likely(connection, staff.town, entry)
        decisions = await entries.decisions(connection, city_id, entry_id)
    details = entry.details
    assert details is not None
    return _json(
        entry_out(staff, entry)
        | {
            "party": {"name": details.party.name, "account": details.party.account},
            "text": details.text,
            "end_to_end": details.end_to_end,
            "references": [{"scheme": one.scheme, "value": one.value} for one in entry.references],
            "returned": details.returned or None,
            "obligations": [
                {
                    "obligation": public_id("obl", one.candidate.obligation_id),
                    "payee": one.candidate.payee,
                    "due": staff.reader.amount(one.candidate.due, one.candidate.currency),
                    "score": one.score,
                    "why": sorted(one.why),
                }
                for one in likely.obligations
            ],
            "payouts": [
                {
                    "gateway": one.gateway,
                    "since": one.since,
                    "until": one.until,
                    "payments": len(one.charges),
                    "fee": staff.reader.amount(one.fee, entry.amount.currency),
                }
                for one in likely.payouts
            ],
            "takes_back": [public_id("bse", one) for one in likely.takes_back],
            "decisions": _decisions(decisions),
        }
    )


def _decisions(decisions: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "at": moment(one.at),
            "event": one.event,
            "state": one.target,
            "by": one.by,
            "reason": one.reason,
            "score": one.score,
            "why": list(one.why),
            "targets": list(one.targets),
        }
        for one in decisions
    ]


def entry_out(staff: Staff, entry: StatementEntry) -> dict[str, Any]:
    """As EntryOut."""
    return {
        "id": public_id("bse", entry.entry_id),
        "statement": public_id("bst", entry.statement_id),
        "payees": payees_of(staff.town.city, entry.account),
        "amount": staff.reader.amount(entry.amount.minor, entry.amount.currency),
        "booked_on": entry.booked_on,
        "valued_on": entry.valued_on,
        "state": entry.state,
        "reason": entry.reason,
        "kind": entry.kind,
        "payment": public_id("pay", entry.payment_id) if entry.payment_id else None,
        "reversal": entry.reversal,
        "batch": entry.batch,
        "code": entry.code,
        "changed_at": moment(entry.state_at),
    }


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
