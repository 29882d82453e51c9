"""What staff read and write about entries of bank statements."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.payments.model import MOST_ITEMS
from hub.statements.model import State
from portal_api.admin.payment_forms import Why
from portal_api.citizen.payments import ItemIn
from portal_api.parameters import Slug
from portal_api.render import Amount

ENTRY = "bse_01jd3v9k6cf3rs2k4w5m8q7x1t"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WhyIn(_In):
    reason: Why


class _ForIn(_In):
    items: list[ItemIn] = Field(max_length=MOST_ITEMS, description="by their ids; none: kept as unallocated money")
    payee: Slug | None = Field(
        default=None, description="whose the money is, where there are no items and the account is several payees'"
    )


class ConfirmIn(_ForIn):
    reason: Why | None = None


class ReassignIn(_ForIn):
    reason: Why


class TakesBackIn(_In):
    entry: str = Field(max_length=40, description="the entry that was taken back", examples=[ENTRY])
    reason: Why | None = Field(default=None, description="needed where `takes_back` does not name that entry")


class PayoutIn(_In):
    """As it was suggested: what fits may be another one a moment later."""

    since: date
    until: date
    fee: int = Field(ge=0, le=10**12, description="minor units")
    reason: Why | None = None


class Symbol(BaseModel):
    scheme: str = Field(examples=["hr.poziv_na_broj"])
    value: str = Field(examples=["HR68 5720-87582274224"])


class EntryOut(BaseModel):
    """Amounts below zero went. `reason`: why it waits or was set aside. `kind`: as what it is booked."""

    id: str = Field(examples=[ENTRY])
    statement: str
    payees: list[str] = Field(description="whose account it is", examples=[["grad"]])
    amount: Amount
    booked_on: date | None
    valued_on: date | None
    state: State
    reason: str | None = Field(examples=["unknown_reference"])
    kind: Literal["payment", "payout", "refund", "reversal"] | None
    payment: str | None
    reversal: bool
    batch: int | None = Field(description="stands for so many payments, which the bank does not tell")
    code: str = Field(description="the bank's kind of booking", examples=["PMNT-RCDT-ESCT"])
    changed_at: datetime


class EntryList(BaseModel):
    items: list[EntryOut]
    next_cursor: str | None


class Side(BaseModel):
    name: str
    account: str


class SuggestedObligation(BaseModel):
    obligation: str
    payee: str
    due: Amount
    score: int = Field(description="of 100", examples=[70])
    why: list[str] = Field(examples=[["amount", "nearly_reference"]])


class SuggestedPayout(BaseModel):
    gateway: str
    since: date
    until: date
    payments: int
    fee: Amount


class DecisionOut(BaseModel):
    at: datetime
    event: str = Field(examples=["matched"])
    state: State
    by: str = Field(description="hub, or who of the staff")
    reason: str | None
    score: int | None
    why: list[str]
    targets: list[dict[str, Any]]


class EntryWhole(EntryOut):
    party: Side
    text: str = Field(description="what the payer wrote")
    end_to_end: str
    references: list[Symbol] = Field(description="symbols, which may have her number in them")
    returned: str | None = Field(description="why a payment came back (ISO 20022)", examples=["AC04"])
    obligations: list[SuggestedObligation] = Field(description="what it may be for, the likeliest first")
    payouts: list[SuggestedPayout]
    takes_back: list[str] = Field(description="entries it may take back")
    decisions: list[DecisionOut]
