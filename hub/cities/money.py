"""Whose money a town takes, and how: the blocks `payees:`, `gateways:`, `statements:` and `refunds:`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from hub.cities.values import Account, Strict
from hub.kernel.text import LocalisedText
from hub.kit import encodings


class Statements(Strict):
    """What a bank does its own way in its statements (hub.ports.bank_statement.Options)."""

    encoding: Annotated[str, AfterValidator(encodings.check)] | None = Field(
        default=None, description="of files that do not say it, such as windows-1250"
    )
    reversal_codes: Literal["45", "34"] | None = Field(
        default=None, description="of ABO/GPC: 45 as KB and Fio write reversals, 34 as Česká spořitelna"
    )
    account_form: Literal["plain", "internal"] | None = Field(
        default=None, description="of ABO/GPC: how the town's own account is written"
    )


class Payee(Strict):
    """An organisation of the city with an account of its own: the town itself, a utility, a school."""

    name: LocalisedText
    account: Account = Field(description="IBAN; spaces are allowed")
    bic: str = ""
    street: str = ""
    place: str = Field(default="", description="postcode and place")
    purpose: str = Field(
        default="", pattern=r"^([A-Z]{4})?$", description="ISO 20022 purpose code of four capital letters, such as GOVT"
    )
    identifier: str = Field(
        default="", max_length=10, description="its national number, which Ukrainian payment codes need: EDRPOU"
    )
    payment_code: str = Field(
        default="", pattern=r"^([12][0-9]{2})?$", description="šifra plaćanja of Serbian payment codes, such as 253"
    )
    statements: Statements | None = Field(default=None, description="of its account's bank; absent: as the town's")


class CardGateway(Strict):
    """A payee's contract with one card gateway. `settings` are the gateway's own and checked by it."""

    gateway: str = Field(description="folder in adapters/payment_gateway/, such as monri")
    name: LocalisedText = Field(description="as the citizen knows it, such as Kartica")
    payee: str = Field(description="whose money it takes, a key of payees")
    logins: list[str] = Field(
        default_factory=list, description="only for who logged in by one of these eIDs, or password; absent: everybody"
    )
    payouts: list[str] = Field(
        default_factory=list,
        description="how its payouts look on the bank's statement: the account they come from, or words of their text",
    )
    settings: dict[str, Any] = Field(default_factory=dict)


class Refunds(Strict):
    """How money is given back."""

    approval: Literal["one", "two_people"] = Field(
        default="one", description="two_people: somebody else than who asked for a refund approves it"
    )
