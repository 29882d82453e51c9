"""What an obligation is, and what a mapping may fill in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hub.mapping.model import Field, Kind, Target


class ObligationKind(StrEnum):
    TAX = "tax"
    FEE = "fee"
    FINE = "fine"
    INVOICE = "invoice"
    RENT = "rent"
    CREDIT = "credit"  # the town owes: a credit note or an overpayment
    OTHER = "other"


class ObligationState(StrEnum):
    """Derived at every read from amounts, dates and `cancelled`; never stored as truth."""

    OPEN = "open"
    OVERDUE = "overdue"
    PAID = "paid"
    CREDIT = "credit"  # the town owes the citizen
    CANCELLED = "cancelled"


class Sort(StrEnum):
    """Orders of a list of obligations."""

    DUE_ON = "due_on"
    DUE_ON_LATEST = "-due_on"
    AMOUNT_LARGEST = "-amount"
    CHANGED_LATEST = "-changed_at"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; values of one filter are alternatives, filters add up. Dates are inclusive."""

    state: Sequence[ObligationState] = ()
    kind: Sequence[str] = ()
    payee: Sequence[str] = ()
    year: Sequence[int] = ()
    currency: Sequence[str] = ()
    due_from: date | None = None
    due_to: date | None = None


TARGET = Target(
    name="obligation",
    roles=("debtor", "co_owner", "payer", "guardian"),
    fields={
        "kind": Field(Kind.CHOICE, "What sort of debt it is.", required=True, choices=tuple(ObligationKind)),
        "title": Field(Kind.LOCALISED, "What the citizen reads: fee for waste 2026.", required=True),
        "original": Field(Kind.MONEY, "The amount as assessed.", required=True),
        "outstanding": Field(Kind.MONEY, "What is still to be paid; absent where the source does not say."),
        "interest": Field(Kind.MONEY, "Interest and costs included in `outstanding`."),
        "issued_on": Field(Kind.DATE, "When it was assessed or invoiced."),
        "due_on": Field(Kind.DATE, "Until when it is to be paid."),
        "year": Field(Kind.INTEGER, "The budget year it belongs to."),
        "payee": Field(Kind.TEXT, "Id of a payee in city.yaml; the back office's own payee where absent."),
        "department": Field(Kind.TEXT, "Id of a department in city.yaml."),
        "references": Field(Kind.REFERENCES, "How the payment is recognised, e.g. cz.variable_symbol."),
        "document_number": Field(Kind.TEXT, "The number printed on the assessment or invoice."),
        "message": Field(Kind.TEXT, "Text for the payee on the transfer."),
        "cancelled": Field(Kind.BOOLEAN, "The source has cancelled or written it off."),
        "caught_up_to": Field(Kind.DATETIME, "The moment at the source up to which payments are counted."),
        "counted_writes": Field(Kind.TEXTS, "Keys of the hub's own postings the source has counted already."),
        "instalments": Field(
            Kind.LIST,
            "Parts with due dates of their own.",
            fields={
                "number": Field(Kind.INTEGER, "1, 2, 3, …", required=True),
                "due_on": Field(Kind.DATE, "Until when this part is to be paid.", required=True),
                "amount": Field(Kind.MONEY, "The part as assessed.", required=True),
                "outstanding": Field(Kind.MONEY, "What is still to be paid of it."),
                "references": Field(Kind.REFERENCES, "Where each part has a reference of its own."),
            },
        ),
    },
)
