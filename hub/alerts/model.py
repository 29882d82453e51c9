"""What an alert is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

TELL = "alerts.tell"
"""Kind and key of the job that sends what is to be told in a town (hub.watch.tellings)."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that somebody should know of.

    `kind`    what sort of thing, such as `drift`; `about` which one, such as `financije/obligations`: an open alert is
              the only one of its kind about that.
    `detail`  JSON, without personal data; `back_office` in it says whose it is to look after. Of several tellings the
              last one's.
    `times`   how often it was told since `opened_at`.
    `settled_at` when it was over; None while it is open. Acknowledged is not over: somebody knows and sees to it.
    """

    alert_id: UUID
    kind: str
    about: str
    detail: Mapping[str, Any]
    opened_at: datetime
    last_at: datetime
    times: int
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    settled_at: datetime | None = None
