"""A bank transfer that somebody is asked to make, independent of any national scheme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.kernel.money import Money
from hub.kernel.references import Reference


@dataclass(frozen=True, slots=True)
class PostalName:
    """A name with up to two lines of address: `("Ana Horvat", "Ulica 1", "49218 Pregrada")`."""

    name: str
    street: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """What has to be written on a payment slip.

    `amount` None means the payer fills it in. `account` is an IBAN without spaces, `bic` may be empty.
    `references` in the order of importance; a scheme takes those it knows.
    `purpose` is an ISO 20022 external purpose code of four letters, or empty. `payee_identifier` is the payee's
    national number where transfers name it (Ukraine: EDRPOU), `payment_code` the national code of the kind of
    payment (Serbia: "šifra plaćanja", three digits).
    """

    payee: PostalName
    account: str
    amount: Money | None
    currency: str
    references: tuple[Reference, ...] = ()
    message: str = ""
    due_on: date | None = None
    bic: str = ""
    purpose: str = ""
    payer: PostalName | None = None
    payee_identifier: str = ""
    payment_code: str = ""
