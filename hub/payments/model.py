"""The words of this noun: who pays, what for, where money came from, and what others are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from hub.kernel.money import Money

Method = Literal["card", "transfer", "counter"]
SourceKind = Literal["attempt", "statement_entry", "counter"]
Way = Literal["gateway", "bank", "elsewhere"]

EXPIRES: Mapping[Method, timedelta] = {
    "card": timedelta(days=1),
    "transfer": timedelta(days=30),
    "counter": timedelta(days=30),
}
"""How long somebody may begin to pay. A bank makes a transfer on the day that it names, which may be weeks ahead."""

EXPIRE = "payments.expire"
"""Kind of the job that ends what nobody began to pay in time."""
EXPIRE_EVERY = timedelta(minutes=15)

SEND_REFUNDS = "gateways.refund"
"""Kind of the job that has gateways give back what is approved (hub.gateways.refunding)."""

MOST_ITEMS = 50
MOST = 10**13
"""Minor units of one item: more is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: `actor_id` for `subject_id`, by a mandate where they differ. `key` is the request's own."""

    subject_id: UUID
    actor_id: UUID
    login: str | None
    language: str
    key: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What money is for: an obligation, or one named by `payee` and `reference`; without `amount` all that is open."""

    obligation_id: UUID | None = None
    instalment: int | None = None
    amount: Money | None = None
    payee: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where money, or a word about it, came from. The same source counts once."""

    kind: SourceKind
    id: UUID


@dataclass(frozen=True, slots=True)
class Due:
    """What a try at a gateway is about."""

    charge_id: UUID
    payment_id: UUID
    payee: str
    amount: Money
    title: str
    login: str | None


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of money that came in. `first`: the source had not been counted before."""

    first: bool
    allocated: Money
    unallocated: Money


@dataclass(frozen=True, slots=True)
class RefundToSend:
    """A refund for a gateway. `key` is the same at every try."""

    refund_id: UUID
    charge_id: UUID
    key: str
    amount: Money
