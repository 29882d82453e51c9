"""What is sent, as it is kept: JSON, encrypted with the town's key and bound to its delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.kernel.errors import InvalidRequest
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.storage.vault import TownKeys

_TABLE, _COLUMN = "delivery_values", "content"


def seal(keys: TownKeys, delivery_id: UUID, values: Mapping[str, Any]) -> bytes:
    """Raises InvalidRequest for what JSON does not hold: bytes belong into a blob, `{"blob": id}` in their place."""
    text = json.dumps(_plain(values, "values"), ensure_ascii=False)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("This is no text that UTF-8 can write.", field="values") from None
    return keys.encrypt(_TABLE, _COLUMN, str(delivery_id), content)


def unseal(keys: TownKeys, delivery_id: UUID, content: bytes) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(keys.decrypt(_TABLE, _COLUMN, str(delivery_id), content))
    return opened


def _plain(value: Any, place: str) -> Any:
    """As hub.mapping.our_record reads it: dates in ISO 8601, amounts as `{"minor": …, "currency": …}`."""
    if isinstance(value, (Money, Reference)):
        return dict(zip(value._fields, value, strict=True))
    if isinstance(value, Mapping):
        return {str(name): _plain(one, f"{place}.{name}") for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, place) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise InvalidRequest(f"{place} is a {type(value).__name__}, which cannot be kept here.", field=place)
