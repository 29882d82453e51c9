"""Which field a refusal complains of, where the reply says so in one of the ways that are common."""

from __future__ import annotations

import json
from typing import Any

from hub.kernel.errors import RemoteFault
from hub.kit.http import Reply, raise_for

# RFC 9457 §3.1.3 (`errors`, `pointer`) and RFC 7807 §3 (`invalid-params`), JSON:API (`source.pointer`), FastAPI
# (`detail`, `loc`), API Platform (`violations`, `propertyPath`), and what people write without a standard.
_LISTS = ("errors", "violations", "invalid-params", "invalid_params", "detail", "details")
_NAMES = ("field", "propertyPath", "pointer", "name", "parameter", "property", "path", "loc")
_LONGEST = 100


def refuse(reply: Reply) -> None:
    """As `raise_for`, and a RemoteFault names the field."""
    try:
        raise_for(reply)
    except RemoteFault as fault:
        if fault.reached:
            fault.field = field_in(reply.content)
        raise


def field_in(content: bytes) -> str | None:
    """The field that the first complaint in a JSON body is about."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    if found := _named(body, ("field", "propertyPath", "pointer", "parameter")):
        return found
    for name in _LISTS:
        complaints = body.get(name)
        if isinstance(complaints, list) and complaints and isinstance(complaints[0], dict):
            first = complaints[0]
            source = first.get("source")
            return _named(first, _NAMES) or (_named(source, _NAMES) if isinstance(source, dict) else None)
        if isinstance(complaints, dict) and complaints:
            return _shown(next(iter(complaints)))
    return None


def _named(complaint: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := _shown(complaint.get(name)))), None)


def _shown(value: Any) -> str | None:
    if isinstance(value, list):
        value = ".".join(str(part) for part in value if part != "body")
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value.removeprefix("#").strip("/")[:_LONGEST] or None
