"""GET and PATCH /v1/contact-details: how the town reaches the citizen, and which office knows it by now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.contact_details.model import KINDS, Detail
from hub.matters import service as matters
from portal_api.answers import READ, READER, answer
from portal_api.citizen.matters import IdempotencyKey, MatterItem, Words, matter_item, sender
from portal_api.errors import responses
from portal_api.render import moment
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])
_SHOWN = 10
# As HTML writes a valid address (WHATWG HTML §4.10.5.1.5), with a dot in the domain; whether anybody reads it only a
# letter tells.
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(\.{_LABEL})+$"
_PHONE = r"^\+[1-9][0-9]{6,14}$"


class PostalAddress(BaseModel):
    model_config = ConfigDict(extra="forbid")

    street: Words = Field(
        max_length=200, description="with the number of the house", examples=["Trg kralja Tomislava 4"]
    )
    postcode: Words = Field(max_length=12, examples=["49218"])
    place: Words = Field(max_length=100, examples=["Pregrada"])
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 code", examples=["HR"])


def _no_address() -> PostalAddress:
    return PostalAddress.model_construct(street="", postcode="", place="", country="")


class ContactIn(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    # What is left out has a value that is never looked at; `null` would say nothing, and is not allowed.
    email: str = Field(default_factory=str, max_length=254, pattern=_EMAIL, examples=["ana@example.hr"])
    phone: str = Field(
        default_factory=str, pattern=_PHONE, description="ITU-T E.164, without spaces", examples=["+385991234567"]
    )
    postal_address: PostalAddress = Field(default_factory=_no_address)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("write email, phone or postal_address")
        return self


class ContactChange(MatterItem):
    changed: list[Detail] = Field(description="which details")


class ContactOut(BaseModel):
    """As the citizen said last, whichever office knows it yet; null: she never said. `changes`: the latest ones."""

    email: str | None = Field(examples=["ana@example.hr"])
    phone: str | None = Field(examples=["+385991234567"])
    postal_address: PostalAddress | None
    changed_at: datetime | None
    changes: list[ContactChange]


@router.get(
    "/contact-details",
    summary="How I am reached",
    response_model=ContactOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_contact_details(request: Request, citizen: AsCitizen) -> Response:
    """With the latest changes and where each of them is, office by office."""
    return answer(request, citizen.reader, await _known(citizen))


@router.patch(
    "/contact-details",
    summary="Change how I am reached",
    response_model=ContactOut,
    response_description="As it is from now on, and on its way to the offices",
    responses=responses(400, 401, 403, 404, 409, 422),
    openapi_extra=READER,
)
async def change_contact_details(
    request: Request, citizen: AsCitizen, key: IdempotencyKey, content: ContactIn
) -> Response:
    """Goes to every office that wants to know, each with its own state."""
    given = content.model_dump(exclude_unset=True)
    changes = {Detail(name): value for name, value in given.items()}
    await citizen.hub.contacts.change(citizen.town, sender(citizen, key), changes)
    return answer(request, citizen.reader, await _known(citizen))


async def _known(citizen: Citizen) -> dict[str, Any]:
    city_id = citizen.town.city.id
    async with citizen.hub.database.citizen(city_id, citizen.subject_id) as connection:
        known = await citizen.hub.contacts.known(connection, city_id)
        page = await matters.listed(connection, city_id, KINDS, [], None, _SHOWN)
        ids: list[UUID] = [one.matter_id for one in page.rows]
        changed = await citizen.hub.contacts.changed(connection, city_id, ids)
    return {
        **{str(detail): known.values.get(detail) for detail in Detail},
        "changed_at": moment(max(known.changed_at.values(), default=None)),
        "changes": [
            matter_item(citizen.reader, one) | {"changed": sorted(changed[one.matter_id])} for one in page.rows
        ],
    }
