"""POST and DELETE /admin/v1/mandates: a clerk records who may act for whom, and ends it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.ids import parse_public_id, public_id
from hub.mandates import service as mandates
from hub.mandates.model import MandateKind
from portal_api.admin.looking import refuse_oneself
from portal_api.errors import responses
from portal_api.parameters import NO_NUL, SAYS_SOMETHING, Moment
from portal_api.render import moment
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])
_ID = "man_01jd3v9k6cf3rs2k4w5m8q7x1t"
SubjectId = Annotated[
    str, Field(pattern=r"^sub_[0-7][0-9a-hjkmnp-tv-z]{25}$", examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
]


class MandateIn(BaseModel):
    """The clerk has seen the document that `source` names."""

    model_config = ConfigDict(extra="forbid")

    holder: SubjectId = Field(description="who may act")
    represented: SubjectId = Field(description="for whom: a person with guardianship, a legal entity with company")
    kind: MandateKind
    source: str = Field(
        min_length=1,
        max_length=300,
        pattern=SAYS_SOMETHING,
        description="the document",
        examples=["Rješenje Zavoda 12/2026"],
    )
    valid_from: Moment | None = Field(default=None, description="now, where absent")
    valid_until: Moment | None = Field(
        default=None, description="until somebody ends it, where absent; for a child, when it comes of age"
    )


class MandateOut(BaseModel):
    id: str = Field(examples=[_ID])
    holder: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    represented: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x2v"])
    kind: MandateKind
    source: str
    valid_from: datetime
    valid_until: datetime | None


@router.post(
    "/mandates",
    status_code=201,
    summary="Record a mandate",
    response_model=MandateOut,
    response_description="In force from `valid_from` on",
    responses=responses(401, 403, 404, 409, 422),
)
async def add_mandate(staff: AsStaff, wanted: MandateIn) -> Response:
    """409 names the mandate where the same is in force already, so that sending it twice makes one. 403 also where the
    holder is known to be the clerk herself: a colleague records that.
    """
    hub, city_id = staff.hub, staff.town.city.id
    now = hub.clock.now()
    holder = parse_public_id("sub", wanted.holder)
    async with hub.database.identity(city_id) as connection:
        await refuse_oneself(staff, connection, holder)
        made = await mandates.record(
            connection,
            city_id,
            holder,
            parse_public_id("sub", wanted.represented),
            kind=wanted.kind,
            source=wanted.source.strip(),
            by=staff.name,
            valid_from=wanted.valid_from or now,
            valid_until=wanted.valid_until,
            now=now,
        )
    body = {
        "id": public_id("man", made.mandate_id),
        "holder": wanted.holder,
        "represented": wanted.represented,
        "kind": made.kind,
        "source": made.source,
        "valid_from": moment(made.valid_from),
        "valid_until": moment(made.valid_until),
    }
    return Response(orjson.dumps(body), status_code=201, media_type="application/json")


@router.delete(
    "/mandates/{mandate_id}",
    status_code=204,
    summary="End a mandate",
    response_description="Nobody acts by it any more",
    responses=responses(401, 403, 404, 422),
)
async def end_mandate(
    staff: AsStaff,
    mandate_id: Annotated[str, Path(description="from its recording", examples=[_ID])],
    why: Annotated[
        str,
        Query(min_length=1, max_length=300, pattern=NO_NUL, description="kept with it", examples=["odluka suda"]),
    ],
) -> Response:
    """From the next request on. It stays known that it was in force, and who ended it."""
    async with staff.hub.database.identity(staff.town.city.id) as connection:
        await mandates.end(
            connection,
            staff.town.city.id,
            parse_public_id("man", mandate_id),
            by=staff.name,
            why=why,
            now=staff.hub.clock.now(),
        )
    return Response(status_code=204)
