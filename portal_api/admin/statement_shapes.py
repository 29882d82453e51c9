"""What staff read of statements and of the files they came in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from hub.statements.model import FileState, StatementEvent, StatementState
from portal_api.render import Amount

FILE, STATEMENT = "bsf_01jd3v9k6cf3rs2k4w5m8q7x1t", "bst_01jd3v9k6cf3rs2k4w5m8q7x1t"


class SaidOut(BaseModel):
    """What one of the staff said of it, and why."""

    at: datetime
    event: StatementEvent
    by: str
    reason: str


class StatementFileOut(BaseModel):
    """`received`, then `read`; else nothing of it counts, and `problem` says why: `refused` for what is in it, with the
    `line`; `given_up` where the hub could not read it, whatever is in it; `broken_off` where it did not arrive whole.
    """

    id: str = Field(examples=[FILE])
    name: str = Field(examples=["izvod-2026-11-20.xml"])
    state: FileState
    known: bool = Field(description="a file of this content came before: this is it, and it was not read again")
    size: int
    format: str | None = Field(examples=["camt"])
    problem: str | None
    line: int | None
    received_at: datetime
    read_at: datetime | None
    by: str


class StatementFileWhole(StatementFileOut):
    decisions: list[SaidOut]


class StatementFileList(BaseModel):
    items: list[StatementFileOut]
    next_cursor: str | None


class StatementOut(BaseModel):
    """`agrees` null: the bank tells nothing to compare with; else whether its balances and totals are those of its
    entries, and `differences` say by how much they are not. `held`: the bank tells with it otherwise what `corrects`
    told, and somebody has to accept or dismiss it.
    """

    id: str = Field(examples=[STATEMENT])
    file: str
    state: StatementState
    corrects: str | None = Field(description="the statement that it was told instead of", examples=[STATEMENT])
    corrected_by: str | None = Field(description="the statement that counts instead of it", examples=[STATEMENT])
    kind: Literal["statement", "report", "notification"]
    format: str = Field(examples=["camt.053.001.08"])
    account: str = Field(examples=["HR1723600001101234565"])
    payees: list[str]
    number: str | None
    since: date | None
    until: date | None
    opening: Amount | None
    closing: Amount | None
    entries: int
    credits: Amount
    debits: Amount
    agrees: bool | None
    differences: list[str]
    waiting: int = Field(description="of its entries those that somebody must look at")
    to_undo: int = Field(description="of its entries those that are booked, and that the bank does not tell any more")
    imported_at: datetime


class StatementWhole(StatementOut):
    decisions: list[SaidOut]


class StatementList(BaseModel):
    items: list[StatementOut]
    next_cursor: str | None
