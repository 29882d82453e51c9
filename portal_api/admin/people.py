"""POST /admin/v1/people: the counter, where a clerk registers a person and hands over a password on paper."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.access_log import service as access_log
from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.passwords.counter import Applicant, Registered
from hub.subjects.model import SubjectKind
from portal_api.admin.looking import actor_of, refuse_oneself, why
from portal_api.admin.mandates import SubjectId
from portal_api.errors import responses
from portal_api.login import pages
from portal_api.login.days import day
from portal_api.login.languages import choose_tag
from portal_api.parameters import SAYS_SOMETHING
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])

_SHEET: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_ON_PAPER = "The password is told this once. With `Accept: text/html` it is a sheet to print, in the town's language."


class DocumentIn(BaseModel):
    """What the clerk has seen; kept with the name of the clerk, the number encrypted."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(min_length=1, max_length=80, pattern=SAYS_SOMETHING, examples=["osobna iskaznica"])
    number: str = Field(min_length=1, max_length=80, pattern=SAYS_SOMETHING, examples=["115501234"])


class IdentifierIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scheme: str = Field(min_length=1, max_length=60, examples=["hr.oib"])
    value: str = Field(min_length=1, max_length=200, examples=["87582274224"])


class PersonIn(BaseModel):
    """Who stands at the counter. Nobody is recognised by a name: the identifiers say who it is."""

    model_config = ConfigDict(extra="forbid")

    kind: SubjectKind = SubjectKind.PERSON
    name: str = Field(min_length=1, max_length=200, pattern=SAYS_SOMETHING, examples=["Ana Šćrbačić"])
    identifiers: list[IdentifierIn] = Field(min_length=1, max_length=5)
    document: DocumentIn


class RecoveryIn(BaseModel):
    """A person who has forgotten her password, standing there with a document."""

    model_config = ConfigDict(extra="forbid")

    document: DocumentIn
    without_second_factors: bool = Field(
        default=False, description="she lost them too: they and her recovery codes are taken off the account"
    )


class HandedOver(BaseModel):
    """What goes over the counter on paper. The password is valid once, until then, and not told again."""

    id: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    name: str | None
    created: bool = Field(description="nobody here had proven one of the identifiers before")
    username: str = Field(examples=["k7mp-3xqn"])
    password: str = Field(examples=["b4ts-9kfe-w2ma-7hpd"])
    expires_at: datetime = Field(description="until then the password must have been changed")


@router.post(
    "/people",
    status_code=201,
    summary="Register a person at the counter",
    response_model=HandedOver,
    response_description=_ON_PAPER,
    responses=responses(401, 403, 404, 409, 422) | {201: _SHEET},
)
async def register_person(request: Request, staff: AsStaff, person: PersonIn) -> Response:
    """Finds the subject that has proven one of the identifiers, or makes one, and gives it a user name and a password.

    409 where she has a password already, and where the identifiers belong to several subjects. 403 also where she is
    known to be the clerk herself: a colleague does that.
    """
    _given_here(staff)
    applicant = Applicant(
        kind=person.kind,
        name=person.name,
        identifiers=[(one.scheme, one.value) for one in person.identifiers],
        document_kind=person.document.kind.strip(),
        document_number=person.document.number.strip(),
    )
    done = await staff.hub.counter.register(
        staff.town.city, applicant, by=staff.name, seen=partial(_looked, staff, "register_person")
    )
    return _handed_over(request, staff, done)


@router.post(
    "/people/{subject_id}/password",
    status_code=201,
    summary="Hand out a new password",
    response_model=HandedOver,
    response_description=_ON_PAPER,
    responses=responses(401, 403, 404, 422) | {201: _SHEET},
)
async def recover_password(
    request: Request,
    staff: AsStaff,
    subject_id: Annotated[
        SubjectId, Path(description="from her registration", examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    ],
    recovery: RecoveryIn,
) -> Response:
    """The old password is void, and whoever is logged in by it is logged out. 403 also where the person is known to be
    the clerk herself: a colleague does that.
    """
    _given_here(staff)
    done = await staff.hub.counter.recover(
        staff.town.city.id,
        parse_public_id("sub", subject_id),
        document=(recovery.document.kind.strip(), recovery.document.number.strip()),
        without_factors=recovery.without_second_factors,
        by=staff.name,
        seen=partial(_looked, staff, "recover_password"),
    )
    for session in await staff.hub.sessions.of_login(staff.town.city.id, done.issued.account_id):
        await staff.hub.grants.end_session(staff.town, session.session_id, "password_recovered")
    return _handed_over(request, staff, done)


async def _looked(staff: Staff, what: str, connection: Any, subject_id: UUID) -> None:
    await refuse_oneself(staff, connection, subject_id)
    await access_log.record(
        connection,
        actor=actor_of(staff),
        subject_id=subject_id,
        what=what,
        why=why(staff, None),
        at=staff.hub.clock.now(),
    )


def _given_here(staff: Staff) -> None:
    if staff.town.city.passwords is None:
        raise NotFound("This town gives no passwords.")


def _handed_over(request: Request, staff: Staff, done: Registered) -> Response:
    town, issued = staff.town, done.issued
    if "text/html" in request.headers.get("accept", ""):
        language = choose_tag(town.city.language)
        return pages.page(
            request,
            town,
            language,
            "sheet.html",
            status=201,
            person=done.name,
            username=issued.username,
            password=issued.password,
            address=town.address,
            least=staff.hub.passwords.least(town.city, staff=False),
            expires_on=day(issued.expires_at.astimezone(town.city.timezone), language),
        )
    body = {
        "id": public_id("sub", done.subject_id),
        "name": done.name,
        "created": done.created,
        "username": issued.username,
        "password": issued.password,
        "expires_at": moment(issued.expires_at),
    }
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status_code=201, media_type="application/json", headers=headers)
