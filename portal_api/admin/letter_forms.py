"""What is sent and answered about dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from portal_api.admin.messages import DeadLetterOut
from portal_api.parameters import NO_NUL, Slug

EXAMPLE = "dlt_01jd3v9k6cf3rs2k4w5m8q7x1t"

Why = Annotated[
    str,
    Field(min_length=3, max_length=500, pattern=NO_NUL, description="why, and no names", examples=["typing mistake"]),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CopyOut(BaseModel):
    """A corrected copy."""

    id: str = Field(examples=["cor_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    at: datetime
    who: str = Field(examples=["stf_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    why: str
    text: str | None
    base64: str | None


class PlaceOut(BaseModel):
    field: str
    path: str = Field(description="where it was looked for")
    found: str | None = Field(description="what stands there")
    value: Any = Field(description="what it became")
    error: str | None = Field(description="why it became nothing; or what the mapping does not know")


class MappedOut(BaseModel):
    read_by: str | None = Field(description="the mapping; null where nothing reads it", examples=["obligation.yaml"])
    because: str | None = Field(description="why nothing reads it")
    places: list[PlaceOut]


class InspectionOut(DeadLetterOut):
    """A letter with its bytes as they were received, and what the present configuration makes of the latest copy."""

    media_type: str
    text: str | None
    base64: str | None
    copies: list[CopyOut] = Field(description="corrected ones, latest first")
    mapped: MappedOut


class CorrectionIn(_Body):
    text: str | None = Field(default=None, description="the whole message, corrected")
    base64: str | None = Field(default=None, description="the same where it is no text")
    why: Why


class Selection(_Body):
    """These letters; or all open ones of a back office, which can be narrowed to a feed and a reason."""

    ids: list[str] | None = Field(default=None, min_length=1, max_length=1000, examples=[[EXAMPLE]])
    back_office: Slug | None = None
    feed: Slug | None = None
    reason: str | None = Field(default=None, max_length=60, pattern=NO_NUL)


class DiscardIn(_Body):
    ids: list[str] = Field(min_length=1, max_length=1000, examples=[[EXAMPLE]])
    why: Why


class DiscardedOut(BaseModel):
    discarded: int = Field(description="of these letters, which were open")


class NoteOut(BaseModel):
    id: str
    because: str


class ReplayOut(BaseModel):
    """`total` letters: waiting + through (settled) + again (failed again) + cannot."""

    id: str = Field(examples=["rpl_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    asked_at: datetime
    asked_by: str
    done: bool
    total: int
    waiting: int
    through: int
    again: int
    cannot: int
    notes: list[NoteOut] = Field(description="of what cannot be interpreted: why")


class AffectedOut(BaseModel):
    subject: str = Field(examples=["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    letters: int


class AffectedList(BaseModel):
    """`complete`: everybody whose number stands in one of these letters is in the list."""

    items: list[AffectedOut]
    letters: int
    complete: bool
    next_cursor: str | None
