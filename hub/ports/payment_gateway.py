"""A card gateway: hosts the page where a card is entered, does 3-D Secure, takes the money for one merchant.

One folder per gateway in `adapters/payment_gateway/`, an object per block of `gateways:` in city.yaml. A gateway knows
no payment of ours: it is given an order and gives back what it was told, in the words below and no other.

    gateway = Monri(settings, surroundings)
    started = await gateway.start(order)                      store started.reference, send the browser to started.url
    report  = await gateway.read_notification(message)        raises Forged
    report  = await gateway.query(asked)                              the gateway's own word, when in doubt

A report is a claim about an order. Whether it equals what was ordered is judged by the hub, in one place, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr

from hub.kernel.money import Money
from hub.ports.back_office import CheckStep


@dataclass(frozen=True, slots=True)
class GatewaySurroundings:
    """What a gateway may know of where it runs.

    `address` is the public base of its doors, without a slash at its end, such as
    `https://moja.pregrada.hr/payments/kartica`: `/return` and what is below it take the browser back,
    `/notify` the gateway's own messages. `folder` is that of the file which names the gateway: keys and certificates
    named in settings are found there. `secret` turns a secret's name into its value (raises ConfigurationError).
    """

    city: str
    gateway: str
    address: str
    folder: Path
    timezone: ZoneInfo
    live: bool
    secret: Callable[[str], SecretStr]


@dataclass(frozen=True, slots=True)
class Payer:
    """What some gateways want to know of who pays; empty texts where it is not known."""

    name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One try to pay. `number` is ours: ten decimal digits, the first not 0, unique for the merchant for ever.

    `title` is what the payer reads at the gateway. `payer` may be empty where she told no e-mail address. `expires_at`
    is when the page should stop taking cards; `language` an ISO 639-1 code. `return_path` is what follows the address
    of our doors where the browser comes back: it keeps the language of our own page, which no gateway tells again.
    """

    number: str
    amount: Money
    title: str
    language: str
    now: datetime
    expires_at: datetime
    payer: Payer
    return_path: str = "/return"


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser goes: a link, or with `form` a POST of these fields from a page of ours (CSP form-action).

    `reference` is the gateway's own id of the order, where it has told one by now.
    """

    url: str
    form: Mapping[str, str] | None = None
    reference: str | None = None


class Outcome(StrEnum):
    """What a gateway may say of an order. Every state of a gateway is in its table, an unknown one is UNKNOWN."""

    OPEN = "open"  # known there, and nothing has happened: the payer has not entered a card
    PENDING = "pending"  # under way: 3-D Secure, the bank, a review; neither paid nor refused
    CAPTURED = "captured"  # the money is the merchant's: taken, or sure to be settled
    DECLINED = "declined"  # refused; no money. The payer may try again with another order
    CANCELLED = "cancelled"  # given up by the payer; no money
    EXPIRED = "expired"  # nobody paid in time; no money
    REVERSED = "reversed"  # was taken or reserved and was let go again, before settlement
    REFUNDED = "refunded"  # given back, in part or whole: `refunded` says how much in all, where it is told
    CHARGED_BACK = "charged_back"  # taken back by the payer's bank
    NOT_FOUND = "not_found"  # the gateway does not know the order
    UNKNOWN = "unknown"  # a state nobody expected: somebody must look


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway says of one order, verified as far as `proof` says.

    `amount` is what it says was ordered or taken, None where it does not say (then the hub confirms by `query`, or
    `signed_order` is true: our own signature of the amount is part of what was verified). `word` is the gateway's own
    state, for staff and logs. `reason` is one of REASONS, for the payer. `message_id` makes a repetition known where
    the gateway has one. `believed` False: the message proves nothing (unsigned) and only says that asking is worth it.
    """

    number: str
    outcome: Outcome
    word: str
    reference: str | None = None
    amount: Money | None = None
    refunded: Money | None = None
    at: datetime | None = None
    reason: str | None = None
    approval: str | None = None
    card: str | None = None  # masked, as the gateway masks it
    message_id: str | None = None
    believed: bool = True
    signed_order: bool = False
    details: Mapping[str, str] = field(default_factory=dict)  # for staff: names and values without card data


