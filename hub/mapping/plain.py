"""Records as people write and read them: in examples, in the preview, on the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.mapping.model import PartyRef, Record


def plain(value: Any) -> Any:
    """A value of a record in texts, numbers, booleans, lists and dicts.

    Amounts are `48.60 EUR`, references `scheme value`, parties `role scheme value`; dates and moments are
    ISO 8601. What the source is silent about is left out of dicts, and so are lists without items.
    """
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, (Reference, PartyRef)):
        return " ".join(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None and item != ()}
    return value.isoformat() if isinstance(value, date) else value


def plain_record(record: Record) -> dict[str, Any]:
    """A record with its key, and all it has beside; of a removed one nothing else is known."""
    written: dict[str, Any] = {"key": record.key}
    if record.version is not None:
        written["version"] = record.version
    if record.removed:
        return written | {"removed": True}
    return written | {"parties": plain(record.parties), "values": plain(record.values)}
