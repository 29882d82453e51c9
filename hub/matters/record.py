"""What all records have in common that a delivery's mapping sees; see docs/submissions.md."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.blobs.model import Blob


def common(matter_id: UUID, number: str, language: str, now: datetime) -> dict[str, Any]:
    """`{id, number, language, sent_at}`; the time as RFC 3339 writes it, in UTC."""
    return {
        "id": str(matter_id),
        "number": number,
        "language": language,
        "sent_at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def files(blobs: Iterable[Blob]) -> list[dict[str, Any]]:
    """`{name, media_type, size, sha256, blob}` of each, in their order; `content` is put beside when it is sent."""
    return [
        {
            "name": blob.name,
            "media_type": blob.media_type,
            "size": blob.size,
            "sha256": blob.sha256.hex(),
            "blob": str(blob.blob_id),
        }
        for blob in blobs
    ]
