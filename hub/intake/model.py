"""A message as it is kept, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hub.kit.redaction import redact
from hub.mapping.scalars import outline
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message, opened. `original` is what was received, where `body` is somebody's corrected copy."""

    message_id: UUID
    received_at: datetime
    external_id: str
    media_type: str
    body: bytes
    original: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message or a record cannot be processed. `reason` is a stable code, `detail` for the operator.

    What `detail` quotes of a citizen's data is made `discreet` here, whoever wrote it.
    """

    reason: str
    detail: str
    feed: str | None = None
    field: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", discreet(self.detail))


_LONGEST = 500
_QUOTED = re.compile(r"(?<!\w)(?<!\bthe code )(['\"])(.{1,200}?)\1(?!\w)")
_WORDS = re.compile(r"[^\W\d_]{2,}\W*\s\W*[^\W\d_]")
_DIGITS = re.compile(r"\d(?: ?\d){5,}(?:/\d{3,4})?")


def discreet(text: str) -> str:
    """`text` without what names a person: six and more digits, and the letters of several words in quotation marks.

    A single word and the code that a table lacks stay: an operator has to see them, and neither can be told from a
    name that stands in a wrong place.
    """
    text = _QUOTED.sub(
        lambda found: f"{found[1]}{outline(found[2])}{found[1]}" if _WORDS.search(found[2]) else found[0], text
    )
    return _DIGITS.sub("[digits]", redact(text))[:_LONGEST]


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
