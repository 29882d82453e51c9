"""GET /admin/v1/back-offices/{name}/drift: what has changed in the interface of a back office."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.back_offices import service as feeds
from hub.contracts.model import plain_finding
from hub.kernel.errors import NotFound
from portal_api.admin.messages import DriftOut
from portal_api.errors import responses
from portal_api.parameters import Slug
from portal_api.render import moment
from portal_api.requests import AsStaff

router = APIRouter(tags=["admin"])


class ComparedOut(BaseModel):
    name: str = Field(examples=["wsdl"])
    ok: bool = Field(description="whether the comparison could be made")
    detail: str


class FindingOut(BaseModel):
    """One change. `breaks`: records are refused; `loses`: something is no longer shown; `new`: nobody reads it."""

    severity: str = Field(pattern="^(breaks|loses|new)$")
    source: str = Field(examples=["wsdl", "openapi", "records"])
    what: str = Field(examples=["renamed"])
    operation: str = Field(examples=["DohvatiOtvoreneStavke"])
    path: str = Field(examples=["Stavke.Stavka.Preostalo"])
    was: str
    now: str
    keys: list[str] = Field(description="what reads it", examples=[["obligation.yaml: fields.outstanding"]])
    feeds: list[str]
    citizens: str = Field(description="what people see because of it")
    affected: int = Field(description="subjects with records of these feeds")
    says: str


class InterfaceDrift(BaseModel):
    back_office: str
    checked_at: datetime | None = Field(description="null: it was never checked")
    compared: list[ComparedOut]
    findings: list[FindingOut] = Field(description="of the last check, the worst first")
    met: list[DriftOut] = Field(description="what ordinary reads and pushes had that no mapping knows")


@router.get(
    "/back-offices/{name}/drift",
    summary="What has changed in an interface",
    response_model=InterfaceDrift,
    response_description="The last check, and what was met since",
    responses=responses(401, 403, 404, 422),
)
async def read_interface_drift(
    staff: AsStaff, name: Annotated[Slug, Path(description="of the back office", examples=["financije"])]
) -> Response:
    """Interfaces are checked every night, after a reply that could not be used, and by `munihub contract check`."""
    if name not in staff.town.back_offices or not (staff.everywhere or staff.sees(name)):
        raise NotFound("There is no such back office.")
    city_id = staff.town.city.id
    checked = await staff.hub.contracts.last(city_id, name)
    async with staff.hub.database.town(city_id) as connection:
        rows = [row for row in await feeds.drift(connection, city_id) if row["back_office"] == name]
    content = {
        "back_office": name,
        "checked_at": moment(checked.at) if checked else None,
        "compared": [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in checked.compared]
        if checked
        else [],
        "findings": [plain_finding(one, name) for one in checked.findings] if checked else [],
        "met": [
            {**row, "first_seen": moment(row["first_seen"]), "last_seen": moment(row["last_seen"])} for row in rows
        ],
    }
    return Response(orjson.dumps(content), media_type="application/json", headers={"Cache-Control": "no-store"})
