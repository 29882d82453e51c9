"""GET /v1/mandates: for whom the citizen may act."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.authorisation import HEADER
from hub.kernel.ids import public_id
from hub.mandates import service as mandates
from hub.mandates.model import MandateKind
from hub.subjects.model import SubjectKind
from portal_api.answers import READ, READER, answer
from portal_api.errors import responses
from portal_api.render import moment
from portal_api.requests import AsCitizen

router = APIRouter(tags=["citizen"])


class RepresentedOut(BaseModel):
    id: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"], description=f"what {HEADER} names")
    kind: SubjectKind
    name: str | None = Field(examples=["Vinogradi Bregana d.o.o."])


class MandateItem(BaseModel):
    id: str = Field(examples=["man_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    represented: RepresentedOut
    kind: MandateKind
    source: str = Field(description="who says so: a register, or the document a clerk saw", examples=["e-ovlastenja"])
    valid_from: datetime
    valid_until: datetime | None = Field(description="null: until somebody ends it")


class MandateList(BaseModel):
    """Those in force. What an eID says is said for a working day and again at the next login."""

    items: list[MandateItem]


@router.get(
    "/mandates",
    summary="For whom I may act",
    response_model=MandateList,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def list_mandates(request: Request, citizen: AsCitizen) -> Response:
    """Send `Munihub-Acting-For` with the id of one of them, and the account is theirs."""
    hub, city_id = citizen.hub, citizen.town.city.id
    async with hub.database.citizen(city_id, citizen.actor_id) as connection:
        held = await mandates.held(connection, citizen.actor_id, hub.clock.now())
    named = []
    if held:
        async with hub.database.identity(city_id) as connection:
            named = await mandates.named(connection, city_id, held)
    items = [
        {
            "id": public_id("man", one.mandate.mandate_id),
            "represented": {"id": public_id("sub", one.mandate.represented_id), "kind": one.kind, "name": one.name},
            "kind": one.mandate.kind,
            "source": one.mandate.source,
            "valid_from": moment(one.mandate.valid_from),
            "valid_until": moment(one.mandate.valid_until),
        }
        for one in named
    ]
    return answer(request, citizen.reader, {"items": items})
