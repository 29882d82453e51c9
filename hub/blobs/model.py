"""What a stored file is, and what a town allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

MEGABYTE = 1_000_000


class Remark(StrEnum):
    """Why a file is kept, but never opened in a browser by us."""

    ACTIVE_CONTENT = "active_content"  # it may run programs or reach out when opened
    OFFICE_DOCUMENT = "office_document"  # no browser shows it; the office opens it with its own programs
    ENCRYPTED = "encrypted"  # nobody can look inside without its password, no scanner either


DEFAULT_TYPES = frozenset(
    {
        "application/pdf",
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/heic",
        "image/tiff",
        "text/plain",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
"""What an office can be expected to open, and what cannot be more than it says."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a town takes. Sizes in bytes; `quota` is for all files of one person together."""

    types: frozenset[str] = DEFAULT_TYPES
    largest: int = 10 * MEGABYTE
    quota: int = 200 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file without its content. `media_type` is by its content, not by what the sender called it."""

    blob_id: UUID
    name: str
    media_type: str
    size: int
    sha256: bytes
    viewable: bool
    remark: Remark | None


UNUSED_FOR = timedelta(days=1)
"""How long a file waits to be used for something (see `blobs` in the table `retention`)."""
