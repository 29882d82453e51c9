"""GET /v1/cases: the citizen's matters at the offices, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.accounts.service import Knowledge, knowledge
from hub.cases import service as cases
from hub.cases.model import PublicStatus
from hub.kernel.ids import parse_public_id
from hub.matters import service as matters
from portal_api.answers import READ, READER, answer
from portal_api.citizen.matters import PREFIX
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import MOST_VALUES
from portal_api.render import Named, Reader, ReferenceOut, SourceOut, moment, outward
from portal_api.requests import AsCitizen

router = APIRouter(tags=["citizen"])
_ID = "cas_01jd3v9k6cf3rs2k4w5m8q7x1t"


class CaseItem(BaseModel):
    id: str = Field(examples=[_ID])
    title: str = Field(examples=["Zahtjev za priključenje na vodovod"])
    kind: str | None
    status: PublicStatus = Field(description="whose turn it is")
    office_status: str | None = Field(description="the office's own word", examples=["U obradi"])
    numbers: list[ReferenceOut]
    department: Named | None
    opened_on: date | None
    due_on: date | None = Field(description="until when the office must decide")
    closed_on: date | None
    changed_at: datetime | None
    back_office: str


class CaseEvent(BaseModel):
    at: datetime
    text: str
    status: PublicStatus | None


class CaseOut(CaseItem):
    result: str | None
    events: list[CaseEvent]
    gone_at: datetime | None = Field(description="since when the source no longer has it")
    sent: list[str] = Field(
        description="what the citizen sent that became this case, and her answers on it; oldest first",
        examples=[["sbm_01jd3v9k6cf3rs2k4w5m8q7x1t"]],
    )
    sources: list[SourceOut]


class CaseList(BaseModel):
    """`items` null: no source could be asked. `knowledge` complete and `items` empty: there is none."""

    knowledge: Knowledge
    sources: list[SourceOut]
    items: list[CaseItem] | None
    next_cursor: str | None


def case_item(reader: Reader, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": outward("cas", row["case_id"]),
        "title": reader.text(row["title"]),
        "kind": row["kind"],
        "status": row["status"],
        "office_status": reader.text(row["office_status"]),
        "numbers": reader.references(row["number"]),
        "department": reader.named(row["department"], reader.city.departments),
        "opened_on": row["opened_on"],
        "due_on": row["due_on"],
        "closed_on": row["closed_on"],
        "changed_at": moment(row["source_changed_at"]),
        "back_office": row["back_office"],
    }


@router.get(
    "/cases",
    summary="My cases",
    response_model=CaseList,
    responses=responses(401, 403, 404, 422) | READ,
    openapi_extra=READER,
)
async def list_cases(
    request: Request,
    citizen: AsCitizen,
    status: Annotated[list[PublicStatus], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Response:
    """Last changed first."""
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.subject_id) as connection:
        sources = await citizen.hub.accounts.sources(connection, citizen.town, "case")
        page = await cases.listed(connection, citizen.town.city, status, read_position(cursor), limit)
    known = knowledge(sources, told=bool(page.rows))
    body = {
        "knowledge": known,
        "sources": [citizen.reader.source(one) for one in sources],
        "items": None if known is Knowledge.UNKNOWN else [case_item(citizen.reader, row) for row in page.rows],
        "next_cursor": write_cursor(page.next[0].isoformat(), page.next[1]) if page.next else None,
    }
    return answer(request, citizen.reader, body)


@router.get(
    "/cases/{case_id}",
    summary="One case",
    response_model=CaseOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_case(
    request: Request,
    citizen: AsCitizen,
    case_id: Annotated[str, Path(description="from a list or the account", examples=[_ID])],
) -> Response:
    """With what has happened in it, oldest first; also one that the source no longer has."""
    uuid = parse_public_id("cas", case_id)
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.subject_id) as connection:
        row = await cases.opened(connection, citizen.town.city, uuid)
        sent = await matters.sent_for_case(connection, citizen.town.city.id, uuid)
        sources = await citizen.hub.accounts.sources(connection, citizen.town, "case")
    reader = citizen.reader
    body = case_item(reader, row) | {
        "result": reader.text(row["result"]),
        "events": [
            {"at": event["at"], "text": reader.text(event["text"]), "status": event.get("status")}
            for event in row["events"]
        ],
        "gone_at": moment(row["gone_at"]),
        "sent": [outward(PREFIX[kind], matter_id) for matter_id, kind in sent],
        "sources": [
            reader.source(one)
            for one in sources
            if (one.feed.back_office, one.feed.feed) == (row["back_office"], row["feed"])
        ],
    }
    return answer(request, reader, body)
