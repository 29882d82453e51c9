"""What can be said about how to reach somebody, and the states of a change.

A change goes to every back office that takes it; it is done when each of them has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.cases.model import PublicStatus
from hub.matters.model import Kind, statuses

CONTACT_CHANGE = Kind("contact_change", "contact_change", statuses(registered=PublicStatus.CLOSED))
KINDS = (CONTACT_CHANGE,)


class Detail(StrEnum):
    EMAIL = "email"  # a text
    PHONE = "phone"  # a text, as ITU-T E.164 writes it: +385991234567
    POSTAL_ADDRESS = "postal_address"  # {street, postcode, place, country}


Values = Mapping[Detail, Any]
"""By detail."""


@dataclass(frozen=True, slots=True)
class Known:
    """How she is reached at present; `changed_at` None where she never said."""

    values: Values
    changed_at: Mapping[Detail, datetime]
