"""POST and GET /v1/submissions, POST /v1/cases/{id}/answers: cases a citizen opens, and her answers on them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.blobs import service as blobs
from hub.cases import service as cases
from hub.cases.model import PublicStatus
from hub.kernel.ids import parse_public_id
from hub.matters import service as matters
from hub.submissions.model import KINDS, LONGEST_TEXT, LONGEST_TITLE, MOST_DOCUMENTS, Answer, NewCase
from portal_api.answers import READ, READER, answer
from portal_api.citizen.matters import (
    FileOut,
    IdempotencyKey,
    MatterEvent,
    MatterItem,
    MatterList,
    Words,
    attachment_ids,
    created,
    file_out,
    matter_events,
    matter_item,
    sender,
)
from portal_api.errors import responses
from portal_api.pages import Cursor, Limit, read_position, write_cursor
from portal_api.parameters import MOST_VALUES
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
_ID = "sbm_01jd3v9k6cf3rs2k4w5m8q7x1t"
_CASE_ID = "cas_01jd3v9k6cf3rs2k4w5m8q7x1t"
_FILE_ID = "att_01jd3v9k6cf3rs2k4w5m8q7x1t"

Documents = Annotated[
    list[Annotated[str, Field(max_length=40)]],
    Field(max_length=MOST_DOCUMENTS, description="files uploaded before, in this order; each is used once"),
]


class SubmissionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Words = Field(max_length=LONGEST_TITLE, examples=["Zahtjev za priključenje na vodovod"])
    text: Words = Field(max_length=LONGEST_TEXT, examples=["Molim priključenje kuće u Ulici kralja Tomislava 4."])
    documents: Documents = Field(default_factory=list, examples=[[_FILE_ID]])


class AnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Words = Field(max_length=LONGEST_TEXT, examples=["U prilogu je vlasnički list."])
    documents: Documents = Field(default_factory=list, examples=[[_FILE_ID]])


class SubmissionOut(MatterItem):
    words: str = Field(description="what was written")
    documents: list[FileOut]
    events: list[MatterEvent] = Field(description="what has happened, oldest first")


@router.post(
    "/submissions",
    status_code=201,
    summary="Open a case",
    response_model=SubmissionOut,
    response_description="Kept, and on its way to the office",
    responses=responses(400, 401, 403, 404, 409, 422),
    openapi_extra=READER,
)
async def open_submission(
    request: Request, citizen: AsCitizen, key: IdempotencyKey, submission: SubmissionIn
) -> Response:
    """Sends it to the office that opens cases. When the office's list of cases brings the case, `case` names it."""
    new = NewCase(submission.title, submission.text, attachment_ids(submission.documents))
    submission_id = await citizen.hub.submissions.open_case(citizen.town, sender(citizen, key), new)
    return created(request, citizen, await _whole(citizen, submission_id), "submissions")


async def _own_case(
    citizen: AsCitizen, case_id: Annotated[str, Path(description="from the list of cases", examples=[_CASE_ID])]
) -> UUID:
    """Before the content is looked at: whoever asks about another person's case learns nothing else."""
    uuid = parse_public_id("cas", case_id)
    async with citizen.hub.database.citizen(citizen.town.city.id, citizen.subject_id) as connection:
        await cases.opened(connection, citizen.town.city, uuid)
    return uuid


@router.post(
    "/cases/{case_id}/answers",
    status_code=201,
    summary="Answer on a case",
    response_model=SubmissionOut,
    response_description="Kept, and on its way to the office",
    responses=responses(400, 401, 403, 404, 409, 422),
    openapi_extra=READER,
)
async def answer_case(
    request: Request,
    citizen: AsCitizen,
    case_id: Annotated[UUID, Depends(_own_case)],
    key: IdempotencyKey,
    content: AnswerIn,
) -> Response:
    """Answers on one case arrive in the order in which they were sent."""
    new = Answer(content.text, attachment_ids(content.documents))
    submission_id = await citizen.hub.submissions.answer_case(citizen.town, sender(citizen, key), case_id, new)
    return created(request, citizen, await _whole(citizen, submission_id), "submissions")


@router.get(
    "/submissions",
    summary="What I have sent",
    response_model=MatterList,
    responses=responses(401, 403, 404, 422) | READ,
    openapi_extra=READER,
)
async def list_submissions(
    request: Request,
    citizen: AsCitizen,
    status: Annotated[list[PublicStatus], Query(max_length=MOST_VALUES, description="any of these")] = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Response:
    """Cases opened and answers given, latest first."""
    city_id = citizen.town.city.id
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        page = await matters.listed(connection, city_id, KINDS, status, read_position(cursor), limit)
    body = {
        "items": [matter_item(citizen.reader, one) for one in page.rows],
        "next_cursor": write_cursor(page.next[0].isoformat(), page.next[1]) if page.next else None,
    }
    return answer(request, citizen.reader, body)


@router.get(
    "/submissions/{submission_id}",
    summary="One thing I have sent",
    response_model=SubmissionOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_submission(
    request: Request,
    citizen: AsCitizen,
    submission_id: Annotated[str, Path(description="from the list or the answer to sending", examples=[_ID])],
) -> Response:
    """With what was written, its documents and what has happened."""
    return answer(request, citizen.reader, await _whole(citizen, parse_public_id("sbm", submission_id)))


async def _whole(citizen: Citizen, submission_id: UUID) -> dict[str, Any]:
    city_id = citizen.town.city.id
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        matter = await matters.opened(connection, city_id, KINDS, submission_id)
        words = await citizen.hub.submissions.texts(connection, city_id, [submission_id])
        files = await blobs.of_matters(connection, city_id, [submission_id])
        told = await matters.told(connection, city_id, submission_id)
    return matter_item(citizen.reader, matter) | {
        "words": words[submission_id],
        "documents": [file_out(one) for one in files[submission_id]],
        "events": matter_events(citizen.reader, told),
    }
