"""/admin/v1/statement-files and /statements: what banks sent, and what was read in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.statements import decisions, files
from hub.statements import service as statements
from hub.statements.accounts import payees_of
from hub.statements.files import LARGEST
from hub.statements.model import FileState, StatementDecision, StatementFile, StatementRow, StatementState
from portal_api.admin.statement_shapes import (
    FILE,
    STATEMENT,
    StatementFileList,
    StatementFileOut,
    StatementFileWhole,
    StatementList,
    StatementWhole,
)
from portal_api.admin.till import covers
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_public_cursor, write_cursor
from portal_api.push.door import parts, too_slow
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])
FileId = Annotated[str, Path(description="as it was told", examples=[FILE])]
StatementId = Annotated[str, Path(description="from the list", examples=[STATEMENT])]


@router.post(
    "/statement-files",
    status_code=202,
    summary="Upload a bank statement",
    response_model=StatementFileOut,
    response_description="All of it is kept",
    responses=responses(400, 401, 403, 404, 408, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_statement(
    request: Request,
    staff: AsStaff,
    name: Annotated[
        str, Query(min_length=1, max_length=200, description="its own, without a path", examples=["izvod-221.xml"])
    ],
) -> Response:
    """The file as the bank gave it: camt.05x, MT940 and the national formats, found out by its content. It counts whole
    or not at all; the same again is known. Whoever answers for one payee can send that one's statements only.
    """
    payees = None if staff.everywhere else [one for one in staff.town.city.payees if covers(staff, one)]
    try:
        received = await staff.hub.statements.files.receive(
            staff.town.city.id, name, parts(request, LARGEST), by=staff.name, payees=payees
        )
    except TimeoutError:
        return too_slow()
    return _json(_file(received.file, known=received.known), 202)


@router.get(
    "/statement-files",
    summary="Files of banks",
    response_model=StatementFileList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_statement_files(
    staff: AsStaff,
    state: Annotated[FileState | None, Query(description="only in this state")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Latest first. Who answers for one payee sees her own."""
    city_id, before = staff.town.city.id, read_public_cursor("bsf", cursor)
    async with staff.hub.database.town(city_id) as connection:
        by = None if staff.everywhere else staff.name
        found = await files.listed(connection, city_id, state=state, by=by, before=before, limit=limit + 1)
    shown = found[:limit]
    following = write_cursor(public_id("bsf", shown[-1].file_id)) if len(found) > limit else None
    return _json({"items": [_file(one, known=False) for one in shown], "next_cursor": following})


@router.get(
    "/statement-files/{file_id}",
    summary="How far a file is",
    response_model=StatementFileWhole,
    response_description="As of now",
    responses=responses(401, 403, 404),
)
async def read_statement_file(staff: AsStaff, file_id: FileId) -> Response:
    """What was wrong with it, where it was not read."""
    return _json(await file_whole(staff, file_id))


@router.post(
    "/statement-files/{file_id}/read-again",
    status_code=202,
    summary="Read a file again that was not read",
    response_model=StatementFileOut,
    response_description="It is read in a moment",
    responses=responses(401, 403, 404, 409),
)
async def reread_statement_file(staff: AsStaff, file_id: FileId) -> Response:
    """As after an account that was missing in the town's configuration was written there. Not of one that did not
    arrive whole: that one is sent again.
    """
    file = await own_file(staff, file_id)
    await staff.hub.statements.files.read_again(staff.town.city.id, file.file_id)
    return _json(_file(await own_file(staff, file_id), known=False), 202)


