"""Attempts, messages and differences at card gateways in the form in which staff read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.gateways.comparing import Difference
from hub.gateways.model import Attempt, Message
from hub.gateways.refunds import Sent
from hub.kernel.ids import public_id
from portal_api.parameters import NO_NUL
from portal_api.render import Amount, moment
from portal_api.requests import Staff

_ID = "tra_01jd3v9k6cf3rs2k4w5m8q7x1t"
MESSAGE_ID = "gwm_01jd3v9k6cf3rs2k4w5m8q7x1t"
DIFFERENCE_ID = "gwd_01jd3v9k6cf3rs2k4w5m8q7x1t"

StateName = Literal[
    "created", "unsure", "open", "pending", "unknown", "captured", "failed", "declined", "cancelled", "expired",
    "reversed", "charged_back",
]  # fmt: skip
VerdictName = Literal["waiting", "applied", "repeated", "asked", "refused"]


class AttemptItem(BaseModel):
    """One try to pay a charge at a gateway; nothing in it tells whose."""

    id: str = Field(examples=[_ID])
    payment: str = Field(examples=["pay_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    charge: str = Field(examples=["chg_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    gateway: str = Field(description="a block of city.yaml", examples=["kartica"])
    payee: str = Field(examples=["grad"])
    number: str = Field(description="by which the gateway knows the order", examples=["4711081500"])
    reference: str | None = Field(description="by which the gateway calls it")
    amount: Amount
    given_back: Amount = Field(description="known to be given back, by us or at the gateway's console")
    state: StateName
    word: str | None = Field(description="the gateway's own state", examples=["approved"])
    reason: str | None = Field(description="why no money came", examples=["insufficient_funds"])
    created_at: datetime
    expires_at: datetime
    returned_at: datetime | None = Field(description="when the browser came back")
    captured_at: datetime | None
    ask_at: datetime | None = Field(description="when the gateway is asked next")
    asks: int = Field(description="how often it was asked")


class AttemptItems(BaseModel):
    items: list[AttemptItem]
    next_cursor: str | None


class AttemptEntry(BaseModel):
    at: datetime
    event: str = Field(examples=["captured"])
    state: StateName = Field(description="after it")
    by: str = Field(description="payer, gateway, worker, or who of the staff", examples=["gateway"])
    word: str | None
    reason: str | None


class SentRefund(BaseModel):
    id: str = Field(examples=["rfd_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    amount: Amount
    state: str = Field(examples=["done"], pattern="^(sending|waiting|pending|in_doubt|done|refused)$")
    sends: int
    next_at: datetime | None = Field(description="when it is sent again or asked about")
    word: str | None
    reference: str | None


class GatewayMessage(BaseModel):
    """What came to a door, and what became of it."""

    id: str = Field(examples=[MESSAGE_ID])
    gateway: str = Field(examples=["kartica"])
    kind: str = Field(examples=["notification"], pattern="^(return|notification)$")
    attempt: str | None = Field(examples=[_ID])
    received_at: datetime
    verdict: VerdictName
    reason: str | None = Field(examples=["other_amount"])
    word: str | None


class GatewayMessages(BaseModel):
    items: list[GatewayMessage]
    next_cursor: str | None


class GatewayMessageWhole(GatewayMessage):
    content: dict[str, Any] = Field(description="method, url, headers, body (base64), and what the gateway read in it")


class AttemptWhole(AttemptItem):
    details: dict[str, str] = Field(description="approval, masked card and what else the gateway told")
    journal: list[AttemptEntry]
    refunds: list[SentRefund]
    messages: list[GatewayMessage]


class GatewayDifference(BaseModel):
    id: str = Field(examples=[DIFFERENCE_ID])
    gateway: str = Field(examples=["kartica"])
    kind: str = Field(examples=["missing_here"], pattern="^(missing_here|missing_there|amount|state)$")
    number: str = Field(examples=["4711081500"])
    attempt: str | None
    here: str | None = Field(examples=["open 125.50 EUR"])
    there: str | None = Field(examples=["captured 125.50 EUR"])
    found_at: datetime | None
    settled_at: datetime | None
    settled_by: str | None
    settled_for: str | None


class GatewayDifferences(BaseModel):
    items: list[GatewayDifference]


class SeenToIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(
        min_length=3, max_length=200, pattern=NO_NUL, description="what was done; it is kept: name no citizen in it"
    )


def attempt_out(staff: Staff, one: Attempt) -> dict[str, Any]:
    names = ("gateway", "payee", "number", "reference", "state", "word", "reason", "asks")
    times = ("created_at", "expires_at", "returned_at", "captured_at", "ask_at")
    return {
        "id": one.id,
        "payment": public_id("pay", one.payment_id),
        "charge": public_id("chg", one.charge_id),
        "amount": staff.reader.amount(*one.amount),
        "given_back": staff.reader.amount(one.refunded, one.amount.currency),
        **{name: getattr(one, name) for name in names},
        **{name: moment(getattr(one, name)) for name in times},
    }


def refund_out(staff: Staff, one: Sent, currency: str) -> dict[str, Any]:
    names = ("id", "state", "sends", "word", "reference")
    values = {name: getattr(one, name) for name in names}
    return {**values, "amount": staff.reader.amount(one.minor, currency), "next_at": moment(one.next_at)}


def message_out(one: Message) -> dict[str, Any]:
    return {
        "id": public_id("gwm", one.message_id),
        "gateway": one.gateway,
        "kind": one.kind,
        "attempt": public_id("tra", one.attempt_id) if one.attempt_id else None,
        "received_at": moment(one.received_at),
        "verdict": one.verdict,
        "reason": one.why,
        "word": one.word,
    }


def difference_out(one: Difference) -> dict[str, Any]:
    assert one.difference_id is not None
    names = ("gateway", "kind", "number", "here", "there", "settled_by", "settled_for")
    return {
        "id": public_id("gwd", one.difference_id),
        "attempt": public_id("tra", one.attempt_id) if one.attempt_id else None,
        **{name: getattr(one, name) for name in names},
        "found_at": moment(one.found_at),
        "settled_at": moment(one.settled_at),
    }
