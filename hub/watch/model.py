"""What is told, and the facts that make it worth reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.alerts.model import Alert
from hub.back_offices.model import Town

What = Literal["new", "again", "over"]


@dataclass(frozen=True, slots=True)
class Facts:
    """How often it happened, since when, and how many citizens see or feel it; None where nobody can say."""

    times: int
    since: datetime
    affected: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One alert to be told: for the `number`th time."""

    alert: Alert
    what: What
    number: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Letter:
    """One message. `letter_id` is the same when the same is told again."""

    letter_id: str
    at: datetime
    items: Sequence[Item]


class Sender(Protocol):
    """One address. `destination` names it in the database: `mailto:…`, or the address of a webhook."""

    destination: str

    async def send(self, town: Town, letter: Letter) -> None:
        """Raises a HubError where it did not arrive."""
