"""What staff say of statements and files that are not as they should be: /admin/v1/statements and /statement-files."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.payments.model import Wanted
from hub.reconciliation import outgoing
from hub.statements import corrections, entries
from hub.statements.model import State, StatementRow, StatementState
from portal_api.admin.statement_entries import entry_out
from portal_api.admin.statement_forms import EntryOut, WhyIn
from portal_api.admin.statement_shapes import StatementFileWhole, StatementWhole
from portal_api.admin.statements import (
    FileId,
    StatementId,
    file_whole,
    own_file,
    own_statement,
    statement_whole,
)
from portal_api.admin.till import refuse_own_debts
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_number, write_cursor
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])
_VERB = responses(400, 401, 403, 404, 409, 422)
_NOW: dict[str, Any] = {"response_model": StatementWhole, "response_description": "As it stands now"}
_MOST = 10_000


class DifferenceOut(BaseModel):
    """`altered`: both have the bank's reference of it, or the same amount on the same day, and tell `what` otherwise.
    Entries in state `booked` that are `gone` or `altered` are to be undone once the statement is accepted.
    """

    kind: Literal["altered", "gone", "added"]
    before: EntryOut | None
    after: EntryOut | None
    what: list[str] = Field(examples=[["amount", "text"]])


class DifferenceList(BaseModel):
    items: list[DifferenceOut]
    next_cursor: str | None


@router.get(
    "/statements/{statement_id}/differences",
    summary="What a statement tells otherwise",
    response_model=DifferenceList,
    response_description="One page: altered, then gone, then added",
    responses=responses(401, 403, 404, 422),
)
async def list_statement_differences(
    staff: AsStaff, statement_id: StatementId, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Than the one that it was told instead of (`corrects`); nothing of one that corrects none. Balances stand in the
    two statements.
    """
    one, city_id, start = await own_statement(staff, statement_id), staff.town.city.id, read_number(cursor) or 0
    found: list[corrections.Difference] = []
    async with staff.hub.database.town(city_id) as connection:
        if one.corrects is not None:
            before = await corrections.told_instead_of(connection, city_id, one)
            found = await corrections.differences(connection, city_id, before, one.statement_id)
        shown = found[start : start + limit]
        wanted = [entry_id for each in shown for entry_id in (each.before, each.after) if entry_id is not None]
        keys = await staff.hub.vault.keys(connection, city_id)
        known = {
            entry.entry_id: entry for entry in await entries.listed(connection, keys, entry_ids=wanted, limit=2 * limit)
        }
    items = []
    for each in shown:
        before_, after = (known.get(which) if which else None for which in (each.before, each.after))
        items.append({
            "kind": "added" if before_ is None else "gone" if after is None else "altered",
            "before": entry_out(staff, before_) if before_ else None,
            "after": entry_out(staff, after) if after else None,
            "what": corrections.told_otherwise(before_, after) if before_ and after else [],
        })  # fmt: skip
    following = write_cursor(start + limit) if len(found) > start + limit else None
    return _json({"items": items, "next_cursor": following})


@router.post("/statements/{statement_id}/accept", summary="A corrected statement counts", responses=_VERB, **_NOW)
async def accept_statement(staff: AsStaff, statement_id: StatementId, content: WhyIn) -> Response:
    """Instead of the one before it. What both tell stays as it was decided. What was added is looked at in a moment;
    what is gone is set aside, and where it is booked, it is to be undone: until then what was added waits, too.
    """
    one = await own_statement(staff, statement_id)
    await staff.hub.reconciliation.accept(staff.town.city.id, one.statement_id, by=staff.name, reason=content.reason)
    return _json(await statement_whole(staff, statement_id))


@router.post(
    "/statements/{statement_id}/dismiss", summary="A statement that is held does not count", responses=_VERB, **_NOW
)
async def dismiss_statement(staff: AsStaff, statement_id: StatementId, content: WhyIn) -> Response:
    """The one before it stays as it is. Not where that one tells a payment of what one owes oneself, and this one does
    not.
    """
    one = await own_statement(staff, statement_id)
    await _refuse_own(staff, one)
    await staff.hub.statements.dismiss(staff.town.city.id, one.statement_id, by=staff.name, reason=content.reason)
    return _json(await statement_whole(staff, statement_id))


@router.post(
    "/statements/{statement_id}/looked-at", summary="What was told of a statement is seen to", responses=_VERB, **_NOW
)
async def look_at_statement(staff: AsStaff, statement_id: StatementId, content: WhyIn) -> Response:
    """That its balances do not agree, or that entries of it stay booked which the bank does not tell any more (not what
    paid what one owes oneself). It is told no more.
    """
    one = await own_statement(staff, statement_id)
    await _refuse_own(staff, one)
    await staff.hub.statements.looked_at(staff.town.city.id, one.statement_id, by=staff.name, reason=content.reason)
    return _json(await statement_whole(staff, statement_id))


@router.post(
    "/statement-files/{file_id}/looked-at",
    summary="That a file was not read is seen to",
    response_model=StatementFileWhole,
    response_description="As it stands now",
    responses=_VERB,
)
async def look_at_statement_file(
    staff: AsStaff,
    file_id: FileId,
    content: WhyIn,
) -> Response:
    """As where another file has come in its stead. It is told no more."""
    file = await own_file(staff, file_id)
    await staff.hub.statements.files.looked_at(staff.town.city.id, file.file_id, by=staff.name, reason=content.reason)
    return _json(await file_whole(staff, file_id))


async def _refuse_own(staff: Staff, one: StatementRow) -> None:
    """Raises Forbidden where what would stay booked, though the bank does not tell it any more, paid what whoever asks
    owes herself.
    """
    city_id, gone = staff.town.city.id, []
    async with staff.hub.database.town(city_id) as connection:
        keys = await staff.hub.vault.keys(connection, city_id)
        if one.state is StatementState.CORRECTED:
            gone = await entries.listed(
                connection, keys, state=[State.BOOKED], statement_id=one.statement_id, limit=_MOST
            )
        elif one.state is StatementState.HELD:
            before = await corrections.told_instead_of(connection, city_id, one)
            found = await corrections.differences(connection, city_id, before, one.statement_id)
            ids = [each.before for each in found if each.before is not None]
            gone = await entries.listed(connection, keys, state=[State.BOOKED], entry_ids=ids, limit=_MOST)
        paid = [each for entry in gone for each in await outgoing.paid_with(connection, city_id, entry, None)]
    await refuse_own_debts(staff, "", [Wanted(each) for each in paid])


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
