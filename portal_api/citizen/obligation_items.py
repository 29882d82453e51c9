"""One obligation as it stands in a list and in the account: what is due of it, and what was paid here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from hub.obligations import service as obligations
from hub.obligations.model import ObligationKind, ObligationState
from portal_api.citizen import paid_texts
from portal_api.render import Amount, Named, Reader, ReferenceOut, moment, outward

ID = "obl_01jd3v9k6cf3rs2k4w5m8q7x1t"


class PaidHere(BaseModel):
    """What was paid here and the office does not show yet; it is not in `due`.

    `state`: `being_posted`; `delayed`: the same, and somebody of the town sees to it; `not_shown_yet`: the office has
    taken it; `disagrees`: it should show it by now and does not, and somebody of the town sees to it; `taken_back`: a
    payment it still shows has been given back.
    """

    state: Literal["being_posted", "delayed", "not_shown_yet", "disagrees", "taken_back"]
    amount: Amount = Field(description="below zero where it was taken back")
    text: str = Field(
        description="the same in plain words",
        examples=["Plaćeno. Upisuje se u sustav „Financijska kartica”. Ne trebate ništa učiniti."],
    )


class ObligationItem(BaseModel):
    id: str = Field(examples=[ID])
    kind: ObligationKind
    state: ObligationState
    title: str = Field(examples=["Komunalna naknada, 3. rata 2026."])
    payee: Named
    department: Named | None
    year: int | None = Field(examples=[2026])
    issued_on: date | None
    due_on: date | None = Field(examples=["2026-12-15"])
    original: Amount = Field(description="as assessed")
    outstanding: Amount | None = Field(description="what the office says is left; null where it does not say")
    due: Amount = Field(description="still to be paid: as the office says, without `paid_here`")
    overdue: Amount = Field(description="of due; of an obligation in parts only parts whose day has passed")
    paid_here: PaidHere | None = Field(description="null where there is nothing of that kind")
    interest: Amount | None = Field(description="included in outstanding")
    references: list[ReferenceOut]
    document_number: str | None
    back_office: str = Field(examples=["financije"])
    caught_up_to: datetime = Field(description="payments up to here are counted in `outstanding`")


_PAID = {
    "being_posted": paid_texts.BEING_POSTED,
    "delayed": paid_texts.DELAYED,
    "not_shown_yet": paid_texts.NOT_SHOWN_YET,
    "disagrees": paid_texts.DISAGREES,
    "taken_back": paid_texts.TAKEN_BACK,
}


def obligation_item(reader: Reader, row: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with what is due of it (hub.obligations.service)."""
    currency = row["currency"]
    return {
        "id": outward("obl", row["obligation_id"]),
        "kind": row["kind"],
        "state": obligations.state_of(row),
        "title": reader.text(row["title"]),
        "payee": reader.named(row["payee"], reader.city.payees),
        "department": reader.named(row["department"], reader.city.departments),
        "year": row["year"],
        "issued_on": row["issued_on"],
        "due_on": row["due_on"],
        "original": reader.amount(row["original"], currency),
        "outstanding": reader.amount(row["outstanding"], currency),
        "due": reader.amount(0 if row["cancelled"] else row["due"], currency),
        "overdue": reader.amount(0 if row["cancelled"] else row["overdue"], currency),
        "paid_here": _paid_here(reader, row),
        "interest": reader.amount(row["interest"], currency),
        "references": reader.references(row["reference"]),
        "document_number": row["document_number"],
        "back_office": row["back_office"],
        "caught_up_to": moment(row["caught_up_to"]),
    }


def _paid_here(reader: Reader, row: Mapping[str, Any]) -> dict[str, Any] | None:
    # What was paid and taken back before the office heard of either is nothing to be told of.
    if row["paid_standing"] is None or row["paid"] == 0:
        return None
    state = row["paid_standing"] if row["paid"] > 0 else "taken_back"
    office = reader.city.back_offices.get(row["back_office"])
    named = reader.text(office.name) if office else row["back_office"]
    return {
        "state": state,
        "amount": reader.amount(row["paid"], row["currency"]),
        "text": (reader.text(_PAID[state]) or "").format(office=named),
    }
