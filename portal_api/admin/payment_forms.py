"""What staff read and write about payments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.money import Money
from hub.payments.model import MOST_ITEMS
from hub.payments.states import ChargebackState, RefundState, State
from portal_api.citizen.payments import AmountIn, ItemIn, MethodName
from portal_api.parameters import NO_NUL, Slug
from portal_api.render import Amount, Named

Why = Annotated[
    str, Field(min_length=3, max_length=200, pattern=NO_NUL, description="kept with it: name no citizen in it")
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CounterIn(_In):
    """Money taken at the counter, and what it is for."""

    payee: Slug = Field(examples=["grad"])
    amount: AmountIn
    items: list[ItemIn] = Field(default_factory=list, max_length=MOST_ITEMS)


class AmountOnlyIn(_In):
    amount: AmountIn


class AllocateIn(_In):
    items: list[ItemIn] = Field(min_length=1, max_length=MOST_ITEMS)


class ReasonIn(_In):
    reason: Why


class RefundIn(_In):
    amount: AmountIn
    reason: Why
    to: Literal["gateway", "bank"] = Field(description="back on the card, or by a transfer that somebody makes")
    allocations: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list, max_length=MOST_ITEMS, description="taken back first; absent, the newest"
    )


class DecisionIn(_In):
    decision: Literal["approve", "refuse"]
    reason: Why | None = None


class HeardIn(_In):
    """What somebody found out: `again`, surely nothing was given back, and it is sent once more; `came_back`, a
    transfer was made, and the payer's bank sent it back.
    """

    outcome: Literal["done", "refused", "again", "came_back"]
    reason: Why
    reference: str | None = Field(default=None, max_length=100, pattern=NO_NUL, description="of the bank or gateway")


class StaffRefund(BaseModel):
    id: str = Field(examples=["rfd_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    charge: str
    payment: str
    payee: Named
    state: RefundState
    amount: Amount
    to: Literal["gateway", "bank", "elsewhere"] = Field(description="elsewhere: at the gateway's own console")
    reason: str
    asked_by: str = Field(examples=["stf_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    changed_at: datetime
    word: str | None = Field(description="what the gateway or somebody said last")
    reference: str | None


class RefundList(BaseModel):
    items: list[StaffRefund]


class StaffChargeback(BaseModel):
    id: str = Field(examples=["cbk_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    state: ChargebackState
    amount: Amount
    lost: Amount = Field(description="of it, what the charge had not any more")
    at: datetime
    settled_at: datetime | None


class StaffItem(BaseModel):
    obligation: str
    instalment: int | None
    reference: str | None = Field(description="by which the payer named it")
    amount: Amount


class CaptureOut(BaseModel):
    id: str = Field(examples=["cap_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    source: Literal["attempt", "statement_entry", "counter"]
    amount: Amount
    at: datetime = Field(description="when it came, as the source says")
    booked_at: datetime
    taken_back_at: datetime | None


class AllocationOut(BaseModel):
    id: str = Field(examples=["alc_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    obligation: str
    instalment: int | None
    amount: Amount = Field(description="below zero: so much of `takes_from` was taken back")
    takes_from: str | None
    posting: str | None = Field(description="how it stands with the accounting office", examples=["posted"])
    at: datetime
    by: str
    reason: str | None


class LedgerEntryOut(BaseModel):
    """Amounts by account, in minor units; they add up to nothing on each side (docs/payments.md)."""

    at: datetime
    event: str = Field(examples=["captured"])
    source: str = Field(examples=["capture"])
    lines: dict[str, int] = Field(
        examples=[{"captured": -12500, "unallocated": 12500, "gateway": 12500, "payer": -12500}]
    )


class PaymentEventOut(BaseModel):
    at: datetime
    noun: str = Field(examples=["charge"])
    event: str = Field(examples=["captured"])
    charge: str
    about: str | None = Field(description="the refund or chargeback")
    state: str = Field(description="after it", examples=["paid"])
    amount: Amount | None
    by: str = Field(description="payer, gateway, bank, hub, or who of the staff")
    reason: str | None


class StaffCharge(BaseModel):
    id: str = Field(examples=["chg_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    payee: Named
    state: State
    attempt: Literal["started", "processing"] | None = Field(description="a try that may still bring money")
    amount: Amount
    captured: Amount
    allocated: Amount
    unallocated: Amount
    refunding: Amount
    refunded: Amount
    charged_back: Amount
    gateway: Amount = Field(description="where it is: owed by the gateway")
    bank: Amount
    counter: Amount
    fee: Amount
    lost: Amount = Field(description="taken from the town beyond what the charge had")


class StaffPayment(BaseModel):
    id: str = Field(examples=["pay_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    method: MethodName
    state: State
    created_at: datetime
    changed_at: datetime
    expires_at: datetime | None
    charges: list[StaffCharge]


class StaffPaymentList(BaseModel):
    items: list[StaffPayment]
    next_cursor: str | None


class StaffChargeWhole(StaffCharge):
    items: list[StaffItem]
    captures: list[CaptureOut]
    allocations: list[AllocationOut]
    refunds: list[StaffRefund]
    chargebacks: list[StaffChargeback]
    ledger: list[LedgerEntryOut]


class StaffPaymentWhole(StaffPayment):
    subject: str | None = Field(
        description="whose it is, where somebody said so", examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"]
    )
    charges: list[StaffChargeWhole]  # type: ignore[assignment] # the same with more
    events: list[PaymentEventOut]


def money_of(amount: AmountIn) -> Money:
    return Money(amount.minor, amount.currency)