REASONS = frozenset(
    {
        *("declined_by_bank", "insufficient_funds", "authentication_failed", "card_not_accepted", "expired_card"),
        *("limit_exceeded", "suspected_fraud", "cancelled_by_payer", "timed_out", "technical"),
    }
)
"""Why no money came, in words that can be told to the payer."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a browser or a gateway brought to one of our doors, exactly as it came. `headers` by lower-case name;
    `url` is the public address as asked, with its query untouched.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str]
    form: Mapping[str, str]


class Forged(Exception):
    """The message is not the gateway's, or was altered; the text says which check failed, without secrets."""


class Unreadable(Exception):
    """It is not a message of this gateway at all; the text says where it departs."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How a notification is answered. `status` 200 stops repetitions at most gateways."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which order is asked about. `amount` is the order's, which some gateways want in every question."""

    number: str
    reference: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Give back `amount` of an order of `captured`. `key` is ours, the same at every try. `already` was given back."""

    key: str
    number: str
    reference: str | None
    amount: Money
    captured: Money
    already: Money


class RefundOutcome(StrEnum):
    DONE = "done"  # given back, or sure to be
    PENDING = "pending"  # taken on; ask again
    REFUSED = "refused"  # nothing was given back


@dataclass(frozen=True, slots=True)
class RefundReport:
    outcome: RefundOutcome
    word: str
    reference: str | None = None
    detail: str = ""


class PaymentGateway(Protocol):
    """Errors of calls are hub.kernel.errors.RemoteError with `reached` (False: surely nothing arrived; True: answered
    and refused; None: in doubt). Nothing here repeats a call that may have had an effect.
    """

    Settings: ClassVar[type[BaseModel]]
    simulated: ClassVar[bool]
    """A gateway without money, such as `sandbox`: a town marked live refuses it."""
    lists: ClassVar[bool]
    """`listed` gives the orders of a day."""
    refund_is_asked: ClassVar[bool]
    """After a doubt, `query` tells whether a refund happened; where False a human must look."""
    signs_by: ClassVar[str | None]
    """The scheme of `Authorization` that bears the signature of its notifications, and so is kept with them; None where
    the signature stands elsewhere: what stands there then is somebody's credentials.
    """

    def __init__(self, settings: Any, surroundings: GatewaySurroundings) -> None:
        """Raises ConfigurationError naming the key, what is allowed and the remedy."""

    def rehearsal(self) -> str | None:
        """Why a live town must not use these settings (a test host, a published test key), None where it may."""

    async def start(self, order: Order) -> Started: ...

    async def read_return(self, message: Incoming) -> Report:
        """What the browser brought back. Never money: the hub asks or waits. Raises Forged, Unreadable."""

    async def read_notification(self, message: Incoming) -> Report:
        """Verified over the bytes received. Raises Forged, Unreadable."""

    def acknowledge(self, *, accepted: bool) -> Acknowledgement:
        """The answer to a notification that was kept (`accepted`), or that is none of this gateway's."""

    async def query(self, asked: Asked) -> Report:
        """Raises RemoteError. An order the gateway does not know is NOT_FOUND, not an error."""

    async def refund(self, order: RefundOrder) -> RefundReport:
        """Gives money back: a refund, or a reversal where it is not settled yet. Raises RemoteError."""

    async def listed(self, since: datetime, until: datetime) -> Sequence[Report]:
        """Every order that changed in that time, where `lists`; else an empty list."""

    async def check(self) -> Sequence[CheckStep]:
        """For `munihub doctor`: host reachable, credentials accepted, key readable."""

    async def close(self) -> None: ...
