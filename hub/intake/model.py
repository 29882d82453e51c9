"""A message as it is kept, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message, opened."""

    message_id: UUID
    received_at: datetime
    external_id: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message or a record cannot be processed. `reason` is a stable code, `detail` for the operator."""

    reason: str
    detail: str
    feed: str | None = None
    field: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The push door's answer: how many of how many, and the letters it had to write.

    accepted + duplicates + len(dead_letters) is the number of messages in the request.
    """

    accepted: int
    duplicates: int
    dead_letters: tuple[tuple[UUID, str], ...]


class Interpreter(Protocol):
    """Turns a back office's messages into records; registered by bootstrap, since intake knows no noun."""

    async def __call__(
        self, connection: Connection, keys: TownKeys, back_office: str, messages: Sequence[Message]
    ) -> dict[UUID, Fault | str]:
        """Apply within the caller's transaction; per message its fault, or a word for what it did.

        May raise when one message spoils the batch: it is then called again with one message at a time.
        """
