"""Long lists come in pages: a cursor names the last row of the page before."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query

from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import parse_public_id

Cursor = Annotated[
    str | None, Query(max_length=300, description="`next_cursor` of the page before, with the same other parameters")
]
Limit = Annotated[int, Query(ge=1, le=100, description="rows of a page")]


def write_cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in parts])).decode().rstrip("=")


def read_cursor(text: str, length: int) -> list[str]:
    """The parts of a cursor. Raises InvalidRequest for one that is not ours."""
    try:
        parts = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or len(parts) != length or not all(isinstance(part, str) for part in parts):
        raise InvalidRequest("This cursor is not one of ours: use `next_cursor` as it was given.", field="query.cursor")
    return parts


def read_number(cursor: str | None) -> int | None:
    """The whole number of a cursor that is one, 18 digits at most. Raises InvalidRequest."""
    if cursor is None:
        return None
    [text] = read_cursor(cursor, 1)
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise InvalidRequest("This cursor is not one of ours: use `next_cursor` as it was given.", field="query.cursor")


def read_public_cursor(prefix: str, cursor: str | None) -> UUID | None:
    """The id, written with `prefix`, of the last row of the page before. Raises InvalidRequest."""
    if cursor is None:
        return None
    try:
        return parse_public_id(prefix, read_cursor(cursor, 1)[0])
    except NotFound:
        detail = "This cursor is not one of ours: use `next_cursor` as it was given."
        raise InvalidRequest(detail, field="query.cursor") from None


def read_position(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The time and id of the last row of the page before. Raises InvalidRequest for a cursor that is not ours."""
    if cursor is None:
        return None
    at, last = read_cursor(cursor, 2)
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC), UUID(last)
    except (ValueError, OverflowError):
        pass
    raise InvalidRequest("This cursor is not one of ours: use `next_cursor` as it was given.", field="query.cursor")
