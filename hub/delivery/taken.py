"""A delivery in the hands of one run of a lane."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kernel.errors import HubError
from hub.kernel.ids import public_id
from hub.storage.vault import TownKeys


class ClaimLost(HubError):
    """Another worker has this delivery now."""

    code = "claim_lost"


@dataclass
class Taken:
    """A delivery in the hands of one run of a lane. `values` are there once `sealed` is opened; `receipts` grow.

    `away`: seconds in which the back office had it.
    """

    city_id: int
    delivery_id: UUID
    back_office: str
    kind: str
    noun: str
    record_id: UUID
    order_key: str
    step: str | None
    sent_at: datetime | None
    over_at: datetime | None
    attempts: int
    crashes: int
    claim: UUID
    keys: TownKeys = field(repr=False)
    sealed: bytes | None = field(repr=False)
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    receipts: dict[str, dict[str, str]] = field(default_factory=dict)
    away: float = 0.0

    @property
    def name(self) -> str:
        return public_id("dlv", self.delivery_id)