@router.get(
    "/statements",
    summary="Bank statements",
    response_model=StatementList,
    response_description="One page",
    responses=responses(401, 403, 404, 422),
)
async def list_statements(
    staff: AsStaff,
    file: Annotated[str | None, Query(max_length=40, description="only those of this file")] = None,
    state: Annotated[StatementState | None, Query(description="only in this state")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The last imported first."""
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        found = await statements.listed(
            connection,
            city_id,
            accounts=accounts_of(staff),
            file_id=None if file is None else parse_public_id("bsf", file),
            state=state,
            before=read_public_cursor("bst", cursor),
            limit=limit + 1,
        )
    shown = found[:limit]
    following = write_cursor(public_id("bst", shown[-1].statement_id)) if len(found) > limit else None
    return _json({"items": [_statement(staff, one) for one in shown], "next_cursor": following})


@router.get(
    "/statements/{statement_id}",
    summary="One bank statement",
    response_model=StatementWhole,
    response_description="Its head and its totals",
    responses=responses(401, 403, 404),
)
async def read_statement(staff: AsStaff, statement_id: StatementId) -> Response:
    """Its entries are listed by `GET /admin/v1/statement-entries?statement=…`."""
    return _json(await statement_whole(staff, statement_id))


def accounts_of(staff: Staff) -> list[str] | None:
    """The accounts whose statements are theirs: those all of whose payees they answer for. None: all there are."""
    if staff.everywhere:
        return None
    city = staff.town.city
    accounts = {"".join(payee.account.split()) for payee in city.payees.values()}
    return [one for one in sorted(accounts) if all(covers(staff, payee) for payee in payees_of(city, one))]


async def own_statement(staff: Staff, statement_id: str) -> StatementRow:
    """Raises NotFound where there is none, or none of an account that they answer for."""
    city_id, accounts = staff.town.city.id, accounts_of(staff)
    async with staff.hub.database.town(city_id) as connection:
        found = await statements.one(connection, city_id, parse_public_id("bst", statement_id))
    if accounts is not None and found.account not in accounts:
        raise NotFound("There is no such statement.")
    return found


async def statement_whole(staff: Staff, statement_id: str) -> dict[str, Any]:
    """With what staff said of it."""
    one = await own_statement(staff, statement_id)
    async with staff.hub.database.town(staff.town.city.id) as connection:
        said = await decisions.listed(connection, staff.town.city.id, statement_id=one.statement_id)
    return _statement(staff, one) | {"decisions": _said(said)}


async def file_whole(staff: Staff, file_id: str) -> dict[str, Any]:
    """With what staff said of it."""
    file = await own_file(staff, file_id)
    async with staff.hub.database.town(staff.town.city.id) as connection:
        said = await decisions.listed(connection, staff.town.city.id, file_id=file.file_id)
    return _file(file, known=False) | {"decisions": _said(said)}


def _said(said: Sequence[StatementDecision]) -> list[dict[str, Any]]:
    return [{"at": moment(one.at), "event": one.event, "by": one.by, "reason": one.reason} for one in said]


async def own_file(staff: Staff, file_id: str) -> StatementFile:
    city_id = staff.town.city.id
    async with staff.hub.database.town(city_id) as connection:
        file = await files.find(connection, city_id, parse_public_id("bsf", file_id))
    if not staff.everywhere and file.by != staff.name:
        raise NotFound("There is no such file.")
    return file


def _file(file: StatementFile, *, known: bool) -> dict[str, Any]:
    return {
        "id": public_id("bsf", file.file_id),
        **{name: getattr(file, name) for name in ("name", "state", "size", "format", "problem", "line", "by")},
        "known": known,
        "received_at": moment(file.received_at),
        "read_at": moment(file.read_at),
    }


def _statement(staff: Staff, one: StatementRow) -> dict[str, Any]:
    amounts = ("opening", "closing", "credits", "debits")
    plain = (
        "state",
        "kind",
        "format",
        "account",
        "number",
        "since",
        "until",
        "entries",
        "agrees",
        "waiting",
        "to_undo",
    )
    return {
        "id": public_id("bst", one.statement_id),
        "file": public_id("bsf", one.file_id),
        "corrects": None if one.corrects is None else public_id("bst", one.corrects),
        "corrected_by": None if one.corrected_by is None else public_id("bst", one.corrected_by),
        **{name: getattr(one, name) for name in plain},
        **{name: staff.reader.amount(getattr(one, name), one.currency) for name in amounts},
        "payees": payees_of(staff.town.city, one.account),
        "differences": list(one.differences),
        "imported_at": moment(one.imported_at),
    }


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
