"""JSON that came from outside: one object, no NaN, no depth that breaks the reader, numbers that are times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from hub.kernel.errors import RemoteGarbage
from hub.kit.reply import Reply

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799  # the last second of the year 9999, where datetime ends


def json_object(content: bytes | str) -> dict[str, Any]:
    """Raises ValueError for anything but one JSON object (RFC 8259), also for NaN and Infinity."""
    try:
        document = json.loads(content, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004
    return document


def reply_object(reply: Reply) -> dict[str, Any]:
    """The JSON object in a reply. Raises RemoteGarbage."""
    try:
        return json_object(reply.content)
    except ValueError:
        problem = f"{reply.method} {reply.url} answered {reply.status} with something that is not a JSON object."
        raise RemoteGarbage(problem, evidence=reply.evidence) from None


def time_in(claims: Mapping[str, Any], name: str) -> datetime | None:
    """A NumericDate (RFC 7519 §2); None where it is absent. Raises ValueError for what is no time."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise ValueError(f"{name} is not a time")
    return _FIRST + timedelta(seconds=value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
