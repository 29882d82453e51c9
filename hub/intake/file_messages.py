"""Messages that are made of a file: each record the event it would be at the other door."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

from hub.intake.cloudevents import SINGLE, Piece
from hub.intake.file_reading import FileKind
from hub.intake.file_states import PREFIX, PushedFile
from hub.intake.file_text import FileRecord


def message_of(file: PushedFile, kind: FileKind, media_type: str, place: int, record: FileRecord) -> Piece:
    """The record in `place`, from 1; what stands in it is not written anew."""
    # Of two records of one thing the lower one is the newer one.
    time = file.said_at + timedelta(microseconds=place)
    envelope = json.dumps(
        {
            "specversion": "1.0",
            "id": f"{file.file_id}#{place}",
            "source": f"{PREFIX}{file.name}",
            "type": kind.event_type,
            "time": time.astimezone(UTC).isoformat(),
            "line": record.line,
            "datacontenttype": media_type,
        },
        ensure_ascii=False,
    )
    data = record.content if media_type == "application/json" else json.dumps(record.content, ensure_ascii=False)
    body = f'{envelope[:-1]}, "data": {data}}}'
    return Piece(f"{PREFIX}{file.file_id} {place}", body.encode("utf-8", "surrogatepass"), SINGLE)


def completion_of(file: PushedFile, kind: FileKind, place: int) -> Piece:
    """That everything up to this file has been sent; said once for each time the file says of itself."""
    name = f"complete {file.said_at.astimezone(UTC).isoformat()}"
    body = {
        "specversion": "1.0",
        "id": f"{file.file_id}#{name}",
        "source": f"{PREFIX}{file.name}",
        "type": f"{kind.event_type}/complete",
        "time": (file.said_at + timedelta(microseconds=place)).astimezone(UTC).isoformat(),
    }
    return Piece(f"{PREFIX}{file.file_id} {name}", json.dumps(body, ensure_ascii=False).encode(), SINGLE)
