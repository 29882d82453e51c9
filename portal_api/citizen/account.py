"""GET /v1/account: everything known about the citizen, with the age of every part."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from hub.accounts.service import Account, Knowledge
from portal_api.answers import READ, READER, answer
from portal_api.citizen.cases import CaseItem, case_item
from portal_api.citizen.matters import MatterItem, matter_item
from portal_api.citizen.obligation_items import ObligationItem, obligation_item
from portal_api.errors import responses
from portal_api.render import Amount, SourceOut, outward
from portal_api.requests import AsCitizen, Citizen

router = APIRouter(tags=["citizen"])


class SubjectOut(BaseModel):
    id: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    kind: str = Field(examples=["person"])
    name: str | None = Field(examples=["Željka Šćrbačić"])


class Total(BaseModel):
    """What is owed in one currency, over the sources that could be read."""

    due: Amount = Field(description="still to be paid, without what was paid here")
    overdue: Amount
    credit: Amount = Field(description="what the town owes the citizen")
    paid_here: Amount = Field(description="what was paid here and the offices do not show yet; not in `due`")
    open: int = Field(description="number of obligations with something to pay")


class ObligationsPart(BaseModel):
    knowledge: Knowledge
    totals: list[Total] | None = Field(description="null where nothing is known")
    items: list[ObligationItem] | None = Field(
        description="the first few to pay or just paid here, soonest due first; null where unknown"
    )


class CasesPart(BaseModel):
    knowledge: Knowledge
    by_status: dict[str, int] | None = Field(description="null where nothing is known")
    items: list[CaseItem] | None = Field(description="the first few not closed, last changed first; null where unknown")


class AccountOut(BaseModel):
    """`knowledge` says what an empty list means: `complete` none, `partial` none that we know of, `unknown` no idea."""

    subject: SubjectOut
    sources: list[SourceOut]
    obligations: ObligationsPart
    cases: CasesPart
    sent: list[MatterItem] = Field(
        description="the latest of what the citizen has sent, unless it is closed or has become one of her cases"
    )


@router.get(
    "/account",
    summary="My account",
    response_model=AccountOut,
    responses=responses(401, 403, 404) | READ,
    openapi_extra=READER,
)
async def read_account(request: Request, citizen: AsCitizen) -> Response:
    """Who it is, what is owed together and the first few to pay, the matters that are not closed."""
    account = await citizen.hub.accounts.read(citizen.town, citizen.subject_id)
    return answer(request, citizen.reader, account_body(citizen, account))


def account_body(citizen: Citizen, account: Account) -> dict[str, Any]:
    reader = citizen.reader
    owed, matters = account.knowledge("obligation"), account.knowledge("case")
    return {
        "subject": {"id": outward("sub", account.subject_id), "kind": account.kind, "name": account.name},
        "sources": [reader.source(one) for one in account.sources],
        "obligations": {
            "knowledge": owed,
            "totals": None
            if owed is Knowledge.UNKNOWN
            else [
                {
                    "due": reader.amount(total["outstanding"], total["currency"]),
                    "overdue": reader.amount(total["overdue"], total["currency"]),
                    "credit": reader.amount(total["credit"], total["currency"]),
                    "paid_here": reader.amount(total["paid"], total["currency"]),
                    "open": total["open"],
                }
                for total in account.totals
            ],
            "items": None
            if owed is Knowledge.UNKNOWN
            else [obligation_item(reader, row) for row in account.obligations],
        },
        "cases": {
            "knowledge": matters,
            "by_status": None if matters is Knowledge.UNKNOWN else account.statuses,
            "items": None if matters is Knowledge.UNKNOWN else [case_item(reader, row) for row in account.cases],
        },
        "sent": [matter_item(reader, one) for one in account.sent],
    }
