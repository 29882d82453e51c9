"""What a mandate is: the right of one subject to act for another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class MandateKind(StrEnum):
    GUARDIANSHIP = "guardianship"  # of a parent for a child, of a guardian for a ward
    COMPANY = "company"  # of somebody who represents a legal entity


class MandateProof(StrEnum):
    EID = "eid"  # the eID, or the register behind it, said so at a login
    CLERK = "clerk"  # a clerk saw a document


@dataclass(frozen=True, slots=True)
class Mandate:
    """`holder_id` may act for `represented_id` from `valid_from` until before `valid_until` (None: until ended)."""

    mandate_id: UUID
    holder_id: UUID
    represented_id: UUID
    kind: MandateKind
    proof: MandateProof
    source: str
    valid_from: datetime
    valid_until: datetime | None
