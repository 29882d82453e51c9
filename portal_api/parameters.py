"""Values that many operations take, as strict as what is made of them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

MOST_VALUES = 20
"""Values of one filter: each is a condition of the query."""

NO_NUL = r"^[^\x00]*$"
"""Pattern of a text that PostgreSQL can keep."""

SAYS_SOMETHING = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""The same, and it is not blank."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=60)]
"""A name given in the town's configuration: of a payee, a back office."""


def _written_out(value: object) -> object:
    # Pydantic would take `0` for the first second of 1970.
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("write a date such as 2026-12-31")
    return value


def _with_a_time(value: object) -> object:
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d[Tt]", value):
        raise ValueError("write a time such as 2026-12-31T12:00:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    # An hour before the first year, or after the last one, has no time in UTC.
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("write a time within the years 1 to 9999 in UTC") from None


CalendarDate = Annotated[date, BeforeValidator(_written_out)]
"""A date as RFC 3339 writes it (full-date), and no other way."""

Moment = Annotated[AwareDatetime, BeforeValidator(_with_a_time), AfterValidator(_in_utc)]
"""A time as RFC 3339 writes it (date-time), with its offset; in UTC from here on."""
